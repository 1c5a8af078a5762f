"""F-scores and the coefficient of determination."""

from __future__ import annotations

import warnings
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError, message
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import is_tracing
from lamina.keras.config import epsilon
from lamina.keras.losses.reduction import match_ranks
from lamina.keras.metrics.base import Metric


@op("keras.metrics.label_counts", differentiable=False)
def label_counts(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    threshold: float | None,
    axis: int | None,
    dtype: Any,
) -> tuple[Array, Array, Array, Array]:
    """True and false positives, false negatives, and positives, per label."""
    y_true, y_pred = y_true.astype(dtype), y_pred.astype(dtype)
    if threshold is None:
        most = jnp.max(y_pred, axis=-1, keepdims=True)
        chosen = (y_pred >= most) & (jnp.abs(y_pred) > 1e-9)
    else:
        chosen = y_pred > threshold
    y_pred = chosen.astype(dtype)
    weight = jnp.ones((), dtype)
    if sample_weight is not None:
        weight = sample_weight.astype(dtype)[:, None]
    parts = (y_pred * y_true, y_pred * (1 - y_true), (1 - y_pred) * y_true, y_true)
    return tuple((part * weight).sum(axis) for part in parts)  # type: ignore[return-value]


@op("keras.metrics.f_score", differentiable=False)
def f_score(
    tp: TensorLike,
    fp: TensorLike,
    fn: TensorLike,
    weights: TensorLike,
    average: str | None,
    beta: float,
) -> Array:
    """The weighted harmonic mean of precision and recall."""
    precision = tp / (tp + fp + epsilon())
    recall = tp / (tp + fn + epsilon())
    mean = precision * recall / (beta**2 * precision + recall + epsilon())
    score = mean * (1 + beta**2)
    if average == "weighted":
        return (score * weights / (weights.sum() + epsilon())).sum()
    return score if average is None else score.mean()


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall, for one-hot targets.

    `(1 + beta²) precision recall / (beta² precision + recall)`.

    Args:
        average: None (a score per class), "micro", "macro" or "weighted".
        beta: Weight of the recall, a positive float.
        threshold: Predictions above it count as 1; None takes the largest.
        name: Name of the metric.
        dtype: See `Metric`.

    Raises:
        InvalidArgumentError: An argument outside its range.

    Reference: `keras.metrics.FBetaScore`.
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        checks = (
            (_is_one_of(average, "micro", "macro", "weighted"), "average", average),
            (isinstance(beta, float) and beta > 0.0, "beta", beta),
            (
                threshold is None
                or (isinstance(threshold, float) and 0.0 < threshold <= 1.0),
                "threshold",
                threshold,
            ),
        )
        for good, label, value in checks:
            if not good:
                raise InvalidArgumentError.of(
                    f"keras.metrics.{type(self).__name__}",
                    expected=_F_SCORE_ARGUMENTS[label],
                    received=f"Invalid `{label}` argument value: {label}={value!r}",
                    hint="See the documentation for the range.",
                )
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self.axis = None if average == "micro" else 0
        self._built = False

    def _build(self, y_true: Any, y_pred: Any) -> None:
        _check_two_dimensions(type(self).__name__, y_true, y_pred)
        shape = () if self.average == "micro" else (int(y_pred.shape[-1]),)
        for name in _F_STATE:
            variable = self.add_variable(shape, "zeros", self.dtype, name=name)
            setattr(self, name, variable)
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: One-hot or multi-hot targets, `(B, C)`.
            y_pred: Probabilities, `(B, C)`.
            sample_weight: A weight for each sample, `(B,)`.
        """
        y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
        if sample_weight is not None:
            sample_weight = convert_to_tensor(sample_weight)
            if sample_weight.ndim != 1:
                raise InvalidArgumentError.of(
                    f"keras.metrics.{type(self).__name__}.update_state",
                    expected="`sample_weight` of shape (B,)",
                    received=f"sample_weight.shape={tuple(sample_weight.shape)}",
                    hint="Give one weight for each sample.",
                )
        if not self._built:
            self._build(y_true, y_pred)
        counts = label_counts(
            y_true, y_pred, sample_weight, self.threshold, self.axis, self.dtype
        )
        for name, count in zip(_F_STATE, counts, strict=True):
            getattr(self, name).assign_add(count)

    def result(self) -> Tensor:
        """The score so far: a scalar, or one per class without average.

        Raises:
            AttributeError: No batch was added yet.
        """
        _check_updated(self)
        state = [getattr(self, name) for name in _F_STATE]
        return f_score(*state, self.average, self.beta)  # type: ignore[call-arg]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("average", "beta", "threshold")
        return super().get_config() | {key: getattr(self, key) for key in own}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall, for one-hot targets.

    Args:
        average: None (a score per class), "micro", "macro" or "weighted".
        threshold: Predictions above it count as 1; None takes the largest.
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.F1Score`.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        del config["beta"]
        return config


_F_STATE = (
    "true_positives",
    "false_positives",
    "false_negatives",
    "intermediate_weights",
)
_F_SCORE_ARGUMENTS = {
    "average": "`average` one of None, 'micro', 'macro', 'weighted'",
    "beta": "`beta` a Python float > 0",
    "threshold": "`threshold` a Python float with 0 < threshold <= 1, or None",
}


def _is_one_of(value: Any, *names: str) -> bool:
    return value is None or (isinstance(value, str) and value in names)


def _check_updated(metric: Any) -> None:
    if not metric._built:
        raise AttributeError(
            message(
                f"keras.metrics.{type(metric).__name__}.result",
                expected="a metric that has seen a batch: its variables take their "
                "shape from the first one",
                received="no batch so far",
                hint="Call update_state(y_true, y_pred) first.",
            )
        )


def _check_two_dimensions(name: str, y_true: Any, y_pred: Any) -> None:
    if len(y_true.shape) != 2 or len(y_pred.shape) != 2:
        raise InvalidArgumentError.of(
            f"keras.metrics.{name}",
            expected=f"{name} expects 2D inputs with shape (batch_size, output_dim)",
            received=f"y_pred.shape={tuple(y_pred.shape)} and "
            f"y_true.shape={tuple(y_true.shape)}",
            hint="Reshape them, or make the targets one-hot.",
        )


@op("keras.metrics.r2_sums", differentiable=False)
def r2_sums(
    y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None, dtype: Any
) -> tuple[Array, Array, Array, Array]:
    """Sums of targets, of their squares, of squared errors, and of weights."""
    y_true, y_pred = match_ranks(y_true.astype(dtype), y_pred.astype(dtype))
    weight = jnp.ones((), dtype)
    if sample_weight is not None:
        weight = sample_weight.astype(dtype)
        weight = weight[:, None] if weight.ndim == 1 else weight
    weight = jnp.broadcast_to(weight, y_true.shape)
    errors = jnp.square(y_true - y_pred) * weight
    squares = y_true * y_true * weight
    return (y_true * weight).sum(0), squares.sum(0), errors.sum(0), weight.sum(0)


@op("keras.metrics.r2_score", differentiable=False)
def r2_value(
    total: TensorLike,
    squares: TensorLike,
    errors: TensorLike,
    count: TensorLike,
    samples: TensorLike,
    aggregation: str | None,
    regressors: int,
) -> Array:
    """One minus the residual as a share of the variance."""
    variance = squares - total * (total / count)
    scores = 1 - errors / variance
    scores = jnp.where(jnp.isinf(scores), 0.0, scores)
    if aggregation == "uniform_average":
        scores = scores.mean()
    elif aggregation == "variance_weighted_average":
        scores = (variance * scores).sum() / variance.sum()
    if not regressors:
        return scores
    free = samples - regressors - 1.0
    adjusted = 1.0 - (1.0 - scores) * (samples - 1.0) / jnp.where(free == 0, 1.0, free)
    return jnp.where(free > 0, adjusted, scores).astype(scores.dtype)


class R2Score(Metric):
    """The coefficient of determination: the share of variance that is explained.

    Args:
        class_aggregation: None (a score per output), "uniform_average" or
            "variance_weighted_average".
        num_regressors: Number of predictors, for the adjusted score; 0 for none.
        name: Name of the metric.
        dtype: See `Metric`.

    Raises:
        InvalidArgumentError: An argument outside its range.
        TypeError: `num_regressors` is no number.

    Reference: `keras.metrics.R2Score`.
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if not _is_one_of(
            class_aggregation, "uniform_average", "variance_weighted_average"
        ):
            raise InvalidArgumentError.of(
                "keras.metrics.R2Score",
                expected="`class_aggregation` one of None, 'uniform_average', "
                "'variance_weighted_average'",
                received="Invalid value for argument `class_aggregation`: "
                f"{class_aggregation!r}",
                hint="Check the spelling.",
            )
        if not isinstance(num_regressors, int | float | np.number):
            raise TypeError(
                message(
                    "keras.metrics.R2Score",
                    expected="`num_regressors` a number >= 0",
                    received=f"num_regressors={num_regressors!r}",
                    hint="0 gives the standard score.",
                )
            )
        if num_regressors < 0:
            raise InvalidArgumentError.of(
                "keras.metrics.R2Score",
                expected="`num_regressors` a value >= 0",
                received="Invalid value for argument `num_regressors`: "
                f"num_regressors={num_regressors}",
                hint="0 gives the standard score.",
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, y_true: Any, y_pred: Any) -> None:
        _check_two_dimensions("R2Score", y_true, y_pred)
        shape = (int(y_pred.shape[-1]),)
        self.squared_sum = self.add_variable(shape, "zeros", name="squared_sum")
        self.sum = self.add_variable(shape, "zeros", name="sum")
        self.total_mse = self.add_variable(shape, "zeros", name="residual")
        self.count = self.add_variable(shape, "zeros", name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets, `(B, D)`.
            y_pred: Predictions, `(B, D)`.
            sample_weight: A weight for each sample.
        """
        y_true, y_pred = convert_to_tensor(y_true), convert_to_tensor(y_pred)
        if not self._built:
            self._build(y_true, y_pred)
        sums = r2_sums(y_true, y_pred, sample_weight, self.dtype)
        state = (self.sum, self.squared_sum, self.total_mse, self.count)
        for variable, added in zip(state, sums, strict=True):
            variable.assign_add(added)
        self.num_samples.assign_add(float(y_true.shape.num_elements()))

    def result(self) -> Tensor:
        """The score so far: a scalar, or one per output without aggregation.

        Raises:
            AttributeError: No batch was added yet.
        """
        _check_updated(self)
        if self.num_regressors and not is_tracing():
            self._warn_few_samples()
        state = (self.sum, self.squared_sum, self.total_mse, self.count)
        return r2_value(
            *state, self.num_samples, self.class_aggregation, self.num_regressors
        )

    def _warn_few_samples(self) -> None:
        free = float(self.num_samples.numpy()) - 1 - self.num_regressors
        if free < 0:
            warnings.warn(
                "More independent predictors than datapoints in adjusted R2 score. "
                "Falling back to standard R2 score.",
                stacklevel=3,
            )
        elif free == 0:
            warnings.warn(
                "Division by zero in Adjusted R2 score. Falling back to standard R2 "
                "score.",
                stacklevel=3,
            )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("class_aggregation", "num_regressors")
        return super().get_config() | {key: getattr(self, key) for key in own}
