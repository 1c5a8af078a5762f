"""Comparisons and logic: tensors of ``bool`` from tensors."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.ops.checks import FLOAT, REAL, check_broadcast, namespace

_BOOL = (dtypes.bool,)


def _as_bool(values: Array) -> Array:
    """Comparing object arrays on the host can give Python bools."""
    return values if hasattr(values, "shape") else np.asarray(values, np.bool_)


@op("equal")
def equal(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether the elements are equal, ``x == y``.

    Args:
        x: a tensor of any dtype, strings included.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.equal``.
    """
    check_broadcast("tf.equal", x, y)
    return _as_bool(x == y)


@op("not_equal")
def not_equal(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether the elements differ, ``x != y``.

    Args:
        x: a tensor of any dtype, strings included.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.not_equal``.
    """
    check_broadcast("tf.not_equal", x, y)
    return _as_bool(x != y)


@op("less", dtypes=REAL)
def less(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether ``x < y``, elementwise.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.less``.
    """
    check_broadcast("tf.less", x, y)
    return x < y


@op("less_equal", dtypes=REAL)
def less_equal(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether ``x <= y``, elementwise.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.less_equal``.
    """
    check_broadcast("tf.less_equal", x, y)
    return x <= y


@op("greater", dtypes=REAL)
def greater(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether ``x > y``, elementwise.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.greater``.
    """
    check_broadcast("tf.greater", x, y)
    return x > y


@op("greater_equal", dtypes=REAL)
def greater_equal(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether ``x >= y``, elementwise.

    Args:
        x: a real tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.greater_equal``.
    """
    check_broadcast("tf.greater_equal", x, y)
    return x >= y


@op("logical_and", dtypes=_BOOL)
def logical_and(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether both are true.

    Args:
        x: a ``bool`` tensor.
        y: a ``bool`` tensor whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Reference: ``tf.logical_and``.
    """
    check_broadcast("tf.logical_and", x, y)
    return x & y


@op("logical_or", dtypes=_BOOL)
def logical_or(x: Same, y: Same, name: str | None = None) -> Array:
    """Whether at least one is true.

    Args:
        x: a ``bool`` tensor.
        y: a ``bool`` tensor whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Reference: ``tf.logical_or``.
    """
    check_broadcast("tf.logical_or", x, y)
    return x | y


@op("math.logical_xor", dtypes=_BOOL)
def logical_xor(x: Same, y: Same, name: str | None = "LogicalXor") -> Array:
    """Whether exactly one is true.

    Args:
        x: a ``bool`` tensor.
        y: a ``bool`` tensor whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the broadcast shape.

    Reference: ``tf.math.logical_xor``.
    """
    check_broadcast("tf.math.logical_xor", x, y)
    return x ^ y


@op("logical_not", dtypes=_BOOL)
def logical_not(x: TensorLike, name: str | None = None) -> Array:
    """Whether the element is false.

    Args:
        x: a ``bool`` tensor.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the same shape.

    Reference: ``tf.logical_not``.
    """
    return ~x


@op("math.is_nan", dtypes=FLOAT)
def is_nan(x: TensorLike, name: str | None = None) -> Array:
    """Whether the element is not a number.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the same shape.

    Reference: ``tf.math.is_nan``.
    """
    return jnp.isnan(x)


@op("math.is_inf", dtypes=FLOAT)
def is_inf(x: TensorLike, name: str | None = None) -> Array:
    """Whether the element is plus or minus infinity.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the same shape.

    Reference: ``tf.math.is_inf``.
    """
    return jnp.isinf(x)


@op("math.is_finite", dtypes=FLOAT)
def is_finite(x: TensorLike, name: str | None = None) -> Array:
    """Whether the element is neither infinite nor NaN.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A ``bool`` tensor of the same shape.

    Reference: ``tf.math.is_finite``.
    """
    return jnp.isfinite(x)


@op("math.is_non_decreasing", dtypes=REAL)
def is_non_decreasing(x: TensorLike, name: str | None = None) -> Array:
    """Whether no element is smaller than the one before it.

    Args:
        x: a real tensor, read in row-major order.
        name: a name scope.

    Returns:
        A ``bool`` scalar; True for fewer than two elements.

    Reference: ``tf.math.is_non_decreasing``.
    """
    flat = x.reshape(-1)
    return namespace(x).all(flat[1:] >= flat[:-1])


@op("math.is_strictly_increasing", dtypes=REAL)
def is_strictly_increasing(x: TensorLike, name: str | None = None) -> Array:
    """Whether each element is larger than the one before it.

    Args:
        x: a real tensor, read in row-major order.
        name: a name scope.

    Returns:
        A ``bool`` scalar; True for fewer than two elements.

    Reference: ``tf.math.is_strictly_increasing``.
    """
    flat = x.reshape(-1)
    return namespace(x).all(flat[1:] > flat[:-1])
