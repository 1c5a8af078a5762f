"""`Conv1DTranspose`, `Conv2DTranspose` and `Conv3DTranspose`."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import (
    arguments_config,
    integer_tuple,
    positive_integer,
)
from lamina.keras.layers.convolutional.base_conv import ConvLayer
from lamina.keras.ops.convolution import conv_transpose, transpose_length
from lamina.keras.regularizers import lookup as regularizers


class _ConvTranspose(ConvLayer):
    """A transposed convolution, which enlarges its input; `rank` spatial dimensions.

    It has the connections of a convolution in the opposite direction: with `"same"`
    padding and stride s, an input of size n gives an output of size n * s.

    Args:
        filters: The number of output channels F.
        kernel_size: The window, an integer or one for each spatial dimension.
        strides: By how much the input is spread out.
        padding: `"valid"` or `"same"`, that of the convolution it transposes.
        output_padding: How much is added to one side of the output; less than the
            stride. None chooses the size from `padding` and `strides`.
        data_format: `"channels_last"` for inputs `(B, ..., C)`, `"channels_first"`
            for `(B, C, ...)`, None for the global setting.
        dilation_rate: The distance of the window's elements.
        activation: A function, its name, or None for none.
        use_bias: Whether to add a bias.
        kernel_initializer: Of the kernel `(*kernel_size, F, C)`.
        bias_initializer: Of the bias `(F,)`.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: A projection of the kernel after each update.
        bias_constraint: A projection of the bias after each update.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`.

    Call arguments:
        inputs: A floating tensor of rank `rank + 2`.

    Returns:
        A tensor of the same rank with F channels, in the compute dtype.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        kind = type(self).__name__
        self.filters = positive_integer(kind, "filters", filters)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = integer_tuple(
                kind, "output_padding", output_padding, self.rank, allow_zero=True
            )
            if any(
                extra >= step
                for extra, step in zip(self.output_padding, self.strides, strict=True)
            ):
                raise self._problem(
                    "`output_padding` must be strictly less than `strides`: "
                    f"output_padding={self.output_padding}, strides={self.strides}",
                    "an output padding below the stride",
                )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def _make_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, self.filters, channels)
        self.kernel = self._add_kernel("kernel", shape, "kernel")

    def _output_channels(self, channels: int) -> int:
        return self.filters

    def _output_length(self, size: int, axis: int) -> int:
        extra = None if self.output_padding is None else self.output_padding[axis]
        return transpose_length(
            size,
            self.kernel_size[axis],
            self.strides[axis],
            self.padding,
            extra,
            self.dilation_rate[axis],
        )

    def _convolve(self, inputs: Any) -> Tensor:
        return conv_transpose(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(_ConvTranspose, self)}


class Conv1DTranspose(_ConvTranspose):
    """A transposed convolution over one dimension.

    Reference: `keras.layers.Conv1DTranspose`.
    """

    rank = 1


class Conv2DTranspose(_ConvTranspose):
    """A transposed convolution over two dimensions.

    Reference: `keras.layers.Conv2DTranspose`.
    """

    rank = 2


class Conv3DTranspose(_ConvTranspose):
    """A transposed convolution over three dimensions.

    Reference: `keras.layers.Conv3DTranspose`. `data_format` stands before
    `output_padding` here.
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            *args,
            **kwargs,
        )
