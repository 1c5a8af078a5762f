"""`keras.ops` of one tensor, element by element."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.config import floatx
from lamina.keras.ops.promotion import convert, result_type, to_float, unary
from lamina.ops import bitwise
from lamina.ops.math import comparison
from lamina.ops.math import elementwise as elements
from lamina.ops.math import special as functions


def _absolute(x: Array) -> Array:
    return x if x.dtype.kind in "ub" else elements.absolute.lower(x)


absolute = unary("absolute", _absolute, "The absolute value.", "same")
abs = unary("abs", _absolute, "The absolute value.", "same")
fabs = unary("fabs", elements.absolute, "The absolute value, as a float.")
negative = unary("negative", lambda x: -x, "The negated value, `-x`.", "same")
sign = unary("sign", jnp.sign, "-1, 0 or 1 after the sign.", "number")
square = unary("square", elements.square, "The square, `x * x`.", "number")
sqrt = unary("sqrt", elements.sqrt, "The square root.")
rsqrt = unary("rsqrt", elements.rsqrt, "One divided by the square root.")
cbrt = unary("cbrt", jnp.cbrt, "The cube root.")
reciprocal = unary("reciprocal", elements.reciprocal, "One divided by `x`.")
exp = unary("exp", elements.exp, "e to the power `x`.")
exp2 = unary("exp2", jnp.exp2, "2 to the power `x`.")
expm1 = unary("expm1", elements.expm1, "`exp(x) - 1`, precise near 0.")
log = unary("log", elements.log, "The natural logarithm.")
log10 = unary("log10", jnp.log10, "The logarithm to base 10.")
log1p = unary("log1p", elements.log1p, "`log(1 + x)`, precise near 0.")
log2 = unary("log2", jnp.log2, "The logarithm to base 2.")
sin = unary("sin", elements.sin, "The sine of an angle in radians.")
cos = unary("cos", elements.cos, "The cosine of an angle in radians.")
tan = unary("tan", elements.tan, "The tangent of an angle in radians.")
arcsin = unary("arcsin", elements.asin, "The inverse sine, in radians.")
arccos = unary("arccos", elements.acos, "The inverse cosine, in radians.")
arctan = unary("arctan", elements.atan, "The inverse tangent, in radians.")
sinh = unary("sinh", elements.sinh, "The hyperbolic sine.")
cosh = unary("cosh", elements.cosh, "The hyperbolic cosine.")
tanh = unary("tanh", elements.tanh, "The hyperbolic tangent.")
arcsinh = unary("arcsinh", elements.asinh, "The inverse hyperbolic sine.")
arccosh = unary("arccosh", elements.acosh, "The inverse hyperbolic cosine.")
arctanh = unary("arctanh", elements.atanh, "The inverse hyperbolic tangent.")
deg2rad = unary("deg2rad", jnp.deg2rad, "An angle in degrees, in radians.")
rad2deg = unary("rad2deg", jnp.rad2deg, "An angle in radians, in degrees.")
sinc = unary("sinc", jnp.sinc, "`sin(pi x) / (pi x)`, and 1 at 0.")
i0 = unary("i0", jnp.i0, "The modified Bessel function of order 0.")
ceil = unary("ceil", elements.ceil, "The least integer not below `x`, as a float.")
floor = unary("floor", elements.floor, "The largest integer not above, as a float.")
trunc = unary(
    "trunc",
    lambda x: x if x.dtype.kind in "iub" else jnp.trunc(x),
    "The integer part, towards 0.",
    "same",
)
erf = unary("erf", functions.erf, "The error function.")
erfc = unary("erfc", functions.erfc, "One less the error function.")
erfinv = unary("erfinv", functions.erfinv, "The inverse of the error function.")

isnan = unary("isnan", comparison.is_nan, "Whether an element is not a number.")
isinf = unary("isinf", comparison.is_inf, "Whether an element is infinite.")
isfinite = unary("isfinite", comparison.is_finite, "Whether an element is finite.")
isposinf = unary("isposinf", jnp.isposinf, "Whether an element is +infinity.")
isneginf = unary("isneginf", jnp.isneginf, "Whether an element is -infinity.")
isreal = unary("isreal", jnp.isreal, "Whether the imaginary part is 0.", "same")
signbit = unary("signbit", jnp.signbit, "Whether the sign bit is set.", "number")
logical_not = unary(
    "logical_not", jnp.logical_not, "Whether an element is false or 0.", "same"
)

real = unary("real", jnp.real, "The real part.", "same")
imag = unary("imag", jnp.imag, "The imaginary part.", "same")
angle = unary("angle", jnp.angle, "The angle of a complex number, in radians.")
conj = unary("conj", jnp.conj, "The complex conjugate.", "same")
conjugate = unary("conjugate", jnp.conj, "The complex conjugate.", "same")
bitwise_invert = unary("bitwise_invert", bitwise.invert, "Every bit flipped.", "same")
bitwise_not = unary("bitwise_not", bitwise.invert, "Every bit flipped.", "same")


def round(x: Any, decimals: int = 0) -> Tensor:
    """Rounds to a number of decimals; halves go to the even neighbour.

    Args:
        x: A tensor.
        decimals: The number of decimals; negative ones round to tens, hundreds...

    Returns:
        A tensor of the same shape and dtype; booleans become floatx.

    Reference: `keras.ops.round`.
    """
    x = convert_to_tensor(x)
    if x.dtype.is_bool:
        x = convert(x, floatx())
    return _round(x, decimals)


@op("keras.ops.round")
def _round(x: TensorLike, decimals: int = 0) -> Array:
    """The lowering of `keras.ops.round`."""
    if x.dtype.kind in "iu":
        if decimals >= 0:
            return x
        unit = 10.0**-decimals
        return (jnp.round(x.astype(jnp.float64) / unit) * unit).astype(x.dtype)
    return jnp.round(x, decimals)


@op("keras.ops.clip")
def _clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Array:
    """The lowering of `keras.ops.clip`."""
    return jnp.minimum(jnp.maximum(x, x_min), x_max)


def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """Limits values to an interval.

    Args:
        x: A tensor.
        x_min: The least value; broadcasts with `x`.
        x_max: The largest value; broadcasts with `x`.

    Returns:
        A tensor of the broadcast shape.

    Reference: `keras.ops.clip`.
    """
    x = convert_to_tensor(x)
    parts = (x_min, x_max)
    dtype = result_type(
        x.dtype,
        *(
            getattr(p, "dtype", type(p))
            if not isinstance(p, list | tuple)
            else convert_to_tensor(p).dtype
            for p in parts
        ),
    )
    if dtype == "bool":
        dtype = "int32"
    return _clip(*(convert(value, dtype) for value in (x, *parts)))


@op("keras.ops.nan_to_num")
def _nan_to_num(x: TensorLike, nan: Any, posinf: Any, neginf: Any) -> Array:
    """The lowering of `keras.ops.nan_to_num`."""
    return jnp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Replaces what is not a finite number.

    Args:
        x: A tensor.
        nan: What replaces NaN.
        posinf: What replaces +infinity; the dtype's largest number if None.
        neginf: What replaces -infinity; the dtype's least number if None.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.nan_to_num`.
    """
    return _nan_to_num(convert_to_tensor(x), nan, posinf, neginf)


@op("keras.ops.view", differentiable=False)
def _view(x: TensorLike, dtype: Any) -> Array:
    """The lowering of `keras.ops.view`."""
    wanted = np.dtype(convert(0, dtype)._value.dtype)
    old, new = x.dtype.itemsize, wanted.itemsize
    if new > old:
        x = x.reshape(*x.shape[:-1], -1, new // old)
    out = lax.bitcast_convert_type(x, wanted)
    return out.reshape(*out.shape[:-2], -1) if new < old else out


def view(x: Any, dtype: Any = None) -> Tensor:
    """The same bits, read as another dtype.

    Args:
        x: A tensor.
        dtype: The dtype to read; that of `x` if None.

    Returns:
        A tensor of `dtype`; the last dimension changes with the dtype's size.

    Reference: `keras.ops.view`.
    """
    x = convert_to_tensor(x)
    if dtype is None or x.dtype == dtype:
        return x
    return _view(x, str(convert(0, dtype).dtype.name))


def view_as_complex(x: Any) -> Tensor:
    """Pairs of floats in the last dimension, as complex numbers.

    Args:
        x: A floating tensor `(..., 2)`.

    Returns:
        A complex tensor `(...)`.

    Raises:
        ValueError: The last dimension is not 2.

    Reference: `keras.ops.view_as_complex`.
    """
    x = to_float(x)
    if not x.shape or x.shape[-1] != 2:
        raise ValueError(
            "keras.ops.view_as_complex: expected a last dimension of 2. Received: "
            f"shape {tuple(x.shape)}. Stack real and imaginary parts with axis=-1."
        )
    return _join_parts(x)


@op("keras.ops.view_as_complex")
def _join_parts(x: TensorLike) -> Array:
    """The lowering of `keras.ops.view_as_complex`."""
    return lax.complex(x[..., 0], x[..., 1])


@op("keras.ops.view_as_real")
def view_as_real(x: TensorLike) -> Array:
    """Complex numbers as pairs of floats in a new last dimension.

    Args:
        x: A complex tensor `(...)`.

    Returns:
        A floating tensor `(..., 2)`.

    Reference: `keras.ops.view_as_real`.
    """
    return jnp.stack([x.real, x.imag], axis=-1)


def polar(abs_: Any, angle: Any) -> Tensor:
    """Complex numbers from absolute values and angles.

    Args:
        abs_: The absolute values.
        angle: The angles in radians.

    Returns:
        A complex tensor.

    Reference: `keras.ops.polar`.
    """
    return _polar(to_float(abs_), to_float(angle))


@op("keras.ops.polar")
def _polar(abs_: TensorLike, angle: TensorLike) -> Array:
    """The lowering of `keras.ops.polar`."""
    return lax.complex(abs_ * jnp.cos(angle), abs_ * jnp.sin(angle))
