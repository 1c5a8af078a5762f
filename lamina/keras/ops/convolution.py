"""`keras.ops` convolutions: plain, depthwise, separable and transposed.

Kernels are stored with their channels last, `(*window, inputs, outputs)`, whatever
the layout of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, op
from lamina.keras.config import standardize_data_format
from lamina.kernels.convolution import convolution, transposed

Sizes = tuple[int, ...]


def _spatial(name: str, what: str, value: int | Sequence[int], rank: int) -> Sizes:
    sizes = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(sizes) != rank:
        raise InvalidArgumentError.of(
            name,
            expected=f"`{what}` to be an integer or {rank} integers",
            received=f"{what}={value}",
            hint="Give one value for each spatial dimension.",
        )
    return sizes


def _check(name: str, x: Array, kernel: Array) -> int:
    if not 3 <= x.ndim <= 5 or kernel.ndim != x.ndim:
        raise InvalidArgumentError.of(
            name,
            expected="inputs of rank 3, 4 or 5 and a kernel of the same rank",
            received=f"inputs of shape {tuple(x.shape)}, kernel of shape "
            f"{tuple(kernel.shape)}",
            hint="Inputs are (batch, *spatial, channels).",
        )
    return x.ndim - 2


def _convolve(
    name: str,
    x: Array,
    kernel: Array,
    strides: Any,
    padding: str,
    last: bool,
    dilation: Any,
    groups: int,
    bias: Array | None = None,
    relu: bool = False,
) -> Array:
    rank = x.ndim - 2
    strides = _spatial(name, "strides", strides, rank)
    dilation = _spatial(name, "dilation_rate", dilation, rank)
    pads: Any = padding.upper()
    if padding == "causal":
        reach = [(k - 1) * d for k, d in zip(kernel.shape, dilation, strict=False)]
        pads = [(r, 0) for r in reach[:rank]]
    return convolution(
        x,
        kernel,
        strides,
        pads,
        dilation,
        channels_last=last,
        groups=groups,
        bias=bias,
        relu=relu,
    )


@op("keras.ops.conv", dtypes="floating")
def conv(
    inputs: Same,
    kernel: Same,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    name: str | None = None,
) -> Array:
    """A convolution over one, two or three spatial dimensions.

    Args:
        inputs: A floating tensor `(B, *spatial, C)`, or `(B, C, *spatial)`.
        kernel: A tensor `(*window, C / groups, F)`; the number of groups follows
            from the channels.
        strides: The step of the window.
        padding: `"valid"`, `"same"`, or `"causal"` (zeros before the first step).
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.
        name: A name scope.

    Returns:
        A tensor with F channels in the layout of `inputs`.

    Raises:
        InvalidArgumentError: The channels do not fit the kernel.

    Reference: `keras.ops.conv`; `"causal"` is an addition.
    """
    return _conv(
        "keras.ops.conv",
        inputs,
        kernel,
        strides,
        padding,
        data_format,
        dilation_rate,
    )


@op("keras.layers.Conv", dtypes="floating")
def conv_with_bias(
    inputs: Same,
    kernel: Same,
    bias: Same | None = None,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    relu: bool = False,
    name: str | None = None,
) -> Array:
    """`conv` with a bias, and a ReLU at the end if asked for, in one operation.

    Args:
        inputs: As of `conv`.
        kernel: As of `conv`.
        bias: `(F,)`; None adds nothing.
        strides: As of `conv`.
        padding: As of `conv`.
        data_format: As of `conv`.
        dilation_rate: As of `conv`.
        relu: Whether negative results become 0.
        name: A name scope.

    Returns:
        A tensor with F channels in the layout of `inputs`.
    """
    return _conv(
        "keras.layers.Conv",
        inputs,
        kernel,
        strides,
        padding,
        data_format,
        dilation_rate,
        bias,
        relu,
    )


def _conv(
    title: str,
    inputs: Array,
    kernel: Array,
    strides: Any,
    padding: str,
    data_format: str | None,
    dilation_rate: Any,
    bias: Array | None = None,
    relu: bool = False,
) -> Array:
    _check(title, inputs, kernel)
    last = standardize_data_format(data_format) == "channels_last"
    channels = inputs.shape[-1 if last else 1]
    if not kernel.shape[-2] or channels % kernel.shape[-2]:
        raise InvalidArgumentError.of(
            title,
            expected="the channels of the inputs to be a multiple of the kernel's",
            received=f"{channels} input channels, kernel of shape "
            f"{tuple(kernel.shape)}",
            hint="The kernel is (*window, channels / groups, filters).",
        )
    return _convolve(
        title,
        inputs,
        kernel,
        strides,
        padding,
        last,
        dilation_rate,
        channels // kernel.shape[-2],
        bias,
        relu,
    )


@op("keras.ops.depthwise_conv", dtypes="floating")
def depthwise_conv(
    inputs: Same,
    kernel: Same,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    name: str | None = None,
) -> Array:
    """A convolution of each channel with kernels of its own.

    Args:
        inputs: A floating tensor `(B, *spatial, C)`, or `(B, C, *spatial)`.
        kernel: A tensor `(*window, C, M)`.
        strides: The step of the window.
        padding: `"valid"`, `"same"`, or `"causal"` (zeros before the first step).
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.
        name: A name scope.

    Returns:
        A tensor with `C * M` channels in the layout of `inputs`; the M outputs of a
        channel stand side by side.

    Raises:
        InvalidArgumentError: The channels do not fit the kernel.

    Reference: `keras.ops.depthwise_conv`.
    """
    title = "keras.ops.depthwise_conv"
    _check(title, inputs, kernel)
    last = standardize_data_format(data_format) == "channels_last"
    channels = inputs.shape[-1 if last else 1]
    if channels != kernel.shape[-2]:
        raise InvalidArgumentError.of(
            title,
            expected=f"{kernel.shape[-2]} input channels, as in the kernel",
            received=f"{channels} channels, kernel of shape {tuple(kernel.shape)}",
            hint="The kernel is (*window, channels, multiplier).",
        )
    flat = jnp.reshape(kernel, (*kernel.shape[:-2], 1, -1))
    return _convolve(
        title, inputs, flat, strides, padding, last, dilation_rate, channels
    )


@op("keras.ops.separable_conv", dtypes="floating")
def separable_conv(
    inputs: Same,
    depthwise_kernel: Same,
    pointwise_kernel: Same,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
    name: str | None = None,
) -> Array:
    """A depthwise convolution followed by one of window 1 that mixes the channels.

    Args:
        inputs: A floating tensor `(B, *spatial, C)`, or `(B, C, *spatial)`.
        depthwise_kernel: A tensor `(*window, C, M)`.
        pointwise_kernel: A tensor `(1, ..., C * M, F)`.
        strides: The step of the window.
        padding: `"valid"`, `"same"`, or `"causal"` (zeros before the first step).
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.
        name: A name scope.

    Returns:
        A tensor with F channels in the layout of `inputs`.

    Reference: `keras.ops.separable_conv`.
    """
    inner = depthwise_conv.lower(
        inputs, depthwise_kernel, strides, padding, data_format, dilation_rate
    )
    return conv.lower(inner, pointwise_kernel, 1, "valid", data_format, 1)


def transpose_length(
    size: int,
    window: int,
    stride: int,
    padding: str,
    output_padding: int | None,
    dilation: int = 1,
) -> int:
    """The output's size of a transposed convolution along one dimension."""
    reach = (window - 1) * dilation + 1
    if output_padding is not None:
        removed = 2 * (reach // 2) if padding == "same" else 0
        return (size - 1) * stride + reach - removed + output_padding
    if padding == "same":
        return size * stride
    return size * stride + max(reach - stride, 0)


def _transpose_sizes(
    size: int, window: int, stride: int, padding: str, extra: int | None, dilation: int
) -> tuple[int, int]:
    """The output's size, and the zeros before the output in the convolution back."""
    output = transpose_length(size, window, stride, padding, extra, dilation)
    if padding != "same":
        return output, 0
    reach = (window - 1) * dilation + 1
    forward = -(-output // stride)
    return output, max((forward - 1) * stride + reach - output, 0) // 2


@op("keras.ops.conv_transpose", dtypes="floating")
def conv_transpose(
    inputs: Same,
    kernel: Same,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
    name: str | None = None,
) -> Array:
    """The transpose of a convolution, which enlarges its input.

    Args:
        inputs: A floating tensor `(B, *spatial, C)`, or `(B, C, *spatial)`.
        kernel: A tensor `(*window, F, C)`.
        strides: By how much the input is spread out.
        padding: `"valid"` or `"same"`, that of the convolution it transposes.
        output_padding: How much is added to one side of the output, or None to
            choose the size from `padding` and `strides`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.
        name: A name scope.

    Returns:
        A tensor with F channels in the layout of `inputs`.

    Raises:
        InvalidArgumentError: The channels do not fit the kernel.

    Reference: `keras.ops.conv_transpose`.
    """
    title = "keras.ops.conv_transpose"
    rank = _check(title, inputs, kernel)
    last = standardize_data_format(data_format) == "channels_last"
    channels = inputs.shape[-1 if last else 1]
    if channels != kernel.shape[-1]:
        raise InvalidArgumentError.of(
            title,
            expected=f"{kernel.shape[-1]} input channels, as in the kernel",
            received=f"{channels} channels, kernel of shape {tuple(kernel.shape)}",
            hint="The kernel is (*window, filters, channels).",
        )
    strides = _spatial(title, "strides", strides, rank)
    dilation = _spatial(title, "dilation_rate", dilation_rate, rank)
    extra: Sequence[int | None] = (None,) * rank
    if output_padding is not None:
        extra = _spatial(title, "output_padding", output_padding, rank)
    sizes = inputs.shape[1:-1] if last else inputs.shape[2:]
    target, before = zip(
        *[
            _transpose_sizes(*part)
            for part in zip(
                sizes,
                kernel.shape[:rank],
                strides,
                (padding,) * rank,
                extra,
                dilation,
                strict=True,
            )
        ],
        strict=True,
    )
    return transposed(
        inputs, kernel, target, strides, before, dilation, channels_last=last
    )
