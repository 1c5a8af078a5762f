"""`DepthwiseConv1D` and `DepthwiseConv2D`: each channel convolved on its own."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import arguments_config, positive_integer
from lamina.keras.layers.convolutional.base_conv import ConvLayer
from lamina.keras.ops.convolution import depthwise_conv
from lamina.keras.regularizers import lookup as regularizers


class _DepthwiseConv(ConvLayer):
    """A convolution of each channel with kernels of its own; `rank` dimensions.

    Args:
        kernel_size: The window, an integer or one for each spatial dimension.
        strides: The step of the window.
        padding: `"valid"` or `"same"`.
        depth_multiplier: The number of kernels, and outputs, for each channel.
        data_format: `"channels_last"` for inputs `(B, ..., C)`, `"channels_first"`
            for `(B, C, ...)`, None for the global setting.
        dilation_rate: The distance of the window's elements.
        activation: A function, its name, or None for none.
        use_bias: Whether to add a bias.
        depthwise_initializer: Of the kernel `(*kernel_size, C, depth_multiplier)`.
        bias_initializer: Of the bias `(C * depth_multiplier,)`.
        depthwise_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        depthwise_constraint: A projection of the kernel after each update.
        bias_constraint: A projection of the bias after each update.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`.

    Call arguments:
        inputs: A floating tensor of rank `rank + 2`.

    Returns:
        A tensor with `C * depth_multiplier` channels, in the compute dtype.

    Raises:
        ValueError: An argument is out of range, or the input is smaller than the
            window.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
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
        self.depth_multiplier = positive_integer(
            type(self).__name__, "depth_multiplier", depth_multiplier
        )
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def _make_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._add_kernel("depthwise", shape, "kernel")

    @property
    def depthwise_kernel(self) -> Any:
        """The kernel, under its name in Keras 2."""
        return self.kernel

    def _output_channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def _convolve(self, inputs: Any) -> Tensor:
        return depthwise_conv(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(_DepthwiseConv, self)}


class DepthwiseConv1D(_DepthwiseConv):
    """A convolution over one dimension, each channel on its own.

    Reference: `keras.layers.DepthwiseConv1D`.
    """

    rank = 1


class DepthwiseConv2D(_DepthwiseConv):
    """A convolution over two dimensions, each channel on its own.

    Reference: `keras.layers.DepthwiseConv2D`; strides may differ between the two
    dimensions, which TensorFlow refuses.
    """

    rank = 2
