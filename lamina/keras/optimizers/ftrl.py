"""Follow the regularized leader (McMahan et al., 2013)."""

from __future__ import annotations

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class Ftrl(Optimizer):
    """Per-coordinate rates and a proximal step, which make weights exactly zero.

    Args:
        learning_rate: Number, schedule, or callable.
        learning_rate_power: Exponent of the sum of squares, at most 0.
        initial_accumulator_value: What the sums of squares start from.
        l1_regularization_strength: L1 penalty, at least 0.
        l2_regularization_strength: L2 penalty, at least 0.
        l2_shrinkage_regularization_strength: L2 penalty on the gradient only.
        beta: Added to the L2 penalty as `beta / (2 * rate)`.
        **options: See `Optimizer`.

    Raises:
        InvalidArgumentError: A strength is negative, or the power positive.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Ftrl(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.7451

    Reference: `keras.optimizers.Ftrl`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        for name in _OWN[1:5]:
            _check_sign(name, getattr(self, name), 1)
        _check_sign("learning_rate_power", learning_rate_power, -1)
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """The sum of squares and the linear term."""
        start = Slot(self.initial_accumulator_value)
        return [{"accumulator": start, "linear": Slot()}]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        rate, power = step.learning_rate, -self.learning_rate_power
        l1 = self.l1_regularization_strength
        l2 = self.l2_regularization_strength + self.beta / (2.0 * rate)
        shrunk = gradient + 2 * self.l2_shrinkage_regularization_strength * value
        total = slots["accumulator"] + jnp.square(gradient)
        new_power = jnp.power(total, power)
        sigma = (new_power - jnp.power(slots["accumulator"], power)) / rate
        linear = slots["linear"] + shrunk - sigma * value
        quadratic = new_power / rate + 2 * l2
        new_value = (jnp.clip(linear, -l1, l1) - linear) / quadratic
        return new_value, {"accumulator": total, "linear": linear}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {key: getattr(self, key) for key in _OWN}


_OWN = (
    "learning_rate_power",
    "initial_accumulator_value",
    "l1_regularization_strength",
    "l2_regularization_strength",
    "l2_shrinkage_regularization_strength",
    "beta",
)


def _check_sign(name: str, value: float, sign: int) -> None:
    if value * sign < 0:
        side = "positive" if sign > 0 else "negative"
        raise InvalidArgumentError.of(
            "keras.optimizers.Ftrl",
            expected=f"`{name}` needs to be {side} or zero",
            received=f"{name}={value}",
            hint="Check its sign.",
        )
