"""One traced program and how it is run on tensors and variables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from sys import getrefcount
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError, message
from lamina.engine.failure import explain
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.engine.trace import Captured
from lamina.engine.type_spec import TensorSpec


class ConcreteFunction:
    """A program with fixed shapes and dtypes.

    Reference: ``tf.types.experimental.ConcreteFunction``.
    """

    def __init__(
        self,
        name: str,
        captured: Captured,
        tensors: Sequence[Tensor],
        names: Sequence[str],
        arguments: tuple[Any, Any],
    ) -> None:
        self.name = name
        self.captured = captured
        self.structured_input_signature = _specs(arguments, names)
        self.inputs = [TensorSpec(t.shape, t.dtype) for t in tensors]
        self._flat_names = _flat_names(arguments, names)
        self._written = captured.written
        written = {id(variable) for variable in self._written}
        at = captured._variable_at
        self._kept = [
            variable
            for variable, place in zip(captured.variables, at, strict=True)
            if id(variable) not in written and place is not None
        ]
        self._donated = [
            variable
            for variable, place in zip(captured.variables, at, strict=True)
            if id(variable) in written and place is not None
        ]
        donate = () if captured.has_callbacks else (0,)
        self._program = jax.jit(self._run, donate_argnums=donate)
        self._single = captured.num_outputs == 1 and captured.structure is None
        self._callbacks = captured.has_callbacks

    @staticmethod
    def placeholder(spec: TensorSpec) -> Tensor:
        """A tensor to trace with; unknown sizes become 1."""
        shape = [1 if size is None else size for size in spec.shape]
        return Tensor(np.zeros(shape, spec.dtype.np_dtype))

    # ------------------------------------------------------ running

    def _run(self, donated: Any, kept: Any, captures: Any, args: Any) -> Any:
        values = iter(donated)
        others = iter(kept)
        written = {id(variable) for variable in self._written}
        variables = [
            None if place is None else next(values if id(v) in written else others)
            for v, place in zip(
                self.captured.variables, self.captured._variable_at, strict=True
            )
        ]
        return self.captured.call(args, captures, variables)

    def run(self, tensors: list[Tensor]) -> Any:
        """Runs on the flat tensor arguments; returns the function's structure."""
        if state.tapes and self._watched(tensors):
            return self._run_taped(tensors)
        arrays = [tensor._value for tensor in tensors]
        out = self._advance(self._program, self._donated, arrays, arrays)
        if self._single:
            return Tensor(out[0])
        return self.captured.pack([Tensor(array) for array in out])

    def _advance(
        self, program: Any, donated: list[Any], arrays: Sequence[Any], *inputs: Any
    ) -> Any:
        """Runs a compiled form of the program and stores what it wrote.

        Args:
            program: takes the donated variables' arrays, the kept ones', the captured
                tensors' and ``inputs``; returns the outputs and the written values.
            donated: the variables whose arrays it takes over.
            arrays: the data, for messages.
            *inputs: the other arguments.
        """
        try:
            out, news = program(
                handed_over(donated),
                [variable._tensor._value for variable in self._kept],
                [tensor._value for tensor in self.captured.captures],
                *inputs,
            )
            if self._callbacks:
                jax.block_until_ready((out, news))
                jax.effects_barrier()
        except Exception as error:
            raise explain(error, self.name, arrays) from None
        for variable, value in zip(self._written, news, strict=True):
            variable._tensor = Tensor(value)
        return out

    def _watched(self, tensors: list[Tensor]) -> bool:
        for variable in (*self._kept, *self._donated):
            variable.read_value()  # tapes note that it was read
        read = [variable._tensor for variable in (*self._kept, *self._donated)]
        everything = [*tensors, *self.captured.captures, *read]
        return any(tape.watches(everything) for tape in state.tapes)

    def _run_taped(self, tensors: list[Tensor]) -> Any:
        read = [variable._tensor for variable in (*self._donated, *self._kept)]
        inputs = [*tensors, *self.captured.captures, *read]
        results = execute(self._kernel, inputs)
        count = self.captured.num_outputs
        for variable, tensor in zip(self._written, results[count:], strict=True):
            variable._tensor = Tensor(tensor._value)
        if self._single:
            return results[0]
        return self.captured.pack(results[:count])

    @cached_property
    def _kernel(self) -> Kernel:
        """The program as a differentiable kernel of all its inputs."""
        sizes = len(self.inputs), len(self.captured.captures), len(self._donated)

        def call(*arrays: Any) -> Any:
            rest = list(arrays)
            args, rest = rest[: sizes[0]], rest[sizes[0] :]
            captures, rest = rest[: sizes[1]], rest[sizes[1] :]
            out, news = self._run(rest[: sizes[2]], rest[sizes[2] :], captures, args)
            return [jnp.asarray(array) for array in (*out, *news)]

        return Kernel(self.name, call, keep_residuals=True)

    # ------------------------------------------------------ public

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        flat = [leaf for leaf in nest.flatten(args) if is_tensor_argument(leaf)]
        for name in self._flat_names[len(flat) :]:
            if name in kwargs:
                flat += nest.flatten(kwargs.pop(name))
        if kwargs or len(flat) != len(self.inputs):
            raise TypeError(
                message(
                    f"ConcreteFunction {self.name}",
                    expected=f"{len(self.inputs)} tensors "
                    f"({', '.join(self._flat_names)})",
                    received=f"{len(flat)} tensors and keywords {sorted(kwargs)}",
                )
            )
        tensors = [
            self._checked(value, spec)
            for value, spec in zip(flat, self.inputs, strict=True)
        ]
        if state.trace is not None:
            return self._call_traced(tensors)
        return self.run(tensors)

    def _checked(self, value: Any, spec: TensorSpec) -> Tensor:
        tensor = convert_to_tensor(value, spec.dtype)
        if not spec.is_compatible_with(tensor):
            raise InvalidArgumentError.of(
                f"ConcreteFunction {self.name}",
                expected=f"a tensor that fits {spec!r}",
                received=f"shape {tensor.shape}",
                hint="Call the tf.function itself to trace it for another shape.",
            )
        return tensor

    def _call_traced(self, tensors: list[Tensor]) -> Any:
        variables = [*self._donated, *self._kept]
        read = [variable.read_value() for variable in variables]
        results = execute(self._kernel, [*tensors, *self.captured.captures, *read])
        count = self.captured.num_outputs
        for variable, tensor in zip(self._written, results[count:], strict=True):
            variable._store(tensor)
        return self.captured.pack(results[:count])

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that the program reads or writes."""
        return tuple(self.captured.variables)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of them that are trainable."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def captured_inputs(self) -> list[Any]:
        """The outer tensors and variables that the program uses."""
        return [*self.captured.captures, *self.captured.variables]

    @property
    def outputs(self) -> list[TensorSpec]:
        """The specifications of the flat results."""
        avals = self.captured.out_avals[: self.captured.num_outputs]
        return [TensorSpec(aval.shape, aval.dtype) for aval in avals]

    @property
    def structured_outputs(self) -> Any:
        """The specifications of the results, in the function's structure."""
        return self.captured.pack(self.outputs)

    @property
    def output_shapes(self) -> Any:
        """The shapes of the results."""
        return nest.map_structure(lambda spec: spec.shape, self.structured_outputs)

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of the results."""
        return nest.map_structure(lambda spec: spec.dtype, self.structured_outputs)

    @property
    def jaxpr(self) -> Any:
        """The program as JAX shows it."""
        return self.captured.jaxpr

    def compiler_ir(self, stage: str = "hlo") -> str:
        """The program's text: ``"hlo"`` or ``"optimized_hlo"``."""
        lowered = self._program.lower(
            [v._tensor._value for v in self._donated],
            [v._tensor._value for v in self._kept],
            [t._value for t in self.captured.captures],
            [
                jax.ShapeDtypeStruct(tuple(s.shape), s.dtype.np_dtype)
                for s in self.inputs
            ],
        )
        if stage == "optimized_hlo":
            return lowered.compile().as_text() or ""
        return lowered.as_text()

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The signature as text."""
        args = ", ".join(
            f"{name}: {spec.dtype.name}{list(spec.shape)}"
            for name, spec in zip(self._flat_names, self.inputs, strict=False)
        )
        text = f"{self.name}({args})"
        if verbose:
            returns = [f"{s.dtype.name}{list(s.shape)}" for s in self.outputs]
            text += f" -> {', '.join(returns)}"
        return text

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.pretty_printed_signature()}>"


def handed_over(variables: Sequence[Any]) -> list[Any]:
    """The arrays that a program may overwrite: held by nothing but their variables.

    What ``Variable.owned_value`` gives, for many variables at once; of NumPy's arrays
    JAX makes its own copies.
    """
    arrays = []
    for variable in variables:
        tensor = variable._tensor
        array = tensor._value
        # Held by the variable or the tensor, by the name here, and by the argument.
        shared = getrefcount(tensor) > 3 or getrefcount(array) > 3
        if shared and not isinstance(array, np.ndarray):
            array = variable.owned_value()
        arrays.append(array)
    return arrays


def is_tensor_argument(leaf: Any) -> bool:
    """Whether an argument is passed to the program (others are fixed in it)."""
    return is_tensor(leaf) or isinstance(leaf, np.ndarray | np.generic | float | int)


_PLAIN = (int, float, bool, str, bytes, type(None), TensorSpec)


def _specs(arguments: tuple[Any, Any], names: Sequence[str]) -> Any:
    def spec(leaf: Any) -> Any:
        if isinstance(leaf, Tensor | np.ndarray):
            return TensorSpec(leaf.shape, leaf.dtype)
        return leaf if isinstance(leaf, _PLAIN) else type(leaf)

    args, kwargs = arguments
    return tuple(nest.map_structure(spec, list(args))), nest.map_structure(spec, kwargs)


def _flat_names(arguments: tuple[Any, Any], names: Sequence[str]) -> list[str]:
    args, kwargs = arguments
    found = []
    for index, arg in enumerate(args):
        name = names[index] if index < len(names) else f"args_{index}"
        leaves = [x for x in nest.flatten(arg) if isinstance(x, Tensor | np.ndarray)]
        found += [
            name if len(leaves) == 1 else f"{name}_{i}" for i in range(len(leaves))
        ]
    return found + sorted(kwargs)
