"""XLA's maxima and means over sliding windows.

The derivative of a maximum goes to the window's first largest element. XLA's own
derivative (select-and-scatter) is slow on CPUs; here each offset of the window is a
strided slice that is compared with the maximum, so the transpose is a sum of padded
arrays, which XLA fuses. Very large windows keep XLA's derivative.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.op import Array

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]
_MOST_OFFSETS = 64


def window_max(
    x: Array, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes
) -> Array:
    """The maximum of each window; padding never is the maximum.

    Args:
        x: a real array.
        window: the window's size along every axis of ``x``.
        steps: the window's step along every axis.
        pads: how far windows reach outside along every axis.
        rates: the distance of a window's elements along every axis.
    """
    if int(np.prod(window)) > _MOST_OFFSETS:
        return _plain_max(x, window, steps, pads, rates)
    return _max(x, window, steps, pads, rates)


def _plain_max(
    x: Array, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes
) -> Array:
    lowest = np.asarray(lowest_value(x.dtype), x.dtype)
    return lax.reduce_window(
        x, lowest, lax.max, window, steps, pads, window_dilation=rates
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2, 3, 4))
def _max(x: Array, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes) -> Array:
    return _plain_max(x, window, steps, pads, rates)


@_max.defjvp
def _max_jvp(
    window: Sizes, steps: Sizes, pads: Pads, rates: Sizes, primals: Any, tangents: Any
) -> tuple[Array, Array]:
    (x,), (tangent,) = primals, tangents
    out = _max(x, window, steps, pads, rates)
    return out, at_maxima(x, out, tangent, window, steps, pads, rates)


def at_maxima(
    x: Array,
    out: Array,
    tangent: Array,
    window: Sizes,
    steps: Sizes,
    pads: Pads,
    rates: Sizes,
) -> Array:
    """What stands in `tangent` where `x` has the first maximum `out` of each window."""
    taken: Any = None
    total: Any = None
    shifted = zip(
        slices(x, lowest_value(x.dtype), out.shape, window, steps, pads, rates),
        slices(tangent, 0, out.shape, window, steps, pads, rates),
        strict=True,
    )
    for value, direction in shifted:
        hit = value == out
        if taken is None:
            taken, first = hit, hit
        else:
            first, taken = hit & ~taken, hit | taken
        part = jnp.where(first, direction, jnp.zeros((), direction.dtype))
        total = part if total is None else total + part
    return total  # type: ignore[no-any-return]


def slices(
    x: Array,
    fill: Any,
    out: Sizes,
    window: Sizes,
    steps: Sizes,
    pads: Pads,
    rates: Sizes,
) -> Iterator[Array]:
    """For each offset in the window (last axis fastest), the elements there."""
    edges = [(low, max(high, 0), 0) for low, high in pads]
    padded = (
        lax.pad(x, jnp.asarray(fill, x.dtype), edges)
        if any(low or high for low, high, _ in edges)
        else x
    )
    for offset in itertools.product(*(range(size) for size in window)):
        start = [index * rate for index, rate in zip(offset, rates, strict=True)]
        stop = [
            begin + (size - 1) * step + 1
            for begin, size, step in zip(start, out, steps, strict=True)
        ]
        yield lax.slice(padded, start, stop, steps)


def window_mean(
    x: Array, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes
) -> Array:
    """The mean of each window; elements outside of ``x`` do not count."""
    zero = np.zeros((), x.dtype)
    total = lax.reduce_window(
        x, zero, lax.add, window, steps, pads, window_dilation=rates
    )
    counts = covered(x.shape, total.shape, window, steps, pads, rates)
    return total / jnp.asarray(counts, x.dtype)


def covered(
    shape: Sizes, out: Sizes, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes
) -> np.ndarray[Any, Any]:
    """How many elements of the array each window holds; broadcasts to ``out``."""
    total = np.ones((1,) * len(shape), np.float32)
    for axis, size in enumerate(shape):
        if window[axis] == 1 and pads[axis] == (0, 0):
            continue
        starts = np.arange(out[axis]) * steps[axis] - pads[axis][0]
        places = starts[:, None] + np.arange(window[axis]) * rates[axis]
        count = np.sum((places >= 0) & (places < size), axis=1)
        total = total * count.reshape((-1,) + (1,) * (len(shape) - axis - 1))
    return total.astype(np.float32)


def lowest_value(dtype: Any) -> Any:
    """The identity of the maximum for a dtype."""
    if jnp.issubdtype(dtype, jnp.floating):
        return -np.inf
    return jnp.iinfo(dtype).min
