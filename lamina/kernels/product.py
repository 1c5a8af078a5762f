"""Products of two matrices: oneDNN's or XLA's, whichever is faster.

A product's derivatives are products of the same kind, with other transposes. Each of
them is chosen by itself: XLA is slow at 16-bit types, and in float32 only where the
first matrix is transposed, which is the gradient of a dense layer by its weights.
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
from lamina.kernels.library import status
from lamina.kernels.selection import native

_Flips = tuple[bool, bool]


def product(
    a: Array, b: Array, flip_a: bool = False, flip_b: bool = False, wide: Any = None
) -> Array:
    """The product of two matrices, or of two stacks of as many matrices.

    Args:
        a: `(..., M, K)`, or `(..., K, M)` if flipped.
        b: `(..., K, N)`, or `(..., N, K)` if flipped; the leading axes of `a`.
        flip_a: whether `a` is transposed.
        flip_b: whether `b` is transposed.
        wide: the dtype of the sums and of the result; that of `a` if None.

    Returns:
        `(..., M, N)`.
    """
    flips = (flip_a, flip_b)
    dtypes = {a.dtype, b.dtype, a.dtype if wide is None else jnp.dtype(wide)}
    if len(dtypes) == 1 and _direct(a.dtype) and native():
        return _product(flips, a, b)
    return _xla(flips, a, b, wide)


def _direct(dtype: Any) -> bool:
    """Whether the processor computes in this dtype itself."""
    name = jnp.dtype(dtype).name
    return name == "float32" or name in status().half_types


def _native(flips: _Flips, a: Array, b: Array) -> bool:
    """Whether oneDNN computes this product.

    Unless the first matrix is transposed, its rows do not count: a program for more
    of them is the same program, which `predict` relies on.
    """
    name = jnp.dtype(a.dtype).name
    if flips[0]:
        work = a.size * int(b.shape[-2 if flips[1] else -1])
        return chosen("product, the first matrix transposed", work, name)
    return chosen("product", int(b.shape[-1]) * int(b.shape[-2]), name)


def _xla(flips: _Flips, a: Array, b: Array, wide: Any = None) -> Array:
    batch = tuple(range(a.ndim - 2))
    inner = (a.ndim - 2 if flips[0] else a.ndim - 1,)
    other = (b.ndim - 1 if flips[1] else b.ndim - 2,)
    numbers = ((inner, other), (batch, batch))
    return lax.dot_general(a, b, numbers, preferred_element_type=wide)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _product(flips: _Flips, a: Array, b: Array) -> Array:
    if not _native(flips, a, b):
        return _xla(flips, a, b)
    rows, columns = a.shape[-1 if flips[0] else -2], b.shape[-2 if flips[1] else -1]
    out = jax.ShapeDtypeStruct((*a.shape[:-2], rows, columns), a.dtype)
    call = jax.ffi.ffi_call("lamina_product", out, vmap_method="expand_dims")
    return call(a, b, flip_a=np.int64(flips[0]), flip_b=np.int64(flips[1]))


def _forward(flips: _Flips, a: Array, b: Array) -> Any:
    return _product(flips, a, b), (a, b)


def _backward(flips: _Flips, kept: Any, dc: Array) -> tuple[Array, Array]:
    a, b = kept
    flip_a, flip_b = flips
    if flip_a:
        da = _product((flip_b, True), b, dc)
    else:
        da = _product((False, not flip_b), dc, b)
    if flip_b:
        return da, _product((True, flip_a), dc, a)
    return da, _product((not flip_a, False), a, dc)


_product.defvjp(_forward, _backward)
