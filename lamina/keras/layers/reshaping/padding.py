"""`ZeroPadding1D`, `ZeroPadding2D` and `ZeroPadding3D`."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.layers.arguments import arguments_config, integer_tuple
from lamina.keras.layers.reshaping.spatial_layers import Sides, SpatialLayer, sides
from lamina.ops.array.padding import pad


class _ZeroPadding(SpatialLayer):
    _sides: Sides

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` with zeros around the spatial axes."""
        none = ((0, 0),)
        before = none * self._first_axis
        after = none * (len(inputs.shape) - self._first_axis - self.rank)
        return pad(inputs, before + self._sides + after)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the input's shape, enlarged."""
        shape = list(input_shape)
        for axis, amounts in enumerate(self._sides, self._first_axis):
            if shape[axis] is not None:
                shape[axis] += sum(amounts)
        return tuple(shape)


class ZeroPadding1D(_ZeroPadding):
    """Adds zeros before the first step and after the last one.

    Args:
        padding: How many, or a pair for the two ends.
        data_format: `"channels_last"` for inputs `(B, T, C)`, `"channels_first"` for
            `(B, C, T)`, None for the global setting.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.ZeroPadding1D`.
    """

    rank = 1

    def __init__(
        self, padding: Any = 1, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = integer_tuple(
            "ZeroPadding1D", "padding", padding, 2, allow_zero=True
        )
        self._sides = ((self.padding[0], self.padding[1]),)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(ZeroPadding1D, self)}


class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: How many on each side, or two for height and width, or two pairs
            `((top, bottom), (left, right))`.
        data_format: `"channels_last"` for inputs `(B, H, W, C)`, `"channels_first"`
            for `(B, C, H, W)`, None for the global setting.
        **kwargs: `name`, `dtype`, `input_shape`.

    Reference: `keras.layers.ZeroPadding2D`.
    """

    rank = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = self._sides = sides("ZeroPadding2D", "padding", padding, 2)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(ZeroPadding2D, self)}


class ZeroPadding3D(_ZeroPadding):
    """Adds zeros around volumes.

    Args:
        padding: How many on each side, or three, one for each dimension, or three
            pairs.
        data_format: `"channels_last"` for inputs `(B, D, H, W, C)`,
            `"channels_first"` for `(B, C, D, H, W)`, None for the global setting.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.ZeroPadding3D`.
    """

    rank = 3

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = self._sides = sides("ZeroPadding3D", "padding", padding, 3)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(ZeroPadding3D, self)}
