"""`keras.ops` that make tensors."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.op import Array, TensorLike, Tensors, op
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.config import floatx
from lamina.keras.ops.promotion import convert, dtype_of, promote, result_type
from lamina.ops.array import creation


def _sizes(shape: Any) -> tuple[int, ...]:
    if is_tensor(shape):
        return tuple(int(n) for n in np.reshape(np.asarray(shape), -1))
    return (
        (int(shape),)
        if not hasattr(shape, "__iter__")
        else tuple(int(size) for size in shape)
    )


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of zeros.

    Args:
        shape: The shape.
        dtype: The dtype; floatx if None.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.ops.zeros`.
    """
    return creation.zeros(_sizes(shape), standardize_dtype(dtype))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor of ones.

    Args:
        shape: The shape.
        dtype: The dtype; floatx if None.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.ops.ones`.
    """
    return creation.ones(_sizes(shape), standardize_dtype(dtype))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor without particular values (zeros).

    Args:
        shape: The shape.
        dtype: The dtype; floatx if None.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.ops.empty`.
    """
    return zeros(shape, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros in the shape of another tensor.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` if None.

    Returns:
        A tensor of the shape of `x`.

    Reference: `keras.ops.zeros_like`.
    """
    return creation.zeros_like(convert_to_tensor(x), _name(dtype))


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones in the shape of another tensor.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` if None.

    Returns:
        A tensor of the shape of `x`.

    Reference: `keras.ops.ones_like`.
    """
    return creation.ones_like(convert_to_tensor(x), _name(dtype))


def empty_like(x: Any, dtype: Any = None) -> Tensor:
    """A tensor without particular values (zeros) in the shape of another one.

    Args:
        x: A tensor.
        dtype: The dtype; that of `x` if None.

    Returns:
        A tensor of the shape of `x`.

    Reference: `keras.ops.empty_like`.
    """
    return zeros_like(x, dtype)


def _name(dtype: Any) -> str | None:
    return None if dtype is None else standardize_dtype(dtype)


@op("keras.ops.full")
def _full(value: TensorLike, shape: Any) -> Array:
    """The lowering of `keras.ops.full`."""
    return jnp.broadcast_to(value, shape)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor filled with one value.

    Args:
        shape: The shape.
        fill_value: A number, or a tensor that broadcasts to `shape`.
        dtype: The dtype; floatx if None.

    Returns:
        A tensor of `shape`.

    Reference: `keras.ops.full`.
    """
    value = convert_to_tensor(fill_value)
    return _full(convert(value, standardize_dtype(dtype)), _sizes(shape))


@op("keras.ops.full_like")
def _full_like(x: TensorLike, value: TensorLike) -> Array:
    """The lowering of `keras.ops.full_like`."""
    return jnp.broadcast_to(value, x.shape)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """One value in the shape of another tensor.

    Args:
        x: A tensor.
        fill_value: A number, or a tensor that broadcasts to the shape.
        dtype: The dtype; that of `x` if None.

    Returns:
        A tensor of the shape of `x`.

    Reference: `keras.ops.full_like`.
    """
    x = convert_to_tensor(x)
    return _full_like(x, convert(fill_value, _name(dtype) or x.dtype))


def array(x: Any, dtype: Any = None) -> Tensor:
    """A tensor for any value.

    Args:
        x: A tensor, array, nested list or number.
        dtype: The dtype; that of the value if None.

    Returns:
        A tensor.

    Reference: `keras.ops.array`.
    """
    return convert(x, _name(dtype))


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Evenly spaced numbers in `[start, stop)`.

    Args:
        start: The first number; with `start` alone it is the end, and 0 the first.
        stop: The end, excluded.
        step: The distance of two numbers; 1 if None.
        dtype: The dtype; that of the arguments if None.

    Returns:
        A vector.

    Reference: `keras.ops.arange`.
    """
    if dtype is None:
        given = [value for value in (start, stop, step) if value is not None]
        dtype = result_type(*(dtype_of(value) for value in given))
    parts = [_number(value) for value in (start, stop, 1 if step is None else step)]
    if stop is None:
        parts[0], parts[1] = 0, parts[0]
    values = np.arange(parts[0], parts[1], parts[2])
    return Tensor(values.astype(as_dtype(_name(dtype)).np_dtype))


def _number(value: Any) -> Any:
    return np.asarray(value).item() if is_tensor(value) else value


@op("keras.ops.linspace")
def _linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int,
    endpoint: bool,
    retstep: bool,
    axis: int,
) -> Any:
    """The lowering of `keras.ops.linspace`."""
    return jnp.linspace(start, stop, num, endpoint, retstep, start.dtype, axis=axis)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Evenly spaced numbers over an interval.

    Args:
        start: The first number, or a tensor of them.
        stop: The last number.
        num: How many numbers.
        endpoint: Whether `stop` is the last one.
        retstep: Whether to return the distance, too.
        dtype: The dtype; a float type if None.
        axis: The axis of the numbers in the result.

    Returns:
        A tensor, or a pair with the distance.

    Reference: `keras.ops.linspace`.
    """
    wanted = _name(dtype)
    start, stop = promote(start, stop, extra=(float,))
    out = _linspace(start, stop, int(num), bool(endpoint), bool(retstep), axis)
    if retstep:
        return convert(out[0], wanted or out[0].dtype), out[1]
    return convert(out, wanted or out.dtype)


@op("keras.ops.logspace")
def _logspace(
    start: TensorLike, stop: TensorLike, num: int, endpoint: bool, base: Any, axis: int
) -> Array:
    """The lowering of `keras.ops.logspace`."""
    return jnp.logspace(start, stop, num, endpoint, base, start.dtype, axis)


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Numbers whose logarithms are evenly spaced.

    Args:
        start: The first exponent.
        stop: The last exponent.
        num: How many numbers.
        endpoint: Whether `stop` is the last exponent.
        base: The base.
        dtype: The dtype; a float type if None.
        axis: The axis of the numbers in the result.

    Returns:
        A tensor.

    Reference: `keras.ops.logspace`.
    """
    start, stop = promote(start, stop, extra=(float,))
    out = _logspace(start, stop, int(num), bool(endpoint), base, axis)
    return convert(out, _name(dtype) or out.dtype)


@op("keras.ops.geomspace")
def _geomspace(
    start: TensorLike, stop: TensorLike, num: int, endpoint: bool, axis: int
) -> Array:
    """The lowering of `keras.ops.geomspace`."""
    return jnp.geomspace(start, stop, num, endpoint, start.dtype, axis)


def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Numbers with a constant ratio.

    Args:
        start: The first number.
        stop: The last number.
        num: How many numbers.
        endpoint: Whether `stop` is the last number.
        dtype: The dtype; a float type if None.
        axis: The axis of the numbers in the result.

    Returns:
        A tensor.

    Reference: `keras.ops.geomspace`.
    """
    start, stop = promote(start, stop, extra=(float,))
    out = _geomspace(start, stop, int(num), bool(endpoint), axis)
    return convert(out, _name(dtype) or out.dtype)


def eye(N: Any, M: Any = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix with ones on a diagonal.

    Args:
        N: The number of rows.
        M: The number of columns; `N` if None.
        k: Which diagonal: 0 the main one, positive above, negative below.
        dtype: The dtype; floatx if None.

    Returns:
        A matrix.

    Reference: `keras.ops.eye`.
    """
    columns = N if M is None else M
    return Tensor(
        np.eye(
            int(N), int(columns), int(k), as_dtype(standardize_dtype(dtype)).np_dtype
        )
    )


def identity(n: int, dtype: Any = None) -> Tensor:
    """A square matrix with ones on the main diagonal.

    Args:
        n: The number of rows.
        dtype: The dtype; floatx if None.

    Returns:
        A matrix.

    Reference: `keras.ops.identity`.
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """A matrix with ones on and below a diagonal.

    Args:
        N: The number of rows.
        M: The number of columns; `N` if None.
        k: Which diagonal: 0 the main one, positive above, negative below.
        dtype: The dtype; floatx if None.

    Returns:
        A matrix.

    Reference: `keras.ops.tri`.
    """
    wanted = as_dtype(standardize_dtype(dtype)).np_dtype
    return Tensor(np.tri(int(N), None if M is None else int(M), int(k), wanted))


@op("keras.ops.meshgrid")
def _meshgrid(arrays: Tensors, indexing: str) -> list[Any]:
    """The lowering of `keras.ops.meshgrid`."""
    return jnp.meshgrid(*arrays, indexing=indexing)


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids from vectors.

    Args:
        *x: Vectors.
        indexing: `"xy"` (columns first) or `"ij"`.

    Returns:
        A list with a tensor for each vector.

    Reference: `keras.ops.meshgrid`.
    """
    return _grids([convert_to_tensor(each) for each in x], indexing)


def _grids(tensors: list[Tensor], indexing: str) -> list[Tensor]:
    if len({tensor.dtype for tensor in tensors}) > 1:
        tensors = promote(*tensors)
    return list(_meshgrid(tensors, indexing))


def _window(name: str, compute: Any, summary: str) -> Any:
    """A public function `(x)` that makes a window of x samples."""

    def function(x: Any) -> Tensor:
        size = int(np.asarray(x))
        values = np.ones(1) if size == 1 else compute(size)
        return Tensor(values.astype(as_dtype(floatx()).np_dtype))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        x: The number of samples.\n\n    Returns:\n"
        f"        A vector of floatx.\n\n    Reference: `keras.ops.{name}`.\n    "
    )
    return function


bartlett = _window("bartlett", np.bartlett, "The Bartlett (triangular) window.")
blackman = _window("blackman", np.blackman, "The Blackman window.")
hamming = _window("hamming", np.hamming, "The Hamming window.")
hanning = _window("hanning", np.hanning, "The Hann window.")


def kaiser(x: Any, beta: Any) -> Tensor:
    """The Kaiser window.

    Args:
        x: The number of samples.
        beta: The shape parameter.

    Returns:
        A vector of floatx.

    Reference: `keras.ops.kaiser`.
    """
    values = np.kaiser(int(np.asarray(x)), float(np.asarray(beta)))
    return Tensor(values.astype(as_dtype(floatx()).np_dtype))


@op("keras.ops.vander")
def _vander(x: TensorLike, N: Any, increasing: bool) -> Array:
    """The lowering of `keras.ops.vander`."""
    return jnp.vander(x, N, increasing)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """The Vandermonde matrix: powers of a vector's elements in rows.

    Args:
        x: A vector.
        N: The number of columns; that of elements if None.
        increasing: Whether powers grow from left to right.

    Returns:
        A matrix.

    Reference: `keras.ops.vander`.
    """
    return _vander(convert_to_tensor(x), N, increasing)
