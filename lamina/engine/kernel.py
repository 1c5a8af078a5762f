"""Kernels: a lowering with its attributes fixed, and the one way to run it.

``execute`` runs a kernel on tensors: through a compiled program when eager, inlined
into the program being built when tracing, and recorded when a tape watches an input.
A kernel's gradient (``backward``) is again a kernel, so gradients are compiled and
cached like any op, and tapes nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine.context import state
from lamina.engine.failure import explain
from lamina.engine.tensor import Tensor, Tracer

FOLD_LIMIT = 1024  # elements: larger constants are not folded inside a trace
FLOAT_FOLD_LIMIT = 16


class HostOpInTrace(Exception):
    """An op that runs on the host met a value known only at run time.

    ``tf.function`` catches it and runs the function op by op instead.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Kernel:
    """A function of arrays, ready to be compiled, inlined and differentiated.

    Args:
        op: the operation it belongs to (for names in messages), or a name.
        call: the function; returns an array or a list, tuple or named tuple of them.
        host: whether it computes with NumPy and cannot be compiled.
        compiled: whether eager calls go through ``jax.jit``.
        differentiable: whether tapes record it.
        keep_residuals: whether a taped eager call keeps the forward pass's
            intermediate values instead of computing them again in the backward pass.
        arguments: puts tensors and attributes into the order of the op's parameters.
        join: from how its first input was made in a trace, a kernel and tensors that
            give the same result past that input; or None.
    """

    def __init__(
        self,
        op: Any,
        call: Callable[..., Any],
        *,
        host: bool = False,
        compiled: bool = True,
        differentiable: bool = True,
        keep_residuals: bool = False,
        arguments: Callable[[Sequence[Any]], list[Any]] | None = None,
        join: Callable[[Any], tuple[Kernel, list[Tensor]] | None] | None = None,
    ) -> None:
        self.op = op
        self.call = call
        self.host = host
        self.compiled = compiled
        self.differentiable = differentiable
        self.keep_residuals = keep_residuals
        self.arguments = arguments
        self.join = join
        self._backward: dict[Any, Kernel] = {}
        self._forward: dict[Any, Callable[..., Any]] = {}

    @property
    def public_name(self) -> str:
        """The name for messages."""
        return getattr(self.op, "public_name", str(self.op))

    @cached_property
    def jit(self) -> Callable[..., Any]:
        """The compiled function."""
        return jax.jit(self.call)

    def eager(self, arrays: Sequence[Any]) -> Any:
        """Runs on concrete arrays."""
        if self.compiled:
            return self.jit(*arrays)
        if self.host:
            return self.call(*[np.asarray(array) for array in arrays])
        return self.call(*arrays)

    def inline(self, arrays: Sequence[Any]) -> Any:
        """Runs inside a trace; small results of known values stay known."""
        if self.host:
            if any(not isinstance(array, np.ndarray) for array in arrays):
                raise HostOpInTrace(self.public_name)
            return self.call(*arrays)
        if not self.compiled and not arrays:
            return self.call()  # a constant, made on the host if it is small
        if self._foldable(arrays):
            with jax.ensure_compile_time_eval():
                out = self.eager(arrays)
                return jax.tree.map(np.asarray, out)
        if arrays and all(isinstance(array, np.ndarray) for array in arrays):
            arrays = [jnp.asarray(array) for array in arrays]  # not NumPy's rules
        return _unaliased(self.call(*arrays), arrays)

    def _foldable(self, arrays: Sequence[Any]) -> bool:
        if not self.differentiable and not arrays:
            return False
        if not all(isinstance(array, np.ndarray) and _small(array) for array in arrays):
            return False
        shapes = jax.tree.leaves(jax.eval_shape(self.call, *arrays))
        return all(map(_small, shapes))

    def primal(
        self, arrays: Sequence[Any], wanted: Sequence[int]
    ) -> Callable[..., tuple[Any, Any]]:
        """``f(*wanted arrays) -> (floating outputs, all outputs)`` for ``jax.vjp``."""

        def run(*chosen: Any) -> tuple[Any, Any]:
            full = list(arrays)
            for index, array in zip(wanted, chosen, strict=True):
                full[index] = array
            out = self.call(*full)
            leaves = out if isinstance(out, tuple | list) else (out,)
            return tuple(leaf for leaf in leaves if _inexact(leaf)), out

        return run

    def backward(self, wanted: tuple[int, ...], given: tuple[int, ...]) -> Kernel:
        """The kernel ``inputs, cotangents of outputs `given` -> gradients``.

        Args:
            wanted: positions of the inputs to differentiate by.
            given: positions, among the floating outputs, of the cotangents that
                follow the inputs; the others are zero.
        """
        found = self._backward.get((wanted, given))
        if found is None:
            found = Kernel(
                f"gradient of {self.public_name}",
                lambda *arrays: self.pull(arrays, wanted, given),
            )
            self._backward[wanted, given] = found
        return found

    def pull(
        self, arrays: Sequence[Any], wanted: tuple[int, ...], given: tuple[int, ...]
    ) -> tuple[Any, ...]:
        """What the `backward` kernel computes."""
        inputs = arrays[: len(arrays) - len(given)]
        chosen = [inputs[index] for index in wanted]
        floating, vjp, _ = jax.vjp(self.primal(inputs, wanted), *chosen, has_aux=True)
        cotangents = dict(zip(given, arrays[len(inputs) :], strict=True))
        return _apply(vjp, floating, cotangents)

    def forward(self, wanted: tuple[int, ...]) -> Callable[..., Any]:
        """The compiled ``inputs -> (outputs, pullback)`` that keeps residuals."""
        found = self._forward.get(wanted)
        if found is None:

            def run(*arrays: Any) -> Any:
                chosen = [arrays[index] for index in wanted]
                floating, vjp, out = jax.vjp(
                    self.primal(arrays, wanted), *chosen, has_aux=True
                )
                return out, (vjp, [jnp.shape(leaf) for leaf in floating])

            def flat(*arrays: Any) -> Any:
                out, (vjp, _) = run(*arrays)
                return out, vjp

            found = self._forward[wanted] = jax.jit(flat)
        return found


def _small(array: Any) -> bool:
    """Whether shape arithmetic could have made it: few integers or a few floats."""
    kind = array.dtype.kind
    return (kind in "biu" and array.size <= FOLD_LIMIT) or (
        kind == "f" and array.size <= FLOAT_FOLD_LIMIT
    )


def _inexact(array: Any) -> bool:
    return array.dtype.kind in "fcV"  # "V": bfloat16 and the other ml_dtypes


def inexact(tensor: Tensor) -> bool:
    """Whether gradients flow through a tensor of this dtype."""
    value = tensor._value
    kind = value.dtype.kind
    return kind in "fc" or kind == "V"


def _apply(vjp: Callable[..., Any], floating: Any, cotangents: Any) -> tuple[Any, ...]:
    """Calls a JAX pullback with TensorFlow's convention for complex numbers."""
    full = []
    for index, leaf in enumerate(floating):
        cotangent = cotangents.get(index)
        if cotangent is None:
            full.append(jnp.zeros(leaf.shape, leaf.dtype))
        else:
            full.append(_conjugate(jnp.asarray(cotangent, leaf.dtype)))
    return tuple(_conjugate(gradient) for gradient in vjp(tuple(full)))


def _conjugate(array: Any) -> Any:
    return jnp.conj(array) if array.dtype.kind == "c" else array


@jax.jit
def _pull_residuals(vjp: Any, cotangents: Any) -> Any:
    return tuple(
        _conjugate(gradient)
        for gradient in vjp(tuple(_conjugate(item) for item in cotangents))
    )


def _unaliased(out: Any, arrays: Sequence[Any]) -> Any:
    """Gives each output a tracer of its own: captures are found by identity."""
    taken = {id(array) for array in arrays}

    def own(leaf: Any) -> Any:
        if id(leaf) not in taken or isinstance(leaf, np.ndarray):
            taken.add(id(leaf))
            return leaf
        return jnp.array(leaf, copy=True)

    if isinstance(out, tuple | list):
        items = [own(item) for item in out]
        return type(out)(*items) if hasattr(out, "_fields") else type(out)(items)
    return own(out)


class Record:
    """One recorded execution on a tape.

    ``joined`` is another way to the same outputs, past the first input: it serves where
    nobody asks for the gradient by that input.
    """

    __slots__ = ("inputs", "joined", "kernel", "outputs", "pullback", "wanted")

    def __init__(
        self,
        kernel: Kernel | None,
        inputs: list[Tensor],
        outputs: list[Tensor],
        wanted: tuple[int, ...],
        pullback: Callable[[list[Any]], Sequence[Any]] | None,
    ) -> None:
        self.kernel = kernel
        self.inputs = inputs
        self.outputs = outputs
        self.wanted = wanted
        self.pullback = pullback
        self.joined: Record | None = None


def execute(kernel: Kernel, tensors: list[Tensor]) -> Any:
    """Runs a kernel on tensors and wraps, registers and records the results."""
    trace = state.trace
    watching = _watching(kernel, tensors)
    other = None
    if trace is not None and kernel.join is not None:
        other = kernel.join(trace.recipes.get(id(tensors[0])))
    if other is None:
        result, record = _run(kernel, tensors, watching)
    else:
        result, joined = _run(*other, _watching(*other))
        wanted = _wanted(tensors, watching) if watching else ()
        record = Record(kernel, tensors, joined.outputs, wanted, None)
        record.joined = joined
    if trace is not None:
        trace.made(kernel, tensors, record.outputs)
    for tape in watching:
        tape.record(record)
    return result


def _watching(kernel: Kernel, tensors: list[Tensor]) -> list[Any]:
    return [
        tape for tape in state.tapes if kernel.differentiable and tape.watches(tensors)
    ]


def _run(
    kernel: Kernel, tensors: list[Tensor], watching: list[Any]
) -> tuple[Any, Record]:
    """The wrapped results, and the record of the execution."""
    trace = state.trace
    if trace is None:
        arrays = [tensor._value for tensor in tensors]
    else:
        arrays = [trace.use(tensor) for tensor in tensors]
    pullback = None
    try:
        if not watching:
            out = kernel.eager(arrays) if trace is None else kernel.inline(arrays)
            wanted: tuple[int, ...] = ()
        else:
            wanted = _wanted(tensors, watching)
            out, pullback = _run_taped(kernel, arrays, wanted, trace is not None)
    except HostOpInTrace:
        raise
    except Exception as error:
        raise explain(error, kernel.op, arrays) from None
    result, outputs = _wrap(out)
    return result, Record(kernel, tensors, outputs, wanted, pullback)


def record(
    kernel: Kernel, inputs: list[Tensor], outputs: list[Tensor], watching: list[Any]
) -> None:
    """Records an eager execution that kept no residuals."""
    wanted = _wanted(inputs, watching)
    for tape in watching:
        tape.record(Record(kernel, inputs, outputs, wanted, None))


def _wanted(tensors: list[Tensor], watching: list[Any]) -> tuple[int, ...]:
    """The places of the tensors that any of the tapes watches."""
    first, *others = (tape.places(tensors) for tape in watching)
    return tuple(sorted({*first}.union(*others))) if others else first


def _run_taped(
    kernel: Kernel, arrays: list[Any], wanted: tuple[int, ...], tracing: bool
) -> tuple[Any, Any]:
    """Runs a kernel whose inputs ``wanted`` are watched: (outputs, pullback)."""
    if not wanted:
        return (kernel.inline(arrays) if tracing else kernel.eager(arrays)), None
    if tracing:
        chosen = [jnp.asarray(arrays[index]) for index in wanted]
        floating, vjp, out = jax.vjp(
            kernel.primal(arrays, wanted), *chosen, has_aux=True
        )

        def pull(given: list[Any]) -> tuple[Any, ...]:
            return _apply(vjp, floating, dict(enumerate(given)))

        return _merge(out, floating, arrays), pull
    if kernel.keep_residuals:
        out, vjp = kernel.forward(wanted)(*arrays)
        leaves = [leaf for leaf in jax.tree.leaves(out) if _inexact(leaf)]
        return out, lambda given: _pull_residuals(
            vjp,
            [
                jnp.zeros(leaf.shape, leaf.dtype) if item is None else item
                for item, leaf in zip(given, leaves, strict=True)
            ],
        )
    return kernel.eager(arrays), None


def _merge(out: Any, floating: Any, arrays: list[Any]) -> Any:
    """All outputs, the floating ones taken from the differentiated pass."""
    ready = iter(floating)
    if isinstance(out, tuple | list):
        items = [next(ready) if _inexact(item) else item for item in out]
        out = type(out)(*items) if hasattr(out, "_fields") else type(out)(items)
    elif _inexact(out):
        out = next(ready)
    return _unaliased(out, arrays)


def _wrap(out: Any) -> tuple[Any, list[Tensor]]:
    if not isinstance(out, tuple | list):
        tensor = Tensor(out)
        return tensor, [tensor]
    outputs = [Tensor(item) for item in out]
    if hasattr(out, "_fields"):
        return type(out)(*outputs), outputs
    return type(out)(outputs), outputs


def is_traced(value: Any) -> bool:
    """Whether a raw value is known only when the program runs."""
    return isinstance(value, Tracer)
