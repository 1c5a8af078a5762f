"""Normalisations of ``tf.nn`` and the moments that they use."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.ops.checks import FLOAT, FLOAT_OR_COMPLEX, NUMERIC
from lamina.ops.math.arithmetic import spread


def reduction_axes(name: str, axes: Any, ndim: int) -> tuple[int, ...] | None:
    """Axes as a tuple, checked against the rank; None stays None.

    Raises:
        InvalidArgumentError: for an axis outside of the tensor.
    """
    if axes is None:
        return None
    found = (axes,) if isinstance(axes, int) else tuple(int(axis) for axis in axes)
    if any(not -ndim <= axis < ndim for axis in found):
        raise InvalidArgumentError.of(
            name,
            expected=f"axes in [-{ndim}, {ndim})",
            received=f"axes={axes} for a tensor of rank {ndim}",
            hint="Count axes from 0, or from the end with negative numbers.",
        )
    return found


@op("nn.moments", dtypes=NUMERIC)
def moments(
    x: TensorLike,
    axes: Any,
    shift: Any = None,
    keepdims: bool = False,
    name: str | None = None,
) -> tuple[Array, Array]:
    """The mean and the variance of a tensor along axes.

    Args:
        x: a numeric tensor; half precision is summed in float32.
        axes: the axes over which to reduce, an int or ints.
        shift: accepted for compatibility; TensorFlow ignores it, too.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        ``(mean, variance)`` of the dtype of ``x``.

    Raises:
        InvalidArgumentError: for an axis outside of ``x``.

    Example:
        >>> [float(m) for m in tf.nn.moments(tf.constant([1.0, 3.0]), [0])]
        [2.0, 1.0]

    Reference: ``tf.nn.moments``.
    """
    found = reduction_axes("tf.nn.moments", axes, x.ndim)
    wide = x.astype(jnp.float32) if x.dtype.itemsize < 4 and _inexact(x) else x
    mean = _mean(wide, found)
    difference = wide - lax.stop_gradient(mean)
    square = difference * (jnp.conj(difference) if _complex(x) else difference)
    variance = _mean(square, found)
    if not keepdims:
        mean, variance = (jnp.squeeze(value, found) for value in (mean, variance))
    return mean.astype(x.dtype), variance.astype(x.dtype)


def _mean(x: Array, axes: tuple[int, ...] | None) -> Array:
    """The mean with kept axes; of integers rounded down, as TensorFlow does."""
    mean = jnp.mean(x, axes, keepdims=True)
    return mean.astype(x.dtype)


def _inexact(x: Array) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.floating))


def _complex(x: Array) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.complexfloating))


@op("nn.weighted_moments")
def weighted_moments(
    x: TensorLike,
    axes: Any,
    frequency_weights: TensorLike,
    keepdims: bool = False,
    name: str | None = None,
) -> tuple[Array, Array]:
    """The weighted mean and variance of a tensor along axes.

    Args:
        x: a floating tensor.
        axes: the axes over which to reduce.
        frequency_weights: weights that broadcast with ``x``.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        ``(mean, variance)`` of the dtype of ``x``.

    Reference: ``tf.nn.weighted_moments``.
    """
    found = reduction_axes("tf.nn.weighted_moments", axes, x.ndim)
    half = x.dtype.itemsize < 4
    wide = x.astype(jnp.float32) if half else x
    weights = frequency_weights.astype(wide.dtype)
    total = jnp.sum(
        jnp.broadcast_to(weights, jnp.broadcast_shapes(weights.shape, x.shape)),
        found,
        keepdims=True,
    )
    mean = jnp.sum(weights * wide, found, keepdims=True) / total
    square = weights * jnp.square(wide - lax.stop_gradient(mean))
    variance = jnp.sum(square, found, keepdims=True) / total
    if not keepdims:
        mean, variance = (jnp.squeeze(value, found) for value in (mean, variance))
    return mean.astype(x.dtype), variance.astype(x.dtype)


@op("nn.sufficient_statistics", dtypes=FLOAT)
def sufficient_statistics(
    x: TensorLike,
    axes: Any,
    shift: TensorLike | None = None,
    keepdims: bool = False,
    name: str | None = None,
) -> tuple[Array, ...]:
    """The count, sum and sum of squares along axes, from which moments follow.

    Args:
        x: a floating tensor.
        axes: the axes over which to reduce.
        shift: a value subtracted before squaring, for numerical stability.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        ``(count, sum, sum of squares, shift)``; without ``shift`` the last is None in
        TensorFlow and missing here.

    Reference: ``tf.nn.sufficient_statistics``.
    """
    found = reduction_axes("tf.nn.sufficient_statistics", axes, x.ndim)
    every = range(x.ndim) if found is None else found
    count = 1
    for axis in every:
        count *= x.shape[axis]
    moved = x if shift is None else x - shift
    total = jnp.sum(moved, found, keepdims=keepdims)
    squares = jnp.sum(jnp.square(moved), found, keepdims=keepdims)
    result = (jnp.asarray(count, x.dtype), total, squares)
    return result if shift is None else (*result, shift)


@op("nn.normalize_moments")
def normalize_moments(
    counts: TensorLike,
    mean_ss: TensorLike,
    variance_ss: TensorLike,
    shift: TensorLike | None,
    name: str | None = None,
) -> tuple[Array, Array]:
    """The mean and variance from sufficient statistics.

    Args:
        counts: the number of elements.
        mean_ss: their (shifted) sum.
        variance_ss: the sum of their (shifted) squares.
        shift: the shift, or None.
        name: a name scope.

    Returns:
        ``(mean, variance)``.

    Reference: ``tf.nn.normalize_moments``.
    """
    shifted = mean_ss / counts
    variance = variance_ss / counts - jnp.square(shifted)
    return (shifted if shift is None else shifted + shift), variance


@op("nn.batch_normalization")
def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    offset: TensorLike | None,
    scale: TensorLike | None,
    variance_epsilon: TensorLike,
    name: str | None = None,
) -> Array:
    """``scale * (x - mean) / sqrt(variance + epsilon) + offset``.

    Args:
        x: a floating tensor.
        mean: the mean; broadcasts with ``x``, as do the others.
        variance: the variance.
        offset: what is added, or None.
        scale: the factor, or None.
        variance_epsilon: a small number that keeps the root away from 0.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``x``.

    Reference: ``tf.nn.batch_normalization``; Ioffe and Szegedy, 2015.
    """
    inverse = lax.rsqrt(variance + variance_epsilon.astype(variance.dtype))
    if scale is not None:
        inverse = inverse * scale
    added = -mean * inverse if offset is None else offset - mean * inverse
    return x * inverse.astype(x.dtype) + added.astype(x.dtype)


@op("nn.l2_normalize", dtypes=FLOAT_OR_COMPLEX)
def l2_normalize(
    x: TensorLike,
    axis: Any = None,
    epsilon: float = 1e-12,
    name: str | None = None,
    dim: Any = None,
) -> Array:
    """``x / sqrt(max(sum(x**2), epsilon))`` along axes.

    Args:
        x: a floating or complex tensor.
        axis: the axes over which squares are summed; all where None.
        epsilon: the least sum of squares.
        name: a name scope.
        dim: the old name of ``axis``.

    Returns:
        A tensor of the shape and dtype of ``x``.

    Raises:
        InvalidArgumentError: for an axis outside of ``x``.

    Reference: ``tf.math.l2_normalize``.
    """
    found = reduction_axes("tf.nn.l2_normalize", dim if axis is None else axis, x.ndim)
    squares = jnp.square(x.real) + jnp.square(x.imag) if _complex(x) else jnp.square(x)
    total = jnp.sum(squares, found, keepdims=True)
    least = jnp.asarray(epsilon, total.dtype)
    safe = jnp.where(total >= least, total, least)
    return x * lax.rsqrt(safe).astype(x.dtype)


@op("nn.lrn", dtypes=FLOAT)
def local_response_normalization(
    input: TensorLike,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: str | None = None,
) -> Array:
    """Divides by a power of the squares of neighbouring channels.

    Args:
        input: ``(B, H, W, C)``.
        depth_radius: how many channels to each side take part.
        bias: what is added to the sum of squares.
        alpha: the factor of the sum of squares.
        beta: the exponent.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if ``input`` is not of rank 4.

    Reference: ``tf.nn.local_response_normalization``; Krizhevsky et al., 2012.
    """
    if input.ndim != 4:
        raise ShapeError.of(
            "tf.nn.local_response_normalization",
            expected="input of rank 4: (batch, height, width, channels)",
            received=f"input of shape {tuple(input.shape)}",
            hint="Add the missing dimensions with tf.expand_dims.",
        )
    radius = int(depth_radius)
    edges = ((0, 0),) * 3 + ((radius, radius),)
    zero = np.zeros((), input.dtype)
    squares = lax.reduce_window(
        jnp.square(input), zero, lax.add, (1, 1, 1, 2 * radius + 1), (1,) * 4, edges
    )
    return input / jnp.power(bias + alpha * squares, beta).astype(input.dtype)


@op("nn.bias_add", dtypes=NUMERIC)
def bias_add(
    value: Same, bias: Same, data_format: str | None = None, name: str | None = None
) -> Array:
    """Adds a vector to the channels of a tensor.

    Args:
        value: a tensor of rank at least 2 with its channels last, or directly after
            the batch if ``data_format`` starts with ``"NC"``.
        bias: a vector, one element a channel.
        data_format: a string; None means channels last.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``value``.

    Raises:
        InvalidArgumentError: if the sizes differ, or for a scalar or vector ``value``.
        ValueError: for a data format that does not start with ``"N"``.

    Reference: ``tf.nn.bias_add``.
    """
    if data_format is not None and not str(data_format).startswith("N"):
        raise InvalidArgumentError.of(
            "tf.nn.bias_add",
            expected="a data_format such as 'NHWC' or 'NCHW'",
            received=f"data_format={data_format!r}",
            hint="It starts with N; C follows directly for channels first.",
        )
    first = data_format is not None and str(data_format).startswith("NC")
    if value.ndim < 2 or bias.ndim != 1:
        raise ShapeError.of(
            "tf.nn.bias_add",
            expected="a value of rank at least 2 and a vector bias",
            received=f"value of shape {tuple(value.shape)}, bias of shape "
            f"{tuple(bias.shape)}",
            hint="Input tensor must be at least 2D; use + for other ranks.",
        )
    channels = value.shape[1 if first else -1]
    if bias.shape[0] != channels:
        raise ShapeError.of(
            "tf.nn.bias_add",
            expected=f"a bias of {channels} elements, one for each channel",
            received=f"value of shape {tuple(value.shape)}, bias of shape "
            f"{tuple(bias.shape)}",
            hint="Check data_format and the size of the bias.",
        )
    if first:
        bias = bias.reshape((-1,) + (1,) * (value.ndim - 2))
    return value + spread(value.shape, bias)[0]
