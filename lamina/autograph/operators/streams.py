"""``for`` over a data set inside a traced function.

Elements come from the host while the program runs: one callback starts an iteration
and gives its number, another gives the next element. So the body is traced once,
however many elements there are. Elements must have one shape; for others (as with a
smaller last batch) the function runs op by op.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jax.experimental import io_callback

from lamina.autograph.staging import conditional, loops, predicates
from lamina.autograph.staging.effects import fail_callback
from lamina.autograph.staging.values import run
from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.errors import FailedPreconditionError
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.tensor import Tensor, convert_to_tensor

State = tuple[Any, ...]
_NUMBERS = itertools.count(1)
_MOST_RUNNING = 64


def is_stream(iterated: Any) -> bool:
    """Whether a loop runs over a data set (a class with ``__dataset__ = True``)."""
    return bool(getattr(type(iterated), "__dataset__", False))


class _Stream:
    """The iterations over one data set, by number.

    Args:
        dataset: iterable with an ``element_spec``.
        specs: the specs of an element's leaves.
    """

    def __init__(self, dataset: Any, specs: list[Any]) -> None:
        self._dataset = dataset
        self._running: dict[int, tuple[Iterator[Any], int]] = {}
        self.results = [
            jax.ShapeDtypeStruct(tuple(spec.shape), spec.dtype.np_dtype)
            for spec in specs
        ]

    def start(self, *_: Any) -> Any:
        """Starts an iteration and gives its number."""
        number = next(_NUMBERS)
        while len(self._running) >= _MOST_RUNNING:
            # Loops that were left by a break never come to their end.
            del self._running[next(iter(self._running))]
        self._running[number] = iter(self._dataset), 0
        return np.asarray(number, np.int64)

    def next(self, number: Any, count: Any) -> list[Any]:
        """Whether there is a next element, and its leaves."""
        try:
            iterator, served = self._running.get(int(number), (None, -1))
            if iterator is None or served != int(count):
                raise FailedPreconditionError.of(
                    "for over a tf.data.Dataset",
                    expected="each element to be asked for once",
                    received=f"a request for element {int(count)} again",
                    hint="A gradient through the whole loop would need the elements "
                    "twice: use the tape inside of the loop.",
                )
            element = next(iterator, None)
            if element is None:
                del self._running[int(number)]
                zeros = [np.zeros(each.shape, each.dtype) for each in self.results]
                return [np.asarray(False), *zeros]
            self._running[int(number)] = iterator, served + 1
            leaves = [convert_to_tensor(each)._value for each in nest.flatten(element)]
            return [np.asarray(True), *map(np.asarray, leaves)]
        except Exception as error:
            fail_callback(error)


def for_stream(
    dataset: Any,
    extra_test: Callable[[], Any] | None,
    step: Callable[..., State],
    before: State,
    set_state: Callable[[State], None],
    names: tuple[str, ...],
    limit: Any,
) -> State:
    """Stages a loop over a data set.

    Args:
        dataset: the data set.
        extra_test: None, or what must hold for the loop to go on.
        step: one iteration: takes the state and an element, gives the state.
        before: the state before the loop.
        set_state: sets the user's variables.
        names: their names.
        limit: None, or the most iterations.

    Raises:
        HostOpInTrace: if the elements differ in shape or hold strings.
    """
    structure = dataset.element_spec
    specs = nest.flatten(structure)
    for spec in specs:
        shape = getattr(spec, "shape", None)
        if shape is None or not shape.is_fully_defined() or spec.dtype == "string":
            raise HostOpInTrace(
                "a loop over a tf.data.Dataset whose elements differ in shape or hold "
                "strings (use batch(n, drop_remainder=True))"
            )
    stream = _Stream(dataset, specs)
    width = len(specs)

    def fetch(number: Tensor, count: Tensor) -> list[Tensor]:
        kinds = [jax.ShapeDtypeStruct((), np.bool_), *stream.results]
        return list(
            run(
                "tf.data.Dataset.__next__",
                lambda n, c: io_callback(stream.next, kinds, n, c, ordered=False),
                number,
                count,
            )
        )

    def check(number: Any, count: Any, more: Tensor, *rest: Any) -> Any:
        if extra_test is None:
            return more
        set_state(rest[width:])
        going = extra_test()
        if not predicates.is_staged(going):
            return more if going else False
        return conditional.select(more, lambda: going, lambda: more)

    def body(number: Tensor, count: Tensor, more: Tensor, *rest: Any) -> State:
        del more
        element = nest.pack_sequence_as(structure, list(rest[:width]))
        after = step(rest[width:], element)
        count = run("tf.add", lambda n: n + 1, count)
        return (number, count, *fetch(number, count), *after)

    seed = Tensor(jnp.zeros((), jnp.int32))
    if state.trace is not None:
        state.trace.adopt([seed])
    spec = jax.ShapeDtypeStruct((), np.int64)
    number = run(
        "tf.data.Dataset.__iter__",
        lambda x: io_callback(stream.start, spec, x, ordered=False),
        seed,
    )
    count = Tensor(np.zeros((), np.int32))
    first = (number, count, *fetch(number, count), *before)
    hidden = tuple(f"the loop's element ({at})" for at in range(3 + width))
    after = loops.while_loop(
        check, body, first, (*hidden, *names), maximum_iterations=limit
    )
    return after[3 + width :]
