"""The gradient of a bias and the ReLU after it: Lamina's kernel or XLA's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.op import Array
from lamina.kernels.choices import chosen

_OPERATION = "ReLU and bias after a convolution, backward"
_LEAST_CHANNELS = 8  # shorter rows fill too little of a vector register


def relu_bias_gradient(y: Array, dy: Array) -> tuple[Array, Array]:
    """What passes through a ReLU, and its sum over all axes but the last.

    Args:
        y: what the ReLU made.
        dy: the gradient by it.

    Returns:
        `dy` where `y` is positive and 0 elsewhere; and its sums in float32.
    """
    name = jnp.dtype(y.dtype).name
    if y.shape[-1] >= _LEAST_CHANNELS and chosen(_OPERATION, y.size, name):
        return _native(y, dy)
    return _portable(y, dy)


def _portable(y: Array, dy: Array) -> tuple[Array, Array]:
    passed = jnp.where(y > 0, dy, jnp.zeros((), dy.dtype))
    return passed, jnp.sum(passed, tuple(range(dy.ndim - 1)), dtype=jnp.float32)


@jax.custom_vjp
def _native(y: Array, dy: Array) -> tuple[Array, Array]:
    out = (
        jax.ShapeDtypeStruct(dy.shape, dy.dtype),
        jax.ShapeDtypeStruct(dy.shape[-1:], jnp.float32),
    )
    call = jax.ffi.ffi_call(
        "lamina_relu_bias_gradient",
        out,
        vmap_method="sequential",
        input_output_aliases={1: 0},
    )
    passed, total = call(y, dy)
    return passed, total


def _forward(y: Array, dy: Array) -> tuple[Any, Array]:
    return _native(y, dy), y


def _backward(y: Array, cotangents: tuple[Array, Array]) -> tuple[Array, Array]:
    passed, total = cotangents
    found = jnp.where(y > 0, passed + total.astype(passed.dtype), 0)
    return jnp.zeros_like(y), found.astype(y.dtype)


_native.defvjp(_forward, _backward)
