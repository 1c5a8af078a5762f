"""Maxima and means over sliding windows: Lamina's kernels or XLA's.

The gradient of a maximum goes to the first largest element of a window, which the
kernel finds again by comparison: an index kept from the forward pass would cost memory
and save little. That gradient is linear in what is given to it and flat in the rest, so
its own derivative only collects what stands at the maxima.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.op import Array
from lamina.kernels import reduce_windows
from lamina.kernels.choices import chosen
from lamina.kernels.reduce_windows import Pads, Sizes

_LEAST_CHANNELS = 8  # shorter rows fill too little of a vector register


class _Windows(NamedTuple):
    """What slides over an array, along all of its axes.

    Attributes:
        window: the window's size.
        steps: its step.
        pads: how far windows reach outside.
    """

    window: Sizes
    steps: Sizes
    pads: Pads

    @property
    def everything(self) -> tuple[Sizes, Sizes, Pads, Sizes]:
        """The arguments of XLA's functions, without dilation."""
        return (*self, (1,) * len(self.window))

    @property
    def spec(self) -> Any:
        """The attribute that the native kernels read."""
        inner = slice(1, -1)
        before = [low for low, _ in self.pads[inner]]
        return np.asarray([*self.window[inner], *self.steps[inner], *before], np.int64)

    def target(self, source: Sizes) -> Sizes:
        """The shape of the result."""
        return tuple(
            (size + low + high - width) // step + 1
            for size, width, step, (low, high) in zip(source, *self, strict=True)
        )


def window_max(
    x: Array, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes
) -> Array:
    """The maximum of each window; padding never is the maximum.

    Args:
        x: a real array.
        window: the window's size along every axis of `x`.
        steps: the window's step along every axis.
        pads: how far windows reach outside along every axis.
        rates: the distance of a window's elements along every axis.
    """
    windows = _Windows(tuple(window), tuple(steps), tuple(pads))
    if _native("max-pooling", x, windows, rates):
        return _max(windows, x)
    return reduce_windows.window_max(x, window, steps, pads, rates)


def window_mean(
    x: Array, window: Sizes, steps: Sizes, pads: Pads, rates: Sizes
) -> Array:
    """The mean of each window; elements outside of `x` do not count.

    Args:
        x: a floating array.
        window: the window's size along every axis of `x`.
        steps: the window's step along every axis.
        pads: how far windows reach outside along every axis.
        rates: the distance of a window's elements along every axis.
    """
    windows = _Windows(tuple(window), tuple(steps), tuple(pads))
    if _native("average-pooling", x, windows, rates):
        return _mean(windows, x.shape, x)
    return reduce_windows.window_mean(x, window, steps, pads, rates)


def _native(operation: str, x: Array, windows: _Windows, rates: Sizes) -> bool:
    """Whether the kernel takes it: channels last, each window with an element in it."""
    ends = [(windows.window[i], windows.steps[i], windows.pads[i]) for i in (0, -1)]
    return (
        3 <= x.ndim <= 5
        and x.shape[-1] >= _LEAST_CHANNELS
        and chosen(operation, math.prod(x.shape[1:]), jnp.dtype(x.dtype).name)
        and ends == [(1, 1, (0, 0))] * 2
        and set(rates) == {1}
        and all(
            min(pad) >= 0 and max(pad) < width
            for pad, width in zip(windows.pads, windows.window, strict=True)
        )
        and 0 not in windows.target(x.shape)
    )


def _call(target: str, shape: Sizes, windows: _Windows, *arrays: Array) -> Array:
    out = jax.ShapeDtypeStruct(shape, arrays[0].dtype)
    call = jax.ffi.ffi_call(target, out, vmap_method="sequential")
    return call(*arrays, spec=windows.spec)  # type: ignore[no-any-return]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _max(windows: _Windows, x: Array) -> Array:
    return _call("lamina_max_pool", windows.target(x.shape), windows, x)


def _max_forward(windows: _Windows, x: Array) -> Any:
    y = _max(windows, x)
    return y, (x, y)


def _max_backward(windows: _Windows, kept: Any, dy: Array) -> tuple[Array]:
    return (_max_gradient(windows, *kept, dy),)


_max.defvjp(_max_forward, _max_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _max_gradient(windows: _Windows, x: Array, y: Array, dy: Array) -> Array:
    return _call("lamina_max_pool_gradient", x.shape, windows, x, y, dy)


def _max_gradient_forward(windows: _Windows, x: Array, y: Array, dy: Array) -> Any:
    return _max_gradient(windows, x, y, dy), (x, y)


def _max_gradient_backward(windows: _Windows, kept: Any, cotangent: Array) -> Any:
    x, y = kept
    found = reduce_windows.at_maxima(x, y, cotangent, *windows.everything)
    return jnp.zeros_like(x), jnp.zeros_like(y), found


_max_gradient.defvjp(_max_gradient_forward, _max_gradient_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _mean(windows: _Windows, source: Sizes, x: Array) -> Array:
    return _call("lamina_mean_pool", windows.target(source), windows, x)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _mean_gradient(windows: _Windows, source: Sizes, dy: Array) -> Array:
    return _call("lamina_mean_pool_gradient", source, windows, dy)


# The two are linear, and each other's gradients.
_mean.defvjp(
    lambda windows, source, x: (_mean(windows, source, x), None),
    lambda windows, source, _, dy: (_mean_gradient(windows, source, dy),),
)
_mean_gradient.defvjp(
    lambda windows, source, dy: (_mean_gradient(windows, source, dy), None),
    lambda windows, source, _, dx: (_mean(windows, source, dx),),
)
