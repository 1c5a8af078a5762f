"""Whole quotients and remainders, floored and truncated.

Eager calls refuse integers divided by zero, as TensorFlow does; a compiled program
cannot, and gives the value that XLA defines.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.context import state
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.array.gather import known_positions
from lamina.ops.checks import REAL, check_broadcast


def _is_integer(value: Any) -> bool:
    if type(value) is Tensor:
        return value._value.dtype.kind in "iu"  # the way of most calls, kept short
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        dtype = convert_to_tensor(value).dtype
    return as_dtype(dtype).is_integer


def _refuse_zero(name: str, x: Any, y: Any) -> None:
    """Raises InvalidArgumentError for an eager division of integers by zero."""
    if state.trace is not None or isinstance(x, float) or isinstance(y, float):
        return
    if type(y) is int and y:
        return
    for value in (x, y):
        if type(value) is not int and not _is_integer(value):
            return
    found = np.asarray(y) if type(y) is int else known_positions(convert_to_tensor(y))
    if found is None or found.all() or 0 in np.shape(x):
        return
    raise InvalidArgumentError.of(
        name,
        expected="divisors that are not zero",
        received=f"y with {found.size - np.count_nonzero(found)} zeros: Integer "
        "division by zero",
        hint="Replace zeros first, as with tf.where(y == 0, 1, y).",
    )


@op("math.floordiv", dtypes=REAL, differentiable=False)
def _floordiv(x: Same, y: Same, name: str | None = None) -> Array:
    check_broadcast("tf.math.floordiv", x, y)
    return jnp.floor_divide(x, y)


def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The quotient rounded towards minus infinity, ``x // y``.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype. No gradient flows.

    Raises:
        InvalidArgumentError: if dtypes differ, shapes do not broadcast, or an integer
            is divided by zero (eager, on a CPU).

    Reference: ``tf.math.floordiv``. Compiled, an integer divided by zero is that
    of XLA, where TensorFlow on a CPU raises.
    """
    _refuse_zero("tf.math.floordiv", x, y)
    return _floordiv(x, y, name)


@op("math.mod", dtypes=REAL)
def _floormod(x: Same, y: Same, name: str | None = None) -> Array:
    check_broadcast("tf.math.floormod", x, y)
    return jnp.mod(x, y)


def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder of the floored quotient; it has the sign of ``y``.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ, shapes do not broadcast, or an integer
            is divided by zero (eager, on a CPU).

    Reference: ``tf.math.floormod``. Compiled, an integer remainder by zero is that
    of XLA, where TensorFlow on a CPU raises.
    """
    _refuse_zero("tf.math.floormod", x, y)
    return _floormod(x, y, name)


@op("truncatediv", dtypes=REAL, differentiable=False)
def _truncatediv(x: Same, y: Same, name: str | None = None) -> Array:
    check_broadcast("tf.truncatediv", x, y)
    if jnp.issubdtype(x.dtype, jnp.integer):
        return lax.div(*jnp.broadcast_arrays(x, y))
    return jnp.trunc(x / y)


def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The integer quotient rounded towards zero, as in C.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype. No gradient flows.

    Raises:
        InvalidArgumentError: if dtypes differ, shapes do not broadcast, or an integer
            is divided by zero (eager, on a CPU).

    Reference: ``tf.truncatediv``. TensorFlow raises an InternalError for zero.
    """
    _refuse_zero("tf.truncatediv", x, y)
    return _truncatediv(x, y, name)


@op("truncatemod", dtypes=REAL)
def _truncatemod(x: Same, y: Same, name: str | None = None) -> Array:
    check_broadcast("tf.truncatemod", x, y)
    return lax.rem(*jnp.broadcast_arrays(x, y))


def truncatemod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The remainder of the truncated quotient; it has the sign of ``x``.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ, shapes do not broadcast, or an integer
            is divided by zero (eager, on a CPU).

    Reference: ``tf.truncatemod``. TensorFlow raises an InternalError for zero.
    """
    _refuse_zero("tf.truncatemod", x, y)
    return _truncatemod(x, y, name)


__all__ = ["floordiv", "floormod", "truncatediv", "truncatemod"]
