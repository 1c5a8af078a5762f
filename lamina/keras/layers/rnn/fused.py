"""What `LSTM`, `GRU` and `SimpleRNN` share: an `RNN` that shows its cell's options."""

from __future__ import annotations

from typing import Any

from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.layers.rnn.rnn import RNN


def of_cell(name: str) -> Any:
    """A property that reads the attribute `name` of the cell."""
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


class FusedRNN(RNN):
    """An `RNN` of a built-in cell; the whole sequence is one operation."""

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    units = of_cell("units")
    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **Layer.get_config(self),
            **arguments_config(RNN, self, ("cell",)),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Makes the layer from the dict that `get_config` returned."""
        return Layer.from_config.__func__(cls, config)  # type: ignore[attr-defined]
