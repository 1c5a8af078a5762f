"""Activations made of straight pieces: ReLU and its relatives, and shrinkage."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.trace import Recipe
from lamina.ops.nn.batch_norm import relu_of_batch_norm


def _relu(x: Array) -> Array:
    return jnp.where(x > 0, x, jnp.zeros_like(x))


def _relu6(x: Array) -> Array:
    six = jnp.asarray(6, x.dtype)
    return jnp.where(x >= six, six, _relu(x))


def _join(
    slope: float, cap: float | None, threshold: float, recipe: Recipe | None
) -> Any:
    plain = not slope and cap is None and not threshold
    return relu_of_batch_norm(recipe) if plain else None


@op("keras.activations.relu", join=_join)
def relu(
    x: TensorLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Array:
    """`max(x, 0)`, with an optional slope below, cap above, and threshold.

    Values above `threshold` are kept, up to `max_value`; the others become
    `negative_slope * (x - threshold)`.

    Args:
        x: A real tensor of any shape.
        negative_slope: The slope below the threshold.
        max_value: The largest output, or None.
        threshold: Where the function leaves its lower part.

    Returns:
        A tensor of the shape and dtype of `x`. The gradient at 0 is 0.

    Reference: `keras.activations.relu`.
    """
    lower: Any = jnp.zeros_like(x)
    upper: Any
    if negative_slope:
        if max_value is None and not threshold:
            return jnp.where(x > 0, x, x * jnp.asarray(negative_slope, x.dtype))
        lower = _relu(threshold - x).astype(x.dtype)
        lower = lower * jnp.asarray(negative_slope, x.dtype)
    if threshold:
        upper = jnp.where(x > threshold, x, jnp.zeros_like(x))
    elif max_value == 6:
        upper, max_value = _relu6(x), None
    else:
        upper = _relu(x)
    if max_value is not None:
        cap = jnp.asarray(max_value, x.dtype)
        upper = jnp.where(upper > cap, cap, upper)
    return upper - lower


@op("keras.activations.leaky_relu")
def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Array:
    """`x` where it is positive, `negative_slope * x` elsewhere.

    Args:
        x: A real tensor of any shape.
        negative_slope: The slope for negative values.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.leaky_relu`.
    """
    return jnp.where(x > 0, x, x * jnp.asarray(negative_slope, x.dtype))


@op("keras.activations.relu6")
def relu6(x: TensorLike) -> Array:
    """`min(max(x, 0), 6)`.

    Args:
        x: A real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`. The gradient is 0 at 0 and at 6.

    Reference: `keras.activations.relu6`.
    """
    return _relu6(x)


@op("keras.activations.threshold")
def threshold(x: TensorLike, threshold: float, default_value: float) -> Array:
    """`x` where it exceeds `threshold`, `default_value` elsewhere.

    Args:
        x: A real tensor of any shape.
        threshold: The bound, itself excluded.
        default_value: What replaces the other values.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.threshold`.
    """
    return jnp.where(x > threshold, x, jnp.asarray(default_value, x.dtype))


@op("keras.activations.hard_tanh")
def hard_tanh(x: TensorLike) -> Array:
    """`x` clipped to `[-1, 1]`.

    Args:
        x: A real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.hard_tanh`.
    """
    one = jnp.ones((), x.dtype)
    return jnp.where(x > one, one, jnp.where(x < -one, -one, x))


@op("keras.activations.hard_sigmoid")
def hard_sigmoid(x: TensorLike) -> Array:
    """`relu6(x + 3) / 6`: 0 up to -3, 1 from 3 on, a line between.

    Args:
        x: A real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.hard_sigmoid` of Keras 3 (Keras 2 used
    `0.2 * x + 0.5`, clipped).
    """
    return _relu6(x + jnp.asarray(3, x.dtype)) / jnp.asarray(6, x.dtype)


@op("keras.activations.hard_silu")
def hard_silu(x: TensorLike) -> Array:
    """`x * hard_sigmoid(x)`, also called hard swish.

    Args:
        x: A real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.hard_silu`; Howard et al., "MobileNetV3" (2019).
    """
    return x * hard_sigmoid.lower(x)


@op("keras.activations.hard_shrink")
def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Array:
    """`x` where `|x|` exceeds `threshold`, 0 elsewhere.

    Args:
        x: A real tensor of any shape.
        threshold: The bound of the zero part.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.hard_shrink`.
    """
    return jnp.where(jnp.abs(x) > threshold, x, jnp.zeros_like(x))


@op("keras.activations.soft_shrink")
def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Array:
    """`x` moved towards 0 by `threshold`, and 0 where it would cross.

    Args:
        x: A real tensor of any shape.
        threshold: How far values move.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.soft_shrink`.
    """
    amount = jnp.asarray(threshold, x.dtype)
    inner = jnp.where(x < -amount, x + amount, jnp.zeros_like(x))
    return jnp.where(x > amount, x - amount, inner)


@op("keras.activations.sparse_plus")
def sparse_plus(x: TensorLike) -> Array:
    """0 up to -1, `(x + 1) ** 2 / 4` between -1 and 1, `x` from 1 on.

    Args:
        x: A real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.sparse_plus`.
    """
    middle = jnp.square(x + 1) * jnp.asarray(0.25, x.dtype)
    return jnp.where(x <= -1, jnp.zeros_like(x), jnp.where(x < 1, middle, x))


@op("keras.activations.sparse_sigmoid")
def sparse_sigmoid(x: TensorLike) -> Array:
    """0 up to -1, `(x + 1) / 2` between -1 and 1, 1 from 1 on.

    Args:
        x: A real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.sparse_sigmoid`.
    """
    middle = (x + 1) * jnp.asarray(0.5, x.dtype)
    upper = jnp.where(x >= 1, jnp.ones_like(x), middle)
    return jnp.where(x <= -1, jnp.zeros_like(x), upper)


@op("keras.activations.sparsemax")
def sparsemax(x: TensorLike, axis: int = -1) -> Array:
    """The point of the probability simplex nearest to `x`, with exact zeros.

    Args:
        x: A real tensor.
        axis: The axis along which the output sums to 1.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.activations.sparsemax`; Martins and Astudillo, 2016.
    """
    x = jnp.moveaxis(x, axis, -1)
    descending = -jnp.sort(-x, axis=-1)
    sums = jnp.cumsum(descending, axis=-1)
    ranks = jnp.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    support = descending - (sums - 1) / ranks > 0
    count = jnp.sum(support, axis=-1, keepdims=True)
    total = jnp.sum(
        jnp.where(support, descending, jnp.zeros_like(x)), axis=-1, keepdims=True
    )
    bound = (total - 1) / count.astype(x.dtype)
    return jnp.moveaxis(_relu(x - bound), -1, axis)
