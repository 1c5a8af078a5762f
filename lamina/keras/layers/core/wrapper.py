"""`Wrapper`: the base of layers that hold another layer."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.keras.layers.base import Layer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Wrapper(Layer):
    """A layer around another layer, which it builds and saves.

    Args:
        layer: The inner layer.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: `layer` is not a layer.

    Reference: `keras.layers.Wrapper`.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                message(
                    f"keras.layers.{type(self).__name__}",
                    expected="a keras.layers.Layer instance as `layer`",
                    received=f"Layer {layer} supplied to Wrapper isn't a supported "
                    "layer type. Please ensure wrapped layer is a valid Keras layer",
                    hint="Make an instance of the layer first, such as Dense(8).",
                )
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the inner layer for `input_shape`."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **super().get_config(),
            "layer": serialize_keras_object(self.layer),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Makes the layer from the dict that `get_config` returned."""
        config = dict(config)
        layer = deserialize_keras_object(config.pop("layer"), custom_objects)
        return cls(layer, **config)
