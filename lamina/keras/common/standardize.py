"""Dtypes and shapes in the forms that Keras hands to users."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.dtypes import DType
from lamina.keras.config import floatx

_FLOATS = ("float16", "float32", "float64", "bfloat16", "float8_e4m3fn", "float8_e5m2")
_INTS = tuple(f"{sign}int{size}" for sign in ("", "u") for size in (8, 16, 32, 64))
ALLOWED_DTYPES = frozenset(
    (*_FLOATS, *_INTS, "int4", "bool", "string", "complex64", "complex128")
)
_PYTHON_TYPES: dict[Any, str] = {bool: "bool", int: "int32", str: "string"}


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype as a string; `None` gives the default float type.

    Args:
        dtype: a name, a `DType`, a NumPy type or dtype, a Python type, or `None`.

    Raises:
        ValueError: there is no such dtype in Keras.

    Reference: `keras.backend.standardize_dtype`.
    """
    if dtype is None:
        return floatx()
    if isinstance(dtype, DType):
        return dtype.name if dtype.name in ALLOWED_DTYPES else _invalid(dtype)
    if isinstance(dtype, str):
        name = {"int": "int32", "float": floatx()}.get(dtype, dtype)
    elif dtype is float:
        name = floatx()
    elif isinstance(dtype, type) and dtype in _PYTHON_TYPES:
        name = _PYTHON_TYPES[dtype]
    elif hasattr(dtype, "name"):
        name = dtype.name
    elif hasattr(dtype, "__name__"):
        name = dtype.__name__
    elif "torch" in str(dtype) or "jax.numpy" in str(dtype):
        name = str(dtype).rpartition(".")[2]
    else:
        name = dtype
    return name if name in ALLOWED_DTYPES else _invalid(dtype)


def _invalid(dtype: Any) -> str:
    raise ValueError(
        f"Invalid dtype: {dtype}. Keras has the dtypes {sorted(ALLOWED_DTYPES)}."
    )


def is_float_dtype(dtype: Any) -> bool:
    """Whether `dtype` is a floating-point type (bfloat16 included).

    Reference: `keras.backend.is_float_dtype`.
    """
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Whether `dtype` is a signed or unsigned integer type.

    Reference: `keras.backend.is_int_dtype`.
    """
    return standardize_dtype(dtype).startswith(("int", "uint"))


def standardize_shape(shape: Any) -> tuple[int | None, ...]:
    """A shape as a plain tuple of ints and `None`.

    Raises:
        ValueError: the shape is `None` or has an entry that is no size.
    """
    if shape is None:
        raise ValueError(
            "Undefined shapes are not supported. Received: shape=None. Give a tuple, "
            "with None for the sizes that are not known yet."
        )
    if not hasattr(shape, "__iter__"):
        raise ValueError(
            f"Cannot convert '{shape}' to a shape. Give a tuple of ints and None."
        )
    return tuple(_standardize_size(size, shape) for size in shape)


def _standardize_size(size: Any, shape: Any) -> int | None:
    if size is None:
        return None
    problem = (
        f"Cannot convert '{shape}' to a shape. Found invalid dimension '{size}' of "
        f"type '{type(size)}'. "
    )
    if isinstance(size, (str, float)):
        raise ValueError(problem)
    try:
        size = int(size)
    except Exception as error:
        raise ValueError(problem) from error
    if size < 0:
        raise ValueError(
            f"Cannot convert '{shape}' to a shape. Negative dimensions are not allowed."
        )
    return size


def shapes_match(left: Any, right: Any) -> bool:
    """Whether two shapes agree, where `None` agrees with every size."""
    if len(left) != len(right):
        return False
    return all(a is None or b is None or a == b for a, b in zip(left, right))


def is_shape(value: Any) -> bool:
    """Whether `value` is a list or tuple of ints and `None`."""
    return isinstance(value, (list, tuple)) and all(
        size is None or isinstance(size, (int, np.integer)) for size in value
    )


def map_shapes(function: Any, shapes: Any) -> Any:
    """Apply `function` to each shape in a structure of shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, value) for key, value in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        mapped = [map_shapes(function, value) for value in shapes]
        if isinstance(shapes, tuple):
            return tuple(mapped)
        return mapped
    raise ValueError(f"Cannot convert '{shapes}' to a structure of shapes.")
