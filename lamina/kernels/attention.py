"""Attention by scores of queries and keys: Lamina's kernel or XLA's operations.

The kernel reads heads where they lie, keeps a block of scores in the cache, and
computes the weights again for the gradient instead of storing them: what XLA does in
some twenty passes over memory, transposes of all heads included.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.op import Array
from lamina.kernels.choices import chosen


def attend(
    query: Array,
    key: Array,
    value: Array,
    bias: Array | None,
    mask: Array | None,
    scale: float,
    soft_cap: float | None,
) -> Array:
    """`softmax(scale * query . key) . value` for each head.

    Args:
        query: `(B, T, N, H)`.
        key: `(B, S, N, H)`.
        value: `(B, S, N, H)`.
        bias: added to the scores; broadcasts to `(B, N, T, S)`.
        mask: True for the pairs that count; broadcasts to `(B, N, T, S)`.
        scale: a factor of the scores.
        soft_cap: a bound that tanh puts on the scores.

    Returns:
        `(B, T, N, H)`, in the dtype of `value`.
    """
    if bias is None and soft_cap is None and _native(query, key, value, mask, scale):
        if mask is None:
            mask = jnp.zeros((0,), bool)
        else:
            mask = jnp.reshape(mask, (*(1,) * (4 - mask.ndim), *mask.shape))
        return _attend(float(scale), query, key, value, mask)
    return _xla(query, key, value, bias, mask, scale, soft_cap)


def _native(
    query: Array, key: Array, value: Array, mask: Array | None, scale: Any
) -> bool:
    if (
        not isinstance(scale, int | float)
        or not query.dtype == key.dtype == value.dtype
    ):
        return False
    if key.shape != value.shape or query.shape[0] != key.shape[0]:
        return False
    if 0 in query.shape or 0 in key.shape or (mask is not None and mask.ndim > 4):
        return False
    # Not the examples: a program for more of them is the same program.
    scores = query.shape[1] * query.shape[2] * key.shape[1]
    return chosen("attention", scores, jnp.dtype(query.dtype).name)


def _xla(
    query: Array,
    key: Array,
    value: Array,
    bias: Array | None,
    mask: Array | None,
    scale: float,
    soft_cap: float | None,
) -> Array:
    wide = jnp.promote_types(query.dtype, jnp.float32)
    scores = jnp.einsum("btnh,bsnh->bnts", query, key, preferred_element_type=wide)
    scores = scores * scale
    if bias is not None:
        scores = scores + bias.astype(wide)
    if soft_cap is not None:
        scores = soft_cap * jnp.tanh(scores / soft_cap)
    if mask is not None:
        scores = jnp.where(mask, scores, -0.7 * jnp.finfo(wide).max)
    top = jnp.max(scores, axis=-1, keepdims=True, initial=-jnp.inf)
    weights = jnp.exp(scores - lax.stop_gradient(top))
    # The softmax's division waits until here, where there are fewer numbers.
    total = jnp.sum(weights, axis=-1, keepdims=True)
    found = jnp.einsum(
        "bnts,bsnh->bnth",
        weights.astype(key.dtype),
        value,
        preferred_element_type=wide,
    )
    return jnp.swapaxes(found / total, 1, 2).astype(value.dtype)


def _plain(scale: float, mask: Array, query: Array, key: Array, value: Array) -> Array:
    """XLA's operations with the kernel's arguments."""
    return _xla(query, key, value, None, mask if mask.size else None, scale, None)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _attend(scale: float, query: Array, key: Array, value: Array, mask: Array) -> Array:
    out = jax.ShapeDtypeStruct(query.shape, query.dtype)
    call = jax.ffi.ffi_call("lamina_attention", out, vmap_method="broadcast_all")
    return call(query, key, value, mask, scale=np.float32(scale))


def _attend_forward(scale: float, *arrays: Array) -> Any:
    return _attend(scale, *arrays), arrays


def _attend_backward(scale: float, kept: Any, dout: Array) -> tuple[Any, ...]:
    return (*_gradient(scale, *kept, dout), None)


_attend.defvjp(_attend_forward, _attend_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gradient(
    scale: float, query: Array, key: Array, value: Array, mask: Array, dout: Array
) -> tuple[Array, Array, Array]:
    """The gradients by queries, keys and values."""
    out = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in (query, key, value)]
    call = jax.ffi.ffi_call(
        "lamina_attention_gradient", out, vmap_method="broadcast_all"
    )
    dq, dk, dv = call(query, key, value, mask, dout, scale=np.float32(scale))
    return dq, dk, dv


def _gradient_forward(scale: float, *arrays: Array) -> Any:
    return _gradient(scale, *arrays), arrays


def _gradient_backward(scale: float, kept: Any, cotangents: Any) -> tuple[Any, ...]:
    *inputs, mask, dout = kept

    def formula(query: Array, key: Array, value: Array, dout: Array) -> Any:
        found = functools.partial(_plain, scale, mask)
        return jax.vjp(found, query, key, value)[1](dout)

    dq, dk, dv, second = jax.vjp(formula, *inputs, dout)[1](tuple(cotangents))
    return dq, dk, dv, None, second


_gradient.defvjp(_gradient_forward, _gradient_backward)
