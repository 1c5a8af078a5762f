"""Tracing: running a Python function once to get a program with explicit state.

``capture`` runs a function under ``jax.make_jaxpr``. While it runs, variables that are
read and tensors of the surrounding context that are used enter the program as
constants that JAX lifts; because each keeps its identity, ``capture`` can afterwards
tell which constant stands for which variable or tensor, and turn them into arguments.
Variables that were written become additional results. So user code is run exactly
once, whatever it touches, and ``tf.function``, ``cond``, ``while_loop``, ``scan`` and
the Keras trainer all stand on this one mechanism.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.failure import hide_frames
from lamina.engine.tensor import Tensor, Tracer, convert_to_tensor, is_tensor


class VariableState:
    """What a trace knows about one variable.

    ``private`` is the current value, an object that nothing else holds: first the
    constant that stands for the variable, later the tracer that was assigned.
    """

    __slots__ = ("assigned", "entry", "private", "public", "variable", "written")

    def __init__(self, variable: Any, private: Any) -> None:
        self.variable = variable
        self.entry = private
        self.private = private
        self.public: Tensor | None = None
        self.assigned: Tensor | None = None
        self.written = False


class Recipe:
    """How a tensor of a trace was made: a kernel on tensors, or a variable's value.

    Values that do not depend on the function's inputs can so be computed at once,
    which is what a variable made inside a traced function needs.
    """

    __slots__ = ("index", "inputs", "kernel", "outputs", "variable")

    def __init__(
        self,
        kernel: Any,
        inputs: Sequence[Tensor],
        index: int,
        outputs: Sequence[Tensor],
        variable: Any = None,
    ) -> None:
        self.kernel = kernel
        self.inputs = inputs
        self.index = index
        self.outputs = outputs
        self.variable = variable


class Trace:
    """The context of one running trace."""

    def __init__(self, parent: Trace | None) -> None:
        self.parent = parent
        self.own: dict[int, Tensor] = {}
        self.captures: dict[int, tuple[Tensor, Any, Any]] = {}
        self.variables: dict[int, VariableState] = {}
        self.created: list[Any] = []
        self.recipes: dict[int, Recipe] = {}
        self.function: Any = parent.function if parent is not None else None

    def adopt(self, tensors: Sequence[Tensor]) -> None:
        """Notes that tensors were made in this trace."""
        for tensor in tensors:
            self.own[id(tensor)] = tensor

    def use(self, tensor: Tensor) -> Any:
        """The value of a tensor in this trace; outer tensors are captured."""
        value = tensor._value
        if id(tensor) in self.own or isinstance(value, np.ndarray):
            return value
        found = self.captures.get(id(tensor))
        if found is None:
            found = (tensor, value, jnp.array(value, copy=True))
            self.captures[id(tensor)] = found
        return found[2]

    def lookup(self, variable: Any) -> VariableState:
        """The state of a variable in this trace."""
        found = self.variables.get(id(variable))
        if found is None:
            if self.parent is not None:
                private = self.parent.lookup(variable).private
            else:
                private = variable.owned_value()
            found = self.variables[id(variable)] = VariableState(variable, private)
        return found

    def read(self, variable: Any) -> Tensor:
        """The current value of a variable."""
        found = self.lookup(variable)
        if found.public is None:
            found.public = Tensor(jnp.array(found.private, copy=True))
            self.adopt((found.public,))
            inputs = () if found.assigned is None else (found.assigned,)
            self.recipes[id(found.public)] = Recipe(
                None, inputs, 0, (found.public,), variable
            )
        return found.public

    def write(self, variable: Any, value: Tensor) -> None:
        """Sets the current value of a variable."""
        found = self.lookup(variable)
        found.private = jnp.array(self.use(value), copy=True)
        found.public = None
        found.assigned = value
        found.written = True

    def made(self, kernel: Any, inputs: Sequence[Tensor], out: list[Tensor]) -> None:
        """Notes tensors that a kernel made in this trace, and how."""
        self.adopt(out)
        for index, tensor in enumerate(out):
            self.recipes[id(tensor)] = Recipe(kernel, inputs, index, out)

    def value_now(self, tensor: Tensor) -> Any:
        """The array of a tensor that does not depend on the function's inputs.

        Variables that were updated on the way (the state of random numbers) keep the
        update, so that it is not used twice.

        Raises:
            KeyError: if it depends on the inputs.
        """
        with init_scope():
            value = self._evaluate(tensor, {})
            for known in self.variables.values():
                if known.assigned is not None and known.written:
                    with contextlib.suppress(KeyError):
                        array = self._evaluate(known.assigned, {})
                        known.variable._tensor = Tensor(array)
        return value

    def _evaluate(self, tensor: Tensor, done: dict[int, Any]) -> Any:
        if not isinstance(tensor._value, Tracer):
            return tensor._value
        if id(tensor) not in done:
            recipe = self.recipes.get(id(tensor))
            if recipe is None:
                if self.parent is None:
                    raise KeyError(tensor)
                return self.parent._evaluate(tensor, done)
            if recipe.kernel is not None:
                arrays = [self._evaluate(item, done) for item in recipe.inputs]
                out = recipe.kernel.eager(arrays)
                done[id(tensor)] = (
                    out[recipe.index] if isinstance(out, tuple | list) else out
                )
            elif recipe.inputs:
                done[id(tensor)] = self._evaluate(recipe.inputs[0], done)
            else:
                done[id(tensor)] = recipe.variable._tensor._value
        return done[id(tensor)]

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Makes this the thread's trace; the tapes outside do not see its inside."""
        saved = state.trace, state.tapes
        state.trace, state.tapes = self, ()
        state.refresh()
        try:
            yield
        finally:
            state.trace, state.tapes = saved
            state.refresh()


class Captured:
    """The program that ``capture`` made.

    Attributes:
        captures: the outer tensors that it uses, in the order of its inputs.
        variables: the variables that it reads or writes, in the order of its inputs.
        writes: positions in ``variables`` of those that it writes.
        created: variables that were made while it was traced.
    """

    def __init__(
        self, closed: Any, trace: Trace, structure: Any, out_static: list[Any]
    ) -> None:
        self.jaxpr = closed.jaxpr
        self.structure = structure
        self.static = out_static
        self.created = trace.created
        positions = {id(const): index for index, const in enumerate(closed.consts)}
        consts: list[Any] = list(closed.consts)
        self.captures: list[Tensor] = []
        self._capture_at: list[int] = []
        for tensor, const, _ in trace.captures.values():
            if id(const) in positions:
                self._capture_at.append(positions[id(const)])
                self.captures.append(tensor)
        self.variables: list[Any] = []
        self._variable_at: list[int | None] = []
        self.writes: list[int] = []
        for known in trace.variables.values():
            at = positions.get(id(known.entry))
            if at is None and not known.written:
                continue
            if known.written:
                self.writes.append(len(self.variables))
            self._variable_at.append(at)
            self.variables.append(known.variable)
        for at in [*self._capture_at, *self._variable_at]:
            if at is not None:
                consts[at] = None
        self._consts = consts
        self.primitives = _primitives(self.jaxpr)
        self.has_callbacks = bool(closed.effects) or any(
            "callback" in name for name in self.primitives
        )
        self.out_avals = closed.out_avals
        self.num_outputs = len(closed.out_avals) - len(self.writes)
        self._plain = _plain_places(structure)

    @property
    def reads(self) -> list[Any]:
        """The variables whose value on entry matters."""
        pairs = zip(self.variables, self._variable_at, strict=True)
        return [variable for variable, at in pairs if at is not None]

    @property
    def written(self) -> list[Any]:
        """The variables that it writes."""
        return [self.variables[index] for index in self.writes]

    @property
    def constants(self) -> list[Any]:
        """The arrays fixed in the program, with None where a variable or tensor is."""
        return list(self._consts)

    @property
    def places(self) -> list[int | None]:
        """Where among them each captured tensor and each variable is."""
        return [*self._capture_at, *self._variable_at]

    def call(
        self, args: Sequence[Any], captures: Sequence[Any], variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Runs the program on arrays: (outputs, new values of ``written``)."""
        consts = list(self._consts)
        for at, value in zip(self._capture_at, captures, strict=True):
            consts[at] = value
        for index, value in zip(self._variable_at, variables, strict=True):
            if index is not None:
                consts[index] = value
        out = jax.core.eval_jaxpr(self.jaxpr, consts, *args)
        return out[: self.num_outputs], out[self.num_outputs :]

    def largest_array(self) -> int:
        """The size in bytes of the largest array that it computes."""
        computed = (e for e in _equations(self.jaxpr) if e.primitive.name != "copy")
        return max(map(_bytes, computed), default=0)

    def calls_one_by_one(self) -> bool:
        """Whether it calls native code that `jax.vmap` would put into a loop."""
        return any(
            e.params.get("vmap_method") == "sequential"
            for e in _equations(self.jaxpr)
            if e.primitive.name == "ffi_call"
        )

    def pack(self, tensors: Sequence[Any]) -> Any:
        """Puts flat results into the structure that the function returned."""
        if self._plain is not None and len(tensors) == len(self.static):
            return {key: tensors[place] for key, place in self._plain}
        leaves = iter(tensors)
        flat = [None if skip else next(leaves) for skip in self.static]
        return nest.pack_sequence_as(self.structure, flat, expand_composites=True)


def capture(function: Callable[..., Any], args: Sequence[Any]) -> Captured:
    """Traces ``function(*tensors)`` once.

    Args:
        function: takes one ``Tensor`` per element of ``args``; returns a nest of
            tensors, values that convert to tensors, and None.
        args: what to trace with: tensors, arrays or ``jax.ShapeDtypeStruct``s, of
            which only shape and dtype matter.

    Returns:
        The program, as a ``Captured``.
    """
    trace = Trace(state.trace)
    structure: Any = None
    static: list[Any] = []

    def run(*tracers: Any) -> list[Any]:
        nonlocal structure
        with trace.active():
            inner = [Tensor(tracer) for tracer in tracers]
            trace.adopt(inner)
            returned = function(*inner)
            results = []
            leaves = nest.flatten(returned, expand_composites=True)
            structure = nest.map_structure(_forget, returned)
            for leaf in leaves:
                static.append(leaf is None)
                if leaf is not None:
                    results.append(jnp.asarray(trace.use(_leaf(leaf))))
            for known in trace.variables.values():
                if known.written:
                    results.append(known.private)
            return results

    specs = [_spec(arg) for arg in args]
    try:
        closed = jax.make_jaxpr(run)(*specs)
    except Exception as error:
        raise hide_frames(error) from error.__cause__
    return Captured(closed, trace, structure, static)


def _forget(leaf: Any) -> Any:
    """Keeps composites (they tell how to rebuild), drops tensors and their tracers."""
    return leaf if hasattr(type(leaf), "_type_spec") else None


def _plain_places(structure: Any) -> list[tuple[Any, int]] | None:
    """Where each result of a dictionary of tensors is, as training steps return it."""
    if type(structure) is not dict or any(v is not None for v in structure.values()):
        return None
    places = {key: place for place, key in enumerate(sorted(structure))}
    return [(key, places[key]) for key in structure]


def _leaf(leaf: Any) -> Tensor:
    try:
        tensor = convert_to_tensor(leaf)
    except (TypeError, ValueError) as error:
        raise TypeError(
            "To be compiled, a function must return tensors, values that convert to "
            f"tensors, or None. Received: {leaf!r:.200} of type {type(leaf)}. {error}"
        ) from None
    if tensor._value.dtype == object:
        raise HostResult()
    return tensor


def _primitives(jaxpr: Any) -> set[str]:
    """The names of all primitives in a program, inner programs included."""
    return {equation.primitive.name for equation in _equations(jaxpr)}


def _equations(jaxpr: Any) -> Iterator[Any]:
    """The equations of a program, those of inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for item in value if isinstance(value, list | tuple) else (value,):
                inner = getattr(item, "jaxpr", item)
                if hasattr(inner, "eqns"):
                    yield from _equations(inner)


def _bytes(equation: Any) -> int:
    avals = [var.aval for var in equation.outvars]
    sized = [aval for aval in avals if hasattr(aval, "shape")]
    return max((int(a.size) * a.dtype.itemsize for a in sized), default=0)


class HostResult(Exception):
    """A traced function returned strings, which no compiled program can hold."""


def _spec(arg: Any) -> jax.ShapeDtypeStruct:
    if isinstance(arg, jax.ShapeDtypeStruct):
        return arg
    value = arg._value if isinstance(arg, Tensor) else arg
    return jax.ShapeDtypeStruct(value.shape, value.dtype)


def is_tracing() -> bool:
    """Whether a function is being traced on this thread."""
    return state.trace is not None


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Leaves the function being traced: what runs inside happens now, once.

    Reference: ``tf.init_scope``.
    """
    if state.trace is None:
        yield
        return
    saved = state.trace, state.tapes
    state.trace, state.tapes = None, ()
    state.refresh()
    try:
        with jax.ensure_compile_time_eval():
            yield
    finally:
        state.trace, state.tapes = saved
        state.refresh()


def known_now(value: Any) -> bool:
    """Whether a value holds no tracer, so that it can be computed with now."""
    return not any(
        isinstance(leaf._value, Tracer)
        for leaf in nest.flatten(value)
        if is_tensor(leaf) and isinstance(leaf, Tensor)
    )
