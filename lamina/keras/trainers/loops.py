"""Running an epoch: the loops over batches of ``fit``, ``evaluate`` and ``predict``.

Data in memory runs many steps per dispatch when no callback looks at single batches.
How many adapts, so that the host is asked a few times per second for the progress bar
and for an interrupt; the result does not depend on it.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from lamina.engine import nest
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.tensor import Tensor
from lamina.engine.trace import HostResult
from lamina.keras.distribution import distribution
from lamina.keras.trainers.program import StepProgram, batch_key
from lamina.keras.trainers.sources import ArraySource, StreamSource

_LOGGER = logging.getLogger("lamina")
DISPATCH_SECONDS = 0.2
PROGRAM_LIMIT = 64


class StepRunner:
    """Runs one kind of step of a model, compiled or eagerly.

    Args:
        name: ``"train_step"``, ``"test_step"`` or ``"predict_step"``.
        function: the step, a function of a batch.
        eager: whether to run it op by op.
        per_dispatch: how many steps a dispatch may hold; None for as many as fit in
            ``DISPATCH_SECONDS``.
        prepare: called with a batch before a step is traced for its shapes; makes
            the variables that tracing would have to make.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[Any], Any],
        eager: bool = False,
        per_dispatch: int | None = None,
        prepare: Callable[[Any], None] | None = None,
    ) -> None:
        self.prepare = prepare
        self.name = name
        self.function = function
        self.eager = eager
        self.per_dispatch = per_dispatch
        self.programs: dict[Any, StepProgram] = {}
        self._chunk = 1
        self.version: Any = None

    def program(self, batch: Any) -> StepProgram:
        """The program for batches like this one."""
        key = batch_key(batch)
        found = self.programs.get(key)
        if found is None:
            if self.prepare is not None:
                self.prepare(batch)
            found = StepProgram(self.name, self.function, batch)
            while len(self.programs) >= PROGRAM_LIMIT:
                self.programs.pop(next(iter(self.programs)))
            self.programs[key] = found
        return found

    def step(self, batch: Any) -> Any:
        """Runs one step on a batch of tensors."""
        if not self.eager:
            try:
                return self.program(batch).run_batch(batch)
            except (HostOpInTrace, HostResult) as reason:
                self._go_eager(reason)
        return self.function(batch)

    def _go_eager(self, reason: Exception) -> None:
        self.eager = True
        _LOGGER.warning(
            "%s runs op by op, not compiled: %s works on values that are known only "
            "while the program runs (strings or data-dependent shapes). Move it into "
            "the input pipeline to train faster.",
            self.name,
            getattr(reason, "name", "a step that returns strings"),
        )

    def epoch(self, source: Any, hooks: Hooks, steps: int | None = None) -> Any:
        """Runs an epoch (or ``steps`` steps); returns what the last step returned."""
        if self._in_memory(source, hooks, steps):
            try:
                return self._array_epoch(source, hooks)
            except (HostOpInTrace, HostResult) as reason:
                self._go_eager(reason)
        return self._stream_epoch(source.epoch(), hooks, steps)

    def _in_memory(self, source: Any, hooks: Hooks, steps: int | None) -> bool:
        """Whether the data can stay on the device while many steps run."""
        return (
            isinstance(source, ArraySource)
            and steps is None
            and not self.eager
            and not source.has_strings
            and distribution() is None
            and not (self.per_dispatch is not None and hooks.every_batch)
        )

    def _array_epoch(self, source: ArraySource, hooks: Hooks) -> Any:
        size = source.batch_size
        full = source.rows // size
        order = source.order()
        arrays = source.device_arrays()
        logs: Any = None
        if full:
            blocks = jax.device_put(order[: full * size].reshape(full, size))
            program = self.program(source.pack(_like(arrays, size)))
            done = 0
            while done < full and not hooks.stopped():
                count = self._count(hooks, full - done)
                hooks.begin(done)
                started = time.perf_counter()
                logs = program.run_many(arrays, blocks, done, count)
                done += count
                jax.block_until_ready(
                    program._written[0]._tensor._value if program._written else ()
                )
                self._adapt(count, time.perf_counter() - started)
                hooks.end(done - 1, logs, done == full)
        rest = source.rows - full * size
        if rest and not hooks.stopped():
            program = self.program(source.pack(_like(arrays, rest)))
            hooks.begin(full)
            block = jax.device_put(order[full * size :].reshape(1, rest))
            logs = program.run_many(arrays, block, 0, 1)
            hooks.end(full, logs, True)
        return logs

    def _count(self, hooks: Hooks, left: int) -> int:
        if self.per_dispatch is not None:
            return min(self.per_dispatch, left)
        return 1 if hooks.every_batch else min(self._chunk, left)

    def _adapt(self, count: int, seconds: float) -> None:
        """Longer dispatches while they are short, shorter ones when they are long."""
        if seconds < DISPATCH_SECONDS / 4:
            self._chunk = max(self._chunk, min(count * 4, 1 << 16))
        elif seconds > DISPATCH_SECONDS * 4 and count > 1:
            self._chunk = max(1, count // 2)

    def _stream_epoch(
        self, batches: Iterator[Any], hooks: Hooks, steps: int | None
    ) -> Any:
        logs: Any = None
        per = self.per_dispatch or 1
        step = 0
        while (steps is None or step < steps) and not hooks.stopped():
            batch = next(batches, None)
            if batch is None:
                break
            hooks.begin(step)
            logs = self.step(batch)
            done = 1
            while done < per and (batch := next(batches, None)) is not None:
                logs = self.step(batch)
                done += 1
            hooks.end(step + per - 1, logs, steps is not None and step + per >= steps)
            hooks.count = step + done
            step += per
        return logs

    def predict(self, source: Any, hooks: Hooks, steps: int | None = None) -> Any:
        """Runs the step over a source and concatenates what it returns."""
        pieces: list[Any] = []
        if self._in_memory(source, hooks, steps):
            try:
                self._predict_arrays(source, hooks, pieces)
                return _concatenate(pieces)
            except (HostOpInTrace, HostResult) as reason:
                self._go_eager(reason)
                pieces = []
        self._predict_stream(source.epoch(), hooks, steps, pieces)
        return _concatenate(pieces)

    def _predict_stream(
        self,
        batches: Iterator[Any],
        hooks: Hooks,
        steps: int | None,
        pieces: list[Any],
    ) -> None:
        per = self.per_dispatch or 1
        step = 0
        while (steps is None or step < steps) and not hooks.stopped():
            group = list(itertools.islice(batches, per))
            if not group:
                break
            hooks.begin(step)
            outputs = [nest.map_structure(_to_numpy, self.step(b)) for b in group]
            pieces += outputs
            hooks.end(step + per - 1, {"outputs": outputs[-1]}, False)
            step += per

    def _predict_arrays(
        self, source: ArraySource, hooks: Hooks, pieces: list[Any]
    ) -> None:
        size, done = source.batch_size, 0
        full = source.rows // size
        while not hooks.every_batch and full - done >= _BLOCK:
            arrays = source.device_arrays()
            program = self.program(source.pack(_like(arrays, size)))
            rows = np.arange(done * size, (done + _BLOCK) * size, dtype=np.int32)
            hooks.begin(done)
            stacked = program.run_mapped(arrays, rows.reshape(_BLOCK, size))
            pieces.append(nest.map_structure(_merge_batches, stacked))
            done += _BLOCK
            hooks.end(done - 1, {}, done * size == source.rows)
        while done * size < source.rows:
            batch = source.batch(slice(done * size, (done + 1) * size))
            hooks.begin(done)
            pieces.append(nest.map_structure(_to_numpy, self.step(batch)))
            hooks.end(done, {"outputs": pieces[-1]}, (done + 1) * size >= source.rows)
            done += 1


_BLOCK = 32  # batches per dispatch of predict


class Hooks:
    """What an epoch tells the callbacks.

    Args:
        begin: called with the step before each dispatch.
        end: called with the step and its logs after a dispatch.
        every_batch: whether a callback looks at single batches.
        stopped: whether a callback asked to stop.
    """

    def __init__(
        self,
        begin: Callable[[int], None] | None = None,
        end: Callable[[int, Any], None] | None = None,
        every_batch: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._begin = begin
        self._end = end
        self.every_batch = every_batch
        self.stopped = stopped
        self.count = 0
        self._shown = 0.0

    def begin(self, step: int) -> None:
        """A dispatch starts."""
        if self._begin is not None:
            self._begin(step)

    def end(self, step: int, logs: Any, last: bool) -> None:
        """A dispatch ended; progress is reported a few times per second."""
        if self._end is None:
            return
        now = time.perf_counter()
        if self.every_batch or last or now - self._shown > DISPATCH_SECONDS / 2:
            self._shown = now
            self._end(step, to_python(logs))


def to_python(logs: Any) -> Any:
    """Logs as Python numbers (NumPy arrays where they are not scalars)."""
    if not isinstance(logs, dict):
        return logs
    return {key: nest.map_structure(_number, value) for key, value in logs.items()}


def _number(value: Any) -> Any:
    if isinstance(value, Tensor):
        host = np.asarray(value._value)
        return host.item() if host.ndim == 0 else host
    return value


def _like(arrays: list[Any], rows: int) -> list[Any]:
    return [_Shape((rows, *array.shape[1:]), array.dtype) for array in arrays]


class _Shape:
    """The shape and dtype of a batch that is gathered on the device."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        tensor = Tensor(jax.ShapeDtypeStruct(shape, dtype))
        self.shape = shape
        self.dtype = tensor.dtype


def _merge_batches(tensor: Tensor) -> np.ndarray[Any, Any]:
    host = np.asarray(tensor._value)
    return host.reshape(-1, *host.shape[2:])


def _to_numpy(leaf: Any) -> Any:
    return np.asarray(leaf._value) if isinstance(leaf, Tensor) else leaf


def _concatenate(pieces: list[Any]) -> Any:
    if not pieces:
        raise ValueError(
            "Model.predict: expected at least one batch. Received: data without "
            "batches. Check what the data set yields."
        )
    if len(pieces) == 1:
        return nest.map_structure(_own, pieces[0])
    return nest.map_structure(lambda *parts: np.concatenate(parts), *pieces)


def _own(array: Any) -> Any:
    """A writable array of the caller's own."""
    return np.array(array) if isinstance(array, np.ndarray) else array


class ContinuedStream(StreamSource):
    """A source whose epochs continue where the last one stopped."""

    def __init__(self, source: Any) -> None:
        super().__init__(source.epoch, None, source.on_epoch_end)
        self._source = source
        self._batches: Iterator[Any] | None = None

    def epoch(self) -> Iterator[Any]:
        """The batches from where the last epoch stopped to the end of the data."""
        started = self._batches is not None
        if self._batches is None:
            self._batches = self._source.epoch()
        first = next(self._batches, None)
        if first is None and started:
            self._batches = self._source.epoch()
            first = next(self._batches, None)
        while first is not None:
            yield first  # not `yield from`: that would close the inner iterator
            first = next(self._batches, None)
        self._batches = None
