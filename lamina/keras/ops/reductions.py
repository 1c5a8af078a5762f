"""`keras.ops` that reduce axes: sums, means, extremes, positions."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.ops.promotion import convert, promote, to_float

_SUM_DTYPES = {
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}


def _document(summary: str, extra: str, result: str, name: str) -> str:
    return (
        f"{summary}\n\n    Args:\n        x: A tensor.\n        axis: An axis or "
        f"several; all of them if None.\n        keepdims: Whether reduced axes stay "
        f"with size 1.\n{extra}\n    Returns:\n        {result}\n\n    Reference: "
        f"`keras.ops.{name}`.\n    "
    )


def _reduction(name: str, compute: Any, summary: str, ready: Any, result: str) -> Any:
    """A public function `(x, axis=None, keepdims=False)`."""

    def body(x: TensorLike, axis: Any, keepdims: bool) -> Any:
        return compute(x, axis=axis, keepdims=keepdims)

    body.__doc__ = f"The lowering of `keras.ops.{name}`."
    operation = op(f"keras.ops.{name}")(body)

    def function(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        return operation(ready(x), axis, keepdims)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _document(summary, "", result, name)
    return function


def for_sum(x: Any) -> Tensor:
    """A tensor in the dtype in which its elements are added."""
    x = convert_to_tensor(x)
    return convert(x, _SUM_DTYPES.get(x.dtype.name, x.dtype))


def _boolean(x: Any) -> Tensor:
    return convert(x, "bool")


def _in_float32(compute: Any) -> Any:
    """Half-precision values are reduced in float32."""

    def wide(x: Array, axis: Any, keepdims: bool) -> Array:
        if x.dtype.itemsize < 4 and x.dtype.kind != "c":
            out = compute(x.astype(jnp.float32), axis=axis, keepdims=keepdims)
            return out.astype(x.dtype)
        return compute(x, axis=axis, keepdims=keepdims)

    return wide


_SAME = "A tensor of the same dtype."
_FLOAT = "A floating tensor; integers become floatx."
_TRUTH = "A boolean tensor."
_WIDE = "A tensor; small integers become 32 bits wide."
sum = _reduction(
    "sum",
    lambda x, axis, keepdims: jnp.sum(x, axis, dtype=x.dtype, keepdims=keepdims),
    "The sum of elements.",
    for_sum,
    _WIDE,
)
nansum = _reduction(
    "nansum",
    lambda x, axis, keepdims: jnp.nansum(x, axis, dtype=x.dtype, keepdims=keepdims),
    "The sum of elements that are not NaN.",
    for_sum,
    _WIDE,
)
nanprod = _reduction(
    "nanprod",
    lambda x, axis, keepdims: jnp.nanprod(x, axis, dtype=x.dtype, keepdims=keepdims),
    "The product of elements that are not NaN.",
    for_sum,
    _WIDE,
)
mean = _reduction(
    "mean", _in_float32(jnp.mean), "The mean of elements.", to_float, _FLOAT
)
nanmean = _reduction(
    "nanmean",
    _in_float32(jnp.nanmean),
    "The mean of elements that are not NaN.",
    to_float,
    _FLOAT,
)
var = _reduction(
    "var", _in_float32(jnp.var), "The variance of elements.", to_float, _FLOAT
)
nanvar = _reduction(
    "nanvar",
    _in_float32(jnp.nanvar),
    "The variance of elements that are not NaN.",
    to_float,
    _FLOAT,
)
std = _reduction(
    "std", _in_float32(jnp.std), "The standard deviation of elements.", to_float, _FLOAT
)
nanstd = _reduction(
    "nanstd",
    _in_float32(jnp.nanstd),
    "The standard deviation of elements that are not NaN.",
    to_float,
    _FLOAT,
)
median = _reduction("median", jnp.median, "The median of elements.", to_float, _FLOAT)
nanmedian = _reduction(
    "nanmedian",
    jnp.nanmedian,
    "The median of elements that are not NaN.",
    to_float,
    _FLOAT,
)
amax = _reduction("amax", jnp.max, "The largest element.", convert_to_tensor, _SAME)
amin = _reduction("amin", jnp.min, "The least element.", convert_to_tensor, _SAME)
nanmax = _reduction(
    "nanmax",
    jnp.nanmax,
    "The largest element that is not NaN.",
    convert_to_tensor,
    _SAME,
)
nanmin = _reduction(
    "nanmin", jnp.nanmin, "The least element that is not NaN.", convert_to_tensor, _SAME
)
ptp = _reduction(
    "ptp", jnp.ptp, "The largest element less the least.", convert_to_tensor, _SAME
)
all = _reduction("all", jnp.all, "Whether all elements are true.", _boolean, _TRUTH)
any = _reduction("any", jnp.any, "Whether some element is true.", _boolean, _TRUTH)


def _place(compute: Any) -> Any:
    def first(x: Array, axis: Any, keepdims: bool) -> Array:
        return compute(x, axis=axis, keepdims=keepdims).astype(jnp.int32)

    return first


_INDEX = "An int32 tensor of positions; in the flattened tensor if `axis` is None."
argmax = _reduction(
    "argmax",
    _place(jnp.argmax),
    "Where the largest element stands.",
    convert_to_tensor,
    _INDEX,
)
argmin = _reduction(
    "argmin",
    _place(jnp.argmin),
    "Where the least element stands.",
    convert_to_tensor,
    _INDEX,
)
nanargmax = _reduction(
    "nanargmax",
    _place(jnp.nanargmax),
    "Where the largest element that is no NaN is.",
    convert_to_tensor,
    _INDEX + " -1 where all are NaN.",
)
nanargmin = _reduction(
    "nanargmin",
    _place(jnp.nanargmin),
    "Where the least element that is no NaN is.",
    convert_to_tensor,
    _INDEX + " -1 where all are NaN.",
)


@op("keras.ops.max")
def _max(x: TensorLike, axis: Any, keepdims: bool, initial: Any) -> Array:
    """The lowering of `keras.ops.max`."""
    return jnp.max(x, axis, keepdims=keepdims, initial=initial)


@op("keras.ops.min")
def _min(x: TensorLike, axis: Any, keepdims: bool, initial: Any) -> Array:
    """The lowering of `keras.ops.min`."""
    return jnp.min(x, axis, keepdims=keepdims, initial=initial)


def _check_size(name: str, x: Tensor, initial: Any) -> None:
    if initial is None and 0 in tuple(x.shape):
        raise ValueError(
            f"keras.ops.{name}: expected at least one element. Received: shape "
            f"{tuple(x.shape)}; cannot compute the {name} of an empty tensor. Pass "
            "`initial`."
        )


def max(
    x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None
) -> Tensor:
    """The largest element.

    Args:
        x: A tensor.
        axis: An axis or several; all of them if None.
        keepdims: Whether reduced axes stay with size 1.
        initial: The least possible result, which an empty tensor gives.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: `x` has no elements and there is no `initial`.

    Reference: `keras.ops.max`.
    """
    x = convert_to_tensor(x)
    _check_size("max", x, initial)
    return _max(x, axis, keepdims, initial)


def min(
    x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None
) -> Tensor:
    """The least element.

    Args:
        x: A tensor.
        axis: An axis or several; all of them if None.
        keepdims: Whether reduced axes stay with size 1.
        initial: The largest possible result, which an empty tensor gives.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: `x` has no elements and there is no `initial`.

    Reference: `keras.ops.min`.
    """
    x = convert_to_tensor(x)
    _check_size("min", x, initial)
    return _min(x, axis, keepdims, initial)


@op("keras.ops.prod")
def _prod(x: TensorLike, axis: Any, keepdims: bool) -> Array:
    """The lowering of `keras.ops.prod`."""
    return jnp.prod(x, axis, dtype=x.dtype, keepdims=keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product of elements.

    Args:
        x: A tensor.
        axis: An axis or several; all of them if None.
        keepdims: Whether reduced axes stay with size 1.
        dtype: The dtype of the result; small integers become 32 bits wide if None.

    Returns:
        A tensor.

    Reference: `keras.ops.prod`.
    """
    return _prod(for_sum(x) if dtype is None else convert(x, dtype), axis, keepdims)


@op("keras.ops.count_nonzero", differentiable=False)
def _count(x: TensorLike, axis: Any) -> Array:
    """The lowering of `keras.ops.count_nonzero`."""
    return jnp.count_nonzero(x, axis).astype(jnp.int32)


def count_nonzero(x: Any, axis: Any = None) -> Tensor:
    """How many elements are not 0.

    Args:
        x: A tensor.
        axis: An axis or several; all of them if None.

    Returns:
        An int32 tensor.

    Reference: `keras.ops.count_nonzero`.
    """
    return _count(convert_to_tensor(x), axis)


@op("keras.ops.average")
def _average(x: TensorLike, weights: TensorLike | None, axis: Any) -> Array:
    """The lowering of `keras.ops.average`."""
    return jnp.average(x, axis, weights)


def average(x: Any, axis: Any = None, weights: Any = None) -> Tensor:
    """The weighted mean of elements.

    Args:
        x: A tensor.
        axis: An axis or several; all of them if None.
        weights: Weights of the shape of `x`, or a vector for one axis; equal if None.

    Returns:
        A floating tensor.

    Reference: `keras.ops.average`.
    """
    if weights is None:
        return _average(to_float(x), None, axis)
    x, weights = promote(x, weights, extra=(float,))
    return _average(x, weights, axis)


@op("keras.ops.quantile")
def _quantile(
    x: TensorLike, q: TensorLike, axis: Any, method: str, keepdims: bool, skip: bool
) -> Array:
    """The lowering of `keras.ops.quantile` and `nanquantile`."""
    compute = jnp.nanquantile if skip else jnp.quantile
    return compute(x, q, axis=axis, method=method, keepdims=keepdims)


def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-th quantiles of elements.

    Args:
        x: A tensor.
        q: Probabilities in `[0, 1]`.
        axis: An axis or several; all of them if None.
        method: How to interpolate: `"linear"`, `"lower"`, `"higher"`, `"midpoint"` or
            `"nearest"`.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A floating tensor; the axes of `q` come first.

    Reference: `keras.ops.quantile`.
    """
    x = to_float(x)
    return _quantile(x, convert(q, x.dtype), axis, method, keepdims, False)


def nanquantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-th quantiles of elements that are not NaN.

    Args:
        x: A tensor.
        q: Probabilities in `[0, 1]`.
        axis: An axis or several; all of them if None.
        method: How to interpolate, as for `quantile`.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A floating tensor; the axes of `q` come first.

    Reference: `keras.ops.nanquantile`.
    """
    x = to_float(x)
    return _quantile(x, convert(q, x.dtype), axis, method, keepdims, True)


def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-th percentiles of elements.

    Args:
        x: A tensor.
        q: Percentages in `[0, 100]`.
        axis: An axis or several; all of them if None.
        method: How to interpolate, as for `quantile`.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A floating tensor; the axes of `q` come first.

    Reference: `keras.ops.percentile`.
    """
    x = to_float(x)
    return _quantile(x, _share(q, x), axis, method, keepdims, False)


def nanpercentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The q-th percentiles of elements that are not NaN.

    Args:
        x: A tensor.
        q: Percentages in `[0, 100]`.
        axis: An axis or several; all of them if None.
        method: How to interpolate, as for `quantile`.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A floating tensor; the axes of `q` come first.

    Reference: `keras.ops.nanpercentile`.
    """
    x = to_float(x)
    return _quantile(x, _share(q, x), axis, method, keepdims, True)


def _share(q: Any, x: Tensor) -> Tensor:
    return convert(np.asarray(convert_to_tensor(q)._value) / 100, x.dtype)


def _cumulative(name: str, compute: Any, summary: str) -> Any:
    """A public function `(x, axis=None, dtype=None)`."""

    def body(x: TensorLike, axis: Any) -> Any:
        return compute(x, axis).astype(x.dtype)

    body.__doc__ = f"The lowering of `keras.ops.{name}`."
    operation = op(f"keras.ops.{name}")(body)

    def function(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
        x = convert_to_tensor(x)
        if dtype is None and x.dtype.is_bool:
            dtype = "int32"
        return operation(convert(x, dtype or x.dtype), axis)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        x: A tensor.\n        axis: The axis; that "
        "of the flattened tensor if None.\n        dtype: The dtype of the result; "
        "that of `x` if None, int32 for booleans.\n\n    Returns:\n        A tensor of "
        f"the same shape, or a vector.\n\n    Reference: `keras.ops.{name}`.\n    "
    )
    return function


cumsum = _cumulative("cumsum", jnp.cumsum, "The running sum of elements.")
cumprod = _cumulative("cumprod", jnp.cumprod, "The running product of elements.")
nancumsum = _cumulative("nancumsum", jnp.nancumsum, "The running sum, NaN as 0.")
nancumprod = _cumulative("nancumprod", jnp.nancumprod, "The running product, NaN as 1.")
