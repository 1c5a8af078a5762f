"""What the multi-head layers share: einsum equations, masks, projection layers."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.layers.core.einsum_dense import EinsumDense
from lamina.ops.array.casting import cast
from lamina.ops.array.shaping import expand_dims
from lamina.ops.math.comparison import logical_and

_LETTERS = string.ascii_lowercase


def projection(
    free: int,
    bound: int,
    sizes: Sequence[int],
    use_bias: bool,
    input_shape: Sequence[int | None],
    **options: Any,
) -> EinsumDense:
    """A built dense layer from the last `bound` axes to axes of `sizes`.

    Args:
        free: how many leading axes stay.
        bound: how many last axes are projected.
        sizes: the sizes of the new last axes.
        use_bias: whether it has a bias over the new axes.
        input_shape: what it is built for.
        **options: of `EinsumDense`.
    """
    kept = _LETTERS[:free]
    taken = _LETTERS[free : free + bound]
    new = _LETTERS[free + bound : free + bound + len(sizes)]
    layer = EinsumDense(
        f"{kept}{taken},{taken}{new}->{kept}{new}",
        output_shape=(*(None,) * (free - 1), *sizes),
        bias_axes=new if use_bias else None,
        **options,
    )
    layer.build(tuple(input_shape))
    return layer


def attention_equations(rank: int, axes: Sequence[int]) -> tuple[str, str, int]:
    """The equations for the scores and for the sum over values.

    Args:
        rank: of the projected tensors `(batch, ..., heads, size)`.
        axes: the axes that attend to one another.

    Returns:
        `"key,query->scores"`, `"scores,value->output"`, and the rank of the scores.
    """
    target = _LETTERS[:rank]
    others = iter(_LETTERS[rank:])
    source = "".join(next(others) if i in axes else target[i] for i in range(rank))
    batch = [target[i] for i in range(rank - 1) if i not in axes]
    scores = "".join([*batch, *(target[i] for i in axes), *(source[i] for i in axes)])
    return (
        f"{source},{target}->{scores}",
        f"{scores},{source}->{target}",
        len(scores),
    )


def combined_mask(
    query: Any,
    value: Any,
    query_mask: Any,
    value_mask: Any,
    key_mask: Any,
    attention_mask: Any,
    use_causal_mask: bool,
    sliding_window: int | None,
) -> Tensor | None:
    """All masks joined into one `(B, T, S)`, or None.

    Args:
        query: `(B, T, ...)`.
        value: `(B, S, ...)`.
        query_mask: `(B, T)` or None.
        value_mask: `(B, S)` or None.
        key_mask: `(B, S)` or None.
        attention_mask: broadcasts to `(B, T, S)`, or None.
        use_causal_mask: whether a position sees itself and earlier ones only.
        sliding_window: whether it sees positions nearer than this only.
    """
    parts = []
    if query_mask is not None:
        parts.append(expand_dims(cast(query_mask, "bool"), -1))
    for mask in (value_mask, key_mask):
        if mask is not None:
            parts.append(expand_dims(cast(mask, "bool"), -2))
    rows = np.arange(query.shape[1])[:, None]
    columns = np.arange(value.shape[1])[None, :]
    if use_causal_mask:
        parts.append(convert_to_tensor((rows >= columns)[None]))
    if sliding_window is not None:
        parts.append(convert_to_tensor((abs(rows - columns) < sliding_window)[None]))
    if attention_mask is not None:
        parts.insert(0, cast(attention_mask, "bool"))
    joined = None
    for part in parts:
        joined = part if joined is None else logical_and(joined, part)
    return joined
