"""LAMB (You et al., 2019)."""

from __future__ import annotations

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.keras.optimizers.adam import adam_means
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class Lamb(Optimizer):
    """Adam's direction, scaled per variable to the norm of the weights.

    Args:
        learning_rate: Number, schedule, or callable.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squares.
        epsilon: Added to the root, against division by zero.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Lamb(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9

    Reference: `keras.optimizers.Lamb`.
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
        """The running means of the gradient and of its square."""
        return [{"momentum": Slot(), "velocity": Slot()}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        means = adam_means(slots, gradient, self.beta_1, self.beta_2)
        first = means["momentum"] / (1 - _power(self.beta_1, step))
        second = means["velocity"] / (1 - _power(self.beta_2, step))
        move = first / (jnp.sqrt(second) + self.epsilon)
        weight_norm = jnp.sqrt(jnp.sum(jnp.square(value)))
        move_norm = jnp.sqrt(jnp.sum(jnp.square(move)))
        both = (weight_norm > 0) & (move_norm > 0)
        ratio = jnp.where(both, weight_norm / jnp.where(both, move_norm, 1), 1)
        return value - ratio * step.learning_rate * move, means

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("beta_1", "beta_2", "epsilon")
        return super().get_config() | {key: getattr(self, key) for key in own}


def _power(base: float, step: Step) -> jax.Array:
    return jnp.power(jnp.asarray(base, step.count.dtype), step.count)
