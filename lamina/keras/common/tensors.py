"""What counts as a tensor in Keras, and the masks that travel with tensors."""

from __future__ import annotations

from typing import Any

from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor
from lamina.engine.variable import Variable


def is_value_tensor(value: Any) -> bool:
    """Whether `value` is a tensor that has a value (eager or traced)."""
    if isinstance(value, Tensor):
        return not isinstance(value, KerasTensor)
    return is_composite(value)


def is_composite(value: Any) -> bool:
    """Whether `value` is a ragged, sparse or other tensor made of tensors."""
    return hasattr(type(value), "__lamina_tensor__") and not isinstance(value, Variable)


def is_any_tensor(value: Any, allow_none: bool = False) -> bool:
    """Whether `value` is a tensor with or without a value."""
    if value is None:
        return allow_none
    return isinstance(value, Tensor) or is_composite(value)


def is_symbolic(value: Any) -> bool:
    """Whether `value` is a symbolic tensor of a Functional model.

    Reference: `keras.backend.is_keras_tensor`, `keras.utils.is_keras_tensor`.
    """
    return isinstance(value, KerasTensor)


def is_tensor_or_variable(value: Any) -> bool:
    """Whether `value` is a tensor or a variable.

    Reference: `keras.ops.is_tensor` (variables excluded there).
    """
    return isinstance(value, (Tensor, Variable)) or is_composite(value)


def get_keras_mask(tensor: Any) -> Any:
    """The mask attached to `tensor`, or `None`."""
    return getattr(tensor, "_keras_mask", None)


def set_keras_mask(tensor: Any, mask: Any) -> None:
    """Attach `mask` to `tensor`; `None` removes it."""
    if mask is not None or getattr(tensor, "_keras_mask", None) is not None:
        tensor._keras_mask = mask
