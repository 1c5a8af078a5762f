"""`Dense`: the fully connected layer."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.activations import lookup as activations
from lamina.keras.activations.smooth import linear
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import (
    arguments_config,
    floating,
    positive_integer,
)
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.lora import LoraMixin
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.linalg.products import matmul


class Dense(LoraMixin, Layer):
    """`activation(inputs @ kernel + bias)` over the last axis.

    Args:
        units: The size of the output's last axis.
        activation: A function, its name, or None for none.
        use_bias: Whether to add a bias.
        kernel_initializer: Of the kernel `(D, units)`.
        bias_initializer: Of the bias `(units,)`.
        kernel_regularizer: A penalty on the kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: A projection of the kernel after each update.
        bias_constraint: A projection of the bias after each update.
        lora_rank: The rank of a low-rank update that is trained instead of the
            kernel; see `enable_lora`.
        lora_alpha: The factor of that update is `lora_alpha / lora_rank`.
        quantization_config: Only None; see below.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`.

    Call arguments:
        inputs: A tensor `(B, ..., D)`.

    Returns:
        A tensor `(B, ..., units)` in the compute dtype.

    Raises:
        ValueError: `units` is not a positive integer.

    Reference: `keras.layers.Dense`. Not here: quantisation (`quantize`,
    `quantization_config`), which is no part of this layer.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_integer("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._set_lora(lora_rank, lora_alpha, quantization_config)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes the kernel `(D, units)` and the bias `(units,)`."""
        features = input_shape[-1]
        self._kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    def call(self, inputs: Any, training: Any = None) -> Tensor:
        """Returns `activation(inputs @ kernel + bias)`."""
        x = matmul(floating(inputs, self.compute_dtype), self.kernel)
        if self.bias is not None:
            x = x + self.bias
        return x if self.activation in (None, linear) else self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `(*input_shape[:-1], units)`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        skip = ("activity_regularizer", *self._lora_skip())
        return {**super().get_config(), **arguments_config(Dense, self, skip)}
