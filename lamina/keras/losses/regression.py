"""Losses of real numbers: squares, absolute values, and what lies between."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.keras.config import epsilon
from lamina.keras.losses.base import BuiltinLoss
from lamina.keras.losses.reduction import check_broadcast, match_ranks


def _pair(name: str, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
    """Targets and predictions in one dtype and rank."""
    y_true, y_pred = match_ranks(y_true.astype(y_pred.dtype), y_pred)
    check_broadcast(name, y_true, y_pred)
    return y_true, y_pred


@op("keras.losses.mean_squared_error")
def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean((y_true - y_pred)², axis=-1)`.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Example:
        >>> tf.keras.losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).numpy()
        array([0.5], dtype=float32)

    Reference: `keras.losses.mean_squared_error`.
    """
    y_true, y_pred = _pair("mean_squared_error", y_true, y_pred)
    return jnp.mean(jnp.square(y_true - y_pred), axis=-1)


@op("keras.losses.mean_absolute_error")
def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean(|y_true - y_pred|, axis=-1)`.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.mean_absolute_error`.
    """
    y_true, y_pred = _pair("mean_absolute_error", y_true, y_pred)
    return jnp.mean(jnp.abs(y_true - y_pred), axis=-1)


@op("keras.losses.mean_absolute_percentage_error")
def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`100 * mean(|(y_true - y_pred) / y_true|, axis=-1)`.

    The divisor is at least Keras's `epsilon()`.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`, in per cent.

    Reference: `keras.losses.mean_absolute_percentage_error`.
    """
    y_true, y_pred = _pair("mean_absolute_percentage_error", y_true, y_pred)
    ratio = (y_true - y_pred) / jnp.maximum(jnp.abs(y_true), epsilon())
    return 100.0 * jnp.mean(jnp.abs(ratio), axis=-1)


@op("keras.losses.mean_squared_logarithmic_error")
def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean((log(y_true + 1) - log(y_pred + 1))², axis=-1)`.

    Values below Keras's `epsilon()` count as that.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.mean_squared_logarithmic_error`.
    """
    y_true, y_pred = _pair("mean_squared_logarithmic_error", y_true, y_pred)
    logs = [jnp.log(jnp.maximum(y, epsilon()) + 1.0) for y in (y_pred, y_true)]
    return jnp.mean(jnp.square(logs[0] - logs[1]), axis=-1)


@op("keras.losses.huber")
def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Array:
    """Half the square of small errors, a straight line beyond `delta`.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.
        delta: Where the line begins, positive.

    Returns:
        The mean over the last axis, `(...)`.

    Reference: `keras.losses.huber`; Huber, 1964.
    """
    y_true, y_pred = _pair("huber", y_true, y_pred)
    error = y_pred - y_true
    size = jnp.abs(error)
    line = delta * size - 0.5 * delta**2
    return jnp.mean(jnp.where(size <= delta, 0.5 * jnp.square(error), line), axis=-1)


@op("keras.losses.log_cosh")
def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean(log(cosh(y_pred - y_true)), axis=-1)`.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.log_cosh`.
    """
    y_true, y_pred = _pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return jnp.mean(error + jax.nn.softplus(-2.0 * error) - math.log(2.0), axis=-1)


@op("keras.losses.cosine_similarity")
def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Array:
    """Minus the cosine of the angle between targets and predictions.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.
        axis: The axis of the vectors.

    Returns:
        A number from -1 (same direction) to 1 per sample, `(...)`.

    Reference: `keras.losses.cosine_similarity`.
    """
    y_true, y_pred = _pair("cosine_similarity", y_true, y_pred)
    return -jnp.sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def unit(x: Array, axis: int) -> Array:
    """Vectors scaled to length one; a zero vector stays zero."""
    squares = jnp.sum(jnp.square(x), axis=axis, keepdims=True)
    return x * jax.lax.rsqrt(jnp.maximum(squares, epsilon() ** 2))


class MeanSquaredError(BuiltinLoss):
    """The mean of squared errors.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Example:
        >>> float(tf.keras.losses.MeanSquaredError()([[0.0, 1.0]], [[1.0, 1.0]]))
        0.5

    Reference: `keras.losses.MeanSquaredError`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(BuiltinLoss):
    """The mean of absolute errors.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.MeanAbsoluteError`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(BuiltinLoss):
    """The mean of absolute errors in per cent of the targets.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.MeanAbsolutePercentageError`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(BuiltinLoss):
    """The mean of squared differences of logarithms.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.MeanSquaredLogarithmicError`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(BuiltinLoss):
    """Squares of small errors, a straight line beyond `delta`.

    Args:
        delta: Where the line begins, positive.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.Huber`.
    """

    _unsaved = {"delta": 1.0}

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(BuiltinLoss):
    """The logarithm of the hyperbolic cosine of the error.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.LogCosh`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(BuiltinLoss):
    """Minus the cosine of the angle between targets and predictions.

    Args:
        axis: The axis of the vectors.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.CosineSimilarity`.
    """

    _unsaved = {"axis": -1}

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
