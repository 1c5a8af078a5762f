"""Compiled training steps: one step per call, or many steps in one dispatch.

A step (``train_step`` with everything that it reads and writes) is traced once by the
engine's ``capture``, like any ``tf.function``. For data in memory the traced step is
the body of a loop over batches inside one program: rows are gathered by index on the
device, the written variables are carried in donated buffers, and the host is asked
only between dispatches. A step that keeps no state (``predict_step``) runs for a block
of batches at once instead: the program is vectorised over the block, so that each
batch is still computed by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine import nest
from lamina.engine.concrete import ConcreteFunction, handed_over
from lamina.engine.failure import explain
from lamina.engine.tensor import Tensor
from lamina.engine.trace import Captured, capture
from lamina.keras.distribution import distribution

# XLA runs these far slower inside a loop than at the top of a program: a step of a
# small convolution net took 100 ms in a loop and 13 ms on its own (CPU, jax 0.10).
_SLOW_IN_LOOPS = {"cpu": frozenset({"conv_general_dilated"})}
# A block of batches is computed at once while its largest array stays this small.
# Measured on two cores, ms per batch alone / in blocks of 2 MiB / of 8 MiB: LSTM 1.95 /
# 1.68 / 1.95; bidirectional GRU 1.77 / 1.47 / 1.79; MLP 0.21 / 0.08 (the limit is not
# reached).
_BLOCK_BYTES = 1 << 21
_BLOCK_BATCHES = 32


class StepProgram(ConcreteFunction):
    """A traced step.

    Args:
        name: the step's name, for messages.
        function: takes a batch (a nest of tensors) and returns a nest of tensors.
        batch: a batch to trace with; only shapes and dtypes matter.
    """

    def __init__(self, name: str, function: Callable[[Any], Any], batch: Any) -> None:
        flat = nest.flatten(batch)
        tensors = [leaf for leaf in flat if leaf is not None]

        def step(*leaves: Tensor) -> Any:
            values = iter(leaves)
            filled = [None if leaf is None else next(values) for leaf in flat]
            return function(nest.pack_sequence_as(batch, filled))

        specs = [jax.ShapeDtypeStruct(_shape(t), t.dtype.np_dtype) for t in tensors]
        captured = capture(step, specs)
        if captured.created:  # weights were made on the way: now they are inputs
            captured = capture(step, specs)
        super().__init__(name, captured, tensors, [], ((batch,), {}))
        donate = () if self._callbacks else (0,)
        self._loop = jax.jit(self._run_many, donate_argnums=donate)
        self._one = jax.jit(self._run_one, donate_argnums=donate)
        self._block = jax.jit(self._run_block)
        self.loops = runs_in_loops(captured.primitives)
        self.block = block_size(captured)

    def run_batch(self, leaves: list[Any]) -> Any:
        """Runs one step on the flat tensors of a batch."""
        current = distribution()
        if current is not None:
            leaves = [Tensor(current.place(jnp.asarray(t._value))) for t in leaves]
        return self.run(leaves)

    def run_many(
        self, arrays: Sequence[Any], order: Any, start: int, count: int
    ) -> Any:
        """Runs steps ``start`` to ``start + count`` on rows of arrays.

        Args:
            arrays: the flat data, on the device.
            order: int32 of shape ``(S, B)``: the rows of each batch.
            start: the first step.
            count: how many steps.

        Returns:
            What the last step returned.
        """
        if self.loops:
            bounds = np.int32(start), np.int32(count)
            out = self._advance(
                self._loop, self._written, arrays, arrays, order, *bounds
            )
        else:
            out = self._one_by_one(arrays, order, range(start, start + count))
        return self.captured.pack([Tensor(array) for array in out])

    def _one_by_one(self, arrays: Sequence[Any], order: Any, steps: range) -> Any:
        """Dispatches steps one after the other, without waiting for any of them.

        The variables take their new values at the end, also when it is interrupted.
        """
        out: Any = ()
        written = handed_over(self._written)
        kept = [variable._tensor._value for variable in self._kept]
        captures = [tensor._value for tensor in self.captured.captures]
        try:
            for index in steps:
                out, written = self._one(
                    written, kept, captures, arrays, order, np.int32(index)
                )
            if self._callbacks:
                jax.block_until_ready(written)
                jax.effects_barrier()
        except Exception as error:
            raise explain(error, self.name, arrays) from None
        finally:
            for variable, value in zip(self._written, written, strict=True):
                variable._tensor = Tensor(value)
        return out

    def run_block(self, arrays: Sequence[Any]) -> Any:
        """Runs the step on each of K batches; for steps with a ``block`` above 1.

        Args:
            arrays: the flat data, each of shape ``(K, B, ...)``.

        Returns:
            What the steps returned, stacked.
        """
        out = self._advance(self._block, [], arrays, arrays)
        return self.captured.pack([Tensor(array) for array in out])

    def wait(self) -> None:
        """Waits until the variables that it wrote are there."""
        if self._written:
            jax.block_until_ready(self._written[0]._tensor._value)

    def _step(
        self, written: Any, kept: Any, captures: Any, arrays: Any, rows: Any
    ) -> tuple[Any, Any]:
        batch = [
            array.at[rows].get(mode="promise_in_bounds", unique_indices=True)
            for array in arrays
        ]
        captured = self.captured
        values = {id(v): x for v, x in zip(self._written, written, strict=True)}
        values |= {id(v): x for v, x in zip(self._kept, kept, strict=True)}
        inputs = [values.get(id(v)) for v in captured.variables]
        out, news = captured.call(batch, captures, inputs)
        news = [
            jnp.asarray(new, old.dtype) for new, old in zip(news, written, strict=True)
        ]
        return out, news

    def _run_many(
        self,
        written: Any,
        kept: Any,
        captures: Any,
        arrays: Any,
        order: Any,
        start: Any,
        count: Any,
    ) -> tuple[Any, Any]:
        captured = self.captured
        avals = captured.out_avals[: captured.num_outputs]
        empty = [jnp.zeros(aval.shape, aval.dtype) for aval in avals]

        def body(index: Any, carry: tuple[Any, Any]) -> tuple[Any, Any]:
            out, news = self._step(carry[1], kept, captures, arrays, order[index])
            out = [jnp.asarray(x, a.dtype) for x, a in zip(out, avals, strict=True)]
            return out, news

        return jax.lax.fori_loop(  # type: ignore[no-any-return]
            start, start + count, body, (empty, list(written))
        )

    def _run_one(
        self, written: Any, kept: Any, captures: Any, arrays: Any, order: Any, at: Any
    ) -> tuple[Any, Any]:
        return self._step(written, kept, captures, arrays, order[at])

    def _run_block(
        self, written: Any, kept: Any, captures: Any, arrays: Any
    ) -> tuple[Any, Any]:
        def one(batch: Any) -> Any:
            inputs = dict(zip(map(id, self._kept), kept, strict=True))
            variables = [inputs.get(id(v)) for v in self.captured.variables]
            return self.captured.call(batch, captures, variables)[0]

        return jax.vmap(one)(list(arrays)), []


def runs_in_loops(primitives: set[str]) -> bool:
    """Whether a step made of these is as fast inside a loop as on its own."""
    return not _SLOW_IN_LOOPS.get(jax.default_backend(), frozenset()) & primitives


def block_size(captured: Captured) -> int:
    """How many batches of a step may be computed at once; a power of two.

    1 for steps with state or side effects, whose order matters, and for steps that
    are large enough by themselves.
    """
    if captured.writes or captured.has_callbacks or captured.calls_one_by_one():
        return 1
    if any(not aval.shape for aval in captured.out_avals):
        return 1
    if any(leaf is not None for leaf in nest.flatten(captured.structure)):
        return 1  # ragged and other composite results are put together batch by batch
    largest = captured.largest_array() or 1
    fitting = min(_BLOCK_BATCHES, max(1, _BLOCK_BYTES // largest))
    return 1 << (fitting.bit_length() - 1)


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape)


def batch_key(batch: Any, leaves: list[Any]) -> Any:
    """What tells batches apart that need different programs."""
    return tuple(map(_leaf_key, leaves)), skeleton(batch)


def _leaf_key(leaf: Any) -> Any:
    if type(leaf) is Tensor:
        value = leaf._value
        return value.shape, value.dtype
    return None if leaf is None else (tuple(leaf.shape), leaf.dtype.np_dtype)


def skeleton(value: Any) -> Any:
    """The nesting of a value, without its leaves."""
    if isinstance(value, dict):
        return tuple((key, skeleton(value[key])) for key in sorted(value))
    if isinstance(value, list | tuple):
        return type(value), *map(skeleton, value)
    return None
