"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.keras.config import floatx
from lamina.keras.losses.reduction import check_broadcast, match_ranks
from lamina.keras.metrics.reductions import BuiltinMean


@op("keras.metrics.accuracy", differentiable=False)
def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where targets and predictions are equal, else 0."""
    y_true, y_pred = match_ranks(y_true.astype(y_pred.dtype), y_pred)
    check_broadcast("accuracy", y_true, y_pred)
    return (y_true == y_pred).astype(floatx())


@op("keras.metrics.binary_accuracy", differentiable=False)
def binary_accuracy(
    y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5
) -> Array:
    """1 where a prediction is on the target's side of the threshold, else 0.

    Args:
        y_true: Targets of 0 and 1, `(..., D)`.
        y_pred: Probabilities, `(..., D)`.
        threshold: Predictions above it count as 1.

    Returns:
        Zeros and ones, `(..., D)`.

    Reference: `keras.metrics.binary_accuracy`.
    """
    y_true, y_pred = match_ranks(y_true, y_pred)
    check_broadcast("binary_accuracy", y_true, y_pred)
    return (y_true == (y_pred > threshold).astype(y_true.dtype)).astype(floatx())


@op("keras.metrics.categorical_accuracy", differentiable=False)
def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where the largest prediction is that of the true class, else 0.

    Args:
        y_true: One-hot targets, `(..., C)`.
        y_pred: Probabilities or scores, `(..., C)`.

    Returns:
        Zeros and ones, `(...)`.

    Reference: `keras.metrics.categorical_accuracy`.
    """
    labels = jnp.argmax(y_true, axis=-1)
    return _matches("categorical_accuracy", labels, y_pred).astype(floatx())


@op("keras.metrics.sparse_categorical_accuracy", differentiable=False)
def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """1 where the largest prediction is that of the true class, else 0.

    Args:
        y_true: Class indices, `(...)` or `(..., 1)`.
        y_pred: Probabilities or scores, `(..., C)`.

    Returns:
        Zeros and ones, of the shape of `y_true`, without a last dimension of 1.

    Reference: `keras.metrics.sparse_categorical_accuracy`.
    """
    shape = y_true.shape
    squeeze = y_true.ndim == y_pred.ndim and shape[-1] == 1
    labels = y_true[..., 0] if squeeze else y_true
    found = _matches("sparse_categorical_accuracy", labels, y_pred).astype(floatx())
    found = found.reshape(shape) if squeeze else found
    return found[..., 0] if found.ndim > 1 and found.shape[-1] == 1 else found


def _matches(name: str, labels: Array, y_pred: Array) -> Array:
    chosen = jnp.argmax(y_pred, axis=-1)
    try:
        jnp.broadcast_shapes(labels.shape, chosen.shape)
    except ValueError:
        raise ShapeError.of(
            f"keras.metrics.{name}",
            expected="one target per prediction",
            received=f"targets of shape {tuple(labels.shape)}, "
            f"y_pred.shape={tuple(y_pred.shape)}",
            hint="One-hot targets go with the categorical metric, class indices with "
            "the sparse one.",
        ) from None
    return labels == chosen.astype(labels.dtype)


@op("keras.metrics.top_k_categorical_accuracy", differentiable=False)
def top_k_categorical_accuracy(
    y_true: TensorLike, y_pred: TensorLike, k: int = 5
) -> Array:
    """1 where the true class is among the `k` largest predictions, else 0.

    Args:
        y_true: One-hot targets, `(..., C)`.
        y_pred: Probabilities or scores, `(..., C)`.
        k: How many predictions count.

    Returns:
        Zeros and ones, `(...)`.

    Reference: `keras.metrics.top_k_categorical_accuracy`.
    """
    labels = jnp.argmax(y_true, axis=-1)
    return in_top_k(labels, y_pred, k).astype(floatx())


@op("keras.metrics.sparse_top_k_categorical_accuracy", differentiable=False)
def sparse_top_k_categorical_accuracy(
    y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False
) -> Array:
    """1 where the true class is among the `k` largest predictions, else 0.

    Args:
        y_true: Class indices, `(...)`.
        y_pred: Scores, `(..., C)`; class indices in falling order of their scores
            if `from_sorted_ids`.
        k: How many predictions count.
        from_sorted_ids: Whether `y_pred` holds class indices.

    Returns:
        Zeros and ones, of the shape of `y_true`.

    Reference: `keras.metrics.sparse_top_k_categorical_accuracy`.
    """
    shape, flat = y_true.shape, y_true.reshape(-1)
    if y_pred.ndim > 2:
        y_pred = y_pred.reshape(-1, y_pred.shape[-1])
    if from_sorted_ids:
        found = (flat.astype(y_pred.dtype)[:, None] == y_pred[:, :k]).any(axis=1)
    else:
        found = in_top_k(flat.astype("int32"), y_pred, k)
    return found.astype(floatx()).reshape(shape)


def in_top_k(labels: Array, scores: Array, k: int) -> Array:
    """Whether each label's score is among the `k` largest; ties count as inside."""
    shape = labels.shape
    labels = labels.reshape(-1)
    scores = scores.reshape(-1, scores.shape[-1])
    if labels.shape[0] != scores.shape[0]:
        raise InvalidArgumentError.of(
            "keras.metrics.top_k_categorical_accuracy",
            expected="one target per prediction",
            received=f"{labels.shape[0]} targets, {scores.shape[0]} predictions",
            hint="Check the shapes of targets and predictions.",
        )
    inside = (labels >= 0) & (labels < scores.shape[-1])
    own = jnp.take_along_axis(scores, jnp.where(inside, labels, 0)[:, None], axis=1)
    larger = jnp.sum(scores > own, axis=1)
    return (inside & jnp.isfinite(own[:, 0]) & (larger < k)).reshape(shape)


class Accuracy(BuiltinMean):
    """How often predictions equal targets.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Example:
        >>> metric = tf.keras.metrics.Accuracy()
        >>> metric.update_state([1, 2, 3, 4], [0, 2, 3, 4])
        >>> float(metric.result())
        0.75

    Reference: `keras.metrics.Accuracy`.
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(BuiltinMean):
    """How often predictions are on the targets' side of a threshold.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        threshold: Predictions above it count as 1.

    Reference: `keras.metrics.BinaryAccuracy`.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(BuiltinMean):
    """How often the largest prediction is the true class, for one-hot targets.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.CategoricalAccuracy`.
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(BuiltinMean):
    """How often the largest prediction is the true class, for integer targets.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.SparseCategoricalAccuracy`.
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(BuiltinMean):
    """How often the true class is among the largest, for one-hot targets.

    Args:
        k: How many predictions count.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.TopKCategoricalAccuracy`.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(BuiltinMean):
    """How often the true class is among the largest, for integer targets.

    Args:
        k: How many predictions count.
        name: Name of the metric.
        dtype: See `Metric`.
        from_sorted_ids: Whether predictions are class indices in falling order.

    Reference: `keras.metrics.SparseTopKCategoricalAccuracy`.
    """

    _direction = "up"
    _unsaved = {"from_sorted_ids": False}

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy,
            name,
            dtype,
            k=k,
            from_sorted_ids=from_sorted_ids,
        )
