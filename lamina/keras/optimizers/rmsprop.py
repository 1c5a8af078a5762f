"""RMSprop (Tieleman and Hinton, 2012)."""

from __future__ import annotations

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class RMSprop(Optimizer):
    """Gradients divided by the root of a running mean of their squares.

    `v = rho v + (1 - rho) g²`; the weight moves by `-rate * g / sqrt(v + epsilon)`.

    Args:
        learning_rate: Number, schedule, or callable.
        rho: Share of the old mean of squares that is kept.
        momentum: Share of the last step that is added again.
        epsilon: Added under the root.
        centered: Whether to divide by the variance instead of the mean of squares.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.RMSprop(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.6838

    Reference: `keras.optimizers.RMSprop`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The mean of squares; the momentum and the mean of gradients if used."""
        groups = [{"velocity": Slot()}]
        if self.momentum > 0:
            groups.append({"momentum": Slot()})
        if self.centered:
            groups.append({"average_gradient": Slot()})
        return groups

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        rho = self.rho
        velocity = rho * slots["velocity"] + (1 - rho) * jnp.square(gradient)
        new = {"velocity": velocity}
        if self.centered:
            mean = rho * slots["average_gradient"] + (1 - rho) * gradient
            new["average_gradient"] = mean
            velocity = velocity - jnp.square(mean)
        move = step.learning_rate * gradient / jnp.sqrt(velocity + self.epsilon)
        if self.momentum > 0:
            move = new["momentum"] = self.momentum * slots["momentum"] + move
        return value - move, new

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("rho", "momentum", "epsilon", "centered")
        return super().get_config() | {key: getattr(self, key) for key in own}
