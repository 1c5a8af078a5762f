"""`StackedRNNCells`: several cells that run as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.keras.layers.base import Layer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.ops.array.creation import zeros


class StackedRNNCells(Layer):
    """A cell made of cells, each of which takes the output of the one before.

    Args:
        cells: The cells.
        **kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: A cell has no `call` or `state_size`.

    Reference: `keras.layers.StackedRNNCells`.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            for name in ("call", "state_size"):
                if name not in dir(cell):
                    article = "method" if name == "call" else "attribute"
                    raise ValueError(
                        message(
                            "keras.layers.StackedRNNCells",
                            expected=f"All cells must have a `{name}` {article}",
                            received=f"cell={cell}",
                            hint="For example SimpleRNNCell(8).",
                        )
                    )
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The state sizes of the cells."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The output size of the last cell."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Returns the first states of the cells."""
        states: list[Any] = []
        for cell in self.cells:
            make = getattr(cell, "get_initial_state", None)
            if make is not None:
                states.append(make(batch_size=batch_size))
                continue
            states.append(
                nest.map_structure(
                    lambda size: zeros((batch_size, size), self.compute_dtype),
                    cell.state_size,
                )
            )
        return states

    def build(self, input_shape: Any) -> None:
        """Builds the cells, each for the output of the one before."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], _output_size(cell))

    def call(
        self, inputs: Any, states: Any, training: Any = False, **kwargs: Any
    ) -> tuple[Any, Any]:
        """Returns the output of the last cell, and the new states of all."""
        new_states = []
        for cell, before in zip(self.cells, states, strict=True):
            many = nest.is_nested(before)
            options = dict(kwargs)
            if getattr(cell, "_call_has_training_arg", False):
                options["training"] = training
            function = cell if callable(cell) else cell.call
            inputs, after = function(
                inputs, list(before) if many else [before], **options
            )
            after = list(after) if nest.is_nested(after) else [after]
            new_states.append(after if many else after[0])
        return inputs, new_states

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        cells = [serialize_keras_object(cell) for cell in self.cells]
        return {**super().get_config(), "cells": cells}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Makes the layer from the dict that `get_config` returned."""
        config = dict(config)
        cells = config.pop("cells")
        made = [deserialize_keras_object(cell, custom_objects) for cell in cells]
        return cls(made, **config)


def _output_size(cell: Any) -> int:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    sizes = cell.state_size
    return sizes[0] if isinstance(sizes, list | tuple) else sizes
