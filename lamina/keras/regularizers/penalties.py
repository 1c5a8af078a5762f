"""Regularizers: penalties on weights or outputs that are added to the loss."""

from __future__ import annotations

import math
from typing import Any, Self

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.array.creation import eye, zeros
from lamina.ops.array.shaping import transpose
from lamina.ops.linalg.products import matmul
from lamina.ops.math.elementwise import absolute, square
from lamina.ops.math.reduction import reduce_sum
from lamina.ops.nn.normalization import l2_normalize


class Regularizer:
    """A function that maps a tensor to a scalar penalty.

    Subclass it, write `__call__(self, x)`, and return the constructor's arguments
    from `get_config`. Any function of one tensor that returns a scalar serves as
    well.

    Reference: `keras.Regularizer`.
    """

    def __call__(self, x: Any) -> Any:
        """Returns the penalty of `x`; here zero."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict.

        Raises:
            NotImplementedError: A subclass does not define it.
        """
        raise NotImplementedError(
            message(
                type(self).__name__,
                expected="a `get_config(self)` method",
                received="a Regularizer subclass without one",
                hint=f"{self} does not implement get_config(): return the "
                "constructor's arguments from it",
            )
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a regularizer from the dict that `get_config` returned."""
        return cls(**config)


class L1L2(Regularizer):
    """`l1 * sum(|x|) + l2 * sum(x ** 2)`.

    Args:
        l1: A non-negative factor.
        l2: A non-negative factor.

    Raises:
        ValueError: A factor is negative, infinite or not a number.

    Reference: `keras.regularizers.L1L2`.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """Returns the penalty of `x`, a scalar of its dtype."""
        x = convert_to_tensor(x)
        penalty = zeros((), x.dtype)
        if self.l1:
            penalty += reduce_sum(absolute(x)) * self.l1
        if self.l2:
            penalty += reduce_sum(square(x)) * self.l2
        return penalty

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """`l1 * sum(|x|)`.

    Args:
        l1: A non-negative factor; None means 0.01.

    Raises:
        ValueError: The factor is negative, infinite or not a number.

    Reference: `keras.regularizers.L1`.
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Tensor:
        """Returns the penalty of `x`, a scalar of its dtype."""
        return reduce_sum(absolute(convert_to_tensor(x))) * self.l1

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"l1": self.l1}


class L2(Regularizer):
    """`l2 * sum(x ** 2)`.

    Args:
        l2: A non-negative factor; None means 0.01.

    Raises:
        ValueError: The factor is negative, infinite or not a number.

    Reference: `keras.regularizers.L2`.
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """Returns the penalty of `x`, a scalar of its dtype."""
        return reduce_sum(square(convert_to_tensor(x))) * self.l2

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """Penalises rows (or columns) of a matrix that are not orthogonal.

    The penalty is `factor` times the mean of `|cos|` over the pairs of distinct rows.

    Args:
        factor: A non-negative factor.
        mode: `"rows"` or `"columns"`.

    Raises:
        ValueError: A bad factor or mode, or an input that is not a matrix.

    Reference: `keras.regularizers.OrthogonalRegularizer`.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                message(
                    "keras.regularizers.OrthogonalRegularizer",
                    expected="`mode` to be 'rows' or 'columns'",
                    received=f"Invalid value for argument `mode`: mode={mode}",
                    hint="pass one of the two",
                )
            )
        self.mode = mode

    def __call__(self, inputs: Any) -> Tensor:
        """Returns the penalty of a matrix, a scalar of its dtype."""
        x = convert_to_tensor(inputs)
        if len(x.shape) != 2:
            raise ValueError(
                message(
                    "keras.regularizers.OrthogonalRegularizer",
                    expected="Inputs to OrthogonalRegularizer must have rank 2",
                    received=f"inputs.shape={tuple(x.shape)}",
                    hint="use it on kernels of shape (inputs, units)",
                )
            )
        if self.mode == "columns":
            x = transpose(x)
        x = l2_normalize(x, axis=1)
        size = x.shape[0]
        cosines = matmul(x, x, transpose_b=True) * (1.0 - eye(size, dtype=x.dtype))
        pairs = size * (size - 1.0) / 2.0
        return reduce_sum(absolute(cosines)) * (0.5 * self.factor / pairs)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"factor": self.factor, "mode": self.mode}


def _factor(owner: str, name: str, value: Any) -> float:
    valid = isinstance(value, float | int) and math.isfinite(value) and value >= 0
    if not valid:
        raise ValueError(
            message(
                f"keras.regularizers.{owner}",
                expected=f"argument `{name}` to be a non-negative float",
                received=f"Invalid value for argument {name}: {name}={value}",
                hint="pass a number of zero or more",
            )
        )
    return float(value)
