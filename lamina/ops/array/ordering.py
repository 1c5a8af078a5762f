"""Sorting, and searching in what is sorted."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.ops.checks import REAL, axis_index, check_rank, shape_tuple, text


def _descending(name: str, direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise InvalidArgumentError.of(
            name,
            expected="`direction` to be 'ASCENDING' or 'DESCENDING'",
            received=f"direction={direction}",
            hint="Write it in capitals.",
        )
    return direction == "DESCENDING"


@op("sort", dtypes=REAL)
def sort(
    values: TensorLike,
    axis: Any = -1,
    direction: str = "ASCENDING",
    name: str | None = None,
) -> Array:
    """The elements in order along an axis.

    Args:
        values: a real tensor of rank 1 or more.
        axis: the axis, the last by default.
        direction: ``"ASCENDING"`` or ``"DESCENDING"``.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: if the direction is unknown.
        InvalidArgumentError: if the axis is out of range.

    Reference: ``tf.sort``. NaN comes last when ascending.
    """
    down = _descending("tf.sort", direction)
    _check_axis("tf.sort", values)
    place = axis_index("tf.sort", axis, values.ndim)
    return jnp.sort(values, axis=place, descending=down)


@op("argsort", dtypes=REAL, differentiable=False)
def argsort(
    values: TensorLike,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Array:
    """The positions that sort the elements along an axis.

    Args:
        values: a real tensor of rank 1 or more.
        axis: the axis, the last by default.
        direction: ``"ASCENDING"`` or ``"DESCENDING"``.
        stable: equal elements keep their order; they always do here.
        name: a name scope.

    Returns:
        An ``int32`` tensor of the same shape.

    Raises:
        ValueError: if the direction is unknown.

    Reference: ``tf.argsort``.
    """
    down = _descending("tf.argsort", direction)
    _check_axis("tf.argsort", values)
    place = axis_index("tf.argsort", axis, values.ndim)
    order = jnp.argsort(values, axis=place, stable=True, descending=down)
    return order.astype(jnp.int32)


def _check_axis(name: str, values: Array) -> None:
    if values.ndim == 0:
        raise ShapeError.of(
            name,
            expected="a tensor of rank 1 or more",
            received="a scalar: slice index -1 of dimension 0 out of bounds",
            hint="A scalar has nothing to sort.",
        )


@op("searchsorted", dtypes=REAL, differentiable=False)
def searchsorted(
    sorted_sequence: Same,
    values: Same,
    side: str = "left",
    out_type: Any = dtypes.int32,
    name: str | None = None,
) -> Array:
    """Where values would have to stand to keep a sequence sorted.

    Args:
        sorted_sequence: a real tensor of shape ``(..., N)``, sorted on its last axis.
        values: a tensor of the same dtype and shape ``(..., M)``.
        side: ``"left"``: before equal elements; ``"right"``: after them.
        out_type: ``int32`` or ``int64``.
        name: a name scope.

    Returns:
        An integer tensor of the shape of ``values``.

    Raises:
        InvalidArgumentError: if the leading sizes or dtypes differ.
        ValueError: if ``side`` is something else.

    Reference: ``tf.searchsorted``.
    """
    if side not in ("left", "right"):
        raise InvalidArgumentError.of(
            "tf.searchsorted",
            expected="side to be 'left' or 'right'",
            received=f"side={side!r}",
            hint="The default is 'left'.",
        )
    rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1])
    wanted = values.reshape(-1, values.shape[-1])
    if len(rows) != len(wanted):
        raise ShapeError.of(
            "tf.searchsorted",
            expected="equal leading sizes",
            received=f"{text(sorted_sequence.shape)} and {text(values.shape)}",
            hint="Search each row in its own sequence.",
        )
    found = jax.vmap(lambda s, v: jnp.searchsorted(s, v, side=side))(rows, wanted)
    return found.reshape(values.shape).astype(as_dtype(out_type).np_dtype)


@op("math.invert_permutation", dtypes=("int32", "int64"), differentiable=False)
def invert_permutation(x: TensorLike, name: str | None = None) -> Array:
    """The permutation that undoes another: ``y[x[i]] = i``.

    Args:
        x: a vector that holds each of ``0 … N-1`` once.
        name: a name scope.

    Returns:
        A vector of the same shape and dtype.

    Raises:
        InvalidArgumentError: if ``x`` is not a vector.

    Reference: ``tf.math.invert_permutation``. That ``x`` is a permutation is not
    checked.
    """
    check_rank("tf.math.invert_permutation", x, 1, "x")
    steps = jnp.arange(x.shape[0], dtype=x.dtype)
    return jnp.zeros_like(x).at[x].set(steps)


@op("unravel_index", dtypes=("int32", "int64"), differentiable=False)
def unravel_index(indices: TensorLike, dims: Any, name: str | None = None) -> Array:
    """The coordinates of flat positions.

    Args:
        indices: an integer scalar or vector of positions in row-major order.
        dims: the sizes of the tensor that is indexed.
        name: a name scope.

    Returns:
        An integer tensor of shape ``(len(dims), *indices.shape)``.

    Reference: ``tf.unravel_index``.
    """
    sizes = shape_tuple("tf.unravel_index", dims, "dims")
    steps = np.cumprod([1, *sizes[:0:-1]])[::-1]
    rows = [
        (indices // int(step)) % size for step, size in zip(steps, sizes, strict=True)
    ]
    return jnp.stack(rows).astype(indices.dtype)
