"""Running an epoch: the loops over batches of ``fit``, ``evaluate`` and ``predict``.

Data in memory runs many steps per dispatch when no callback looks at single batches.
How many adapts, so that the host is asked a few times per second for the progress bar
and for an interrupt; the result does not depend on it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from lamina.engine import nest
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.trace import HostResult
from lamina.keras.distribution import distribution
from lamina.keras.trainers.hooks import DISPATCH_SECONDS, Hooks
from lamina.keras.trainers.program import StepProgram, batch_key
from lamina.keras.trainers.row_wise import treats_rows_alone
from lamina.keras.trainers.sources import ArraySource, StreamSource

_LOGGER = logging.getLogger("lamina")
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
        self._traced: dict[Any, int] = {}
        self._row_wise: dict[Any, bool] = {}
        self.log_order: list[str] | None = None
        self._chunk = 1
        self.version: Any = None

    def program_of(self, source: ArraySource, rows: int) -> StepProgram:
        """The program for batches of some rows of a source."""
        key = source.batch_key(rows)
        found = self.programs.get(key)
        if found is None:
            found = self._trace(key, source.example(rows))
            if rows > 1:
                self._traced.setdefault(source.batch_key(0), rows)
        return found

    def known(self, x: Any) -> StepProgram | None:
        """The program for a batch that is one array as it is, if there is one."""
        if self.eager or distribution() is not None:
            return None
        return self.programs.get((((x.shape, x.dtype),), None))

    def is_row_wise(
        self, source: ArraySource, size: int, other: int | None = None
    ) -> bool:
        """Whether batches of a source may be filled up with further rows.

        It is found out once, from the programs for two numbers of rows.

        Args:
            source: the data.
            size: the number of rows that batches are filled up to.
            other: a number of rows to trace for; one that was traced before if None.
        """
        key = source.batch_key(0)
        found = self._row_wise.get(key)
        if found is None:
            other = other or self._traced.get(key, size)
            if size == 1 or other in (1, size):
                return False
            new = source.batch_key(other) not in self.programs
            one, two = self.program_of(source, size), self.program_of(source, other)
            found = treats_rows_alone(one.captured, two.captured)
            self._row_wise[key] = found
            if found and new:  # made for the proof only, and not compiled
                self.programs.pop(source.batch_key(other), None)
        return found

    def _trace(self, key: Any, batch: Any) -> StepProgram:
        if self.prepare is not None:
            self.prepare(batch)
        made = StepProgram(self.name, self.function, batch)
        while len(self.programs) >= PROGRAM_LIMIT:
            self.programs.pop(next(iter(self.programs)))
        self.programs[key] = made
        return made

    def step(self, batch: Any) -> Any:
        """Runs one step on a batch of tensors."""
        if not self.eager:
            try:
                leaves = nest.flatten(batch)
                key = batch_key(batch, leaves)
                program = self.programs.get(key) or self._trace(key, batch)
                return program.run_batch([x for x in leaves if x is not None])
            except (HostOpInTrace, HostResult) as reason:
                self.go_eager(reason)
        return self.function(batch)

    def go_eager(self, reason: Exception) -> None:
        """Runs the step op by op from now on."""
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
        if self.in_memory(source, hooks, steps):
            try:
                return self._array_epoch(source, hooks)
            except (HostOpInTrace, HostResult) as reason:
                self.go_eager(reason)
        return self._stream_epoch(source.epoch(), hooks, steps)

    def in_memory(self, source: Any, hooks: Hooks, steps: int | None) -> bool:
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
            blocks = source.placed(order[: full * size].reshape(full, size))
            program = self.program_of(source, size)
            done = 0
            while done < full and not hooks.stopped():
                count = self._count(hooks, full - done)
                hooks.begin(done)
                started = time.perf_counter()
                logs = program.run_many(arrays, blocks, done, count)
                done += count
                if done < full:
                    program.wait()
                    self._adapt(count, time.perf_counter() - started)
                hooks.end(done - 1, logs, done == full)
        rest = source.rows - full * size
        if rest and not hooks.stopped():
            program = self.program_of(source, rest)
            hooks.begin(full)
            block = order[full * size :].reshape(1, rest)
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
