"""Losses as metrics: their running means."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.config import epsilon
from lamina.keras.losses import crossentropy, distributions, margins, regression
from lamina.keras.losses.reduction import match_ranks
from lamina.keras.metrics.arithmetic import quotient
from lamina.keras.metrics.reductions import BuiltinMean, Mean


def _mean_class(name: str, fn: Any, title: str, label: str | None = None) -> Any:
    """The class of a running mean without parameters of its own."""
    label = label or fn.__name__

    def __init__(self: Any, name: str | None = label, dtype: Any = None) -> None:
        BuiltinMean.__init__(self, fn, name, dtype)

    doc = f"""The mean of {title}.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.{name}`.
    """
    body = {"__init__": __init__, "__doc__": doc, "__module__": __name__}
    return type(name, (BuiltinMean,), body)


MeanSquaredError = _mean_class(
    "MeanSquaredError", regression.mean_squared_error, "squared errors"
)
MeanAbsoluteError = _mean_class(
    "MeanAbsoluteError", regression.mean_absolute_error, "absolute errors"
)
MeanAbsolutePercentageError = _mean_class(
    "MeanAbsolutePercentageError",
    regression.mean_absolute_percentage_error,
    "absolute errors in per cent of the targets",
)
MeanSquaredLogarithmicError = _mean_class(
    "MeanSquaredLogarithmicError",
    regression.mean_squared_logarithmic_error,
    "squared differences of logarithms",
)
LogCoshError = _mean_class(
    "LogCoshError",
    regression.log_cosh,
    "the logarithm of the hyperbolic cosine of errors",
    "logcosh",
)
Hinge = _mean_class("Hinge", margins.hinge, "the hinge loss")
SquaredHinge = _mean_class(
    "SquaredHinge", margins.squared_hinge, "the squared hinge loss"
)
CategoricalHinge = _mean_class(
    "CategoricalHinge", margins.categorical_hinge, "the categorical hinge loss"
)
KLDivergence = _mean_class(
    "KLDivergence", distributions.kl_divergence, "Kullback-Leibler divergences"
)
Poisson = _mean_class("Poisson", distributions.poisson, "the Poisson loss")


class BinaryCrossentropy(BuiltinMean):
    """The mean of binary cross-entropies.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        label_smoothing: How far targets are moved towards 0.5.

    Reference: `keras.metrics.BinaryCrossentropy`.
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            crossentropy.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(BuiltinMean):
    """The mean of cross-entropies of one-hot targets.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        label_smoothing: Share of the uniform distribution in the targets.
        axis: The axis of the classes.

    Reference: `keras.metrics.CategoricalCrossentropy`.
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            crossentropy.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(BuiltinMean):
    """The mean of cross-entropies of integer targets.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        from_logits: Whether predictions are logits.
        ignore_class: An index whose samples do not count.
        axis: The axis of the classes.

    Reference: `keras.metrics.SparseCategoricalCrossentropy`.
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            crossentropy.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@op("keras.metrics.cosine_similarity")
def cosine_of_angle(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Array:
    """The cosine of the angle between targets and predictions (+1: equal)."""
    return -regression.cosine_similarity.lower(y_true, y_pred, axis)


class CosineSimilarity(BuiltinMean):
    """The mean cosine of the angle between targets and predictions.

    Unlike the loss of this name it is 1 for the same direction.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        axis: The axis of the vectors.

    Reference: `keras.metrics.CosineSimilarity`.
    """

    _direction = "up"
    _unsaved = {"axis": -1}

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(cosine_of_angle, name, dtype, axis=axis)


@op("keras.metrics.squared_difference")
def squared_difference(y_true: TensorLike, y_pred: TensorLike, dtype: Any) -> Array:
    """Squared errors, one per element."""
    y_true, y_pred = match_ranks(y_true.astype(dtype), y_pred.astype(dtype))
    return jnp.square(y_pred - y_true)


@op("keras.metrics.root")
def root(x: TensorLike) -> Array:
    """The square root."""
    return jnp.sqrt(x)


class RootMeanSquaredError(Mean):
    """The root of the mean of squared errors.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Reference: `keras.metrics.RootMeanSquaredError`.
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "root_mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Adds a batch of targets and predictions."""
        errors = squared_difference(y_true, y_pred, self.dtype)
        super().update_state(errors, sample_weight=sample_weight)

    def result(self) -> Tensor:
        """The figure so far, a scalar."""
        return root(quotient(self.total, self.count))


@op("keras.metrics.pearson_correlation")
def pearson_correlation(
    y_true: TensorLike, y_pred: TensorLike, axis: int = -1
) -> Array:
    """The linear correlation of targets and predictions along `axis`.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.
        axis: The axis of the values to compare.

    Returns:
        A number in [-1, 1] per sample, `(...)`.

    Reference: `keras.metrics.pearson_correlation`.
    """
    y_true, y_pred = match_ranks(y_true.astype(y_pred.dtype), y_pred)
    normal = []
    for y in (y_true, y_pred):
        centred = y - y.mean(axis, keepdims=True)
        normal.append(centred / centred.std(axis, keepdims=True))
    return jnp.mean(normal[0] * normal[1], axis=axis)


@op("keras.metrics.concordance_correlation")
def concordance_correlation(
    y_true: TensorLike, y_pred: TensorLike, axis: int = -1
) -> Array:
    """Correlation that also asks for equal means and variances.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Predictions, `(..., D)`.
        axis: The axis of the values to compare.

    Returns:
        A number in [-1, 1] per sample, `(...)`.

    Reference: `keras.metrics.concordance_correlation`.
    """
    y_true, y_pred = match_ranks(y_true.astype(y_pred.dtype), y_pred)
    mean_true, mean_pred = (y.mean(axis, keepdims=True) for y in (y_true, y_pred))
    spread = y_true.var(axis, keepdims=True) + y_pred.var(axis, keepdims=True)
    covariance = (y_true - mean_pred) * (y_pred - mean_pred)
    norm = spread + jnp.square(mean_true - mean_pred)
    return jnp.mean(2 * covariance / (norm + epsilon()), axis=axis)


class PearsonCorrelation(BuiltinMean):
    """The mean of linear correlations.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        axis: The axis of the values to compare.

    Reference: `keras.metrics.PearsonCorrelation`.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "pearson_correlation",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(BuiltinMean):
    """The mean of concordance correlations.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.
        axis: The axis of the values to compare.

    Reference: `keras.metrics.ConcordanceCorrelation`.
    """

    _direction = "up"

    def __init__(
        self,
        name: str | None = "concordance_correlation",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
