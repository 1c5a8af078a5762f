"""`keras.ops.dot_product_attention`."""

from __future__ import annotations

import math

import jax.numpy as jnp

from lamina.engine.errors import ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.kernels.attention import attend


@op("keras.ops.dot_product_attention", dtypes="real_floating")
def dot_product_attention(
    query: Same,
    key: Same,
    value: Same,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
    name: str | None = None,
) -> Array:
    """`softmax(scale * query @ key^T + bias) @ value` for each head.

    Args:
        query: A floating tensor `(B, T, N, H)`.
        key: A tensor `(B, S, K, H)`, where K divides N: heads of the query share
            heads of the key.
        value: A tensor `(B, S, K, H)`.
        bias: Added to the scores; broadcasts to `(B, N, T, S)`.
        mask: True for the pairs that count; broadcasts to `(B, N, T, S)`.
        scale: A factor of the scores; `1 / sqrt(H)` if None.
        is_causal: Whether a position sees itself and earlier ones only.
        flash_attention: Accepted: the kernel is chosen by what is fastest.
        attn_logits_soft_cap: A bound that tanh puts on the scores, or None.
        name: A name scope.

    Returns:
        A tensor `(B, T, N, H)`. The softmax is computed in at least float32.

    Raises:
        ShapeError: A tensor is not of rank 4, or the heads do not fit.

    Reference: `keras.ops.dot_product_attention`; Vaswani et al., 2017.
    """
    heads, shared = query.shape[-2], key.shape[-2]
    if query.ndim != 4 or key.ndim != 4 or value.ndim != 4 or heads % shared:
        raise ShapeError.of(
            "keras.ops.dot_product_attention",
            expected="`dot_product_attention` only supports 4D inputs "
            "(batch, length, heads, size), with key heads that divide the query's",
            received=f"query {tuple(query.shape)}, key {tuple(key.shape)}, value "
            f"{tuple(value.shape)}",
            hint="Reshape the tensors.",
        )
    if heads != shared:
        key = jnp.repeat(key, heads // shared, axis=2)
        value = jnp.repeat(value, heads // shared, axis=2)
    kept = None if mask is None else mask != 0
    if is_causal:
        causal = jnp.tri(query.shape[1], key.shape[1], dtype=bool)
        kept = causal if kept is None else kept & causal
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    return attend(query, key, value, bias, kept, factor, attn_logits_soft_cap)
