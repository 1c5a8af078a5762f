"""Batch normalisation: one operation for training, one for inference."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from lamina.engine.op import Array, TensorLike, op
from lamina.kernels.batch_norm import moments, other_axes, spread, train, wide


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
    y, mean, variance = train(x, scale, offset, axis, epsilon)
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
    full = wide(x)
    factor = lax.rsqrt(variance.astype(full.dtype) + epsilon)
    if scale is not None:
        factor = factor * scale.astype(full.dtype)
    shift = -mean.astype(full.dtype) * factor
    if offset is not None:
        shift = shift + offset.astype(full.dtype)
    y = full * spread(factor, x, axis) + spread(shift, x, axis)
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
    full, axes = wide(x), other_axes(x, axis)
    if mask is None:
        return moments(x, axis)
    kept = jnp.broadcast_to((mask != 0)[..., None], x.shape)
    count = jnp.sum(kept, axes).astype(full.dtype) + epsilon
    mean = jnp.sum(jnp.where(kept, full, 0), axes) / count
    squares = jnp.square(full - spread(mean, x, axis))
    return mean, jnp.sum(jnp.where(kept, squares, 0), axes) / count
