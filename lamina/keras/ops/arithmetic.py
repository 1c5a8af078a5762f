"""`keras.ops` of two tensors that broadcast: arithmetic, comparison, logic, bits."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.ops.promotion import binary, convert, dtype_of, promote, result_type
from lamina.ops.math import arithmetic, comparison, guarded


class _Numeric:
    """The tf op for numbers, and a function of arrays for booleans."""

    def __init__(self, operation: Any, for_bool: Any, name: str) -> None:
        self.operation = operation
        self.other = op(f"keras.ops.{name}")(_two(for_bool))

    def pick(self, dtype: Any) -> Any:
        return self.other if dtype.is_bool else self.operation


def _two(function: Any) -> Any:
    def body(x1: TensorLike, x2: TensorLike) -> Array:
        """The lowering for booleans."""
        return function(x1, x2)

    return body


def _arithmetic(name: str, operation: Any, for_bool: Any, summary: str) -> Any:
    choice = _Numeric(operation, for_bool, name)

    def function(x1: Any, x2: Any) -> Tensor:
        if not (type(x1) is Tensor and type(x2) is Tensor and x1.dtype == x2.dtype):
            x1, x2 = promote(x1, x2)
        return choice.pick(x1.dtype)(x1, x2)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        x1: A tensor.\n        x2: A tensor that "
        "broadcasts with it.\n\n    Returns:\n        A tensor of the broadcast shape "
        f"and the promoted dtype.\n\n    Reference: `keras.ops.{name}`.\n    "
    )
    return function


add = _arithmetic("add", arithmetic.add, jnp.logical_or, "The sum, `x1 + x2`.")
subtract = _arithmetic(
    "subtract", arithmetic.subtract, jnp.subtract, "The difference, `x1 - x2`."
)
multiply = _arithmetic(
    "multiply", arithmetic.multiply, jnp.logical_and, "The product, `x1 * x2`."
)
maximum = _arithmetic(
    "maximum", arithmetic.maximum, jnp.maximum, "The larger of two elements."
)
minimum = _arithmetic(
    "minimum", arithmetic.minimum, jnp.minimum, "The smaller of two elements."
)
divide = binary("divide", arithmetic.divide, "The quotient, `x1 / x2`.", (float,))
true_divide = binary(
    "true_divide", arithmetic.divide, "The quotient, `x1 / x2`.", (float,)
)
divide_no_nan = binary(
    "divide_no_nan",
    guarded.divide_no_nan,
    "The quotient `x1 / x2`, and 0 where `x2` is 0.",
    (float,),
)
floor_divide = binary(
    "floor_divide", jnp.floor_divide, "The quotient rounded down.", (int,)
)
fmod = binary("fmod", jnp.fmod, "The remainder, with the sign of `x1`.", (int,))
power = binary("power", arithmetic.power, "`x1` to the power `x2`.", (int,))
fmax = binary("fmax", jnp.fmax, "The larger of two elements, ignoring NaN.")
fmin = binary("fmin", jnp.fmin, "The smaller of two elements, ignoring NaN.")
hypot = binary("hypot", jnp.hypot, "`sqrt(x1**2 + x2**2)`.", (float,))
arctan2 = binary(
    "arctan2", arithmetic.atan2, "The angle of the point `(x2, x1)`.", (float,)
)
logaddexp = binary("logaddexp", jnp.logaddexp, "`log(exp(x1) + exp(x2))`.", (float,))
logaddexp2 = binary("logaddexp2", jnp.logaddexp2, "`log2(2**x1 + 2**x2)`.", (float,))
heaviside = binary(
    "heaviside", jnp.heaviside, "0 below 0, 1 above 0, and `x2` at 0.", (float,)
)
nextafter = binary(
    "nextafter", jnp.nextafter, "The next float after `x1` towards `x2`.", (float,)
)
gcd = binary("gcd", jnp.gcd, "The greatest common divisor of integers.")
lcm = binary("lcm", jnp.lcm, "The least common multiple of integers.")

equal = binary("equal", comparison.equal, "Whether elements are equal.")
not_equal = binary("not_equal", comparison.not_equal, "Whether elements differ.")
less = binary("less", jnp.less, "Whether `x1 < x2`.")
less_equal = binary("less_equal", jnp.less_equal, "Whether `x1 <= x2`.")
greater = binary("greater", jnp.greater, "Whether `x1 > x2`.")
greater_equal = binary("greater_equal", jnp.greater_equal, "Whether `x1 >= x2`.")
logical_and = binary("logical_and", jnp.logical_and, "Whether both are true.")
logical_or = binary("logical_or", jnp.logical_or, "Whether one of them is true.")
logical_xor = binary("logical_xor", jnp.logical_xor, "Whether exactly one is true.")

bitwise_and = binary(
    "bitwise_and", jnp.bitwise_and, "The bits that both have.", (), "x", "y"
)
bitwise_or = binary(
    "bitwise_or", jnp.bitwise_or, "The bits that one of them has.", (), "x", "y"
)
bitwise_xor = binary(
    "bitwise_xor", jnp.bitwise_xor, "The bits that exactly one has.", (), "x", "y"
)
left_shift = binary(
    "left_shift", jnp.left_shift, "`x` with its bits moved up by `y`.", (int,), "x", "y"
)
right_shift = binary(
    "right_shift", jnp.right_shift, "`x` with its bits moved down.", (int,), "x", "y"
)
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift


_mod = binary("mod", jnp.mod, "The remainder.", (int,))


def mod(x1: Any, x2: Any) -> Tensor:
    """The remainder of a division, with the sign of `x2`.

    Args:
        x1: A tensor.
        x2: A tensor that broadcasts with it. A Python number does not adapt to `x1`
            here: an integer counts as int32.

    Returns:
        A tensor of the broadcast shape and the promoted dtype.

    Reference: `keras.ops.mod`.
    """
    return _mod(convert_to_tensor(x1), convert_to_tensor(x2))


@op("keras.ops.ldexp")
def _ldexp(x1: TensorLike, x2: TensorLike) -> Array:
    """The lowering of `keras.ops.ldexp`."""
    return x1 * jnp.exp2(x2.astype(x1.dtype))


def ldexp(x1: Any, x2: Any) -> Tensor:
    """`x1 * 2**x2`.

    Args:
        x1: A tensor.
        x2: Integer exponents that broadcast with it.

    Returns:
        A floating tensor of the broadcast shape.

    Raises:
        TypeError: `x2` is not of an integer dtype.

    Reference: `keras.ops.ldexp`.
    """
    x2 = convert_to_tensor(x2)
    if not x2.dtype.is_integer:
        raise TypeError(
            "keras.ops.ldexp: expected exponents `x2` of an integer dtype. Received: "
            f"{x2.dtype.name}. Cast them with keras.ops.cast(x2, 'int32')."
        )
    dtype = result_type(dtype_of(x1), float)
    return _ldexp(convert(x1, dtype), x2)


@op("keras.ops.isclose")
def _isclose(
    x1: TensorLike, x2: TensorLike, rtol: float, atol: float, equal_nan: bool
) -> Array:
    """The lowering of `keras.ops.isclose`."""
    return jnp.isclose(x1, x2, rtol, atol, equal_nan)


def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether `|x1 - x2| <= atol + rtol * |x2|`, element by element.

    Args:
        x1: A tensor.
        x2: A tensor that broadcasts with it.
        rtol: The relative tolerance.
        atol: The absolute tolerance.
        equal_nan: Whether NaN equals NaN.

    Returns:
        A boolean tensor of the broadcast shape.

    Reference: `keras.ops.isclose`.
    """
    return _isclose(*promote(x1, x2), rtol, atol, equal_nan)  # type: ignore[call-arg]


def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are close, as `isclose` defines it.

    Args:
        x1: A tensor.
        x2: A tensor that broadcasts with it.
        rtol: The relative tolerance.
        atol: The absolute tolerance.
        equal_nan: Whether NaN equals NaN.

    Returns:
        A boolean scalar.

    Reference: `keras.ops.allclose`.
    """
    return _everything(isclose(x1, x2, rtol, atol, equal_nan))


@op("keras.ops.allclose", differentiable=False)
def _everything(x: TensorLike) -> Array:
    """Whether all elements are true."""
    return jnp.all(x)


@op("keras.ops.isin", differentiable=False)
def _isin(x1: TensorLike, x2: TensorLike, assume_unique: bool, invert: bool) -> Array:
    """The lowering of `keras.ops.isin`."""
    return jnp.isin(x1, x2, assume_unique=assume_unique, invert=invert)


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of `x1` is one of the elements of `x2`.

    Args:
        x1: A tensor.
        x2: A tensor of any shape.
        assume_unique: Whether neither tensor has an element twice.
        invert: Whether to answer the opposite.

    Returns:
        A boolean tensor of the shape of `x1`.

    Reference: `keras.ops.isin`.
    """
    return _isin(*promote(x1, x2), assume_unique, invert)  # type: ignore[call-arg]
