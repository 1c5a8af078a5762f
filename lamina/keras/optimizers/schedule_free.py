"""Schedule-free AdamW (Defazio et al., 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.engine.variable import Variable
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class ScheduleFreeAdamW(Optimizer):
    """AdamW whose averaged weights take the place of a falling learning rate.

    Args:
        learning_rate: Number, schedule, or callable.
        beta_1: Share of the average in the point where gradients are taken.
        beta_2: Decay of the mean of squares.
        epsilon: Added to the root, against division by zero.
        warmup_steps: Steps during which the rate rises to its value.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> optimizer = tf.keras.optimizers.ScheduleFreeAdamW(0.1)
        >>> _ = optimizer.apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9

    Reference: `keras.optimizers.ScheduleFreeAdamW`. Keras's TensorFlow backend reads
    the moved point only after it was moved; here, as in the paper, before.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The point that gradients move, and the mean of squares."""
        return [{"momentum": Slot(), "velocity": Slot()}]

    def build(self, variables: Sequence[Variable]) -> None:
        """Creates the slots; the moved points start at the weights."""
        if self.built:
            return
        super().build(variables)
        for variable, slots in zip(variables, self._slots, strict=True):
            if slots:
                slots["momentum"].assign(variable.read_value())

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        rate, beta = step.learning_rate, self.beta_1
        if self.warmup_steps > 0:
            rate = rate * jnp.minimum(step.count / self.warmup_steps, 1.0)
        old, squares = slots["momentum"], slots["velocity"]
        bias = 1 - jnp.power(jnp.asarray(self.beta_2, value.dtype), step.count)
        squares = squares + (jnp.square(gradient) - squares) * (1 - self.beta_2)
        root = jnp.sqrt(squares / bias) + self.epsilon
        moved = old - rate * gradient / root
        average = (value - (1 - beta) * old) / beta
        weight = 1.0 / step.count
        average = (1 - weight) * average + weight * moved
        new = (1 - beta) * moved + beta * average
        return new, {"momentum": moved, "velocity": squares}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("beta_1", "beta_2", "epsilon", "warmup_steps")
        return super().get_config() | {key: getattr(self, key) for key in own}
