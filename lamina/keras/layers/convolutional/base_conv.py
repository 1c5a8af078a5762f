"""What the convolution layers share: arguments, checks, shapes, bias, activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.activations import lookup as activations
from lamina.keras.activations.smooth import linear
from lamina.keras.config import standardize_data_format
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import floating, integer_tuple, one_of
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.shaping import reshape


class ConvLayer(Layer):
    """The base of all convolution layers.

    Subclasses set `rank`, the number of spatial dimensions, make their kernels in
    `_make_kernels` and convolve in `_convolve`.
    """

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    bias: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "rank" in cls.__dict__ and cls.__doc__:
            # The public classes differ in their rank only and share the rest.
            shared = (cls.__bases__[0].__doc__ or "").partition("\n\n")[2]
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{shared}"

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        kind, rank = type(self).__name__, self.rank
        self.kernel_size = integer_tuple(kind, "kernel_size", kernel_size, rank)
        self.strides = integer_tuple(kind, "strides", strides, rank)
        self.dilation_rate = integer_tuple(kind, "dilation_rate", dilation_rate, rank)
        self.padding = one_of(kind, "padding", padding, self.paddings)
        self.data_format = standardize_data_format(data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=rank + 2)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise self._problem(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. "
                f"Received: strides={self.strides} and "
                f"dilation_rate={self.dilation_rate}",
                "strides or a dilation rate, not both",
            )

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def build(self, input_shape: Any) -> None:
        """Makes the kernels and the bias."""
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise self._problem(
                "The channel dimension of the inputs should be defined: input_shape="
                f"{tuple(input_shape)}, where axis {self._channel_axis} is None",
                "a fixed number of input channels",
            )
        self._make_kernels(channels)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self._output_channels(channels),),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.compute_output_shape(input_shape)
        self.input_spec = InputSpec(
            min_ndim=self.rank + 2, axes={self._channel_axis: channels}
        )

    def _make_kernels(self, channels: int) -> None:
        raise NotImplementedError

    def _convolve(self, inputs: Any) -> Tensor:
        raise NotImplementedError

    def _output_channels(self, channels: int) -> int:
        raise NotImplementedError

    def _add_kernel(self, part: str, shape: Sequence[int], name: str) -> Any:
        """A weight whose initializer, regularizer and constraint `part` prefixes."""
        return self.add_weight(
            name=name,
            shape=tuple(shape),
            initializer=getattr(self, f"{part}_initializer"),
            regularizer=getattr(self, f"{part}_regularizer"),
            constraint=getattr(self, f"{part}_constraint"),
        )

    def call(self, inputs: Any) -> Tensor:
        """Returns `activation(convolution(inputs) + bias)`."""
        outputs = self._convolve(floating(inputs, self.compute_dtype))
        if self.bias is not None:
            bias = self.bias
            if self.data_format == "channels_first":
                bias = reshape(bias, (1, -1) + (1,) * self.rank)
            outputs = outputs + bias
        if self.activation is linear:
            return outputs
        return self.activation(outputs)

    def _output_length(self, size: int, axis: int) -> int:
        """The output's size along spatial dimension `axis`."""
        stride = self.strides[axis]
        if self.padding != "valid":
            return -(-size // stride)
        reach = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        return (size - reach) // stride + 1

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the output's shape.

        Raises:
            ValueError: The input is smaller than the kernel.
        """
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        channels = self._output_channels(input_shape[self._channel_axis])
        sizes = tuple(
            None if size is None else self._output_length(size, axis)
            for axis, size in enumerate(spatial)
        )
        if any(size is not None and size <= 0 for size in sizes):
            raise self._problem(
                "Computed output size would be zero or negative. One of the dimensions "
                "in the output is <= 0 due to downsampling in "
                f"{self.name}: input_shape={tuple(input_shape)}, kernel_size="
                f"{self.kernel_size}, output sizes {sizes}. Consider increasing the "
                "input size",
                "an input at least as large as the kernel",
            )
        if last:
            return (input_shape[0], *sizes, channels)
        return (input_shape[0], channels, *sizes)

    def _problem(self, received: str, expected: str, hint: str = "") -> ValueError:
        return ValueError(
            message(
                f"keras.layers.{type(self).__name__}",
                expected=expected,
                received=received,
                hint=hint,
            )
        )
