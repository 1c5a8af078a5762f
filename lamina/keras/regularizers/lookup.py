"""Finding regularizers by name, config, class or function."""

from __future__ import annotations

from typing import Any

from lamina.keras.regularizers.penalties import (
    L1,
    L1L2,
    L2,
    OrthogonalRegularizer,
    Regularizer,
)
from lamina.keras.saving.family import Family
from lamina.keras.saving.serialization import serialize_keras_object

_FAMILY = Family(
    "keras.regularizers",
    "regularizer",
    {
        "L1": L1,
        "L1L2": L1L2,
        "L2": L2,
        "OrthogonalRegularizer": OrthogonalRegularizer,
        "Regularizer": Regularizer,
        "l1": L1,
        "l1_l2": L1L2,
        "l1l2": L1L2,
        "l2": L2,
        "orthogonal_regularizer": OrthogonalRegularizer,
        "regularizer": Regularizer,
    },
)


def serialize(regularizer: Any) -> Any:
    """Returns the JSON-able description of a regularizer.

    Reference: `keras.regularizers.serialize`.
    """
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Makes a regularizer from what `serialize` returned, or from a name.

    Args:
        config: The description.
        custom_objects: Classes or functions by name, searched first.

    Reference: `keras.regularizers.deserialize`.
    """
    return _FAMILY.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns the regularizer that `identifier` means.

    Args:
        identifier: A name, a config dict, a class, an instance, a function of one
            tensor, or None (which gives None).

    Raises:
        ValueError: `identifier` means no regularizer.

    Reference: `keras.regularizers.get`.
    """
    return _FAMILY.get(identifier)
