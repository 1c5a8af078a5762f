"""`keras.layers.serialize` and `keras.layers.deserialize`."""

from __future__ import annotations

from typing import Any

from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


def serialize(layer: Any) -> dict[str, Any]:
    """Returns the JSON-able description of a layer.

    Reference: `keras.layers.serialize`.
    """
    return serialize_keras_object(layer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Makes a layer from what `serialize` returned.

    Args:
        config: The description.
        custom_objects: Classes or functions by name, searched first.

    Raises:
        ValueError: The config names no layer.

    Reference: `keras.layers.deserialize`.
    """
    layer = deserialize_keras_object(config, custom_objects=custom_objects)
    if not hasattr(layer, "get_config"):
        raise ValueError(
            "keras.layers.deserialize: expected the config of a layer. Received: "
            f"config={config}. Pass what keras.layers.serialize returned."
        )
    return layer
