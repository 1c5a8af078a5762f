"""Metrics by name and by config."""

from __future__ import annotations

from typing import Any

from lamina.keras.common.naming import to_snake_case
from lamina.keras.metrics import (
    accuracies,
    confusion,
    curves,
    losses,
    overlaps,
    reductions,
    scores,
)
from lamina.keras.metrics.base import Metric
from lamina.keras.saving.family import Family
from lamina.keras.saving.serialization import serialize_keras_object

_CLASSES: tuple[Any, ...] = (
    Metric,
    reductions.Mean,
    reductions.Sum,
    reductions.MeanMetricWrapper,
    accuracies.Accuracy,
    accuracies.BinaryAccuracy,
    accuracies.CategoricalAccuracy,
    accuracies.SparseCategoricalAccuracy,
    accuracies.TopKCategoricalAccuracy,
    accuracies.SparseTopKCategoricalAccuracy,
    confusion.FalseNegatives,
    confusion.FalsePositives,
    confusion.TrueNegatives,
    confusion.TruePositives,
    confusion.Precision,
    confusion.Recall,
    curves.AUC,
    curves.PrecisionAtRecall,
    curves.RecallAtPrecision,
    curves.SensitivityAtSpecificity,
    curves.SpecificityAtSensitivity,
    losses.BinaryCrossentropy,
    losses.CategoricalCrossentropy,
    losses.SparseCategoricalCrossentropy,
    losses.CategoricalHinge,
    losses.Hinge,
    losses.SquaredHinge,
    losses.KLDivergence,
    losses.Poisson,
    losses.CosineSimilarity,
    losses.LogCoshError,
    losses.MeanAbsoluteError,
    losses.MeanAbsolutePercentageError,
    losses.MeanSquaredError,
    losses.MeanSquaredLogarithmicError,
    losses.RootMeanSquaredError,
    losses.PearsonCorrelation,
    losses.ConcordanceCorrelation,
    overlaps.BinaryIoU,
    overlaps.IoU,
    overlaps.MeanIoU,
    overlaps.OneHotIoU,
    overlaps.OneHotMeanIoU,
    scores.F1Score,
    scores.FBetaScore,
    scores.R2Score,
)
_SHORT: dict[str, Any] = {
    "bce": losses.BinaryCrossentropy,
    "mse": losses.MeanSquaredError,
    "mae": losses.MeanAbsoluteError,
    "mape": losses.MeanAbsolutePercentageError,
    "msle": losses.MeanSquaredLogarithmicError,
    "kld": losses.KLDivergence,
}
_FAMILY = Family(
    "keras.metrics",
    "metric",
    {cls.__name__: cls for cls in _CLASSES}
    | {to_snake_case(cls.__name__): cls for cls in _CLASSES}
    | _SHORT
    | {name.upper(): cls for name, cls in _SHORT.items()}
    | {
        "cosine_proximity": losses.CosineSimilarity,
        "logcosh": losses.LogCoshError,
        "acc": accuracies.Accuracy,
    },
)


def serialize(metric: Any) -> Any:
    """The config of a metric, or the name of a metric function.

    Reference: `keras.metrics.serialize`.
    """
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that a name or config describes.

    Args:
        config: A name, or what `serialize` gave.
        custom_objects: Classes and functions of your own, by name.

    Reference: `keras.metrics.deserialize`.
    """
    return _FAMILY.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """The metric that a name, config, class, instance or function means.

    Raises:
        ValueError: The identifier means none.

    Example:
        >>> tf.keras.metrics.get("mse").name
        'mean_squared_error'

    Reference: `keras.metrics.get`.
    """
    return _FAMILY.get(identifier)
