"""Transposed convolutions: the gradient of a convolution for its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, op
from lamina.kernels.convolution import transposed
from lamina.ops.checks import FLOAT
from lamina.ops.nn import windows
from lamina.ops.nn.windows import Layout


def transpose(
    name: str,
    x: Array,
    filters: Array,
    output_shape: Sequence[int],
    strides: Any,
    padding: Any,
    form: Layout,
    dilations: Any,
) -> Array:
    """Spreads ``x`` by the strides and convolves it with the flipped filters."""
    windows.check_rank(name, x, form)
    if filters.ndim != form.rank + 2 or filters.shape[-1] != form.channels(x.shape):
        raise InvalidArgumentError.of(
            name,
            expected=f"filters (*window, channels out, {form.channels(x.shape)})",
            received=f"filters of shape {tuple(filters.shape)}, input of shape "
            f"{tuple(x.shape)}",
            hint="The last dimension of the filters is the input's channels.",
        )
    steps = windows.per_axis(name, "strides", strides, form)
    rates = windows.per_axis(name, "dilations", _one(dilations), form)
    target = _target(name, output_shape, x, filters, form)
    extent = windows.reach(filters.shape[: form.rank], rates)
    forward = windows.pads(name, padding, target, extent, steps, form)
    sizes = form.spatial(x.shape)
    for size, out, width, step, (low, high) in zip(
        sizes, target, extent, steps, forward, strict=True
    ):
        if (out + low + high - width) // step + 1 != size:
            raise InvalidArgumentError.of(
                name,
                expected="an output_shape that the convolution maps to the input",
                received=f"output_shape {list(output_shape)}, input of shape "
                f"{tuple(x.shape)}, strides {list(steps)}, padding {padding!r}",
                hint="With 'SAME' the output is the input's size times the strides, "
                "less at most strides - 1.",
            )
    return transposed(
        x,
        filters,
        target,
        steps,
        [low for low, _ in forward],
        rates,
        channels_last=not form.channels_first,
    )


def _one(dilations: Any) -> Any:
    return 1 if dilations is None else dilations


def _target(
    name: str, output_shape: Sequence[int], x: Array, filters: Array, form: Layout
) -> tuple[int, ...]:
    """The spatial sizes of the result, from a full or a spatial shape."""
    shape = tuple(int(size) for size in output_shape)
    if len(shape) == form.rank:
        return shape
    wanted = (x.shape[0], filters.shape[-2])
    if len(shape) == form.rank + 2 and (shape[0], form.channels(shape)) == wanted:
        return form.spatial(shape)
    raise ShapeError.of(
        name,
        expected=f"output_shape of {form.rank + 2} sizes with batch {wanted[0]} and "
        f"{wanted[1]} channels",
        received=f"output_shape {list(shape)}",
        hint="The channels are the second-to-last dimension of the filters.",
    )


@op("nn.conv2d_transpose", dtypes=FLOAT)
def conv2d_transpose(
    input: Same,
    filters: Same,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """The transpose of ``conv2d``, which enlarges images ("deconvolution").

    Args:
        input: ``(B, H, W, C)``, or ``(B, C, H, W)`` with ``"NCHW"``.
        filters: ``(h, w, F, C)``.
        output_shape: the shape of the result.
        strides: by how much the input is spread: an int or 1, 2 or 4 ints.
        padding: the padding of the convolution that this one transposes.
        data_format: ``"NHWC"`` or ``"NCHW"``.
        dilations: the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor of ``output_shape`` with F channels.

    Raises:
        InvalidArgumentError: if shapes, strides and padding do not fit.

    Reference: ``tf.nn.conv2d_transpose``; Zeiler et al., 2010.
    """
    form = windows.layout("tf.nn.conv2d_transpose", data_format, 2)
    return transpose(
        "tf.nn.conv2d_transpose",
        input,
        filters,
        output_shape,
        strides,
        padding,
        form,
        dilations,
    )


@op("nn.conv1d_transpose", dtypes=FLOAT)
def conv1d_transpose(
    input: Same,
    filters: Same,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """The transpose of ``conv1d``.

    Args:
        input: ``(B, W, C)``, or ``(B, C, W)`` with ``"NCW"``.
        filters: ``(w, F, C)``.
        output_shape: the shape of the result.
        strides: by how much the input is spread.
        padding: the padding of the convolution that this one transposes.
        data_format: ``"NWC"`` or ``"NCW"``.
        dilations: the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor of ``output_shape`` with F channels.

    Raises:
        InvalidArgumentError: if shapes, strides and padding do not fit.

    Reference: ``tf.nn.conv1d_transpose``.
    """
    form = windows.layout("tf.nn.conv1d_transpose", data_format, 1)
    return transpose(
        "tf.nn.conv1d_transpose",
        input,
        filters,
        output_shape,
        strides,
        padding,
        form,
        dilations,
    )


@op("nn.conv3d_transpose", dtypes=FLOAT)
def conv3d_transpose(
    input: Same,
    filters: Same,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """The transpose of ``conv3d``.

    Args:
        input: ``(B, D, H, W, C)``, or ``(B, C, D, H, W)`` with ``"NCDHW"``.
        filters: ``(d, h, w, F, C)``.
        output_shape: the shape of the result.
        strides: by how much the input is spread.
        padding: the padding of the convolution that this one transposes.
        data_format: ``"NDHWC"`` or ``"NCDHW"``.
        dilations: the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor of ``output_shape`` with F channels.

    Raises:
        InvalidArgumentError: if shapes, strides and padding do not fit.

    Reference: ``tf.nn.conv3d_transpose``.
    """
    form = windows.layout("tf.nn.conv3d_transpose", data_format, 3)
    return transpose(
        "tf.nn.conv3d_transpose",
        input,
        filters,
        output_shape,
        strides,
        padding,
        form,
        dilations,
    )


@op("nn.conv_transpose", dtypes=FLOAT)
def conv_transpose(
    input: Same,
    filters: Same,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Array:
    """The transpose of ``convolution`` over 1, 2 or 3 dimensions.

    Args:
        input: ``(B, *spatial, C)``, or channels first by ``data_format``.
        filters: ``(*window, F, C)``.
        output_shape: the shape of the result, or its spatial part.
        strides: by how much the input is spread.
        padding: the padding of the convolution that this one transposes.
        data_format: a string that starts with ``"NC"`` for channels first.
        dilations: the distance of the window's elements.
        name: a name scope.

    Returns:
        A tensor of ``output_shape`` with F channels.

    Raises:
        InvalidArgumentError: if shapes, strides and padding do not fit.

    Reference: ``tf.nn.conv_transpose``.
    """
    rank = filters.ndim - 2
    form = windows.layout("tf.nn.conv_transpose", data_format, min(max(rank, 1), 3))
    return transpose(
        "tf.nn.conv_transpose",
        input,
        filters,
        output_shape,
        strides,
        padding,
        form,
        dilations,
    )


@op("nn.atrous_conv2d_transpose", dtypes=FLOAT)
def atrous_conv2d_transpose(
    value: Same,
    filters: Same,
    output_shape: Any,
    rate: int,
    padding: Any,
    name: str | None = None,
) -> Array:
    """The transpose of ``atrous_conv2d``.

    Args:
        value: ``(B, H, W, C)``.
        filters: ``(h, w, F, C)``.
        output_shape: the shape of the result.
        rate: the distance of the window's elements.
        padding: ``"SAME"`` or ``"VALID"``.
        name: a name scope.

    Returns:
        A tensor of ``output_shape``.

    Raises:
        InvalidArgumentError: if shapes and padding do not fit.

    Reference: ``tf.nn.atrous_conv2d_transpose``.
    """
    return transpose(
        "tf.nn.atrous_conv2d_transpose",
        value,
        filters,
        output_shape,
        1,
        padding,
        Layout(2, False),
        rate,
    )
