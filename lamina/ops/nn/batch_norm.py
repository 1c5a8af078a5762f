"""Batch normalisation: one operation for training, one for inference.

The training form has a gradient rule of its own. It keeps the input as it came (a
half-precision input stays half) and two small vectors, and needs two passes over the
data, where differentiating the formula step by step keeps several copies.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.engine.op import Array, TensorLike, op


def _wide(x: Array) -> Array:
    """At least float32: half precision overflows in sums of squares."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def _axes(x: Array, axis: int) -> tuple[int, ...]:
    return tuple(i for i in range(x.ndim) if i != axis % x.ndim)


def _spread(vector: Array, x: Array, axis: int) -> Array:
    """A vector over `axis`, shaped to broadcast with `x`."""
    shape = [1] * x.ndim
    shape[axis] = -1
    return jnp.reshape(vector, shape)


def _moments(x: Array, axis: int) -> tuple[Array, Array]:
    # The mean of (x - mean)^2: E[x^2] - mean^2 loses all digits when the mean is
    # large against the deviation.
    axes = _axes(x, axis)
    mean = jnp.mean(x, axes)
    return mean, jnp.mean(jnp.square(x - _spread(mean, x, axis)), axes)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _train(
    x: Array, scale: Array, offset: Array, axis: int, epsilon: float
) -> tuple[Array, Array, Array]:
    return _forward(x, scale, offset, axis, epsilon)[0]


def _forward(
    x: Array, scale: Array, offset: Array, axis: int, epsilon: float
) -> tuple[tuple[Array, Array, Array], Any]:
    wide = _wide(x)
    mean, variance = _moments(wide, axis)
    inverse = lax.rsqrt(variance + epsilon)
    centred = wide - _spread(mean, x, axis)
    y = centred * _spread(inverse * scale, x, axis) + _spread(offset, x, axis)
    return (y.astype(x.dtype), mean, variance), (x, scale, mean, inverse)


def _backward(
    axis: int, epsilon: float, saved: Any, cotangents: Any
) -> tuple[Array, Array, Array]:
    x, scale, mean, inverse = saved
    dy = _wide(cotangents[0])
    axes = _axes(x, axis)
    count = math.prod(x.shape[i] for i in axes)
    normal = (_wide(x) - _spread(mean, x, axis)) * _spread(inverse, x, axis)
    d_offset = jnp.sum(dy, axes)
    d_scale = jnp.sum(dy * normal, axes)
    inner = (_spread(d_offset, x, axis) + normal * _spread(d_scale, x, axis)) / count
    dx = (dy - inner) * _spread(inverse * scale, x, axis)
    return dx.astype(x.dtype), d_scale, d_offset


_train.defvjp(_forward, _backward)


@op("keras.layers.BatchNormalization", dtypes="real_floating")
def batch_norm_training(
    x: TensorLike,
    scale: TensorLike | None = None,
    offset: TensorLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> tuple[Array, Array, Array]:
    """Normalises with the moments of the batch itself.

    `y = (x - mean) / sqrt(variance + epsilon) * scale + offset`, where the mean and
    the (biased) variance are taken over all axes but one.

    Args:
        x: a floating tensor.
        scale: a vector over `axis`; ones if None.
        offset: a vector over `axis`; zeros if None.
        axis: the axis that keeps its own moments, that of the channels.
        epsilon: added to the variance.
        name: a name scope.

    Returns:
        `(y, mean, variance)`: `y` like `x`, the moments as vectors of at least
        float32. Gradients flow through `y` only, as in TensorFlow's fused kernel.

    Reference: Ioffe and Szegedy, "Batch Normalization" (2015).
    """
    size = x.shape[axis]
    dtype = jnp.promote_types(x.dtype, jnp.float32)
    scale = jnp.ones(size, dtype) if scale is None else scale.astype(dtype)
    offset = jnp.zeros(size, dtype) if offset is None else offset.astype(dtype)
    y, mean, variance = _train(x, scale, offset, axis, epsilon)
    return y, lax.stop_gradient(mean), lax.stop_gradient(variance)


@op("keras.layers.BatchNormalization", dtypes="real_floating")
def batch_norm_inference(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    scale: TensorLike | None = None,
    offset: TensorLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> Array:
    """Normalises with given moments.

    `y = (x - mean) / sqrt(variance + epsilon) * scale + offset`.

    Args:
        x: a floating tensor.
        mean: a vector over `axis`.
        variance: a vector over `axis`.
        scale: a vector over `axis`; ones if None.
        offset: a vector over `axis`; zeros if None.
        axis: the axis of the vectors.
        epsilon: added to the variance.
        name: a name scope.

    Returns:
        A tensor like `x`; computed in at least float32.

    Reference: `keras.ops.batch_normalization`.
    """
    wide = _wide(x)
    factor = lax.rsqrt(variance.astype(wide.dtype) + epsilon)
    if scale is not None:
        factor = factor * scale.astype(wide.dtype)
    shift = -mean.astype(wide.dtype) * factor
    if offset is not None:
        shift = shift + offset.astype(wide.dtype)
    y = wide * _spread(factor, x, axis) + _spread(shift, x, axis)
    return y.astype(x.dtype)


@op("keras.layers.BatchNormalization", dtypes="real_floating")
def batch_moments(
    x: TensorLike,
    mask: TensorLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-7,
    name: str | None = None,
) -> tuple[Array, Array]:
    """The mean and variance over all axes but one, of what a mask keeps.

    Args:
        x: a floating tensor.
        mask: True for the positions that count, of the shape of `x` without its last
            axis; None keeps all.
        axis: the axis that keeps its own moments.
        epsilon: added to the number of positions, for masks that keep none.
        name: a name scope.

    Returns:
        `(mean, variance)`, vectors over `axis` of at least float32.
    """
    wide, axes = _wide(x), _axes(x, axis)
    if mask is None:
        return _moments(wide, axis)
    kept = jnp.broadcast_to((mask != 0)[..., None], x.shape)
    count = jnp.sum(kept, axes).astype(wide.dtype) + epsilon
    mean = jnp.sum(jnp.where(kept, wide, 0), axes) / count
    squares = jnp.square(wide - _spread(mean, x, axis))
    return mean, jnp.sum(jnp.where(kept, squares, 0), axes) / count
