"""`keras.ops` poolings over one, two or three spatial dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.keras.config import standardize_data_format


def _windows(
    name: str, x: Array, pool_size: Any, strides: Any, data_format: str | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The window and the steps over all axes of `x`."""
    rank = x.ndim - 2
    if rank < 1:
        raise InvalidArgumentError.of(
            name,
            expected="inputs (batch, *spatial, channels) of rank 3 or more",
            received=f"shape {tuple(x.shape)}",
            hint="Add the missing axes.",
        )
    pool_size = (pool_size,) * rank if isinstance(pool_size, int) else pool_size
    strides = pool_size if strides is None else strides
    strides = (strides,) * rank if isinstance(strides, int) else strides
    if len(pool_size) != rank or len(strides) != rank:
        raise InvalidArgumentError.of(
            name,
            expected=f"`pool_size` and `strides` of {rank} integers",
            received=f"pool_size={pool_size}, strides={strides}",
            hint="Give one value for each spatial dimension.",
        )
    if standardize_data_format(data_format) == "channels_last":
        return (1, *pool_size, 1), (1, *strides, 1)
    return (1, 1, *pool_size), (1, 1, *strides)


def _lowest(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.floating):
        return -np.inf
    return jnp.iinfo(dtype).min


@op("keras.ops.max_pool", dtypes="real")
def max_pool(
    inputs: TensorLike,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
    name: str | None = None,
) -> Array:
    """The largest value in each window.

    Args:
        inputs: A real tensor `(B, *spatial, C)`, or `(B, C, *spatial)`.
        pool_size: The window, an integer or one for each spatial dimension.
        strides: The step of the window; `pool_size` if None.
        padding: `"valid"` or `"same"`; padding never is the largest.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        name: A name scope.

    Returns:
        A tensor of the same dtype and layout.

    Reference: `keras.ops.max_pool`.
    """
    window, steps = _windows(
        "keras.ops.max_pool", inputs, pool_size, strides, data_format
    )
    lowest = np.array(_lowest(inputs.dtype), inputs.dtype)
    return lax.reduce_window(inputs, lowest, lax.max, window, steps, padding.upper())


@op("keras.ops.average_pool", dtypes="floating")
def average_pool(
    inputs: TensorLike,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
    name: str | None = None,
) -> Array:
    """The mean of the values in each window; padding does not count.

    Args:
        inputs: A floating tensor `(B, *spatial, C)`, or `(B, C, *spatial)`.
        pool_size: The window, an integer or one for each spatial dimension.
        strides: The step of the window; `pool_size` if None.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        name: A name scope.

    Returns:
        A tensor of the same dtype and layout.

    Reference: `keras.ops.average_pool`.
    """
    window, steps = _windows(
        "keras.ops.average_pool", inputs, pool_size, strides, data_format
    )
    zero = np.zeros((), inputs.dtype)
    pads = padding.upper()
    sums = lax.reduce_window(inputs, zero, lax.add, window, steps, pads)
    if pads == "VALID":
        return sums / np.array(np.prod(window), inputs.dtype)
    counts = _counts(inputs.shape, window, steps)
    return sums / jnp.asarray(counts, inputs.dtype)


def _counts(
    shape: Sequence[int], window: Sequence[int], steps: Sequence[int]
) -> np.ndarray[Any, Any]:
    """How many values each window of `"same"` padding covers; broadcasts."""
    total = np.ones((1,) * len(shape), np.float32)
    for axis, (size, width, step) in enumerate(zip(shape, window, steps, strict=True)):
        if width == 1:
            continue
        outputs = -(-size // step)
        low = max((outputs - 1) * step + width - size, 0) // 2
        starts = np.arange(outputs) * step - low
        covered = np.minimum(starts + width, size) - np.maximum(starts, 0)
        total = total * covered.reshape((-1,) + (1,) * (len(shape) - axis - 1))
    return total
