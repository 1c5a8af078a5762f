"""Small operations that metrics are made of."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.keras.losses.reduction import match_ranks


def divide_no_nan(x: Array, y: Array) -> Array:
    """`x / y`, and 0 where `y` is 0."""
    return jnp.where(y == 0, 0, x / jnp.where(y == 0, 1, y))


@op("keras.metrics.zeros_like", differentiable=False)
def zeros_like(x: TensorLike) -> Array:
    """Zeros of the shape and dtype of `x`."""
    return jnp.zeros_like(x)


@op("keras.metrics.quotient")
def quotient(total: TensorLike, count: TensorLike) -> Array:
    """`total / count`, and 0 where nothing was counted."""
    return divide_no_nan(total, count).astype(total.dtype)


@op("keras.metrics.fraction")
def fraction(part: TensorLike, rest: TensorLike) -> Array:
    """`part / (part + rest)`, 0 where both are 0; a scalar for one threshold."""
    found = divide_no_nan(part, part + rest)
    return found[0] if found.shape == (1,) else found


@op("keras.metrics.mask_to_weight")
def mask_to_weight(
    mask: TensorLike, sample_weight: TensorLike | None, dtype: Any
) -> Array:
    """Sample weights that are zero where the mask is false."""
    weight = mask.astype(dtype)
    if sample_weight is None:
        return weight
    weight, other = match_ranks(weight, sample_weight.astype(dtype))
    return weight * other


@op("keras.metrics.samplewise")
def samplewise_total(
    values: TensorLike,
    sample_weight: TensorLike | None,
    mask: TensorLike | None,
    mean: bool,
    dtype: Any,
) -> tuple[Array, Array]:
    """The weighted sum over samples, and the sum of the weights.

    Args:
        values: One or more values per sample.
        sample_weight: Weights of samples, or of values.
        mask: Which values count.
        mean: Whether a sample's values are averaged (True) or added up.
        dtype: Dtype of the computation.
    """
    reduce_fn = jnp.mean if mean else jnp.sum
    values = values.astype(dtype)
    if sample_weight is None:
        if values.ndim > 1:
            values = reduce_fn(values, axis=tuple(range(1, values.ndim)))
        count = values.shape[0] if values.ndim else 1
        return values.sum(), jnp.asarray(count, dtype)
    weight = sample_weight.astype(dtype)
    if mask is not None:
        weight, scale = match_ranks(weight, mask.astype(dtype))
        weight = weight * scale
    values, weight = match_ranks(values, weight)
    given = weight.ndim
    if values.ndim > given:
        values = reduce_fn(values, axis=tuple(range(given, values.ndim)))
    weight = jnp.broadcast_to(weight, values.shape)
    values = values * weight
    if given > 1:
        weight = reduce_fn(weight, axis=tuple(range(1, given)))
    if values.ndim > 1:
        values = reduce_fn(values, axis=tuple(range(1, values.ndim)))
    return values.sum(), weight.sum()
