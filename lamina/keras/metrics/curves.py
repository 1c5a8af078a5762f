"""Areas under curves, and points on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.config import epsilon
from lamina.keras.metrics.arithmetic import divide_no_nan
from lamina.keras.metrics.confusion import ConfusionMetric

_FOUR = ("true_positives", "false_positives", "true_negatives", "false_negatives")
_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "majoring", "minoring")


@op("keras.metrics.logistic")
def logistic(x: TensorLike) -> Array:
    """The logistic function, of logits."""
    return jax.nn.sigmoid(x)


@op("keras.metrics.area_under_curve", differentiable=False)
def area_under_curve(
    tp: TensorLike,
    fp: TensorLike,
    tn: TensorLike,
    fn: TensorLike,
    label_weights: TensorLike | None,
    curve: str,
    method: str,
) -> Array:
    """The area, from the four counts at falling strictness of the thresholds."""
    if curve == "PR" and method == "interpolation":
        parts = _interpolated_precision(tp, fp, fn)
    else:
        x, y = _curve(tp, tn, fp, fn, curve)
        heights = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2.0,
            "minoring": lambda: jnp.minimum(y[:-1], y[1:]),
            "majoring": lambda: jnp.maximum(y[:-1], y[1:]),
        }[method]()
        parts = (x[:-1] - x[1:]) * heights
    areas = parts.sum(0)
    if not areas.ndim:
        return areas
    if label_weights is None:
        return areas.mean()
    return divide_no_nan((areas * label_weights).sum(), label_weights.sum())


def _curve(
    tp: Array, tn: Array, fp: Array, fn: Array, curve: str
) -> tuple[Array, Array]:
    recall = divide_no_nan(tp, tp + fn)
    if curve == "ROC":
        return divide_no_nan(fp, fp + tn), recall
    if curve == "PR":
        return recall, divide_no_nan(tp, tp + fp)
    scale = divide_no_nan(tp + fn, tn + fp)
    recall_gain = 1.0 - scale * divide_no_nan(fn, tp)
    precision_gain = 1.0 - scale * divide_no_nan(fp, tp)
    recall_gain = jnp.maximum(jnp.where(tp == 0, 0.0, recall_gain), 0.0)
    return recall_gain, jnp.where(tp == 0, 1.0, precision_gain)


def _interpolated_precision(tp: Array, fp: Array, fn: Array) -> Array:
    """Davis and Goadrich, 2006: true positives are interpolated, not precision."""
    dtp = tp[:-1] - tp[1:]
    p = tp + fp
    slope = divide_no_nan(dtp, jnp.maximum(p[:-1] - p[1:], 0))
    intercept = tp[1:] - slope * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    ratio = jnp.where(both, divide_no_nan(p[:-1], jnp.maximum(p[1:], 0)), 1.0)
    area = slope * (dtp + intercept * jnp.log(ratio))
    return divide_no_nan(area, jnp.maximum(tp[1:] + fn[1:], 0))


def _choice(label: str, value: Any, allowed: Sequence[str]) -> str:
    found = getattr(value, "value", value)
    for choice in allowed:
        if isinstance(found, str) and found.lower() == choice.lower():
            return choice
    raise InvalidArgumentError.of(
        "keras.metrics.AUC",
        expected=f"`{label}` one of {list(allowed)}",
        received=f'Invalid AUC {label.replace("_", " ")} value: "{value}".',
        hint="Check the spelling.",
    )


def even_thresholds(count: int) -> list[float]:
    """The `count - 2` thresholds inside (0, 1), evenly spaced."""
    return [(i + 1) * 1.0 / (count - 1) for i in range(count - 2)]


class AUC(ConfusionMetric):
    """The area under the ROC or precision-recall curve, from a fixed set of thresholds.

    Args:
        num_thresholds: Number of thresholds, at least 2.
        curve: "ROC", "PR", or "PRGAIN" (Flach and Kull, 2015).
        summation_method: "interpolation" (trapezoids; for PR as Davis and Goadrich),
            "minoring" or "majoring".
        name: Name of the metric.
        dtype: See `Metric`.
        thresholds: Thresholds in [0, 1], in place of evenly spaced ones.
        multi_label: Whether each label has its own curve; the areas are averaged.
        num_labels: Number of labels, with `multi_label`.
        label_weights: A weight for each label.
        from_logits: Whether predictions are logits.

    Raises:
        InvalidArgumentError: An argument outside its range.

    Example:
        >>> metric = tf.keras.metrics.AUC(num_thresholds=3)
        >>> metric.update_state([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
        >>> float(metric.result())
        0.75

    Reference: `keras.metrics.AUC`.
    """

    _counts = _FOUR
    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: Any = "ROC",
        summation_method: Any = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = _choice("curve", curve, _CURVES)
        self.summation_method = _choice("summation_method", summation_method, _METHODS)
        self._given = None if thresholds is None else sorted(thresholds)
        if thresholds is None and num_thresholds <= 1:
            raise InvalidArgumentError.of(
                "keras.metrics.AUC",
                expected="Argument `num_thresholds` must be an integer > 1",
                received=f"num_thresholds={num_thresholds}",
                hint="200 is the default.",
            )
        if num_labels and not multi_label:
            raise InvalidArgumentError.of(
                "keras.metrics.AUC",
                expected="`num_labels` is needed only when `multi_label` is True",
                received=f"num_labels={num_labels}, multi_label=False",
                hint="Set multi_label=True.",
            )
        inner = even_thresholds(num_thresholds) if self._given is None else self._given
        self._thresholds = [0.0 - epsilon(), *inner, 1.0 + epsilon()]
        self.num_thresholds = len(self._thresholds)
        super().__init__(name=name, dtype=dtype)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = label_weights
        self._from_logits = from_logits
        self._built = False
        if not multi_label:
            self._build(None)
        elif num_labels:
            self._build((None, num_labels))

    @property
    def thresholds(self) -> list[float]:  # type: ignore[override]
        """The thresholds, a little below 0 and above 1 at the ends."""
        return list(self._thresholds)

    def _build(self, shape: Any) -> None:
        labels: tuple[int, ...] = ()
        if self.multi_label:
            if len(shape) != 2:
                raise InvalidArgumentError.of(
                    "keras.metrics.AUC",
                    expected="`y_pred` must have rank 2 when `multi_label=True`",
                    received=f"rank {len(shape)}; full shape {tuple(shape)}",
                    hint="Reshape the predictions to (batch, labels).",
                )
            labels = (int(shape[1]),)
        self._make_counts((self.num_thresholds, *labels))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets of 0 and 1.
            y_pred: Probabilities, or logits.
            sample_weight: A weight for each sample.
        """
        y_pred = convert_to_tensor(y_pred)
        if not self._built:
            self._build(y_pred.shape)
        if self._from_logits:
            y_pred = logistic(y_pred)
        weights = None if self.multi_label else self._label_weights()
        self._add_counts(
            y_true,
            y_pred,
            sample_weight,
            label_weights=weights,
            multi_label=self.multi_label,
        )

    def _label_weights(self) -> Any:
        weights = self.label_weights
        return None if weights is None else np.asarray(weights, dtype=self.dtype)

    def result(self) -> Tensor:
        """The area so far, a scalar."""
        counts = [getattr(self, name) for name in _FOUR]
        weights = self._label_weights() if self.multi_label else None
        return area_under_curve(*counts, weights, self.curve, self.summation_method)  # type: ignore[call-arg]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config() | {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self._from_logits,
        }
        if self._given is not None:
            config["thresholds"] = self.thresholds[1:-1]
        return config


@op("keras.metrics.best_under_constraint", differentiable=False)
def best_under_constraint(
    tp: TensorLike,
    fp: TensorLike,
    tn: TensorLike,
    fn: TensorLike,
    constrained: str,
    maximized: str,
    limit: float,
) -> Array:
    """The largest share of one kind where another is at least `limit`."""
    shares = {
        "sensitivity": divide_no_nan(tp, tp + fn),
        "specificity": divide_no_nan(tn, tn + fp),
        "precision": divide_no_nan(tp, tp + fp),
    }
    feasible = shares[constrained] >= limit
    return jnp.max(jnp.where(feasible, shares[maximized], 0), initial=0)


class _PointOnCurve(ConfusionMetric):
    """The best of one share among thresholds where another is large enough."""

    _counts = _FOUR
    _direction = "up"
    _constrained: ClassVar[str]
    _maximized: ClassVar[str]
    _label: ClassVar[str]

    def _set_up(
        self, value: float, count: int, class_id: int | None, name: Any, dtype: Any
    ) -> None:
        title = f"keras.metrics.{type(self).__name__}"
        if not 0 <= value <= 1:
            raise InvalidArgumentError.of(
                title,
                expected=f"Argument `{self._label}` must be in the range [0, 1]",
                received=f"{self._label}={value}",
                hint="It is a share, not a percentage.",
            )
        if count <= 0:
            raise InvalidArgumentError.of(
                title,
                expected="Argument `num_thresholds` must be an integer > 0",
                received=f"num_thresholds={count}",
                hint="200 is the default.",
            )
        super().__init__(name=name, dtype=dtype)
        self.value = value
        setattr(self, self._label, value)
        self.class_id = class_id
        self.num_thresholds = count
        inner = even_thresholds(count)
        self.thresholds = [0.5] if count == 1 else [0.0, *inner, 1.0]
        self._make_counts((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets of 0 and 1.
            y_pred: Probabilities.
            sample_weight: A weight for each sample.
        """
        self._add_counts(y_true, y_pred, sample_weight, class_id=self.class_id)

    def result(self) -> Tensor:
        """The best share so far, a scalar."""
        counts = [getattr(self, name) for name in _FOUR]
        return best_under_constraint(  # type: ignore[call-arg]
            *counts, self._constrained, self._maximized, self.value
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {
            "class_id": self.class_id,
            "num_thresholds": self.num_thresholds,
            self._label: self.value,
        }


class SensitivityAtSpecificity(_PointOnCurve):
    """The best sensitivity where the specificity is large enough.

    Args:
        specificity: The least specificity, in [0, 1].
        num_thresholds: Number of thresholds to try.
        class_id: The one class to look at.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.SensitivityAtSpecificity`.
    """

    _constrained, _maximized = "specificity", "sensitivity"
    _label = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._set_up(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_PointOnCurve):
    """The best specificity where the sensitivity is large enough.

    Args:
        sensitivity: The least sensitivity, in [0, 1].
        num_thresholds: Number of thresholds to try.
        class_id: The one class to look at.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.SpecificityAtSensitivity`.
    """

    _constrained, _maximized = "sensitivity", "specificity"
    _label = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._set_up(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_PointOnCurve):
    """The best precision where the recall is large enough.

    Args:
        recall: The least recall, in [0, 1].
        num_thresholds: Number of thresholds to try.
        class_id: The one class to look at.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.PrecisionAtRecall`.
    """

    _constrained, _maximized = "sensitivity", "precision"
    _label = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._set_up(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_PointOnCurve):
    """The best recall where the precision is large enough.

    Args:
        precision: The least precision, in [0, 1].
        num_thresholds: Number of thresholds to try.
        class_id: The one class to look at.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.RecallAtPrecision`.
    """

    _constrained, _maximized = "precision", "sensitivity"
    _label = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._set_up(precision, num_thresholds, class_id, name, dtype)
