"""Compiled training steps: one step per call, or many steps in one dispatch.

A step (``train_step`` with everything that it reads and writes) is traced once by the
engine's ``capture``, like any ``tf.function``. For data in memory the traced step is
the body of a loop over batches inside one program: rows are gathered by index on the
device, the written variables are carried in donated buffers, and the host is asked
only between dispatches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine import nest
from lamina.engine.concrete import ConcreteFunction
from lamina.engine.failure import explain
from lamina.engine.tensor import Tensor
from lamina.engine.trace import capture
from lamina.keras.distribution import distribution

# XLA runs these far slower inside a loop than at the top of a program: a step of a
# small convolution net took 100 ms in a loop and 13 ms on its own (CPU, jax 0.10).
_SLOW_IN_LOOPS = {"cpu": frozenset({"conv_general_dilated"})}


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
        self._map = jax.jit(self._run_mapped, donate_argnums=donate)
        slow = _SLOW_IN_LOOPS.get(jax.default_backend(), frozenset())
        self.loops = not slow & captured.primitives

    def run_batch(self, batch: Any) -> Any:
        """Runs one step on a batch."""
        leaves = [leaf for leaf in nest.flatten(batch) if leaf is not None]
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
        with self._state(arrays) as (written, kept, captures):
            if self.loops:
                first, many = np.int32(start), np.int32(count)
                out, written[:] = self._loop(
                    written, kept, captures, arrays, order, first, many
                )
            else:
                for index in range(start, start + count):
                    out, written[:] = self._one(
                        written, kept, captures, arrays, order, np.int32(index)
                    )
        return self.captured.pack([Tensor(array) for array in out])

    def run_mapped(self, arrays: Sequence[Any], order: Any) -> Any:
        """Runs a step per row of ``order`` and stacks what they return."""
        with self._state(arrays) as (written, kept, captures):
            if self.loops:
                out, written[:] = self._map(written, kept, captures, arrays, order)
            else:
                rows = []
                for index in range(len(order)):
                    one, written[:] = self._one(
                        written, kept, captures, arrays, order, np.int32(index)
                    )
                    rows.append(one)
                out = [np.stack(parts) for parts in zip(*rows, strict=True)]
        return self.captured.pack([Tensor(array) for array in out])

    @contextlib.contextmanager
    def _state(self, arrays: Any) -> Iterator[tuple[list[Any], list[Any], list[Any]]]:
        """The variables' arrays; what the block leaves in the first list is stored."""
        written = [variable.owned_value() for variable in self._written]
        kept = [variable._tensor._value for variable in self._kept]
        captures = [tensor._value for tensor in self.captured.captures]
        try:
            yield written, kept, captures
            if self._callbacks:
                jax.block_until_ready(written)
                jax.effects_barrier()
        except Exception as error:
            raise explain(error, self.name, arrays) from None
        finally:
            for variable, value in zip(self._written, written, strict=True):
                variable._tensor = Tensor(value)

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

    def _run_mapped(
        self, written: Any, kept: Any, captures: Any, arrays: Any, order: Any
    ) -> tuple[Any, Any]:
        def body(carry: Any, rows: Any) -> tuple[Any, Any]:
            out, news = self._step(carry, kept, captures, arrays, rows)
            return news, out

        news, out = jax.lax.scan(body, list(written), order)
        return out, news


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.shape)


def batch_key(batch: Any) -> Any:
    """What tells batches apart that need different programs."""
    return tuple(
        None if leaf is None else (tuple(leaf.shape), leaf.dtype.name)
        for leaf in nest.flatten(batch)
    ), _skeleton(batch)


def _skeleton(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, _skeleton(value[key])) for key in sorted(value))
    if isinstance(value, list | tuple):
        return type(value), *map(_skeleton, value)
    return None
