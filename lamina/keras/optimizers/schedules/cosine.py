"""Schedules along a cosine, with warm-up or with restarts.

Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017.
"""

from __future__ import annotations

import math

import jax.numpy as jnp

from lamina.engine.op import Array
from lamina.keras.optimizers.schedules.base import FormulaSchedule, check_positive


class CosineDecay(FormulaSchedule):
    """Half a cosine wave from the initial rate down to `alpha` times it.

    With `warmup_target`, the rate first rises in a straight line from
    `initial_learning_rate` to the target, during `warmup_steps`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Length of the decay in steps; positive.
        alpha: The final rate as a fraction of the rate that decays.
        name: Name of the schedule.
        warmup_target: The rate at the end of the warm-up, or None for no warm-up.
        warmup_steps: Length of the warm-up in steps.

    Raises:
        InvalidArgumentError: `decay_steps` is not positive.

    Example:
        >>> rate = tf.keras.optimizers.schedules.CosineDecay(1.0, 10)
        >>> round(float(rate(5)), 4)
        0.5

    Reference: `keras.optimizers.schedules.CosineDecay`.
    """

    _fields = (
        "initial_learning_rate",
        "decay_steps",
        "alpha",
        "name",
        "warmup_target",
        "warmup_steps",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check_positive("CosineDecay", "decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    @staticmethod
    def formula(
        step: Array,
        initial: float,
        steps: int,
        alpha: float,
        target: float | None,
        warmup: int,
    ) -> Array:
        """The rate at `step`, a float scalar array."""

        def decayed(start: float, elapsed: Array) -> Array:
            cosine = 0.5 * (1.0 + jnp.cos(math.pi * elapsed / steps))
            return start * ((1 - alpha) * cosine + alpha)

        if target is None:
            return decayed(initial, jnp.minimum(step, steps))
        step = jnp.minimum(step, steps + warmup)
        rising = (target - initial) * (step / max(warmup, 1)) + initial
        return jnp.where(step < warmup, rising, decayed(target, step - warmup))


class CosineDecayRestarts(FormulaSchedule):
    """Cosine decays one after another, each longer and lower than the last.

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: Length of the first period in steps; positive.
        t_mul: Factor from the length of a period to the next.
        m_mul: Factor from the height of a period to the next.
        alpha: The lowest rate as a fraction of the initial one.
        name: Name of the schedule.

    Raises:
        InvalidArgumentError: `first_decay_steps` is not positive.

    Example:
        >>> rate = tf.keras.optimizers.schedules.CosineDecayRestarts(1.0, 10)
        >>> float(rate(10))
        1.0

    Reference: `keras.optimizers.schedules.CosineDecayRestarts`.
    """

    _fields = (
        "initial_learning_rate",
        "first_decay_steps",
        "t_mul",
        "m_mul",
        "alpha",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_positive("CosineDecayRestarts", "first_decay_steps", first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    @staticmethod
    def formula(
        step: Array,
        initial: float,
        first: int,
        t_mul: float,
        m_mul: float,
        alpha: float,
    ) -> Array:
        """The rate at `step`, a float scalar array."""
        elapsed = step / first
        if t_mul == 1.0:
            period = jnp.floor(elapsed)
            elapsed = elapsed - period
        else:
            period = jnp.floor(
                jnp.log(1.0 - elapsed * (1.0 - t_mul)) / jnp.log(t_mul)
            ).astype(step.dtype)
            growth = jnp.power(jnp.asarray(t_mul, step.dtype), period)
            elapsed = (elapsed - (1.0 - growth) / (1.0 - t_mul)) / growth
        height = jnp.power(jnp.asarray(m_mul, step.dtype), period)
        cosine = 0.5 * height * (1.0 + jnp.cos(math.pi * elapsed))
        return initial * ((1 - alpha) * cosine + alpha)
