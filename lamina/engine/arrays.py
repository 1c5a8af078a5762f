"""What a tensor holds for a Python value: dtype rules of conversion, on NumPy arrays.

Python numbers take the default types, NumPy arrays keep theirs, and nothing is
converted implicitly that would lose the fractional part.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import jax
import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import DType, as_dtype, from_np

HOST_LIMIT = 1 << 14  # bytes: larger constants are placed on the device at once


def to_array(value: Any, dtype: DType | None = None) -> Any:
    """Converts a non-tensor to what a ``Tensor`` holds (NumPy or JAX array)."""
    kind = type(value)
    if kind in _SCALARS:
        return _scalar_array(value, dtype)
    if isinstance(value, jax.Array):
        if dtype is None or value.dtype == dtype.np_dtype:
            return value
        _check_cast(from_np(value.dtype), dtype, value)
        return value.astype(dtype.np_dtype)
    if isinstance(value, np.ndarray | np.generic):
        return _from_numpy(np.asarray(value), dtype, value)
    if isinstance(value, list | tuple):
        return from_nested(value, dtype)
    if value is None:
        raise ValueError(
            "Attempt to convert a value (None) with an unsupported type "
            "(<class 'NoneType'>) to a Tensor."
        )
    if hasattr(value, "__array__"):
        return _from_numpy(np.asarray(value), dtype, value)
    if hasattr(value, "__dlpack__"):
        return _from_numpy(np.from_dlpack(value), dtype, value)
    if isinstance(value, range | memoryview | bytearray):
        return from_nested(list(value), dtype)
    if hasattr(value, "__float__") or hasattr(value, "__index__"):
        return from_nested([value], dtype).reshape(())
    raise _unsupported(value)


def _unsupported(value: Any) -> ValueError:
    return ValueError(
        f"tf.convert_to_tensor: Attempt to convert a value ({value!r:.200}) with an "
        f"unsupported type ({type(value)}) to a Tensor. Expected a number, a string, "
        "an array or nested lists of these."
    )


_SCALARS = {bool, int, float, complex, str, bytes, np.str_, np.bytes_}


def _scalar_array(value: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    if isinstance(value, str | bytes):
        if dtype is not None and dtype is not dtypes.string:
            raise _cannot(value, dtype)
        out = np.empty((), object)
        out[()] = value.encode() if isinstance(value, str) else bytes(value)
        return out
    natural = _natural(value)
    if dtype is None or dtype is natural:
        return np.asarray(value, natural.np_dtype)
    _check_cast(natural, dtype, value)
    try:
        return np.asarray(value, dtype.np_dtype)
    except OverflowError:
        raise _cannot(value, dtype) from None


def _natural(value: Any) -> DType:
    if isinstance(value, bool):
        return dtypes.bool
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return dtypes.int32
        return dtypes.int64 if value < 2**63 else dtypes.uint64
    return dtypes.float32 if isinstance(value, float) else dtypes.complex128


def _cannot(value: Any, dtype: DType) -> TypeError:
    return TypeError(
        f"tf.convert_to_tensor: Cannot convert {value!r:.200} to a tensor of dtype "
        f"{dtype.name}. Cast it explicitly, as with tf.cast."
    )


def _check_cast(source: DType, target: DType, value: Any) -> None:
    """TensorFlow's rule: implicit conversion never loses the fractional part."""
    fine = (
        source == target
        or (source.is_integer and (target.is_numeric and target is not dtypes.bool))
        or (source.is_floating and (target.is_floating or target.is_complex))
        or (source.is_complex and target.is_complex)
    )
    if not fine:
        raise _cannot(value, target)


def _from_numpy(array: Any, dtype: DType | None, value: Any) -> Any:
    if array.dtype.kind in "OSU":
        return _strings(array, dtype, value)
    source = from_np(array.dtype)
    if dtype is not None and source is not dtype:
        _check_cast(source, dtype, value)
        array = array.astype(dtype.np_dtype)
    elif array is value or array.base is not None or not array.flags.owndata:
        array = np.array(array)
    if array.nbytes > HOST_LIMIT:
        return jax.device_put(array)
    return array


def _strings(array: Any, dtype: DType | None, value: Any) -> Any:
    flat = array.reshape(-1)
    if array.dtype.kind == "O" and not all(
        isinstance(item, str | bytes) for item in flat
    ):
        return from_nested(array.tolist(), dtype)
    if dtype is not None and dtype is not dtypes.string:
        raise _cannot(value, dtype)
    out = np.empty(flat.shape, object)
    for index, item in enumerate(flat):
        out[index] = item.encode() if isinstance(item, str) else bytes(item)
    return out.reshape(array.shape)


def from_nested(value: Any, dtype: DType | None) -> Any:
    """The array of nested lists of numbers, strings or arrays."""
    array = _plain_numbers(value) if dtype is None else None
    if array is not None:
        return array
    leaves: list[Any] = []
    collect_leaves(value, leaves)
    if leaves and all(type(leaf) in _SCALARS for leaf in leaves):
        return _python_list(value, leaves, dtype)
    try:
        array = np.array(value)
    except ValueError as error:
        raise ragged_error(value) from error
    if not leaves:
        return array.astype((dtype or dtypes.float32).np_dtype)
    if array.dtype.kind == "O":
        raise _unsupported(value)
    natural = common_dtype(leaves, dtype)
    return _from_numpy(
        array.astype(natural.np_dtype) if dtype is None else array, dtype, value
    )


def _plain_numbers(value: Any) -> Any:
    """The array of few Python numbers of one type; None for anything else."""
    kinds, leaves = set(map(type, value)), value
    while kinds == _LIST:
        leaves = [*chain.from_iterable(leaves)]
        kinds = set(map(type, leaves))
    if len(kinds) != 1 or len(leaves) > HOST_LIMIT // 4:
        return None
    try:
        if float in kinds:
            return np.array(value, np.float32)
        return np.array(value, np.int32) if int in kinds else None
    except (ValueError, OverflowError):
        return None  # uneven lists, or integers that do not fit: see below


_LIST = {list}


def ragged_error(value: Any) -> ValueError:
    """The error for nested lists of unequal lengths."""
    return ValueError(
        "tf.convert_to_tensor: Can't convert non-rectangular Python sequence to "
        f"Tensor. Received: {value!r:.200}. Make all rows equally long, or use "
        "tf.ragged.constant."
    )


def _python_list(value: Any, leaves: list[Any], dtype: DType | None) -> Any:
    if isinstance(leaves[0], str | bytes):
        array = np.array(value, dtype=object)
        if array.size != len(leaves):
            raise ragged_error(value)
        return _strings(array, dtype, value)
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:
        raise ragged_error(value) from error
    if array.size != len(leaves) or array.dtype.kind == "O":
        raise ragged_error(value)
    if array.dtype.kind in "USO":
        raise _unsupported(value)
    kinds = {type(leaf) for leaf in leaves}
    if bool in kinds and len(kinds) > 1:
        raise TypeError(
            "tf.convert_to_tensor: Cannot convert a list that mixes bool with numbers "
            f"to a Tensor: {value!r:.200}."
        )
    natural = from_np(array.dtype)
    if natural is dtypes.float64:
        natural = dtypes.float32
    elif natural is dtypes.int64 and max(map(abs, leaves)) < 2**31:
        natural = dtypes.int32
    if dtype is not None and dtype is not natural:
        _check_cast(natural, dtype, value)
        natural = dtype
    array = array.astype(natural.np_dtype)
    return jax.device_put(array) if array.nbytes > HOST_LIMIT else array


def collect_leaves(value: Any, leaves: list[Any]) -> None:
    """Appends the leaves of nested lists to `leaves`, in order."""
    for item in value:
        if isinstance(item, list | tuple):
            collect_leaves(item, leaves)
        else:
            leaves.append(item)


def common_dtype(leaves: list[Any], dtype: DType | None) -> DType:
    """The dtype of a nested list: as asked for, or its first typed leaf's."""
    if dtype is not None:
        return dtype
    if type(leaves[0]) is np.float64:  # which is a Python float too
        return dtypes.float64
    for leaf in leaves:
        if not isinstance(leaf, bool | int | float | complex | str | bytes) and hasattr(
            leaf, "dtype"
        ):
            return as_dtype(leaf.dtype)
    return _natural(leaves[0])
