"""Putting tensors together and taking them apart."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, Tensors, op
from lamina.engine.tensor import (
    Tensor,
    convert_to_tensor,
    is_tensor,
    register_stack,
)
from lamina.ops.checks import (
    as_int,
    axis_index,
    int_tuple,
    namespace,
    text,
)


def _module(arrays: list[Array]) -> Any:
    host = all(isinstance(x, np.ndarray) for x in arrays)
    return np if host else jnp


@op("concat")
def _concat(values: Tensors, axis: Any, name: str | None = None) -> Array:
    if not values or values[0].ndim == 0:
        raise ShapeError.of(
            "tf.concat",
            expected="at least one tensor of rank 1 or more",
            received="ConcatOp: Can't concatenate scalars (use tf.stack instead)"
            if values
            else "an empty list",
            hint="tf.stack joins scalars.",
        )
    place = axis_index("tf.concat", axis, values[0].ndim)
    first = values[0].shape
    for i, array in enumerate(values[1:], 1):
        if array.ndim != len(first) or any(
            a != b and j != place
            for j, (a, b) in enumerate(zip(first, array.shape, strict=True))
        ):
            raise ShapeError.of(
                "tf.concat",
                expected=f"equal sizes on all axes but axis {place}",
                received="Dimensions in both shapes must be equal: shape[0] = "
                f"{text(first)} vs. shape[{i}] = {text(array.shape)}",
                hint="Reshape or pad the tensors.",
            )
    return _module(values).concatenate(values, axis=place)


def concat(values: Any, axis: Any, name: str | None = "concat") -> Tensor:
    """Tensors one after another along an axis.

    Args:
        values: a list of tensors of one dtype whose sizes agree on all other axes, or
            one tensor.
        axis: the axis; negative counts from the end.
        name: a name scope.

    Returns:
        A tensor of the same rank.

    Raises:
        InvalidArgumentError: if the list is empty or shapes or dtypes do not fit.

    Reference: ``tf.concat``.
    """
    if not isinstance(values, list | tuple):
        values = [values]
    if len(values) == 1:
        return convert_to_tensor(values[0])
    return _concat(values, axis, name=name)


@op("stack")
def _stack(values: Tensors, axis: Any, name: str | None = None) -> Array:
    first = values[0].shape
    for i, array in enumerate(values):
        if array.shape != first:
            raise ShapeError.of(
                "tf.stack",
                expected="tensors of one shape",
                received="Shapes of all inputs must match: values[0].shape = "
                f"{text(first)} != values[{i}].shape = {text(array.shape)}",
                hint="Use tf.concat or tf.ragged.stack for tensors of different sizes.",
            )
    place = axis_index("tf.stack", axis, len(first) + 1)
    return _module(values).stack(values, axis=place)


def stack(values: Any, axis: int = 0, name: str | None = "stack") -> Tensor:
    """Tensors of one shape side by side along a new axis.

    Args:
        values: a list of tensors of one shape and dtype.
        axis: where the new axis stands in the result.
        name: a name scope.

    Returns:
        A tensor with one more axis, of size ``len(values)``.

    Raises:
        InvalidArgumentError: if shapes or dtypes differ.

    Reference: ``tf.stack``.
    """
    if is_tensor(values) or isinstance(values, np.ndarray):
        if axis == 0:
            return convert_to_tensor(values)
        values = list(values)
    if not any(map(_holds_tensor, values)):
        whole = convert_to_tensor(list(values))
        if axis == 0 or not len(values):
            return whole
        values = unstack(whole)
    return _stack(list(values), axis, name=name)


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_tensor, value))
    return is_tensor(value) or hasattr(value, "shape")


register_stack(lambda parts: _stack(parts, 0))


@op("unstack")
def unstack(
    value: TensorLike, num: Any = None, axis: int = 0, name: str | None = "unstack"
) -> list[Array]:
    """The slices of a tensor along an axis, as a list.

    Args:
        value: a tensor of rank 1 or more.
        num: the number of slices, checked if given.
        axis: the axis that goes.
        name: a name scope.

    Returns:
        A list of tensors with one axis less.

    Raises:
        InvalidArgumentError: if ``num`` is not the size of the axis.

    Reference: ``tf.unstack``.
    """
    place = axis_index("tf.unstack", axis, value.ndim)
    if value.ndim == 0 or (num is not None and num != value.shape[place]):
        raise ShapeError.of(
            "tf.unstack",
            expected=f"axis {place} of size {num}",
            received=f"Input shape axis {place} must equal {num}, got shape "
            f"{text(value.shape)}",
            hint="Leave `num` out to take all.",
        )
    before = (slice(None),) * place
    return [value[(*before, i)] for i in range(value.shape[place])]


def _sections(value: Array, parts: Any, num: Any, place: int) -> list[int]:
    """The sizes of the parts of a split."""
    total = value.shape[place]
    if isinstance(parts, int):
        if parts < 1 or total % parts:
            raise InvalidArgumentError.of(
                "tf.split",
                expected=f"a number of parts that divides axis {place} of size {total}",
                received=f"split_dim {place} (size = {total}) and num_split {parts}",
                hint="Give a list of sizes for uneven parts.",
            )
        return [total // parts] * parts
    sizes = list(int_tuple("tf.split", parts, "num_or_size_splits"))
    known = sum(n for n in sizes if n != -1)
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = total - known
    if (
        min(sizes, default=0) < 0
        or sum(sizes) != total
        or num not in (None, len(sizes))
    ):
        raise InvalidArgumentError.of(
            "tf.split",
            expected=f"sizes that add up to {total}, the size of axis {place}",
            received=f"num_or_size_splits={list(parts)}, num={num}",
            hint="One size may be -1: the rest.",
        )
    return sizes


@op("split")
def split(
    value: TensorLike,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: Any = None,
    name: str | None = "split",
) -> list[Array]:
    """Parts of a tensor along an axis.

    Args:
        value: a tensor of rank 1 or more.
        num_or_size_splits: a number of equal parts, or a list of sizes of which one
            may be -1.
        axis: the axis that is cut.
        num: the number of parts, checked if sizes are given.
        name: a name scope.

    Returns:
        A list of tensors of the same rank.

    Raises:
        InvalidArgumentError: if the sizes do not add up to the size of the axis.

    Reference: ``tf.split``.
    """
    place = axis_index("tf.split", as_int("tf.split", axis, "axis"), value.ndim)
    before = (slice(None),) * place
    out, start = [], 0
    for size in _sections(value, num_or_size_splits, num, place):
        out.append(value[(*before, slice(start, start + size))])
        start += size
    return out


@op("tile")
def tile(input: TensorLike, multiples: Any, name: str | None = None) -> Array:
    """The whole tensor repeated along its axes.

    Args:
        input: a tensor of any dtype.
        multiples: how often, for each axis.
        name: a name scope.

    Returns:
        A tensor whose axis ``i`` has size ``input.shape[i] * multiples[i]``.

    Raises:
        InvalidArgumentError: if ``multiples`` has another length than the rank, or a
            negative number.

    Reference: ``tf.tile``.
    """
    counts = int_tuple("tf.tile", multiples, "multiples")
    if len(counts) != input.ndim or any(n < 0 for n in counts):
        raise InvalidArgumentError.of(
            "tf.tile",
            expected=f"{input.ndim} multiples of zero or more, one an axis",
            received=f"multiples={list(counts)} for shape {text(input.shape)}",
            hint="Add axes with tf.expand_dims first.",
        )
    return namespace(input).tile(input, counts) if counts else input


@op("repeat")
def repeat(
    input: TensorLike, repeats: Any, axis: Any = None, name: str | None = None
) -> Array:
    """Each element repeated in place.

    Args:
        input: a tensor of any dtype.
        repeats: how often: one number, or one for each element of the axis.
        axis: the axis; None flattens the tensor first.
        name: a name scope.

    Returns:
        A tensor whose axis has the sum of ``repeats`` elements.

    Raises:
        InvalidArgumentError: if the number of repeats does not fit the axis.

    Reference: ``tf.repeat``.
    """
    if axis is None:
        input, place = input.reshape(-1), 0
    else:
        input = input if input.ndim else input.reshape(1)
        place = axis_index("tf.repeat", axis, input.ndim)
    counts = np.asarray(repeats, np.int64).reshape(-1)
    if counts.size not in (1, input.shape[place]) or (counts < 0).any():
        raise InvalidArgumentError.of(
            "tf.repeat",
            expected=f"one number of repeats, or {input.shape[place]}, none negative",
            received=f"repeats={counts.tolist()}",
            hint="Give one number for each element of the axis.",
        )
    if counts.size == 1:
        return namespace(input).repeat(input, int(counts[0]), axis=place)
    where = np.repeat(np.arange(counts.size), counts)
    return input[(slice(None),) * place + (where,)]


@op("meshgrid")
def _meshgrid(args: Tensors, indexing: str, name: str | None = None) -> list[Array]:
    return list(jnp.meshgrid(*[x.reshape(-1) for x in args], indexing=indexing))


def meshgrid(*args: Any, **kwargs: Any) -> list[Tensor]:
    """Coordinate grids from coordinate vectors.

    Args:
        *args: vectors of one dtype.
        **kwargs: ``indexing``: ``"xy"`` (default: the first two axes are swapped, as
            for pictures) or ``"ij"``; ``name``.

    Returns:
        A list of as many tensors as vectors, each with one axis a vector.

    Raises:
        ValueError: if ``indexing`` is something else.

    Reference: ``tf.meshgrid``.
    """
    indexing = kwargs.pop("indexing", "xy")
    name = kwargs.pop("name", "meshgrid")
    if kwargs:
        raise TypeError(f"tf.meshgrid: unexpected keywords {sorted(kwargs)}.")
    if indexing not in ("xy", "ij"):
        raise InvalidArgumentError.of(
            "tf.meshgrid",
            expected="indexing to be 'xy' or 'ij'",
            received=f"indexing={indexing!r}",
            hint="'ij' keeps the order of the axes.",
        )
    return _meshgrid(list(args), indexing, name=name) if args else []
