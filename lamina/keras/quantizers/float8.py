"""Rounding to 8-bit floats, and the scale that follows the values."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.dtypes import as_dtype
from lamina.engine.op import Array, TensorLike, op


@op("keras.quantizers.compute_float8_scale", dtypes="numeric")
def compute_float8_scale(
    amax: TensorLike, scale: TensorLike, dtype_max: TensorLike, margin: int = 0
) -> Array:
    """The scale that maps the largest magnitude seen to the largest 8-bit float.

    `amax / dtype_max * 2 ** margin`, or the former scale where `amax` is 0 or not
    finite.

    Args:
        amax: The largest magnitude seen lately.
        scale: The scale so far.
        dtype_max: The largest finite value of the 8-bit dtype.
        margin: Powers of two to leave free.

    Returns:
        The new scale.

    Reference: `keras.quantizers.compute_float8_scale`.
    """
    fresh = amax / dtype_max * 2**margin
    return jnp.where((amax > 0) & jnp.isfinite(amax), fresh, scale)


@op("keras.quantizers.compute_float8_amax_history", dtypes="numeric")
def compute_float8_amax_history(x: TensorLike, amax_history: TensorLike) -> Array:
    """Adds a tensor's largest magnitude to the history of such magnitudes.

    Args:
        x: The tensor.
        amax_history: A vector of former magnitudes; the newest is first.

    Returns:
        The history rolled by one to the left, with `max(abs(x))` at its head.

    Reference: `keras.quantizers.compute_float8_amax_history`.
    """
    newest = jnp.max(jnp.abs(x)).astype(amax_history.dtype)
    return jnp.roll(amax_history, -1).at[0].set(newest)


@op("keras.quantizers.quantize_and_dequantize", dtypes="numeric")
def quantize_and_dequantize(
    inputs: TensorLike, scale: TensorLike, quantized_dtype: Any, compute_dtype: Any
) -> Array:
    """Rounds a tensor to an 8-bit float dtype and back.

    Args:
        inputs: A floating tensor.
        scale: The inputs are divided by it before rounding, and multiplied after.
        quantized_dtype: The dtype to round to, such as `"float8_e4m3fn"`.
        compute_dtype: The dtype of the result.

    Returns:
        A tensor of `compute_dtype` that holds only rounded values.

    Reference: `keras.quantizers.quantize_and_dequantize`.
    """
    narrow = as_dtype(quantized_dtype).np_dtype
    wide = as_dtype(compute_dtype).np_dtype
    largest = float(jnp.finfo(narrow).max)
    scale = scale.astype(wide)
    rounded = jnp.clip(inputs / scale, -largest, largest).astype(narrow)
    return rounded.astype(wide) * scale
