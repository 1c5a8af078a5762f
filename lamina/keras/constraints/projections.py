"""Weight constraints: projections that the optimizer applies after each update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.config import epsilon
from lamina.ops.math.arithmetic import maximum
from lamina.ops.math.clipping import clip_by_value
from lamina.ops.math.elementwise import sqrt, square
from lamina.ops.math.reduction import reduce_sum

Axis = int | Sequence[int]


class Constraint:
    """A function that maps a weight's value to an allowed value.

    Subclass it, write `__call__(self, w)`, and return the constructor's arguments
    from `get_config`.

    Reference: `keras.constraints.Constraint`.
    """

    def __call__(self, w: Any) -> Any:
        """Returns the allowed value nearest in spirit to `w`; here `w` itself.

        Args:
            w: The weight, a Variable or Tensor.
        """
        return w

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a constraint from the dict that `get_config` returned."""
        return cls(**config)


class MaxNorm(Constraint):
    """Shrinks weights whose norm exceeds `max_value` to that norm.

    Args:
        max_value: The largest norm allowed.
        axis: The axis or axes over which a norm is taken: 0 for a Dense kernel
            `(inputs, units)`, `[0, 1, 2]` for the kernel of a Conv2D.

    Reference: `keras.constraints.MaxNorm`; Srivastava et al., "Dropout" (2014).
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Returns `w` with norms of at most `max_value`."""
        w, norms = _with_norms(w, self.axis)
        return w * (clip_by_value(norms, 0, self.max_value) / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Replaces negative weights by zero.

    Reference: `keras.constraints.NonNeg`.
    """

    def __call__(self, w: Any) -> Tensor:
        """Returns `max(w, 0)`."""
        return maximum(convert_to_tensor(w), 0)


class UnitNorm(Constraint):
    """Scales weights to norm 1.

    Args:
        axis: The axis or axes over which a norm is taken, as in `MaxNorm`.

    Reference: `keras.constraints.UnitNorm`.
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Returns `w / (norm + epsilon)`."""
        w, norms = _with_norms(w, self.axis)
        return w / (norms + epsilon())

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Moves the norms of the weights towards the interval `[min_value, max_value]`.

    Args:
        min_value: The smallest norm wanted.
        max_value: The largest norm wanted.
        rate: How far to move: 1 enforces the interval at once, less than 1 moves
            that share of the way after each update.
        axis: The axis or axes over which a norm is taken, as in `MaxNorm`.

    Reference: `keras.constraints.MinMaxNorm`.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Returns `w` scaled to the wanted norms."""
        w, norms = _with_norms(w, self.axis)
        inside = clip_by_value(norms, self.min_value, self.max_value)
        wanted = inside * self.rate + norms * (1 - self.rate)
        return w * (wanted / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


def _with_norms(w: Any, axis: Axis) -> tuple[Tensor, Tensor]:
    w = convert_to_tensor(w)
    return w, sqrt(reduce_sum(square(w), axis=axis, keepdims=True))
