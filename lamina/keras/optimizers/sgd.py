"""Gradient descent, with momentum (Sutskever et al., 2013)."""

from __future__ import annotations

from typing import Any, Unpack

import jax

from lamina.engine.errors import InvalidArgumentError
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.options import OptimizerOptions


class SGD(Optimizer):
    """Gradient descent: `w -= rate * g`, or with momentum `v = m * v - rate * g`.

    With momentum the weight moves by `v`; with Nesterov's, by `m * v - rate * g`.

    Args:
        learning_rate: Number, schedule, or callable.
        momentum: Share of the last step that is kept, a float in [0, 1].
        nesterov: Whether to look ahead along the momentum.
        **options: See `Optimizer`.

    Raises:
        InvalidArgumentError: `momentum` is outside its range.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.SGD(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 4)
        0.8

    Reference: `keras.optimizers.SGD`.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise InvalidArgumentError.of(
                "keras.optimizers.SGD",
                expected="`momentum` must be a float between [0, 1]",
                received=f"momentum={momentum!r}",
                hint="0.9 is the usual value.",
            )
        self.momentum = float(momentum)
        self.nesterov = nesterov
        super().__init__(learning_rate, **options)

    def slots(self, variable: Any) -> list[dict[str, Slot]]:
        """One momentum per variable, if there is any."""
        return [{"momentum": Slot()}] if self.momentum else []

    @property
    def momentums(self) -> list[Any]:
        """The momentum variables, in the order of the model's variables."""
        return [slots["momentum"] for slots in self._slots if slots]

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        move = gradient * step.learning_rate
        if not slots:
            return value - move, {}
        velocity = slots["momentum"] * self.momentum - move
        ahead = velocity * self.momentum - move if self.nesterov else velocity
        return value + ahead, {"momentum": velocity}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"momentum": self.momentum, "nesterov": self.nesterov}
        return super().get_config() | own
