"""Special functions: error, gamma, beta and Bessel functions."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.checks import FLOAT, check_broadcast
from lamina.ops.math.arithmetic import add, multiply


@op("math.erf", dtypes=FLOAT)
def erf(x: TensorLike, name: str | None = None) -> Array:
    """The error function.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.erf``.
    """
    return jax.scipy.special.erf(x)


@op("math.erfc", dtypes=FLOAT)
def erfc(x: TensorLike, name: str | None = None) -> Array:
    """One minus the error function, exact also for large values.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.erfc``.
    """
    return jax.scipy.special.erfc(x)


@op("math.erfinv", dtypes=FLOAT)
def erfinv(x: TensorLike, name: str | None = None) -> Array:
    """The inverse of the error function.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.erfinv``.
    """
    return jax.scipy.special.erfinv(x)


@op("math.erfcinv", dtypes=FLOAT)
def erfcinv(x: TensorLike, name: str | None = None) -> Array:
    """The inverse of the complementary error function.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.erfcinv``.
    """
    return jax.scipy.special.ndtri(0.5 * x) * (-math.sqrt(0.5))


@op("math.ndtri", dtypes=FLOAT)
def ndtri(x: TensorLike, name: str | None = None) -> Array:
    """The quantile function of the standard normal distribution.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.ndtri``.
    """
    return jax.scipy.special.ndtri(x)


@op("math.lgamma", dtypes=FLOAT)
def lgamma(x: TensorLike, name: str | None = None) -> Array:
    """The logarithm of the absolute value of the gamma function.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.lgamma``.
    """
    return lax.lgamma(x)


@op("math.digamma", dtypes=FLOAT)
def digamma(x: TensorLike, name: str | None = None) -> Array:
    """The derivative of ``lgamma``.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.digamma``.
    """
    return lax.digamma(x)


@op("math.bessel_i0", dtypes=FLOAT)
def bessel_i0(x: TensorLike, name: str | None = None) -> Array:
    """The modified Bessel function of order 0.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.bessel_i0``.
    """
    return jax.scipy.special.i0(x)


@op("math.bessel_i0e", dtypes=FLOAT)
def bessel_i0e(x: TensorLike, name: str | None = None) -> Array:
    """The modified Bessel function of order 0, times ``exp(-|x|)``.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.bessel_i0e``.
    """
    return jax.scipy.special.i0e(x)


@op("math.bessel_i1", dtypes=FLOAT)
def bessel_i1(x: TensorLike, name: str | None = None) -> Array:
    """The modified Bessel function of order 1.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.bessel_i1``.
    """
    return jax.scipy.special.i1(x)


@op("math.bessel_i1e", dtypes=FLOAT)
def bessel_i1e(x: TensorLike, name: str | None = None) -> Array:
    """The modified Bessel function of order 1, times ``exp(-|x|)``.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.bessel_i1e``.
    """
    return jax.scipy.special.i1e(x)


@op("math.igamma", dtypes=FLOAT)
def igamma(a: Same, x: Same, name: str | None = None) -> Array:
    """The lower regularised incomplete gamma function.

    Args:
        a: a floating tensor.
        x: a tensor of the same dtype whose shape broadcasts with that of ``a``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.math.igamma``.
    """
    check_broadcast("tf.math.igamma", a, x)
    return lax.igamma(*jnp.broadcast_arrays(a, x))


@op("math.igammac", dtypes=FLOAT)
def igammac(a: Same, x: Same, name: str | None = None) -> Array:
    """The upper regularised incomplete gamma function.

    Args:
        a: a floating tensor.
        x: a tensor of the same dtype whose shape broadcasts with that of ``a``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.math.igammac``.
    """
    check_broadcast("tf.math.igammac", a, x)
    return lax.igammac(*jnp.broadcast_arrays(a, x))


@op("math.polygamma", dtypes=FLOAT)
def polygamma(a: Same, x: Same, name: str | None = None) -> Array:
    """The derivative of order ``a`` of ``digamma``.

    Args:
        a: a floating tensor.
        x: a tensor of the same dtype whose shape broadcasts with that of ``a``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.math.polygamma``.
    """
    check_broadcast("tf.math.polygamma", a, x)
    return lax.polygamma(*jnp.broadcast_arrays(lax.stop_gradient(a), x))


@jax.custom_jvp
def _zeta(x: Array, q: Array) -> Array:
    return lax.zeta(x, q)


@_zeta.defjvp
def _zeta_jvp(
    primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (x, q), (_, dq) = primals, tangents
    return _zeta(x, q), -x * _zeta(x + 1, q) * dq


@op("math.zeta", dtypes=FLOAT)
def zeta(x: Same, q: Same, name: str | None = None) -> Array:
    """The Hurwitz zeta function.

    Args:
        x: a floating tensor.
        q: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.math.zeta``.
    """
    check_broadcast("tf.math.zeta", x, q)
    return _zeta(*jnp.broadcast_arrays(x, q))


@op("math.betainc", dtypes=FLOAT)
def betainc(a: Same, b: Same, x: Same, name: str | None = None) -> Array:
    """The regularised incomplete beta function.

    Args:
        a: a positive floating tensor.
        b: a positive tensor of the same dtype.
        x: a tensor of the same dtype with values from 0 to 1; the shapes broadcast.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.math.betainc``.
    """
    check_broadcast("tf.math.betainc", a, b, x)
    a, b = lax.stop_gradient(a), lax.stop_gradient(b)
    return lax.betainc(*jnp.broadcast_arrays(a, b, x))


@op("math.lbeta", dtypes=FLOAT)
def lbeta(x: TensorLike, name: str | None = None) -> Array:
    """The logarithm of the absolute value of the beta function over the last axis.

    Args:
        x: a floating tensor of shape ``(..., K)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(...)``.

    Reference: ``tf.math.lbeta``.
    """
    return jnp.sum(lax.lgamma(x), axis=-1) - lax.lgamma(jnp.sum(x, axis=-1))


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The value of a polynomial, by Horner's rule.

    Args:
        coeffs: a list of tensors of one dtype, the highest power first.
        x: a tensor of the same dtype.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape; zeros if there are no coefficients.

    Raises:
        ValueError: if ``coeffs`` is not a list.

    Reference: ``tf.math.polyval``.
    """
    if not isinstance(coeffs, list):
        raise InvalidArgumentError.of(
            "tf.math.polyval",
            expected="a list of coefficients",
            received=f"Argument coeffs must be list type. {type(coeffs).__name__}",
            hint="Put the coefficients in a list.",
        )
    x = convert_to_tensor(x)
    if not coeffs:
        return multiply(x, 0)
    total = convert_to_tensor(coeffs[0], x.dtype)
    for coefficient in coeffs[1:]:
        total = add(coefficient, multiply(total, x), name=name)
    return total
