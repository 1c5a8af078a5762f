"""Recognising and checking the conditions that decide over staging."""

from __future__ import annotations

from typing import Any

from jax import numpy as jnp

from lamina.autograph.staging.values import is_traced, is_variable
from lamina.engine.errors import InvalidArgumentError, message
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import is_tracing

_TO_SCALAR = Kernel("tf.reshape", lambda x: jnp.reshape(x, ()))


def is_staged(value: Any) -> bool:
    """Whether a condition is a tensor or variable known only at run time."""
    if isinstance(value, Tensor):
        return is_traced(value)
    return is_variable(value) and is_tracing()


def boolean(value: Any, what: str) -> Tensor:
    """The condition as a bool tensor.

    Raises:
        InvalidArgumentError: a ValueError, if it has another dtype.
    """
    tensor = convert_to_tensor(value)
    if tensor.dtype != "bool":
        raise InvalidArgumentError(
            None,
            None,
            message(
                f"condition of {what}",
                expected="expected to be `tf.bool` scalar",
                received=f"a tensor of shape {tensor.shape} and dtype "
                f"{tensor.dtype.name}",
                hint="To use as boolean Tensor, use `tf.cast`; to check for None, "
                "use `is not None`.",
            ).replace("expected expected", "expected"),
        )
    return tensor


def scalar(value: Any, what: str) -> Tensor:
    """The condition as a bool tensor of rank 0.

    Raises:
        InvalidArgumentError: a ValueError, for other dtypes or several elements.
    """
    tensor = boolean(value, what)
    if tensor.ndim == 0:
        return tensor
    if tensor.shape.num_elements() != 1:
        raise InvalidArgumentError.of(
            f"condition of {what}",
            expected="a `tf.bool` scalar",
            received=f"a tensor of shape {tensor.shape}",
            hint="Use tf.reduce_any or tf.reduce_all, or tf.where for an elementwise "
            "choice.",
        )
    reshaped: Tensor = execute(_TO_SCALAR, [tensor])
    return reshaped
