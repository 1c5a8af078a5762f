"""``function``: Python functions compiled to one XLA program per signature.

A call's arguments give a key; each key has a ``ConcreteFunction``, a traced program.
Variables are inputs and outputs of the program, and the buffers of those that it
writes are donated to it. What cannot be compiled (strings, dynamic shapes) makes the
function run op by op, with one warning that names the op.
"""

from __future__ import annotations

import functools
import inspect
import logging
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from lamina.engine import nest
from lamina.engine.concrete import ConcreteFunction
from lamina.engine.context import settings, state
from lamina.engine.errors import message
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.signature import Reader, Symbolic, difference, fill
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import HostResult, capture
from lamina.engine.type_spec import TensorSpec, TypeSpec

_LOGGER = logging.getLogger("lamina")
CACHE_LIMIT = 512
RETRACE_WARNING = 8

_converter: Callable[[Any], Any] = lambda python_function: python_function  # noqa: E731


def set_converter(converter: Callable[[Any], Any]) -> None:
    """Registers AutoGraph: called with each function that is about to be traced."""
    global _converter
    _converter = converter


_unconverted: Callable[[Any], Any] = lambda python_function: python_function  # noqa: E731


def set_unconverted(wrapper: Callable[[Any], Any]) -> None:
    """Registers how functions with ``autograph=False`` are called."""
    global _unconverted
    _unconverted = wrapper


class Function:
    """What ``tf.function`` returns.

    Reference: ``tf.function`` and ``tf.types.experimental.GenericFunction``.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Sequence[Any] | None = None,
        autograph: bool = True,
        jit_compile: bool | None = None,
        reduce_retracing: bool = False,
        experimental_implements: str | None = None,
        experimental_attributes: dict[str, Any] | None = None,
        experimental_autograph_options: Any = None,
    ) -> None:
        self._python_function = python_function
        self._signature = _flat_signature(input_signature)
        self.input_signature = input_signature
        self._autograph = autograph
        self.jit_compile = jit_compile
        self.reduce_retracing = reduce_retracing
        self.experimental_implements = experimental_implements
        self.experimental_attributes = experimental_attributes
        self.experimental_autograph_options = experimental_autograph_options
        self._cache: dict[Any, ConcreteFunction] = {}
        self._objects: dict[Any, list[Any]] = {}
        self._traces = 0
        self._calls = 0
        self._warned = False
        self._last_key: Any = None
        self._op_by_op: str | None = None
        self._bound: dict[int, tuple[weakref.ref[Any], Function]] = {}
        self._names = _argument_names(python_function)
        functools.update_wrapper(self, python_function)

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function."""
        return self._python_function

    @property
    def name(self) -> str:
        """The Python function's name."""
        return getattr(self._python_function, "__name__", "function")

    def __repr__(self) -> str:
        return f"<lamina.function {self.name}>"

    def __get__(self, instance: Any, owner: Any = None) -> Function:
        if instance is None:
            return self
        found = self._bound.get(id(instance))
        if found is not None and found[0]() is instance:
            return found[1]
        number = id(instance)
        reference = weakref.ref(instance, lambda _: self._bound.pop(number, None))
        bound = self._clone(WeakMethod(self._python_function, reference))
        self._bound[number] = (reference, bound)
        return bound

    def _clone(self, python_function: Callable[..., Any]) -> Function:
        return Function(
            python_function,
            self.input_signature,
            self._autograph,
            self.jit_compile,
            self.reduce_retracing,
            self.experimental_implements,
            self.experimental_attributes,
            self.experimental_autograph_options,
        )

    # ------------------------------------------------------ calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if settings.functions_run_eagerly:
            return self._python_function(*args, **kwargs)
        if state.trace is not None:
            return self._prepared()(*args, **kwargs)
        if self._op_by_op is not None:
            return self._python_function(*args, **kwargs)
        args, kwargs = self._canonical(args, kwargs)
        reader = Reader(self._forget)
        try:
            key = (*map(reader.read, args), *_keyword_keys(reader, kwargs))
        except Symbolic:
            return self._prepared()(*args, **kwargs)
        self._calls += 1
        concrete = self._cache.get(key)
        if concrete is None:
            try:
                concrete = self._trace(key, reader, args, kwargs)
            except (HostOpInTrace, HostResult) as reason:
                self._fall_back(reason)
                return self._python_function(*args, **kwargs)
        return concrete.run(reader.tensors)

    def _prepared(self) -> Callable[..., Any]:
        function = self._python_function
        return _converter(function) if self._autograph else _unconverted(function)

    def _canonical(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Keywords that name the next positional arguments become positional."""
        if kwargs:
            kwargs = dict(kwargs)
            extra = []
            for name in self._names[len(args) :]:
                if name not in kwargs:
                    break
                extra.append(kwargs.pop(name))
            args = (*args, *extra)
        if self._signature is not None:
            args = self._signed(args, kwargs)
        return args, kwargs

    def _signed(self, args: tuple[Any, ...], kwargs: Any) -> tuple[Any, ...]:
        """Arguments converted to what ``input_signature`` says."""
        wanted = self._signature or ()
        if kwargs or len(args) > len(wanted) or len(args) < len(wanted):
            given = len(args) + len(kwargs)
            raise TypeError(
                message(
                    f"{self.name} (tf.function with input_signature)",
                    expected=f"{len(wanted)} arguments",
                    received=f"{given}",
                    hint="Call it with exactly the arguments that input_signature "
                    "describes.",
                )
            )
        return tuple(
            _conform(self.name, index, value, spec)
            for index, (value, spec) in enumerate(zip(args, wanted, strict=True))
        )

    def _trace(
        self, key: Any, reader: Reader, args: Any, kwargs: Any
    ) -> ConcreteFunction:
        function = self._prepared()

        def call(*tensors: Tensor) -> Any:
            taken = iter(tensors)
            filled = [fill(arg, taken) for arg in args]
            named = {name: fill(kwargs[name], taken) for name in sorted(kwargs)}
            return function(*filled, **named)

        self._count(key)
        captured = capture(call, reader.tensors)
        if captured.created:
            if self._cache:
                raise _creation_error(self.name)
            captured = capture(call, reader.tensors)
            if captured.created:
                raise _creation_error(self.name)
        concrete = ConcreteFunction(
            self.name, captured, reader.tensors, self._names, (args, kwargs)
        )
        while len(self._cache) >= CACHE_LIMIT:
            self._cache.pop(next(iter(self._cache)))
        self._cache[key] = concrete
        for reference in reader.objects:
            self._objects.setdefault(id(reference), []).append((reference, key))
        return concrete

    def _forget(self, reference: weakref.ref[Any]) -> None:
        """An argument object died: programs made for it cannot be called again."""
        for _, key in self._objects.pop(id(reference), ()):
            self._cache.pop(key, None)

    def _count(self, key: Any) -> None:
        self._traces += 1
        if (
            self._traces >= RETRACE_WARNING
            and not self._warned
            and (self._calls < 3 * self._traces)
        ):
            self._warned = True
            _LOGGER.warning(
                "%d out of the last %d calls to %r triggered tf.function retracing. "
                "Argument %s. Tracing is expensive: pass tensors instead of Python "
                "values, pad inputs to few different shapes, and create the "
                "tf.function outside of the loop.",
                self._traces,
                self._calls,
                self,
                difference(self._last_key, key),
            )
        self._last_key = key

    def _fall_back(self, reason: Exception) -> None:
        name = getattr(reason, "name", "a function that returns strings")
        self._op_by_op = name
        _LOGGER.warning(
            "%r runs op by op, not compiled: %s works on values that are known only "
            "while the program runs (strings or data-dependent shapes). Results are "
            "the same, calls are slower.",
            self,
            name,
        )

    # ------------------------------------------------------ public methods

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The traced program for these arguments.

        Args:
            *args: tensors, ``tf.TensorSpec``s, or Python values.
            **kwargs: the same.

        Returns:
            A ``ConcreteFunction``.

        Reference: ``tf.types.experimental.GenericFunction.get_concrete_function``.
        """
        if not args and not kwargs and self._signature is not None:
            args = tuple(self._signature)
        args, kwargs = nest.map_structure(_example, (args, kwargs))
        args, kwargs = self._canonical(args, kwargs)
        reader = Reader(self._forget)
        key = (*map(reader.read, args), *_keyword_keys(reader, kwargs))
        found = self._cache.get(key)
        return found or self._trace(key, reader, args, kwargs)

    def experimental_get_tracing_count(self) -> int:
        """How many times the Python function has been traced."""
        return self._traces

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The signatures of the programs traced so far, as text."""
        return "\n\n".join(
            concrete.pretty_printed_signature(verbose)
            for concrete in self._cache.values()
        )

    def experimental_get_compiler_ir(
        self, *args: Any, **kwargs: Any
    ) -> Callable[..., str]:
        """A function of ``stage`` giving the program's text for these arguments."""
        concrete = self.get_concrete_function(*args, **kwargs)
        return concrete.compiler_ir


class WeakMethod:
    """A method whose object is held weakly by the cache of its programs."""

    def __init__(self, function: Callable[..., Any], instance: Any) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._instance = instance
        self.__code__ = getattr(function, "__code__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.bound()(*args, **kwargs)

    def bound(self) -> Callable[..., Any]:
        """The bound method."""
        instance = self._instance()
        if instance is None:
            raise ReferenceError(
                f"The object of the method {self._function!r} no longer exists."
            )
        return self._function.__get__(instance)  # type: ignore[no-any-return]


def _argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    if isinstance(function, WeakMethod):
        return _argument_names(function._function)[1:]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    kinds = (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.POSITIONAL_ONLY,
    )
    return tuple(p.name for p in parameters if p.kind in kinds)


def _keyword_keys(reader: Reader, kwargs: dict[str, Any]) -> list[Any]:
    return [(name, reader.read(kwargs[name])) for name in sorted(kwargs)]


def _flat_signature(signature: Any) -> tuple[Any, ...] | None:
    if signature is None:
        return None
    if not isinstance(signature, list | tuple):
        raise TypeError(
            message(
                "tf.function",
                expected="input_signature to be a list or tuple of tf.TensorSpec",
                received=f"{signature!r}",
            )
        )
    for spec in nest.flatten(list(signature)):
        if not isinstance(spec, TypeSpec):
            raise TypeError(
                message(
                    "tf.function",
                    expected="input_signature to hold tf.TensorSpec objects",
                    received=f"{spec!r} of type {type(spec)}",
                )
            )
    return tuple(signature)


def _conform(name: str, index: int, value: Any, spec: Any) -> Any:
    if not isinstance(spec, TensorSpec):
        return value
    if isinstance(value, TensorSpec):
        return _example(value)
    try:
        tensor = convert_to_tensor(value, spec.dtype)
        if spec.is_compatible_with(tensor):
            return tensor
        received = f"a tensor of shape {tensor.shape} and dtype {tensor.dtype.name}"
    except (TypeError, ValueError) as error:
        received = str(error)
    raise TypeError(
        message(
            f"{name} (tf.function with input_signature)",
            expected=f"argument {index} to fit {spec!r}",
            received=received,
            hint="Binding inputs to tf.function failed: pass a matching tensor, or "
            "widen the signature with None sizes.",
        )
    )


def _example(value: Any) -> Any:
    """A tensor to trace with, where a specification is given."""
    return (
        ConcreteFunction.placeholder(value)
        if isinstance(value, TensorSpec)
        else (value)
    )


def _creation_error(name: str) -> ValueError:
    return ValueError(
        f"tf.function-decorated function '{name}' tried to create variables on "
        "non-first call: tf.function only supports singleton tf.Variables created on "
        "the first call. Make sure the tf.Variable is only created once, such as "
        "`if self.v is None: self.v = tf.Variable(...)`, or create it outside."
    )


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: dict[str, Any] | None = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """Compiles a Python function to XLA programs.

    Args:
        func: the function; None when used as a decorator with arguments.
        input_signature: ``tf.TensorSpec`` per argument; calls that do not fit fail.
        autograph: whether Python control flow over tensors is converted.
        jit_compile: kept for introspection; every function is compiled by XLA.
        reduce_retracing: kept for introspection; programs have static shapes, so a
            new shape is always traced anew.
        experimental_implements: a name that describes what the function does.
        experimental_autograph_options: kept for introspection.
        experimental_attributes: attributes kept with the function.
        experimental_relax_shapes: the former name of ``reduce_retracing``.
        experimental_compile: the former name of ``jit_compile``.
        experimental_follow_type_hints: accepted as TensorFlow accepts it.

    Returns:
        A callable with the function's signature, or a decorator.

    Example:
        >>> @tf.function
        ... def square(x):
        ...     return x * x
        >>> float(square(tf.constant(3.0)))
        9.0

    Reference: ``tf.function``.
    """

    def decorate(python_function: Callable[..., Any]) -> Function:
        if isinstance(python_function, Function):
            python_function = python_function.python_function
        return Function(
            python_function,
            input_signature,
            autograph,
            experimental_compile if jit_compile is None else jit_compile,
            bool(reduce_retracing or experimental_relax_shapes),
            experimental_implements,
            experimental_attributes,
            experimental_autograph_options,
        )

    return decorate if func is None else decorate(func)
