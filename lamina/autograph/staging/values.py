"""The few array functions that staging needs, as kernels of the engine.

Python numbers become tensors as in ``tf.convert_to_tensor``; whatever cannot be held by
a compiled program stays a Python object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jax import lax
from jax import numpy as jnp

from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor, Tracer, convert_to_tensor, is_tensor

_LOGICAL_NOT = Kernel("tf.logical_not", jnp.logical_not)
_REDUCE_ALL = Kernel("tf.reduce_all", jnp.all)
_NUMBERS = (bool, int, float, complex, np.ndarray, np.generic)


def logical_not(value: Tensor) -> Any:
    """``not value``, elementwise."""
    return execute(_LOGICAL_NOT, [value])


def reduce_all(value: Tensor) -> Any:
    """Whether all elements are true."""
    return execute(_REDUCE_ALL, [value]) if value.ndim else value


def run(name: str, function: Callable[..., Any], *tensors: Tensor) -> Any:
    """Applies a function of arrays to tensors, through the engine's door."""
    return execute(Kernel(name, function), list(tensors))


def stageable(leaf: Any) -> bool:
    """Whether a leaf can be carried by a compiled program."""
    if isinstance(leaf, Tensor):
        return leaf._value is not None and leaf._value.dtype != object
    if is_tensor(leaf):
        return True
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.dtype.kind not in "OSU"
    return isinstance(leaf, _NUMBERS) or hasattr(leaf, "__jax_array__")


def is_variable(leaf: Any) -> bool:
    """Whether a leaf is a variable, an object with a value rather than a value."""
    return is_tensor(leaf) and not isinstance(leaf, Tensor)


def first_size(tensor: Tensor) -> int:
    """The size of the first axis."""
    size: int = tensor._value.shape[0]
    return size


_TAKE = Kernel(
    "tf.gather", lambda x, at: lax.dynamic_index_in_dim(x, at, 0, keepdims=False)
)


def slice_at(tensor: Tensor, at: int) -> Tensor:
    """One slice along the first axis.

    The place is an argument of the program, so that one program serves all slices.
    """
    if tensor._value.dtype == object:
        return Tensor(np.asarray(tensor._value[at]))
    found: Tensor = execute(_TAKE, [tensor, Tensor(np.asarray(at, np.int32))])
    return found


def slices(tensor: Tensor) -> list[Tensor]:
    """All slices along the first axis."""
    return [slice_at(tensor, at) for at in range(first_size(tensor))]


def to_tensor(leaf: Any) -> Tensor:
    """A leaf as a tensor."""
    return convert_to_tensor(leaf)


def is_traced(value: Any) -> bool:
    """Whether a tensor's value is known only at run time."""
    return isinstance(value, Tensor) and isinstance(value._value, Tracer)


def kind_of(value: Any) -> str:
    """How messages name a value."""
    if isinstance(value, Tensor) or is_tensor(value):
        return f"a tensor of shape {value.shape} and dtype {value.dtype.name}"
    return f"{value!r:.100} of type {type(value).__name__}"
