"""`keras.ops` normalisations of single examples: layer, RMS, group and unit norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.keras.config import epsilon as default_epsilon
from lamina.kernels.batch_norm import wide as _wide
from lamina.kernels.layer_norm import normalize_rows


def _axes(name: str, axis: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    if any(not -ndim <= a < ndim for a in axes):
        raise InvalidArgumentError.of(
            name,
            expected=f"axes of an input of rank {ndim}",
            received=f"axis={axis}",
            hint="Negative axes count from the last one.",
        )
    return tuple(sorted(a % ndim for a in axes))


def _spread(weight: Array, x: Array, axes: Sequence[int]) -> Array:
    """A weight over `axes`, shaped to broadcast with `x`."""
    if weight.ndim == x.ndim:
        return weight.astype(x.dtype)
    shape = [x.shape[i] if i in axes else 1 for i in range(x.ndim)]
    return jnp.reshape(weight, shape).astype(x.dtype)


@op("keras.ops.layer_normalization")
def layer_normalization(
    x: TensorLike,
    gamma: TensorLike | None = None,
    beta: TensorLike | None = None,
    axis: Any = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
    name: str | None = None,
) -> Array:
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta` over `axis`.

    Args:
        x: A floating tensor.
        gamma: A factor over `axis`, or None.
        beta: An offset over `axis`, or None.
        axis: The axis or axes whose mean and variance are taken.
        epsilon: Added to the variance; the global setting if None.
        rms_scaling: Only divide by the deviation; nothing is subtracted or added.
        name: A name scope.

    Returns:
        A tensor like `x`; computed in at least float32.

    Reference: `keras.ops.layer_normalization`; Ba et al., 2016.
    """
    axes = _axes("keras.ops.layer_normalization", axis, x.ndim)
    small = default_epsilon() if epsilon is None else epsilon
    wide = _wide(x)
    scale = None if gamma is None else _spread(gamma, wide, axes)
    offset = None if beta is None else _spread(beta, wide, axes)
    if not rms_scaling:
        return normalize_rows(x, scale, offset, axes, small)
    y = wide * lax.rsqrt(jnp.var(wide, axes, keepdims=True) + small)
    return (y if scale is None else y * scale).astype(x.dtype)


@op("keras.ops.rms_normalization")
def rms_normalization(
    x: TensorLike,
    scale: TensorLike | None = None,
    axis: Any = -1,
    epsilon: float | None = None,
    name: str | None = None,
) -> Array:
    """`x / sqrt(mean(x ** 2) + epsilon) * scale` over `axis`.

    Args:
        x: A floating tensor.
        scale: A factor over `axis`, or None.
        axis: The axis or axes whose mean square is taken.
        epsilon: Added to the mean square; the global setting if None.
        name: A name scope.

    Returns:
        A tensor like `x`; computed in at least float32.

    Reference: `keras.ops.rms_normalization`; Zhang and Sennrich, 2019.
    """
    axes = _axes("keras.ops.rms_normalization", axis, x.ndim)
    small = default_epsilon() if epsilon is None else epsilon
    factor = None if scale is None else _spread(scale, _wide(x), axes)
    return normalize_rows(x, factor, None, axes, small, centred=False)


@op("keras.ops.group_normalization")
def group_normalization(
    x: TensorLike,
    gamma: TensorLike | None,
    beta: TensorLike | None,
    groups: int,
    axis: int = -1,
    epsilon: float = 1e-3,
    name: str | None = None,
) -> Array:
    """Normalises groups of channels of each example.

    Args:
        x: A floating tensor `(B, ...)`.
        gamma: A factor for each channel, or None.
        beta: An offset for each channel, or None.
        groups: How many groups the channels form.
        axis: The axis of the channels.
        epsilon: Added to the variance.
        name: A name scope.

    Returns:
        A tensor like `x`; computed in at least float32.

    Reference: Wu and He, "Group Normalization" (2018).
    """
    axis = axis % x.ndim
    shape = x.shape
    wide = _wide(x)
    split = (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    grouped = jnp.reshape(wide, split)
    axes = tuple(i for i in range(1, grouped.ndim) if i != axis)
    mean = jnp.mean(grouped, axes, keepdims=True)
    variance = jnp.mean(jnp.square(grouped - mean), axes, keepdims=True)
    y = jnp.reshape((grouped - mean) * lax.rsqrt(variance + epsilon), shape)
    if gamma is not None:
        y = y * _spread(gamma, wide, (axis,))
    if beta is not None:
        y = y + _spread(beta, wide, (axis,))
    return y.astype(x.dtype)


@op("keras.ops.normalize")
def normalize(
    x: TensorLike,
    axis: Any = -1,
    order: int = 2,
    epsilon: float | None = None,
    name: str | None = None,
) -> Array:
    """Divides `x` by its norm over `axis`.

    Args:
        x: A tensor; integers become floats.
        axis: The axis or axes of a norm.
        order: 2 for the Euclidean norm, another positive integer p for the p-norm.
        epsilon: The smallest divisor; the global setting if None.
        name: A name scope.

    Returns:
        A floating tensor of the shape of `x`.

    Raises:
        InvalidArgumentError: `order` is not a positive integer.

    Reference: `keras.ops.normalize`.
    """
    if not isinstance(order, int) or order < 1:
        raise InvalidArgumentError.of(
            "keras.ops.normalize",
            expected="Argument `order` must be an int >= 1",
            received=f"order={order}",
            hint="2 is the Euclidean norm.",
        )
    if not jnp.issubdtype(x.dtype, jnp.floating):
        x = x.astype(jnp.float32)
    small = default_epsilon() if epsilon is None else epsilon
    axes = _axes("keras.ops.normalize", axis, x.ndim)
    if order == 2:
        squares = jnp.sum(jnp.square(x), axes, keepdims=True)
        return x * lax.rsqrt(jnp.maximum(squares, jnp.asarray(small**2, x.dtype)))
    sums = jnp.sum(jnp.abs(x) ** order, axes, keepdims=True)
    return x / jnp.maximum(sums ** (1.0 / order), jnp.asarray(small, x.dtype))
