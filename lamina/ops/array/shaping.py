"""Shapes: asking for them, changing them, and repeating along new axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.checks import (
    axis_index,
    int_tuple,
    namespace,
    shape_tuple,
    text,
)


@op("shape", jit=False, differentiable=False)
def shape(input: TensorLike, out_type: Any = None, name: str | None = None) -> Array:
    """The sizes of a tensor, as a tensor.

    Args:
        input: a tensor.
        out_type: ``int32`` (default) or ``int64``.
        name: a name scope.

    Returns:
        A tensor of shape ``(rank,)``. Inside a traced function its value is known, so
        it can be used wherever a static shape is needed.

    Reference: ``tf.shape``.
    """
    return np.asarray(input.shape, as_dtype(out_type or dtypes.int32).np_dtype)


@op("shape_n", jit=False, differentiable=False)
def _shape_of(input: TensorLike, out_type: Any, name: str | None = None) -> Array:
    return np.asarray(input.shape, as_dtype(out_type).np_dtype)


def shape_n(
    input: Any, out_type: Any = dtypes.int32, name: str | None = None
) -> list[Tensor]:
    """The sizes of each tensor of a list.

    Args:
        input: a list of tensors.
        out_type: ``int32`` or ``int64``.
        name: a name scope.

    Returns:
        A list of tensors of shape ``(rank,)``.

    Reference: ``tf.shape_n``.
    """
    return [_shape_of(item, as_dtype(out_type), name=name) for item in input]


@op("size", jit=False, differentiable=False)
def size(input: TensorLike, out_type: Any = None, name: str | None = None) -> Array:
    """The number of elements of a tensor.

    Args:
        input: a tensor.
        out_type: ``int32`` (default) or ``int64``.
        name: a name scope.

    Returns:
        A scalar tensor, known also inside a traced function.

    Reference: ``tf.size``.
    """
    kind = as_dtype(out_type or dtypes.int32)
    return np.asarray(math.prod(input.shape), kind.np_dtype)


@op("rank", jit=False, differentiable=False)
def rank(input: TensorLike, name: str | None = None) -> Array:
    """The number of axes of a tensor.

    Args:
        input: a tensor.
        name: a name scope.

    Returns:
        An ``int32`` scalar tensor.

    Reference: ``tf.rank``.
    """
    return np.asarray(input.ndim, np.int32)


def _resolve(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The wanted shape with -1 filled in, for a tensor of ``shape``."""
    total = math.prod(shape)
    unknown = [i for i, n in enumerate(wanted) if n == -1]
    if len(unknown) > 1 or any(n < -1 for n in wanted):
        raise InvalidArgumentError.of(
            "tf.reshape",
            expected="sizes of zero or more, and at most one -1",
            received=f"shape={list(wanted)}",
            hint="Name all sizes but one.",
        )
    known = math.prod(n for n in wanted if n != -1)
    if not unknown:
        if known != total:
            raise ShapeError.of(
                "tf.reshape",
                expected=f"a shape of {total} elements",
                received=f"Input to reshape is a tensor with {total} values, but the "
                f"requested shape {list(wanted)} has {known}",
                hint="The number of elements must stay the same.",
            )
        return wanted
    if known == 0 and total:
        raise ShapeError.of(
            "tf.reshape",
            expected=f"a shape of {total} elements",
            received=f"shape={list(wanted)}, in which a size is zero",
            hint="The number of elements must stay the same.",
        )
    if not known:  # zeros cancel: the other sizes tell what -1 is
        total = math.prod(n for n in shape if n)
        known = math.prod(n for n in wanted if n > 0)
    if total % known:
        raise ShapeError.of(
            "tf.reshape",
            expected=f"a shape that divides {total} elements",
            received=f"Input to reshape is a tensor with {total} values, but the "
            f"requested shape {list(wanted)} requires a multiple of {known}",
            hint="Check the sizes that you name against the input's shape.",
        )
    rest = total // known
    return tuple(rest if n == -1 else n for n in wanted)


@op("reshape")
def reshape(tensor: TensorLike, shape: Any, name: str | None = None) -> Array:
    """The same elements, in row-major order, in another shape.

    Args:
        tensor: a tensor of any dtype.
        shape: the new sizes; one may be -1, which is then computed.
        name: a name scope.

    Returns:
        A tensor of the new shape and the same dtype.

    Raises:
        InvalidArgumentError: if the number of elements differs.

    Reference: ``tf.reshape``.
    """
    wanted = int_tuple("tf.reshape", shape, "shape")
    return tensor.reshape(_resolve(tensor.shape, wanted))


@op("transpose")
def transpose(
    a: TensorLike,
    perm: Any = None,
    conjugate: bool = False,
    name: str | None = "transpose",
) -> Array:
    """The axes in another order.

    Args:
        a: a tensor of any dtype.
        perm: for each axis of the result the axis of ``a``; reversed if None.
        conjugate: whether complex numbers are conjugated as well.
        name: a name scope.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: if ``perm`` is not a permutation of the axes.

    Reference: ``tf.transpose``.
    """
    if perm is not None:
        order = int_tuple("tf.transpose", perm, "perm")
        if sorted(n % a.ndim if a.ndim else n for n in order) != list(range(a.ndim)):
            raise InvalidArgumentError.of(
                "tf.transpose",
                expected=f"a permutation of the {a.ndim} axes of shape {text(a.shape)}",
                received=f"perm={list(order)}",
                hint="Name each axis once.",
            )
        a = a.transpose(order)
    else:
        a = a.transpose()
    return a.conj() if conjugate and a.dtype.kind == "c" else a


@op("squeeze")
def squeeze(input: TensorLike, axis: Any = None, name: str | None = None) -> Array:
    """The tensor without axes of size 1.

    Args:
        input: a tensor of any dtype.
        axis: the axes to take away; all of size 1 if None or empty.
        name: a name scope.

    Returns:
        A tensor of the same elements and dtype.

    Raises:
        InvalidArgumentError: if a named axis has another size than 1.

    Reference: ``tf.squeeze``.
    """
    chosen = () if axis is None else int_tuple("tf.squeeze", axis, "axis")
    if not chosen:
        return input.reshape([n for n in input.shape if n != 1])
    gone = {axis_index("tf.squeeze", i, input.ndim) for i in chosen}
    for i in gone:
        if input.shape[i] != 1:
            raise ShapeError.of(
                "tf.squeeze",
                expected=f"axis {i} to have size 1",
                received=f"Can not squeeze dim[{i}], expected a dimension of 1, got "
                f"{input.shape[i]}: shape {text(input.shape)}",
                hint="Leave the axis out.",
            )
    return input.reshape([n for i, n in enumerate(input.shape) if i not in gone])


@op("expand_dims")
def expand_dims(input: TensorLike, axis: Any, name: str | None = None) -> Array:
    """The tensor with a new axis of size 1.

    Args:
        input: a tensor of any dtype.
        axis: where the new axis stands in the result; negative counts from the end.
        name: a name scope.

    Returns:
        A tensor of the same elements and dtype.

    Raises:
        InvalidArgumentError: if ``axis`` is out of range.

    Reference: ``tf.expand_dims``.
    """
    place = axis_index("tf.expand_dims", axis, input.ndim + 1)
    return input.reshape((*input.shape[:place], 1, *input.shape[place:]))


@op("broadcast_to")
def broadcast_to(input: TensorLike, shape: Any, name: str | None = None) -> Array:
    """The tensor repeated along axes of size 1 and new leading axes.

    Args:
        input: a tensor of any dtype.
        shape: the sizes of the result.
        name: a name scope.

    Returns:
        A tensor of ``shape`` and the same dtype.

    Raises:
        InvalidArgumentError: if the tensor does not broadcast to ``shape``.

    Reference: ``tf.broadcast_to``.
    """
    sizes = shape_tuple("tf.broadcast_to", shape)
    offset = len(sizes) - input.ndim
    if offset < 0 or any(
        n not in (1, m) for n, m in zip(input.shape, sizes[offset:], strict=True)
    ):
        raise ShapeError.of(
            "tf.broadcast_to",
            expected=f"a tensor that broadcasts to {text(sizes)}",
            received=f"Incompatible shapes: {text(input.shape)} vs. {text(sizes)}",
            hint="Only axes of size 1 are repeated.",
        )
    return namespace(input).broadcast_to(input, sizes)


def broadcast_static_shape(shape_x: TensorShape, shape_y: TensorShape) -> TensorShape:
    """The shape to which two static shapes broadcast.

    Args:
        shape_x: a ``TensorShape``; sizes may be unknown.
        shape_y: a ``TensorShape``.

    Returns:
        A ``TensorShape``; unknown where it cannot be told.

    Raises:
        ValueError: if they do not broadcast.

    Reference: ``tf.broadcast_static_shape``.
    """
    x, y = TensorShape(shape_x), TensorShape(shape_y)
    if x.rank is None or y.rank is None:
        return TensorShape(None)
    rank = max(x.rank, y.rank)
    left = [1] * (rank - x.rank) + x.as_list()
    right = [1] * (rank - y.rank) + y.as_list()
    out: list[int | None] = []
    for a, b in zip(left, right, strict=True):
        if a == b or b == 1:
            out.append(a)
        elif a == 1:
            out.append(b)
        elif a is None or b is None:
            out.append(b if a is None else a)
        else:
            raise InvalidArgumentError.of(
                "tf.broadcast_static_shape",
                expected="sizes that are equal or 1",
                received=f"Incompatible shapes for broadcasting: {x} and {y}",
                hint="Reshape one of the tensors.",
            )
    return TensorShape(out)


@op("broadcast_dynamic_shape", jit=False, differentiable=False)
def _broadcast_sizes(x: Any, y: Any, dtype: Any) -> Array:
    a, b = (
        shape_tuple("tf.broadcast_dynamic_shape", x),
        shape_tuple("tf.broadcast_dynamic_shape", y),
    )
    return np.asarray(broadcast_static_shape(TensorShape(a), TensorShape(b)), dtype)


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape to which two shapes, given as tensors, broadcast.

    Args:
        shape_x: a vector of sizes.
        shape_y: a vector of sizes.

    Returns:
        A tensor of shape ``(max rank,)``.

    Raises:
        InvalidArgumentError: if they do not broadcast.

    Reference: ``tf.broadcast_dynamic_shape``.
    """
    kind = convert_to_tensor(shape_x).dtype if len(shape_x) else dtypes.int32
    return _broadcast_sizes(shape_x, shape_y, kind.name)


@op("ensure_shape")
def ensure_shape(x: TensorLike, shape: Any, name: str | None = None) -> Array:
    """The tensor, after a check of its shape.

    Args:
        x: a tensor of any dtype.
        shape: the shape that it must fit; None for sizes of any value.
        name: a name scope.

    Returns:
        The same tensor.

    Raises:
        InvalidArgumentError: if the shape does not fit.

    Reference: ``tf.ensure_shape``.
    """
    wanted = TensorShape(shape)
    if not wanted.is_compatible_with(x.shape):
        raise ShapeError.of(
            "tf.ensure_shape",
            expected=f"shape {wanted}",
            received=f"Shape of tensor input {text(x.shape)} is not compatible",
            hint="Reshape the tensor or relax the shape with None.",
        )
    return x
