"""``predict``: the outputs for every row of a source, in as few dispatches as possible.

The device is never waited for between two dispatches: while a block of batches is
computed, the results of the block before it are taken to the host. A block that has
fewer batches than the program for blocks is filled up and cut afterwards, and so is
the last, shorter batch, if the program is proved to treat each row by itself.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lamina.engine import nest
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.tensor import Tensor
from lamina.engine.trace import HostResult
from lamina.keras.trainers.hooks import Hooks
from lamina.keras.trainers.loops import StepRunner
from lamina.keras.trainers.program import StepProgram
from lamina.keras.trainers.sources import ArraySource

_IN_FLIGHT = 2  # dispatches whose results are on their way


def predict(
    runner: StepRunner, source: Any, hooks: Hooks, steps: int | None = None
) -> Any:
    """Runs the step over a source and concatenates what it returns.

    Raises:
        ValueError: if the source has no batches.
    """
    if runner.in_memory(source, hooks, steps):
        try:
            return _over_arrays(runner, source, hooks)
        except (HostOpInTrace, HostResult) as reason:
            runner.go_eager(reason)
    outputs = _Outputs()
    _over_stream(runner, source.epoch(), hooks, steps, outputs)
    return outputs.joined()


def _over_arrays(runner: StepRunner, source: ArraySource, hooks: Hooks) -> Any:
    size, rows = source.batch_size, source.rows
    arrays = source.host_arrays()
    outputs = _Outputs()
    if rows < size:
        hooks.begin(0)
        _run_short(runner, source, arrays, outputs)
        hooks.end(0, {"outputs": outputs.last()} if hooks.every_batch else {}, True)
        return outputs.joined()
    program = runner.program_of(source, size)
    block = 1 if hooks.every_batch else program.block
    rest = rows % size
    filled = rest and runner.is_row_wise(source, size, rest if rest > 1 else size + 1)
    whole = rows if filled else rows - rest
    for start in range(0, whole, block * size):
        if hooks.stopped():
            break
        stop = min(start + block * size, whole)
        part = [array[start:stop] for array in arrays]
        hooks.begin(start // size)
        if block == 1:
            _run_filled(program, part, size, outputs)
        else:
            _run_block(program, part, size, outputs)
        logs = {"outputs": outputs.last()} if hooks.every_batch else {}
        hooks.end((stop - 1) // size, logs, stop == rows)
    if whole < rows and not hooks.stopped():
        hooks.begin(whole // size)
        part = [array[whole:] for array in arrays]
        _run_filled(runner.program_of(source, rest), part, rest, outputs)
        logs = {"outputs": outputs.last()} if hooks.every_batch else {}
        hooks.end(whole // size, logs, True)
    return outputs.joined()


def _bucket(rows: int, most: int) -> int:
    """The next power of two, so that few sizes need a program of their own."""
    return min(1 << (rows - 1).bit_length(), most)


def _run_short(
    runner: StepRunner, source: ArraySource, part: Sequence[Any], outputs: _Outputs
) -> None:
    """Runs less than a batch, filled up to one of a few sizes where that is allowed."""
    rows = source.rows
    size = _bucket(rows, source.batch_size)
    if source.batch_key(rows) in runner.programs or not runner.is_row_wise(
        source, size
    ):
        size = rows
    _run_filled(runner.program_of(source, size), part, size, outputs)


def _run_filled(
    program: StepProgram, part: Sequence[Any], size: int, outputs: _Outputs
) -> None:
    rows = len(part[0])
    result = program.run([Tensor(_filled(array, size)) for array in part])
    outputs.add(result, None if rows == size else rows)


def _run_block(
    program: StepProgram, part: Sequence[Any], size: int, outputs: _Outputs
) -> None:
    """Runs one to ``program.block`` batches at once."""
    rows = len(part[0])
    count = -(-rows // size)
    count = program.block if 2 * count > program.block else _bucket(count, count * 2)
    filled = [_filled(array, count * size) for array in part]
    shaped = [array.reshape(count, size, *array.shape[1:]) for array in filled]
    outputs.add(program.run_block(shaped), rows, stacked=True)


def _filled(array: Any, rows: int) -> Any:
    """The array with its last row repeated up to a number of rows."""
    if len(array) == rows:
        return array
    longer = np.empty((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    longer[len(array) :] = array[-1]
    return longer


def predict_again(runner: StepRunner, x: Any, most: int | None) -> Any:
    """The outputs for one array that is one batch, if its program is there.

    It is the way of a server that predicts for a few rows at a time: nothing is made
    or looked at but the array.

    Args:
        runner: the runner of the step.
        x: what the user passed.
        most: the size of a batch; None if there is no limit.

    Returns:
        As `predict`; None if there is no such program.
    """
    if type(x) is not np.ndarray or not x.size or (most and len(x) > most):
        return None
    program = runner.known(x)
    if program is None:
        return None
    result = program.run([Tensor(x)])
    if type(result) is Tensor:
        return np.array(result._value)
    return nest.map_structure(lambda leaf: np.array(leaf._value), result)


class _Outputs:
    """What the batches returned, in order, taken to the host a little later."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, int | None, bool]] = deque()
        self._pieces: list[Any] = []

    def add(self, result: Any, rows: int | None = None, stacked: bool = False) -> None:
        """Adds a result.

        Args:
            result: a nest of tensors.
            rows: how many rows count; all if None.
            stacked: whether the batches lie along an axis of their own.
        """
        self._waiting.append((result, rows, stacked))
        if len(self._waiting) > _IN_FLIGHT:
            self._fetch()

    def _fetch(self) -> None:
        result, rows, stacked = self._waiting.popleft()

        def host(leaf: Any) -> Any:
            array = np.asarray(leaf._value) if isinstance(leaf, Tensor) else leaf
            if stacked:
                array = array.reshape(-1, *array.shape[2:])
            return array if rows is None else array[:rows]

        self._pieces.append(nest.map_structure(host, result))

    def last(self) -> Any:
        """The result that was added last, on the host."""
        while self._waiting:
            self._fetch()
        return self._pieces[-1]

    def joined(self) -> Any:
        """All rows, in arrays of the caller's own."""
        while self._waiting:
            self._fetch()
        if not self._pieces:
            raise ValueError(
                "Model.predict: expected at least one batch. Received: data without "
                "batches. Check what the data set yields."
            )
        if len(self._pieces) == 1:
            return nest.map_structure(_own, self._pieces[0])
        return nest.map_structure(lambda *parts: np.concatenate(parts), *self._pieces)


def _own(array: Any) -> Any:
    """A writable array of the caller's own."""
    return np.array(array) if isinstance(array, np.ndarray) else array


def _over_stream(
    runner: StepRunner,
    batches: Iterator[Any],
    hooks: Hooks,
    steps: int | None,
    outputs: _Outputs,
) -> None:
    per = runner.per_dispatch or 1
    step = 0
    while (steps is None or step < steps) and not hooks.stopped():
        group = list(itertools.islice(batches, per))
        if not group:
            break
        hooks.begin(step)
        for batch in group:
            outputs.add(runner.step(batch))
        logs = {"outputs": outputs.last()} if hooks.every_batch else {}
        hooks.end(step + per - 1, logs, False)
        step += per
