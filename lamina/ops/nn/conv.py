"""Convolutions: ``tf.nn.conv1d/2d/3d``, ``convolution``, depthwise and separable.

All of them are one call of the platform's convolution. Inputs may have any number of
batch dimensions; filters are ``(*window, channels in, channels out)``.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, op
from lamina.kernels.convolution import convolution as run_convolution
from lamina.ops.checks import FLOAT
from lamina.ops.nn import windows
from lamina.ops.nn.windows import Layout

_DTYPES = (*FLOAT, "int32")


def convolve(
    name: str,
    x: Array,
    filters: Array,
    strides: Any,
    padding: Any,
    form: Layout,
    dilations: Any,
    groups: int | None = None,
) -> Array:
    """A convolution with checks; ``groups=None`` derives them from the channels."""
    windows.check_rank(name, x, form, least=True)
    _check_filters(name, x, filters, form, groups)
    steps = windows.per_axis(name, "strides", strides, form)
    rates = windows.per_axis(name, "dilations", _one(dilations), form)
    batch = x.shape[: x.ndim - form.rank - 1]
    flat = jnp.reshape(x, (-1, *x.shape[len(batch) :]))
    pads = windows.pads(
        name,
        padding,
        form.spatial(flat.shape),
        windows.reach(filters.shape[: form.rank], rates),
        steps,
        form,
    )
    out = run_convolution(
        flat,
        filters,
        steps,
        pads,
        rates,
        channels_last=not form.channels_first,
        groups=groups or form.channels(flat.shape) // filters.shape[-2],
    )
    return jnp.reshape(out, (*batch, *out.shape[1:]))


def _one(dilations: Any) -> Any:
    return 1 if dilations is None else dilations


def _check_filters(
    name: str, x: Array, filters: Array, form: Layout, groups: int | None
) -> None:
    if filters.ndim != form.rank + 2:
        raise ShapeError.of(
            name,
            expected=f"filters of rank {form.rank + 2}: (*window, channels in, "
            "channels out)",
            received=f"filters of shape {tuple(filters.shape)}",
            hint="Check the order of the filter's dimensions.",
        )
    shape = x.shape[x.ndim - form.rank - 2 :]
    depth, wanted = form.channels(shape), filters.shape[-2]
    if groups is None and (wanted == 0 or depth % wanted):
        raise InvalidArgumentError.of(
            name,
            expected=f"input channels that are a multiple of the filter's {wanted}",
            received=f"input of shape {tuple(x.shape)} with {depth} channels, filters "
            f"of shape {tuple(filters.shape)}",
            hint="input depth must be evenly divisible by filter depth: check "
            "data_format and the filter's third-to-last dimension.",
        )
    count = 1 if groups else depth // wanted
    if filters.shape[-1] % count:
        raise InvalidArgumentError.of(
            name,
            expected=f"output channels divisible by the {count} groups",
            received=f"filters of shape {tuple(filters.shape)}",
            hint="Each group of input channels makes equally many output channels.",
        )


@op("nn.conv2d", dtypes=_DTYPES)
def conv2d(
    input: Same,
    filters: Same,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A two-dimensional convolution (without flipping the filters).

    Args:
        input: ``(*batch, H, W, C)``, or ``(*batch, C, H, W)`` with ``"NCHW"``.
        filters: ``(h, w, C / groups, F)``; groups follow from the channels.
        strides: the step of the window: an int or 1, 2 or 4 ints.
        padding: ``"SAME"``, ``"VALID"`` or four pairs of zeros to add.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: the distance of the window's elements, as ``strides``.
        name: a name scope.

    Returns:
        A tensor with F channels, of the dtype and layout of ``input``.

    Raises:
        InvalidArgumentError: for a wrong rank, channels that do not fit, a window
            larger than the image or an unknown padding.

    Example:
        >>> tf.nn.conv2d(tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 3]), 1, "SAME").shape
        TensorShape([1, 4, 4, 3])

    Reference: ``tf.nn.conv2d``.
    """
    form = windows.layout("tf.nn.conv2d", data_format, 2)
    return convolve("tf.nn.conv2d", input, filters, strides, padding, form, dilations)


@op("nn.conv1d", dtypes=_DTYPES)
def conv1d(
    input: Same,
    filters: Same,
    stride: Any,
    padding: Any,
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A one-dimensional convolution.

    Args:
        input: ``(*batch, W, C)``, or ``(*batch, C, W)`` with ``"NCW"``.
        filters: ``(w, C / groups, F)``.
        stride: the step of the window: an int or 1 or 3 ints.
        padding: ``"SAME"``, ``"VALID"`` or three pairs of zeros to add.
        data_format: ``"NWC"`` or ``"NCW"``.
        dilations: the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor with F channels, of the dtype and layout of ``input``.

    Raises:
        InvalidArgumentError: as for ``tf.nn.conv2d``.

    Reference: ``tf.nn.conv1d``.
    """
    form = windows.layout("tf.nn.conv1d", data_format, 1)
    return convolve("tf.nn.conv1d", input, filters, stride, padding, form, dilations)


@op("nn.conv3d", dtypes=FLOAT)
def conv3d(
    input: Same,
    filters: Same,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A three-dimensional convolution.

    Args:
        input: ``(*batch, D, H, W, C)``, or ``(*batch, C, D, H, W)`` with ``"NCDHW"``.
        filters: ``(d, h, w, C / groups, F)``.
        strides: the step of the window: an int or 1, 3 or 5 ints.
        padding: ``"SAME"``, ``"VALID"`` or five pairs of zeros to add.
        data_format: ``"NDHWC"`` or ``"NCDHW"``.
        dilations: the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor with F channels, of the dtype and layout of ``input``.

    Raises:
        InvalidArgumentError: as for ``tf.nn.conv2d``.

    Reference: ``tf.nn.conv3d``.
    """
    form = windows.layout("tf.nn.conv3d", data_format, 3)
    return convolve("tf.nn.conv3d", input, filters, strides, padding, form, dilations)


@op("nn.convolution", dtypes=_DTYPES)
def convolution(
    input: Same,
    filters: Same,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A convolution over 1, 2 or 3 dimensions, chosen by the filters' rank.

    Args:
        input: ``(*batch, *spatial, C)``, or channels first by ``data_format``.
        filters: ``(*window, C / groups, F)``.
        strides: the step of the window, 1 where None.
        padding: ``"SAME"`` or ``"VALID"``.
        data_format: a string that starts with ``"NC"`` for channels first.
        dilations: the distance of the window's elements, 1 where None.
        name: a name scope.

    Returns:
        A tensor with F channels, of the dtype and layout of ``input``.

    Raises:
        InvalidArgumentError: as for ``tf.nn.conv2d``.

    Reference: ``tf.nn.convolution``.
    """
    rank = filters.ndim - 2
    if rank not in (1, 2, 3):
        raise ShapeError.of(
            "tf.nn.convolution",
            expected="filters of rank 3, 4 or 5",
            received=f"filters of shape {tuple(filters.shape)}",
            hint="Filters are (*window, channels in, channels out).",
        )
    form = windows.layout("tf.nn.convolution", data_format, rank)
    return convolve(
        "tf.nn.convolution", input, filters, _one(strides), padding, form, dilations
    )


@op("nn.atrous_conv2d", dtypes=FLOAT)
def atrous_conv2d(
    value: Same, filters: Same, rate: int, padding: Any, name: str | None = None
) -> Array:
    """A two-dimensional convolution with a dilated window and stride 1.

    Args:
        value: ``(B, H, W, C)``.
        filters: ``(h, w, C, F)``.
        rate: the distance of the window's elements.
        padding: ``"SAME"`` or ``"VALID"``.
        name: a name scope.

    Returns:
        A tensor ``(B, H', W', F)``.

    Raises:
        InvalidArgumentError: as for ``tf.nn.conv2d``.

    Reference: ``tf.nn.atrous_conv2d``; Chen et al., "DeepLab", 2014.
    """
    return convolve(
        "tf.nn.atrous_conv2d", value, filters, 1, padding, Layout(2, False), rate
    )


def depthwise(
    name: str,
    x: Array,
    filters: Array,
    strides: Any,
    padding: Any,
    form: Layout,
    dilations: Any,
) -> Array:
    """A convolution of each channel with filters of its own."""
    windows.check_rank(name, x, form)
    depth = form.channels(x.shape)
    if filters.ndim != form.rank + 2 or filters.shape[-2] != depth:
        raise InvalidArgumentError.of(
            name,
            expected=f"filters (*window, {depth}, multiplier) for {depth} input "
            "channels",
            received=f"filters of shape {tuple(filters.shape)}, input of shape "
            f"{tuple(x.shape)}",
            hint="input and filter must have the same depth.",
        )
    flat = jnp.reshape(filters, (*filters.shape[:-2], 1, -1))
    return convolve(name, x, flat, strides, padding, form, dilations, depth)


@op("nn.depthwise_conv2d", dtypes=FLOAT)
def depthwise_conv2d(
    input: Same,
    filter: Same,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A two-dimensional convolution that keeps the channels apart.

    Args:
        input: ``(B, H, W, C)``, or ``(B, C, H, W)`` with ``"NCHW"``.
        filter: ``(h, w, C, M)``: M filters for each channel.
        strides: four ints, the step of the window.
        padding: ``"SAME"``, ``"VALID"`` or four pairs of zeros to add.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: two ints, the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor with ``C * M`` channels; channel ``c * M + m`` comes from channel c.

    Raises:
        InvalidArgumentError: as for ``tf.nn.conv2d``.

    Reference: ``tf.nn.depthwise_conv2d``. Known difference: the steps of rows and
    columns may differ.
    """
    name_ = "tf.nn.depthwise_conv2d"
    form = windows.layout(name_, data_format, 2)
    return depthwise(name_, input, filter, strides, padding, form, dilations)


@op("nn.separable_conv2d", dtypes=FLOAT)
def separable_conv2d(
    input: Same,
    depthwise_filter: Same,
    pointwise_filter: Same,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """A depthwise convolution followed by a 1x1 convolution that mixes channels.

    Args:
        input: ``(B, H, W, C)``, or ``(B, C, H, W)`` with ``"NCHW"``.
        depthwise_filter: ``(h, w, C, M)``.
        pointwise_filter: ``(1, 1, C * M, F)``.
        strides: four ints, the step of the depthwise window.
        padding: ``"SAME"``, ``"VALID"`` or four pairs of zeros to add.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: two ints, the distance of the depthwise window's elements.
        name: a name scope.

    Returns:
        A tensor with F channels.

    Raises:
        InvalidArgumentError: as for ``tf.nn.conv2d``.

    Reference: ``tf.nn.separable_conv2d``; Chollet, "Xception", 2016.
    """
    name_ = "tf.nn.separable_conv2d"
    form = windows.layout(name_, data_format, 2)
    inner = depthwise(name_, input, depthwise_filter, strides, padding, form, dilations)
    if pointwise_filter.shape[-2] != form.channels(inner.shape):
        raise InvalidArgumentError.of(
            name_,
            expected=f"pointwise_filter (1, 1, {form.channels(inner.shape)}, filters)",
            received=f"pointwise_filter of shape {tuple(pointwise_filter.shape)}",
            hint="Its third dimension is channels times the depth multiplier.",
        )
    return convolve(name_, inner, pointwise_filter, 1, "VALID", form, 1)
