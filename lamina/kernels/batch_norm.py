"""Batch normalisation with the batch's own moments: Lamina's kernels or XLA's.

Both have a gradient rule of their own. It keeps the input as it came (a half-precision
input stays half) and two small vectors, and needs two passes over the data, where
differentiating the formula step by step keeps several copies.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.op import Array
from lamina.kernels.choices import chosen

_LEAST_CHANNELS = 8  # shorter rows fill too little of a vector register


def wide(x: Array) -> Array:
    """At least float32: half precision overflows in sums of squares."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def other_axes(x: Array, axis: int) -> tuple[int, ...]:
    """All axes but one."""
    return tuple(i for i in range(x.ndim) if i != axis % x.ndim)


def spread(vector: Array, x: Array, axis: int) -> Array:
    """A vector over `axis`, shaped to broadcast with `x`."""
    shape = [1] * x.ndim
    shape[axis] = -1
    return jnp.reshape(vector, shape)


def moments(x: Array, axis: int) -> tuple[Array, Array]:
    """The mean and the biased variance over all axes but one, in float32 at least."""
    if is_native(x, axis):
        out = jax.ShapeDtypeStruct((x.shape[-1],), jnp.float32)
        return _moments(out, x)
    return _xla_moments(x, axis)


def normalise(
    x: Array,
    scale: Array,
    offset: Array,
    mean: Array,
    variance: Array,
    axis: int,
    epsilon: float,
    relu: bool = False,
) -> Array:
    """Normalises with the batch's own moments, of which the gradient knows.

    Args:
        x: a floating array.
        scale: a vector over `axis`.
        offset: a vector over `axis`.
        mean: the mean of `x` over the other axes.
        variance: its biased variance.
        axis: the axis of the channels.
        epsilon: added to the variance.
        relu: whether negative results become 0.
    """
    static = (axis % x.ndim, epsilon, relu, is_native(x, axis))
    return _apply(static, x, scale, offset, mean, variance)


def is_native(x: Any, axis: int) -> bool:
    """Whether Lamina's kernels normalise an array like this."""
    return bool(
        axis % x.ndim == x.ndim - 1
        and x.shape[-1] >= _LEAST_CHANNELS
        and chosen("batch normalisation", x.size, jnp.dtype(x.dtype).name)
    )


def _xla_moments(x: Array, axis: int) -> tuple[Array, Array]:
    # The mean of (x - mean)^2: E[x^2] - mean^2 loses all digits when the mean is
    # large against the deviation.
    x, axes = wide(x), other_axes(x, axis)
    mean = jnp.mean(x, axes)
    return mean, jnp.mean(jnp.square(x - spread(mean, x, axis)), axes)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _moments(out: Any, x: Array) -> tuple[Array, Array]:
    call = jax.ffi.ffi_call(
        "lamina_batch_moments", (out, out), vmap_method="sequential"
    )
    mean, variance = call(x)
    return mean, variance


def _moments_forward(out: Any, x: Array) -> Any:
    return _moments(out, x), x


def _moments_backward(out: Any, x: Array, cotangents: Any) -> tuple[Array]:
    return jax.vjp(lambda x: _xla_moments(x, -1), x)[1](cotangents)


_moments.defvjp(_moments_forward, _moments_backward)

# axis, epsilon, whether a ReLU follows, whether native kernels compute it
_Static = tuple[int, float, bool, bool]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _apply(
    static: _Static, x: Array, scale: Array, offset: Array, mean: Array, variance: Array
) -> Array:
    """The normalised array; its derivative counts the moments as functions of `x`."""
    axis, epsilon, relu, is_native = static
    if is_native:
        out = jax.ShapeDtypeStruct(x.shape, x.dtype)
        call = jax.ffi.ffi_call("lamina_batch_apply", out, vmap_method="sequential")
        return call(x, mean, variance, scale, offset, **_attributes(static))
    centred = wide(x) - spread(mean, x, axis)
    factor = spread(lax.rsqrt(variance + epsilon) * scale, x, axis)
    y = centred * factor + spread(offset, x, axis)
    return (jnp.maximum(y, 0) if relu else y).astype(x.dtype)


def _attributes(static: _Static) -> dict[str, Any]:
    return {"epsilon": np.float32(static[1]), "relu": np.int64(static[2])}


def _apply_forward(static: _Static, *arrays: Array) -> tuple[Array, Any]:
    return _apply(static, *arrays), arrays


def _apply_backward(static: _Static, saved: Any, dy: Array) -> tuple[Any, ...]:
    x, scale, offset, mean, variance = saved
    dx, d_scale, d_offset = _gradient(static, x, dy, scale, offset, mean, variance)
    return dx, d_scale, d_offset, jnp.zeros_like(mean), jnp.zeros_like(variance)


_apply.defvjp(_apply_forward, _apply_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gradient(
    static: _Static,
    x: Array,
    dy: Array,
    scale: Array,
    offset: Array,
    mean: Array,
    variance: Array,
) -> tuple[Array, Array, Array]:
    """The gradients by `x`, `scale` and `offset`."""
    if not static[3]:
        return _xla_gradient(static, x, dy, scale, offset, mean, variance)
    vector = jax.ShapeDtypeStruct(mean.shape, jnp.float32)
    out = (jax.ShapeDtypeStruct(x.shape, x.dtype), vector, vector)
    call = jax.ffi.ffi_call("lamina_batch_gradient", out, vmap_method="sequential")
    arrays = (x, dy, mean, variance, scale, offset)
    dx, d_scale, d_offset = call(*arrays, **_attributes(static))
    return dx, d_scale, d_offset


def _xla_gradient(
    static: _Static,
    x: Array,
    dy: Array,
    scale: Array,
    offset: Array,
    mean: Array,
    variance: Array,
) -> tuple[Array, Array, Array]:
    axis, epsilon, relu, _ = static
    axes = other_axes(x, axis)
    count = math.prod(x.shape[i] for i in axes)
    inverse = lax.rsqrt(variance + epsilon)
    normal = (wide(x) - spread(mean, x, axis)) * spread(inverse, x, axis)
    dy = wide(dy)
    if relu:
        y = normal * spread(scale, x, axis) + spread(offset, x, axis)
        dy = jnp.where(y > 0, dy, 0)
    d_offset = jnp.sum(dy, axes)
    d_scale = jnp.sum(dy * normal, axes)
    inner = (spread(d_offset, x, axis) + normal * spread(d_scale, x, axis)) / count
    dx = (dy - inner) * spread(inverse * scale, x, axis)
    return dx.astype(x.dtype), d_scale, d_offset


def _gradient_forward(static: _Static, *arrays: Array) -> Any:
    return _gradient(static, *arrays), arrays


def _gradient_backward(static: _Static, arrays: Any, cotangents: Any) -> Any:
    """Second derivatives, with the moments again as functions of `x`."""
    axis = static[0]

    def formula(x: Array, dy: Array, scale: Array, offset: Array) -> Any:
        return _xla_gradient(static, x, dy, scale, offset, *_xla_moments(x, axis))

    x, dy, scale, offset, mean, variance = arrays
    found = jax.vjp(formula, x, dy, scale, offset)[1](cotangents)
    return (*found, jnp.zeros_like(mean), jnp.zeros_like(variance))


_gradient.defvjp(_gradient_forward, _gradient_backward)
