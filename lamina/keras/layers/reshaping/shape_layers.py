"""`Flatten`, `Reshape`, `Permute` and `RepeatVector`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor
from lamina.keras.config import standardize_data_format
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.ops.array.joining import repeat
from lamina.ops.array.shaping import reshape, transpose


class Flatten(Layer):
    """Joins all axes but the batch into one.

    Args:
        data_format: With `"channels_first"` the channels are moved to the end
            first, so that both layouts give the same order.
        **kwargs: `name`, `dtype`, `input_shape`.

    Call arguments:
        inputs: A tensor `(B, ...)`.

    Returns:
        A tensor `(B, D)` of the inputs' dtype; D is 1 for inputs of rank 1.

    Reference: `keras.layers.Flatten`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` with one axis after the batch."""
        shape = inputs.shape
        if self.data_format == "channels_first" and len(shape) > 2:
            inputs = transpose(inputs, (0, *range(2, len(shape)), 1))
        return reshape(inputs, (shape[0], math.prod(shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `(B, D)`."""
        rest = input_shape[1:]
        return input_shape[0], None if None in rest else math.prod(rest)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Returns a symbolic tensor of the output's shape and the inputs' dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Flatten, self)}


class Reshape(Layer):
    """Gives each example another shape with the same number of values.

    Args:
        target_shape: The shape without the batch; one entry may be -1, for the size
            that fits.
        **kwargs: `name`, `dtype`, `input_shape`.

    Call arguments:
        inputs: A tensor `(B, ...)`.

    Returns:
        A tensor `(B, *target_shape)` of the inputs' dtype.

    Raises:
        ValueError: The number of values differs, or `target_shape` is no shape.

    Reference: `keras.layers.Reshape`.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        valid = all(
            isinstance(n, int | None) and (n is None or n >= -1)
            for n in self.target_shape
        )
        if not valid or self.target_shape.count(-1) > 1:
            raise _reshape_problem(
                f"target_shape={self.target_shape}",
                "sizes of zero or more in `target_shape`, and at most one -1 (there "
                "must be at most one unknown dimension)",
            )
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` in the new shape."""
        shape = self.compute_output_shape(tuple(inputs.shape))
        return reshape(inputs, tuple(-1 if n is None else n for n in shape))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `(B, *target_shape)`, with -1 replaced by its size if known.

        Raises:
            ValueError: The number of values differs.
        """
        given = tuple(input_shape[1:])
        target = tuple(None if n == -1 else n for n in self.target_shape)
        if None in given:
            return (input_shape[0], *target)
        known = math.prod(n for n in target if n is not None)
        total = math.prod(given)
        fits = total == known if None not in target else known and not total % known
        if not fits:
            raise _reshape_problem(
                f"input_shape={tuple(input_shape)}, target_shape={self.target_shape}",
                "`target_shape` to hold as many values as the input: the total size "
                f"of the tensor must be unchanged, and {total} is not {known}"
                + (" times a whole number" if None in target else ""),
            )
        if None in target:
            target = tuple(total // known if n is None else n for n in target)
        return (input_shape[0], *target)

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Returns a symbolic tensor of the output's shape and the inputs' dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Reshape, self)}


class Permute(Layer):
    """Puts the axes of each example in another order.

    Args:
        dims: The axes in their new order, counted from 1; the batch stays first.
        **kwargs: `name`, `dtype`, `input_shape`.

    Call arguments:
        inputs: A tensor `(B, ...)` of rank `len(dims) + 1`.

    Returns:
        The transposed tensor.

    Raises:
        ValueError: `dims` is no permutation of 1, 2, ….

    Reference: `keras.layers.Permute`.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                message(
                    "keras.layers.Permute",
                    expected="`dims` to hold each of 1 to its length once",
                    received="Invalid permutation argument `dims` for Permute Layer. "
                    "The set of indices in `dims` must be consecutive and start from "
                    f"1: dims={dims}",
                    hint="For example (2, 1) swaps two axes.",
                )
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` with its axes in the new order."""
        return transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the input's shape in the new order."""
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def compute_output_spec(self, inputs: Any) -> KerasTensor:
        """Returns a symbolic tensor of the output's shape and the inputs' dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Permute, self)}


class RepeatVector(Layer):
    """Repeats each vector `n` times, as the steps of a sequence.

    Args:
        n: How often.
        **kwargs: `name`, `dtype`, `input_shape`.

    Call arguments:
        inputs: A tensor `(B, D)`.

    Returns:
        A tensor `(B, n, D)`.

    Raises:
        TypeError: `n` is not an integer.

    Reference: `keras.layers.RepeatVector`.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise TypeError(
                message(
                    "keras.layers.RepeatVector",
                    expected="Expected an integer value for `n`",
                    received=f"n={n!r} (of type {type(n)})",
                    hint="Pass how often to repeat.",
                )
            )
        self.n = n
        self.input_spec = InputSpec(ndim=2)
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns each vector `n` times."""
        return repeat(inputs[:, None, :], self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `(B, n, D)`."""
        return input_shape[0], self.n, input_shape[1]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(RepeatVector, self)}


def _reshape_problem(received: str, expected: str) -> ValueError:
    return ValueError(
        message(
            "keras.layers.Reshape",
            expected=expected,
            received=received,
            hint="Use -1 for one size to be worked out.",
        )
    )
