"""How layers and models are pickled: as a config and the values of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.keras.saving.builtins import public_location
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


def reduce_layer(layer: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What `pickle` keeps of a layer or model.

    Classes that are not built in are kept by reference, as `pickle` does with classes
    everywhere; the config itself holds no code.
    """
    classes = {
        type(each).__name__: type(each)
        for each in [layer, *layer._flatten_layers(include_self=False)]
        if public_location(type(each)) is None
    }
    optimizer = getattr(layer, "optimizer", None)
    slots = list(optimizer.variables) if optimizer is not None else []
    return rebuild_layer, (
        serialize_keras_object(layer),
        {name: cls for name, cls in classes.items() if name != "Functional"},
        [np.asarray(v.numpy()) for v in layer.variables],
        [np.asarray(v.numpy()) for v in slots],
    )


def rebuild_layer(
    config: dict[str, Any],
    classes: dict[str, type],
    values: list[Any],
    slots: list[Any],
) -> Any:
    """The layer or model that `reduce_layer` took apart."""
    layer = deserialize_keras_object(config, custom_objects=classes)
    _assign(layer.variables, values)
    optimizer = getattr(layer, "optimizer", None)
    if optimizer is not None and slots:
        if not optimizer.built:
            optimizer.build(layer.trainable_variables)
        _assign(list(optimizer.variables), slots)
    return layer


def _assign(variables: list[Any], values: list[Any]) -> None:
    if len(variables) == len(values):
        for variable, value in zip(variables, values):
            variable.assign(value)
