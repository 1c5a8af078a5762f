"""What the merging layers share: checks, broadcasting, and masks."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor
from lamina.keras.common.tensors import get_keras_mask, set_keras_mask
from lamina.keras.layers.base import Layer
from lamina.ops.array.casting import cast
from lamina.ops.array.selection import where
from lamina.ops.array.shaping import broadcast_to, expand_dims
from lamina.ops.math.comparison import logical_or
from lamina.ops.math.reduction import reduce_any

Shape = tuple[int | None, ...]


class Merge(Layer):
    """Joins a list of inputs of one shape (up to broadcasting) value by value.

    Subclasses define `_merge_function`, which takes the list of tensors.

    Args:
        **kwargs: `name`, `dtype`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit."""
        self._check_shapes(input_shape)
        self._joined(input_shape)

    def _check_shapes(self, shapes: Any) -> None:
        if not shapes or not isinstance(shapes[0], tuple | list):
            raise self._problem(
                "A merge layer should be called on a list of inputs: input_shape="
                f"{shapes} (not a list of shapes)",
                "a list of at least one tensor",
            )

    def _joined(self, shapes: Any) -> Shape:
        """The shape to which all shapes broadcast, behind a common batch size."""
        sizes = {shape[0] for shape in shapes if shape} - {None}
        if len(sizes) > 1:
            raise self._problem(
                "Cannot merge tensors with different batch sizes: shapes "
                f"{[tuple(s) for s in shapes]}",
                "inputs of one batch size",
            )
        rest: Shape = tuple(shapes[0][1:])
        for shape in shapes[1:]:
            rest = self._broadcast(rest, tuple(shape[1:]), shapes)
        return (sizes.pop() if sizes else None, *rest)

    def _broadcast(self, a: Shape, b: Shape, shapes: Any) -> Shape:
        if len(a) < len(b):
            a, b = b, a
        joined: list[int | None] = list(a[: len(a) - len(b)])
        for x, y in zip(a[len(a) - len(b) :], b, strict=True):
            if x is None or y is None:
                joined.append(None)
            elif x != y and 1 not in (x, y):
                raise self._problem(
                    f"Inputs have incompatible shapes: {[tuple(s) for s in shapes]}",
                    "inputs whose shapes are equal or broadcast",
                )
            else:
                joined.append(y if x == 1 else x)
        return tuple(joined)

    def call(self, inputs: Any) -> Tensor:
        """Returns the joined inputs."""
        if not isinstance(inputs, list | tuple):
            raise self._problem(
                "A merge layer should be called on a list of inputs: "
                f"inputs={inputs} (not a list of tensors)",
                "a list of tensors",
            )
        rank = max(len(x.shape) for x in inputs)
        aligned = []
        for x in inputs:
            mask = get_keras_mask(x)
            for _ in range(rank - len(x.shape)):
                x = expand_dims(x, 1)
            if mask is not None and get_keras_mask(x) is None and rank == len(x.shape):
                set_keras_mask(x, mask)
            aligned.append(x)
        return self._merge_function(aligned)

    def _apply(self, function: Any, inputs: list[Any]) -> Tensor:
        """`function` from left to right, leaving out masked values."""
        output, output_mask = inputs[0], _full_mask(inputs[0])
        for x in inputs[1:]:
            mask = _full_mask(x)
            if mask is not None:
                x = where(mask, x, output)
            if output_mask is not None:
                output = where(output_mask, output, x)
            both = mask is not None and output_mask is not None
            output_mask = logical_or(output_mask, mask) if both else None
            output = function(output, x)
        if output_mask is not None and len(inputs) > 1:
            set_keras_mask(output, reduce_any(output_mask, axis=-1))
        return output

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Returns the shape to which the inputs' shapes broadcast."""
        self._check_shapes(input_shape)
        return self._joined(input_shape)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Returns a symbolic tensor of the output's shape."""
        shape = self.compute_output_shape([tuple(x.shape) for x in inputs])
        return KerasTensor(shape, self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the positions that any input keeps; None if one has no mask."""
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        if any(m is None for m in mask):
            return None
        output = cast(mask[0], "bool")
        for other in mask[1:]:
            output = logical_or(output, cast(other, "bool"))
        return output

    def _check_masks(self, inputs: Any, mask: Any) -> None:
        problem = None
        if not isinstance(mask, list | tuple):
            problem = f"`mask` should be a list: mask={mask}"
        elif not isinstance(inputs, list | tuple):
            problem = f"`inputs` should be a list: inputs={inputs}"
        elif len(mask) != len(inputs):
            problem = (
                "The lists `inputs` and `mask` should have the same length: "
                f"{len(inputs)} and {len(mask)}"
            )
        if problem is not None:
            raise self._problem(problem, "one mask (or None) for each input")

    def _problem(self, received: str, expected: str) -> ValueError:
        return ValueError(
            message(
                f"keras.layers.{type(self).__name__}",
                expected=expected,
                received=received,
                hint=f"Call it as {type(self).__name__}()([a, b]).",
            )
        )


def _full_mask(x: Any) -> Any:
    """The mask of `x`, spread over its last axis."""
    mask = get_keras_mask(x)
    if mask is None:
        return None
    return broadcast_to(expand_dims(mask, -1), tuple(x.shape))
