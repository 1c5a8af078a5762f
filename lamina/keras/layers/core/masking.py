"""`Masking`: leaving out time steps that hold one value only."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.common.tensors import set_keras_mask
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.keras.saving.serialization import deserialize_keras_object
from lamina.ops.array.casting import cast
from lamina.ops.math.comparison import not_equal
from lamina.ops.math.reduction import reduce_any


class Masking(Layer):
    """Masks the steps whose features all equal `mask_value`.

    The masked steps become 0 in the output, and the layers that follow skip them.

    Args:
        mask_value: The value of a step to leave out.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A tensor `(B, T, ..., D)`.

    Returns:
        A tensor of the same shape with a mask `(B, T, ...)`.

    Reference: `keras.layers.Masking`.
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, dict):
            mask_value = deserialize_keras_object(mask_value)
        self.mask_value = mask_value
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` with zeros at the masked steps."""
        mask = self.compute_mask(inputs)
        outputs = inputs * cast(mask, inputs.dtype)[..., None]
        set_keras_mask(outputs, mask)
        return outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor:
        """Returns which steps are kept, `(B, T, ...)`."""
        return reduce_any(not_equal(inputs, self.mask_value), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Masking, self)}
