"""How the arguments of a traced function are told apart and put together again.

The key of a call is a nest of hashable values: shape and dtype for tensors, type and
value for Python numbers and strings, identity for everything else.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from lamina.engine import nest
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.type_spec import TensorSpec

_PLAIN = (int, float, bool, str, bytes, complex, type(None), type, type(Ellipsis))


class Symbolic(Exception):
    """A KerasTensor is among the arguments: record the call, do not trace it."""


class Reader:
    """Reads a nest of arguments: ``key`` tells calls apart, ``tensors`` are flat."""

    def __init__(self, on_death: Callable[[weakref.ref[Any]], None]) -> None:
        self.tensors: list[Tensor] = []
        self.objects: list[weakref.ref[Any]] = []
        self._on_death = on_death

    def read(self, value: Any) -> Any:
        """The key of a value; its tensors are appended to ``tensors``."""
        kind = type(value)
        if kind is Tensor:
            self.tensors.append(value)
            array = value._value
            return array.shape, array.dtype
        if kind in _PLAIN:
            return kind, value
        if kind is tuple or kind is list:
            return kind, *map(self.read, value)
        if kind is dict:
            return kind, *((key, self.read(value[key])) for key in sorted(value))
        if kind is np.ndarray or isinstance(value, np.generic | jax.Array):
            return self.read(convert_to_tensor(value))
        if isinstance(value, KerasTensor):
            raise Symbolic
        if nest.is_nested(value):
            parts = nest.flatten(value, expand_composites=True)
            return kind, *map(self.read, parts)
        return self._object(kind, value)

    def _object(self, kind: type, value: Any) -> Any:
        if hasattr(kind, "_type_spec"):  # a composite tensor
            parts = nest.flatten(value, expand_composites=True)
            if len(parts) != 1 or parts[0] is not value:
                return kind, *map(self.read, parts)
        if isinstance(value, TensorSpec):
            return kind, value
        try:
            reference = weakref.ref(value, self._on_death)
        except TypeError:
            try:
                hash(value)
            except TypeError:
                return kind, id(value)
            return kind, value
        self.objects.append(reference)
        return kind, id(value)


def fill(value: Any, tensors: Iterator[Tensor]) -> Any:
    """A copy of an argument nest with its tensors replaced, in ``Reader``'s order."""
    kind = type(value)
    if (
        kind is Tensor
        or kind is np.ndarray
        or isinstance(value, np.generic | jax.Array)
    ):
        return next(tensors)
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return kind(fill(item, tensors) for item in value)
    if kind is dict:
        filled = {key: fill(value[key], tensors) for key in sorted(value)}
        return {key: filled[key] for key in value}
    if nest.is_nested(value) or hasattr(kind, "_type_spec"):
        parts = nest.flatten(value, expand_composites=True)
        if len(parts) == 1 and parts[0] is value:
            return value
        return nest.pack_sequence_as(
            value, [fill(part, tensors) for part in parts], expand_composites=True
        )
    return value


def difference(one: Any, two: Any, path: str = "") -> str:
    """Where two keys differ, in words."""
    if (
        isinstance(one, tuple)
        and isinstance(two, tuple)
        and len(one) == len(two)
        and any(isinstance(item, tuple) for item in one)
    ):
        for index, (a, b) in enumerate(zip(one, two, strict=True)):
            if a != b:
                return difference(a, b, f"{path}[{index}]" if path else str(index))
    return f"{path or 'structure'}: {_show(one)} became {_show(two)}"


def _show(key: Any) -> str:
    if isinstance(key, tuple) and len(key) == 2:
        if isinstance(key[0], tuple):
            return f"a {key[1]} tensor of shape {key[0]}"
        if isinstance(key[0], type):
            return f"{key[0].__name__} {key[1]!r:.60}"
    return repr(key)[:80]
