"""Ranks and dtypes of targets made equal to those of predictions."""

from __future__ import annotations

from typing import Any

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor


@op("keras.losses.to_dtype")
def to_dtype(x: TensorLike, dtype: Any) -> Array:
    """`x` in another dtype; complex values lose their imaginary part."""
    if x.dtype.kind == "c" and dtype.startswith("f"):
        x = x.real
    return x.astype(dtype)


@op("keras.losses.squeeze_last")
def squeeze_last(x: TensorLike) -> Array:
    """`x` without its last dimension, which is 1."""
    return x[..., 0]


@op("keras.losses.expand_last")
def expand_last(x: TensorLike) -> Array:
    """`x` with a last dimension of 1."""
    return x[..., None]


def squeeze_or_expand_to_same_rank(
    x1: Tensor, x2: Tensor, expand_rank_1: bool = True
) -> tuple[Tensor, Tensor]:
    """Squeezes or expands a last dimension of 1 if the ranks differ by one.

    Args:
        x1: A tensor.
        x2: Another.
        expand_rank_1: Whether a vector is expanded rather than the other squeezed.

    Returns:
        Both, unchanged where nothing was to be done.
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == rank2 + 1 and x1.shape[-1] == 1:
        if rank2 == 1 and expand_rank_1:
            return x1, expand_last(x2)
        return squeeze_last(x1), x2
    if rank2 == rank1 + 1 and x2.shape[-1] == 1:
        if rank1 == 1 and expand_rank_1:
            return expand_last(x1), x2
        return x1, squeeze_last(x2)
    return x1, x2
