"""Choosing elements by conditions: ``tf.where``, masks, partitions, unique values.

Results whose size depends on values are computed on the host. Inside a traced
function they make it run op by op.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.array.casting import cast
from lamina.ops.array.gather import gather
from lamina.ops.array.joining import stack
from lamina.ops.array.shaping import reshape
from lamina.ops.array.slicing import register_helpers
from lamina.ops.checks import as_int, axis_index, check_broadcast, text


@op("where", host=True, differentiable=False)
def _positions(condition: TensorLike, name: str | None = None) -> Array:
    true = condition != b"" if condition.dtype == object else condition != 0
    return np.argwhere(np.asarray(true)).astype(np.int64)


def _select_strings(
    x: Array, y: Array, condition: Array, name: str | None = None
) -> Array:
    check_broadcast("tf.where", condition, x, y)
    return np.asarray(np.where(condition, x, y), object)


@op("where", strings=_select_strings)
def _select(x: Same, y: Same, condition: TensorLike, name: str | None = None) -> Array:
    check_broadcast("tf.where", condition, x, y)
    return jnp.where(condition, x, y)


def where(
    condition: Any, x: Any = None, y: Any = None, name: str | None = None
) -> Tensor:
    """Elements of ``x`` where the condition holds, else of ``y``; or its positions.

    Args:
        condition: a ``bool`` tensor (of any dtype if ``x`` and ``y`` are None).
        x: a tensor, or None.
        y: a tensor of the same dtype; the three shapes broadcast.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape. Without ``x`` and ``y``: the coordinates of
        the non-zero elements, an ``int64`` tensor of shape ``(count, rank)``.

    Raises:
        ValueError: if only one of ``x`` and ``y`` is given.
        InvalidArgumentError: if the shapes do not broadcast or the dtypes differ.

    Reference: ``tf.where``. The form with one argument has no static shape: inside a
    ``tf.function`` the function then runs op by op.
    """
    if x is None and y is None:
        return _positions(condition, name=name)
    if x is None or y is None:
        raise InvalidArgumentError.of(
            "tf.where",
            expected="x and y both given or both None",
            received=f"x={x!r:.80}, y={y!r:.80}",
            hint="Use tf.zeros_like for a branch of zeros.",
        )
    return _select(x, y, convert_to_tensor(condition, dtypes.bool), name=name)


def boolean_mask(
    tensor: Any, mask: Any, axis: Any = None, name: str | None = "boolean_mask"
) -> Tensor:
    """The elements at which a mask is true.

    Args:
        tensor: a tensor of any dtype.
        mask: a ``bool`` tensor whose shape equals that of ``tensor`` on the axes from
            ``axis`` on.
        axis: the first masked axis, 0 by default.
        name: a name scope.

    Returns:
        A tensor in which the masked axes are one axis of the elements kept.

    Raises:
        ValueError: if the mask is a scalar or its shape does not fit.

    Reference: ``tf.boolean_mask``. The result has no static shape: inside a
    ``tf.function`` the function then runs op by op.
    """
    tensor = convert_to_tensor(tensor)
    mask = cast(convert_to_tensor(mask), dtypes.bool)
    first = 0 if axis is None else as_int("tf.boolean_mask", axis, "axis")
    shape, given = tuple(tensor.shape), tuple(mask.shape)
    first = axis_index("tf.boolean_mask", first, max(len(shape), 1))
    own = TensorShape(shape[first : first + len(given)])
    if not given or not own.is_compatible_with(given):
        raise ShapeError.of(
            "tf.boolean_mask",
            expected=f"a mask of the shape of the tensor from axis {first} on",
            received=f"Shapes {text(own)} and {text(given)} are incompatible"
            if given
            else "mask cannot be scalar",
            hint="Give one bool for each element or slice.",
        )
    flat = _merge_axes(tensor, first, len(given))
    kept = reshape(_positions(reshape(mask, (-1,))), (-1,))
    return gather(flat, kept, axis=first, name=name)


@op("reshape")
def _merge_axes(tensor: TensorLike, first: int, count: int) -> Array:
    """The tensor with some neighbouring axes made one."""
    before, after = tensor.shape[:first], tensor.shape[first + count :]
    return tensor.reshape(
        (*before, math.prod(tensor.shape[first : first + count]), *after)
    )


def _pack_scalars(values: list[Any]) -> Tensor:
    """Scalars of any integer dtype as one int32 vector."""
    return stack([cast(value, dtypes.int32) for value in values])


register_helpers(boolean_mask, _pack_scalars)


@op("reduce_max", host=True, differentiable=False)
def longest(values: TensorLike) -> Array:
    """The largest element (-1 of nothing), as a value that is known at once."""
    return np.asarray(values.max(initial=-1), values.dtype)


def static_max(values: Any) -> int:
    """The largest element of an integer tensor as a Python int, -1 of nothing."""
    return int(longest(convert_to_tensor(values)).numpy())


@op("sequence_mask", differentiable=False)
def _sequence_mask(
    lengths: TensorLike, maxlen: Any, dtype: Any, name: str | None = None
) -> Array:
    size = as_int("tf.sequence_mask", maxlen, "maxlen")
    kind = as_dtype(dtype).np_dtype
    return (jnp.arange(size, dtype=lengths.dtype) < lengths[..., None]).astype(kind)


def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = dtypes.bool, name: str | None = None
) -> Tensor:
    """For each length, as many trues and then falses.

    Args:
        lengths: an integer tensor.
        maxlen: the size of the new last axis; the largest length if None.
        dtype: the element type of the result.
        name: a name scope.

    Returns:
        A tensor of shape ``lengths.shape + (maxlen,)``.

    Raises:
        InvalidArgumentError: if ``maxlen`` is not a scalar.

    Reference: ``tf.sequence_mask``. Without ``maxlen`` the size depends on values:
    inside a ``tf.function`` the function then runs op by op.
    """
    lengths = convert_to_tensor(lengths)
    size = max(static_max(lengths), 0) if maxlen is None else maxlen
    return _sequence_mask(lengths, size, as_dtype(dtype), name=name)


class Unique(NamedTuple):
    """What ``tf.unique`` returns."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """What ``tf.unique_with_counts`` returns."""

    y: Any
    idx: Any
    count: Any


def _unique(name: str, x: Array, out_idx: Any) -> tuple[Array, Array, Array]:
    if x.ndim != 1:
        raise ShapeError.of(
            name,
            expected="a vector",
            received=f"unique expects a 1D vector: shape {text(x.shape)}",
            hint="Flatten it with tf.reshape(x, [-1]).",
        )
    kind = as_dtype(out_idx).np_dtype
    _, first, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), kind)
    rank[order] = np.arange(len(order))
    return x[first[order]], rank[inverse.reshape(-1)], counts[order].astype(kind)


@op("unique", host=True, differentiable=False)
def unique(
    x: TensorLike, out_idx: Any = dtypes.int32, name: str | None = None
) -> Unique:
    """The different values of a vector, in order of first appearance.

    Args:
        x: a vector of any dtype.
        out_idx: the integer dtype of the positions.
        name: a name scope.

    Returns:
        ``y``, the different values, and ``idx``, for each element its place in ``y``.

    Raises:
        InvalidArgumentError: if ``x`` is not a vector.

    Reference: ``tf.unique``. The result has no static shape: inside a
    ``tf.function`` the function then runs op by op.
    """
    return Unique(*_unique("tf.unique", x, out_idx)[:2])


@op("unique_with_counts", host=True, differentiable=False)
def unique_with_counts(
    x: TensorLike, out_idx: Any = dtypes.int32, name: str | None = None
) -> UniqueWithCounts:
    """The different values of a vector and how often each occurs.

    Args:
        x: a vector of any dtype.
        out_idx: the integer dtype of positions and counts.
        name: a name scope.

    Returns:
        ``y``, the different values in order of first appearance; ``idx``, for each
        element its place in ``y``; ``count``, for each value how often it occurs.

    Raises:
        InvalidArgumentError: if ``x`` is not a vector.

    Reference: ``tf.unique_with_counts``.
    """
    return UniqueWithCounts(*_unique("tf.unique_with_counts", x, out_idx))


def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """The slices of a tensor sorted into groups.

    Args:
        data: a tensor of any dtype.
        partitions: an ``int32`` tensor, the group of each slice; its shape is the
            start of that of ``data``.
        num_partitions: the number of groups.
        name: a name scope.

    Returns:
        A list of ``num_partitions`` tensors.

    Raises:
        InvalidArgumentError: if the shapes do not fit or a group does not exist.

    Reference: ``tf.dynamic_partition``. The results have no static shape: inside a
    ``tf.function`` the function then runs op by op.
    """
    data, groups = convert_to_tensor(data), convert_to_tensor(partitions)
    shape, given = tuple(data.shape), tuple(groups.shape)
    if shape[: len(given)] != given:
        raise ShapeError.of(
            "tf.dynamic_partition",
            expected="data.shape to start with partitions.shape",
            received=f"data {text(shape)} and partitions {text(given)}",
            hint="Give one group for each slice.",
        )
    count = as_int("tf.dynamic_partition", num_partitions, "num_partitions")
    flat = _merge_axes(data, 0, len(given))
    places = _group_places(reshape(groups, (-1,)), count)
    return [gather(flat, place, name=name) for place in places]


@op("dynamic_partition", host=True, differentiable=False)
def _group_places(groups: TensorLike, count: int) -> list[Array]:
    if groups.size and not (groups.min() >= 0 and groups.max() < count):
        raise InvalidArgumentError.of(
            "tf.dynamic_partition",
            expected=f"groups in [0, {count})",
            received=f"partitions={groups.tolist()!s:.80}",
            hint="Raise num_partitions.",
        )
    return [np.flatnonzero(groups == group) for group in range(count)]
