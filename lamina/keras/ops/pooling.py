"""`keras.ops` poolings over one, two or three spatial dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.keras.config import standardize_data_format
from lamina.kernels.pooling import window_max, window_mean
from lamina.ops.nn.windows import Pads, same_pads


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
    pads = _pads(inputs.shape, window, steps, padding)
    return window_max(inputs, window, steps, pads, (1,) * inputs.ndim)


def _pads(
    shape: Sequence[int], window: Sequence[int], steps: Sequence[int], padding: str
) -> Pads:
    """How far windows reach outside of the tensor along every axis."""
    if padding.upper() == "VALID":
        return ((0, 0),) * len(shape)
    return tuple(same_pads(*part) for part in zip(shape, window, steps, strict=True))


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
    pads = _pads(inputs.shape, window, steps, padding)
    return window_mean(inputs, window, steps, pads, (1,) * inputs.ndim)
