"""How `keras.ops` chooses dtypes, and how its functions are made.

Unlike TensorFlow's operations, those of Keras promote: the result's dtype follows
from a lattice in which Python numbers are weak (they adapt to tensors) and integers
with floats give the float's type. A function converts its tensors to the common dtype
and calls an operation through the door.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.op import Op, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.config import floatx
from lamina.ops.array.casting import cast

_WEAK = {bool: False, int: 0, float: 0.0, complex: 0j}
_CACHE: dict[Any, str] = {}


def result_type(*dtypes: Any) -> str:
    """The dtype in which values of several dtypes are combined.

    Args:
        *dtypes: names, DTypes, NumPy dtypes, or the Python types `bool`, `int`,
            `float`, which adapt to the others; `None` means the default float type.

    Returns:
        The name of a dtype; the default float type without arguments.

    Raises:
        ValueError: one of them is no dtype.

    Example:
        >>> keras.backend.result_type("int32", "float16")
        'float16'
        >>> keras.backend.result_type("int8", int)
        'int8'

    Reference: `keras.backend.result_type`.
    """
    key = (dtypes, floatx())
    try:
        return _CACHE[key]
    except (KeyError, TypeError):
        pass
    if not dtypes:
        return floatx()
    strong: list[Any] = []
    weak: list[Any] = []
    for dtype in dtypes:
        if isinstance(dtype, type) and dtype in _WEAK:
            weak.append(_WEAK[dtype])
        else:
            strong.append(as_dtype(standardize_dtype(dtype)))
    name = _combine(strong, weak)
    _CACHE[key] = name
    return name


def _combine(strong: list[DType], weak: list[Any]) -> str:
    if not strong:
        kinds = {type(value) for value in weak}
        if complex in kinds:
            return "complex64"
        if float in kinds:
            return floatx()
        return "int32" if int in kinds else "bool"
    if strong[0] == "string":
        return "string"
    found = as_dtype(jnp.result_type(*(d.np_dtype for d in strong), *weak))
    wide = any(dtype in ("float64", "complex128") for dtype in strong)
    if found == "float64" and not wide:
        return floatx()
    if found == "complex128" and not wide:
        return "complex64"
    if found == "int64" and not any(d.is_integer for d in strong):
        return "int32"
    return found.name


def dtype_of(x: Any) -> Any:
    """The dtype of a value for promotion; Python numbers give their weak type."""
    kind = type(x)
    if kind in _WEAK:
        return kind
    dtype = getattr(x, "dtype", None)
    return convert(x).dtype if dtype is None else dtype


def convert(x: Any, dtype: Any = None) -> Tensor:
    """A tensor for any value, converted to `dtype` if that is given."""
    if dtype is None:
        return convert_to_tensor(x)
    wanted = as_dtype(dtype)
    if type(x) in _WEAK and wanted != "string":
        return Tensor(np.asarray(x).astype(wanted.np_dtype))
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype == wanted else cast(tensor, wanted)


def promote(*values: Any, extra: Any = ()) -> Any:
    """Tensors of one common dtype.

    Args:
        *values: tensors, arrays, nested lists and Python numbers.
        extra: further dtypes that take part in the choice, such as `(float,)` for a
            floating result.
    """
    ready = [
        value if type(value) in _WEAK or is_tensor(value) else convert_to_tensor(value)
        for value in values
    ]
    dtype = result_type(*(dtype_of(value) for value in ready), *extra)
    return [convert(value, dtype) for value in ready]


def to_float(x: Any) -> Tensor:
    """A tensor of a floating (or complex) dtype; integers become floatx."""
    tensor = x if type(x) is Tensor else convert_to_tensor(x, dtype_hint=None)
    dtype = tensor.dtype
    if dtype.is_floating or dtype.is_complex:
        return tensor
    return cast(tensor, floatx())


def numbers(x: Any) -> Tensor:
    """A tensor in which booleans have become int32, for arithmetic."""
    tensor = convert_to_tensor(x)
    return cast(tensor, "int32") if tensor.dtype.is_bool else tensor


_CONVERSIONS: dict[str, Callable[[Any], Tensor]] = {
    "same": convert_to_tensor,
    "float": to_float,
    "number": numbers,
}


def lowered(name: str, function: Callable[..., Any], count: int = 1) -> Op[..., Any]:
    """An op of one or two tensors whose body is a function of arrays."""
    if count == 1:

        def body(x: TensorLike) -> Any:
            return function(x)
    else:

        def body(x1: TensorLike, x2: TensorLike) -> Any:  # type: ignore[misc]
            return function(x1, x2)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = f"The lowering of `keras.ops.{name}`."
    return op(f"keras.ops.{name}")(body)


def unary(
    name: str, compute: Any, summary: str, kind: str = "float", note: str = ""
) -> Any:
    """A public function of one tensor, element by element.

    Args:
        name: the public name.
        compute: an `Op`, or a function of arrays.
        summary: the first line of the docstring.
        kind: `"float"` (integers become floatx), `"same"` or `"number"`.
        note: a further paragraph of the docstring.
    """
    operation = compute if isinstance(compute, Op) else lowered(name, compute)
    ready = _CONVERSIONS[kind]

    def function(x: Any) -> Tensor:
        return operation(ready(x))

    received = {
        "float": "A tensor; integers become floatx.",
        "same": "A tensor.",
        "number": "A tensor; booleans become int32.",
    }[kind]
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        x: {received}\n\n    Returns:\n"
        f"        A tensor of the same shape.\n{note and chr(10)}{note}\n"
        f"    Reference: `keras.ops.{name}`.\n    "
    )
    return _named(function, name)


def binary(
    name: str,
    compute: Any,
    summary: str,
    extra: Any = (),
    first: str = "x1",
    second: str = "x2",
) -> Any:
    """A public function of two tensors that broadcast.

    Args:
        name: the public name.
        compute: an `Op` of two tensors, or a function of two arrays.
        summary: the first line of the docstring.
        extra: further dtypes that take part in the promotion.
        first: the name of the first parameter.
        second: the name of the second one.
    """
    operation = compute if isinstance(compute, Op) else lowered(name, compute, 2)

    def function(x1: Any, x2: Any) -> Tensor:
        if type(x1) is Tensor and type(x2) is Tensor and not extra:
            if x1.dtype == x2.dtype:
                return operation(x1, x2)
        x1, x2 = promote(x1, x2, extra=extra)
        return operation(x1, x2)

    function.__doc__ = (
        f"{summary}\n\n    Args:\n        {first}: A tensor.\n        {second}: A "
        "tensor that broadcasts with it.\n\n    Returns:\n        A tensor of the "
        "broadcast shape and the promoted dtype.\n\n"
        f"    Reference: `keras.ops.{name}`.\n    "
    )
    result = _named(function, name)
    if (first, second) == ("x1", "x2"):
        return result

    def renamed(*args: Any, **kwargs: Any) -> Tensor:
        pair = inspect.signature(renamed).bind(*args, **kwargs).args
        return function(*pair)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    renamed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(each, kind, annotation=Any) for each in (first, second)],
        return_annotation=Tensor,
    )
    renamed.__doc__ = function.__doc__
    return _named(renamed, name)


def _named(function: Any, name: str) -> Any:
    function.__name__ = function.__qualname__ = name
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    if caller is not None:
        function.__module__ = caller.f_globals["__name__"]
    return function
