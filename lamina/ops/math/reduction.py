"""Reductions: sums, means, extrema, logic and positions over axes."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import DTypeError, InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.ops.checks import (
    FLOAT,
    NUMERIC,
    REAL,
    axes_tuple,
    axis_index,
    text,
)

_BOOL = (dtypes.bool,)


def _count(x: Array, axes: tuple[int, ...]) -> int:
    return math.prod(x.shape[i] for i in axes)


def _extremum(name: str, x: Array, axis: Any, keepdims: bool, largest: bool) -> Array:
    """The largest or smallest element; of nothing, the dtype's other limit."""
    axes = axes_tuple(name, axis, x.ndim)
    function = jnp.max if largest else jnp.min
    if _count(x, axes):
        return function(x, axis=axes, keepdims=bool(keepdims))
    dtype = dtypes.from_np(x.dtype)
    if dtype.is_floating:
        start: Any = -math.inf if largest else math.inf
    else:
        start = dtype.min if largest else dtype.max
    return function(x, axis=axes, keepdims=bool(keepdims), initial=start)


def _mean(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    if jnp.issubdtype(x.dtype, jnp.inexact):
        if not _count(x, axes):
            return jnp.sum(x, axis=axes, keepdims=keepdims) / jnp.zeros((), x.dtype)
        return jnp.mean(x, axis=axes, keepdims=keepdims)
    total = jnp.sum(x, axis=axes, keepdims=keepdims, dtype=x.dtype)
    count = max(_count(x, axes), 1)
    return jax.lax.div(total, jnp.full(total.shape, count, total.dtype))


def _variance(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    offset = x - _mean(x, axes, True)
    squares = (offset * jnp.conj(offset)).real if jnp.iscomplexobj(x) else offset**2
    return _mean(squares, axes, keepdims)


def _no_integers(name: str, x: Array) -> None:
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise DTypeError.of(
            name,
            expected="a floating or complex tensor",
            received="Input must be either real or complex. Received integer type "
            f"{dtypes.from_np(x.dtype).name}",
            hint="Cast it with tf.cast.",
        )


@op("reduce_sum", dtypes=NUMERIC)
def reduce_sum(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The sum over axes.

    Args:
        input_tensor: a numeric tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_sum``.
    """
    axes = axes_tuple("tf.reduce_sum", axis, input_tensor.ndim)
    return jnp.sum(
        input_tensor, axis=axes, keepdims=bool(keepdims), dtype=input_tensor.dtype
    )


@op("reduce_mean", dtypes=NUMERIC)
def reduce_mean(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The mean over axes.

    Args:
        input_tensor: a numeric tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype; integer means are cut towards zero.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_mean``.
    """
    axes = axes_tuple("tf.reduce_mean", axis, input_tensor.ndim)
    return _mean(input_tensor, axes, bool(keepdims))


@op("reduce_max", dtypes=REAL)
def reduce_max(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The largest element over axes; NaN wins.

    Args:
        input_tensor: a real tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype. Equal largest elements share the gradient evenly.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_max``.
    """
    return _extremum("tf.reduce_max", input_tensor, axis, keepdims, True)


@op("reduce_min", dtypes=REAL)
def reduce_min(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The smallest element over axes; NaN wins.

    Args:
        input_tensor: a real tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype. Equal smallest elements share the gradient evenly.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_min``.
    """
    return _extremum("tf.reduce_min", input_tensor, axis, keepdims, False)


@op("reduce_prod", dtypes=NUMERIC)
def reduce_prod(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The product over axes.

    Args:
        input_tensor: a numeric tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_prod``.
    """
    axes = axes_tuple("tf.reduce_prod", axis, input_tensor.ndim)
    return jnp.prod(
        input_tensor, axis=axes, keepdims=bool(keepdims), dtype=input_tensor.dtype
    )


@op("reduce_all", dtypes=_BOOL)
def reduce_all(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """Whether all elements are true, over axes.

    Args:
        input_tensor: a ``bool`` tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A ``bool`` tensor.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_all``.
    """
    axes = axes_tuple("tf.reduce_all", axis, input_tensor.ndim)
    return jnp.all(input_tensor, axis=axes, keepdims=bool(keepdims))


@op("reduce_any", dtypes=_BOOL)
def reduce_any(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """Whether at least one element is true, over axes.

    Args:
        input_tensor: a ``bool`` tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A ``bool`` tensor.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_any``.
    """
    axes = axes_tuple("tf.reduce_any", axis, input_tensor.ndim)
    return jnp.any(input_tensor, axis=axes, keepdims=bool(keepdims))


@op("reduce_logsumexp", dtypes=FLOAT, float_input=True)
def reduce_logsumexp(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """``log(sum(exp(x)))`` over axes, without overflow.

    Args:
        input_tensor: a floating tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.reduce_logsumexp``.
    """
    axes = axes_tuple("tf.reduce_logsumexp", axis, input_tensor.ndim)
    return jax.nn.logsumexp(input_tensor, axis=axes, keepdims=bool(keepdims))


@op("math.reduce_variance")
def reduce_variance(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The variance over axes: the mean squared distance from the mean.

    Args:
        input_tensor: a floating or complex tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the real dtype.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.math.reduce_variance``.
    """
    _no_integers("tf.math.reduce_variance", input_tensor)
    axes = axes_tuple("tf.math.reduce_variance", axis, input_tensor.ndim)
    return _variance(input_tensor, axes, bool(keepdims))


@op("math.reduce_std")
def reduce_std(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The standard deviation over axes: the root of the variance.

    Args:
        input_tensor: a floating or complex tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the real dtype. The gradient is NaN where the deviation is zero.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.math.reduce_std``.
    """
    _no_integers("tf.math.reduce_std", input_tensor)
    axes = axes_tuple("tf.math.reduce_std", axis, input_tensor.ndim)
    return jnp.sqrt(_variance(input_tensor, axes, bool(keepdims)))


@op("math.reduce_euclidean_norm", dtypes=NUMERIC)
def reduce_euclidean_norm(
    input_tensor: TensorLike,
    axis: Any = None,
    keepdims: Any = False,
    name: str | None = None,
) -> Array:
    """The root of the sum of squares over axes.

    Args:
        input_tensor: a numeric tensor.
        axis: the axis or axes to reduce; all if None, none if empty.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: if an axis is out of range.

    Reference: ``tf.math.reduce_euclidean_norm``.
    """
    axes = axes_tuple("tf.math.reduce_euclidean_norm", axis, input_tensor.ndim)
    squares = input_tensor * jnp.conj(input_tensor)
    total = jnp.sum(squares, axis=axes, keepdims=bool(keepdims), dtype=squares.dtype)
    return jnp.sqrt(total).astype(input_tensor.dtype)


def _count_strings(
    input: Array,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Array:
    axes = axes_tuple("tf.math.count_nonzero", axis, input.ndim)
    kind = as_dtype(dtype).np_dtype
    found = np.asarray(input != b"")
    return np.asarray(np.sum(found, axis=axes, keepdims=bool(keepdims), dtype=kind))


@op("math.count_nonzero", differentiable=False, strings=_count_strings)
def count_nonzero(
    input: TensorLike,
    axis: Any = None,
    keepdims: Any = None,
    dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Array:
    """The number of elements that are not zero (True, or not empty), over axes.

    Args:
        input: a numeric, ``bool`` or string tensor.
        axis: the axis or axes to reduce; all if None.
        keepdims: whether reduced axes stay with size 1.
        dtype: the dtype of the result.
        name: a name scope.

    Returns:
        A tensor of ``dtype``.

    Reference: ``tf.math.count_nonzero``.
    """
    axes = axes_tuple("tf.math.count_nonzero", axis, input.ndim)
    kind = as_dtype(dtype).np_dtype
    return jnp.sum(input != 0, axis=axes, keepdims=bool(keepdims), dtype=kind)


def _position(name: str, x: Array, axis: Any, output_type: Any, largest: bool) -> Array:
    place = axis_index(name, 0 if axis is None else axis, x.ndim)
    kind = as_dtype(output_type)
    if x.ndim == 0:
        return jnp.zeros((), kind.np_dtype)
    if x.shape[place] == 0:
        raise InvalidArgumentError.of(
            name,
            expected="at least one element on the axis",
            received=f"Reduction axis {place} is empty in shape {text(x.shape)}",
            hint="Check for empty tensors first.",
        )
    function = jnp.argmax if largest else jnp.argmin
    return function(x, axis=place).astype(kind.np_dtype)


@op("argmax", differentiable=False)
def argmax(
    input: TensorLike,
    axis: Any = None,
    output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Array:
    """The position of the largest element along an axis; the first of equal ones.

    Args:
        input: a real or ``bool`` tensor.
        axis: the axis; 0 if None.
        output_type: the integer dtype of the result.
        name: a name scope.

    Returns:
        An integer tensor without that axis.

    Raises:
        InvalidArgumentError: if the axis is empty or out of range.

    Reference: ``tf.argmax``.
    """
    return _position("tf.argmax", input, axis, output_type, True)


@op("argmin", differentiable=False)
def argmin(
    input: TensorLike,
    axis: Any = None,
    output_type: Any = dtypes.int64,
    name: str | None = None,
) -> Array:
    """The position of the smallest element along an axis; the first of equal ones.

    Args:
        input: a real or ``bool`` tensor.
        axis: the axis; 0 if None.
        output_type: the integer dtype of the result.
        name: a name scope.

    Returns:
        An integer tensor without that axis.

    Raises:
        InvalidArgumentError: if the axis is empty or out of range.

    Reference: ``tf.argmin``.
    """
    return _position("tf.argmin", input, axis, output_type, False)
