"""What ops take beside tensors: static attributes, and Python numbers."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from lamina.engine.tensor import Tracer, convert_to_tensor, is_tensor


def hashable_key(rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The key of attributes of which some are lists of plain values, else None."""
    values = []
    for value in (*rest, *kwargs.values()):
        if type(value) is list:
            if not all(type(item) in (int, float, str) for item in value):
                return None
            values.append((list, *value, *map(type, value)))
        else:
            values.append((type(value), value))
    key = (len(rest), *kwargs, *values)
    try:
        hash(key)
    except TypeError:
        return None
    return key


# Python numbers beside tensors, as device scalars: x * 2.0 again and again.
NUMBERS: dict[Any, Any] = {}
_NUMBER_LIMIT = 4096


def device_number(key: tuple[Any, type, Any], value: Any) -> Any:
    """The scalar of `key`'s dtype on the device; None if it does not fit."""
    _, kind, dtype = key
    if kind is int and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            return None
    found = jax.device_put(np.asarray(value, dtype))
    if len(NUMBERS) >= _NUMBER_LIMIT:
        NUMBERS.clear()
    if value == value:
        NUMBERS[key] = found
    return found


class NotStatic(Exception):
    """A tensor was given as an attribute, and its value is not known yet."""


def static_value(value: Any) -> Any:
    """A hashable Python value for an attribute; tensors must be known statically."""
    if isinstance(value, list | tuple):
        if hasattr(value, "_fields"):
            return value
        items = tuple(static_value(item) for item in value)
        if isinstance(value, list) or type(value) is tuple:
            return items
        return type(value)(items)
    if isinstance(value, np.ndarray):
        return static_value(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if is_tensor(value):
        found = convert_to_tensor(value)._value
        if isinstance(found, Tracer):
            raise NotStatic
        return static_value(np.asarray(found))
    if isinstance(value, jax.Array):
        return static_value(np.asarray(value))
    if isinstance(value, dict):
        return tuple(sorted((k, static_value(v)) for k, v in value.items()))
    return value
