"""`Identity`: the layer that does nothing."""

from __future__ import annotations

from typing import Any

from lamina.engine import nest
from lamina.engine.graph import KerasTensor
from lamina.keras.layers.base import Layer


class Identity(Layer):
    """Returns its input.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A tensor or a structure of tensors.

    Reference: `keras.layers.Identity`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Returns `inputs`."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """Returns symbolic tensors of the inputs' shapes and dtypes."""
        return nest.map_structure(lambda x: KerasTensor(x.shape, x.dtype), inputs)
