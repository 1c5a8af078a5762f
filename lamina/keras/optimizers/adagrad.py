"""Adagrad (Duchi et al., 2011) and Adadelta (Zeiler, 2012)."""

from __future__ import annotations

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all squares so far.

    Args:
        learning_rate: Number, schedule, or callable.
        initial_accumulator_value: What the sums of squares start from.
        epsilon: Added under the root.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Adagrad(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9012

    Reference: `keras.optimizers.Adagrad`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The sum of squares."""
        return [{"accumulator": Slot(self.initial_accumulator_value)}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        total = slots["accumulator"] + jnp.square(gradient)
        move = step.learning_rate * gradient / jnp.sqrt(total + self.epsilon)
        return value - move, {"accumulator": total}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("initial_accumulator_value", "epsilon")
        return super().get_config() | {key: getattr(self, key) for key in own}


class Adadelta(Optimizer):
    """Steps in proportion to the root of the mean of past squared steps.

    Args:
        learning_rate: Number, schedule, or callable; 1.0 is the paper's.
        rho: Share of the old means that is kept.
        epsilon: Added under the roots.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Adadelta(1.0).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9986

    Reference: `keras.optimizers.Adadelta`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.rho = rho
        self.epsilon = epsilon
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The means of squared gradients and of squared steps."""
        return [{"accumulated_grad": Slot(), "accumulated_delta_var": Slot()}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        rho, steps = self.rho, slots["accumulated_delta_var"]
        squares = rho * slots["accumulated_grad"] + (1 - rho) * jnp.square(gradient)
        ratio = jnp.sqrt(steps + self.epsilon) / jnp.sqrt(squares + self.epsilon)
        move = -ratio * gradient
        return value + step.learning_rate * move, {
            "accumulated_grad": squares,
            "accumulated_delta_var": rho * steps + (1 - rho) * jnp.square(move),
        }

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("rho", "epsilon")
        return super().get_config() | {key: getattr(self, key) for key in own}
