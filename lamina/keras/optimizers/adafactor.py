"""Adafactor (Shazeer and Stern, 2018)."""

from __future__ import annotations

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.engine.variable import Variable
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class Adafactor(Optimizer):
    """Squared gradients of matrices kept as row and column means only.

    Args:
        learning_rate: Number, schedule, or callable.
        beta_2_decay: Exponent of the decay of the means of squares.
        epsilon_1: Added to the squares.
        epsilon_2: Smallest size of a weight in the relative step.
        clip_threshold: Largest root mean square of a step, before scaling.
        relative_step: Whether the rate is at most `1 / sqrt(step)`.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Adafactor(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.9

    Reference: `keras.optimizers.Adafactor`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """Means of squares over rows and columns, and the full ones."""
        shape = tuple(variable.shape)
        row, column = Slot(shape=shape[:-1]), Slot(shape=shape[:-2] + shape[-1:])
        if len(shape) < 2:  # Keras keeps two unused integers, and files hold them
            row = column = Slot(shape=(), dtype="int32")
        return [{"row": row, "column": column, "velocity": Slot()}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        rate, root = step.learning_rate, 1 / jnp.sqrt(step.count)
        if self.relative_step and isinstance(self._learning_rate, Variable):
            rate = jnp.minimum(rate, root)
        size = jnp.maximum(jnp.asarray(self.epsilon_2, value.dtype), _rms(value))
        squares = jnp.square(gradient) + self.epsilon_1
        keep = 1 - jnp.power(step.count, self.beta_2_decay)
        new = {}
        if value.ndim >= 2:
            row = keep * slots["row"] + (1 - keep) * squares.mean(-1)
            column = keep * slots["column"] + (1 - keep) * squares.mean(-2)
            new = {"row": row, "column": column}
            share = row / row.mean(-1, keepdims=True)
            new["velocity"] = share[..., None] * column[..., None, :]
        else:
            new["velocity"] = keep * slots["velocity"] + (1 - keep) * squares
        move = gradient / jnp.sqrt(new["velocity"])
        move = move / jnp.maximum(1.0, _rms(move) / self.clip_threshold)
        return value - size * jnp.minimum(rate, root) * move, new

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = (
            "beta_2_decay",
            "epsilon_1",
            "epsilon_2",
            "clip_threshold",
            "relative_step",
        )
        return super().get_config() | {key: getattr(self, key) for key in own}


def _rms(array: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.mean(jnp.square(array)))
