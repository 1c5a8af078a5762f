"""What the pooling layers share."""

from __future__ import annotations

from typing import Any, ClassVar

from lamina.engine.errors import message
from lamina.keras.config import standardize_data_format
from lamina.keras.layers.arguments import arguments_config, integer_tuple, one_of
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec


class Pooling(Layer):
    """Pools over windows of `rank` spatial dimensions; subclasses set `pool`.

    Args:
        pool_size: The window, an integer or one for each spatial dimension.
        strides: The step of the window; `pool_size` if None.
        padding: `"valid"`, or `"same"` for an output of the input's size over the
            stride.
        data_format: `"channels_last"` for inputs `(B, ..., C)`, `"channels_first"`
            for `(B, C, ...)`, None for the global setting.
        name: The layer's name.
        **kwargs: `dtype`.

    Call arguments:
        inputs: A floating tensor of rank `rank + 2`.

    Raises:
        ValueError: An argument is out of range, or the input is smaller than the
            window.
    """

    rank: ClassVar[int]
    pool: ClassVar[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "rank" in cls.__dict__ and cls.__doc__:
            # The public classes share everything but their rank and their function.
            shared = (Pooling.__doc__ or "").partition("\n\n")[2]
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{shared}"

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        kind, rank = type(self).__name__, self.rank
        self.pool_size = integer_tuple(kind, "pool_size", pool_size, rank)
        strides = self.pool_size if strides is None else strides
        self.strides = integer_tuple(kind, "strides", strides, rank)
        self.padding = one_of(kind, "padding", padding, ("valid", "same"))
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Returns the pooled inputs."""
        return type(self).pool(
            inputs,
            self.pool_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
        )

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the output's shape.

        Raises:
            ValueError: The input is smaller than the window.
        """
        first = 1 if self.data_format == "channels_last" else 2
        shape = list(input_shape)
        for axis, (width, step) in enumerate(
            zip(self.pool_size, self.strides, strict=True), first
        ):
            if shape[axis] is None:
                continue
            reach = width if self.padding == "valid" else 1
            shape[axis] = (shape[axis] - reach) // step + 1
            if shape[axis] <= 0:
                raise ValueError(
                    message(
                        f"keras.layers.{type(self).__name__}",
                        expected="an input at least as large as the window",
                        received="Computed output size would be negative or zero: "
                        f"input_shape={tuple(input_shape)}, pool_size="
                        f"{self.pool_size}",
                        hint="Pool less, use padding='same', or enlarge the input.",
                    )
                )
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Pooling, self)}


class GlobalPooling(Layer):
    """Pools over all spatial positions; subclasses set `rank` and `_reduce`.

    Args:
        data_format: `"channels_last"` for inputs `(B, ..., C)`, `"channels_first"`
            for `(B, C, ...)`, None for the global setting.
        keepdims: Whether the spatial axes stay, with size 1.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A floating tensor of rank `rank + 2`.

    Returns:
        A tensor `(B, C)`, or with ones for the spatial axes if `keepdims`.
    """

    rank: ClassVar[int]
    reduce: ClassVar[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "rank" in cls.__dict__ and cls.__doc__:
            shared = (GlobalPooling.__doc__ or "").partition("\n\n")[2]
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{shared}"

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    @property
    def _axes(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def call(self, inputs: Any) -> Any:
        """Returns the inputs reduced over the spatial axes."""
        return type(self).reduce(inputs, axis=self._axes, keepdims=self.keepdims)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the output's shape."""
        if self.keepdims:
            axes = self._axes
            return tuple(1 if i in axes else n for i, n in enumerate(input_shape))
        return tuple(n for i, n in enumerate(input_shape) if i not in self._axes)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(GlobalPooling, self)}
