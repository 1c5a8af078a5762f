"""`keras.ops.nn`: activations, encodings, losses and normalisation of tensors."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.dtypes import as_dtype
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.activations import rectifiers, smooth
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.config import standardize_data_format
from lamina.keras.ops.promotion import convert, to_float, unary
from lamina.ops.math import elementwise as elements
from lamina.ops.nn import activations as low
from lamina.ops.nn import lookup

relu = unary("relu", low.relu, "`max(x, 0)`.", "same")
relu6 = unary("relu6", low.relu6, "`min(max(x, 0), 6)`.", "same")
sigmoid = unary("sigmoid", elements.sigmoid, "`1 / (1 + exp(-x))`.")
log_sigmoid = unary("log_sigmoid", elements.log_sigmoid, "The log of the sigmoid.")
softplus = unary("softplus", low.softplus, "`log(1 + exp(x))`.")
softsign = unary("softsign", low.softsign, "`x / (1 + |x|)`.")
silu = unary("silu", low.silu, "`x * sigmoid(x)`.")
swish = silu
selu = unary("selu", low.selu, "The scaled exponential linear unit.")
sparse_plus = unary("sparse_plus", rectifiers.sparse_plus, "A piecewise softplus.")
sparse_sigmoid = unary(
    "sparse_sigmoid", rectifiers.sparse_sigmoid, "A piecewise linear sigmoid."
)
hard_sigmoid = unary(
    "hard_sigmoid", rectifiers.hard_sigmoid, "`relu6(x + 3) / 6`, a linear sigmoid."
)
hard_silu = unary("hard_silu", rectifiers.hard_silu, "`x * hard_sigmoid(x)`.")
hard_swish = hard_silu
hard_tanh = unary("hard_tanh", rectifiers.hard_tanh, "`x` limited to `[-1, 1]`.")
tanh_shrink = unary("tanh_shrink", smooth.tanh_shrink, "`x - tanh(x)`.")


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x` where positive, else `negative_slope * x`.

    Args:
        x: A tensor; integers become floatx.
        negative_slope: The slope below 0.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.leaky_relu`.
    """
    return low.leaky_relu(to_float(x), negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where positive, else `alpha * (exp(x) - 1)`.

    Args:
        x: A tensor; integers become floatx.
        alpha: The limit far below 0, negated.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.elu`.
    """
    return smooth.elu(to_float(x), alpha)


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`.

    Args:
        x: A tensor; integers become floatx.
        alpha: The limit far below 0, negated.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.celu`.
    """
    return smooth.celu(to_float(x), alpha)


def gelu(x: Any, approximate: bool = True) -> Tensor:
    """`x * P(X <= x)` for a standard normal X.

    Args:
        x: A tensor; integers become floatx.
        approximate: Whether to use the formula with tanh.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.gelu`.
    """
    return low.gelu(to_float(x), bool(approximate))


def glu(x: Any, axis: int = -1) -> Tensor:
    """One half of a tensor times the sigmoid of the other half.

    Args:
        x: A tensor; integers become floatx.
        axis: The axis that is halved.

    Returns:
        A tensor, half as long along the axis.

    Reference: `keras.ops.glu`.
    """
    return smooth.glu(to_float(x), axis)


def squareplus(x: Any, b: float = 4) -> Tensor:
    """`(x + sqrt(x**2 + b)) / 2`.

    Args:
        x: A tensor; integers become floatx.
        b: The smoothness.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.squareplus`.
    """
    return smooth.squareplus(to_float(x), b)


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` outside of `[-threshold, threshold]`, else 0.

    Args:
        x: A tensor; integers become floatx.
        threshold: The border.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.hard_shrink`.
    """
    return rectifiers.hard_shrink(to_float(x), threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`, and 0 in between.

    Args:
        x: A tensor; integers become floatx.
        threshold: The distance.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.soft_shrink`.
    """
    return rectifiers.soft_shrink(to_float(x), threshold)


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` above a threshold, else a default value.

    Args:
        x: A tensor; integers become floatx.
        threshold: The border.
        default_value: What replaces smaller values.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.threshold`.
    """
    return rectifiers.threshold(to_float(x), threshold, default_value)


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """The projection onto the probability simplex.

    Args:
        x: A tensor; integers become floatx.
        axis: The axis of the classes.

    Returns:
        A tensor of the same shape; many elements are 0.

    Reference: `keras.ops.sparsemax`; Martins and Astudillo, 2016.
    """
    return rectifiers.sparsemax(to_float(x), axis)


@op("keras.ops.softmax")
def _softmax(x: TensorLike, axis: Any) -> Array:
    """The lowering of `keras.ops.softmax`."""
    return jax.nn.softmax(x, axis)


def softmax(x: Any, axis: Any = -1) -> Tensor:
    """`exp(x)` divided by its sum along axes.

    Args:
        x: A tensor; integers become floatx.
        axis: The axis or axes of the classes; all of them if None.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.softmax`.
    """
    x = to_float(x)
    if isinstance(axis, int):
        return low.softmax(x, axis)
    return _softmax(x, axis)


@op("keras.ops.log_softmax")
def _log_softmax(x: TensorLike, axis: Any) -> Array:
    """The lowering of `keras.ops.log_softmax`."""
    return jax.nn.log_softmax(x, axis)


def log_softmax(x: Any, axis: Any = -1) -> Tensor:
    """The logarithm of the softmax.

    Args:
        x: A tensor; integers become floatx.
        axis: The axis or axes of the classes; all of them if None.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.log_softmax`.
    """
    return _log_softmax(to_float(x), axis)


@op("keras.ops.one_hot", differentiable=False)
def _one_hot(x: TensorLike, classes: int, axis: int, dtype: Any) -> Array:
    """The lowering of `keras.ops.one_hot`."""
    return jax.nn.one_hot(
        x.astype(jnp.int32), classes, dtype=as_dtype(dtype).np_dtype, axis=axis
    )


def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """Class indices as vectors with a single 1.

    Args:
        x: Integers; those outside of the classes give zeros.
        num_classes: The number of classes.
        axis: Where the axis of the classes stands.
        dtype: The dtype; floatx if None.
        sparse: Only False: the result is dense.

    Returns:
        A tensor with one more axis.

    Raises:
        ValueError: `sparse` is True.

    Reference: `keras.ops.one_hot`.
    """
    _dense("one_hot", sparse)
    return _one_hot(
        convert_to_tensor(x), int(num_classes), axis, standardize_dtype(dtype)
    )


def _dense(name: str, sparse: bool) -> None:
    if sparse:
        raise ValueError(
            f"keras.ops.{name}: expected sparse=False. Received: sparse=True. Convert "
            "the dense result with tf.sparse.from_dense."
        )


@op("keras.ops.multi_hot", differentiable=False)
def _multi_hot(x: TensorLike, classes: int, axis: int, dtype: Any) -> Array:
    """The lowering of `keras.ops.multi_hot`."""
    hot = jax.nn.one_hot(x, classes, dtype=as_dtype(dtype).np_dtype, axis=axis)
    return jnp.max(hot, 1 if x.ndim > 1 else 0)


def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """Lists of class indices as vectors with a 1 for each of them.

    Args:
        inputs: Integers `(N,)` or `(B, N)`.
        num_classes: The number of classes.
        axis: Where the axis of the classes stands.
        dtype: The dtype; floatx if None.
        sparse: Only False: the result is dense.
        **kwargs: The old name `num_tokens` of `num_classes`.

    Returns:
        A tensor `(num_classes,)` or `(B, num_classes)`.

    Raises:
        ValueError: `num_classes` is missing, or `sparse` is True.

    Reference: `keras.ops.multi_hot`.
    """
    classes = kwargs.pop("num_tokens", num_classes)
    _dense("multi_hot", sparse)
    if classes is None or kwargs:
        raise ValueError(
            "keras.ops.multi_hot: expected `num_classes`. Received: "
            f"{sorted(kwargs) or 'None'}. Argument `num_classes` must be specified."
        )
    return _multi_hot(
        convert(inputs, "int32"), int(classes), axis, standardize_dtype(dtype)
    )


def _format(data_format: str | None) -> str:
    last = standardize_data_format(data_format) == "channels_last"
    return "NHWC" if last else "NCHW"


def depth_to_space(
    x: Any, block_size: int, data_format: str = "channels_last"
) -> Tensor:
    """Moves groups of channels into blocks of pixels.

    Args:
        x: Images `(B, H, W, C)`, or `(B, C, H, W)`.
        block_size: The side of a block.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        Larger images with fewer channels.

    Reference: `keras.ops.depth_to_space`.
    """
    return lookup.depth_to_space(convert_to_tensor(x), block_size, _format(data_format))


def space_to_depth(
    x: Any, block_size: int, data_format: str = "channels_last"
) -> Tensor:
    """Moves blocks of pixels into channels.

    Args:
        x: Images `(B, H, W, C)`, or `(B, C, H, W)`.
        block_size: The side of a block.
        data_format: `"channels_last"` or `"channels_first"`.

    Returns:
        Smaller images with more channels.

    Reference: `keras.ops.space_to_depth`.
    """
    return lookup.space_to_depth(convert_to_tensor(x), block_size, _format(data_format))
