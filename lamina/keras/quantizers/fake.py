"""Quantisation in effect only: floats in, floats of few levels out."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op


def _nudge(
    low: Array, high: Array, bits: int, narrow: bool
) -> tuple[Array, Array, Array]:
    """The range moved so that 0 is a level, and the step between levels."""
    first, last = int(narrow), (1 << bits) - 1
    step = (high - low) / (last - first)
    step = jnp.where(step == 0, 1.0, step)
    zero = jnp.floor(jnp.clip(first - low / step, first, last) + 0.5)
    return (first - zero) * step, (last - zero) * step, step


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _levels(x: Array, low: Array, high: Array, bits: int, narrow: bool) -> Array:
    least, greatest, step = _nudge(low, high, bits, narrow)
    zero = jnp.floor(-least / step + 0.5)
    clipped = jnp.clip(x, least, greatest) - least
    values = (jnp.floor(clipped / step - zero + 0.5)) * step
    return jnp.where((low == 0) & (high == 0), 0.0, values)


def _forward(x: Array, low: Array, high: Array, bits: int, narrow: bool) -> Any:
    return _levels(x, low, high, bits, narrow), (x, low, high)


def _backward(bits: int, narrow: bool, saved: Any, upstream: Array) -> Any:
    x, low, high = saved
    least, greatest, _ = _nudge(low, high, bits, narrow)
    empty = (low == 0) & (high == 0)
    below, above = (x < least) & ~empty, (x > greatest) & ~empty

    def collect(mask: Array) -> Array:
        parts = jnp.where(mask, upstream, 0.0)
        axes = tuple(i for i, n in enumerate(low.shape) if n == 1)
        return jnp.sum(parts, axes, keepdims=True).reshape(low.shape)

    return jnp.where(below | above, 0.0, upstream), collect(below), collect(above)


_levels.defvjp(_forward, _backward)


@op("keras.quantizers.fake_quant_with_min_max_vars", dtypes="numeric")
def fake_quant_with_min_max_vars(
    inputs: TensorLike,
    min_vals: TensorLike,
    max_vals: TensorLike,
    num_bits: int = 8,
    narrow_range: bool = False,
    axis: int | None = None,
) -> Array:
    """Rounds floats to the levels that a `num_bits` integer could tell apart.

    The range `[min_vals, max_vals]` is moved a little so that 0 is a level, values
    outside it are clipped, and the others go to the nearest level. The gradient
    passes unchanged inside the range; outside it goes to the bound that clipped.

    Args:
        inputs: A floating tensor.
        min_vals: The lower bound: a scalar, or a vector over `axis`.
        max_vals: The upper bound, like `min_vals`.
        num_bits: The number of bits, 2 to 16.
        narrow_range: Whether one level fewer is used, as for symmetric integers.
        axis: The axis that has its own bounds; None for one pair of bounds.

    Returns:
        A tensor of the inputs' shape and dtype.

    Raises:
        ValueError: `num_bits` is out of range, or the bounds do not fit `axis`.

    Reference: `keras.quantizers.fake_quant_with_min_max_vars`.
    """
    name = "keras.quantizers.fake_quant_with_min_max_vars"
    bits = int(num_bits)
    if not 2 <= bits <= 16:
        raise InvalidArgumentError.of(
            name,
            expected="num_bits between 2 and 16",
            received=f"num_bits={num_bits}",
            hint="8 is the width of a byte.",
        )
    lengths = [1] * inputs.ndim
    if axis is not None:
        lengths[axis] = inputs.shape[axis]
    bounds = []
    for bound in (min_vals, max_vals):
        if bound.size not in (1, max(lengths, default=1)):
            raise InvalidArgumentError.of(
                name,
                expected="one bound, or one for each element along axis",
                received=f"bounds of shape {bound.shape} for inputs of shape "
                f"{inputs.shape} and axis={axis}",
                hint="Give a vector as long as that axis.",
            )
        shape = lengths if bound.size > 1 else [1] * inputs.ndim
        spread = bound.astype(jnp.float32).reshape(shape)
        bounds.append(jnp.broadcast_to(spread, lengths))
    values = _levels(inputs.astype(jnp.float32), *bounds, bits, bool(narrow_range))
    return values.astype(inputs.dtype)
