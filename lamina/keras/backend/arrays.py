"""`keras.backend` (`K`): the functions of Keras 1 and 2 on tensors.

Most of them are functions of `keras.ops` under an older name. Those that Keras 3 still
has in `keras._legacy.backend` behave as there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine import tape
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.variable import Variable
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.config import floatx
from lamina.keras.ops import (
    creation,
    mathematics,
    matrices,
    reductions,
    shaping,
    tensors,
)
from lamina.keras.ops.promotion import convert, to_float
from lamina.keras.variable import Variable as KerasVariable
from lamina.ops.control_flow import mapping
from lamina.ops.nn import normalization


def _reduced(function: Any) -> Any:
    """A reduction whose axes may be a list."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        return function(x, tuple(axis) if isinstance(axis, list) else axis, keepdims)

    reduce.__name__ = reduce.__qualname__ = function.__name__
    reduce.__doc__ = (function.__doc__ or "").replace("keras.ops.", "keras.backend.")
    return reduce


sum = _reduced(reductions.sum)
mean = _reduced(reductions.mean)
max = _reduced(reductions.max)
min = _reduced(reductions.min)
prod = _reduced(reductions.prod)
std = _reduced(reductions.std)
var = _reduced(reductions.var)
all = _reduced(reductions.all)
any = _reduced(reductions.any)


def argmax(x: Any, axis: int = -1) -> Tensor:
    """Where the largest element stands, as int64.

    Args:
        x: A tensor.
        axis: The axis.

    Returns:
        An int64 tensor without the axis.

    Reference: `keras.backend.argmax`.
    """
    return convert(reductions.argmax(x, axis), "int64")


def argmin(x: Any, axis: int = -1) -> Tensor:
    """Where the least element stands, as int64.

    Args:
        x: A tensor.
        axis: The axis.

    Returns:
        An int64 tensor without the axis.

    Reference: `keras.backend.argmin`.
    """
    return convert(reductions.argmin(x, axis), "int64")


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The shape as a tuple of ints and None.

    Args:
        x: A tensor or variable.

    Returns:
        A tuple; None if `x` has no shape.

    Reference: `keras.backend.int_shape`.
    """
    try:
        return tuple(x.shape)
    except (AttributeError, ValueError):
        return None


def shape(x: Any) -> Any:
    """The shape as an int32 tensor.

    Args:
        x: A tensor.

    Returns:
        An int32 vector.

    Reference: `keras.backend.shape`.
    """
    from_ops = tensors.shape(x)
    if None in from_ops:
        return from_ops
    return convert_to_tensor(np.array(from_ops, np.int32))


def ndim(x: Any) -> int:
    """The number of dimensions.

    Args:
        x: A tensor.

    Returns:
        An int.

    Reference: `keras.backend.ndim`.
    """
    return len(x.shape)


def dtype(x: Any) -> str:
    """The name of the dtype.

    Args:
        x: A tensor.

    Returns:
        A string.

    Reference: `keras.backend.dtype`.
    """
    return standardize_dtype(x.dtype)


def count_params(x: Any) -> int:
    """The number of elements.

    Args:
        x: A tensor or variable.

    Returns:
        An int.

    Reference: `keras.backend.count_params`.
    """
    return int(np.prod(tuple(x.shape)))


def cast_to_floatx(x: Any) -> Any:
    """Converts to the default float type.

    Args:
        x: A tensor or an array.

    Returns:
        A tensor for a tensor, else an array.

    Reference: `keras.backend.cast_to_floatx`.
    """
    if isinstance(x, Tensor | Variable):
        return convert(x, floatx())
    return np.asarray(x, dtype=floatx())


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = None
) -> Tensor:
    """A constant tensor.

    Args:
        value: A number, array or nested list.
        dtype: The dtype; floatx if None.
        shape: The shape that the value fills, or None.
        name: Accepted: constants have no names.

    Returns:
        A tensor.

    Reference: `keras.backend.constant`.
    """
    tensor = convert(value, dtype or floatx())
    return tensor if shape is None else shaping.broadcast_to(tensor, tuple(shape))


def variable(
    value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """A variable with a first value.

    Args:
        value: The value.
        dtype: The dtype; floatx if None.
        name: The name.
        constraint: A function of the value, applied after updates.

    Returns:
        A variable.

    Reference: `keras.backend.variable`.
    """
    made = KerasVariable(
        np.asarray(convert_to_tensor(value)), dtype=dtype or floatx(), name=name
    )
    made.constraint = constraint
    return made


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """A tensor of zeros.

    Args:
        shape: The shape.
        dtype: The dtype; floatx if None.
        name: Accepted: tensors have no names.

    Returns:
        A tensor.

    Reference: `keras.backend.zeros`.
    """
    return creation.zeros(shape, dtype)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """A tensor of ones.

    Args:
        shape: The shape.
        dtype: The dtype; floatx if None.
        name: Accepted: tensors have no names.

    Returns:
        A tensor.

    Reference: `keras.backend.ones`.
    """
    return creation.ones(shape, dtype)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros in the shape of a tensor.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` if None.
        name: Accepted: tensors have no names.

    Returns:
        A tensor.

    Reference: `keras.backend.zeros_like`.
    """
    return creation.zeros_like(x, dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones in the shape of a tensor.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` if None.
        name: Accepted: tensors have no names.

    Returns:
        A tensor.

    Reference: `keras.backend.ones_like`.
    """
    return creation.ones_like(x, dtype)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Tensor:
    """The identity matrix.

    Args:
        size: The number of rows.
        dtype: The dtype; floatx if None.
        name: Accepted: tensors have no names.

    Returns:
        A matrix.

    Reference: `keras.backend.eye`.
    """
    return creation.eye(size, dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: str = "int32") -> Tensor:
    """Evenly spaced numbers in `[start, stop)`.

    Args:
        start: The first number, or the end if `stop` is None.
        stop: The end, excluded.
        step: The distance.
        dtype: The dtype.

    Returns:
        A vector.

    Reference: `keras.backend.arange`.
    """
    return creation.arange(start, stop, step, dtype)


def dot(x: Any, y: Any) -> Tensor:
    """The product of the last axis of `x` with the last but one of `y`.

    Args:
        x: A tensor.
        y: A tensor.

    Returns:
        A tensor.

    Reference: `keras.backend.dot`.
    """
    return matrices.dot(x, y)


@op("keras.backend.batch_dot")
def _batch_dot(x: TensorLike, y: TensorLike, axes: Any) -> Array:
    """The lowering of `keras.backend.batch_dot`."""
    first, second = (axis % n for axis, n in zip(axes, (x.ndim, y.ndim), strict=True))
    left = jnp.moveaxis(x, first, -1).reshape(x.shape[0], -1, x.shape[first])
    right = jnp.moveaxis(y, second, 1).reshape(y.shape[0], y.shape[second], -1)
    out = jnp.matmul(left, right)
    rest_x = [n for axis, n in enumerate(x.shape) if axis not in (0, first)]
    rest_y = [n for axis, n in enumerate(y.shape) if axis not in (0, second)]
    out = out.reshape(x.shape[0], *rest_x, *rest_y)
    return out[:, None] if out.ndim == 1 else out


def batch_dot(x: Any, y: Any, axes: Any = None) -> Tensor:
    """The product of each sample of a batch.

    Args:
        x: A tensor `(B, ...)`.
        y: A tensor `(B, ...)`.
        axes: The summed axis of each, or one number for both; the last of `x` and
            the last but one of `y` if None.

    Returns:
        A tensor `(B, ...)` of rank at least 2.

    Reference: `keras.backend.batch_dot`.
    """
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if axes is None:
        axes = (len(x.shape) - 1, 1 if len(y.shape) == 2 else len(y.shape) - 2)
    if isinstance(axes, int):
        axes = (axes, axes)
    return _batch_dot(x, y, tuple(axes))


def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """Divides by the root of the sum of squares.

    Args:
        x: A tensor.
        axis: The axis; all of them if None.

    Returns:
        A tensor.

    Reference: `keras.backend.l2_normalize`.
    """
    return normalization.l2_normalize(to_float(x), axis)


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The logarithm of the sum of exponentials.

    Args:
        x: A tensor.
        axis: The axes.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A tensor.

    Reference: `K.logsumexp` of Keras 2.
    """
    return mathematics.logsumexp(x, axis, keepdims)


def cumsum(x: Any, axis: int = 0) -> Tensor:
    """The running sum.

    Args:
        x: A tensor.
        axis: The axis.

    Returns:
        A tensor.

    Reference: `keras.backend.cumsum`.
    """
    return reductions.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Tensor:
    """The running product.

    Args:
        x: A tensor.
        axis: The axis.

    Returns:
        A tensor.

    Reference: `keras.backend.cumprod`.
    """
    return reductions.cumprod(x, axis)


def gradients(loss: Any, variables: Any) -> Any:
    """Refuses: gradients of tensors that were computed earlier do not exist.

    Args:
        loss: A tensor.
        variables: Tensors or variables.

    Raises:
        RuntimeError: Always, as in TensorFlow 2 without graphs.

    Reference: `keras.backend.gradients`.
    """
    raise RuntimeError(
        "keras.backend.gradients: expected a graph of TensorFlow 1. Received: eager "
        f"tensors {type(loss).__name__}. Compute the loss inside `with "
        "tf.GradientTape() as tape:` and call tape.gradient(loss, variables)."
    )


def stop_gradient(variables: Any) -> Any:
    """The same values, which count as constants for gradients.

    Args:
        variables: A tensor, or a list of tensors.

    Returns:
        A tensor, or a list.

    Reference: `keras.backend.stop_gradient`.
    """
    if isinstance(variables, list | tuple):
        return [tape.stop_gradient(each) for each in variables]
    return tape.stop_gradient(variables)


def map_fn(
    fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None
) -> Any:
    """Calls a function on each slice along the first axis.

    Args:
        fn: The function.
        elems: A tensor.
        name: A name.
        dtype: The dtype of the result.

    Returns:
        A tensor.

    Reference: `keras.backend.map_fn`.
    """
    return mapping.map_fn(fn, elems, dtype=dtype)


def foldl(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combines the slices of a tensor from the first to the last.

    Args:
        fn: A function of the result so far and a slice.
        elems: A tensor.
        initializer: The first result; the first slice if None.
        name: A name.

    Returns:
        The last result.

    Reference: `keras.backend.foldl`.
    """
    return mapping.foldl(fn, elems, initializer)


def foldr(
    fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None
) -> Any:
    """Combines the slices of a tensor from the last to the first.

    Args:
        fn: A function of the result so far and a slice.
        elems: A tensor.
        initializer: The first result; the last slice if None.
        name: A name.

    Returns:
        The last result.

    Reference: `keras.backend.foldr`.
    """
    return mapping.foldr(fn, elems, initializer)
