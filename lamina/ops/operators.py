"""Python's operators on tensors and variables: ``x + y``, ``x @ y``, ``x[...]``.

Importing this module registers them with ``Tensor``. Python numbers and NumPy arrays
take the dtype of the tensor beside them; two tensors must agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.engine.errors import ShapeError
from lamina.engine.tensor import (
    Tensor,
    convert_to_tensor,
    is_tensor,
    register_operators,
)
from lamina.ops.array.slicing import getitem
from lamina.ops.bitwise import bitwise_and, bitwise_or, bitwise_xor, invert
from lamina.ops.linalg.products import matmul
from lamina.ops.math.arithmetic import (
    add,
    multiply,
    power,
    subtract,
    truediv,
)
from lamina.ops.math.comparison import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
)
from lamina.ops.math.division import floordiv, floormod
from lamina.ops.math.elementwise import absolute, negative

_OWN = (bool, int, float, complex, str, bytes, list, tuple, np.ndarray, np.generic)


def _foreign(other: Any, reflected: str) -> bool:
    """Whether ``other`` is of a strange class that has the reflected operator."""
    return (
        not isinstance(other, _OWN)
        and not is_tensor(other)
        and not hasattr(other, "__array__")
        and hasattr(other, reflected)
    )


def _operator(function: Any, reflected: str) -> tuple[Any, Any]:
    """The forward and the reflected operator of a function of two tensors."""

    def forward(x: Any, y: Any) -> Any:
        if type(y) is not Tensor and _foreign(y, reflected):
            return NotImplemented
        return function(x, y)

    def backward(x: Any, y: Any) -> Any:
        return function(convert_to_tensor(y, x.dtype), x)

    return forward, backward


def _logic(on_bool: Any, on_integer: Any) -> Callable[[Any, Any], Any]:
    """``&``, ``|`` and ``^``: logic for bools, bits for integers."""

    def function(x: Any, y: Any) -> Any:
        return (on_bool if x.dtype == "bool" else on_integer)(x, y)

    return function


def _invert(x: Any) -> Any:
    return logical_not(x) if x.dtype == "bool" else invert(x)


def _equal(x: Any, y: Any) -> Any:
    """``x == y``: elementwise; False for None or shapes that do not broadcast."""
    if y is None:
        return False
    try:
        return equal(x, y)
    except ShapeError:
        return convert_to_tensor(False)


def _not_equal(x: Any, y: Any) -> Any:
    """``x != y``: elementwise; True for None or shapes that do not broadcast."""
    if y is None:
        return True
    try:
        return not_equal(x, y)
    except ShapeError:
        return convert_to_tensor(True)


def _positive(x: Any) -> Any:
    return x


_BINARY: dict[str, Any] = {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "truediv": truediv,
    "floordiv": floordiv,
    "mod": floormod,
    "pow": power,
    "matmul": matmul,
    "and": _logic(logical_and, bitwise_and),
    "or": _logic(logical_or, bitwise_or),
    "xor": _logic(logical_xor, bitwise_xor),
}


def _table() -> dict[str, Any]:
    table: dict[str, Any] = {
        "__neg__": negative,
        "__abs__": absolute,
        "__invert__": _invert,
        "__pos__": _positive,
        "__lt__": less,
        "__le__": less_equal,
        "__gt__": greater,
        "__ge__": greater_equal,
        "__eq__": _equal,
        "__ne__": _not_equal,
        "__getitem__": getitem,
    }
    for name, function in _BINARY.items():
        forward, backward = _operator(function, f"__r{name}__")
        table[f"__{name}__"] = forward
        table[f"__r{name}__"] = backward
    return table


register_operators(_table())
