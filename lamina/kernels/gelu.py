"""The exact gelu: Lamina's kernel or XLA's operations.

The kernel runs where no gradient is asked for: there XLA joins two dense layers and
what is between them into one slow piece, with constants written out in full. In
training it computes the gelu together with the bias, faster than a pass by itself.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.engine.op import Array
from lamina.kernels.batch_norm import wide
from lamina.kernels.choices import chosen


def exact_gelu(x: Array) -> Array:
    """`x * P(X <= x)` for a standard normal X, computed in at least float32."""
    # The number of rows does not count: see `product`.
    row = int(x.shape[-1]) if x.ndim > 1 else 0
    return _gelu(x) if chosen("gelu", row, jnp.dtype(x.dtype).name) else _xla(x)


def _xla(x: Array) -> Array:
    # jax.nn.gelu takes erfc here, which costs twice as much on processors.
    at = wide(x)
    return (0.5 * at * (1 + lax.erf(at * math.sqrt(0.5)))).astype(x.dtype)


@jax.custom_vjp
def _gelu(x: Array) -> Array:
    out = jax.ShapeDtypeStruct(x.shape, x.dtype)
    return jax.ffi.ffi_call("lamina_gelu", out, vmap_method="broadcast_all")(x)


def _gelu_forward(x: Array) -> tuple[Array, Any]:
    return jax.vjp(_xla, x)


def _gelu_backward(pull: Any, dy: Array) -> tuple[Array]:
    return pull(dy)


_gelu.defvjp(_gelu_forward, _gelu_backward)
