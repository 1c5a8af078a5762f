"""`Softmax`, over one or several axes, with a mask."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.activations import smooth
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.ops.array.selection import where


class Softmax(Layer):
    """`exp(x) / sum(exp(x))` along `axis`, leaving out masked values.

    Args:
        axis: The axis, or several, whose values sum to 1.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A floating tensor.
        mask: True for the values that count; broadcasts to `inputs`. The others
            become 0.

    Raises:
        ValueError: The mask does not broadcast to the inputs.

    Reference: `keras.layers.Softmax`.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, mask: Any = None) -> Tensor:
        """Returns the softmax of `inputs`."""
        axis = tuple(self.axis) if isinstance(self.axis, list | tuple) else self.axis
        if mask is None:
            return smooth.softmax(inputs, axis=axis)
        _check_mask(inputs.shape, mask.shape)
        if mask.dtype != "bool":
            mask = mask > 0.5
        low = -3e4 if inputs.dtype == "float16" else -1e9
        outputs = smooth.softmax(where(mask, inputs, low), axis=axis)
        return where(mask, outputs, 0.0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Softmax, self)}


def _check_mask(inputs: Any, mask: Any) -> None:
    pairs = zip(reversed(mask), reversed(inputs), strict=False)
    fits = all(m in (1, None, n) or n is None for m, n in pairs)
    if len(mask) > len(inputs) or not fits:
        raise ValueError(
            message(
                "keras.layers.Softmax",
                expected="a `mask` that is broadcastable to `inputs` and must not "
                "have more dimensions",
                received=f"inputs.shape={tuple(inputs)}, mask.shape={tuple(mask)}",
                hint="Give each mask axis size 1 or the size of the input's axis.",
            )
        )
