"""Checks and small helpers that the bodies of many operations share.

All of them look at shapes and dtypes only, so they cost nothing once a program is
compiled.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.errors import InvalidArgumentError, ShapeError

FLOAT = (dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64)
COMPLEX = (dtypes.complex64, dtypes.complex128)
FLOAT_OR_COMPLEX = FLOAT + COMPLEX
SIGNED = (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64)
UNSIGNED = (dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64)
INTEGER = SIGNED + UNSIGNED
REAL = FLOAT + INTEGER
NUMERIC = REAL + COMPLEX
NUMERIC_OR_STRING = (*NUMERIC, dtypes.string)
INDEX = (dtypes.int32, dtypes.int64)


def namespace(x: Any) -> types.ModuleType:
    """NumPy for arrays on the host (strings, folded shapes), else ``jax.numpy``."""
    return np if isinstance(x, np.ndarray) else jnp


def text(shape: Sequence[int | None]) -> str:
    """A shape as error messages write it: ``[2,3]``."""
    return "[" + ",".join("?" if dim is None else str(dim) for dim in shape) + "]"


def check_broadcast(name: str, *arrays: Any) -> tuple[int, ...]:
    """The shape to which the arrays broadcast.

    Raises:
        ShapeError: if they do not broadcast.
    """
    try:
        return np.broadcast_shapes(*(x.shape for x in arrays))
    except ValueError:
        shapes = " vs. ".join(text(x.shape) for x in arrays)
        raise ShapeError.of(
            name,
            expected="shapes that broadcast: each pair of sizes equal or one of them 1",
            received=f"Incompatible shapes: {shapes}",
            hint="Reshape or tf.expand_dims one of the tensors.",
        ) from None


def axis_index(name: str, axis: Any, ndim: int) -> int:
    """``axis`` counted from the front.

    Raises:
        InvalidArgumentError: if it is not an axis of a tensor with ``ndim`` axes.
    """
    number = as_int(name, axis, "axis")
    if not -ndim <= number < ndim:
        raise InvalidArgumentError.of(
            name,
            expected=f"an axis in [{-ndim}, {ndim}) for a tensor of rank {ndim}",
            received=f"axis={number}",
            hint="Negative axes count from the last one.",
        )
    return number % ndim if ndim else 0


def axes_tuple(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction names, counted from the front; None is all."""
    if axis is None:
        return tuple(range(ndim))
    found = tuple(axis_index(name, a, ndim) for a in np.ravel(axis))
    if len(set(found)) != len(found):
        raise InvalidArgumentError.of(
            name,
            expected="each axis at most once",
            received=f"axis={_plain(axis)} for a tensor of rank {ndim}",
            hint="Remove the repeated axis.",
        )
    return found


def as_int(name: str, value: Any, what: str) -> int:
    """A Python int from a static value.

    Raises:
        InvalidArgumentError: if the value is not one whole number.
    """
    if type(value) is int:
        return value
    found = np.asarray(value)
    if found.size != 1 or found.dtype.kind not in "iu":
        raise InvalidArgumentError.of(
            name,
            expected=f"one integer as `{what}`",
            received=f"{what}={_plain(value)!r}",
            hint="Give a Python int or a scalar integer tensor.",
        )
    return int(found.reshape(()))


def int_tuple(name: str, value: Any, what: str) -> tuple[int, ...]:
    """A tuple of Python ints from a static vector (or a scalar).

    Raises:
        InvalidArgumentError: if the value is not a vector of whole numbers.
    """
    found = np.asarray(value if value is not None else 0.5)
    if found.size == 0:
        return ()
    if found.ndim > 1 or found.dtype.kind not in "iu":
        raise InvalidArgumentError.of(
            name,
            expected=f"a vector of integers as `{what}`",
            received=f"{what}={_plain(value)!r}",
            hint="Give a list of ints or a rank-1 integer tensor.",
        )
    return tuple(int(v) for v in found.reshape(-1))


def shape_tuple(name: str, value: Any, what: str = "shape") -> tuple[int, ...]:
    """Sizes from a static value; each must be zero or more.

    Raises:
        InvalidArgumentError: if one is negative or not an integer.
    """
    sizes = int_tuple(name, value, what)
    if any(size < 0 for size in sizes):
        raise InvalidArgumentError.of(
            name,
            expected=f"sizes of zero or more in `{what}`",
            received=f"{what}={list(sizes)}",
            hint="Only tf.reshape infers a size from -1.",
        )
    return sizes


def check_rank(name: str, x: Any, rank: int, what: str = "input") -> None:
    """Raises ShapeError unless ``x`` has exactly ``rank`` axes."""
    if x.ndim != rank:
        raise ShapeError.of(
            name,
            expected=f"`{what}` of rank {rank}",
            received=f"shape {text(x.shape)}",
            hint="Reshape the tensor.",
        )


def check_min_rank(name: str, x: Any, rank: int, what: str = "input") -> None:
    """Raises ShapeError unless ``x`` has at least ``rank`` axes."""
    if x.ndim < rank:
        raise ShapeError.of(
            name,
            expected=f"`{what}` of rank {rank} or more",
            received=f"shape {text(x.shape)}",
            hint="Add axes with tf.expand_dims.",
        )


def check_square(name: str, x: Any, what: str = "input") -> None:
    """Raises ShapeError unless the last two axes of ``x`` are equal."""
    check_min_rank(name, x, 2, what)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError.of(
            name,
            expected=f"`{what}` to be square matrices",
            received=f"Input matrix must be square, got shape {text(x.shape)}",
            hint="The last two sizes must be equal.",
        )


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
