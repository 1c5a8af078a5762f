"""Losses of distributions and of overlapping regions."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.keras.config import epsilon
from lamina.keras.losses.base import BuiltinLoss
from lamina.keras.losses.reduction import check_broadcast


@op("keras.losses.kl_divergence")
def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`sum(y_true * log(y_true / y_pred), axis=-1)`, both at least `epsilon()`.

    Args:
        y_true: Probabilities, `(..., C)`.
        y_pred: Probabilities, `(..., C)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.kl_divergence`.
    """
    y_true = y_true.astype(y_pred.dtype)
    check_broadcast("kl_divergence", y_true, y_pred)
    y_true, y_pred = (jnp.clip(y, epsilon(), 1) for y in (y_true, y_pred))
    return jnp.sum(y_true * jnp.log(y_true / y_pred), axis=-1)


@op("keras.losses.poisson")
def poisson(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean(y_pred - y_true * log(y_pred), axis=-1)`.

    Args:
        y_true: Counts, `(..., D)`.
        y_pred: Positive expectations, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.poisson`.
    """
    y_true = y_true.astype(y_pred.dtype)
    check_broadcast("poisson", y_true, y_pred)
    return jnp.mean(y_pred - y_true * jnp.log(y_pred + epsilon()), axis=-1)


@op("keras.losses.dice")
def dice(y_true: TensorLike, y_pred: TensorLike, axis: Any = None) -> Array:
    """One minus twice the overlap over the sum of both regions.

    Args:
        y_true: Targets of 0 and 1.
        y_pred: Probabilities, of the same shape.
        axis: Axes to sum over, all by default.

    Returns:
        A number in [0, 1], or one for each of the remaining entries.

    Reference: `keras.losses.dice`.
    """
    y_true = y_true.astype(y_pred.dtype)
    check_broadcast("dice", y_true, y_pred)
    overlap = jnp.sum(y_true * y_pred, axis=axis)
    total = jnp.sum(y_true, axis=axis) + jnp.sum(y_pred, axis=axis)
    return 1 - 2.0 * overlap / (total + epsilon())


@op("keras.losses.tversky")
def tversky(
    y_true: TensorLike,
    y_pred: TensorLike,
    alpha: float = 0.5,
    beta: float = 0.5,
    axis: Any = None,
) -> Array:
    """`dice` with separate weights for the two kinds of error.

    Args:
        y_true: Targets of 0 and 1.
        y_pred: Probabilities, of the same shape.
        alpha: Weight of what is missing in the prediction.
        beta: Weight of what is too much in it.
        axis: Axes to sum over, all by default.

    Returns:
        A number in [0, 1], or one for each of the remaining entries.

    Reference: `keras.losses.tversky`; Salehi et al., 2017.
    """
    y_true = y_true.astype(y_pred.dtype)
    check_broadcast("tversky", y_true, y_pred)
    overlap = jnp.sum(y_true * y_pred, axis=axis)
    missing = jnp.sum((1 - y_pred) * y_true, axis=axis)
    surplus = jnp.sum(y_pred * (1 - y_true), axis=axis)
    return 1 - overlap / (overlap + missing * alpha + surplus * beta + epsilon())


class KLDivergence(BuiltinLoss):
    """Kullback-Leibler divergence of predictions from targets.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.KLDivergence`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(BuiltinLoss):
    """Negative log-likelihood of counts, up to a constant.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.Poisson`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)


class Dice(BuiltinLoss):
    """One minus the Dice coefficient, for segmentation.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        axis: Axes to sum over, all by default.
        dtype: See `Loss`.

    Reference: `keras.losses.Dice`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(BuiltinLoss):
    """The Dice loss with separate weights for the two kinds of error.

    Args:
        alpha: Weight of what is missing in the prediction.
        beta: Weight of what is too much in it.
        reduction: See `Loss`.
        name: Name of the loss.
        axis: Axes to sum over, all by default.
        dtype: See `Loss`.

    Reference: `keras.losses.Tversky`.
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis
        )
