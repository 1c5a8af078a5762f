"""Tensors made from a shape: zeros, ones, fills, ranges, one-hot rows.

Small results stay on the host until their first use, as constants do; larger ones are
made on the device.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.arrays import HOST_LIMIT
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.errors import DTypeError, InvalidArgumentError
from lamina.engine.op import Array, HostOpInTrace, Same, TensorLike, op
from lamina.engine.tensor import (
    Tensor,
    Tracer,
    convert_to_tensor,
    is_tensor,
)
from lamina.ops.checks import as_int, axis_index, shape_tuple


def filled(shape: tuple[int, ...], value: Any, dtype: DType) -> Array:
    """A raw array of one repeated value, on the host if it is small."""
    if math.prod(shape) * dtype.np_dtype.itemsize <= HOST_LIMIT or dtype == "string":
        return np.full(shape, value, dtype.np_dtype)
    return jnp.full(shape, value, dtype.np_dtype)


def _one(name: str, dtype: DType) -> Any:
    if dtype == "string":
        raise DTypeError.of(
            name,
            expected="a numeric or bool dtype",
            received="dtype string",
            hint="Use tf.fill(shape, '...') for strings.",
        )
    return 1


@op("zeros", jit=False)
def zeros(
    shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None
) -> Array:
    """A tensor of zeros (empty strings for strings, False for bools).

    Args:
        shape: the sizes.
        dtype: the element type.
        name: a name scope.
        layout: must be None; use ``tf.distribute`` to place tensors.

    Returns:
        A tensor of ``shape`` and ``dtype``.

    Raises:
        InvalidArgumentError: if a size is negative or not an integer.

    Reference: ``tf.zeros``.
    """
    _no_layout("tf.zeros", layout)
    kind = as_dtype(dtype)
    zero = b"" if kind == "string" else 0
    return filled(shape_tuple("tf.zeros", shape), zero, kind)


@op("ones", jit=False)
def ones(
    shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None
) -> Array:
    """A tensor of ones.

    Args:
        shape: the sizes.
        dtype: the element type, not ``string``.
        name: a name scope.
        layout: must be None; use ``tf.distribute`` to place tensors.

    Returns:
        A tensor of ``shape`` and ``dtype``.

    Raises:
        InvalidArgumentError: if a size is negative or not an integer.

    Reference: ``tf.ones``.
    """
    _no_layout("tf.ones", layout)
    kind = as_dtype(dtype)
    return filled(shape_tuple("tf.ones", shape), _one("tf.ones", kind), kind)


@op("zeros_like", jit=False, differentiable=False)
def zeros_like(
    input: TensorLike, dtype: Any = None, name: str | None = None, layout: Any = None
) -> Array:
    """Zeros in the shape of another tensor.

    Args:
        input: a tensor.
        dtype: the element type; that of ``input`` if None.
        name: a name scope.
        layout: must be None.

    Returns:
        A tensor of the shape of ``input``.

    Reference: ``tf.zeros_like``.
    """
    _no_layout("tf.zeros_like", layout)
    kind = dtypes.from_np(input.dtype) if dtype is None else as_dtype(dtype)
    return filled(input.shape, b"" if kind == "string" else 0, kind)


@op("ones_like", jit=False, differentiable=False)
def ones_like(
    input: TensorLike, dtype: Any = None, name: str | None = None, layout: Any = None
) -> Array:
    """Ones in the shape of another tensor.

    Args:
        input: a tensor.
        dtype: the element type; that of ``input`` if None.
        name: a name scope.
        layout: must be None.

    Returns:
        A tensor of the shape of ``input``.

    Reference: ``tf.ones_like``.
    """
    _no_layout("tf.ones_like", layout)
    kind = dtypes.from_np(input.dtype) if dtype is None else as_dtype(dtype)
    return filled(input.shape, _one("tf.ones_like", kind), kind)


def _no_layout(name: str, layout: Any) -> None:
    if layout is not None:
        raise InvalidArgumentError.of(
            name,
            expected="layout=None",
            received=f"layout={layout!r}",
            hint="Place tensors with tf.distribute instead.",
        )


@op("fill", jit=False)
def _fill(value: TensorLike, dims: Any, name: str | None = None) -> Array:
    sizes = shape_tuple("tf.fill", dims, "dims")
    if value.ndim:
        raise InvalidArgumentError.of(
            "tf.fill",
            expected="a scalar `value`",
            received=f"shape {list(value.shape)}",
            hint="Use tf.broadcast_to for larger tensors.",
        )
    if isinstance(value, np.ndarray):
        return filled(sizes, value[()], dtypes.from_np(value.dtype))
    return jnp.broadcast_to(value, sizes)


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor with one value everywhere.

    Args:
        dims: the sizes.
        value: a scalar of any dtype.
        name: a name scope.
        layout: must be None.

    Returns:
        A tensor of shape ``dims`` and the dtype of ``value``.

    Raises:
        InvalidArgumentError: if a size is negative or ``value`` is not a scalar.

    Reference: ``tf.fill``.
    """
    _no_layout("tf.fill", layout)
    return _fill(value, dims, name=name)


@op("eye", jit=False)
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Array:
    """Identity matrices.

    Args:
        num_rows: the number of rows M.
        num_columns: the number of columns N; M if None.
        batch_shape: leading sizes; the matrix is repeated over them.
        dtype: the element type.
        name: a name scope.

    Returns:
        A tensor of shape ``(*batch_shape, M, N)``.

    Raises:
        InvalidArgumentError: if a size is negative.

    Reference: ``tf.eye``.
    """
    rows = as_int("tf.eye", num_rows, "num_rows")
    columns = (
        rows if num_columns is None else as_int("tf.eye", num_columns, "num_columns")
    )
    sizes = shape_tuple("tf.eye", (rows, columns))
    batch = () if batch_shape is None else shape_tuple("tf.eye", batch_shape)
    kind = as_dtype(dtype)
    small = math.prod(batch + sizes) * kind.np_dtype.itemsize <= HOST_LIMIT
    matrix = (np if small else jnp).eye(*sizes, dtype=kind.np_dtype)
    if not batch:
        return matrix
    repeated = (np if small else jnp).broadcast_to(matrix, batch + sizes)
    return np.array(repeated) if small else repeated


_RANGE_ORDER = ("int32", "int64", "float32", "float64")


def _range_dtype(values: list[Any]) -> DType:
    """The widest dtype among the bounds, in TensorFlow's order."""
    found = []
    for value in values:
        if not is_tensor(value):
            value = convert_to_tensor(value)
        if value.shape.rank:
            raise InvalidArgumentError.of(
                "tf.range",
                expected="scalar bounds",
                received=f"limit must be a scalar, not shape {value.shape}",
                hint="Give numbers.",
            )
        found.append(value.dtype)
    known = [dtype for dtype in found if dtype.name in _RANGE_ORDER]
    if len(known) < len(found):
        return next(dtype for dtype in found if dtype.name not in _RANGE_ORDER)
    return max(known, key=lambda dtype: _RANGE_ORDER.index(dtype.name))


@op("range", jit=False)
def _range(
    start: Any, limit: Any, delta: Any, dtype: Any, name: str | None = None
) -> Array:
    kind = as_dtype(dtype)
    if delta == 0 or (limit - start) * delta < 0:
        raise InvalidArgumentError.of(
            "tf.range",
            expected="a non-zero delta that leads from start to limit",
            received="Requires delta != 0"
            if delta == 0
            else f"start={start}, limit={limit}, delta={delta}",
            hint="Give a negative delta to count down.",
        )
    if kind.is_integer:
        start, limit, delta = int(start), int(limit), int(delta)
        count = max(0, -((start - limit) // delta))
    else:
        count = max(0, math.ceil((limit - start) / delta))
    if count * kind.np_dtype.itemsize <= HOST_LIMIT:
        steps = np.arange(count, dtype=np.int64 if kind.is_integer else np.float64)
        return (start + steps * delta).astype(kind.np_dtype)
    wide = jnp.arange(count, dtype=jnp.int64 if kind.is_integer else jnp.float64)
    return (start + wide * delta).astype(kind.np_dtype)


def range_(
    start: Any,
    limit: Any = None,
    delta: Any = 1,
    dtype: Any = None,
    name: str | None = "range",
) -> Tensor:
    """The numbers ``start, start + delta, …`` before ``limit``.

    Args:
        start: the first number; the limit if ``limit`` is None, and then starts at 0.
        limit: the bound, which is left out.
        delta: the step; negative counts down.
        dtype: the element type; the widest of the arguments' if None.
        name: a name scope.

    Returns:
        A tensor of shape ``(ceil((limit - start) / delta),)``.

    Raises:
        InvalidArgumentError: if ``delta`` is zero or leads away from ``limit``.

    Reference: ``tf.range``. In a traced function, bounds computed at run time are for
    the head of a for loop; elsewhere they make the function run op by op.
    """
    if limit is None:
        start, limit = 0, start
    if any(isinstance(getattr(b, "_value", b), Tracer) for b in (start, limit, delta)):
        raise HostOpInTrace("tf.range with bounds computed at run time")
    kind = _range_dtype([start, limit, delta]) if dtype is None else as_dtype(dtype)
    return _range(start, limit, delta, kind, name=name)


@op("linspace")
def _linspace(
    start: Same, stop: Same, num: Any, axis: int = 0, name: str | None = None
) -> Array:
    count = as_int("tf.linspace", num, "num")
    if count < 0:
        raise InvalidArgumentError.of(
            "tf.linspace",
            expected="`num` of zero or more",
            received=f"num={count}",
            hint="It is the number of values.",
        )
    if jnp.issubdtype(start.dtype, jnp.integer):
        start, stop = start.astype(jnp.float64), stop.astype(jnp.float64)
    start, stop = jnp.broadcast_arrays(start, stop)
    place = axis_index("tf.linspace", axis, start.ndim + 1)
    first, last = jnp.expand_dims(start, place), jnp.expand_dims(stop, place)
    if count <= 1:
        return jnp.repeat(first, count, axis=place)
    steps = jnp.arange(count - 1, dtype=start.dtype)
    steps = steps.reshape([-1 if i == place else 1 for i in range(first.ndim)])
    inner = first + steps * ((last - first) / (count - 1))
    return jnp.concatenate([inner, last], axis=place)


def linspace(
    start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0
) -> Tensor:
    """Evenly spaced numbers from ``start`` to ``stop``, both included.

    Args:
        start: the first numbers; integers are computed in ``float64``.
        stop: the last numbers, of the same dtype and a shape that broadcasts.
        num: how many.
        name: a name scope.
        axis: where the new axis goes in the result.

    Returns:
        A floating tensor with a new axis of size ``num``.

    Raises:
        InvalidArgumentError: if ``num`` is negative.

    Reference: ``tf.linspace``.
    """
    return _linspace(start, stop, num, axis, name=name)


@op("one_hot", dtypes=("uint8", "int8", "int32", "int64"), differentiable=False)
def _one_hot(
    indices: TensorLike,
    on: TensorLike,
    off: TensorLike,
    depth: Any,
    axis: Any,
    name: str | None = None,
) -> Array:
    return jnp.where(_hits(indices, depth, axis), on, off)


@op("one_hot", dtypes=("uint8", "int8", "int32", "int64"), differentiable=False)
def _one_hot_plain(
    indices: TensorLike, depth: Any, axis: Any, dtype: Any, name: str | None = None
) -> Array:
    return _hits(indices, depth, axis).astype(as_dtype(dtype).np_dtype)


def _hits(indices: Array, depth: Any, axis: Any) -> Array:
    count = as_int("tf.one_hot", depth, "depth")
    if count < 0:
        raise InvalidArgumentError.of(
            "tf.one_hot",
            expected="a depth of zero or more",
            received=f"depth must be non-negative, got: {count}",
            hint="The depth is the number of classes.",
        )
    place = axis_index("tf.one_hot", -1 if axis is None else axis, indices.ndim + 1)
    classes = jnp.arange(count, dtype=indices.dtype)
    classes = classes.reshape(
        [-1 if i == place else 1 for i in range(indices.ndim + 1)]
    )
    return jnp.expand_dims(indices, place) == classes


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Rows with one marked place each.

    Args:
        indices: an integer tensor: the places.
        depth: the number of places, the size of the new axis.
        on_value: the scalar at the place, 1 by default.
        off_value: the scalar elsewhere, 0 by default.
        axis: where the new axis goes; last if None or -1.
        dtype: the element type; that of the values, or ``float32``, if None.
        name: a name scope.

    Returns:
        A tensor with one more axis than ``indices``. An index outside ``[0, depth)``
        gives a row of ``off_value``.

    Raises:
        TypeError: if the two values have different dtypes.
        InvalidArgumentError: if ``depth`` is negative.

    Reference: ``tf.one_hot``.
    """
    if on_value is None and off_value is None:
        kind = dtypes.float32 if dtype is None else as_dtype(dtype)
        return _one_hot_plain(indices, depth, axis, kind, name=name)
    wanted = None if dtype is None else as_dtype(dtype)
    given = [
        convert_to_tensor(value, dtype_hint=wanted)
        for value in (on_value, off_value)
        if value is not None
    ]
    kind = wanted or given[0].dtype
    for value in given:
        if value.dtype != kind:
            raise DTypeError.of(
                "tf.one_hot",
                expected=f"on_value and off_value of dtype {kind.name}",
                received=f"a value of dtype {value.dtype.name}",
                hint="Cast the values or give `dtype`.",
            )
    on = given[0] if on_value is not None else convert_to_tensor(1, kind)
    off = given[-1] if off_value is not None else convert_to_tensor(0, kind)
    return _one_hot(indices, on, off, depth, axis, name=name)
