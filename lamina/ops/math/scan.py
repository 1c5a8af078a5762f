"""Running sums, products and log-sum-exps along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.engine.op import Array, TensorLike, op
from lamina.ops.checks import FLOAT, NUMERIC, axis_index


def _running(
    name: str,
    function: Callable[..., Array],
    x: Array,
    axis: Any,
    exclusive: bool,
    reverse: bool,
    neutral: float,
) -> Array:
    """Applies a running function; exclusive ones leave out the element itself."""
    place = axis_index(name, axis, x.ndim)
    if x.ndim == 0:
        return jnp.full_like(x, neutral) if exclusive else x
    if exclusive and x.shape[place]:
        widths = [(0, 0, 0)] * x.ndim
        widths[place] = (-1, 1, 0) if reverse else (1, -1, 0)
        x = lax.pad(x, jnp.asarray(neutral, x.dtype), widths)
    return function(x, axis=place, reverse=bool(reverse))


@op("cumsum", dtypes=NUMERIC)
def cumsum(
    x: TensorLike,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Array:
    """The running sum along an axis.

    Args:
        x: a numeric tensor.
        axis: the axis.
        exclusive: whether each sum leaves out its own element.
        reverse: whether to sum from the end.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the axis is out of range.

    Reference: ``tf.cumsum``.
    """
    return _running("tf.cumsum", lax.cumsum, x, axis, exclusive, reverse, 0)


@op("math.cumprod", dtypes=NUMERIC)
def cumprod(
    x: TensorLike,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Array:
    """The running product along an axis.

    Args:
        x: a numeric tensor.
        axis: the axis.
        exclusive: whether each product leaves out its own element.
        reverse: whether to multiply from the end.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the axis is out of range.

    Reference: ``tf.math.cumprod``. The gradient is right also where an element is
    zero; TensorFlow gives zero there.
    """
    return _running("tf.math.cumprod", lax.cumprod, x, axis, exclusive, reverse, 1)


@op("math.cumulative_logsumexp", dtypes=FLOAT)
def cumulative_logsumexp(
    x: TensorLike,
    axis: Any = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Array:
    """The logarithm of the running sum of exponentials along an axis.

    Args:
        x: a floating tensor.
        axis: the axis.
        exclusive: whether each sum leaves out its own element.
        reverse: whether to sum from the end.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype; of no elements, minus infinity.

    Raises:
        InvalidArgumentError: if the axis is out of range.

    Reference: ``tf.math.cumulative_logsumexp``.
    """
    return _running(
        "tf.math.cumulative_logsumexp",
        lax.cumlogsumexp,
        x,
        axis,
        exclusive,
        reverse,
        -math.inf,
    )
