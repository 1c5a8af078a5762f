"""User functions in a pipeline: traced once, compiled, vectorized if they are pure.

A function of tensors without side effects is traced for the elements' spec and
compiled, also for whole blocks of elements at once. One that draws random numbers or
updates variables is compiled but called per element. One that needs values (strings,
NumPy, Python side effects on values) is called as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from lamina.autograph.conversion import convert
from lamina.data.elements import (
    Flat,
    flat_of,
    is_defined,
    normalize,
    packer,
    spec_of,
    to_tensor,
)
from lamina.engine import nest
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.tensor import Tensor
from lamina.engine.trace import (
    Captured,
    HostResult,
    capture,
    init_scope,
    is_tracing,
)
from lamina.engine.type_spec import TensorSpec

_NEEDS_VALUES = (
    HostOpInTrace,
    HostResult,
    jax.errors.TracerArrayConversionError,
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
)
_VALUE_PHRASES = ("known when the function is traced", "has no value", ".numpy()")
_PROGRAM_LIMIT = 32
_SMALLEST_BLOCK = 16


class Mapper:
    """A user function, ready for flat elements.

    Args:
        name: The public method, for messages.
        function: The user's function.
        spec: The spec of its argument, or of its arguments if it is a tuple.
    """

    def __init__(self, name: str, function: Callable[..., Any], spec: Any) -> None:
        self.name = name
        self.function = function
        self.spec = spec
        self._pack = packer(spec)
        self._spread = type(spec) is tuple
        self._programs: dict[Any, _Program | None] = {}
        self._out_spec: Any = None
        self._structure: Any = None
        self.eager = not _is_traceable(spec)
        if is_defined(spec):
            leaves = nest.flatten(spec)
            self._program(tuple((tuple(s.shape), s.dtype.np_dtype) for s in leaves))

    @property
    def pure(self) -> bool:
        """Whether whole blocks of elements can be computed at once."""
        programs = list(self._programs.values())
        return len(programs) == 1 and programs[0] is not None and programs[0].pure

    def call(self, tensors: Sequence[Any]) -> Any:
        """The function's result for tensors, as a normalized structure."""
        value = self._pack(tensors)
        function = convert(self.function) if is_tracing() else self.function
        result = function(*value) if self._spread else function(value)
        return normalize(tuple(result) if type(result) is list else result)

    def out_spec(self, first: Callable[[], Flat | None]) -> Any:
        """The spec of results; `first` gives an element, if none was traced yet."""
        if self._out_spec is None and not self.eager:
            self._out_spec = self._abstract_spec()
        if self._out_spec is None:
            element = first()
            if element is None:
                return self.spec
            self(element)
        return self._out_spec

    def _abstract_spec(self) -> Any:
        """The spec for arguments with unknown dimensions, from two traces."""
        leaves = nest.flatten(self.spec)
        if any(leaf.shape.rank is None for leaf in leaves):
            return None
        try:
            probes = [self._capture(_filled(leaves, size)) for size in (3, 5)]
        except Exception as error:
            self.eager = needs_values(error)
            return None
        one, two = (
            [spec_of(aval) for aval in probe.out_avals[: probe.num_outputs]]
            for probe in probes
        )
        shapes = [
            TensorSpec([d if d == e else None for d, e in _dims(a, b)], a.dtype)
            if a.shape.rank == b.shape.rank
            else TensorSpec(None, a.dtype)
            for a, b in zip(one, two, strict=True)
        ]
        return probes[0].pack(shapes)

    def _capture(self, shapes: Sequence[tuple[Any, Any]]) -> Captured:
        specs = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in shapes]
        with init_scope():
            return capture(lambda *tensors: self.call(tensors), specs)

    def _program(self, key: Any) -> _Program | None:
        """The program for arrays of these shapes; None if values are needed."""
        if key in self._programs:
            return self._programs[key]
        program = None
        try:
            captured = self._capture(key)
            program = _Program(captured)
        except Exception as error:
            if not needs_values(error):
                raise
            self.eager = True
        if len(self._programs) >= _PROGRAM_LIMIT:
            self._programs.clear()
        self._programs[key] = program
        if program is not None and self._out_spec is None and is_defined(self.spec):
            shapes = captured.out_avals[: captured.num_outputs]
            self._out_spec = captured.pack([spec_of(shape) for shape in shapes])
        return program

    def __call__(self, element: Flat) -> Flat:
        """The function's result for one element."""
        if not self.eager:
            key = tuple((leaf.shape, leaf.dtype) for leaf in element)
            program = self._programs.get(key) or self._program(key)
            if program is not None:
                self._structure = program.structure
                return program(element)
        result = self.call([to_tensor(leaf) for leaf in element])
        self._structure = result
        flat = flat_of(result)
        if self._out_spec is None:
            spec = [_loose(spec_of(leaf)) for leaf in flat]
            self._out_spec = nest.pack_sequence_as(result, spec)
        return flat

    def structured(self, element: Flat) -> Any:
        """The function's result for one element, in its structure."""
        flat = self(element)
        return nest.pack_sequence_as(self._structure, list(flat))

    def block(self, columns: Sequence[np.ndarray], count: int) -> list[np.ndarray]:
        """Results for `count` elements at once; only for pure functions."""
        (program,) = self._programs.values()
        size = max(_SMALLEST_BLOCK, 1 << (count - 1).bit_length())
        if count < size:
            columns = [_padded(column, size) for column in columns]
        return [out[:count] for out in program.block(columns)]  # type: ignore[union-attr]


class _Program:
    """A traced function, compiled for one element and for blocks."""

    def __init__(self, captured: Captured) -> None:
        self.captured = captured
        self.structure = captured.pack([None] * captured.num_outputs)
        self.pure = not captured.written and not _has_effects(captured.jaxpr)
        self._one = jax.jit(self._run)
        self._many = jax.jit(jax.vmap(self._outputs, in_axes=(0, None, None)))

    def _run(self, args: Any, captures: Any, variables: Any) -> Any:
        return self.captured.call(args, captures, variables)

    def _outputs(self, args: Any, captures: Any, variables: Any) -> Any:
        return self.captured.call(args, captures, variables)[0]

    def _state(self) -> tuple[list[Any], list[Any]]:
        captured = self.captured
        return (
            [tensor._value for tensor in captured.captures],
            [variable.read_value()._value for variable in captured.variables],
        )

    def __call__(self, element: Flat) -> Flat:
        with on_host():
            out, written = self._one(list(element), *self._state())
        for variable, value in zip(self.captured.written, written, strict=True):
            variable.assign(Tensor(value))
        return tuple(map(np.asarray, out))

    def block(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Results for a block of elements."""
        with on_host():
            return list(map(np.asarray, self._many(list(columns), *self._state())))


def on_host() -> contextlib.AbstractContextManager[Any]:
    """Runs compiled functions on the CPU: pipelines belong to the host."""
    if jax.default_backend() == "cpu":
        return contextlib.nullcontext()
    return jax.default_device(jax.local_devices(backend="cpu")[0])


def _loose(spec: Any) -> Any:
    """The spec of one result of Python code: other results may have other sizes."""
    if not isinstance(spec, TensorSpec):
        return spec
    return TensorSpec([None] * (spec.shape.rank or 0), spec.dtype)


def needs_values(error: BaseException) -> bool:
    """Whether tracing failed because the function needs to see values."""
    if isinstance(error, _NEEDS_VALUES):
        return True
    text = str(error)
    return any(phrase in text for phrase in _VALUE_PHRASES)


def _is_traceable(spec: Any) -> bool:
    return all(
        isinstance(leaf, TensorSpec) and leaf.dtype not in ("string", "variant")
        for leaf in nest.flatten(spec)
    )


def _filled(leaves: Sequence[Any], size: int) -> list[tuple[Any, Any]]:
    return [
        (tuple(size if d is None else d for d in leaf.shape), leaf.dtype.np_dtype)
        for leaf in leaves
    ]


def _dims(a: Any, b: Any) -> Iterator[tuple[Any, Any]]:
    return zip(a.shape, b.shape, strict=True)


def _padded(column: np.ndarray, size: int) -> np.ndarray:
    result = np.empty((size, *column.shape[1:]), column.dtype)
    result[: len(column)] = column
    result[len(column) :] = column[:1]
    return result


def _has_effects(jaxpr: Any) -> bool:
    """Whether a program calls back into Python, or loops an unknown number of times."""
    if jaxpr.effects:
        return True
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        if "callback" in name or name == "while":
            return True
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns") and _has_effects(inner):
                return True
    return False


def predicate_value(name: str, flat: Flat) -> bool:
    """The truth value that a predicate gave.

    Raises:
        InvalidArgumentError: It gave no boolean scalar.
    """
    value = np.asarray(flat[0]) if len(flat) == 1 else None
    if value is None or value.ndim or value.dtype != bool:
        raise InvalidArgumentError.of(
            name,
            expected="a predicate that returns a scalar of dtype bool",
            received=f"{[spec_of(leaf) for leaf in flat]}",
            hint="Compare with an operator, and reduce with tf.reduce_all.",
        )
    return bool(value)
