"""From a loss per sample to one number: weights, masks and reductions."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")
_MEANS = ("sum_over_batch_size", "mean", "mean_with_sample_weight")


def standardize_reduction(reduction: str | None) -> str | None:
    """`reduction` itself, if there is such a reduction.

    Keras 2's "auto" becomes "sum_over_batch_size".

    Raises:
        InvalidArgumentError: There is none of this name.
    """
    if reduction == "auto":
        return "sum_over_batch_size"
    if reduction is not None and reduction not in REDUCTIONS:
        raise InvalidArgumentError.of(
            "keras.losses.Loss",
            expected=f"one of {', '.join(REDUCTIONS)} or None as `reduction`",
            received=f"Invalid value for argument `reduction`: reduction={reduction!r}",
            hint='The default, "sum_over_batch_size", is the mean.',
        )
    return reduction


def match_ranks(x: Array, y: Array, expand_rank_1: bool = True) -> tuple[Array, Array]:
    """Squeezes or expands a last dimension of 1 if the ranks differ by one."""
    if x.ndim == y.ndim + 1 and x.shape[-1] == 1:
        if y.ndim == 1 and expand_rank_1:
            return x, y[:, None]
        return x[..., 0], y
    if y.ndim == x.ndim + 1 and y.shape[-1] == 1:
        if x.ndim == 1 and expand_rank_1:
            return x[:, None], y
        return x, y[..., 0]
    return x, y


def check_broadcast(name: str, y_true: Array, y_pred: Array) -> None:
    """Raises unless targets and predictions can be compared element by element."""
    try:
        jnp.broadcast_shapes(y_true.shape, y_pred.shape)
    except ValueError:
        raise ShapeError.of(
            f"keras.losses.{name}",
            expected="`y_true` and `y_pred` of equal (or broadcastable) shapes",
            received=f"y_true.shape={tuple(y_true.shape)}, "
            f"y_pred.shape={tuple(y_pred.shape)}",
            hint="Make the model's output as wide as the targets, or reshape the "
            "targets.",
        ) from None


@op("keras.losses.reduce_weighted_values")
def reduce_weighted_values(
    values: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Array:
    """Weighs, masks and reduces a loss.

    Args:
        values: The loss per sample (or finer), of any shape.
        sample_weight: Weights, of a shape that broadcasts to that of `values`.
        mask: Which entries count, of the same kind.
        reduction: A reduction's name; None or "none" keeps the shape.
        dtype: Dtype of the computation, that of `values` by default.

    Returns:
        A scalar, or a tensor like `values` without reduction.
    """
    values = values if dtype is None else values.astype(dtype)
    weight = None if sample_weight is None else sample_weight.astype(values.dtype)
    if mask is not None:
        weight = _masked_weight(weight, mask, values.dtype, reduction)
    if weight is not None:
        values, weight = match_ranks(values, weight)
        _check_weight(values, weight)
        values = values * weight
    if reduction in (None, "none") or values.ndim == 0 or values.shape == (0,):
        return values
    total = values.sum()
    if reduction not in _MEANS:
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        divisor = weight.sum()
        safe = jnp.where(divisor == 0, 1, divisor)
        return jnp.where(divisor == 0, jnp.zeros_like(total), total / safe)
    return total / values.size if values.size else jnp.zeros_like(total)


def _masked_weight(
    weight: Array | None, mask: Array, dtype: Any, reduction: str | None
) -> Array:
    """The weight times the mask, scaled so that a mean is over valid entries."""
    share = mask.astype(dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        valid = share.sum()
        scale = jnp.where(valid == 0, 0, mask.size / jnp.where(valid == 0, 1, valid))
        share = jnp.where(mask.astype(bool), scale, 0).astype(dtype)
    if weight is None:
        return share
    share, weight = match_ranks(share, weight)
    return weight * share


def _check_weight(values: Array, weight: Array) -> None:
    try:
        jnp.broadcast_shapes(values.shape, weight.shape)
    except ValueError:
        raise ShapeError.of(
            "keras.losses.Loss.__call__",
            expected=f"`sample_weight` of a shape that fits {tuple(values.shape)}, the "
            "loss of each sample",
            received=f"sample_weight.shape={tuple(weight.shape)}",
            hint="Give one weight per sample, of shape (batch_size,).",
        ) from None
