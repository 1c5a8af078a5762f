"""`Activation` and the activations that have arguments or weights of their own."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.activations import lookup as activations
from lamina.keras.activations import rectifiers, smooth
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.regularizers import lookup as regularizers


class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: A function, or the name of one in `keras.activations`.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A tensor of any shape.

    Reference: `keras.layers.Activation`.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Returns `activation(inputs)`."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Activation, self)}


class ReLU(Layer):
    """`max(x, 0)`, with an optional slope below, cap above, and threshold.

    Args:
        max_value: The largest output, or None.
        negative_slope: The slope below the threshold.
        threshold: Where the function leaves its lower part.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: An argument is negative.

    Reference: `keras.layers.ReLU`.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if max_value is not None:
            _at_least_zero("ReLU", "max_value", max_value, "a negative value")
        for name, value in (
            ("negative_slope", negative_slope),
            ("threshold", threshold),
        ):
            _at_least_zero("ReLU", name, value, "None or a negative value")
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `relu(inputs)`."""
        return rectifiers.relu(
            inputs, self.negative_slope, self.max_value, self.threshold
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(ReLU, self)}


class LeakyReLU(Layer):
    """`x` where it is positive, `negative_slope * x` elsewhere.

    Args:
        negative_slope: The slope for negative values; Keras 2 called it `alpha`.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: The slope is None or negative.

    Reference: `keras.layers.LeakyReLU`.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        _at_least_zero(
            "LeakyReLU", "negative_slope", negative_slope, "None or negative value"
        )
        self.negative_slope = negative_slope
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `leaky_relu(inputs)`."""
        return rectifiers.leaky_relu(inputs, self.negative_slope)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(LeakyReLU, self)}


class ThresholdedReLU(Layer):
    """`x` where it exceeds `theta`, 0 elsewhere.

    Args:
        theta: The threshold.
        **kwargs: `name`, `dtype`.

    Raises:
        ValueError: `theta` is None or negative.

    Reference: `keras.layers.ThresholdedReLU` of Keras 2.
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _at_least_zero("ThresholdedReLU", "theta", theta, "None or a negative value")
        self.theta = float(theta)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `inputs` with zeros up to `theta`."""
        return rectifiers.threshold(inputs, self.theta, 0.0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(ThresholdedReLU, self)}


class ELU(Layer):
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        alpha: Minus the limit for large negative values.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.ELU`; Clevert et al., 2016.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns `elu(inputs)`."""
        return smooth.elu(inputs, self.alpha)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(ELU, self)}


class PReLU(Layer):
    """`x` where it is positive, `alpha * x` elsewhere, with trained `alpha`.

    Args:
        alpha_initializer: Of `alpha`, whose shape is the input's without the batch.
        alpha_regularizer: A penalty on `alpha`.
        alpha_constraint: A projection of `alpha` after each update.
        shared_axes: Axes along which `alpha` has size 1: `[1, 2]` gives one slope a
            channel after a Conv2D.
        **kwargs: `name`, `dtype`, `trainable`.

    Reference: `keras.layers.PReLU`; He et al., 2015.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None and not isinstance(shared_axes, list | tuple):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes `alpha`."""
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            name="alpha",
            shape=tuple(shape),
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        axes = {}
        if self.shared_axes:
            rest = set(range(1, len(input_shape))) - set(self.shared_axes)
            axes = {axis: input_shape[axis] for axis in rest}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Tensor:
        """Returns `relu(inputs) - alpha * relu(-inputs)`."""
        return rectifiers.relu(inputs) - self.alpha * rectifiers.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(PReLU, self)}


def _at_least_zero(layer: str, name: str, value: Any, words: str) -> None:
    if value is None or value < 0:
        called = "Leaky ReLU" if layer == "LeakyReLU" else layer
        raise ValueError(
            message(
                f"keras.layers.{layer}",
                expected=f"`{name}` of zero or more",
                received=f"{name}={value}, but {_SUBJECT.get(layer, '{}').format(name)}"
                f" of a {called} layer cannot be {words}",
                hint="Pass a number of zero or more.",
            )
        )


_SUBJECT = {"LeakyReLU": "The {} value"}
