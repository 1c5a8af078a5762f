"""`keras.backend` (`K`): activations, convolutions, losses and random tensors."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.config import standardize_data_format
from lamina.keras.ops import (
    arithmetic,
    convolution,
    neural,
    pooling,
    selection,
    shaping,
)
from lamina.keras.ops.promotion import convert, promote, to_float
from lamina.ops.nn import conv_transpose, lookup


def relu(
    x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """The rectifier with a slope, an upper bound and a threshold.

    Args:
        x: A tensor.
        alpha: The slope below the threshold.
        max_value: The largest result, or None.
        threshold: Where the rectifier bends.

    Returns:
        A tensor.

    Reference: `keras.backend.relu`.
    """
    x = to_float(x)
    zero = convert(0.0, x.dtype)
    from_below = (x - threshold) * alpha if alpha else zero * x  # type: ignore[operator]
    out = selection.where(x > threshold, x, from_below)  # type: ignore[operator]
    if max_value is not None:
        out = arithmetic.minimum(out, max_value)
    return out


def hard_sigmoid(x: Any) -> Tensor:
    """`0.2 * x + 0.5`, limited to `[0, 1]`: the sigmoid of Keras 2.

    Args:
        x: A tensor.

    Returns:
        A tensor.

    Reference: `keras.backend.hard_sigmoid`.
    """
    x = to_float(x)
    line = arithmetic.add(arithmetic.multiply(x, 0.2), 0.5)
    return arithmetic.minimum(arithmetic.maximum(line, 0.0), 1.0)


def softmax(x: Any, axis: int = -1) -> Tensor:
    """`exp(x)` divided by its sum along an axis.

    Args:
        x: A tensor.
        axis: The axis.

    Returns:
        A tensor.

    Reference: `keras.backend.softmax`.
    """
    return neural.softmax(x, axis)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where positive, else `alpha * (exp(x) - 1)`.

    Args:
        x: A tensor.
        alpha: The limit far below 0, negated.

    Returns:
        A tensor.

    Reference: `keras.backend.elu`.
    """
    return neural.elu(x, alpha)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """Adds a bias to the channels.

    Args:
        x: A tensor.
        bias: A vector, or a tensor of the shape of a sample.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        A tensor.

    Raises:
        ValueError: The rank of the bias does not fit.

    Reference: `keras.backend.bias_add`.
    """
    x, bias = promote(x, bias)
    last = standardize_data_format(data_format) == "channels_last"
    ndim, rank = len(x.shape), len(bias.shape)
    if rank not in (1, ndim - 1):
        raise ValueError(
            f"keras.backend.bias_add: expected a bias of rank 1 or {ndim - 1}. "
            f"Received: rank {rank}. Unexpected bias dimensions."
        )
    sizes = tuple(bias.shape)
    if not last and ndim > 2:
        spread = (1,) * (ndim - 2)
        sizes = (sizes[0], *spread) if rank == 1 else (sizes[-1], *sizes[:-1])
        bias = (
            shaping.reshape(bias, sizes) if rank == 1 else shaping.moveaxis(bias, -1, 0)
        )
    return arithmetic.add(x, bias)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Sets random elements to zero and scales the others up.

    Args:
        x: A tensor.
        level: The share of zeros.
        noise_shape: The shape of the random choice.
        seed: An integer, or None.

    Returns:
        A tensor.

    Reference: `keras.backend.dropout`.
    """
    return lookup.dropout(x, level, noise_shape, seed)


def in_top_k(predictions: Any, targets: Any, k: int) -> Tensor:
    """Whether the targets are among the k largest predictions.

    Args:
        predictions: Scores `(B, K)`.
        targets: Class indices `(B,)`.
        k: How many count.

    Returns:
        Booleans.

    Reference: `keras.backend.in_top_k`.
    """
    return lookup.in_top_k(targets, predictions, int(k))


def one_hot(indices: Any, num_classes: int) -> Tensor:
    """Class indices as vectors with a single 1.

    Args:
        indices: Integers.
        num_classes: The number of classes.

    Returns:
        A tensor of floatx.

    Reference: `keras.backend.one_hot`.
    """
    return neural.one_hot(indices, num_classes)


def _convolution(rank: int, name: str) -> Any:
    """`K.conv1d`, `K.conv2d` and `K.conv3d`."""
    unit: Any = (1,) * rank if rank > 1 else 1

    def function(
        x: Any,
        kernel: Any,
        strides: Any = unit,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = unit,
    ) -> Tensor:
        return convolution.conv(
            convert_to_tensor(x), kernel, strides, padding, data_format, dilation_rate
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""A convolution over {rank} spatial dimension(s).

    Args:
        x: A tensor.
        kernel: A kernel `(*window, channels, filters)`.
        strides: The step of the window.
        padding: `"valid"`, `"same"` or `"causal"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.

    Returns:
        A tensor.

    Reference: `keras.backend.{name}`.
    """
    return function


conv1d = _convolution(1, "conv1d")
conv2d = _convolution(2, "conv2d")
conv3d = _convolution(3, "conv3d")


def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A convolution that keeps the channels apart.

    Args:
        x: Images.
        depthwise_kernel: A kernel `(h, w, channels, multiplier)`.
        strides: The step of the window.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.

    Returns:
        A tensor.

    Reference: `keras.backend.depthwise_conv2d`.
    """
    return convolution.depthwise_conv(
        x, depthwise_kernel, strides, padding, data_format, dilation_rate
    )


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A depthwise convolution followed by one that mixes the channels.

    Args:
        x: Images.
        depthwise_kernel: A kernel `(h, w, channels, multiplier)`.
        pointwise_kernel: A kernel `(1, 1, channels * multiplier, filters)`.
        strides: The step of the window.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.

    Returns:
        A tensor.

    Reference: `keras.backend.separable_conv2d`.
    """
    return convolution.separable_conv(
        x,
        depthwise_kernel,
        pointwise_kernel,
        strides,
        padding,
        data_format,
        dilation_rate,
    )


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """The transpose of a convolution.

    Args:
        x: Images.
        kernel: A kernel `(h, w, filters, channels)`.
        output_shape: The shape of the result.
        strides: By how much the input is spread.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        dilation_rate: The distance of the window's elements.

    Returns:
        A tensor of `output_shape`.

    Reference: `keras.backend.conv2d_transpose`.
    """
    last = standardize_data_format(data_format) == "channels_last"
    return conv_transpose.conv2d_transpose(
        x,
        kernel,
        output_shape,
        strides,
        padding.upper(),
        "NHWC" if last else "NCHW",
        dilation_rate,
    )


def _pool(rank: int, name: str) -> Any:
    """`K.pool2d` and `K.pool3d`."""
    unit = (1,) * rank

    def function(
        x: Any,
        pool_size: Any,
        strides: Any = unit,
        padding: str = "valid",
        data_format: str | None = None,
        pool_mode: str = "max",
    ) -> Tensor:
        reducers = {"max": pooling.max_pool, "avg": pooling.average_pool}
        if pool_mode not in reducers:
            raise ValueError(
                f"keras.backend.{name}: expected pool_mode 'max' or 'avg'. Received: "
                f"{pool_mode!r}. Invalid pooling mode."
            )
        return reducers[pool_mode](x, pool_size, strides, padding, data_format)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""A pooling over {rank} spatial dimensions.

    Args:
        x: A tensor.
        pool_size: The window.
        strides: Its step.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.
        pool_mode: `"max"` or `"avg"`.

    Returns:
        A tensor.

    Raises:
        ValueError: `pool_mode` is another word.

    Reference: `keras.backend.{name}`.
    """
    return function


pool2d = _pool(2, "pool2d")
pool3d = _pool(3, "pool3d")


def _padding(rank: int, name: str) -> Any:
    """`K.spatial_2d_padding` and `K.spatial_3d_padding`."""
    default = ((1, 1),) * rank

    def function(x: Any, padding: Any = default, data_format: Any = None) -> Tensor:
        last = standardize_data_format(data_format) == "channels_last"
        inner = [tuple(pair) for pair in padding]
        pairs = [(0, 0), *inner, (0, 0)] if last else [(0, 0), (0, 0), *inner]
        return shaping.pad(x, pairs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Zeros around {rank} spatial dimensions.

    Args:
        x: A tensor.
        padding: A pair for each spatial dimension.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        A tensor.

    Reference: `keras.backend.{name}`.
    """
    return function


spatial_2d_padding = _padding(2, "spatial_2d_padding")
spatial_3d_padding = _padding(3, "spatial_3d_padding")


def temporal_padding(x: Any, padding: Any = (1, 1)) -> Tensor:
    """Zeros before and after the steps of sequences.

    Args:
        x: A tensor `(B, T, D)`.
        padding: How many before and after.

    Returns:
        A tensor.

    Reference: `keras.backend.temporal_padding`.
    """
    return shaping.pad(x, [(0, 0), tuple(padding), (0, 0)])
