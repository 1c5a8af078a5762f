"""Functions of one tensor, element by element: signs, roots, rounding, waves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from lamina.engine.op import Array, TensorLike, op
from lamina.ops.checks import (
    FLOAT,
    FLOAT_OR_COMPLEX,
    NUMERIC,
    SIGNED,
)

_SIGNED_NUMERIC = FLOAT_OR_COMPLEX + SIGNED


@jax.custom_jvp
def _magnitude(x: Array) -> Array:
    return jnp.abs(x)


@_magnitude.defjvp
def _magnitude_jvp(
    primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    return _magnitude(x), jnp.sign(x) * dx


@op("abs", dtypes=_SIGNED_NUMERIC)
def absolute(x: TensorLike, name: str | None = None) -> Array:
    """The absolute value; of complex numbers the modulus.

    Args:
        x: a signed integer, floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape; complex input gives its real dtype. The gradient at
        zero is zero.

    Reference: ``tf.abs``.
    """
    return jnp.abs(x) if jnp.iscomplexobj(x) else _magnitude(x)


@op("negative", dtypes=_SIGNED_NUMERIC)
def negative(x: TensorLike, name: str | None = None) -> Array:
    """The negated value, ``-x``.

    Args:
        x: a signed integer, floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.negative``.
    """
    return -x


@op("sign", dtypes=_SIGNED_NUMERIC)
def sign(x: TensorLike, name: str | None = None) -> Array:
    """-1, 0 or 1 after the sign; of complex numbers ``x / |x|``, and 0 at 0.

    Args:
        x: a signed integer, floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.sign``.
    """
    return jnp.sign(x)


@op("square", dtypes=NUMERIC)
def square(x: TensorLike, name: str | None = None) -> Array:
    """The square, ``x * x``.

    Args:
        x: a numeric tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.square``.
    """
    return x * x


@op("sqrt", dtypes=FLOAT_OR_COMPLEX)
def sqrt(x: TensorLike, name: str | None = None) -> Array:
    """The square root.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.sqrt``. The gradient at zero is infinite, as there.
    """
    return jnp.sqrt(x)


@op("math.rsqrt", dtypes=FLOAT_OR_COMPLEX)
def rsqrt(x: TensorLike, name: str | None = None) -> Array:
    """One over the square root.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.rsqrt``.
    """
    return lax.rsqrt(x)


@op("math.reciprocal", dtypes=FLOAT_OR_COMPLEX)
def reciprocal(x: TensorLike, name: str | None = None) -> Array:
    """One over the value.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.reciprocal``.
    """
    return 1 / x


@op("exp", dtypes=FLOAT_OR_COMPLEX)
def exp(x: TensorLike, name: str | None = None) -> Array:
    """The exponential function.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.exp``.
    """
    return jnp.exp(x)


@op("math.expm1", dtypes=FLOAT_OR_COMPLEX)
def expm1(x: TensorLike, name: str | None = None) -> Array:
    """``exp(x) - 1``, exact also for small ``x``.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.expm1``.
    """
    return jnp.expm1(x)


@op("math.log", dtypes=FLOAT_OR_COMPLEX)
def log(x: TensorLike, name: str | None = None) -> Array:
    """The natural logarithm.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.log``.
    """
    return jnp.log(x)


@op("math.log1p", dtypes=FLOAT_OR_COMPLEX)
def log1p(x: TensorLike, name: str | None = None) -> Array:
    """``log(1 + x)``, exact also for small ``x``.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.log1p``.
    """
    return jnp.log1p(x)


@op("round", dtypes=NUMERIC, differentiable=False)
def round_half_even(x: TensorLike, name: str | None = None) -> Array:
    """The nearest whole number; halves go to the even one.

    Args:
        x: a numeric tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype. No gradient flows.

    Reference: ``tf.round``.
    """
    return jnp.round(x)


@op("math.rint", dtypes=FLOAT, differentiable=False)
def rint(x: TensorLike, name: str | None = None) -> Array:
    """The nearest whole number; halves go to the even one.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype. No gradient flows.

    Reference: ``tf.math.rint``.
    """
    return jnp.round(x)


@op("floor", dtypes=FLOAT, differentiable=False)
def floor(x: TensorLike, name: str | None = None) -> Array:
    """The largest whole number not above ``x``.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype. No gradient flows.

    Reference: ``tf.floor``.
    """
    return jnp.floor(x)


@op("math.ceil", dtypes=FLOAT, differentiable=False)
def ceil(x: TensorLike, name: str | None = None) -> Array:
    """The smallest whole number not below ``x``.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype. No gradient flows.

    Reference: ``tf.math.ceil``.
    """
    return jnp.ceil(x)


@op("sin", dtypes=FLOAT_OR_COMPLEX)
def sin(x: TensorLike, name: str | None = None) -> Array:
    """The sine of an angle in radians.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.sin``.
    """
    return jnp.sin(x)


@op("cos", dtypes=FLOAT_OR_COMPLEX)
def cos(x: TensorLike, name: str | None = None) -> Array:
    """The cosine of an angle in radians.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.cos``.
    """
    return jnp.cos(x)


@op("tan", dtypes=FLOAT_OR_COMPLEX)
def tan(x: TensorLike, name: str | None = None) -> Array:
    """The tangent of an angle in radians.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.tan``.
    """
    return jnp.tan(x)


@op("asin", dtypes=FLOAT_OR_COMPLEX)
def asin(x: TensorLike, name: str | None = None) -> Array:
    """The angle whose sine is ``x``, in radians.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.asin``.
    """
    return jnp.arcsin(x)


@op("acos", dtypes=FLOAT_OR_COMPLEX)
def acos(x: TensorLike, name: str | None = None) -> Array:
    """The angle whose cosine is ``x``, in radians.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.acos``.
    """
    return jnp.arccos(x)


@op("atan", dtypes=FLOAT_OR_COMPLEX)
def atan(x: TensorLike, name: str | None = None) -> Array:
    """The angle whose tangent is ``x``, in radians.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.atan``.
    """
    return jnp.arctan(x)


@op("sinh", dtypes=FLOAT_OR_COMPLEX)
def sinh(x: TensorLike, name: str | None = None) -> Array:
    """The hyperbolic sine.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.sinh``.
    """
    return jnp.sinh(x)


@op("cosh", dtypes=FLOAT_OR_COMPLEX)
def cosh(x: TensorLike, name: str | None = None) -> Array:
    """The hyperbolic cosine.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.cosh``.
    """
    return jnp.cosh(x)


@op("tanh", dtypes=FLOAT_OR_COMPLEX)
def tanh(x: TensorLike, name: str | None = None) -> Array:
    """The hyperbolic tangent.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.tanh``.
    """
    return jnp.tanh(x)


@op("asinh", dtypes=FLOAT_OR_COMPLEX)
def asinh(x: TensorLike, name: str | None = None) -> Array:
    """The inverse of the hyperbolic sine.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.asinh``.
    """
    return jnp.arcsinh(x)


@op("acosh", dtypes=FLOAT_OR_COMPLEX)
def acosh(x: TensorLike, name: str | None = None) -> Array:
    """The inverse of the hyperbolic cosine.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.acosh``.
    """
    return jnp.arccosh(x)


@op("atanh", dtypes=FLOAT_OR_COMPLEX)
def atanh(x: TensorLike, name: str | None = None) -> Array:
    """The inverse of the hyperbolic tangent.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.atanh``.
    """
    return jnp.arctanh(x)


@op("sigmoid", dtypes=FLOAT_OR_COMPLEX)
def sigmoid(x: TensorLike, name: str | None = None) -> Array:
    """The logistic function ``1 / (1 + exp(-x))``.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.sigmoid``.
    """
    return lax.logistic(x)


@op("math.log_sigmoid", dtypes=FLOAT)
def log_sigmoid(x: TensorLike, name: str | None = None) -> Array:
    """The logarithm of the logistic function, without overflow.

    Args:
        x: a floating tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.log_sigmoid``.
    """
    return -jax.nn.softplus(-x)


@op("math.reciprocal_no_nan", dtypes=FLOAT_OR_COMPLEX)
def reciprocal_no_nan(x: TensorLike, name: str | None = None) -> Array:
    """One over the value, and zero where the value is zero.

    Args:
        x: a floating or complex tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.math.reciprocal_no_nan``.
    """
    return jnp.where(x == 0, jnp.zeros((), x.dtype), 1 / jnp.where(x == 0, 1, x))
