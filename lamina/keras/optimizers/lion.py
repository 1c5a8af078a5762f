"""Lion (Chen et al., 2023)."""

from __future__ import annotations

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class Lion(Optimizer):
    """Steps of the same size along the sign of an interpolated momentum.

    Args:
        learning_rate: Number, schedule, or callable; 3 to 10 times smaller than
            Adam's.
        beta_1: Share of the momentum in the sign, in (0, 1].
        beta_2: Share of the momentum that is kept.
        **options: See `Optimizer`.

    Raises:
        InvalidArgumentError: `beta_1` is outside its range.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Lion(0.25).apply_gradients([(2.0, w)])
        >>> float(w)
        0.75

    Reference: `keras.optimizers.Lion`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        if not 0 < beta_1 <= 1:
            raise InvalidArgumentError.of(
                "keras.optimizers.Lion",
                expected="Argument `beta_1` must be in the [0, 1] range. Otherwise, "
                "the optimizer degenerates to SignSGD",
                received=f"beta_1={beta_1}",
                hint="0 itself is left out too: use 0.9, for example.",
            )
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The momentum."""
        return [{"momentum": Slot()}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        old = slots["momentum"]
        sign = jnp.sign(old * self.beta_1 + gradient * (1 - self.beta_1))
        new = old * self.beta_2 + gradient * (1 - self.beta_2)
        return value - step.learning_rate * sign, {"momentum": new}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"beta_1": self.beta_1, "beta_2": self.beta_2}
