"""Moving blocks of space into the batch and back."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.ops.checks import int_tuple, text


def _pairs(name: str, value: Any, count: int, what: str) -> list[tuple[int, int]]:
    """One pair of numbers of zero or more for each block axis."""
    found = np.asarray(value)
    if found.shape != (count, 2) or found.dtype.kind not in "iu" or (found < 0).any():
        raise InvalidArgumentError.of(
            name,
            expected=f"`{what}` of shape [{count},2] with numbers of zero or more",
            received=f"{what}={found.tolist()}",
            hint="One pair an axis, as in [[0, 0], [0, 1]].",
        )
    return [(int(a), int(b)) for a, b in found]


def _block(name: str, x: Array, block_shape: Any) -> tuple[int, ...]:
    block = int_tuple(name, block_shape, "block_shape")
    if x.ndim < 1 + len(block) or any(n < 1 for n in block):
        raise ShapeError.of(
            name,
            expected=f"rank {1 + len(block)} or more, and blocks of 1 or more",
            received=f"shape {text(x.shape)}, block_shape={list(block)}",
            hint="The first axis is the batch.",
        )
    return block


@op("space_to_batch")
def space_to_batch(
    input: TensorLike, block_shape: Any, paddings: Any, name: str | None = None
) -> Array:
    """Each position within blocks of space becomes a batch of its own.

    Args:
        input: a tensor of shape ``(B, S1, …, SM, ...)``.
        block_shape: the size of a block on each of the M axes.
        paddings: how many zeros to add before and after, ``(M, 2)``.
        name: a name scope.

    Returns:
        A tensor whose batch is larger by the number of positions in a block, and
        whose M axes are smaller by the block.

    Raises:
        InvalidArgumentError: if a padded size is not a multiple of the block.

    Reference: ``tf.space_to_batch``.
    """
    name_ = "tf.space_to_batch"
    block = _block(name_, input, block_shape)
    pads = _pairs(name_, paddings, len(block), "paddings")
    rest = input.ndim - 1 - len(block)
    widths = [(0, 0, 0), *((a, b, 0) for a, b in pads), *[(0, 0, 0)] * rest]
    x = lax.pad(jnp.asarray(input), jnp.zeros((), input.dtype), widths)
    sizes = x.shape[1 : 1 + len(block)]
    if any(n % b for n, b in zip(sizes, block, strict=True)):
        raise ShapeError.of(
            name_,
            expected=f"padded sizes that are multiples of {list(block)}",
            received=f"{text(sizes)} from shape {text(input.shape)}",
            hint="Change the paddings.",
        )
    tail = x.shape[1 + len(block) :]
    split = [n for s, b in zip(sizes, block, strict=True) for n in (s // b, b)]
    x = x.reshape(x.shape[0], *split, *tail)
    inner = [2 + 2 * i for i in range(len(block))]
    outer = [1 + 2 * i for i in range(len(block))]
    end = range(1 + 2 * len(block), x.ndim)
    x = x.transpose(*inner, 0, *outer, *end)
    return x.reshape(-1, *[s // b for s, b in zip(sizes, block, strict=True)], *tail)


@op("batch_to_space")
def batch_to_space(
    input: TensorLike, block_shape: Any, crops: Any, name: str | None = None
) -> Array:
    """Batches become positions within blocks of space: undoes ``tf.space_to_batch``.

    Args:
        input: a tensor of shape ``(B, S1, …, SM, ...)``; B is a multiple of the
            number of positions in a block.
        block_shape: the size of a block on each of the M axes.
        crops: how many elements to cut off before and after, ``(M, 2)``.
        name: a name scope.

    Returns:
        A tensor whose batch is smaller by the number of positions in a block, and
        whose M axes are larger by the block, less the crops.

    Raises:
        InvalidArgumentError: if the batch does not fit or the crops are too large.

    Reference: ``tf.batch_to_space``.
    """
    name_ = "tf.batch_to_space"
    block = _block(name_, input, block_shape)
    cuts = _pairs(name_, crops, len(block), "crops")
    positions = math.prod(block)
    sizes = input.shape[1 : 1 + len(block)]
    large = [s * b for s, b in zip(sizes, block, strict=True)]
    if input.shape[0] % positions or any(
        a + b > n for (a, b), n in zip(cuts, large, strict=True)
    ):
        raise ShapeError.of(
            name_,
            expected=f"a batch that is a multiple of {positions}, and crops of at most "
            f"{large}",
            received=f"shape {text(input.shape)}, crops={[list(c) for c in cuts]}",
            hint="Check block_shape.",
        )
    tail = input.shape[1 + len(block) :]
    batch = input.shape[0] // positions
    x = input.reshape(*block, batch, *sizes, *tail)
    count = len(block)
    order = [count, *(n for i in range(count) for n in (count + 1 + i, i))]
    x = x.transpose(*order, *range(2 * count + 1, x.ndim)).reshape(batch, *large, *tail)
    window = [slice(a, n - b) for (a, b), n in zip(cuts, large, strict=True)]
    return x[(slice(None), *window)]
