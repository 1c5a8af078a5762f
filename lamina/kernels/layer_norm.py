"""Layer and RMS normalisation over the last axis: Lamina's kernel or XLA's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.op import Array
from lamina.kernels.batch_norm import wide
from lamina.kernels.choices import chosen

_Static = tuple[float, bool]  # epsilon, whether the mean is subtracted


def normalize_rows(
    x: Array,
    scale: Array | None,
    offset: Array | None,
    axes: Sequence[int],
    epsilon: float,
    centred: bool = True,
) -> Array:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, in the dtype of `x`.

    Args:
        x: a floating array.
        scale: a factor that broadcasts with `x` and varies over `axes` only, or None.
        offset: as `scale`, added at the end.
        axes: the axes of the moments, in order and not negative.
        epsilon: added to the variance.
        centred: whether the mean is subtracted; else it counts as 0.
    """
    if not _native(x, axes):
        return _xla(x, scale, offset, tuple(axes), epsilon, centred)
    size = x.shape[-1]
    scale = jnp.ones((size,), jnp.float32) if scale is None else scale
    offset = jnp.zeros((size,), jnp.float32) if offset is None else offset
    vectors = [jnp.reshape(v, (size,)).astype(jnp.float32) for v in (scale, offset)]
    return _apply((float(epsilon), centred), x, *vectors)


def _native(x: Array, axes: Sequence[int]) -> bool:
    last = tuple(axes) == (x.ndim - 1,) and x.ndim > 1
    # The number of rows does not count: see `product`.
    return last and chosen(
        "layer normalisation", int(x.shape[-1]), jnp.dtype(x.dtype).name
    )


def _xla(
    x: Array,
    scale: Array | None,
    offset: Array | None,
    axes: tuple[int, ...],
    epsilon: float,
    centred: bool,
) -> Array:
    y = wide(x)
    if centred:
        y = y - jnp.mean(y, axes, keepdims=True)
    y = y * lax.rsqrt(jnp.mean(jnp.square(y), axes, keepdims=True) + epsilon)
    if scale is not None:
        y = y * scale
    if offset is not None:
        y = y + offset
    return y.astype(x.dtype)


def _attributes(static: _Static) -> dict[str, Any]:
    return {"epsilon": np.float32(static[0]), "centred": np.int64(static[1])}


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _apply(static: _Static, x: Array, scale: Array, offset: Array) -> Array:
    out = jax.ShapeDtypeStruct(x.shape, x.dtype)
    call = jax.ffi.ffi_call("lamina_layer_apply", out, vmap_method="broadcast_all")
    return call(x, scale, offset, **_attributes(static))


def _apply_forward(static: _Static, x: Array, scale: Array, offset: Array) -> Any:
    return _apply(static, x, scale, offset), (x, scale)


def _apply_backward(static: _Static, kept: Any, dy: Array) -> tuple[Array, ...]:
    x, scale = kept
    return _gradient(static, x, dy, scale)


_apply.defvjp(_apply_forward, _apply_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gradient(
    static: _Static, x: Array, dy: Array, scale: Array
) -> tuple[Array, Array, Array]:
    """The gradients by `x`, scale and offset."""
    vector = jax.ShapeDtypeStruct(scale.shape, jnp.float32)
    out = (jax.ShapeDtypeStruct(x.shape, x.dtype), vector, vector)
    call = jax.ffi.ffi_call("lamina_layer_gradient", out, vmap_method="broadcast_all")
    dx, d_scale, d_offset = call(x, dy, scale, **_attributes(static))
    return dx, d_scale, d_offset


def _gradient_forward(static: _Static, *arrays: Array) -> Any:
    return _gradient(static, *arrays), arrays


def _gradient_backward(static: _Static, arrays: Any, cotangents: Any) -> Any:
    def formula(x: Array, dy: Array, scale: Array) -> Any:
        def forward(x: Array, scale: Array, offset: Array) -> Array:
            return _xla(x, scale, offset, (x.ndim - 1,), *static)

        return jax.vjp(forward, x, scale, jnp.zeros_like(scale))[1](dy)

    return jax.vjp(formula, *arrays)[1](tuple(cotangents))


_gradient.defvjp(_gradient_forward, _gradient_backward)
