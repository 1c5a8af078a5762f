"""`LayerNormalization`, `GroupNormalization`, `RMSNormalization`, `UnitNormalization`.

All normalise each example on its own, so training and inference do not differ.
"""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import arguments_config
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.ops.normalization import (
    group_normalization,
    layer_normalization,
    normalize,
    rms_normalization,
)
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.casting import cast


class _ScaleAndCenter(Layer):
    """A layer with an optional `gamma` and `beta`, both computed without autocast."""

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = _checked_axis(type(self).__name__, axis)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.autocast = False

    def _make_weights(self, shape: Any, gamma: bool, beta: bool) -> None:
        self.gamma = self.beta = None
        if gamma:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if beta:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`.

        Raises:
            ValueError: `axis` is not one of its axes.
        """
        return _checked_shape(type(self).__name__, self.axis, input_shape)


class LayerNormalization(_ScaleAndCenter):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta` for each example.

    Args:
        axis: The axis or axes whose mean and variance are taken.
        epsilon: Added to the variance.
        center: Whether to add a trained `beta`.
        scale: Whether to multiply by a trained `gamma`.
        beta_initializer: Of `beta`.
        gamma_initializer: Of `gamma`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: A projection of `beta` after each update.
        gamma_constraint: A projection of `gamma` after each update.
        **kwargs: `name`, `dtype`, `trainable`, and `rms_scaling` of old files (divide
            by the deviation without subtracting the mean).

    Call arguments:
        inputs: A floating tensor.

    Raises:
        TypeError: `axis` is neither an integer nor a list.

    Reference: `keras.layers.LayerNormalization`; Ba et al., 2016.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.rms_scaling = rms_scaling

    def build(self, input_shape: Any) -> None:
        """Makes `gamma` and `beta`, whose shape is that of the axes."""
        axes = self.axis if isinstance(self.axis, list | tuple) else [self.axis]
        self.axis = sorted(axes)
        shape = tuple(input_shape[axis] for axis in self.axis)
        rms = self.rms_scaling
        self._make_weights(shape, self.scale or rms, self.center and not rms)

    def call(self, inputs: Any) -> Tensor:
        """Returns the normalised inputs."""
        outputs = layer_normalization(
            inputs, self.gamma, self.beta, self.axis, self.epsilon, self.rms_scaling
        )
        return cast(outputs, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = arguments_config(LayerNormalization, self)
        return {**super().get_config(), **config, "rms_scaling": self.rms_scaling}


class GroupNormalization(_ScaleAndCenter):
    """Normalises groups of channels of each example.

    Args:
        groups: How many groups; -1 for one a channel (instance normalisation).
        axis: The axis of the channels.
        epsilon: Added to the variance.
        center: Whether to add a trained `beta`.
        scale: Whether to multiply by a trained `gamma`.
        beta_initializer: Of `beta`.
        gamma_initializer: Of `gamma`.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: A projection of `beta` after each update.
        gamma_constraint: A projection of `gamma` after each update.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: A floating tensor `(B, ...)`.

    Raises:
        ValueError: The channels do not form `groups` equal groups.

    Reference: `keras.layers.GroupNormalization`; Wu and He, 2018.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise _group_problem(
                "Received an invalid value for argument `groups`, expected a positive "
                f"integer (or `-1` for instance normalization): groups={groups}"
            )
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.groups = groups

    def build(self, input_shape: Any) -> None:
        """Makes `gamma` and `beta`, vectors over the channels."""
        channels = input_shape[self.axis]
        if channels is None:
            raise _group_problem(
                f"Axis {self.axis} of input tensor should have a defined dimension, "
                f"but the input has shape {tuple(input_shape)}"
            )
        if self.groups == -1:
            self.groups = channels
        if channels < self.groups:
            raise _group_problem(
                f"Number of groups ({self.groups}) cannot be more than the number of "
                f"channels ({channels})"
            )
        if channels % self.groups:
            raise _group_problem(
                f"Number of groups ({self.groups}) must be a multiple of the number of "
                f"channels ({channels})"
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self._make_weights((channels,), self.scale, self.center)

    def call(self, inputs: Any) -> Tensor:
        """Returns the normalised inputs."""
        outputs = group_normalization(
            inputs, self.gamma, self.beta, self.groups, self.axis, self.epsilon
        )
        return cast(outputs, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(GroupNormalization, self)}


class RMSNormalization(Layer):
    """`x / sqrt(mean(x ** 2) + epsilon) * scale` for each example.

    Args:
        axis: The axis or axes whose mean square is taken.
        epsilon: Added to the mean square.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: A floating tensor.

    Reference: `keras.layers.RMSNormalization`; Zhang and Sennrich, 2019.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Makes `scale`, whose shape is that of the axes."""
        axes = self.axis if isinstance(self.axis, list | tuple) else [self.axis]
        self.axis = sorted(axes)
        shape = tuple(input_shape[axis] for axis in self.axis)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")

    def call(self, x: Any) -> Tensor:
        """Returns the normalised inputs."""
        return rms_normalization(x, self.scale, self.axis, self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`.

        Raises:
            ValueError: `axis` is not one of its axes.
        """
        return _checked_shape("RMSNormalization", self.axis, input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(RMSNormalization, self)}


class UnitNormalization(Layer):
    """Divides each example by its Euclidean norm.

    Args:
        axis: The axis or axes of a norm.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A floating tensor.

    Raises:
        TypeError: `axis` is neither an integer nor a list.

    Reference: `keras.layers.UnitNormalization`.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _checked_axis("UnitNormalization", axis)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Tensor:
        """Returns the inputs divided by their norms."""
        return normalize(inputs, axis=self.axis, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`.

        Raises:
            ValueError: `axis` is not one of its axes.
        """
        return _checked_shape("UnitNormalization", self.axis, input_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(UnitNormalization, self)}


_AXIS = {
    "": "Expected an int or a list/tuple of ints for the argument 'axis'",
    "UnitNormalization": "Invalid value for `axis` argument: expected an int or a "
    "list/tuple of ints.",
}


def _checked_axis(layer: str, axis: Any) -> Any:
    if isinstance(axis, list | tuple):
        return list(axis)
    if isinstance(axis, int):
        return axis
    raise TypeError(
        message(
            f"keras.layers.{layer}",
            expected="an integer or several as `axis`",
            received=f"{_AXIS.get(layer, _AXIS[''])}: axis={axis!r}",
            hint="-1 is the last axis.",
        )
    )


def _checked_shape(layer: str, axis: Any, input_shape: Any) -> Any:
    rank = len(input_shape)
    for value in axis if isinstance(axis, list | tuple) else [axis]:
        if not -rank <= value < rank:
            raise ValueError(
                message(
                    f"keras.layers.{layer}",
                    expected=f"`axis` within [{-rank}, {rank})",
                    received=f"Axis {value} is out of bounds for input shape "
                    f"{tuple(input_shape)}: axis={axis}",
                    hint="Negative axes count from the last one.",
                )
            )
    return input_shape


def _group_problem(received: str) -> ValueError:
    return ValueError(
        message(
            "keras.layers.GroupNormalization",
            expected="a number of groups that divides the number of channels",
            received=received,
            hint="Choose another `groups`.",
        )
    )
