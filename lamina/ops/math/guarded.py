"""Products and quotients that are zero where a factor is zero."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from lamina.engine.op import Array, Same, op
from lamina.ops.checks import FLOAT_OR_COMPLEX, NUMERIC, check_broadcast
from lamina.ops.math.arithmetic import quotient


@op("math.divide_no_nan", dtypes=NUMERIC)
def divide_no_nan(x: Same, y: Same, name: str | None = None) -> Array:
    """The quotient ``x / y``, and zero where ``y`` is zero.

    Args:
        x: a numeric tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape, of a floating dtype for integers as in
        ``tf.divide``, else of the same dtype. Where ``y`` is zero the gradients are
        zero too.

    Reference: ``tf.math.divide_no_nan``.
    """
    zero = y == 0
    result = quotient("tf.math.divide_no_nan", x, jnp.where(zero, 1, y).astype(y.dtype))
    return jnp.where(zero, jnp.zeros((), result.dtype), result)


@jax.custom_jvp
def _multiply_no_nan(x: Array, y: Array) -> Array:
    return jnp.where(y == 0, jnp.zeros((), x.dtype), x * y)


@_multiply_no_nan.defjvp
def _multiply_no_nan_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (x, y), (dx, dy) = primals, tangents
    return _multiply_no_nan(x, y), jnp.where(y == 0, 0, dx * y) + x * dy


@op("math.multiply_no_nan", dtypes=FLOAT_OR_COMPLEX)
def multiply_no_nan(x: Same, y: Same, name: str | None = None) -> Array:
    """The product ``x * y``, and zero where ``y`` is zero even if ``x`` is not finite.

    Args:
        x: a floating or complex tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.math.multiply_no_nan``.
    """
    check_broadcast("tf.math.multiply_no_nan", x, y)
    return _multiply_no_nan(x, y)


@op("math.xlogy", dtypes=FLOAT_OR_COMPLEX)
def xlogy(x: Same, y: Same, name: str | None = None) -> Array:
    """``x * log(y)``, and zero where ``x`` is zero.

    Args:
        x: a floating or complex tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.math.xlogy``.
    """
    check_broadcast("tf.math.xlogy", x, y)
    zero = x == 0
    return jnp.where(zero, jnp.zeros((), x.dtype), x * jnp.log(jnp.where(zero, 1, y)))


@op("math.xlog1py", dtypes=FLOAT_OR_COMPLEX)
def xlog1py(x: Same, y: Same, name: str | None = None) -> Array:
    """``x * log(1 + y)``, and zero where ``x`` is zero.

    Args:
        x: a floating or complex tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.math.xlog1py``.
    """
    check_broadcast("tf.math.xlog1py", x, y)
    zero = x == 0
    return jnp.where(zero, jnp.zeros((), x.dtype), x * jnp.log1p(jnp.where(zero, 0, y)))


@op("math.xdivy", dtypes=FLOAT_OR_COMPLEX)
def xdivy(x: Same, y: Same, name: str | None = None) -> Array:
    """``x / y``, and zero where ``x`` is zero.

    Args:
        x: a floating or complex tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.math.xdivy``.
    """
    check_broadcast("tf.math.xdivy", x, y)
    zero = x == 0
    return jnp.where(zero, jnp.zeros((), x.dtype), x / jnp.where(zero, 1, y))
