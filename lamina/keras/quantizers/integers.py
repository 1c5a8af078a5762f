"""Rounding to small integers: by the largest magnitude, and by group."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import message
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor


def abs_max_quantize(
    inputs: Any,
    axis: Any,
    value_range: tuple[int, int] = (-127, 127),
    dtype: Any = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Tensor, Tensor]:
    """Rounds a tensor to integers, scaled by its largest magnitude.

    `scale = value_range[1] / (max(abs(inputs)) + epsilon)` and the result is
    `round(inputs * scale)`, clipped to `value_range`; `result / scale` gives about
    the inputs back.

    Args:
        inputs: A floating tensor.
        axis: The axis or axes over which the maximum is taken. They keep the
            length 1 in the scale.
        value_range: The least and the greatest integer.
        dtype: The dtype of the integers.
        epsilon: Added to the maximum, against a division by zero.
        to_numpy: Computes on the host, which spares the device's memory.

    Returns:
        The integers, of the inputs' shape, and the scale, of the inputs' dtype.

    Reference: `keras.quantizers.abs_max_quantize`.
    """
    axes = axis if axis is None or isinstance(axis, int) else tuple(axis)
    bounds = (value_range[0], value_range[1])
    if not to_numpy:
        return _abs_max(inputs, axes, bounds, as_dtype(dtype), epsilon)
    array = np.asarray(convert_to_tensor(inputs))
    values, scale = _by_magnitude(np, array, axes, bounds, dtype, epsilon)
    return convert_to_tensor(values), convert_to_tensor(scale)


@op("keras.quantizers.abs_max_quantize", dtypes="real_floating")
def _abs_max(
    inputs: TensorLike,
    axis: Any,
    value_range: tuple[int, int],
    dtype: Any,
    epsilon: float,
) -> tuple[Array, Array]:
    return _by_magnitude(jnp, inputs, axis, value_range, dtype, epsilon)


def _by_magnitude(
    xp: ModuleType,
    inputs: Any,
    axis: Any,
    value_range: tuple[int, int],
    dtype: Any,
    epsilon: float,
) -> tuple[Any, Any]:
    low, high = value_range
    largest = xp.max(xp.abs(inputs), axis=axis, keepdims=True)
    scale = (high / (largest + epsilon)).astype(inputs.dtype)
    values = xp.clip(xp.round(inputs * scale), low, high)
    return values.astype(as_dtype(dtype).np_dtype), scale


def abs_max_quantize_grouped_with_zero_point(
    inputs: Any,
    block_size: int,
    value_range: tuple[int, int] = (-8, 7),
    dtype: Any = "int8",
    epsilon: float = 1e-7,
    to_numpy: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Rounds a matrix to integers, each block of rows by its own range.

    Rows are taken in blocks of `block_size`. In each block every column has a scale
    and a zero point: `round(inputs / scale) + zero_point`, clipped to
    `value_range`, spreads the column's values over the whole range, which suits
    weights that are not centred at 0.

    Args:
        inputs: A floating matrix of shape `(rows, columns)`.
        block_size: The number of rows in a block; the last may be shorter.
        value_range: The least and the greatest integer.
        dtype: The dtype of the integers.
        epsilon: Added to the range, against a division by zero.
        to_numpy: Computes on the host, which spares the device's memory.

    Returns:
        The integers, of the inputs' shape; the scale, of shape `(blocks, columns)`
        and the inputs' dtype; the zero point, int8, of the scale's shape.

    Raises:
        ValueError: The inputs are no matrix, or `block_size` is not positive.

    Reference: `keras.quantizers.abs_max_quantize_grouped_with_zero_point`.
    """
    bounds = (value_range[0], value_range[1])
    if not to_numpy:
        return _grouped(inputs, int(block_size), bounds, as_dtype(dtype), epsilon)
    array = np.asarray(convert_to_tensor(inputs))
    values, scale, zero = _by_range(np, array, block_size, bounds, dtype, epsilon)
    return convert_to_tensor(values), convert_to_tensor(scale), convert_to_tensor(zero)


@op(
    "keras.quantizers.abs_max_quantize_grouped_with_zero_point",
    dtypes="real_floating",
)
def _grouped(
    inputs: TensorLike,
    block_size: int,
    value_range: tuple[int, int],
    dtype: Any,
    epsilon: float,
) -> tuple[Array, Array, Array]:
    return _by_range(jnp, inputs, block_size, value_range, dtype, epsilon)


def _by_range(
    xp: ModuleType,
    inputs: Any,
    block_size: int,
    value_range: tuple[int, int],
    dtype: Any,
    epsilon: float,
) -> tuple[Any, Any, Any]:
    if inputs.ndim != 2 or block_size < 1:
        raise ValueError(
            message(
                "keras.quantizers.abs_max_quantize_grouped_with_zero_point",
                expected="a matrix and a positive block_size",
                received=f"shape {inputs.shape} and block_size={block_size}",
                hint="Reshape the inputs to (rows, columns).",
            )
        )
    low, high = value_range
    rows, columns = inputs.shape
    blocks = math.ceil(rows / block_size)
    height = rows if blocks == 1 else block_size
    padded = xp.pad(inputs, ((0, blocks * height - rows), (0, 0)))
    grouped = padded.reshape(blocks, height, columns)
    least = xp.min(grouped, axis=1)
    greatest = xp.max(grouped, axis=1)
    flat = least == greatest
    least = xp.where(flat, least - 1, least)
    greatest = xp.where(flat, greatest + 1, greatest)
    scale = ((greatest - least + epsilon) / (high - low)).astype(inputs.dtype)
    zero = xp.clip(xp.round(-least / scale) + low, low, high)
    values = xp.round(grouped / scale[:, None]) + zero[:, None]
    values = xp.clip(values, low, high).astype(as_dtype(dtype).np_dtype)
    values = values.reshape(blocks * height, columns)[:rows]
    return values, scale, zero.astype(np.int8)
