"""Indexing: ``x[...]``, ``tf.slice`` and ``tf.strided_slice``.

An index becomes a tuple of plain entries: an int, ``None`` (a new axis), ``...`` or
``("slice", start, stop, step)``. Starts that vary from call to call in eager code go
to the program as data, so that ``x[0]``, ``x[1]`` … share one compilation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, Tracer, constant_value, is_tensor
from lamina.ops.checks import int_tuple, text

ELLIPSIS = "..."
_AT = ("at",)


class _Part:
    """What an index does with one axis of the input, or one new axis."""

    __slots__ = ("kind", "size", "start", "step")

    def __init__(self, kind: str, start: Any = 0, size: int = 1, step: int = 1) -> None:
        self.kind = kind  # "int", "slice" or "new"
        self.start = start
        self.size = size
        self.step = step


def _error(expected: str, received: str, hint: str) -> InvalidArgumentError:
    return InvalidArgumentError.of(
        "tf.Tensor.__getitem__", expected=expected, received=received, hint=hint
    )


def _plan(key: tuple[Any, ...], shape: tuple[int, ...], starts: Any) -> list[_Part]:
    """Resolves an index against a shape."""
    used = sum(1 for entry in key if entry is not None and entry != ELLIPSIS)
    if key.count(ELLIPSIS) > 1:
        raise _error("at most one Ellipsis", f"index {_show(key)}", "Remove one.")
    if not shape and used:
        raise _error(
            "no index, tf.newaxis or ...",
            f"Attempting to slice scalar input with {_show(key)}",
            "A scalar has no axes.",
        )
    if used > len(shape):
        raise _error(
            f"at most {len(shape)} indices for shape {text(shape)}",
            f"Index out of range using input dim {len(shape)}; input has only "
            f"{len(shape)} dims: index {_show(key)}",
            "Remove the indices that are too many.",
        )
    if ELLIPSIS not in key:
        key = (*key, ELLIPSIS)
    parts: list[_Part] = []
    axis, dynamic = 0, iter(range(len(shape)))
    for entry in key:
        if entry is None:
            parts.append(_Part("new"))
        elif entry == ELLIPSIS:
            for size in shape[axis : axis + len(shape) - used]:
                parts.append(_Part("slice", 0, size))
            axis += len(shape) - used
        else:
            parts.append(_one(entry, axis, shape[axis], starts, dynamic))
            axis += 1
    return parts


def _one(entry: Any, axis: int, size: int, starts: Any, dynamic: Any) -> _Part:
    if entry == _AT:
        start = starts[next(dynamic)]
        return _Part("int", jnp.where(start < 0, start + size, start))
    if isinstance(entry, int):
        if not -size <= entry < size:
            raise _error(
                f"an index in [{-size}, {size}) for axis {axis}",
                f"slice index {entry} of dimension {axis} out of bounds",
                "Check the index against tf.shape.",
            )
        return _Part("int", entry % size)
    if entry[0] == "window":
        return _Part("slice", starts[next(dynamic)], entry[1], entry[2])
    if entry[3] == 0:
        raise _error("a step other than zero", f"strides[{axis}] must be non-zero", "")
    start, stop, step = slice(*entry[1:]).indices(size)
    return _Part("slice", start, len(range(start, stop, step)), step)


def _show(key: tuple[Any, ...]) -> str:
    def one(entry: Any) -> str:
        if isinstance(entry, tuple) and entry[0] == "slice":
            words = ["" if v is None else str(v) for v in entry[1:]]
            return ":".join(words[:2] if entry[3] is None else words)
        return "?" if isinstance(entry, tuple) else str(entry)

    return "[" + ", ".join(one(entry) for entry in key) + "]"


def _take(x: Array, parts: list[_Part]) -> Array:
    """Applies resolved parts: window, step, then the axes that go or come."""
    axes = [part for part in parts if part.kind != "new"]
    if any(not isinstance(part.start, int) for part in axes):
        x = _dynamic_window(x, axes)
    else:
        x = _static_window(x, axes)
    keep = [axis for axis, part in enumerate(axes) if part.kind == "slice"]
    sizes = iter([x.shape[axis] for axis in keep])
    return x.reshape(
        [
            1 if part.kind == "new" else next(sizes)
            for part in parts
            if part.kind != "int"
        ]
    )


def _static_window(x: Array, axes: list[_Part]) -> Array:
    index = []
    for part in axes:
        end = part.start + part.size * part.step
        if part.size == 0:
            index.append(slice(0, 0))
        else:
            index.append(slice(part.start, None if end < 0 else end, part.step))
    if all(i == slice(0, n, 1) for i, n in zip(index, x.shape, strict=True)):
        return x
    return x[tuple(index)]


def _dynamic_window(x: Array, axes: list[_Part]) -> Array:
    """A window whose start is data; its extent and steps are static."""
    spans, begins = [], []
    for part in axes:
        span = (part.size - 1) * abs(part.step) + 1 if part.size else 0
        spans.append(span)
        begins.append(part.start - (span - 1 if part.step < 0 and span else 0))
    begins = [jnp.asarray(b, jnp.int32) for b in begins]
    x = lax.dynamic_slice(x, begins, spans)
    if all(part.step == 1 for part in axes):
        return x
    return x[tuple(slice(None, None, part.step) for part in axes)]


@op("__operators__.getitem")
def index_static(x: TensorLike, key: tuple[Any, ...], name: str | None = None) -> Array:
    """``x[key]`` for a key of plain entries."""
    return _take(x, _plan(key, x.shape, ()))


@op("__operators__.getitem_at")
def index_dynamic(
    x: TensorLike, starts: TensorLike, key: tuple[Any, ...], name: str | None = None
) -> Array:
    """``x[key]`` where entries ``("at",)`` and ``("window", …)`` read ``starts``."""
    return _take(x, _plan(key, x.shape, starts))


def _entry(item: Any) -> Any:
    """One item of an index as a plain entry, or a scalar tensor if it is run-time."""
    if item is None or type(item) is int:
        return item
    if item is Ellipsis:
        return ELLIPSIS
    if isinstance(item, slice):
        return ("slice", *map(_bound, (item.start, item.stop, item.step)))
    if is_tensor(item) and item.dtype.is_integer and item.dtype.name[-2:] in "32 64":
        if item.shape.rank in (0, None):
            value = constant_value(item) if isinstance(item, Tensor) else None
            if value is None and not isinstance(item, Tensor) and not state.trace:
                value = item.numpy()  # a variable
            return item if value is None else int(value)
    elif not isinstance(item, bool | np.bool_) and hasattr(item, "__index__"):
        if not is_tensor(item) and np.ndim(item) == 0:
            return item.__index__()
    elif getattr(item, "dtype", None) is not None and np.ndim(item) == 0:
        if isinstance(item, np.ndarray) and item.dtype.kind in "iu":
            return int(item)
    raise TypeError(
        "tf.Tensor.__getitem__: Only integers, slices (`:`), ellipsis (`...`), "
        "tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are valid indices, "
        f"got {item!r}. Use tf.gather or tf.gather_nd to pick elements by a list of "
        "positions, and tf.boolean_mask to pick them by a mask."
    )


def _bound(item: Any) -> Any:
    found = None if item is None else _entry(item)
    if found is None or type(found) is int or _is_symbolic(found):
        return found
    raise InvalidArgumentError.of(
        "tf.Tensor.__getitem__",
        expected="slice bounds that are known when the function is traced",
        received=f"a bound computed at run time: {item!r}",
        hint="XLA programs have static shapes: use tf.slice(x, begin, size) with a "
        "static size and a run-time begin, or a mask.",
    )


def _is_symbolic(item: Any) -> bool:
    """Whether it is the input of a model, whose value the door resolves."""
    return isinstance(item, Tensor) and item._value is None


def _is_mask(key: Any) -> bool:
    if isinstance(key, bool | np.bool_):
        return True
    dtype = getattr(key, "dtype", None)
    return dtype is not None and dtype == "bool"


def getitem(x: Any, key: Any) -> Tensor:
    """``x[key]``: the operator behind indexing of tensors and variables.

    Args:
        x: a tensor.
        key: ints, slices, ``...``, ``tf.newaxis``, scalar integer tensors, or a
            tuple of these; or one ``bool`` tensor (a mask, as ``tf.boolean_mask``).

    Returns:
        A tensor of the same dtype.

    Raises:
        TypeError: for indices of another kind.
        InvalidArgumentError: if an index is out of bounds.

    Reference: ``tf.Tensor.__getitem__``.
    """
    if _is_mask(key):
        return _MASK[0](x, key)
    if type(key) is int:
        entries: tuple[Any, ...] = (key,)
    elif isinstance(key, tuple | list):
        entries = tuple(map(_entry, key))
    else:
        entries = (_entry(key),)
    if not all(type(e) in (int, type(None), str, tuple) for e in entries):
        return _with_tensors(x, entries)
    value = x._value if type(x) is Tensor else None
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuO":
        return Tensor(_take(value, _plan(entries, value.shape, ())))
    if value is not None and not isinstance(value, Tracer) and not state.trace:
        return _eager(x, entries)
    return index_static(x, entries)


def _eager(x: Tensor, entries: tuple[Any, ...]) -> Tensor:
    starts, key = _moved(entries, x._value.shape)
    return index_static(x, key) if starts is None else index_dynamic(x, starts, key)


@lru_cache(maxsize=4096)
def _moved(
    entries: tuple[Any, ...], shape: tuple[int, ...]
) -> tuple[Tensor | None, tuple[Any, ...]]:
    """Moves starts out of the key, so that neighbours share a compiled program."""
    starts: list[int] = []
    key: list[Any] = []
    for part in _plan(entries, shape, ()):
        if part.kind == "new":
            key.append(None)
        elif part.kind == "int":
            key.append(_AT)
            starts.append(part.start)
        elif (part.start == 0 and part.step == 1) or part.size == 0:
            key.append(("slice", 0, part.size, 1))
        else:
            key.append(("window", part.size, part.step))
            starts.append(part.start)
    return Tensor(np.asarray(starts, np.int32)) if starts else None, tuple(key)


def _with_tensors(x: Any, entries: tuple[Any, ...]) -> Tensor:
    """An index in which some integers are run-time scalars."""
    key: list[Any] = []
    starts: list[Any] = []
    for entry in entries:
        if entry is None or type(entry) in (int, str, tuple):
            key.append(entry)
        else:
            key.append(_AT)
            starts.append(entry)
    return index_dynamic(x, _PACK[0](starts), tuple(key))


_MASK: list[Any] = []
_PACK: list[Any] = []


def register_helpers(mask: Any, pack: Any) -> None:
    """Supplies ``boolean_mask`` and the packing of scalars, which stand above."""
    _MASK[:] = [mask]
    _PACK[:] = [pack]


def _check_slice(
    input_: Array, begin: tuple[int, ...], size: tuple[int, ...]
) -> list[int]:
    if len(begin) != input_.ndim or len(size) != input_.ndim:
        raise InvalidArgumentError.of(
            "tf.slice",
            expected=f"begin and size of {input_.ndim} numbers each",
            received=f"begin={list(begin)}, size={list(size)} for shape "
            f"{text(input_.shape)}",
            hint="Give one begin and one size an axis; a size of -1 is the rest.",
        )
    out = []
    for axis, (b, s, n) in enumerate(zip(begin, size, input_.shape, strict=True)):
        extent = n - b if s == -1 else s
        if b < 0 or extent < 0 or b + extent > n:
            raise InvalidArgumentError.of(
                "tf.slice",
                expected=f"begin[{axis}] in [0, {n}] and size[{axis}] in [-1, {n - b}]",
                received=f"begin={list(begin)}, size={list(size)} for shape "
                f"{text(input_.shape)}",
                hint="The window must lie inside the tensor.",
            )
        out.append(extent)
    return out


@op("slice")
def _slice_static(
    input_: TensorLike, begin: Any, size: Any, name: str | None = None
) -> Array:
    begins = int_tuple("tf.slice", begin, "begin")
    extents = _check_slice(input_, begins, int_tuple("tf.slice", size, "size"))
    return input_[tuple(slice(b, b + s) for b, s in zip(begins, extents, strict=True))]


@op("slice")
def _slice_dynamic(
    input_: TensorLike, begin: TensorLike, size: Any, name: str | None = None
) -> Array:
    sizes = int_tuple("tf.slice", size, "size")
    if -1 in sizes:
        raise InvalidArgumentError.of(
            "tf.slice",
            expected="a static size when `begin` is computed at run time",
            received=f"size={list(sizes)}",
            hint="Replace -1 by the size that you need.",
        )
    extents = _check_slice(input_, (0,) * input_.ndim, sizes)
    return lax.dynamic_slice(input_, list(begin), extents)


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The window of ``size`` that starts at ``begin``.

    Args:
        input_: a tensor of any dtype.
        begin: the first position on each axis; may be computed at run time.
        size: the extent on each axis; -1 is the rest of the axis.
        name: a name scope.

    Returns:
        A tensor of shape ``size``.

    Raises:
        InvalidArgumentError: if the window does not lie inside the tensor.

    Reference: ``tf.slice``. A window computed at run time is moved inside the tensor
    where TensorFlow raises.
    """
    items = begin if isinstance(begin, list | tuple) else [begin]
    if any(is_tensor(item) and _unknown(item) for item in items):
        return _slice_dynamic(input_, begin, size, name=name)
    return _slice_static(input_, begin, size, name=name)


def _unknown(item: Any) -> bool:
    return constant_value(item) is None


@op("strided_slice")
def strided_slice(
    input_: TensorLike,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Array:
    """The elements ``begin, begin + stride, …`` before ``end`` on each axis.

    Args:
        input_: a tensor of any dtype.
        begin: the first position of each leading axis.
        end: the position after the last one.
        strides: the steps, 1 by default; negative ones go backwards.
        begin_mask: bit ``i`` set: ``begin[i]`` is ignored.
        end_mask: bit ``i`` set: ``end[i]`` is ignored.
        ellipsis_mask: bit ``i`` set: entry ``i`` stands for all axes in between.
        new_axis_mask: bit ``i`` set: entry ``i`` makes a new axis of size 1.
        shrink_axis_mask: bit ``i`` set: entry ``i`` is one position; the axis goes.
        var: must be None; assign to a slice with ``tensor_scatter_nd_update``.
        name: a name scope.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: if the lists differ in length or an index is out of
            bounds.

    Reference: ``tf.strided_slice``.
    """
    begins = int_tuple("tf.strided_slice", begin, "begin")
    ends = int_tuple("tf.strided_slice", end, "end")
    steps = (
        (1,) * len(begins)
        if strides is None
        else int_tuple("tf.strided_slice", strides, "strides")
    )
    if not len(begins) == len(ends) == len(steps) or var is not None:
        raise InvalidArgumentError.of(
            "tf.strided_slice",
            expected="begin, end and strides of one length, and no `var`",
            received=f"begin={list(begins)}, end={list(ends)}, strides={list(steps)}, "
            f"var={var!r}",
            hint="Give one entry of each an axis.",
        )
    key: list[Any] = []
    for i, (first, last, step) in enumerate(zip(begins, ends, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(ELLIPSIS)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(first)
        else:
            low = None if begin_mask & bit else first
            high = None if end_mask & bit else last
            key.append(("slice", low, high, step))
    return _take(input_, _plan(tuple(key), input_.shape, ()))
