"""Convolutions, their gradients and transposed convolutions: oneDNN's or XLA's.

The three passes of a convolution are linear in each of their two arrays, and the
derivatives of each are the other two. So the rules below are complete: gradients of
any order are again passes of the same convolution.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.op import Array
from lamina.kernels.bias import relu_bias_gradient
from lamina.kernels.choices import chosen
from lamina.kernels.library import status

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]
_PASSES = 3  # forward, gradient by the input, gradient by the filters
# Minimal filtering: the channels of a vector, and from where on its filters outgrow the
# caches; the outputs along an axis of a tile, and the share of them that must be used.
_VECTOR = 16
_MOST_CHANNELS = 256
_TILE = 4
_LEAST_USED = 0.5
_TYPES = {"float32": 0, "bfloat16": 1, "float16": 2}


class Form(NamedTuple):
    """What a convolution does, without its arrays.

    Attributes:
        strides: the window's step along each spatial axis.
        pads: zeros before and after each spatial axis.
        rates: the distance of the window's elements along each spatial axis.
        groups: into how many independent groups the channels are divided.
        relu: whether negative results become 0.
    """

    strides: Sizes
    pads: Pads
    rates: Sizes
    groups: int = 1
    relu: bool = False

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.strides)

    @property
    def letters(self) -> tuple[str, str, str]:
        """XLA's names of the axes: channels last, filters `(*window, in, out)`."""
        spatial = "DHW"[3 - self.rank :]
        return f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"

    @property
    def spec(self) -> tuple[int, ...]:
        """The attribute that the native kernels read."""
        before, after = zip(*self.pads, strict=True)
        head = (self.rank, self.groups, int(self.relu))
        return (*head, *self.strides, *self.rates, *before, *after)

    def target(self, source: Sizes, window: Sizes) -> Sizes:
        """The spatial sizes of the result."""
        return tuple(
            (size + low + high - (width - 1) * rate - 1) // step + 1
            for size, width, step, rate, (low, high) in zip(
                source, window, self.strides, self.rates, self.pads, strict=True
            )
        )


def convolution(
    x: Array,
    filters: Array,
    strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    rates: Sequence[int],
    *,
    channels_last: bool = True,
    groups: int = 1,
    bias: Array | None = None,
    relu: bool = False,
) -> Array:
    """A convolution over one to three spatial axes, without flipping the filters.

    Args:
        x: `(N, *spatial, C)`, or `(N, C, *spatial)`.
        filters: `(*window, C / groups, F)`.
        strides: the window's step along each spatial axis.
        padding: `"SAME"`, `"VALID"`, or zeros before and after each spatial axis.
        rates: the distance of the window's elements along each spatial axis.
        channels_last: the layout of `x` and of the result.
        groups: into how many independent groups the channels are divided.
        bias: `(F,)`, added to the result.
        relu: whether negative results become 0 at the end.

    Returns:
        An array with F channels, in the layout and dtype of `x`.
    """
    x, filters = jnp.asarray(x), jnp.asarray(filters)
    strides, rates = tuple(strides), tuple(rates)
    if isinstance(padding, str):
        spatial = x.shape[1:-1] if channels_last else x.shape[2:]
        reach = [
            (width - 1) * rate + 1
            for width, rate in zip(filters.shape, rates, strict=False)
        ]
        padding = lax.padtype_to_pads(spatial, reach, strides, padding)
    pads = tuple((int(low), int(high)) for low, high in padding)
    form = Form(strides, pads, rates, groups)
    moved = x if channels_last else jnp.moveaxis(x, 1, -1)
    if _native(form, moved.shape, filters.shape, x.dtype):
        if bias is None and not relu:
            y = _apply(functools.partial(_forward, form), (moved, filters))
        else:
            form = form._replace(relu=relu)
            added = jnp.zeros(filters.shape[-1:], x.dtype) if bias is None else bias
            y = _apply(functools.partial(_biased, form), (moved, filters, added))
        return y if channels_last else jnp.moveaxis(y, -1, 1)
    data, kernel, _ = form.letters
    data = data if channels_last else f"NC{data[1:-1]}"
    y = lax.conv_general_dilated(
        x,
        filters,
        form.strides,
        form.pads,
        rhs_dilation=form.rates,
        dimension_numbers=(data, kernel, data),
        feature_group_count=form.groups,
    )
    if bias is not None:
        spatial_ones = (1,) * (0 if channels_last else form.rank)
        y = y + jnp.reshape(bias, (-1, *spatial_ones))
    return jax.nn.relu(y) if relu else y


def transposed(
    x: Array,
    filters: Array,
    target: Sequence[int],
    strides: Sequence[int],
    before: Sequence[int],
    rates: Sequence[int],
    *,
    channels_last: bool = True,
) -> Array:
    """The gradient of a convolution by its input: a transposed convolution.

    Args:
        x: `(N, *spatial, F)`, or `(N, F, *spatial)`: what the convolution makes.
        filters: `(*window, C, F)`: those of the convolution.
        target: the spatial sizes of the result: what the convolution takes.
        strides: the convolution's strides.
        before: the zeros that the convolution adds before each spatial axis.
        rates: the convolution's dilation rates.
        channels_last: the layout of `x` and of the result.

    Returns:
        An array with C channels and spatial sizes `target`, in the layout of `x`.
    """
    x, filters = jnp.asarray(x), jnp.asarray(filters)
    sizes = x.shape[1:-1] if channels_last else x.shape[2:]
    axes = list(zip(sizes, target, filters.shape, strides, before, rates, strict=False))
    pads = []
    for size, out, width, step, low, rate in axes:
        after = (size - 1) * step + (width - 1) * rate + 1 - out - low
        # A remainder of the stride may lie outside of the last window.
        pads.append((low, after if after >= 0 else min(after + step - 1, 0)))
    form = Form(tuple(strides), tuple(pads), tuple(rates))
    moved = x if channels_last else jnp.moveaxis(x, 1, -1)
    source = (x.shape[0], *target, filters.shape[-2])
    if _native(form, source, filters.shape, x.dtype):
        y = _apply(functools.partial(_data, form, source), (moved, filters))
        return y if channels_last else jnp.moveaxis(y, -1, 1)
    spread = []
    for size, out, width, step, low, rate in axes:
        reach = (width - 1) * rate + 1
        first = reach - 1 - low
        spread.append((first, out + reach - 2 - (size - 1) * step - first))
    data, kernel, _ = form.letters
    data = data if channels_last else f"NC{data[1:-1]}"
    return lax.conv_general_dilated(
        x,
        lax.rev(filters, tuple(range(form.rank))),
        (1,) * form.rank,
        spread,
        lhs_dilation=tuple(strides),
        rhs_dilation=tuple(rates),
        dimension_numbers=(data, kernel.replace("IO", "OI"), data),
    )


def _native(form: Form, source: Sizes, filters: Sizes, dtype: Any) -> bool:
    """Whether there are native kernels for all three passes."""
    name = jnp.dtype(dtype).name
    if source[-1] == 0 or not chosen("convolution", math.prod(source), name):
        return False
    if min(low for pad in form.pads for low in pad) < 0:
        return False
    target = form.target(source[1:-1], filters[: form.rank])
    if 0 in source or 0 in filters or min(target) <= 0:
        return False
    name = name if _direct(dtype) else "float32"
    if name == "float32" and filters_minimally(form, source, filters):
        return True
    return _has_kernels(form, source, filters, _TYPES[name])


@functools.lru_cache(maxsize=1024)
def _has_kernels(form: Form, source: Sizes, filters: Sizes, dtype: int) -> bool:
    target = form.target(source[1:-1], filters[: form.rank])
    dims = (*source, *filters, source[0], *target, filters[-1])
    return all(_kernel(form, dims, dtype, each)[0] for each in range(_PASSES))


def _kernel(form: Form, dims: Sizes, dtype: int, which: int) -> tuple[bool, str]:
    """Whether a pass has a compiled kernel, and its name or why there is none."""
    library = status().library
    if library is None:
        return False, status().text
    text = ctypes.create_string_buffer(256)
    spec = form.spec
    found = library.LaminaConvolutionKernel(
        (ctypes.c_int64 * len(spec))(*spec),
        ctypes.c_int64(len(spec)),
        (ctypes.c_int64 * len(dims))(*dims),
        ctypes.c_int64(dtype),
        ctypes.c_int64(which),
        text,
        ctypes.c_int64(len(text)),
    )
    return bool(found), text.value.decode(errors="replace")


def _direct(dtype: Any) -> bool:
    """Whether the processor computes in this dtype itself."""
    name = jnp.dtype(dtype).name
    return name == "float32" or name in status().half_types


def _apply(function: Any, arrays: Sequence[Array]) -> Array:
    """Calls a pass, in float32 where the processor has no 16-bit arithmetic."""
    dtype = arrays[0].dtype
    if _direct(dtype):
        return function(*arrays)
    return function(*[array.astype(jnp.float32) for array in arrays]).astype(dtype)


def _call(
    name: str, out: Any, form: Form, source: Sizes, filters: Sizes, *arrays: Any
) -> Any:
    """A pass; `source` and `filters` are the shapes of the convolution's own arrays."""
    wide = arrays[0].dtype == jnp.float32
    minimal = wide and filters_minimally(form, source, filters)
    target = f"lamina_{'winograd' if minimal else 'convolution'}{name}"
    call = jax.ffi.ffi_call(target, out, vmap_method="sequential")
    return call(*arrays, spec=np.asarray(form.spec, np.int64))


def filters_minimally(form: Form, source: Sizes, filters: Sizes) -> bool:
    """Whether a float32 convolution is computed by Winograd's minimal filtering.

    Args:
        form: the convolution.
        source: the shape of its input, channels last.
        filters: the shape of its filters.
    """
    once = form.strides == form.rates == (1, 1) and form.groups == 1
    inside = all(0 <= pad <= 2 for pads in form.pads for pad in pads)
    if not once or not inside or filters[:2] != (3, 3):
        return False
    channels = filters[2:]
    if any(count % _VECTOR for count in channels) or max(channels) > _MOST_CHANNELS:
        return False
    # Of one image: a program for more of them must not be another one.
    target = form.target(source[1:-1], filters[:2])
    tiles = math.prod(-(-size // _TILE) for size in target)
    # Tiles at the edges may reach outside: work that nobody needs.
    used = math.prod(target) / (tiles * _TILE**2)
    work = tiles * math.prod(channels)
    return used >= _LEAST_USED and chosen("3x3 convolution", work, "float32")


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _forward(form: Form, x: Array, filters: Array) -> Array:
    """The convolution of `x`."""
    return _run_forward(form, x, filters, jnp.zeros((0,), jnp.float32))


def _run_forward(form: Form, x: Array, filters: Array, bias: Array) -> Array:
    sizes = form.target(x.shape[1:-1], filters.shape[: form.rank])
    out = jax.ShapeDtypeStruct((x.shape[0], *sizes, filters.shape[-1]), x.dtype)
    return _call("", out, form, x.shape, filters.shape, x, filters, bias)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _data(form: Form, source: Sizes, dy: Array, filters: Array) -> Array:
    """The gradient by the input, of shape `source`."""
    out = jax.ShapeDtypeStruct(source, dy.dtype)
    return _call("_data", out, form, source, filters.shape, dy, filters)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _filters(form: Form, window: Sizes, x: Array, dy: Array) -> Array:
    """The gradient by the filters, of shape `window`."""
    out = jax.ShapeDtypeStruct(window, jnp.float32)
    return _call("_filters", out, form, x.shape, window, x, dy).astype(x.dtype)


def _keep(function: Any) -> Any:
    """The forward rule that keeps both arrays; static arguments come first."""

    def rule(*arguments: Any) -> tuple[Any, Any]:
        return function(*arguments), arguments[-2:]

    return rule


def _forward_rule(form: Form, kept: Any, dy: Array) -> tuple[Array, Array]:
    x, filters = kept
    return (
        _data(form, x.shape, dy, filters),
        _filters(form, filters.shape, x, dy),
    )


def _data_rule(
    form: Form, source: Sizes, kept: Any, cotangent: Array
) -> tuple[Array, Array]:
    dy, filters = kept
    return (
        _forward(form, cotangent, filters),
        _filters(form, filters.shape, cotangent, dy),
    )


def _filters_rule(
    form: Form, window: Sizes, kept: Any, cotangent: Array
) -> tuple[Array, Array]:
    x, dy = kept
    return _data(form, x.shape, dy, cotangent), _forward(form, x, cotangent)


_forward.defvjp(_keep(_forward), _forward_rule)
_data.defvjp(_keep(_data), _data_rule)
_filters.defvjp(_keep(_filters), _filters_rule)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _biased(form: Form, x: Array, filters: Array, bias: Array) -> Array:
    """The convolution with a bias, and with a ReLU if `form` says so."""
    return _run_forward(form, x, filters, bias.astype(jnp.float32))


def _biased_forward(form: Form, x: Array, filters: Array, bias: Array) -> Any:
    y = _biased(form, x, filters, bias)
    return y, (x, filters, y if form.relu else None)


def _biased_rule(form: Form, kept: Any, dy: Array) -> tuple[Array, Array, Array]:
    x, filters, y = kept
    if y is not None:
        dy, bias = relu_bias_gradient(y, dy)
    else:
        bias = jnp.sum(dy, tuple(range(dy.ndim - 1)), dtype=jnp.float32)
    form = form._replace(relu=False)
    return (
        _data(form, x.shape, dy, filters),
        _filters(form, filters.shape, x, dy),
        bias.astype(dy.dtype),
    )


_biased.defvjp(_biased_forward, _biased_rule)
