"""Activations as functions of raw arrays, for operations that contain them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lamina.engine.op import Array, Op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.activations import smooth

_PLAIN: dict[Any, Callable[[Array], Array]] = {
    smooth.linear: lambda x: x,
    smooth.sigmoid: smooth.array_sigmoid,
    smooth.softmax: smooth.array_softmax,
}


def lowering_of(activation: Any) -> Callable[[Array], Array]:
    """What `activation` does, as a function of arrays.

    Args:
        activation: A function of `keras.activations`, or any function of a tensor.

    Returns:
        A function; the same one for the same activation, so that compiled programs
        are found again.
    """
    if isinstance(activation, Op):
        return activation.lower
    return _PLAIN.get(activation) or _wrapped(activation)


@lru_cache(maxsize=1024)
def _wrapped(activation: Any) -> Callable[[Array], Array]:
    def apply(x: Array) -> Array:
        """The activation on an array."""
        return convert_to_tensor(activation(Tensor(x)))._value

    return apply
