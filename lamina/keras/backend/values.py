"""`keras.backend` (`K`): values of variables, updates, choices, old global state."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.variable import Variable
from lamina.keras.common.state import get_global_attribute, set_global_attribute
from lamina.keras.ops import control, selection
from lamina.keras.ops.promotion import convert
from lamina.ops.control_flow.printing import print_v2


def get_value(x: Any) -> Any:
    """The value as NumPy.

    Args:
        x: A tensor or variable.

    Returns:
        A NumPy array or number.

    Reference: `keras.backend.get_value`.
    """
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def eval(x: Any) -> Any:
    """The value as NumPy.

    Args:
        x: A tensor or variable.

    Returns:
        A NumPy array or number.

    Reference: `keras.backend.eval`.
    """
    return get_value(x)


def set_value(x: Any, value: Any) -> None:
    """Assigns a value to a variable.

    Args:
        x: A variable.
        value: An array of its shape.

    Reference: `keras.backend.set_value`.
    """
    x.assign(np.asarray(value, dtype=x.dtype if isinstance(x.dtype, str) else None))


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """The values of several tensors.

    Args:
        tensors: Tensors or variables.

    Returns:
        A list of NumPy arrays.

    Reference: `keras.backend.batch_get_value`.
    """
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Assigns values to several variables.

    Args:
        tuples: Pairs of a variable and its value.

    Reference: `keras.backend.batch_set_value`.
    """
    for x, value in tuples:
        set_value(x, value)


def update(x: Variable, new_x: Any) -> Any:
    """Assigns a new value.

    Args:
        x: A variable.
        new_x: The value.

    Returns:
        The variable.

    Reference: `keras.backend.update`.
    """
    return x.assign(new_x)


def update_add(x: Variable, increment: Any) -> Any:
    """Adds to a variable.

    Args:
        x: A variable.
        increment: What is added.

    Returns:
        The variable.

    Reference: `keras.backend.update_add`.
    """
    return x.assign_add(increment)


def update_sub(x: Variable, decrement: Any) -> Any:
    """Subtracts from a variable.

    Args:
        x: A variable.
        decrement: What is subtracted.

    Returns:
        The variable.

    Reference: `keras.backend.update_sub`.
    """
    return x.assign_sub(decrement)


def moving_average_update(x: Variable, value: Any, momentum: Any) -> Any:
    """`x = x * momentum + value * (1 - momentum)`.

    Args:
        x: A variable.
        value: The new observation.
        momentum: The weight of the old value.

    Returns:
        The variable.

    Reference: `keras.backend.moving_average_update`.
    """
    old = convert_to_tensor(x)
    share = convert(momentum, old.dtype)
    return x.assign(old * share + convert(value, old.dtype) * (1 - share))


def is_sparse(tensor: Any) -> bool:
    """Whether a tensor is sparse.

    Args:
        tensor: A tensor.

    Returns:
        True for an object with `indices`, `values` and `dense_shape`.

    Reference: `keras.backend.is_sparse`.
    """
    return all(hasattr(tensor, part) for part in ("indices", "values", "dense_shape"))


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Chooses between two values by a scalar or a tensor of booleans.

    Args:
        condition: A boolean scalar, or a tensor whose axes are the first of the
            values.
        then_expression: A tensor, or a function without arguments.
        else_expression: A tensor, or a function without arguments.

    Returns:
        A tensor.

    Reference: `keras.backend.switch`.
    """
    flag = convert(condition, "bool")
    if not tuple(flag.shape):
        return control.cond(flag, _call(then_expression), _call(else_expression))
    first = convert_to_tensor(_call(then_expression)())
    second = convert_to_tensor(_call(else_expression)())
    for _ in range(len(first.shape) - len(flag.shape)):
        flag = flag[..., None]  # type: ignore[index]
    return selection.where(flag, first, second)


def _call(value: Any) -> Callable[[], Any]:
    return value if callable(value) else lambda: value


def learning_phase() -> int:
    """The value set with `set_learning_phase`: 1 for training, else 0.

    Reference: `K.learning_phase` of Keras 2. Layers take `training` from their call.
    """
    return int(get_global_attribute("learning_phase") or 0)


def set_learning_phase(value: int) -> None:
    """Sets what `learning_phase` and `in_train_phase` see.

    Args:
        value: 1 for training, 0 for inference.

    Raises:
        ValueError: Another value.

    Reference: `K.set_learning_phase` of Keras 2.
    """
    if value not in (0, 1):
        raise ValueError(
            f"keras.backend.set_learning_phase: expected 0 or 1. Received: {value!r}. "
            "Pass `training=` to layers instead."
        )
    set_global_attribute("learning_phase", int(value))


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """One value for training and another one for inference.

    Args:
        x: A tensor or function for training.
        alt: A tensor or function for inference.
        training: Whether it is training; `learning_phase()` if None.

    Returns:
        A tensor.

    Reference: `K.in_train_phase` of Keras 2.
    """
    training = learning_phase() if training is None else training
    if isinstance(training, Tensor):
        return switch(training, x, alt)
    return _call(x)() if training else _call(alt)()


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """One value for inference and another one for training.

    Args:
        x: A tensor or function for inference.
        alt: A tensor or function for training.
        training: Whether it is training; `learning_phase()` if None.

    Returns:
        A tensor.

    Reference: `K.in_test_phase` of Keras 2.
    """
    return in_train_phase(alt, x, training)


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """Prints a tensor and returns it.

    Args:
        x: A tensor.
        message: What stands before it.
        summarize: How many elements are shown at each end of an axis; all if -1.

    Returns:
        The tensor.

    Reference: `K.print_tensor` of Keras 2.
    """
    print_v2(message, x, output_stream=sys.stdout, summarize=summarize)
    return x
