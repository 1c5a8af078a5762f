"""Changing the dtype of tensors, and passing them on."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine import dtypes
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, UnimplementedError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.checks import text


def _cast_strings(x: Array, dtype: Any, name: str | None = None) -> Array:
    if as_dtype(dtype) == "string":
        return x
    raise UnimplementedError.of(
        "tf.cast",
        expected="a numeric or bool tensor",
        received=f"Cast string to {as_dtype(dtype).name} is not supported",
        hint="Use tf.strings.to_number.",
    )


@op("cast", strings=_cast_strings)
def _cast(x: TensorLike, dtype: Any, name: str | None = None) -> Array:
    target = as_dtype(dtype)
    if target == "string":
        raise UnimplementedError.of(
            "tf.cast",
            expected="a numeric or bool dtype",
            received="Cast to string is not supported",
            hint="Use tf.strings.as_string.",
        )
    if target == "bool":
        return x != 0 if x.dtype != np.bool_ else x
    if x.dtype.kind == "c" and not target.is_complex:
        x = x.real
    return x.astype(target.np_dtype)


def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """The same values in another dtype.

    Args:
        x: a numeric or bool tensor.
        dtype: the new dtype. Floats are cut towards zero when they become integers;
            non-zero becomes True; of complex numbers the real part stays.
        name: a name scope.

    Returns:
        A tensor of the same shape; ``x`` itself if it has the dtype already.
        Gradients flow between floating and complex dtypes.

    Raises:
        TypeError: if ``dtype`` is not a dtype.
        UnimplementedError: to or from strings.

    Reference: ``tf.cast``. Floats outside the range of an integer dtype become its
    nearest value; TensorFlow leaves them undefined.
    """
    target = as_dtype(dtype)
    if type(x) is Tensor and x.dtype is target:
        return x
    return _cast(x, target, name=name)


@op("saturate_cast")
def saturate_cast(value: TensorLike, dtype: Any, name: str | None = None) -> Array:
    """A cast that keeps values inside the range of the new dtype.

    Args:
        value: a real tensor.
        dtype: the new dtype.
        name: a name scope.

    Returns:
        A tensor of the same shape; values that do not fit become the nearest limit.

    Reference: ``tf.saturate_cast``.
    """
    target = as_dtype(dtype)
    if value.dtype.kind == "c":
        value = value.real
    source = dtypes.from_np(value.dtype)
    if not (target.is_complex or target.is_bool or source.is_bool):
        low = max(float(source.min), float(target.min))
        high = min(float(source.max), float(target.max))
        if source.is_integer:
            value = jnp.clip(
                value,
                int(max(source.min, target.min)),
                int(min(source.max, target.max)),
            )
        else:
            value = jnp.clip(value, low, high)
    return value.astype(target.np_dtype)


@op("bitcast", differentiable=False)
def bitcast(input: TensorLike, type: Any, name: str | None = None) -> Array:
    """The same bits read as another dtype.

    Args:
        input: a numeric tensor.
        type: the new dtype. A narrower one adds a last axis; a wider one takes the
            last axis away, whose size must be the ratio of the widths.
        name: a name scope.

    Returns:
        A tensor of dtype ``type``.

    Raises:
        InvalidArgumentError: if the last axis does not fit.

    Reference: ``tf.bitcast``.
    """
    target = as_dtype(type)
    ratio = target.size // max(input.dtype.itemsize, 1)
    if ratio > 1 and (input.ndim == 0 or input.shape[-1] != ratio):
        raise InvalidArgumentError.of(
            "tf.bitcast",
            expected=f"a last axis of size {ratio} to read as {target.name}",
            received=f"shape {text(input.shape)}",
            hint="Reshape the tensor first.",
        )
    return lax.bitcast_convert_type(input, target.np_dtype)


@op("identity")
def identity(input: TensorLike, name: str | None = None) -> Array:
    """The same values as a new tensor.

    Args:
        input: a tensor of any dtype.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype. Of a variable, its present value.

    Reference: ``tf.identity``.
    """
    return input


def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """Each tensor of a list, unchanged.

    Args:
        input: a list of tensors, which may differ in shape and dtype.
        name: a name scope.

    Returns:
        A list of tensors.

    Reference: ``tf.identity_n``.
    """
    return [identity(convert_to_tensor(item), name=name) for item in input]
