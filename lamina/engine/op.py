"""The door: every public operation is an ``Op`` and is called through one function.

An op's author writes a typed function of arrays (the lowering); ``@op`` turns it into
an ``Op``. Its parameters' annotations say what they are: ``TensorLike`` (one tensor),
``Same`` (tensors that must share a dtype), ``Tensors`` (a list of tensors), an
optional form of these, or anything else for a static attribute.

At a call the door converts the inputs and picks a ``Kernel``, the lowering with its
attributes fixed. ``execute`` runs a kernel: compiled when eager, inlined when a
function is being traced, recorded when a tape watches its inputs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import (
    Annotated,
    Any,
    Generic,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)

import jax
import numpy as np

from lamina.engine import dtypes
from lamina.engine.attributes import (
    NUMBERS,
    NotStatic,
    device_number,
    hashable_key,
    static_value,
)
from lamina.engine.context import state
from lamina.engine.dtypes import DType
from lamina.engine.errors import DTypeError, InvalidArgumentError
from lamina.engine.failure import explain
from lamina.engine.kernel import HostOpInTrace, Kernel, execute, record
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor

Array: TypeAlias = jax.Array | np.ndarray[Any, Any]
TensorLike: TypeAlias = Annotated[Any, "TensorLike"]
Same: TypeAlias = Annotated[Any, "Same"]
Tensors: TypeAlias = Annotated[Any, "Tensors"]

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["Array", "HostOpInTrace", "Op", "Same", "TensorLike", "Tensors", "op"]


class Op(Generic[P, R]):
    """A public operation.

    Calling it accepts whatever converts to a tensor and returns tensors. ``lower`` is
    the function of raw arrays, for use inside other lowerings.
    """

    def __init__(
        self, path: str, lower: Callable[..., Any], options: dict[str, Any]
    ) -> None:
        self.path = path
        self.lower = lower
        self.differentiable: bool = options.get("differentiable", True)
        self.host: bool = options.get("host", False)
        self.jit: bool = options.get("jit", True)
        self.strings: Callable[..., Any] | None = options.get("strings")
        self.dtypes = options.get("dtypes")
        self.join: Callable[..., Any] | None = options.get("join")
        self.float_input: bool = options.get("float_input", False)
        self.parameters = _parameters(lower)
        self._names = tuple(p.name for p in self.parameters)
        self._defaults = tuple(p.default for p in self.parameters)
        self._leading = _leading_tensors(self.parameters)
        self._listed = self._leading == 0 and _leading_list(self.parameters)
        leading = self.parameters[: max(self._leading, 1)]
        self._all_same = all(parameter.same for parameter in leading)
        self._plain: Kernel | None = None  # of calls without attributes
        self._fast: dict[Any, Kernel] = {}
        self._kernels: dict[Any, Kernel] = {}
        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(self, name, getattr(lower, name))
        self.__wrapped__ = lower

    @property
    def public_name(self) -> str:
        """The name as users write it, such as ``tf.math.add``."""
        return self.path if self.path.startswith("keras.") else f"tf.{self.path}"

    def __reduce__(self) -> str:
        return str(self.__dict__["__qualname__"])  # by name, as functions are pickled

    def __repr__(self) -> str:
        return f"<op {self.public_name}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        count = self._leading
        if state.busy or count < 0:
            return self._call(args, kwargs)
        given: Sequence[Any]
        if self._listed:
            if not args or type(args[0]) not in (list, tuple):
                return self._call(args, kwargs)
            given = args[0]  # type: ignore[assignment]
            kernel = self._find((len(given), *args[1:]), kwargs)
        elif len(args) == count and not kwargs:
            kernel, given = self._plain, args
        else:
            kernel, given = self._find(args[count:], kwargs), args[:count]
        if kernel is None or (len(given) != count and not self._listed):
            return self._call(args, kwargs)
        arrays: list[Any] = []
        tensors: list[Any] = []
        numbers = False
        for value in given:
            kind = type(value)
            if kind is not Tensor:
                if kind is float or kind is int:
                    numbers = True
                    arrays.append(value)
                    tensors.append(None)
                    continue
                if not hasattr(kind, "__lamina_tensor__"):
                    return self._call(args, kwargs)
                value = value.__lamina_tensor__()  # type: ignore[attr-defined]
            tensors.append(value)
            array = value._value
            arrays.append(value.placed() if type(array) is np.ndarray else array)
        if numbers and not self._adapt(arrays):
            return self._call(args, kwargs)
        watching = None
        if state.tapes and kernel.differentiable:
            watching = [tape for tape in state.tapes if tape.watches(tensors)]
        try:
            out = kernel.jit(*arrays)
        except Exception as error:
            if any(array.dtype == object for array in arrays):
                return self._call(args, kwargs)  # strings, on the host
            raise explain(error, self, arrays) from None
        result: Any = _wrap(out) if isinstance(out, tuple | list) else Tensor(out)
        if watching:
            if numbers:
                pairs = zip(tensors, arrays, strict=True)
                tensors = [Tensor(a) if t is None else t for t, a in pairs]
            outputs = [result] if type(result) is Tensor else list(result)
            record(kernel, tensors, outputs, watching)
        return result  # type: ignore[no-any-return]

    def _find(self, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Kernel | None:
        """The kernel that an earlier call with these attributes took."""
        try:
            return self._fast.get((rest, *map(type, rest), *kwargs.items()))
        except TypeError:
            return self._fast.get(hashable_key(rest, kwargs))

    def _adapt(self, arrays: list[Any]) -> bool:
        """Gives Python numbers the dtype of the arrays beside them, in place."""
        if not self._all_same:
            return False
        dtype = None
        for array in arrays:
            if type(array) is not float and type(array) is not int:
                dtype = array.dtype
                break
        if dtype is None or dtype.kind not in "fiuV":
            return False
        for index, value in enumerate(arrays):
            kind = type(value)
            if kind is float or kind is int:
                key = (value or repr(value), kind, dtype)  # 0.0 is not -0.0
                found = NUMBERS.get(key)
                if found is None:
                    if kind is float and dtype.kind in "iu":
                        return False
                    found = device_number(key, value)
                    if found is None:
                        return False
                arrays[index] = found
        return True

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        values = self.bind(args, kwargs)
        other = _dispatch(self, values, args, kwargs)
        if other is not NotImplemented:
            return other
        kernel, tensors = self.prepare(values)
        result = execute(kernel, tensors)
        count = self._leading
        if self._listed:
            if args and kernel.compiled and type(args[0]) in (list, tuple):
                self._remember((len(tensors), *args[1:]), kwargs, kernel)
        elif kernel.compiled and 0 <= count <= len(args) and len(tensors) == count:
            self._remember(args[count:], kwargs, kernel)
        return result

    def _remember(self, rest: Any, kwargs: dict[str, Any], kernel: Kernel) -> None:
        """Lets the next call with these attributes take the short way."""
        if kernel.keep_residuals:
            return
        if not rest and not kwargs:
            self._plain = kernel
            return
        if len(self._fast) >= 1024 or any(map(is_tensor, (*rest, *kwargs.values()))):
            return
        try:
            self._fast[rest, *map(type, rest), *kwargs.items()] = kernel
        except TypeError:
            key = hashable_key(rest, kwargs)
            if key is not None:
                self._fast[key] = kernel

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The arguments in the order of the parameters, defaults filled in."""
        if len(args) > len(self._names):
            raise TypeError(
                f"{self.public_name}() takes {len(self._names)} arguments "
                f"({', '.join(self._names)}), but {len(args)} were given."
            )
        values = list(args) + list(self._defaults[len(args) :])
        for name, value in kwargs.items():
            try:
                index = self._names.index(name)
            except ValueError:
                raise TypeError(
                    f"{self.public_name}() got an unexpected keyword argument "
                    f"'{name}'. It takes: {', '.join(self._names)}."
                ) from None
            if index < len(args):
                raise TypeError(
                    f"{self.public_name}() got multiple values for argument '{name}'."
                )
            values[index] = value
        for index, value in enumerate(values):
            if value is inspect.Parameter.empty:
                raise TypeError(
                    f"{self.public_name}() missing required argument: "
                    f"'{self._names[index]}'. It takes: {', '.join(self._names)}."
                )
        return values

    def prepare(self, values: list[Any]) -> tuple[Kernel, list[Tensor]]:
        """Converts bound arguments to a kernel and the tensors that it takes."""
        dtype = self._shared_dtype(values)
        tensors: list[Tensor] = []
        layout: list[Any] = []
        attributes: list[Any] = []
        for parameter, value in zip(self.parameters, values, strict=True):
            kind = parameter.kind
            if kind == "attribute":
                attributes.append(self._static(parameter.name, value))
            elif kind == "name":
                attributes.append(value)
            elif value is None and parameter.optional:
                layout.append(None)
            elif kind == "list":
                items = self._items(parameter, value, dtype)
                layout.append(len(items))
                tensors.extend(items)
            else:
                layout.append(-1)
                wanted = dtype if parameter.same else None
                tensors.append(self._convert(parameter.name, value, wanted))
        return self._kernel(tuple(layout), tuple(attributes), tensors), tensors

    def _items(
        self, parameter: _Parameter, value: Any, dtype: DType | None
    ) -> list[Tensor]:
        if not isinstance(value, list | tuple):
            value = list(value) if is_tensor(value) else [value]
        wanted = dtype if parameter.same else None
        return [self._convert(parameter.name, item, wanted) for item in value]

    def _convert(self, name: str, value: Any, wanted: DType | None) -> Tensor:
        try:
            if wanted is None:
                tensor = convert_to_tensor(value)
                if self.float_input and tensor.dtype.is_integer:
                    if not is_tensor(value) and not hasattr(value, "dtype"):
                        return convert_to_tensor(value, dtypes.float32)
                return tensor
            if isinstance(value, Tensor) or is_tensor(value):
                return convert_to_tensor(value)  # the kernel compares the dtypes
            return convert_to_tensor(value, wanted)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            text = f"{self.public_name}: argument '{name}': {error}"
            if isinstance(error, DTypeError):
                raise DTypeError(None, None, text) from None
            raise kind(text) from None

    def _shared_dtype(self, values: list[Any]) -> DType | None:
        """The dtype that the ``Same`` arguments take: the first tensor's."""
        fallback = None
        for parameter, value in zip(self.parameters, values, strict=True):
            if not parameter.same or value is None:
                continue
            items = value if parameter.kind == "list" else (value,)
            if is_tensor(items):
                return items.dtype  # type: ignore[union-attr]
            for item in items if isinstance(items, list | tuple) else ():
                if is_tensor(item):
                    return item.dtype  # type: ignore[no-any-return]
                if fallback is None:
                    fallback = item
        if fallback is None:
            return None
        dtype = convert_to_tensor(fallback).dtype
        if self.float_input and dtype.is_integer and not hasattr(fallback, "dtype"):
            return dtypes.float32
        return dtype

    def _static(self, name: str, value: Any) -> Any:
        try:
            return static_value(value)
        except NotStatic:
            if state.trace is not None:
                raise HostOpInTrace(self.public_name) from None
            raise InvalidArgumentError.of(
                self.public_name,
                expected=f"a value for '{name}' that is known when the function is "
                "traced",
                received="a tensor computed at run time",
                hint="XLA programs have static shapes and attributes: compute it from "
                "Python values or tf.shape, or move this op out of the tf.function.",
            ) from None

    def _kernel(
        self, layout: tuple[Any, ...], attributes: tuple[Any, ...], tensors: list[Any]
    ) -> Kernel:
        text = any(t._value is not None and t._value.dtype == object for t in tensors)
        key = (layout, attributes, tuple(map(type, attributes)), text)
        try:
            kernel = self._kernels.get(key)
        except TypeError:
            raise TypeError(
                f"{self.public_name}: expected plain values for "
                f"{', '.join(p.name for p in self.parameters if p.kind == 'attribute')}"
                f". Received: {attributes!r:.200}."
            ) from None
        if kernel is None:
            kernel = self._make_kernel(layout, attributes, text)
            if len(self._kernels) > 4096:
                self._kernels.clear()
            self._kernels[key] = kernel
        return kernel

    def _make_kernel(
        self, layout: tuple[Any, ...], attributes: tuple[Any, ...], text: bool
    ) -> Kernel:
        parameters = self.parameters
        lower = self.strings if text and self.strings else self.lower
        check = _checker(self, layout)

        def arguments(arrays: Sequence[Any]) -> list[Any]:
            ordered: list[Any] = []
            taken, shapes, fixed = iter(arrays), iter(layout), iter(attributes)
            for parameter in parameters:
                if parameter.kind in ("attribute", "name"):
                    ordered.append(next(fixed))
                    continue
                count = next(shapes)
                if count is None:
                    ordered.append(None)
                elif count == -1:
                    ordered.append(next(taken))
                else:
                    ordered.append([next(taken) for _ in range(count)])
            return ordered

        def call(*arrays: Any) -> Any:
            check(arrays)
            return lower(*arguments(arrays))

        return Kernel(
            self,
            call,
            host=self.host or text,
            compiled=self.jit and not self.host and not text,
            differentiable=self.differentiable and not text,
            arguments=arguments,
            join=self.join and functools.partial(self.join, *attributes),
        )


class _Parameter:
    """What one parameter of an op is."""

    __slots__ = ("default", "kind", "name", "optional", "same")

    def __init__(self, parameter: inspect.Parameter) -> None:
        annotation = str(parameter.annotation)
        self.name = parameter.name
        self.default = parameter.default
        self.optional = "None" in annotation
        self.same = "Same" in annotation or "Tensors" in annotation
        if "Tensors" in annotation:
            self.kind = "list"
        elif "TensorLike" in annotation or "Same" in annotation:
            self.kind = "tensor"
        else:
            self.kind = "name" if parameter.name == "name" else "attribute"


def _parameters(lower: Callable[..., Any]) -> tuple[_Parameter, ...]:
    found = inspect.signature(lower).parameters.values()
    return tuple(_Parameter(parameter) for parameter in found)


def _leading_tensors(parameters: Sequence[_Parameter]) -> int:
    """How many plain tensors come first, if all the rest are attributes; else -1."""
    count = 0
    for parameter in parameters:
        if parameter.kind != "tensor" or parameter.optional:
            break
        count += 1
    rest = parameters[count:]
    if not count and _leading_list(parameters):
        return 0
    return count if all(p.kind in ("attribute", "name") for p in rest) else -1


def _leading_list(parameters: Sequence[_Parameter]) -> bool:
    """Whether a list of tensors comes first and all the rest are attributes."""
    first, *rest = [parameter.kind for parameter in parameters] or ["name"]
    return first == "list" and not {"tensor", "list"} & {*rest}


_CLASSES: dict[str, Callable[[DType], bool]] = {
    "floating": lambda d: d.is_floating or d.is_complex,
    "real": lambda d: d.is_floating or d.is_integer,
    "real_floating": lambda d: d.is_floating,
    "numeric": lambda d: d.is_numeric,
    "integer": lambda d: d.is_integer,
    "complex": lambda d: d.is_complex,
    "bool": lambda d: d.is_bool,
    "integer_or_bool": lambda d: d.is_integer or d.is_bool,
}


def _checker(op: Op[..., Any], layout: tuple[Any, ...]) -> Callable[[Any], None]:
    """The dtype checks of an op; they run once per signature, while tracing."""
    tensors = [p for p in op.parameters if p.kind in ("tensor", "list")]
    owners = [
        parameter
        for parameter, count in zip(tensors, layout, strict=True)
        if count is not None
        for _ in range(max(count, 1) if count == -1 else count)
    ]
    allowed = op.dtypes
    if isinstance(allowed, str):
        accept, words = _CLASSES[allowed], allowed
    elif allowed is not None:
        names = tuple(dtypes.as_dtype(name) for name in allowed)
        accept = names.__contains__
        words = ", ".join(name.name for name in names)
    same = [index for index, owner in enumerate(owners) if owner.same]

    def check(arrays: Sequence[Any]) -> None:
        if len(same) > 1:
            first = arrays[same[0]].dtype
            for index in same[1:]:
                if arrays[index].dtype != first:
                    raise _mismatch(op, owners, arrays, same[0], index)
        if allowed is not None:
            for index in same or range(min(1, len(owners))):
                found = dtypes.from_np(arrays[index].dtype)
                if not accept(found):
                    raise DTypeError.of(
                        op.public_name,
                        expected=f"'{owners[index].name}' of a {words} dtype",
                        received=found.name,
                        hint="Cast it with tf.cast.",
                    )

    return check


def _mismatch(
    op: Op[..., Any], owners: Any, arrays: Any, first: int, second: int
) -> DTypeError:
    a, b = (dtypes.from_np(arrays[i].dtype).name for i in (first, second))
    return DTypeError.of(
        op.public_name,
        expected=f"'{owners[second].name}' to have the dtype of "
        f"'{owners[first].name}', {a}",
        received=f"{b} (input #{second} was expected to be a {a} tensor but is a {b} "
        "tensor)",
        hint=f"Tensors are not promoted: use tf.cast(x, tf.{a}).",
    )


def _wrap(out: Any) -> Any:
    items = [Tensor(item) for item in out]
    if hasattr(out, "_fields"):
        return type(out)(*items)
    return type(out)(items)


# Dispatch to symbolic (KerasTensor) and composite (ragged, sparse) arguments. Both
# rooms stand above this module, so they register here.
_DISPATCHERS: list[tuple[type, Callable[..., Any]]] = []


def register_dispatcher(cls: type, function: Callable[..., Any]) -> None:
    """Lets ``function(op, args, kwargs)`` handle calls that hold a ``cls`` anywhere.

    It returns the result, or ``NotImplemented`` to pass.
    """
    _DISPATCHERS.append((cls, function))


def _dispatch(op: Op[..., Any], values: list[Any], args: Any, kwargs: Any) -> Any:
    for cls, function in _DISPATCHERS:
        if _contains(values, cls):
            found = function(op, args, kwargs)
            if found is not NotImplemented:
                return found
    return NotImplemented


def _contains(values: Any, cls: type) -> bool:
    for value in values:
        if isinstance(value, cls):
            return True
        if isinstance(value, list | tuple) and value and _contains(value, cls):
            return True
    return False


class _Decorator(Protocol):
    """The type of `@op(...)`: a body of one array gives a tensor."""

    @overload
    def __call__(self, lower: Callable[P, Array]) -> Op[P, Tensor]: ...
    @overload
    def __call__(self, lower: Callable[P, Any]) -> Op[P, Any]: ...


def op(path: str, **options: Any) -> _Decorator:
    """Makes an ``Op`` of a lowering.

    Args:
        path: the public name without ``tf.``, such as ``"math.add"``.
        **options: ``dtypes`` allowed for the inputs (``"floating"``, ``"real"``,
            ``"real_floating"``, ``"numeric"``, ``"integer"``, ``"complex"``,
            ``"bool"`` or a tuple of names); ``differentiable`` (False: tapes pass it
            by); ``host`` (the body takes and returns NumPy arrays and cannot be part
            of a compiled program); ``strings`` (a NumPy body used for string inputs);
            ``float_input`` (Python ints become float32); ``jit`` (False: the body runs
            as it is when eager, as for ``tf.shape``); ``join`` (for ops of one tensor:
            ``attributes, recipe of the tensor -> Kernel.join's result``).
    """
    unknown = set(options) - {
        "dtypes",
        "differentiable",
        "host",
        "strings",
        "float_input",
        "jit",
        "join",
    }
    if unknown:
        raise TypeError(f"op: unknown options {sorted(unknown)}.")
    return cast(_Decorator, lambda lower: Op(path, lower, options))
