"""Finding constraints by name, config, class or function."""

from __future__ import annotations

from typing import Any

from lamina.keras.constraints.projections import (
    Constraint,
    MaxNorm,
    MinMaxNorm,
    NonNeg,
    UnitNorm,
)
from lamina.keras.saving.family import Family
from lamina.keras.saving.serialization import serialize_keras_object

_FAMILY = Family(
    "keras.constraints",
    "constraint",
    {
        "Constraint": Constraint,
        "MaxNorm": MaxNorm,
        "MinMaxNorm": MinMaxNorm,
        "NonNeg": NonNeg,
        "UnitNorm": UnitNorm,
        "constraint": Constraint,
        "max_norm": MaxNorm,
        "maxnorm": MaxNorm,
        "min_max_norm": MinMaxNorm,
        "minmaxnorm": MinMaxNorm,
        "non_neg": NonNeg,
        "nonneg": NonNeg,
        "unit_norm": UnitNorm,
        "unitnorm": UnitNorm,
    },
)


def serialize(constraint: Any) -> Any:
    """Returns the JSON-able description of a constraint.

    Reference: `keras.constraints.serialize`.
    """
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Makes a constraint from what `serialize` returned, or from a name.

    Args:
        config: The description.
        custom_objects: Classes or functions by name, searched first.

    Reference: `keras.constraints.deserialize`.
    """
    return _FAMILY.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """Returns the constraint that `identifier` means.

    Args:
        identifier: A name, a config dict, a class, an instance, a function of one
            tensor, or None (which gives None).

    Raises:
        ValueError: `identifier` means no constraint.

    Reference: `keras.constraints.get`.
    """
    return _FAMILY.get(identifier)
