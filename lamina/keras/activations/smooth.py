"""Smooth activations: sigmoids, tanh, exponential units, softmax."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.nn import activations

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def linear(x: Any) -> Any:
    """The identity: returns `x` itself.

    Reference: `keras.activations.linear`.
    """
    return x


def array_softmax(x: Array, axis: Any = -1) -> Array:
    """The softmax of a raw array over one or several axes."""
    return jax.nn.softmax(x, axis=axis)


@op("keras.activations.softmax")
def _softmax(x: TensorLike, axis: Any = -1) -> Array:
    """The softmax over one or several axes."""
    return array_softmax(x, axis)


def softmax(x: Any, axis: Any = -1) -> Tensor:
    """`exp(x) / sum(exp(x))` along `axis`: positive values that sum to 1.

    Args:
        x: A floating tensor.
        axis: The axis, a tuple of axes, or None for all of them.

    Returns:
        A tensor of the shape and dtype of `x`. It remembers its input, so that the
        cross-entropy losses can work on the logits, which is more accurate.

    Reference: `keras.activations.softmax`.
    """
    x = convert_to_tensor(x)
    output = _softmax(x, axis)
    output._keras_logits = x
    return output


@op("keras.activations.log_softmax")
def log_softmax(x: TensorLike, axis: int | None = -1) -> Array:
    """The logarithm of the softmax, computed without overflow.

    Args:
        x: A floating tensor.
        axis: The axis, or None for all of them.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.log_softmax`.
    """
    return jax.nn.log_softmax(x, axis=axis)


def array_sigmoid(x: Array) -> Array:
    """The logistic function of a raw array."""
    return jax.nn.sigmoid(x)


@op("keras.activations.sigmoid")
def _sigmoid(x: TensorLike) -> Array:
    """The logistic function."""
    return array_sigmoid(x)


def sigmoid(x: Any) -> Tensor:
    """`1 / (1 + exp(-x))`.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`. It remembers its input, so that the
        cross-entropy losses can work on the logits, which is more accurate.

    Reference: `keras.activations.sigmoid`.
    """
    x = convert_to_tensor(x)
    output = _sigmoid(x)
    output._keras_logits = x
    return output


@op("keras.activations.log_sigmoid")
def log_sigmoid(x: TensorLike) -> Array:
    """`log(sigmoid(x))`, computed without overflow.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.log_sigmoid`.
    """
    return jax.nn.log_sigmoid(x)


@op("keras.activations.tanh")
def tanh(x: TensorLike) -> Array:
    """The hyperbolic tangent.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.tanh`.
    """
    return jnp.tanh(x)


@op("keras.activations.tanh_shrink")
def tanh_shrink(x: TensorLike) -> Array:
    """`x - tanh(x)`.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.tanh_shrink`.
    """
    return x - jnp.tanh(x)


@op("keras.activations.exponential")
def exponential(x: TensorLike) -> Array:
    """`exp(x)`.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.exponential`.
    """
    return jnp.exp(x)


def _elu(x: Array) -> Array:
    # The inner selection keeps large x out of expm1, whose gradient would be inf * 0.
    return jnp.where(x > 0, x, jnp.expm1(jnp.where(x > 0, jnp.zeros_like(x), x)))


@op("keras.activations.elu")
def elu(x: TensorLike, alpha: float = 1.0) -> Array:
    """`x` where it is positive, `alpha * (exp(x) - 1)` elsewhere.

    Args:
        x: A floating tensor of any shape.
        alpha: Minus the limit for large negative values.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.elu`; Clevert et al., 2016.
    """
    y = _elu(x)
    return y if alpha == 1 else jnp.where(x > 0, y, y * jnp.asarray(alpha, x.dtype))


@op("keras.activations.selu")
def selu(x: TensorLike) -> Array:
    """The self-normalising ELU: `1.0507 * elu(x, alpha=1.6733)`.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.selu`; Klambauer et al., 2017.
    """
    y = _elu(x)
    lower = y * jnp.asarray(_SELU_ALPHA * _SELU_SCALE, x.dtype)
    return jnp.where(x >= 0, y * jnp.asarray(_SELU_SCALE, x.dtype), lower)


@op("keras.activations.celu")
def celu(x: TensorLike, alpha: float = 1.0) -> Array:
    """`x` where it is positive, `alpha * (exp(x / alpha) - 1)` elsewhere.

    Args:
        x: A floating tensor of any shape.
        alpha: Minus the limit for large negative values.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.celu`; Barron, 2017.
    """
    scale = jnp.asarray(alpha, x.dtype)
    return jnp.where(x > 0, x, scale * _elu(x / scale))


@op("keras.activations.softplus")
def softplus(x: TensorLike) -> Array:
    """`log(1 + exp(x))`, computed without overflow.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.softplus`.
    """
    return jax.nn.softplus(x)


@op("keras.activations.softsign")
def softsign(x: TensorLike) -> Array:
    """`x / (1 + |x|)`.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.softsign`.
    """
    return x / (1 + jnp.abs(x))


@op("keras.activations.squareplus")
def squareplus(x: TensorLike, b: float = 4) -> Array:
    """`(x + sqrt(x ** 2 + b)) / 2`.

    Args:
        x: A floating tensor of any shape.
        b: How smooth the bend at 0 is.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.squareplus`; Barron, 2021.
    """
    return (x + jnp.sqrt(jnp.square(x) + jnp.asarray(b, x.dtype))) / 2


@op("keras.activations.silu")
def silu(x: TensorLike) -> Array:
    """`x * sigmoid(x)`, also called swish.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.silu`; Ramachandran et al., 2017.
    """
    return x * jax.nn.sigmoid(x)


@op("keras.activations.gelu")
def gelu(x: TensorLike, approximate: bool = False) -> Array:
    """`x * P(X <= x)` for a standard normal `X`.

    Args:
        x: A floating tensor of any shape.
        approximate: Whether to use the tanh approximation.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.gelu`; Hendrycks and Gimpel, 2016.
    """
    return activations.gelu.lower(x, approximate)


@op("keras.activations.mish")
def mish(x: TensorLike) -> Array:
    """`x * tanh(softplus(x))`.

    Args:
        x: A floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.mish`; Misra, 2019.
    """
    return x * jnp.tanh(jax.nn.softplus(x))


@op("keras.activations.glu")
def glu(x: TensorLike, axis: int = -1) -> Array:
    """The first half of `x` along `axis` times the sigmoid of the second half.

    Args:
        x: A floating tensor whose size along `axis` is even.
        axis: The axis that is halved.

    Returns:
        A tensor of the dtype of `x`, half as large along `axis`.

    Raises:
        InvalidArgumentError: The size along `axis` is odd.

    Reference: `keras.activations.glu`; Dauphin et al., 2017.
    """
    if x.shape[axis] % 2:
        raise InvalidArgumentError.of(
            "keras.activations.glu",
            expected="an even size along `axis` (axis size must be divisible by 2)",
            received=f"x.shape={tuple(x.shape)} with axis={axis}",
            hint="Pad or project the input to an even size.",
        )
    value, gate = jnp.split(x, 2, axis=axis)
    return value * jax.nn.sigmoid(gate)
