"""Element types. A ``DType`` is a string, so both levels of the API share one class.

Low-level code compares ``x.dtype == tf.float32``; Keras code compares
``x.dtype == "float32"`` and writes dtypes into JSON. A ``str`` subclass with
TensorFlow's attributes serves both.
"""

from __future__ import annotations

import builtins
from typing import Any

import ml_dtypes
import numpy as np


class DType(str):
    """The type of the elements of a tensor, such as ``tf.float32``.

    It equals, hashes and serialises as its name, and converts to NumPy with
    ``as_numpy_dtype``. ``str(dtype)`` gives TensorFlow's ``<dtype: 'float32'>``.

    Reference: ``tf.dtypes.DType``. Unlike TensorFlow's it is also a ``str``.
    """

    __slots__ = ("_kind", "_np")

    _np: np.dtype[Any]
    _kind: str

    def __new__(cls, name: Any) -> DType:
        if cls is DType and (type(name) is not str or name not in _SPECS):
            return as_dtype(name)
        return str.__new__(cls, name)

    @property
    def name(self) -> str:
        """The plain name, such as ``"float32"``."""
        return str.__str__(self)

    @property
    def np_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype instance; strings and variants are ``object``."""
        return self._np

    @property
    def as_numpy_dtype(self) -> type:
        """The NumPy scalar type; strings and variants are ``object``."""
        return np.object_ if self._kind == "S" else self._np.type

    @property
    def base_dtype(self) -> DType:
        """The dtype itself: reference dtypes do not exist here."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part: ``float32`` for ``complex64``."""
        return _REAL.get(self, self)

    @property
    def as_datatype_enum(self) -> int:
        """The number of this type in TensorFlow's ``DataType`` enumeration."""
        return _SPECS[self.name][2]

    @property
    def is_floating(self) -> builtins.bool:
        """Whether it is a non-quantised real floating-point type."""
        return self._kind == "f"

    @property
    def is_integer(self) -> builtins.bool:
        """Whether it is a signed or unsigned integer type."""
        return self._kind in "iu"

    @property
    def is_bool(self) -> builtins.bool:
        """Whether it is the boolean type."""
        return self._kind == "b"

    @property
    def is_complex(self) -> builtins.bool:
        """Whether it is a complex type."""
        return self._kind == "c"

    @property
    def is_unsigned(self) -> builtins.bool:
        """Whether it is an unsigned integer type."""
        return self._kind == "u"

    @property
    def is_numeric(self) -> builtins.bool:
        """Whether arithmetic is defined on it."""
        return self._kind in "fiuc"

    @property
    def is_quantized(self) -> builtins.bool:
        """Always False: Lamina has no quantised dtypes."""
        return False

    @property
    def is_numpy_compatible(self) -> builtins.bool:
        """Whether elements are stored as a plain NumPy type."""
        return self._kind not in "RV"

    @property
    def size(self) -> int:
        """Bytes per element; 1 for strings, as TensorFlow answers."""
        return 1 if self._kind in "SRV" else self._np.itemsize

    @property
    def min(self) -> Any:
        """The smallest finite value. Raises TypeError where there is none."""
        return self._limit("min")

    @property
    def max(self) -> Any:
        """The largest finite value. Raises TypeError where there is none."""
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        """``(min, max)``."""
        return self.min, self.max

    def _limit(self, which: str) -> Any:
        if self._kind == "f":
            return self._np.type(getattr(ml_dtypes.finfo(self._np), which))
        if self._kind in "iu":
            return int(getattr(np.iinfo(self._np), which))
        if self._kind == "b":
            return which == "max"
        raise TypeError(f"DType.{which}: {self.name} has no {which}imum value.")

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether tensors of ``other`` fit where this dtype is asked for."""
        return self == other

    def __eq__(self, other: object) -> builtins.bool:
        if self is other:
            return True
        if other is None:
            return False
        if isinstance(other, str):
            return str.__eq__(self, _ALIASES.get(str.__str__(other), other))
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __ne__(self, other: object) -> builtins.bool:
        return not self == other

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


# name -> (NumPy dtype, kind, number in TensorFlow's DataType enumeration)
_SPECS: dict[str, tuple[Any, str, int]] = {
    "float16": (np.float16, "f", 19),
    "bfloat16": (ml_dtypes.bfloat16, "f", 14),
    "float32": (np.float32, "f", 1),
    "float64": (np.float64, "f", 2),
    "float8_e4m3fn": (ml_dtypes.float8_e4m3fn, "f", 25),
    "float8_e5m2": (ml_dtypes.float8_e5m2, "f", 24),
    "int4": (ml_dtypes.int4, "i", 29),
    "int8": (np.int8, "i", 6),
    "int16": (np.int16, "i", 5),
    "int32": (np.int32, "i", 3),
    "int64": (np.int64, "i", 9),
    "uint4": (ml_dtypes.uint4, "u", 30),
    "uint8": (np.uint8, "u", 4),
    "uint16": (np.uint16, "u", 17),
    "uint32": (np.uint32, "u", 22),
    "uint64": (np.uint64, "u", 23),
    "bool": (np.bool_, "b", 10),
    "complex64": (np.complex64, "c", 8),
    "complex128": (np.complex128, "c", 18),
    "string": (np.object_, "S", 7),
    "resource": (np.object_, "R", 20),
    "variant": (np.object_, "V", 21),
}
_ALIASES = {"half": "float16", "float": "float32", "double": "float64", "int": "int32"}


def _make(name: str) -> DType:
    dtype = str.__new__(DType, name)
    spec, kind, _ = _SPECS[name]
    object.__setattr__(dtype, "_np", np.dtype(spec))
    object.__setattr__(dtype, "_kind", kind)
    return dtype


_BY_NAME = {name: _make(name) for name in _SPECS}

float16 = half = _BY_NAME["float16"]
bfloat16 = _BY_NAME["bfloat16"]
float32 = _BY_NAME["float32"]
float64 = double = _BY_NAME["float64"]
float8_e4m3fn = _BY_NAME["float8_e4m3fn"]
float8_e5m2 = _BY_NAME["float8_e5m2"]
int4 = _BY_NAME["int4"]
int8 = _BY_NAME["int8"]
int16 = _BY_NAME["int16"]
int32 = _BY_NAME["int32"]
int64 = _BY_NAME["int64"]
uint4 = _BY_NAME["uint4"]
uint8 = _BY_NAME["uint8"]
uint16 = _BY_NAME["uint16"]
uint32 = _BY_NAME["uint32"]
uint64 = _BY_NAME["uint64"]
bool = _BY_NAME["bool"]
complex64 = _BY_NAME["complex64"]
complex128 = _BY_NAME["complex128"]
string = _BY_NAME["string"]
resource = _BY_NAME["resource"]
variant = _BY_NAME["variant"]

_REAL = {complex64: float32, complex128: float64}
_BY_NP: dict[Any, DType] = {
    np.dtype(spec): _BY_NAME[name]
    for name, (spec, kind, _) in _SPECS.items()
    if kind not in "SRV"
}
_BY_NUMBER = {spec[2]: _BY_NAME[name] for name, spec in _SPECS.items()}
_BY_PYTHON: dict[Any, DType] = {
    float: float32,
    int: int32,
    builtins.bool: bool,
    complex: complex128,
    str: string,
    bytes: string,
    object: string,
}


def from_np(dtype: Any) -> DType:
    """The DType of a NumPy (or JAX) dtype instance."""
    found = _BY_NP.get(dtype)
    if found is not None:
        return found
    if dtype.kind in "OSUT":
        return string
    raise TypeError(
        f"tf.as_dtype: expected a dtype that tensors can hold, received NumPy's "
        f"{dtype!r}. Convert the array to one of {', '.join(sorted(_SPECS))}."
    )


def as_dtype(type_value: Any) -> DType:
    """Converts a name, a NumPy or Python type, or a number to a ``DType``.

    Args:
        type_value: a ``DType``, a string such as ``"float32"``, a NumPy dtype or
            scalar type, a Python type (``float`` is float32, ``int`` is int32), or
            TensorFlow's ``DataType`` number.

    Returns:
        The ``DType``.

    Raises:
        TypeError: if no dtype corresponds to the value.

    Reference: ``tf.as_dtype``.
    """
    if isinstance(type_value, DType):
        return type_value
    if isinstance(type_value, str):
        found = _BY_NAME.get(_ALIASES.get(type_value, type_value))
        if found is not None:
            return found
    elif isinstance(type_value, np.dtype):
        return from_np(type_value)
    elif isinstance(type_value, type) and type_value in _BY_PYTHON:
        return _BY_PYTHON[type_value]
    elif isinstance(type_value, int) and type_value in _BY_NUMBER:
        return _BY_NUMBER[type_value]
    elif hasattr(type_value, "dtype") and isinstance(type_value.dtype, np.dtype):
        return from_np(type_value.dtype)
    if type_value is not None:
        try:
            return from_np(np.dtype(type_value))
        except TypeError:
            pass
    raise TypeError(
        f"tf.as_dtype: cannot convert {type_value!r} to a DType. Expected a name "
        f"such as 'float32', a NumPy dtype or a Python type."
    )
