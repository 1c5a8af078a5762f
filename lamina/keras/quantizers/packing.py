"""Two 4-bit integers in one byte."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import message
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor

_DTYPES = ("int8", "uint8")


def pack_int4(
    arr: Any, axis: int = 0, dtype: str = "int8"
) -> tuple[Tensor, tuple[int, ...], int]:
    """Packs 4-bit integers in pairs, two to a byte.

    Of each two neighbours along `axis` the first takes the low half of the byte and
    the second the high half. An odd length is filled up with a zero.

    Args:
        arr: A tensor of `dtype` with values in [-8, 7] (`int8`) or [0, 15]
            (`uint8`).
        axis: The axis to pack.
        dtype: `"int8"` or `"uint8"`.

    Returns:
        The packed tensor, its shape, and the length of `axis` before packing.

    Raises:
        ValueError: `dtype` is neither of the two.
        TypeError: `arr` has another dtype.

    Example:

        >>> packed, shape, length = keras.quantizers.pack_int4(
        ...     np.array([-3, 7, 2], "int8"))
        >>> packed.numpy().tolist(), shape, length
        ([125, 2], (2,), 3)

    Reference: `keras.quantizers.pack_int4`.
    """
    _check("pack_int4", dtype)
    arr = convert_to_tensor(arr)
    if arr.dtype != dtype:
        raise TypeError(
            message(
                "keras.quantizers.pack_int4",
                expected=f"a tensor of {dtype}",
                received=f"one of {arr.dtype}",
                hint=f"Expected {dtype} tensor for packing, got {arr.dtype}.",
            )
        )
    packed = _pack(arr, int(axis))
    return packed, tuple(packed.shape), int(arr.shape[axis])


def unpack_int4(
    packed: Any, orig_len: int, axis: int = 0, dtype: str = "int8"
) -> Tensor:
    """Unpacks what `pack_int4` packed.

    Args:
        packed: A tensor of int8 or uint8 with two values to a byte.
        orig_len: The length of `axis` before packing.
        axis: The packed axis.
        dtype: `"int8"` for values in [-8, 7], `"uint8"` for values in [0, 15].

    Returns:
        A tensor of `dtype`, `orig_len` long along `axis`.

    Raises:
        ValueError: `dtype` is neither of the two.
        TypeError: `packed` is not of int8 or uint8.

    Reference: `keras.quantizers.unpack_int4`.
    """
    _check("unpack_int4", dtype)
    packed = convert_to_tensor(packed)
    if packed.dtype not in _DTYPES:
        raise TypeError(
            message(
                "keras.quantizers.unpack_int4",
                expected="a tensor of int8 or uint8",
                received=f"one of {packed.dtype}",
                hint="Expected int8 or uint8 tensor for unpacking, got "
                f"{packed.dtype}.",
            )
        )
    return _unpack(packed, int(orig_len), int(axis), dtype == "int8")


def _check(name: str, dtype: Any) -> None:
    if dtype not in _DTYPES:
        raise ValueError(
            message(
                f"keras.quantizers.{name}",
                expected="dtype to be 'int8' or 'uint8'",
                received=f"dtype={dtype!r}",
                hint="Give one of the two.",
            )
        )


@op("keras.quantizers.pack_int4", dtypes="integer", differentiable=False)
def _pack(arr: TensorLike, axis: int) -> Array:
    rows = jnp.moveaxis(arr, axis, 0).astype(jnp.uint8)
    rows = jnp.pad(rows, [(0, rows.shape[0] % 2)] + [(0, 0)] * (rows.ndim - 1))
    packed = (rows[::2] & 0x0F) | (rows[1::2] << 4)
    return jnp.moveaxis(packed.astype(arr.dtype), 0, axis)


@op("keras.quantizers.unpack_int4", dtypes="integer", differentiable=False)
def _unpack(packed: TensorLike, length: int, axis: int, signed: bool) -> Array:
    rows = jnp.moveaxis(packed, axis, 0).astype(jnp.uint8)
    pairs = jnp.stack([rows & 0x0F, rows >> 4], axis=1)
    values = pairs.reshape(-1, *rows.shape[1:])[:length]
    if signed:
        values = (values.astype(jnp.int8) ^ 8) - 8
    return jnp.moveaxis(values, 0, axis)
