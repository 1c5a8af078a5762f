"""`Rescaling`."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.tensor import Tensor
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.ops.array.casting import cast


class Rescaling(Layer):
    """`inputs * scale + offset`, the same in training and inference.

    Args:
        scale: A number, or an array that broadcasts to the inputs.
        offset: A number, or an array that broadcasts to the inputs.
        **kwargs: `name`, `dtype`, `input_shape`.

    Call arguments:
        inputs: A tensor; integers become the compute dtype.

    Example:
        >>> Rescaling(1 / 255)(tf.constant([0.0, 51.0, 255.0])).numpy().round(1)
        array([0. , 0.2, 1. ], dtype=float32)

    Reference: `keras.layers.Rescaling`.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs * scale + offset` in the compute dtype."""
        x = cast(inputs, self.compute_dtype)
        return x * self._operand(self.scale) + self._operand(self.offset)

    def _operand(self, value: Any) -> Any:
        if isinstance(value, int | float):
            return value
        return cast(np.asarray(value, np.float64), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = arguments_config(Rescaling, self)
        written = {name: serialize_keras_object(v) for name, v in config.items()}
        return {**super().get_config(), **written}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer from the dict that `get_config` returned."""
        config = dict(config)
        for name in ("scale", "offset"):
            if isinstance(config.get(name), dict):
                config[name] = deserialize_keras_object(config[name])
        return super().from_config(config)
