"""`Cropping1D`, `Cropping2D` and `Cropping3D`."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.layers.arguments import arguments_config, integer_tuple
from lamina.keras.layers.reshaping.spatial_layers import Sides, SpatialLayer, sides

_VALUES = (
    "Values in `cropping` argument should be smaller than the corresponding spatial "
    "dimension of the input"
)
_LIMIT = {
    1: "`cropping` parameter of `Cropping1D` layer must be smaller than the input "
    "length",
    2: _VALUES,
    3: _VALUES,
}


class _Cropping(SpatialLayer):
    _sides: Sides

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` without its borders."""
        self.compute_output_shape(inputs.shape)
        key = [slice(None)] * len(inputs.shape)
        for axis, (low, high) in enumerate(self._sides, self._first_axis):
            key[axis] = slice(low, inputs.shape[axis] - high)
        return inputs[tuple(key)]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the input's shape, made smaller.

        Raises:
            ValueError: Nothing would be left.
        """
        shape = list(input_shape)
        for axis, amounts in enumerate(self._sides, self._first_axis):
            if shape[axis] is None:
                continue
            shape[axis] -= sum(amounts)
            if shape[axis] <= 0:
                raise ValueError(
                    message(
                        f"keras.layers.{type(self).__name__}",
                        expected=_LIMIT[self.rank],
                        received=f"input_shape={tuple(input_shape)}, "
                        f"cropping={self._sides}",
                        hint="Crop less.",
                    )
                )
        return tuple(shape)


class Cropping1D(_Cropping):
    """Removes steps at the two ends.

    Args:
        cropping: How many, or a pair for the two ends.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A tensor `(B, T, C)`.

    Reference: `keras.layers.Cropping1D`.
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__("channels_last", **kwargs)
        self.cropping = integer_tuple(
            "Cropping1D", "cropping", cropping, 2, allow_zero=True
        )
        self._sides = ((self.cropping[0], self.cropping[1]),)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Cropping1D, self)}


class Cropping2D(_Cropping):
    """Removes rows and columns at the borders of images.

    Args:
        cropping: How many on each side, or two for height and width, or two pairs
            `((top, bottom), (left, right))`.
        data_format: `"channels_last"` for inputs `(B, H, W, C)`, `"channels_first"`
            for `(B, C, H, W)`, None for the global setting.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.Cropping2D`.
    """

    rank = 2

    def __init__(
        self,
        cropping: Any = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = self._sides = sides("Cropping2D", "cropping", cropping, 2)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Cropping2D, self)}


class Cropping3D(_Cropping):
    """Removes the borders of volumes.

    Args:
        cropping: How many on each side, or three, one for each dimension, or three
            pairs.
        data_format: `"channels_last"` for inputs `(B, D, H, W, C)`,
            `"channels_first"` for `(B, C, D, H, W)`, None for the global setting.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.Cropping3D`.
    """

    rank = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = self._sides = sides("Cropping3D", "cropping", cropping, 3)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Cropping3D, self)}
