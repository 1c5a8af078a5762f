"""Reductions over groups of slices: ``tf.math.segment_*`` and ``unsorted_segment_*``.

Sorted segments take their number from the ids, so inside a traced function they make
it run op by op; the unsorted ones are given it and compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.array.gather import known_positions
from lamina.ops.checks import NUMERIC, REAL, as_int, text


def _start(how: str, dtype: Any) -> Any:
    """What a segment without elements holds."""
    if how in ("add", "multiply"):
        return 0 if how == "add" else 1
    kind = dtypes.from_np(dtype)
    return kind.min if how == "max" else kind.max


def _scatter(data: Array, ids: Array, count: int, how: str) -> Array:
    out = jnp.full((count, *data.shape[1:]), _start(how, data.dtype), data.dtype)
    target = getattr(out.at[ids], how)
    return target(data, mode="drop", wrap_negative_indices=False)


def _back(values: Array, ids: Array) -> Array:
    """For each slice the value of its segment; zero if it has none."""
    return (
        jnp.asarray(values)
        .at[ids]
        .get(mode="fill", fill_value=0, wrap_negative_indices=False)
    )


def _extreme(how: str) -> Callable[..., Array]:
    """A segment maximum or minimum whose equal winners share the gradient."""

    @jax.custom_jvp
    def function(data: Array, ids: Array, count: Array) -> Array:
        return _scatter(data, ids, count.shape[0], how)

    @function.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        data, ids, count = primals
        out = function(data, ids, count)
        won = (data == _back(out, ids)).astype(data.dtype)
        total = _scatter(won * tangents[0], ids, count.shape[0], "add")
        share = _scatter(won, ids, count.shape[0], "add")
        return out, total / jnp.where(share == 0, 1, share)

    return function


_largest, _smallest = _extreme("max"), _extreme("min")


@jax.custom_jvp
def _product(data: Array, ids: Array, count: Array) -> Array:
    return _scatter(data, ids, count.shape[0], "multiply")


@_product.defjvp
def _product_jvp(primals: Any, tangents: Any) -> Any:
    """The product rule, exact also where elements are zero."""
    data, ids, count = primals
    size = count.shape[0]
    zero = data == 0
    zeros = _back(_scatter(zero.astype(data.dtype), ids, size, "add"), ids)
    others = _back(_scatter(jnp.where(zero, 1, data), ids, size, "multiply"), ids)
    alone = jnp.where(zeros == 1, others, 0)
    rest = jnp.where(zero, alone, jnp.where(zeros == 0, others, 0))
    rest = rest / jnp.where(zero, 1, data)
    total = _scatter(rest * tangents[0], ids, size, "add")
    return _product(data, ids, count), total


_REDUCERS: dict[str, Callable[..., Array]] = {
    "sum": lambda data, ids, count: _scatter(data, ids, count.shape[0], "add"),
    "max": _largest,
    "min": _smallest,
    "prod": _product,
}


def reduce_segments(name: str, data: Array, ids: Array, count: int, how: str) -> Array:
    """Reduces the slices of each segment; negative ids are left out."""
    if data.shape[: ids.ndim] != ids.shape:
        raise ShapeError.of(
            name,
            expected="data.shape to start with segment_ids.shape",
            received=f"data.shape = {text(data.shape)} does not start with "
            f"segment_ids.shape = {text(ids.shape)}",
            hint="Give one id for each slice.",
        )
    data = data.reshape(ids.size, *data.shape[ids.ndim :])
    ids = ids.reshape(-1)
    slots = jnp.zeros(count, jnp.int8)  # a static size, carried as a shape
    if how in _REDUCERS:
        return _REDUCERS[how](data, ids, slots)
    total = _scatter(data, ids, count, "add")
    members = _scatter(jnp.ones(ids.shape, jnp.int32), ids, count, "add")
    members = jnp.maximum(members, 1).reshape(-1, *[1] * (data.ndim - 1))
    if how == "sqrt_n":
        return total / jnp.sqrt(members.astype(total.dtype))
    if jnp.issubdtype(total.dtype, jnp.integer):
        if name.startswith("tf.math.segment"):
            return total // members.astype(total.dtype)
        total = total.astype(jnp.float64)
    return total / members.astype(total.dtype)


@op("math.unsorted_segment_sum")
def _unsorted(
    data: TensorLike,
    segment_ids: TensorLike,
    num_segments: Any,
    how: str,
    name: str | None = None,
) -> Array:
    public = f"tf.math.unsorted_segment_{how}"
    count = as_int(public, num_segments, "num_segments")
    return reduce_segments(public, data, segment_ids, count, how)


def _check_kind(name: str, data: Tensor, kinds: Any) -> None:
    if data.dtype not in kinds:
        raise InvalidArgumentError.of(
            name,
            expected="a numeric tensor",
            received=f"data of dtype {data.dtype.name}",
            hint="Cast it with tf.cast.",
        )


def unsorted(
    how: str, data: Any, segment_ids: Any, num_segments: Any, name: str | None
) -> Tensor:
    """An unsorted reduction, with a check of the ids where they are known."""
    public = f"tf.math.unsorted_segment_{how}"
    data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    _check_kind(public, data, REAL if how in ("max", "min") else NUMERIC)
    if not state.trace:
        found = known_positions(ids)
        limit = as_int(public, np.asarray(num_segments), "num_segments")
        if found is not None and found.size and found.max() >= limit:
            raise InvalidArgumentError.of(
                public,
                expected=f"segment ids below {limit}",
                received=f"segment_ids with {found.max()}, which is out of range "
                f"[0, {limit})",
                hint="Raise num_segments; negative ids are left out.",
            )
    return _unsorted(data, ids, num_segments, how, name=name)


@op("math.segment_sum", host=True, differentiable=False)
def _count_sorted(segment_ids: TensorLike) -> Array:
    ids = segment_ids
    if ids.ndim != 1 or (ids.size and (ids[0] < 0 or (np.diff(ids) < 0).any())):
        raise InvalidArgumentError.of(
            "tf.math.segment_sum",
            expected="a vector of ids that start at 0 or above and never fall",
            received=f"segment ids are not increasing: {ids.tolist()!s:.100}",
            hint="Use tf.math.unsorted_segment_sum.",
        )
    return np.asarray(ids[-1] + 1 if ids.size else 0, np.int64)


@op("math.segment_sum")
def _sorted(
    data: TensorLike,
    segment_ids: TensorLike,
    num_segments: Any,
    how: str,
    name: str | None = None,
) -> Array:
    public = f"tf.math.segment_{how}"
    out = reduce_segments(public, data, segment_ids, num_segments, how)
    if how in ("max", "min"):
        ones = jnp.ones(segment_ids.shape, jnp.int32)
        members = _scatter(ones, segment_ids, num_segments, "add")
        members = members.reshape(-1, *[1] * (out.ndim - 1))
        out = jnp.where(members == 0, jnp.zeros((), out.dtype), out)
    return out


def sorted_(how: str, data: Any, segment_ids: Any, name: str | None) -> Tensor:
    """A reduction over segments whose ids never fall."""
    data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    public = f"tf.math.segment_{how}"
    _check_kind(public, data, REAL if how in ("max", "min") else NUMERIC)
    if ids.shape.rank == 1 and data.shape.rank and data.shape[0] != ids.shape[0]:
        raise ShapeError.of(
            public,
            expected="one id for each slice of `data`",
            received="segment_ids should be the same size as dimension 0 of input: "
            f"{text(ids.shape)} and {text(data.shape)}",
            hint="Give a vector of ids.",
        )
    return _sorted(data, ids, int(_count_sorted(ids).numpy()), how, name=name)


def unsorted_segment_sum(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the slices of each segment; the ids may come in any order.

    Args:
        data: a numeric tensor.
        segment_ids: an integer tensor, whose shape is the start of that of ``data``:
            the segment of each slice. Slices with a negative id are left out.
        num_segments: the number of segments.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_segments, ...)``; zero where a segment is empty.

    Raises:
        InvalidArgumentError: if the shapes do not fit or an id is too large (eager,
            on a CPU).

    Reference: ``tf.math.unsorted_segment_sum``. In a compiled program slices whose id
    is too large are left out.
    """
    return unsorted("sum", data, segment_ids, num_segments, name)


def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The mean of the slices of each segment; the ids may come in any order.

    Args:
        data: a numeric tensor.
        segment_ids: an integer tensor, whose shape is the start of that of ``data``:
            the segment of each slice. Slices with a negative id are left out.
        num_segments: the number of segments.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_segments, ...)``; zero where a segment is empty.
        Integers give ``float64``.

    Raises:
        InvalidArgumentError: if the shapes do not fit or an id is too large (eager,
            on a CPU).

    Reference: ``tf.math.unsorted_segment_mean``. In a compiled program slices whose id
    is too large are left out.
    """
    return unsorted("mean", data, segment_ids, num_segments, name)


def unsorted_segment_max(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The largest element of the slices of each segment; the ids may come in any order.

    Args:
        data: a real tensor.
        segment_ids: an integer tensor, whose shape is the start of that of ``data``:
            the segment of each slice. Slices with a negative id are left out.
        num_segments: the number of segments.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_segments, ...)``; the lowest value of the dtype where
        a segment is empty.

    Raises:
        InvalidArgumentError: if the shapes do not fit or an id is too large (eager,
            on a CPU).

    Reference: ``tf.math.unsorted_segment_max``. In a compiled program slices whose id
    is too large are left out.
    """
    return unsorted("max", data, segment_ids, num_segments, name)


def unsorted_segment_min(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The smallest element of the slices of each segment; ids come in any order.

    Args:
        data: a real tensor.
        segment_ids: an integer tensor, whose shape is the start of that of ``data``:
            the segment of each slice. Slices with a negative id are left out.
        num_segments: the number of segments.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_segments, ...)``; the highest value of the dtype where
        a segment is empty.

    Raises:
        InvalidArgumentError: if the shapes do not fit or an id is too large (eager,
            on a CPU).

    Reference: ``tf.math.unsorted_segment_min``. In a compiled program slices whose id
    is too large are left out.
    """
    return unsorted("min", data, segment_ids, num_segments, name)


def unsorted_segment_prod(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The product of the slices of each segment; the ids may come in any order.

    Args:
        data: a numeric tensor.
        segment_ids: an integer tensor, whose shape is the start of that of ``data``:
            the segment of each slice. Slices with a negative id are left out.
        num_segments: the number of segments.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_segments, ...)``; one where a segment is empty.

    Raises:
        InvalidArgumentError: if the shapes do not fit or an id is too large (eager,
            on a CPU).

    Reference: ``tf.math.unsorted_segment_prod``. In a compiled program slices whose id
    is too large are left out.
    """
    return unsorted("prod", data, segment_ids, num_segments, name)


def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the slices of each segment over the root of their number.

    Args:
        data: a numeric tensor.
        segment_ids: an integer tensor, whose shape is the start of that of ``data``:
            the segment of each slice. Slices with a negative id are left out.
        num_segments: the number of segments.
        name: a name scope.

    Returns:
        A tensor of shape ``(num_segments, ...)``; zero where a segment is empty.

    Raises:
        InvalidArgumentError: if the shapes do not fit or an id is too large (eager,
            on a CPU).

    Reference: ``tf.math.unsorted_segment_sqrt_n``. In a compiled program slices whose
    id is too large are left out.
    """
    return unsorted("sqrt_n", data, segment_ids, num_segments, name)


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The sum of the slices of each segment; the ids are sorted.

    Args:
        data: a numeric tensor of rank 1 or more.
        segment_ids: an integer vector: the segment of each slice, never falling.
        name: a name scope.

    Returns:
        A tensor of the same dtype with one slice for each segment up to the last id;
        zero where a segment is empty.

    Raises:
        InvalidArgumentError: if the ids fall, start below 0, or are not as many as
            the slices.

    Reference: ``tf.math.segment_sum``.
    """
    return sorted_("sum", data, segment_ids, name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The mean of the slices of each segment; the ids are sorted.

    Args:
        data: a numeric tensor of rank 1 or more.
        segment_ids: an integer vector: the segment of each slice, never falling.
        name: a name scope.

    Returns:
        A tensor of the same dtype with one slice for each segment up to the last id;
        zero where a segment is empty.

    Raises:
        InvalidArgumentError: if the ids fall, start below 0, or are not as many as
            the slices.

    Reference: ``tf.math.segment_mean``.
    """
    return sorted_("mean", data, segment_ids, name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The largest element of the slices of each segment; the ids are sorted.

    Args:
        data: a real tensor of rank 1 or more.
        segment_ids: an integer vector: the segment of each slice, never falling.
        name: a name scope.

    Returns:
        A tensor of the same dtype with one slice for each segment up to the last id;
        zero where a segment is empty.

    Raises:
        InvalidArgumentError: if the ids fall, start below 0, or are not as many as
            the slices.

    Reference: ``tf.math.segment_max``.
    """
    return sorted_("max", data, segment_ids, name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The smallest element of the slices of each segment; the ids are sorted.

    Args:
        data: a real tensor of rank 1 or more.
        segment_ids: an integer vector: the segment of each slice, never falling.
        name: a name scope.

    Returns:
        A tensor of the same dtype with one slice for each segment up to the last id;
        zero where a segment is empty.

    Raises:
        InvalidArgumentError: if the ids fall, start below 0, or are not as many as
            the slices.

    Reference: ``tf.math.segment_min``.
    """
    return sorted_("min", data, segment_ids, name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """The product of the slices of each segment; the ids are sorted.

    Args:
        data: a numeric tensor of rank 1 or more.
        segment_ids: an integer vector: the segment of each slice, never falling.
        name: a name scope.

    Returns:
        A tensor of the same dtype with one slice for each segment up to the last id;
        one where a segment is empty.

    Raises:
        InvalidArgumentError: if the ids fall, start below 0, or are not as many as
            the slices.

    Reference: ``tf.math.segment_prod``.
    """
    return sorted_("prod", data, segment_ids, name)
