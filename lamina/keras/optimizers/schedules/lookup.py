"""Schedules by config."""

from __future__ import annotations

from typing import Any

from lamina.keras.optimizers.schedules.base import LearningRateSchedule
from lamina.keras.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from lamina.keras.optimizers.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)

_BY_NAME: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The config of a schedule, with its class's name.

    Reference: `keras.optimizers.schedules.serialize`.
    """
    return serialize_keras_object(learning_rate_schedule)  # type: ignore[no-any-return]


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> LearningRateSchedule:
    """A schedule from its config.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes of your own, by name.

    Reference: `keras.optimizers.schedules.deserialize`.
    """
    return deserialize_keras_object(  # type: ignore[no-any-return]
        config, module_objects=_BY_NAME, custom_objects=custom_objects
    )
