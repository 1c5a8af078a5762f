"""``Tensor``: an immutable array, the same class eager and traced.

A tensor holds one of three things: a ``jax.Array``, a JAX tracer (inside a trace), or
a NumPy array on the host. The last is how strings live, how small constants wait for
their first use (handing NumPy to a compiled call is far cheaper than placing it on
the device first), and how shape arithmetic stays static inside a trace.

Operators are supplied by ``lamina.ops.operators`` through ``register_operators``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from lamina.engine import dtypes
from lamina.engine.arrays import (
    collect_leaves,
    common_dtype,
    from_nested,
    ragged_error,
    to_array,
)
from lamina.engine.dtypes import DType, as_dtype, from_np
from lamina.engine.errors import DTypeError, OperatorNotAllowedInGraphError
from lamina.engine.operators import TensorOperators
from lamina.engine.shapes import TensorShape
from lamina.engine.system import cache, memory

jax.config.update("jax_enable_x64", True)
cache.enable()
memory.keep_freed_memory()
if "JAX_TRACEBACK_FILTERING" not in os.environ:
    jax.config.update("jax_traceback_filtering", "off")  # see failure.hide_frames

Tracer = jax.core.Tracer
_FLOAT = np.dtype(np.float32)
_NUMBERS = frozenset({int, float})
_PLACE = jax.jit(lambda x: x)  # cheaper than jax.device_put for a small array


class Tensor(TensorOperators):
    """An immutable multi-dimensional array of one dtype.

    Reference: ``tf.Tensor``.
    """

    __slots__ = ("__weakref__", "_keras_logits", "_keras_mask", "_placed", "_value")
    __array_priority__ = 100
    _keras_logits: Any
    _placed: Any
    _value: Any

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def shape(self) -> TensorShape:
        """The sizes of the dimensions."""
        return tuple.__new__(TensorShape, self._value.shape) or TensorShape(
            self._value.shape
        )

    @property
    def dtype(self) -> DType:
        """The element type."""
        return from_np(self._value.dtype)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return int(self._value.ndim)

    @property
    def device(self) -> str:
        """The device that holds the elements, in TensorFlow's notation."""
        value = self._value
        if isinstance(value, jax.Array) and not isinstance(value, Tracer):
            found = next(iter(value.devices()))
            kind = "CPU" if found.platform == "cpu" else found.platform.upper()
            kind = {"CUDA": "GPU", "ROCM": "GPU"}.get(kind, kind)
            return f"/job:localhost/replica:0/task:0/device:{kind}:{found.id}"
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    @property
    def name(self) -> str:
        """Eager tensors have no name: raises AttributeError."""
        raise AttributeError(
            "Tensor.name is undefined when eager execution is enabled. Give layers "
            "and variables names instead."
        )

    @property
    def is_symbolic(self) -> bool:
        """Whether the value is known only at run time."""
        return isinstance(self._value, Tracer)

    def get_shape(self) -> TensorShape:
        """The same as ``shape``."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Asserts that the tensor has this (possibly partial) shape.

        Raises:
            ValueError: if it has not.
        """
        if not self.shape.is_compatible_with(shape):
            raise ValueError(
                f"Tensor's shape {self.shape} is not compatible with supplied shape "
                f"{TensorShape(shape)}"
            )

    @property
    def numpy(self) -> Callable[[], Any]:
        """A function that gives the elements as a NumPy array of their own.

        It gives a scalar for rank 0. Inside a traced function, where there is no
        value, there is no such attribute, as in TensorFlow.
        """
        if isinstance(self._value, Tracer):
            raise AttributeError(self._no_value("numpy()"))
        return self._numpy

    def _numpy(self) -> Any:
        host = self._host("numpy()")
        return host[()] if host.ndim == 0 else np.array(host)

    def _host(self, what: str) -> np.ndarray[Any, Any]:
        if isinstance(self._value, Tracer):
            raise NotImplementedError(self._no_value(what))
        return np.asarray(self._value)

    def _no_value(self, what: str) -> str:
        return (
            f"Tensor.{what}: a tensor inside a traced function has no value yet. "
            f"Received: a tensor of shape {self.shape} and dtype {self.dtype.name}. "
            "Return it from the function, use tf.print, or call the function eagerly "
            "with tf.config.run_functions_eagerly(True)."
        )

    def placed(self) -> Any:
        """The array to compute with, for a tensor that the host holds.

        From its second use on that is a copy on the device, which compiled calls take
        in without converting it each time.
        """
        try:
            found = self._placed
        except AttributeError:
            self._placed = None
            return self._value
        if found is None and self._value.dtype != object:
            found = self._placed = _PLACE(self._value)
        return self._value if found is None else found

    def ref(self) -> Reference:
        """A hashable reference, usable as a dictionary key."""
        return Reference(self)

    def cpu(self) -> Tensor:
        """This tensor, on the host processor's memory."""
        return Tensor(jax.device_put(self._value, jax.devices("cpu")[0]))

    def gpu(self, gpu_index: int = 0) -> Tensor:
        """This tensor in the memory of a GPU."""
        return Tensor(jax.device_put(self._value, jax.devices("gpu")[gpu_index]))

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """The value as NumPy, as ``numpy()`` gives it."""
        return self.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        host = self._host("__array__")
        wanted = None if dtype is None else np.dtype(dtype)
        if copy:
            return np.array(host, dtype=wanted)
        return host if wanted is None else host.astype(wanted, copy=False)

    def __jax_array__(self) -> Any:
        return self._value

    def __dlpack__(self, **options: Any) -> Any:
        return jax.numpy.asarray(self._value).__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        array: Any = jax.numpy.asarray(self._value)
        return array.__dlpack_device__()

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self._host("__reduce__"),)

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("Scalar tensor has no `len()`")
        return int(self._value.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self._value.shape:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(self._value.shape[0]))

    def _scalar(self, what: str) -> Any:
        value = self._value
        if isinstance(value, Tracer):
            raise OperatorNotAllowedInGraphError(
                f"Using a symbolic `tf.Tensor` as a Python `{what}` is not allowed: "
                f"inside a traced function its value (shape {self.shape}, dtype "
                f"{self.dtype.name}) is not known. Use tf.cond or tf.where, or let "
                "@tf.function convert this function with AutoGraph."
            )
        host = np.asarray(value)
        if host.size != 1:
            raise ValueError(
                f"The truth value or number of a tensor needs one element; this one "
                f"has shape {self.shape}. Use tf.reduce_any or tf.reduce_all, or "
                "index it."
                if what == "bool"
                else f"only size-1 tensors can be converted to Python {what}s; this "
                f"one has shape {self.shape}."
            )
        return host.reshape(())[()]

    def __bool__(self) -> bool:
        return bool(self._scalar("bool"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> int:
        if not self.dtype.is_integer or self._value.ndim:
            raise TypeError(
                "only integer scalar tensors can be converted to a Python index; "
                f"this one has shape {self.shape} and dtype {self.dtype.name}."
            )
        return int(self._scalar("index"))

    def __format__(self, spec: str) -> str:
        if spec and not isinstance(self._value, Tracer) and self._value.ndim == 0:
            return format(self._scalar("format"), spec)
        return format(str(self), spec)

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __repr__(self) -> str:
        head = f"shape={self.shape}, dtype={self.dtype.name}"
        if isinstance(self._value, Tracer):
            return f"<tf.Tensor: {head}>"
        return f"<tf.Tensor: {head}, numpy={self._text(repr)}>"

    def __str__(self) -> str:
        head = f"shape={self.shape}, dtype={self.dtype.name}"
        if isinstance(self._value, Tracer):
            return f"Tensor({head})"
        return f"tf.Tensor({self._text(str)}, {head})"

    def _text(self, show: Callable[[Any], str]) -> str:
        host = np.asarray(self._value)
        if host.ndim or host.dtype == object:
            text = show(host[()] if host.ndim == 0 else host)
            return "\n" + text if "\n" in text else text
        return str(host[()])


def _unpickle(host: np.ndarray[Any, Any]) -> Tensor:
    return Tensor(host)


class Reference:
    """A hashable handle of a tensor or variable: equal when the object is the same.

    Reference: what ``tf.Tensor.ref()`` returns.
    """

    __slots__ = ("_object",)

    def __init__(self, value: Any) -> None:
        self._object = value

    def deref(self) -> Any:
        """The tensor or variable."""
        return self._object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._object is other._object

    def __hash__(self) -> int:
        return id(self._object)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._object!r}>"


def register_operators(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Gives ``Tensor`` its Python operators, such as ``__add__`` or ``__getitem__``."""
    for name, function in functions.items():
        _OPERATORS[name] = _method(name, function)
        for cls in _OPERATOR_CLASSES:
            if name not in cls.__dict__ or name in ("__eq__", "__ne__"):
                setattr(cls, name, _OPERATORS[name])


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if name in ("__neg__", "__abs__", "__invert__", "__pos__"):
        return lambda self: function(self)
    if name == "__getitem__":
        return lambda self, key: function(self, key)

    def method(self: Any, other: Any) -> Any:
        return function(self, other)

    method.__name__ = name
    return method


def operator_class(cls: type) -> type:
    """Marks a class (``Variable``) that shares Tensor's operators."""
    _OPERATOR_CLASSES.append(cls)
    for name, method in _OPERATORS.items():
        setattr(cls, name, method)
    return cls


_OPERATORS: dict[str, Callable[..., Any]] = {}
_OPERATOR_CLASSES: list[type] = [Tensor]

# ---------------------------------------------------------------- conversion

_CONVERSIONS: list[tuple[int, tuple[type, ...], Callable[..., Any]]] = []


def register_tensor_conversion_function(
    base_type: type | tuple[type, ...],
    conversion_func: Callable[..., Any],
    priority: int = 100,
) -> None:
    """Registers how objects of a type become tensors.

    Args:
        base_type: a class or a tuple of classes.
        conversion_func: called as ``f(value, dtype=None, name=None, as_ref=False)``;
            returns a Tensor or ``NotImplemented``.
        priority: functions with a smaller number are tried first.

    Reference: ``tf.register_tensor_conversion_function``.
    """
    types = base_type if isinstance(base_type, tuple) else (base_type,)
    _CONVERSIONS.append((priority, types, conversion_func))
    _CONVERSIONS.sort(key=lambda entry: entry[0])


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a tensor, a variable or another tensor-like of Lamina.

    Reference: ``tf.is_tensor``. NumPy arrays and Python numbers are not.
    """
    return isinstance(x, Tensor) or hasattr(type(x), "__lamina_tensor__")


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """Converts a value to a tensor.

    Args:
        value: a tensor, variable, number, string, NumPy or JAX array, anything with
            ``__array__``, or nested lists of these.
        dtype: the wanted element type; a tensor of another type is an error.
        dtype_hint: the preferred type where ``dtype`` is None; ignored if the value
            does not fit.
        name: accepted for compatibility; eager tensors have no name.

    Returns:
        A ``Tensor``. Python ints become int32 (int64 if they do not fit), floats
        float32; NumPy arrays keep their dtype.

    Raises:
        ValueError: for a tensor of another dtype, or lists of unequal lengths.
        TypeError: for values that no tensor can hold.

    Reference: ``tf.convert_to_tensor``.
    """
    if type(value) is float and dtype is None and dtype_hint is None:
        return Tensor(np.array(value, _FLOAT))
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor):
        if wanted is not None and value.dtype != wanted:
            raise _wrong_dtype(value, wanted)
        return value
    if dtype_hint is not None and wanted is None:
        try:
            return convert_to_tensor(value, dtype_hint)
        except (TypeError, ValueError):
            pass
    converter = getattr(type(value), "__lamina_tensor__", None)
    if converter is not None:
        result: Tensor = converter(value)
        if wanted is not None and result.dtype != wanted:
            raise _wrong_dtype(value, wanted)
        return result
    for _, types, function in _CONVERSIONS:
        if isinstance(value, types):
            found = function(value, dtype=wanted, name=name, as_ref=False)
            if found is not NotImplemented:
                return found  # type: ignore[no-any-return]
    if isinstance(value, list | tuple):
        return _from_sequence(value, wanted)
    return Tensor(to_array(value, wanted))


def _from_sequence(value: Any, dtype: DType | None) -> Tensor:
    if isinstance(value, TensorShape):
        if not value.is_fully_defined():
            raise ValueError(
                "tf.convert_to_tensor: Cannot convert a partially known TensorShape "
                f"{value} to a Tensor. Use tf.shape(x) for the sizes at run time."
            )
        return Tensor(np.array(tuple(value), (dtype or dtypes.int32).np_dtype))
    leaves: list[Any] = []
    collect_leaves(value, leaves)
    if any(is_tensor(leaf) for leaf in leaves):
        return _stack(value, common_dtype(leaves, dtype))
    return Tensor(from_nested(value, dtype))


def _wrong_dtype(value: Any, wanted: DType) -> DTypeError:
    return DTypeError(
        None,
        None,
        f"tf.convert_to_tensor: Tensor conversion requested dtype {wanted.name} for "
        f"Tensor with dtype {value.dtype.name}: {value!r}. Cast it with "
        f"tf.cast(x, tf.{wanted.name}).",
    )


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str = "Const"
) -> Tensor:
    """Makes a constant tensor.

    Args:
        value: a number, string, array or nested list of these.
        dtype: the element type; inferred where None.
        shape: the shape; a single element is repeated to fill it.
        name: accepted for compatibility.

    Returns:
        A ``Tensor`` of ``shape``.

    Raises:
        TypeError: if the value does not fit ``dtype`` or ``shape``.

    Reference: ``tf.constant``.
    """
    if dtype is None and shape is None and type(value) in _NUMBERS:
        return convert_to_tensor(value)
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Tensor) or hasattr(type(value), "__lamina_tensor__"):
        tensor = convert_to_tensor(value)
        if wanted is not None and tensor.dtype != wanted:
            if isinstance(tensor._value, Tracer):
                raise _wrong_dtype(tensor, wanted)
            tensor = Tensor(to_array(np.asarray(tensor._value), wanted))
    else:
        tensor = convert_to_tensor(value, wanted)
    if shape is None:
        return tensor
    sizes = tuple(int(size or 0) for size in TensorShape(shape))
    host = tensor._value
    total = int(np.prod(sizes, dtype=np.int64))
    if host.size == total:
        return Tensor(host.reshape(sizes))
    if host.size == 1:
        return Tensor(np.broadcast_to(np.asarray(host).reshape(()), sizes).copy())
    raise DTypeError.of(
        "tf.constant",
        expected=f"{total} elements for shape {list(sizes)}, or one to repeat",
        received=f"{host.size} elements of shape {tuple(host.shape)}",
    )


def constant_value(tensor: Any, partial: bool = False) -> np.ndarray[Any, Any] | None:
    """The NumPy value of a tensor if it is known statically, else None.

    Reference: ``tf.get_static_value``.
    """
    if not isinstance(tensor, Tensor):
        if hasattr(type(tensor), "__lamina_tensor__"):
            return None
        return np.asarray(tensor)
    value = tensor._value
    if value is None or isinstance(value, Tracer):
        return None
    return np.asarray(value)


def register_stack(function: Callable[[list[Tensor]], Tensor]) -> None:
    """Supplies the op that packs a list of tensors (so that gradients flow)."""
    _HOOKS["stack"] = function


_HOOKS: dict[str, Callable[..., Any]] = {}


def _stack(value: Any, dtype: DType) -> Tensor:
    parts = [
        _stack(item, dtype)
        if isinstance(item, list | tuple)
        else convert_to_tensor(item, dtype)
        for item in value
    ]
    shapes = {tuple(part.shape) for part in parts}
    if len(shapes) > 1:
        raise ragged_error([list(shape) for shape in shapes])
    if all(isinstance(part._value, np.ndarray) for part in parts):
        return Tensor(np.stack([part._value for part in parts]))
    return _HOOKS["stack"](parts)  # type: ignore[no-any-return]
