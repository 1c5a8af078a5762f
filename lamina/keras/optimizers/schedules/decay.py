"""Schedules that decay by a power, an exponential, a hyperbola, or in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.config import floatx
from lamina.keras.optimizers.schedules.base import (
    FormulaSchedule,
    LearningRateSchedule,
    check_positive,
)


class ExponentialDecay(FormulaSchedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps after which the rate is multiplied once; positive.
        decay_rate: The factor.
        staircase: Whether the exponent is rounded down, so that the rate falls in
            jumps.
        name: Name of the schedule.

    Raises:
        InvalidArgumentError: `decay_steps` is not positive.

    Example:
        >>> rate = tf.keras.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)
        >>> float(rate(20))
        0.25

    Reference: `keras.optimizers.schedules.ExponentialDecay`.
    """

    _fields = (
        "initial_learning_rate",
        "decay_steps",
        "decay_rate",
        "staircase",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        check_positive("ExponentialDecay", "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    @staticmethod
    def formula(
        step: Array, initial: float, steps: int, rate: float, staircase: bool
    ) -> Array:
        """The rate at `step`, a float scalar array."""
        power = step / steps
        power = jnp.floor(power) if staircase else power
        return initial * jnp.power(jnp.asarray(rate, step.dtype), power)


class InverseTimeDecay(FormulaSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Unit in which steps are counted; positive.
        decay_rate: How fast the divisor grows.
        staircase: Whether `step / decay_steps` is rounded down.
        name: Name of the schedule.

    Raises:
        InvalidArgumentError: `decay_steps` is not positive.

    Example:
        >>> rate = tf.keras.optimizers.schedules.InverseTimeDecay(1.0, 1, 1.0)
        >>> float(rate(3))
        0.25

    Reference: `keras.optimizers.schedules.InverseTimeDecay`.
    """

    _fields = (
        "initial_learning_rate",
        "decay_steps",
        "decay_rate",
        "staircase",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        check_positive("InverseTimeDecay", "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    @staticmethod
    def formula(
        step: Array, initial: float, steps: int, rate: float, staircase: bool
    ) -> Array:
        """The rate at `step`, a float scalar array."""
        elapsed = step / steps
        elapsed = jnp.floor(elapsed) if staircase else elapsed
        return initial / (1 + rate * elapsed)


class PolynomialDecay(FormulaSchedule):
    """A power of the remaining fraction, from the initial to the end rate.

    `(initial - end) * (1 - step / decay_steps) ** power + end`, constant after
    `decay_steps`; with `cycle`, the length grows to the next multiple instead.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps until the end rate; positive.
        end_learning_rate: The rate at the end.
        power: The exponent; 1 is a straight line.
        cycle: Whether the decay starts again beyond `decay_steps`.
        name: Name of the schedule.

    Raises:
        InvalidArgumentError: `decay_steps` is not positive.

    Example:
        >>> rate = tf.keras.optimizers.schedules.PolynomialDecay(1.0, 10, 0.0)
        >>> float(rate(5))
        0.5

    Reference: `keras.optimizers.schedules.PolynomialDecay`.
    """

    _fields = (
        "initial_learning_rate",
        "decay_steps",
        "end_learning_rate",
        "power",
        "cycle",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_positive("PolynomialDecay", "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    @staticmethod
    def formula(
        step: Array, initial: float, steps: int, end: float, power: float, cycle: bool
    ) -> Array:
        """The rate at `step`, a float scalar array."""
        if cycle:
            rounds = jnp.where(step == 0, 1.0, jnp.ceil(step / steps))
            fraction = step / (steps * rounds.astype(step.dtype))
        else:
            fraction = jnp.minimum(step / steps, 1)
        return (initial - end) * jnp.power(1 - fraction, power) + end


class PiecewiseConstantDecay(LearningRateSchedule):
    """Constant between boundaries: `values[i]` up to and including `boundaries[i]`.

    Args:
        boundaries: Increasing steps.
        values: The rates, one more than boundaries.
        name: Name of the schedule.

    Raises:
        InvalidArgumentError: The lengths do not fit.

    Example:
        >>> rate = tf.keras.optimizers.schedules.PiecewiseConstantDecay(
        ...     [10, 20], [1.0, 0.5, 0.25])
        >>> [float(rate(step)) for step in (10, 11, 21)]
        [1.0, 0.5, 0.25]

    Reference: `keras.optimizers.schedules.PiecewiseConstantDecay`.
    """

    def __init__(
        self,
        boundaries: Sequence[Any],
        values: Sequence[Any],
        name: str = "PiecewiseConstant",
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise InvalidArgumentError.of(
                "keras.optimizers.schedules.PiecewiseConstantDecay",
                expected="The length of boundaries should be 1 less than the length "
                "of values",
                received=f"boundaries={boundaries} of length {len(boundaries)}, and "
                f"values={values} of length {len(values)}",
                hint="The last value holds after the last boundary.",
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        """The learning rate at `step`, a scalar of Keras's `floatx`."""
        return piece_of(step, tuple(self.boundaries), tuple(self.values), floatx())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "boundaries": self.boundaries,
            "values": self.values,
            "name": self.name,
        }


@op("keras.optimizers.schedules.piecewise", differentiable=False)
def piece_of(step: TensorLike, boundaries: Any, values: Any, dtype: Any) -> Array:
    """The value of the piece that `step` lies in."""
    edges = jnp.asarray(boundaries).astype(step.dtype)
    return jnp.asarray(values, dtype=dtype)[jnp.searchsorted(edges, step, side="left")]
