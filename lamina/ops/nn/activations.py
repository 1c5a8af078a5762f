"""Activation functions of ``tf.nn``."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.kernels.gelu import exact_gelu
from lamina.ops.checks import FLOAT, REAL
from lamina.ops.nn.batch_norm import relu_of_batch_norm

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@op("nn.relu", dtypes=REAL, join=lambda name, recipe: relu_of_batch_norm(recipe))
def relu(features: TensorLike, name: str | None = None) -> Array:
    """``max(features, 0)``, with gradient 0 at 0.

    Args:
        features: a real tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Example:
        >>> tf.nn.relu([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]

    Reference: ``tf.nn.relu``.
    """
    return jax.nn.relu(features)


@op("nn.relu6", dtypes=REAL)
def relu6(features: TensorLike, name: str | None = None) -> Array:
    """``min(max(features, 0), 6)``, with gradient 0 at both ends.

    Args:
        features: a real tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.nn.relu6``; Krizhevsky, "Convolutional deep belief networks on
    CIFAR-10", 2010.
    """
    inside = (features > 0) & (features < 6)
    top = jnp.asarray(6, features.dtype)
    return jnp.where(inside, features, jnp.where(features > 0, top, 0))


@op("nn.leaky_relu", dtypes=REAL)
def leaky_relu(
    features: TensorLike, alpha: float = 0.2, name: str | None = None
) -> Array:
    """``features`` where positive, else ``alpha * features``.

    Args:
        features: a real tensor; integers become float32.
        alpha: the slope for negative values.
        name: a name scope.

    Returns:
        A floating tensor of the same shape.

    Reference: ``tf.nn.leaky_relu``; Maas et al., 2013.
    """
    x = features if _floating(features) else features.astype(jnp.float32)
    return jnp.where(x > 0, x, x * np.asarray(alpha, x.dtype))


@op("nn.elu", dtypes=FLOAT)
def elu(features: TensorLike, name: str | None = None) -> Array:
    """``features`` where positive, else ``exp(features) - 1``.

    Args:
        features: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.nn.elu``; Clevert et al., 2015.
    """
    return jax.nn.elu(features)


@op("nn.selu", dtypes=FLOAT)
def selu(features: TensorLike, name: str | None = None) -> Array:
    """The scaled exponential linear unit, which keeps mean 0 and variance 1.

    Args:
        features: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.nn.selu``; Klambauer et al., 2017.
    """
    alpha = np.asarray(_SELU_ALPHA, features.dtype)
    return np.asarray(_SELU_SCALE, features.dtype) * jax.nn.elu(features, alpha)


@op("nn.gelu", dtypes=FLOAT, float_input=True)
def gelu(
    features: TensorLike, approximate: bool = False, name: str | None = None
) -> Array:
    """``x * P(X <= x)`` for a standard normal X.

    Args:
        features: a floating tensor.
        approximate: whether to use the formula with ``tanh`` instead of ``erf``.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.nn.gelu``; Hendrycks and Gimpel, 2016.
    """
    if approximate:
        return jax.nn.gelu(features, approximate=True)
    return exact_gelu(features)


@op("nn.softplus", dtypes=FLOAT, float_input=True)
def softplus(features: TensorLike, name: str | None = None) -> Array:
    """``log(1 + exp(features))``, without overflow.

    Args:
        features: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.softplus``.
    """
    return jax.nn.softplus(features)


@op("nn.softsign", dtypes=FLOAT)
def softsign(features: TensorLike, name: str | None = None) -> Array:
    """``features / (1 + |features|)``.

    Args:
        features: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.nn.softsign``.
    """
    return jax.nn.soft_sign(features)


@op("nn.silu", dtypes=FLOAT, float_input=True)
def silu(features: TensorLike, beta: float = 1.0, name: str | None = None) -> Array:
    """``features * sigmoid(beta * features)``, also called swish.

    Args:
        features: a floating tensor.
        beta: the factor inside the sigmoid.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.nn.silu``; Ramachandran et al., 2017.
    """
    return features * jax.nn.sigmoid(np.asarray(beta, features.dtype) * features)


@op("nn.crelu", dtypes=REAL)
def crelu(features: TensorLike, axis: int = -1, name: str | None = None) -> Array:
    """The ReLU of ``features`` and of ``-features``, side by side.

    Args:
        features: a real tensor.
        axis: the axis along which the two are concatenated.
        name: a name scope.

    Returns:
        A tensor that is twice as long along ``axis``.

    Reference: ``tf.nn.crelu``; Shang et al., 2016.
    """
    return jax.nn.relu(jnp.concatenate([features, -features], axis))


@op("nn.softmax", dtypes=FLOAT)
def softmax(logits: TensorLike, axis: Any = None, name: str | None = None) -> Array:
    """``exp(logits)`` divided by its sum along an axis, without overflow.

    Args:
        logits: a floating tensor of rank at least 1.
        axis: the axis whose elements sum to 1; the last where None.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: for a scalar, an integer dtype or a wrong axis.

    Example:
        >>> tf.nn.softmax([1.0, 1.0]).numpy().tolist()
        [0.5, 0.5]

    Reference: ``tf.nn.softmax``.
    """
    return jax.nn.softmax(logits, _class_axis("tf.nn.softmax", logits, axis))


@op("nn.log_softmax", dtypes=FLOAT)
def log_softmax(logits: TensorLike, axis: Any = None, name: str | None = None) -> Array:
    """The logarithm of the softmax: ``logits - logsumexp(logits)``.

    Args:
        logits: a floating tensor of rank at least 1.
        axis: the axis of the classes; the last where None.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: for a scalar, an integer dtype or a wrong axis.

    Reference: ``tf.nn.log_softmax``.
    """
    return jax.nn.log_softmax(logits, _class_axis("tf.nn.log_softmax", logits, axis))


def _floating(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.floating))


def _class_axis(name: str, logits: Any, axis: Any) -> Any:
    """The axis of the classes, checked against the rank."""
    if logits.ndim == 0:
        raise ShapeError.of(
            name,
            expected="logits of rank at least 1",
            received="a scalar",
            hint="Put the logits of one example into a vector.",
        )
    chosen = -1 if axis is None else axis
    for one in chosen if isinstance(chosen, tuple) else (chosen,):
        if not -logits.ndim <= one < logits.ndim:
            raise InvalidArgumentError.of(
                name,
                expected=f"axis in [-{logits.ndim}, {logits.ndim})",
                received=f"axis={axis} for logits of shape {tuple(logits.shape)}",
                hint="Use axis=-1 for the last dimension.",
            )
    return chosen
