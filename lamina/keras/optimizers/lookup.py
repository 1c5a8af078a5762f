"""Optimizers and schedules by name and by config."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import InvalidArgumentError
from lamina.keras.optimizers.adafactor import Adafactor
from lamina.keras.optimizers.adagrad import Adadelta, Adagrad
from lamina.keras.optimizers.adam import Adam, Adamax, AdamW
from lamina.keras.optimizers.base import Optimizer
from lamina.keras.optimizers.ftrl import Ftrl
from lamina.keras.optimizers.lamb import Lamb
from lamina.keras.optimizers.lion import Lion
from lamina.keras.optimizers.loss_scale import LossScaleOptimizer
from lamina.keras.optimizers.multi import MultiOptimizer, OptimizerMap
from lamina.keras.optimizers.muon import Muon
from lamina.keras.optimizers.nadam import Nadam
from lamina.keras.optimizers.rmsprop import RMSprop
from lamina.keras.optimizers.schedule_free import ScheduleFreeAdamW
from lamina.keras.optimizers.sgd import SGD
from lamina.keras.saving.registry import get_registered_object
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)

_CLASSES: tuple[type[Optimizer], ...] = (
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    AdamW,
    Adamax,
    Ftrl,
    Lamb,
    Lion,
    LossScaleOptimizer,
    MultiOptimizer,
    Muon,
    Nadam,
    RMSprop,
    SGD,
    ScheduleFreeAdamW,
)
_BY_NAME: dict[str, Any] = {cls.__name__.lower(): cls for cls in _CLASSES} | {
    "optimizermap": OptimizerMap
}


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The config of an optimizer, with its class's name.

    Reference: `keras.optimizers.serialize`.
    """
    return serialize_keras_object(optimizer)  # type: ignore[no-any-return]


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> Optimizer:
    """An optimizer from its config; names of built-in ones in any case.

    Args:
        config: What `serialize` gave, or `{"class_name": ..., "config": ...}`.
        custom_objects: Classes of your own, by name.

    Reference: `keras.optimizers.deserialize`.
    """
    name = config.get("class_name", "")
    if isinstance(name, str) and name.lower() in _BY_NAME:
        config = config | {"class_name": name.lower()}
    return deserialize_keras_object(  # type: ignore[no-any-return]
        config, module_objects=_BY_NAME, custom_objects=custom_objects
    )


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that a name, config, or instance means; None stays None.

    Raises:
        InvalidArgumentError: The identifier means no optimizer.

    Reference: `keras.optimizers.get`.
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, str) and _is_known(identifier):
        found = deserialize({"class_name": identifier, "config": {}})
    elif isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, type) and issubclass(identifier, Optimizer):
        found = identifier()  # type: ignore[call-arg]
    if isinstance(found, Optimizer):
        return found
    raise InvalidArgumentError.of(
        "keras.optimizers.get",
        expected="the name, config or instance of an optimizer: "
        + ", ".join(cls.__name__ for cls in _CLASSES),
        received=f"Could not interpret optimizer identifier: {identifier!r}",
        hint='For example "adam", or keras.optimizers.Adam(0.001).',
    )


def _is_known(name: str) -> bool:
    return name.lower() in _BY_NAME or get_registered_object(name) is not None
