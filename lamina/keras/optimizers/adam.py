"""Adam (Kingma and Ba, 2014), AMSGrad (Reddi et al., 2018), AdamW and Adamax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.variable import Variable
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.gradients import array_of, tensor_of
from lamina.keras.optimizers.options import OptimizerOptions
from lamina.kernels import adam


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    `m += (g - m)(1 - b1)`, `v += (g² - v)(1 - b2)`, and the weight moves by
    `-rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)`.

    Args:
        learning_rate: Number, schedule, or callable.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squares.
        epsilon: Added to the root, against division by zero.
        amsgrad: Whether to divide by the largest mean of squares so far.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Adam(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9

    Reference: `keras.optimizers.Adam`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """Both running means, and the largest second one for AMSGrad."""
        means = {"momentum": Slot(), "velocity": Slot()}
        return [means, {"velocity_hat": Slot()}] if self.amsgrad else [means]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        means = adam_means(slots, gradient, self.beta_1, self.beta_2)
        scale = adam_scale(step, self.beta_1, self.beta_2, value.dtype)
        second = means["velocity"]
        if self.amsgrad:
            second = jnp.maximum(slots["velocity_hat"], second)
            means["velocity_hat"] = second
        move = means["momentum"] * scale / (jnp.sqrt(second) + self.epsilon)
        return value - move, means

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable], rate: Any
    ) -> None:
        """All variables in one native kernel, where there is one."""
        values = tuple(map(array_of, trainable_variables))
        if not (values and self._is_plain() and adam.fits(values)):
            super()._backend_update_step(grads, trainable_variables, rate)
            return
        slots = [self._slots[self._get_variable_index(v)] for v in trainable_variables]
        means, squares = (
            tuple(array_of(slot[name]) for slot in slots)
            for name in ("momentum", "velocity")
        )
        gradients = tuple(array_of(g).astype("float32") for g in grads)
        step = self._step(rate, values[0].dtype)
        scale = adam_scale(step, self.beta_1, self.beta_2, values[0].dtype)
        rule = adam.Rule(self.beta_1, self.beta_2, self.epsilon)
        new: Any = adam.step(rule, scale, gradients, values, means, squares)
        for variable, slot, *arrays in zip(
            trainable_variables, slots, *new, strict=True
        ):
            targets = (variable, slot["momentum"], slot["velocity"])
            for target, array in zip(targets, arrays, strict=True):
                target.assign(tensor_of(array))

    def _is_plain(self) -> bool:
        """Whether a step is what the kernel computes, also in a subclass."""
        own = type(self)
        return (
            not self.amsgrad
            and own.pure_update is Adam.pure_update
            and own.update_step is Optimizer.update_step
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("beta_1", "beta_2", "epsilon", "amsgrad")
        return super().get_config() | {key: getattr(self, key) for key in own}


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    Args:
        learning_rate: Number, schedule, or callable.
        weight_decay: Fraction of each weight taken off per unit of rate.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squares.
        epsilon: Added to the root, against division by zero.
        amsgrad: Whether to divide by the largest mean of squares so far.
        **options: See `Optimizer`.

    Raises:
        InvalidArgumentError: `weight_decay` is None.

    Example:
        >>> w = tf.Variable(1.0)
        >>> optimizer = tf.keras.optimizers.AdamW(0.1, weight_decay=0.5)
        >>> _ = optimizer.apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.85

    Reference: `keras.optimizers.AdamW`.
    """

    def __init__(  # type: ignore[misc]
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        if weight_decay is None:
            raise InvalidArgumentError.of(
                "keras.optimizers.AdamW",
                expected="Argument `weight_decay` must be a float",
                received="weight_decay=None",
                hint="Use keras.optimizers.Adam for training without weight decay.",
            )
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay=weight_decay,
            **options,
        )


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the root of mean squares.

    Args:
        learning_rate: Number, schedule, or callable.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the largest gradient.
        epsilon: Added to the divisor.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Adamax(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9

    Reference: `keras.optimizers.Adamax`; Kingma and Ba, 2014, section 7.1.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The mean of gradients and the largest gradient."""
        return [{"momentum": Slot(), "norm": Slot()}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        first = slots["momentum"] + (gradient - slots["momentum"]) * (1 - self.beta_1)
        norm = jnp.maximum(self.beta_2 * slots["norm"], jnp.abs(gradient))
        bias = 1 - jnp.power(jnp.asarray(self.beta_1, value.dtype), step.count)
        move = step.learning_rate * first / (bias * (norm + self.epsilon))
        return value - move, {"momentum": first, "norm": norm}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("beta_1", "beta_2", "epsilon")
        return super().get_config() | {key: getattr(self, key) for key in own}


def adam_means(
    slots: dict[str, jax.Array], gradient: jax.Array, beta_1: float, beta_2: float
) -> dict[str, jax.Array]:
    """The running means of the gradient and of its square, one step on."""
    first, second = slots["momentum"], slots["velocity"]
    return {
        "momentum": first + (gradient - first) * (1 - beta_1),
        "velocity": second + (jnp.square(gradient) - second) * (1 - beta_2),
    }


def adam_scale(step: Step, beta_1: float, beta_2: float, dtype: Any) -> jax.Array:
    """The learning rate with the correction for means that start at zero."""
    power_1 = jnp.power(jnp.asarray(beta_1, dtype), step.count)
    power_2 = jnp.power(jnp.asarray(beta_2, dtype), step.count)
    return step.learning_rate * jnp.sqrt(1 - power_2) / (1 - power_1)
