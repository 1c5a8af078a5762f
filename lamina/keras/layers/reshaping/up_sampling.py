"""`UpSampling1D`, `UpSampling2D` and `UpSampling3D`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.errors import message
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.layers.arguments import (
    arguments_config,
    integer_tuple,
    one_of,
    positive_integer,
)
from lamina.keras.layers.reshaping.spatial_layers import SpatialLayer


@op("keras.layers.upsample")
def _enlarge(
    x: TensorLike, factors: tuple[int, ...], first: int, method: str = "nearest"
) -> Array:
    """`x` with its axes from `first` on enlarged by `factors`."""
    if method == "nearest":
        for axis, factor in enumerate(factors, first):
            x = jnp.repeat(x, factor, axis=axis)
        return x
    shape = list(x.shape)
    for axis, factor in enumerate(factors, first):
        shape[axis] *= factor
    return jax.image.resize(x, tuple(shape), method)


class _UpSampling(SpatialLayer):
    size: Any
    interpolation = "nearest"

    def _factors(self) -> tuple[int, ...]:
        return (self.size,) if isinstance(self.size, int) else self.size

    def call(self, inputs: Any) -> Tensor:
        """Returns the enlarged inputs."""
        return _enlarge(inputs, self._factors(), self._first_axis, self.interpolation)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the input's shape, enlarged."""
        shape = list(input_shape)
        for axis, factor in enumerate(self._factors(), self._first_axis):
            shape[axis] = None if shape[axis] is None else shape[axis] * factor
        return tuple(shape)


class UpSampling1D(_UpSampling):
    """Repeats each step `size` times.

    Args:
        size: How often.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A tensor `(B, T, C)`.

    Reference: `keras.layers.UpSampling1D`.
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__("channels_last", **kwargs)
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(
                message(
                    "keras.layers.UpSampling1D",
                    expected="Expected an integer value for `size`",
                    received=f"size={size!r} (of type {type(size)})",
                    hint="Pass how often to repeat.",
                )
            )
        self.size = positive_integer("UpSampling1D", "size", size)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(UpSampling1D, self)}


class UpSampling2D(_UpSampling):
    """Enlarges images by whole factors.

    Args:
        size: The factor, or two for height and width.
        data_format: `"channels_last"` for inputs `(B, H, W, C)`, `"channels_first"`
            for `(B, C, H, W)`, None for the global setting.
        interpolation: `"nearest"` (which repeats), `"bilinear"`, `"bicubic"`,
            `"lanczos3"` or `"lanczos5"`.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: An argument is out of range.

    Reference: `keras.layers.UpSampling2D`.
    """

    rank = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = integer_tuple("UpSampling2D", "size", size, 2)
        self.interpolation = one_of(
            "UpSampling2D",
            "interpolation",
            interpolation,
            ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(UpSampling2D, self)}


class UpSampling3D(_UpSampling):
    """Repeats the values of volumes along each dimension.

    Args:
        size: How often, or three, one for each dimension.
        data_format: `"channels_last"` for inputs `(B, D, H, W, C)`,
            `"channels_first"` for `(B, C, D, H, W)`, None for the global setting.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.UpSampling3D`.
    """

    rank = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.size = integer_tuple("UpSampling3D", "size", size, 3)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(UpSampling3D, self)}
