"""Losses by name and by config."""

from __future__ import annotations

from typing import Any

from lamina.keras.losses import (
    crossentropy,
    distributions,
    focal,
    margins,
    regression,
)
from lamina.keras.losses.base import Loss, LossFunctionWrapper
from lamina.keras.saving.family import Family
from lamina.keras.saving.serialization import serialize_keras_object

_CLASSES: tuple[Any, ...] = (
    Loss,
    LossFunctionWrapper,
    crossentropy.BinaryCrossentropy,
    crossentropy.CategoricalCrossentropy,
    crossentropy.SparseCategoricalCrossentropy,
    focal.BinaryFocalCrossentropy,
    focal.CategoricalFocalCrossentropy,
    focal.CategoricalGeneralizedCrossEntropy,
    regression.CosineSimilarity,
    regression.Huber,
    regression.LogCosh,
    regression.MeanAbsoluteError,
    regression.MeanAbsolutePercentageError,
    regression.MeanSquaredError,
    regression.MeanSquaredLogarithmicError,
    distributions.Dice,
    distributions.KLDivergence,
    distributions.Poisson,
    distributions.Tversky,
    margins.CategoricalHinge,
    margins.Circle,
    margins.Hinge,
    margins.SquaredHinge,
)
_FUNCTIONS: tuple[Any, ...] = (
    crossentropy.binary_crossentropy,
    crossentropy.categorical_crossentropy,
    crossentropy.sparse_categorical_crossentropy,
    focal.binary_focal_crossentropy,
    focal.categorical_focal_crossentropy,
    focal.categorical_generalized_cross_entropy,
    regression.cosine_similarity,
    regression.huber,
    regression.log_cosh,
    regression.mean_absolute_error,
    regression.mean_absolute_percentage_error,
    regression.mean_squared_error,
    regression.mean_squared_logarithmic_error,
    distributions.dice,
    distributions.kl_divergence,
    distributions.poisson,
    distributions.tversky,
    margins.categorical_hinge,
    margins.circle,
    margins.hinge,
    margins.squared_hinge,
)
SHORT_NAMES: dict[str, Any] = {
    "bce": crossentropy.binary_crossentropy,
    "kld": distributions.kl_divergence,
    "mae": regression.mean_absolute_error,
    "mse": regression.mean_squared_error,
    "mape": regression.mean_absolute_percentage_error,
    "msle": regression.mean_squared_logarithmic_error,
}
_OLD_NAMES: dict[str, Any] = {
    "logcosh": regression.log_cosh,
    "huber_loss": regression.huber,
    "kullback_leibler_divergence": distributions.kl_divergence,
    "cosine_proximity": regression.cosine_similarity,
}
_FAMILY = Family(
    "keras.losses",
    "loss",
    {item.__name__: item for item in (*_CLASSES, *_FUNCTIONS)}
    | SHORT_NAMES
    | {name.upper(): loss for name, loss in SHORT_NAMES.items()}
    | _OLD_NAMES,
)


def serialize(loss: Any) -> Any:
    """The config of a loss, or the name of a loss function.

    Reference: `keras.losses.serialize`.
    """
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that a name or config describes.

    Args:
        name: A name, or what `serialize` gave.
        custom_objects: Classes and functions of your own, by name.

    Reference: `keras.losses.deserialize`.
    """
    return _FAMILY.deserialize(name, custom_objects)


def get(identifier: Any) -> Any:
    """The loss that a name, config, class, instance or function means.

    Raises:
        ValueError: The identifier means none.

    Example:
        >>> tf.keras.losses.get("mse").__name__
        'mean_squared_error'

    Reference: `keras.losses.get`.
    """
    return _FAMILY.get(identifier)
