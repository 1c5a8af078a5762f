"""`SeparableConv1D` and `SeparableConv2D`: depthwise, then across channels."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import arguments_config, positive_integer
from lamina.keras.layers.convolutional.base_conv import ConvLayer
from lamina.keras.ops.convolution import separable_conv
from lamina.keras.regularizers import lookup as regularizers


class _SeparableConv(ConvLayer):
    """A depthwise convolution and one of size 1 that mixes; `rank` dimensions.

    Args:
        filters: The number of output channels F.
        kernel_size: The window, an integer or one for each spatial dimension.
        strides: The step of the window.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"` for inputs `(B, ..., C)`, `"channels_first"`
            for `(B, C, ...)`, None for the global setting.
        dilation_rate: The distance of the window's elements.
        depth_multiplier: The number of depthwise kernels for each channel.
        activation: A function, its name, or None for none.
        use_bias: Whether to add a bias.
        depthwise_initializer: Of the kernel `(*kernel_size, C, depth_multiplier)`.
        pointwise_initializer: Of the kernel `(1, ..., C * depth_multiplier, F)`.
        bias_initializer: Of the bias `(F,)`.
        depthwise_regularizer: A penalty on the depthwise kernel.
        pointwise_regularizer: A penalty on the pointwise kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: A projection of the depthwise kernel.
        pointwise_constraint: A projection of the pointwise kernel.
        bias_constraint: A projection of the bias after each update.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`.

    Call arguments:
        inputs: A floating tensor of rank `rank + 2`.

    Returns:
        A tensor of the same rank with F channels, in the compute dtype.

    Raises:
        ValueError: An argument is out of range, or the input is smaller than the
            window.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
        self.depth_multiplier = positive_integer(
            kind, "depth_multiplier", depth_multiplier
        )
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def _make_kernels(self, channels: int) -> None:
        multiplier = self.depth_multiplier
        self.depthwise_kernel = self._add_kernel(
            "depthwise", (*self.kernel_size, channels, multiplier), "depthwise_kernel"
        )
        self.pointwise_kernel = self._add_kernel(
            "pointwise",
            (*(1,) * self.rank, channels * multiplier, self.filters),
            "pointwise_kernel",
        )

    def _output_channels(self, channels: int) -> int:
        return self.filters

    def _convolve(self, inputs: Any) -> Tensor:
        return separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(_SeparableConv, self)}


class SeparableConv1D(_SeparableConv):
    """A separable convolution over one dimension.

    Reference: `keras.layers.SeparableConv1D`.
    """

    rank = 1


class SeparableConv2D(_SeparableConv):
    """A separable convolution over two dimensions.

    Reference: `keras.layers.SeparableConv2D`; Chollet, "Xception" (2017).
    """

    rank = 2
