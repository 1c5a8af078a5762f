"""The backward pass of a tape: its records walked in reverse, in compiled pieces.

Eagerly, up to `PIECE` records at a time become one program, found again by the
structure of what was recorded: kernels, and which tensor went where. A training loop
repeats one structure, so its backward pass is a few compiled calls. A piece is itself a
kernel, so outer tapes record it and higher derivatives need no further code.

A script whose structure never repeats would compile at every step. New structures
therefore cost credit, which repeated ones earn; without credit records run one by one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from jax import numpy as jnp

from lamina.engine.context import state
from lamina.engine.kernel import Kernel, Record, execute, inexact
from lamina.engine.tensor import Tensor

PIECE = 16  # records in one program: bounds the time to compile it
PROGRAMS = 256  # kept at most
CREDIT = 64

_ADD = Kernel("add gradients", lambda x, y: x + y)
_ONES = Kernel("ones", lambda x: jnp.ones(x.shape, x.dtype))

Step = tuple[Record, tuple[int, ...]]


class _Ones:
    """The gradient of a target by itself, not computed yet."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def value(self) -> Tensor:
        return execute(_ONES, [self.tensor])  # type: ignore[no-any-return]


class _Programs:
    """The compiled pieces, by structure."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Kernel] = OrderedDict()
        self._credit = CREDIT

    def find(self, plan: Any) -> Kernel | None:
        """The program of a plan; None where it should not be compiled."""
        found = self._kept.get(plan)
        if found is not None:
            self._credit = min(self._credit + 1, CREDIT)
            self._kept.move_to_end(plan)
            return found
        if not self._credit:
            return None
        self._credit -= 1
        if len(self._kept) >= PROGRAMS:
            self._kept.popitem(last=False)
        made = Kernel("GradientTape.gradient", _program(*plan))
        self._kept[plan] = made
        return made


_programs = _Programs()


def gradients(
    records: Sequence[Record],
    targets: Sequence[tuple[Tensor, Tensor | None]],
    sources: Sequence[Sequence[Tensor]],
) -> list[Tensor | None]:
    """The gradients of targets by sources.

    Args:
        records: what a tape recorded, in order.
        targets: each target with its gradient; ones where that is None.
        sources: for each source the tensors that hold its value.

    Returns:
        For each source its gradient, or None if no target depends on it.
    """
    kept = {id(tensor) for group in sources for tensor in group}
    found: dict[int, Any] = {}
    for tensor, seed in targets:
        _accumulate(found, tensor, _Ones(tensor) if seed is None else seed)
    for piece in _pieces(_useful(records, kept)):
        if len(piece) == 1 or not _run_piece(piece, found, kept):
            for step in piece:
                _run_step(step, found, kept)
    results: list[Tensor | None] = []
    for group in sources:
        parts = [_value(found[id(t)]) for t in group if id(t) in found]
        total = parts[0] if parts else None
        for part in parts[1:]:
            total = execute(_ADD, [total, part])  # type: ignore[list-item]
        results.append(total)
    return results


def _useful(records: Sequence[Record], sources: set[int]) -> list[Step]:
    """The records between sources and targets, last first."""
    needed = set(sources)
    steps: list[Step] = []
    for record in records:
        if record.joined is not None and _joins(record, records, sources):
            record = record.joined
        inputs = record.inputs
        wanted = tuple([i for i in record.wanted if id(inputs[i]) in needed])
        if wanted:
            needed.update([id(output) for output in record.outputs])
            steps.append((record, wanted))
    steps.reverse()
    return steps


def _joins(record: Record, records: Sequence[Record], sources: set[int]) -> bool:
    """Whether gradients may go past a record's first input, which the tape saw made."""
    first = record.inputs[0]
    return id(first) not in sources and any(
        first is output for other in records for output in other.outputs
    )


def _pieces(steps: list[Step]) -> Iterator[list[Step]]:
    """Runs of records that may become one program."""
    piece: list[Step] = []
    for step in steps:
        record = step[0]
        alone = (
            record.kernel is None
            or record.pullback is not None
            or not record.kernel.compiled
            or state.trace is not None
        )
        if piece and (alone or len(piece) == PIECE):
            yield piece
            piece = []
        if alone:
            yield [step]
        else:
            piece.append(step)
    if piece:
        yield piece


def _value(gradient: Any) -> Tensor:
    return gradient.value() if type(gradient) is _Ones else gradient  # type: ignore[no-any-return]


def _accumulate(found: dict[int, Any], tensor: Tensor, value: Any) -> None:
    before = found.get(id(tensor))
    if before is not None:
        value = execute(_ADD, [_value(before), _value(value)])
    found[id(tensor)] = value


def _run_step(step: Step, found: dict[int, Any], kept: set[int]) -> None:
    """Pulls the gradients of one record's outputs back to its inputs."""
    record, wanted = step
    outputs = [output for output in record.outputs if inexact(output)]
    cotangents = [found.get(id(output)) for output in outputs]
    for output in outputs:
        if id(output) not in kept:
            found.pop(id(output), None)
    if all(cotangent is None for cotangent in cotangents):
        return
    values = [None if item is None else _value(item) for item in cotangents]
    for index, gradient in zip(wanted, _pull(record, wanted, values), strict=True):
        if gradient is not None:
            _accumulate(found, record.inputs[index], gradient)


def _pull(
    record: Record, wanted: tuple[int, ...], cotangents: list[Any]
) -> Sequence[Any]:
    kernel = record.kernel
    if kernel is None:  # a custom gradient: a function of tensors
        found = record.pullback(cotangents)  # type: ignore[misc]
        return [found[index] for index in wanted]
    if record.pullback is not None and not state.tapes:
        raw = [None if c is None else _raw(c) for c in cotangents]
        pulled = record.pullback(raw)
        at = {index: place for place, index in enumerate(record.wanted)}
        results = [Tensor(pulled[at[index]]) for index in wanted]
        if state.trace is not None:
            state.trace.adopt(results)
        return results
    given = tuple(i for i, c in enumerate(cotangents) if c is not None)
    backward = kernel.backward(wanted, given)
    present = [cotangent for cotangent in cotangents if cotangent is not None]
    return list(execute(backward, [*record.inputs, *present]))


def _raw(tensor: Tensor) -> Any:
    return tensor._value if state.trace is None else state.trace.use(tensor)


class _Places:
    """Numbers tensors in the order of their first use, and the values handed over."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.fed: dict[int, Tensor] = {}

    def __call__(self, tensor: Tensor) -> int:
        return self.numbers.setdefault(id(tensor), len(self.numbers))

    def feed(self, tensor: Tensor) -> int:
        number = self.numbers.setdefault(id(tensor), len(self.numbers))
        self.fed[number] = tensor
        return number


def _run_piece(piece: list[Step], found: dict[int, Any], kept: set[int]) -> bool:
    """Runs records as one program; False where they are to run one by one."""
    places = _Places()
    ids: dict[int, int] = {}  # the place of each gradient at hand -> id of its tensor
    incoming: dict[int, Tensor] = {}
    ones: list[int] = []
    steps: list[Any] = []

    def at_hand(tensor: Tensor) -> bool:
        number = places(tensor)
        if number in ids:
            return True
        gradient = found.get(id(tensor))
        if gradient is None or number in gone:
            return False
        if type(gradient) is _Ones:
            ones.append(places.feed(tensor))
        else:
            incoming[number] = gradient
        ids[number] = id(tensor)
        return True

    gone: set[int] = set()
    for record, wanted in piece:
        outputs = [output for output in record.outputs if inexact(output)]
        given = tuple([i for i, output in enumerate(outputs) if at_hand(output)])
        if not given:
            continue
        targets = tuple([places(output) for output in outputs])
        spent = tuple(
            [n for n, o in zip(targets, outputs, strict=True) if id(o) not in kept]
        )
        inputs = tuple([places.feed(tensor) for tensor in record.inputs])
        steps.append((record.kernel, inputs, targets, wanted, given, spent))
        for number in spent:
            ids.pop(number, None)
            gone.add(number)
        for index in wanted:
            at_hand(record.inputs[index])
            ids[inputs[index]] = id(record.inputs[index])
    if not steps:
        return True
    made = tuple(ids)
    plan = (tuple(steps), tuple(places.fed), tuple(incoming), tuple(ones), made)
    program = _programs.find(plan)
    if program is None:
        return False
    results = execute(program, [*places.fed.values(), *incoming.values()])
    for record, _ in piece:
        for output in record.outputs:
            if id(output) not in kept:
                found.pop(id(output), None)
    for number, gradient in zip(made, results, strict=True):
        found[ids[number]] = gradient
    return True


def _program(
    steps: Sequence[Any],
    fed: Sequence[int],
    incoming: Sequence[int],
    ones: Sequence[int],
    made: Sequence[int],
) -> Any:
    """The function `values, gradients at hand -> gradients made` of a plan."""

    def run(*arrays: Any) -> tuple[Any, ...]:
        values = dict(zip(fed, arrays, strict=False))
        found = dict(zip(incoming, arrays[len(fed) :], strict=True))
        for number in ones:
            found[number] = jnp.ones(values[number].shape, values[number].dtype)
        for kernel, inputs, targets, wanted, given, spent in steps:
            cotangents = [found[targets[index]] for index in given]
            for number in spent:
                found.pop(number, None)
            taken = [values[number] for number in inputs]
            pulled = kernel.pull([*taken, *cotangents], wanted, given)
            for index, gradient in zip(wanted, pulled, strict=True):
                number = inputs[index]
                before = found.get(number)
                found[number] = gradient if before is None else before + gradient
        return tuple(found[number] for number in made)

    return run
