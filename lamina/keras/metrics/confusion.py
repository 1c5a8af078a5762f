"""Counts of right and wrong decisions, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.config import epsilon
from lamina.keras.losses.reduction import match_ranks
from lamina.keras.metrics.arithmetic import fraction
from lamina.keras.metrics.base import Metric

NEGATIVE_INFINITY = -1e10


@op("keras.metrics.confusion_counts", differentiable=False)
def confusion_counts(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    label_weights: TensorLike | None,
    thresholds: tuple[float, ...],
    top_k: int | None = None,
    class_id: int | None = None,
    multi_label: bool = False,
    dtype: Any = "float32",
) -> tuple[Array, Array, Array, Array]:
    """True and false positives, true and false negatives at each threshold.

    Args:
        y_true: Targets of 0 and 1.
        y_pred: Probabilities, of the same shape.
        sample_weight: Weights that broadcast to the samples.
        label_weights: A weight for each label.
        thresholds: Predictions above a threshold count as positive.
        top_k: How many predictions of a sample may be positive at all.
        class_id: The one class to look at, of the last axis.
        multi_label: Whether labels (last axis) are counted apart.
        dtype: Dtype of the counts.

    Returns:
        Four arrays `(T,)`, or `(T, L)` with `multi_label`.
    """
    y_pred, y_true = match_ranks(y_pred.astype(dtype), y_true.astype(dtype))
    if y_pred.shape != y_true.shape:
        raise ShapeError.of(
            "keras.metrics",
            expected="Shapes of targets and predictions are equal",
            received=f"y_true.shape={tuple(y_true.shape)}, "
            f"y_pred.shape={tuple(y_pred.shape)}. They are incompatible",
            hint="Give one target of 0 or 1 for each predicted probability.",
        )
    weight = _weights(y_true, y_pred, sample_weight, label_weights, dtype)
    if top_k is not None:
        y_pred = _only_top_k(y_pred, top_k)
    if class_id is not None:
        y_true, y_pred, weight = (
            _one_class(y, class_id) for y in (y_true, y_pred, weight)
        )
    if not multi_label:
        weight = jnp.broadcast_to(weight, y_pred.shape).reshape(-1, 1)
        y_true, y_pred = y_true.reshape(-1, 1), y_pred.reshape(-1, 1)
    weight = jnp.broadcast_to(weight, y_pred.shape)
    positive = jnp.where(y_true.astype(bool), weight, 0)
    negative = jnp.where(y_true.astype(bool), 0, weight)
    count = _bucketed if evenly_spaced(thresholds) else _compared
    tp, fp = (count(y_pred, part, thresholds) for part in (positive, negative))
    tn, fn = negative.sum(0) - fp, positive.sum(0) - tp
    found = (tp, fp, tn, fn)
    return found if multi_label else tuple(part[:, 0] for part in found)  # type: ignore[return-value]


def _weights(
    y_true: Array, y_pred: Array, sample: Array | None, label: Array | None, dtype: Any
) -> Array:
    weight: Any = jnp.ones((), dtype)
    if sample is not None:
        sample = sample.astype(dtype)[..., None]
        weight = match_ranks(y_true, sample, expand_rank_1=False)[1]
    if label is not None:
        weight = weight * label.astype(dtype)
    return jnp.broadcast_to(weight, y_pred.shape)


def _only_top_k(y_pred: Array, k: int) -> Array:
    """Predictions that are not among the `k` largest become very small."""
    _, index = jax.lax.top_k(y_pred, k)
    chosen = jax.nn.one_hot(index, y_pred.shape[-1], dtype=y_pred.dtype).sum(-2)
    return y_pred * chosen + NEGATIVE_INFINITY * (1 - chosen)


def _one_class(values: Array, class_id: int) -> Array:
    if values.ndim < 2:
        raise ShapeError.of(
            "keras.metrics",
            expected="predictions of several classes",
            received="When class_id is provided, y_pred must be a 2D array with shape "
            f"(num_samples, num_classes), found shape: {tuple(values.shape)}",
            hint="Leave class_id out for binary predictions.",
        )
    return values[..., class_id : class_id + 1]


def evenly_spaced(thresholds: Sequence[float]) -> bool:
    """Whether there are at least three thresholds, evenly spaced over [0, 1]."""
    count = len(thresholds)
    if count < 3:
        return False
    even = np.arange(count, dtype=np.float32) / (count - 1)
    return bool(np.allclose(thresholds, even, atol=epsilon()))


def _bucketed(y_pred: Array, part: Array, thresholds: tuple[float, ...]) -> Array:
    """Weights above each of many even thresholds, in one pass over the samples."""
    count, labels = len(thresholds), y_pred.shape[-1]
    flat_pred = jnp.clip(y_pred.reshape(-1, labels), 0.0, 1.0)
    bucket = jnp.ceil(flat_pred * (count - 1)) - 1
    if thresholds[0] < 0.0 or thresholds[-1] > 1.0:
        bucket = jnp.maximum(bucket, 0)
    index = bucket.astype("int32") * labels + jnp.arange(labels, dtype="int32")
    index = jnp.where(bucket < 0, count * labels, index).reshape(-1)
    sums = jnp.zeros(count * labels + 1, part.dtype).at[index].add(part.reshape(-1))
    sums = sums[:-1].reshape(count, labels)
    return jnp.flip(jnp.cumsum(jnp.flip(sums, 0), axis=0), 0)


def _compared(y_pred: Array, part: Array, thresholds: tuple[float, ...]) -> Array:
    """Weights above each threshold, by comparing with every one."""
    limits = jnp.asarray(thresholds, y_pred.dtype).reshape(-1, *(1,) * y_pred.ndim)
    above = jnp.where(y_pred[None] > limits, part[None], 0)
    return above.sum(tuple(range(1, above.ndim - 1)))


def as_thresholds(name: str, thresholds: Any, default: float) -> list[float]:
    """A list of thresholds in [0, 1].

    Raises:
        InvalidArgumentError: One is outside.
    """
    if thresholds is None:
        return [default]
    found = thresholds if isinstance(thresholds, (list, tuple)) else [thresholds]
    wrong = [t for t in found if t is None or t < 0 or t > 1]
    if wrong:
        raise InvalidArgumentError.of(
            f"keras.metrics.{name}",
            expected="Threshold values must be in [0, 1]",
            received=f"{wrong}",
            hint="0.5 is the default.",
        )
    return list(found)


class ConfusionMetric(Metric):
    """What the metrics that count decisions share."""

    _counts: ClassVar[tuple[str, ...]] = ()
    _ORDER = ("true_positives", "false_positives", "true_negatives", "false_negatives")

    thresholds: list[float]

    def _make_counts(self, shape: tuple[int, ...]) -> None:
        for name in self._counts:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))

    def _add_counts(self, y_true: Any, y_pred: Any, weight: Any, **kwargs: Any) -> None:
        label_weights = kwargs.pop("label_weights", None)
        counts = confusion_counts(
            y_true, y_pred, weight, label_weights, tuple(self.thresholds), **kwargs
        )
        for name, count in zip(self._ORDER, counts, strict=True):
            if name in self._counts:
                getattr(self, name).assign_add(count)


class _Count(Metric):
    """One of the four counts, at one or more thresholds."""

    _which: ClassVar[int] = 0

    def __init__(
        self, thresholds: Any = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = as_thresholds(type(self).__name__, thresholds, 0.5)
        self.accumulator = self.add_variable(
            (len(self.thresholds),), "zeros", name="accumulator"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets of 0 and 1.
            y_pred: Probabilities.
            sample_weight: A weight for each sample.
        """
        limits = tuple(self.thresholds)
        counts = confusion_counts(y_true, y_pred, sample_weight, None, limits)
        self.accumulator.assign_add(counts[self._which])

    def result(self) -> Tensor:
        """The count so far, a scalar, or one per threshold."""
        one = len(self.thresholds) == 1
        return self.accumulator.value[0] if one else self.accumulator.value

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class TruePositives(_Count):
    """The weighted number of positives that were predicted.

    Args:
        thresholds: One or more numbers in [0, 1]; 0.5 by default.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.TruePositives`.
    """

    _which = 0


class FalsePositives(_Count):
    """The weighted number of negatives predicted as positive.

    Args:
        thresholds: One or more numbers in [0, 1]; 0.5 by default.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.FalsePositives`.
    """

    _which = 1


class TrueNegatives(_Count):
    """The weighted number of negatives that were predicted.

    Args:
        thresholds: One or more numbers in [0, 1]; 0.5 by default.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.TrueNegatives`.
    """

    _which = 2


class FalseNegatives(_Count):
    """The weighted number of positives predicted as negative.

    Args:
        thresholds: One or more numbers in [0, 1]; 0.5 by default.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.FalseNegatives`.
    """

    _which = 3


class _Share(ConfusionMetric):
    """True positives as a share of themselves and of one kind of error."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        default = 0.5 if top_k is None else NEGATIVE_INFINITY
        self.thresholds = as_thresholds(type(self).__name__, thresholds, default)
        self._make_counts((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets of 0 and 1.
            y_pred: Probabilities.
            sample_weight: A weight for each sample.
        """
        self._add_counts(
            y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id
        )

    def result(self) -> Tensor:
        """The share so far, a scalar, or one per threshold."""
        right, wrong = (getattr(self, name) for name in self._counts)
        return fraction(right, wrong)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_Share):
    """The share of predicted positives that are positive.

    Args:
        thresholds: One or more numbers in [0, 1]; 0.5 by default.
        top_k: How many of a sample's predictions may be positive.
        class_id: The one class to look at.
        name: Name of the metric.
        dtype: See `Metric`.

    Example:
        >>> metric = tf.keras.metrics.Precision()
        >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
        >>> round(float(metric.result()), 4)
        0.6667

    Reference: `keras.metrics.Precision`.
    """

    _counts = ("true_positives", "false_positives")


class Recall(_Share):
    """The share of positives that were predicted.

    Args:
        thresholds: One or more numbers in [0, 1]; 0.5 by default.
        top_k: How many of a sample's predictions may be positive.
        class_id: The one class to look at.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.Recall`.
    """

    _counts = ("true_positives", "false_negatives")
