"""Batch normalisation: one operation for training, one for inference."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from lamina.engine.kernel import Kernel
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tape import stop_gradient
from lamina.engine.tensor import Tensor
from lamina.engine.trace import Recipe
from lamina.kernels.batch_norm import (
    is_native,
    moments,
    normalise,
    other_axes,
    spread,
    wide,
)


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
    mean, variance = moments(lax.stop_gradient(x), axis)
    vectors = _vectors(x, scale, offset, axis)
    y = normalise(x, *vectors, mean, variance, axis, epsilon)
    return y, lax.stop_gradient(mean), lax.stop_gradient(variance)


def _vectors(
    x: Array, scale: Array | None, offset: Array | None, axis: int
) -> tuple[Array, Array]:
    size = x.shape[axis]
    dtype = jnp.promote_types(x.dtype, jnp.float32)
    return (
        jnp.ones(size, dtype) if scale is None else scale.astype(dtype),
        jnp.zeros(size, dtype) if offset is None else offset.astype(dtype),
    )


@op("keras.layers.BatchNormalization", dtypes="real_floating")
def batch_norm_relu(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    scale: TensorLike | None = None,
    offset: TensorLike | None = None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Array:
    """The ReLU of `batch_norm_training`, in the same pass over memory.

    Args:
        x: a floating tensor.
        mean: its mean over all axes but one.
        variance: its biased variance.
        scale: a vector over `axis`; ones if None.
        offset: a vector over `axis`; zeros if None.
        axis: the axis that keeps its own moments.
        epsilon: added to the variance.

    Returns:
        A tensor like `x`. The gradient counts the moments as functions of `x`.
    """
    vectors = _vectors(x, scale, offset, axis)
    return normalise(x, *vectors, mean, variance, axis, epsilon, relu=True)


def relu_of_batch_norm(recipe: Recipe | None) -> tuple[Kernel, list[Tensor]] | None:
    """The ReLU of what batch normalisation made, from its inputs; None for others.

    XLA joins the two by itself, but cannot see into a kernel of ours. If nobody else
    uses the values without ReLU, it drops the kernel that makes them.
    """
    if recipe is None or recipe.index or recipe.kernel is None:
        return None
    if recipe.kernel.op is not batch_norm_training:
        return None
    x, scale, offset, axis, epsilon, _ = recipe.kernel.arguments(recipe.inputs)
    if not is_native(x._value, axis):
        return None
    mean, variance = map(stop_gradient, recipe.outputs[1:])
    return batch_norm_relu.prepare([x, mean, variance, scale, offset, axis, epsilon])


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
