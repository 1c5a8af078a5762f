"""`BatchNormalization`."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.engine.tape import stop_gradient
from lamina.engine.tensor import Tensor
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import arguments_config, floating
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.casting import cast
from lamina.ops.math.arithmetic import maximum, minimum
from lamina.ops.math.clipping import clip_by_value
from lamina.ops.math.elementwise import sqrt
from lamina.ops.nn.batch_norm import (
    batch_moments,
    batch_norm_inference,
    batch_norm_training,
)

_CLIPPING = ("rmax", "rmin", "dmax")


class BatchNormalization(Layer):
    """Normalises each channel over the batch.

    In training the moments are the batch's own, and the moving averages move towards
    them: `moving = momentum * moving + (1 - momentum) * batch`. In inference, and
    when `trainable` is False, the moving averages are used.

    Args:
        axis: The axis of the channels.
        momentum: How much of the moving averages is kept at a step.
        epsilon: Added to the variance.
        center: Whether to add a trained `beta`.
        scale: Whether to multiply by a trained `gamma`.
        beta_initializer: Of `beta`.
        gamma_initializer: Of `gamma`.
        moving_mean_initializer: Of the moving mean.
        moving_variance_initializer: Of the moving variance.
        beta_regularizer: A penalty on `beta`.
        gamma_regularizer: A penalty on `gamma`.
        beta_constraint: A projection of `beta` after each update.
        gamma_constraint: A projection of `gamma` after each update.
        renorm: Whether to correct the batch's moments towards their moving averages
            in training (batch renormalisation).
        renorm_clipping: Bounds of the correction: `"rmax"`, `"rmin"`, `"dmax"`.
        renorm_momentum: The momentum of the averages that the correction uses.
        synchronized: Accepted: a batch that is spread over devices has one set of
            moments in either case.
        **kwargs: `name`, `dtype`, `trainable`, and from Keras 2 `fused` and
            `virtual_batch_size`, which only chose an implementation (the latter must
            be None).

    Call arguments:
        inputs: A floating tensor of any rank.
        training: Whether to use the batch's moments.
        mask: True for the positions that count, of the inputs' shape without the
            last axis.

    Raises:
        ValueError: A mask of another rank, or a bad `renorm_clipping`.

    Reference: `keras.layers.BatchNormalization`; Ioffe and Szegedy, 2015; Ioffe,
    "Batch Renormalization" (2017).
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("fused", None)
        if kwargs.pop("virtual_batch_size", None) is not None:
            raise _problem("virtual_batch_size=None", "a virtual batch size")
        super().__init__(**kwargs)
        if isinstance(axis, list | tuple):
            if len(axis) != 1:
                raise _problem("one integer as `axis`", f"axis={axis}")
            axis = axis[0]
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = renorm
        self.renorm_clipping = _checked_clipping(renorm_clipping) if renorm else None
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes `gamma`, `beta` and the moving averages, vectors over the channels."""
        channels = input_shape[self.axis]
        if channels is None:
            raise _problem(
                f"a known size of axis {self.axis}", f"input_shape={input_shape}"
            )
        self._channels = channels
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self._add(
                "gamma",
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self._add(
                "beta",
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        self.moving_mean = self._add("moving_mean", mean, trainable=False)
        self.moving_variance = self._add("moving_variance", variance, trainable=False)
        if self.renorm:
            self.moving_stddev = self._add(
                "moving_stddev", self._root_initializer, trainable=False
            )
            self.renorm_mean = self._add("renorm_mean", mean, trainable=False)
            self.renorm_stddev = self._add(
                "renorm_stddev", self._root_initializer, trainable=False
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def _add(self, name: str, initializer: Any, **options: Any) -> Any:
        return self.add_weight(
            name=name,
            shape=(self._channels,),
            initializer=initializer,
            autocast=False,
            **options,
        )

    def _root_initializer(self, shape: Any, dtype: Any = None) -> Tensor:
        return sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Tensor:
        """Returns the normalised inputs, and in training moves the averages."""
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise _problem(
                "The mask provided should be one dimension less than the inputs",
                f"mask.shape={tuple(mask.shape)}, inputs.shape={tuple(inputs.shape)}",
            )
        inputs = floating(inputs, self.compute_dtype)
        if training and self.trainable:
            outputs = self._normalize_batch(inputs, mask)
        else:
            outputs = self._normalize(
                inputs, self.moving_mean, self.moving_variance, self.gamma, self.beta
            )
        return cast(outputs, self.compute_dtype)

    def _normalize(
        self, inputs: Any, mean: Any, variance: Any, gamma: Any, beta: Any
    ) -> Tensor:
        return batch_norm_inference(
            inputs, mean, variance, gamma, beta, self.axis, self.epsilon
        )

    def _normalize_batch(self, inputs: Any, mask: Any) -> Tensor:
        if mask is None and not self.renorm:
            outputs, mean, variance = batch_norm_training(
                inputs, self.gamma, self.beta, self.axis, self.epsilon
            )
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance)
            return outputs
        mean, variance = batch_moments(inputs, mask, self.axis)
        gamma, beta = self.gamma, self.beta
        if self.renorm:
            gamma, beta = self._renormalized(mean, variance)
        else:
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance)
        return self._normalize(inputs, mean, variance, gamma, beta)

    def _move(self, average: Any, value: Tensor, momentum: float | None = None) -> None:
        momentum = self.momentum if momentum is None else momentum
        value = cast(value, average.dtype)
        average.assign(average * momentum + value * (1.0 - momentum))

    def _renormalized(self, mean: Tensor, variance: Tensor) -> tuple[Any, Any]:
        """The factor and offset with the correction; moves the averages."""
        deviation = sqrt(variance + self.epsilon)
        floor = self.epsilon**0.5
        average = maximum(cast(self.renorm_stddev, mean.dtype), floor)
        r = deviation / average
        d = (mean - cast(self.renorm_mean, mean.dtype)) / average
        bounds = self.renorm_clipping or {}
        if bounds.get("rmin") is not None:
            r = maximum(r, bounds["rmin"])
        if bounds.get("rmax") is not None:
            r = minimum(r, bounds["rmax"])
        if bounds.get("dmax") is not None:
            d = clip_by_value(d, -bounds["dmax"], bounds["dmax"])
        r, d = stop_gradient(r), stop_gradient(d)
        if self.gamma is not None:
            gamma = cast(self.gamma, r.dtype)
            r, d = r * gamma, d * gamma
        if self.beta is not None:
            d = d + cast(self.beta, d.dtype)
        self._move(self.renorm_mean, mean, self.renorm_momentum)
        self._move(self.renorm_stddev, deviation, self.renorm_momentum)
        self._move(self.moving_mean, mean)
        self._move(self.moving_stddev, deviation)
        squared = self.moving_stddev * self.moving_stddev - self.epsilon
        self.moving_variance.assign(maximum(squared, 0.0))
        return r, d

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`.

        Raises:
            ValueError: `axis` is not one of its axes.
        """
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise _problem(
                f"`axis` to be an axis of the input (Axis {self.axis} is out of bounds "
                f"for input shape {tuple(input_shape)})",
                f"axis={self.axis}",
            )
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(BatchNormalization, self)}


def _checked_clipping(clipping: dict[str, float] | None) -> dict[str, float]:
    clipping = dict(clipping or {})
    rmax, rmin = clipping.get("rmax"), clipping.get("rmin")
    problem = None
    if set(clipping) - set(_CLIPPING):
        problem = f"Received invalid keys for `renorm_clipping` argument: {clipping}"
    elif rmax is not None and rmin is not None and rmax < rmin:
        problem = f"rmax should be greater than rmin: rmax={rmax}, rmin={rmin}"
    elif clipping.get("dmax") is not None and clipping["dmax"] < 0:
        problem = f"dmax should be non-negative: dmax={clipping['dmax']}"
    if problem is not None:
        raise _problem(f"`renorm_clipping` with keys from {_CLIPPING}", problem)
    return clipping


def _problem(expected: str, received: str) -> ValueError:
    return ValueError(
        message("keras.layers.BatchNormalization", expected=expected, received=received)
    )
