"""The base class of learning rate schedules."""

from __future__ import annotations

from typing import Any, Self

from lamina.engine.errors import InvalidArgumentError, UnimplementedError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.config import floatx


class LearningRateSchedule:
    """A learning rate as a function of the optimizer's step.

    A subclass defines `__call__(self, step)`, where `step` is an integer scalar,
    and `get_config`.

    Example:
        >>> class Halving(tf.keras.optimizers.schedules.LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 * 0.5 ** tf.cast(step, tf.float32)
        >>> round(float(Halving()(2)), 4)
        0.025

    Reference: `keras.optimizers.schedules.LearningRateSchedule`.
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`, a float scalar."""
        raise UnimplementedError.of(
            f"keras.optimizers.schedules.{type(self).__name__}",
            expected="a method `__call__(self, step)`",
            received="a schedule without it",
            hint="Override `__call__(self, step)` in your schedule.",
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as values that JSON can hold."""
        raise UnimplementedError.of(
            f"keras.optimizers.schedules.{type(self).__name__}",
            expected="a method `get_config()`",
            received="a schedule without it",
            hint="Override `get_config()` in order to make it serializable.",
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A schedule from what `get_config` gave."""
        return cls(**config)


class FormulaSchedule(LearningRateSchedule):
    """A built-in schedule: a formula of the step and the constructor's numbers."""

    _fields: tuple[str, ...] = ()

    def __call__(self, step: Any) -> Tensor:
        """The learning rate at `step`, a scalar of Keras's `floatx`."""
        return schedule_value(step, type(self), self._numbers(), floatx())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in self._fields}

    def _numbers(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields if name != "name")

    @staticmethod
    def formula(step: Array, *numbers: Any) -> Array:
        """The rate at `step`, a float scalar array."""
        raise AssertionError("each built-in schedule defines its formula")


@op("keras.optimizers.schedules.value", differentiable=False)
def schedule_value(step: TensorLike, kind: Any, numbers: Any, dtype: Any) -> Array:
    """The rate of the built-in schedule class `kind` at `step`."""
    return kind.formula(step.astype(dtype), *numbers).astype(dtype)


def check_positive(name: str, label: str, value: Any) -> None:
    """Raises unless a schedule's length is positive."""
    if value <= 0:
        raise InvalidArgumentError.of(
            f"keras.optimizers.schedules.{name}",
            expected=f"Argument `{label}` must be > 0",
            received=f"{label}={value}",
            hint="Give the number of steps over which the rate decays.",
        )
