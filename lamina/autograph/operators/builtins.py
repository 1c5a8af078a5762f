"""Builtins that take tensors in converted code."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
from jax import numpy as jnp

from lamina.autograph.operators.iteration import (
    Enumerated,
    NumberRange,
    Zipped,
    dynamic,
    sliceable,
)
from lamina.autograph.staging import predicates, values
from lamina.engine.tensor import convert_to_tensor

_MISSING = object()


def range_(*args: Any) -> Any:
    """``range`` with bounds that may be tensors known at run time only."""
    if dynamic(*args):
        start, stop, step = _bounds(*args)
        return NumberRange(start, stop, step)
    return builtins.range(*args)


def _bounds(first: Any, second: Any = None, step: Any = 1) -> tuple[Any, Any, Any]:
    return (0, first, step) if second is None else (first, second, step)


def is_range(fn: Any) -> bool:
    """Whether a callable is ``tf.range``."""
    return (
        getattr(fn, "__name__", "") == "range_"
        and getattr(fn, "__module__", "") == "lamina.ops.array.creation"
    )


def range_of(
    fn: Any,
    start: Any = 0,
    limit: Any = None,
    delta: Any = 1,
    dtype: Any = None,
    name: str | None = None,
) -> NumberRange | None:
    """The numbers of ``tf.range(...)`` if a bound is known at run time only."""
    del fn, name
    if not dynamic(start, limit, delta):
        return None
    first, last = (0, start) if limit is None else (start, limit)
    return NumberRange(first, last, delta, dtype)


def enumerate_(iterable: Any, start: int = 0) -> Any:
    """``enumerate`` over the slices of a traced tensor, or Python's."""
    if sliceable(iterable):
        return Enumerated(iterable, start)
    return builtins.enumerate(iterable, start)


def zip_(*iterables: Any, strict: bool = False) -> Any:
    """``zip`` over the slices of traced tensors, or Python's."""
    if iterables and all(sliceable(each) for each in iterables):
        return Zipped(iterables)
    return builtins.zip(*iterables, strict=strict)


def int_(x: Any = 0, base: Any = _MISSING) -> Any:
    """``int``: a traced tensor becomes an int32 (or stays a wider integer)."""
    if base is not _MISSING:
        return int(x, base)
    if predicates.is_staged(x):
        return _cast(x, np.int32)
    return int(x)


def float_(x: Any = 0.0) -> Any:
    """``float``: a traced tensor becomes a float32."""
    return _cast(x, np.float32) if predicates.is_staged(x) else float(x)


def bool_(x: Any = False) -> Any:
    """``bool``: a traced tensor becomes a bool tensor."""
    if not predicates.is_staged(x):
        return bool(x)
    tensor = predicates.scalar(
        values.run("tf.cast", lambda a: a != 0, convert_to_tensor(x)), "`bool`"
    )
    return tensor


def _cast(value: Any, dtype: Any) -> Any:
    tensor = convert_to_tensor(value)
    same_kind = tensor.dtype.np_dtype.kind == np.dtype(dtype).kind
    if same_kind:
        return tensor
    return values.run("tf.cast", lambda a: a.astype(dtype), tensor)


def any_(iterable: Any) -> Any:
    """``any``, with elements that may be traced tensors."""
    return _fold(iterable, jnp.any, builtins.any, until=True)


def all_(iterable: Any) -> Any:
    """``all``, with elements that may be traced tensors."""
    return _fold(iterable, jnp.all, builtins.all, until=False)


def _fold(
    iterable: Any, reduce: Callable[..., Any], plain: Callable[..., Any], until: bool
) -> Any:
    if predicates.is_staged(iterable):
        return values.run("tf.reduce", reduce, convert_to_tensor(iterable))
    staged = []
    for each in iterable:
        if predicates.is_staged(each):
            staged.append(predicates.scalar(each, f"`{plain.__name__}`"))
        elif bool(each) is until:
            return until
    if not staged:
        return not until
    return values.run("tf.reduce", lambda *a: reduce(jnp.stack(a)), *staged)


def max_(*args: Any, **kwargs: Any) -> Any:
    """``max`` of traced scalars, or Python's."""
    return _extreme(args, kwargs, jnp.maximum, builtins.max)


def min_(*args: Any, **kwargs: Any) -> Any:
    """``min`` of traced scalars, or Python's."""
    return _extreme(args, kwargs, jnp.minimum, builtins.min)


def _extreme(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    join: Callable[..., Any],
    plain: Callable[..., Any],
) -> Any:
    items = args
    if len(args) == 1 and isinstance(args[0], (list, tuple)):
        items = tuple(args[0])
    if kwargs or len(items) < 2 or not any(map(predicates.is_staged, items)):
        return plain(*args, **kwargs)
    dtype = next(each.dtype for each in items if predicates.is_staged(each))
    tensors = [
        convert_to_tensor(each)
        if predicates.is_staged(each)
        else convert_to_tensor(each, dtype)
        for each in items
    ]
    result = tensors[0]
    for tensor in tensors[1:]:
        result = values.run(f"{plain.__name__}()", join, result, tensor)
    return result


OVERLOADS: dict[Any, Callable[..., Any]] = {
    builtins.range: range_,
    builtins.enumerate: enumerate_,
    builtins.zip: zip_,
    builtins.int: int_,
    builtins.float: float_,
    builtins.bool: bool_,
    builtins.any: any_,
    builtins.all: all_,
    builtins.max: max_,
    builtins.min: min_,
}
