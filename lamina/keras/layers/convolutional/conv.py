"""`Conv1D`, `Conv2D` and `Conv3D`."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.activations.rectifiers import relu
from lamina.keras.activations.smooth import linear
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import (
    arguments_config,
    floating,
    positive_integer,
)
from lamina.keras.layers.convolutional.base_conv import ConvLayer
from lamina.keras.layers.core.lora import LoraMixin
from lamina.keras.ops.convolution import conv, conv_with_bias
from lamina.keras.regularizers import lookup as regularizers


class _Conv(LoraMixin, ConvLayer):
    """A convolution with a trained kernel; `rank` spatial dimensions.

    Args:
        filters: The number of output channels F.
        kernel_size: The window, an integer or one for each spatial dimension.
        strides: The step of the window.
        padding: `"valid"` for none, or `"same"` for zeros such that the output has
            the input's size over the stride. Conv1D also takes `"causal"`: zeros
            before the first step only, so that no output sees later steps.
        data_format: `"channels_last"` for inputs `(B, ..., C)`, `"channels_first"`
            for `(B, C, ...)`, None for the global setting.
        dilation_rate: The distance of the window's elements.
        groups: Into how many groups the channels are split; each group of outputs
            sees one group of inputs.
        activation: A function, its name, or None for none.
        use_bias: Whether to add a bias.
        kernel_initializer: Of the kernel `(*kernel_size, C / groups, F)`.
        bias_initializer: Of the bias `(F,)`.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: A projection of the kernel after each update.
        bias_constraint: A projection of the bias after each update.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`, and `lora_rank` and
            `lora_alpha` as in `Dense`.

    Call arguments:
        inputs: A floating tensor of rank `rank + 2`.

    Returns:
        A tensor of the same rank with F channels, in the compute dtype.

    Raises:
        ValueError: An argument is out of range, `filters` or the input's channels
            are not a multiple of `groups`, or the input is smaller than the window.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        rank, alpha = kwargs.pop("lora_rank", None), kwargs.pop("lora_alpha", None)
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
        self.groups = positive_integer(kind, "groups", groups)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self._set_lora(rank, alpha, None)
        if self.filters % self.groups:
            raise self._problem(
                "The number of filters must be evenly divisible by the number of "
                f"groups: groups={self.groups}, filters={self.filters}",
                "`filters` to be a multiple of `groups`",
            )

    def _make_kernels(self, channels: int) -> None:
        if channels % self.groups:
            raise self._problem(
                "The number of input channels must be evenly divisible by the number "
                f"of groups: groups={self.groups}, channels={channels}",
                "the input's channels to be a multiple of `groups`",
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self._kernel = self._add_kernel("kernel", shape, "kernel")

    def build(self, input_shape: Any) -> None:
        """Makes the kernel and the bias."""
        super().build(input_shape)
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    def _output_channels(self, channels: int) -> int:
        return self.filters

    def convolution_op(self, inputs: Any, kernel: Any) -> Tensor:
        """Convolves `inputs` with `kernel`; subclasses may do otherwise.

        Args:
            inputs: A floating tensor in the layer's layout.
            kernel: A tensor of the shape of the layer's kernel.

        Returns:
            The layer's output before the bias and the activation.

        Example:
            >>> class Halved(tf.keras.layers.Conv2D):
            ...     def convolution_op(self, inputs, kernel):
            ...         return super().convolution_op(inputs, kernel / 2)
        """
        return conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )

    def _convolve(self, inputs: Any) -> Tensor:
        return self.convolution_op(inputs, self.kernel)

    def call(self, inputs: Any) -> Tensor:
        """Returns `activation(convolution(inputs) + bias)`."""
        if type(self).convolution_op is not _Conv.convolution_op:
            return super().call(inputs)
        rectified = self.activation is relu
        outputs = conv_with_bias(
            floating(inputs, self.compute_dtype),
            self.kernel,
            self.bias,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
            rectified,
        )
        if rectified or self.activation is linear:
            return outputs
        return self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = {**super().get_config(), **arguments_config(_Conv, self)}
        if self.lora_rank:
            config |= {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}
        return config


class Conv1D(_Conv):
    """A convolution over one dimension, such as time.

    Reference: `keras.layers.Conv1D`.
    """

    rank = 1
    paddings = ("valid", "same", "causal")


class Conv2D(_Conv):
    """A convolution over two dimensions, such as those of images.

    Reference: `keras.layers.Conv2D`.
    """

    rank = 2


class Conv3D(_Conv):
    """A convolution over three dimensions, such as those of volumes.

    Reference: `keras.layers.Conv3D`.
    """

    rank = 3
