"""Adam with Nesterov momentum (Dozat, 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from lamina.engine.variable import Variable
from lamina.keras.config import floatx
from lamina.keras.optimizers.adam import adam_means
from lamina.keras.optimizers.base import Optimizer, Slot, Step
from lamina.keras.optimizers.gradients import array_of, tensor_of
from lamina.keras.optimizers.options import OptimizerOptions


class Nadam(Optimizer):
    """Adam that looks ahead along its momentum, with a momentum that warms up.

    Args:
        learning_rate: Number, schedule, or callable.
        beta_1: Decay of the mean of gradients.
        beta_2: Decay of the mean of squares.
        epsilon: Added to the root, against division by zero.
        **options: See `Optimizer`.

    Example:
        >>> w = tf.Variable(1.0)
        >>> _ = tf.keras.optimizers.Nadam(0.1).apply_gradients([(2.0, w)])
        >>> round(float(w), 3)
        0.894

    Reference: `keras.optimizers.Nadam`.
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

    def build(self, variables: Sequence[Variable]) -> None:
        """Creates the means, and the product of the momenta used so far."""
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        dtype = variables[0].dtype if variables else floatx()
        self._u_product = self.add_variable((), "ones", dtype, name="u_product")

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable], rate: Any
    ) -> None:
        product = array_of(self._u_product)
        count = (array_of(self.iterations) + 1).astype(product.dtype)
        self._u_product.assign(tensor_of(product * self._momentum(count)))
        super()._backend_update_step(grads, trainable_variables, rate)

    def _momentum(self, count: jax.Array) -> jax.Array:
        """The momentum of one step, which rises to `beta_1`."""
        return self.beta_1 * (
            1.0 - 0.5 * jnp.power(jnp.asarray(0.96, count.dtype), count)
        )

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule, on arrays."""
        now, following = self._momentum(step.count), self._momentum(step.count + 1)
        product = array_of(self._u_product).astype(value.dtype)
        means = adam_means(slots, gradient, self.beta_1, self.beta_2)
        ahead = following * means["momentum"] / (1 - product * following)
        first = ahead + (1 - now) * gradient / (1 - product)
        bias = 1 - jnp.power(jnp.asarray(self.beta_2, value.dtype), step.count)
        root = jnp.sqrt(means["velocity"] / bias)
        return value - first * step.learning_rate / (root + self.epsilon), means

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = ("beta_1", "beta_2", "epsilon")
        return super().get_config() | {key: getattr(self, key) for key in own}
