"""Iterators over flat elements: the generic form of every transformation."""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from lamina.data.elements import Flat, rows_of, stack
from lamina.engine.errors import DataLossError, InvalidArgumentError, OpError

Stream = Iterator[Flat]
Start = Callable[[], Stream]


def batched(stream: Stream, size: int, drop: bool) -> Stream:
    """Elements stacked, `size` at a time."""
    while True:
        group = list(itertools.islice(stream, size))
        if not group or (drop and len(group) < size):
            return
        columns = zip(*group, strict=True)
        yield tuple(
            stack("tf.data.Dataset.batch", column, index)
            for index, column in enumerate(columns)
        )


def padded(
    stream: Stream, size: int, drop: bool, shapes: Sequence[Any], values: Sequence[Any]
) -> Stream:
    """Elements padded to one shape and stacked."""
    while True:
        group = list(itertools.islice(stream, size))
        if not group or (drop and len(group) < size):
            return
        columns = zip(*group, strict=True)
        yield tuple(
            _pad_column(column, shape, value)
            for column, shape, value in zip(columns, shapes, values, strict=True)
        )


def _pad_column(column: Sequence[Any], shape: Any, value: Any) -> np.ndarray:
    sizes = np.array([np.shape(leaf) for leaf in column], dtype=np.int64)
    rank = sizes.shape[1] if sizes.ndim == 2 else 0
    wanted = [None] * rank if shape.rank is None else shape.as_list()
    if len(wanted) != rank:
        raise _cannot_pad(column[0], shape)
    full = [sizes[:, i].max() if d is None else d for i, d in enumerate(wanted)]
    first = np.asarray(column[0])
    result = np.full((len(column), *full), value, dtype=first.dtype)
    for row, leaf in enumerate(column):
        if any(have > want for have, want in zip(np.shape(leaf), full, strict=True)):
            raise _cannot_pad(leaf, shape)
        place: Any = (row, *(slice(0, have) for have in np.shape(leaf)))
        result[place] = leaf
    return result


def _cannot_pad(leaf: Any, shape: Any) -> OpError:
    return DataLossError.of(
        "tf.data.Dataset.padded_batch",
        expected=f"elements that fit into the padded shape {shape}",
        received=f"Attempted to pad to a smaller size than the input element: an "
        f"element of shape {list(np.shape(leaf))}",
        hint="Use None for a dimension that is padded to the longest of the batch.",
    )


def unbatched(stream: Stream) -> Stream:
    """The rows of each element."""
    for element in stream:
        sizes = {len(leaf) if np.ndim(leaf) else -1 for leaf in element}
        if len(sizes) != 1 or -1 in sizes:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.unbatch",
                expected="components with the same first dimension",
                received=f"shapes {[np.shape(leaf) for leaf in element]}",
                hint="Unbatch data sets whose components were batched together.",
            )
        yield from zip(*map(rows_of, element), strict=True)


def shuffled(stream: Stream, size: int, rng: np.random.Generator) -> Stream:
    """Elements drawn from a buffer of `size` elements."""
    buffer = list(itertools.islice(stream, size))
    if len(buffer) == size:
        for element in stream:
            slot = int(rng.integers(size))
            out, buffer[slot] = buffer[slot], element
            yield out
    for slot in rng.permutation(len(buffer)):
        yield buffer[slot]


def repeated(start: Start, count: int | None) -> Stream:
    """The elements several times, or without end."""
    done = 0
    while count is None or done < count:
        empty = True
        for element in start():
            empty = False
            yield element
        if empty and count is None:
            return
        done += 1


def concatenated(starts: Sequence[Start]) -> Stream:
    """The elements of one after another."""
    for start in starts:
        yield from start()


def windows(stream: Stream, size: int, shift: int, stride: int) -> Iterator[list[Flat]]:
    """Groups of `size` elements, `stride` apart, every `shift` elements.

    The last ones may be shorter.
    """
    span = (size - 1) * stride + 1
    held: deque[Flat] = deque()
    ended = False
    while True:
        while not ended and len(held) < span:
            try:
                held.append(next(stream))
            except StopIteration:
                ended = True
        if not held:
            return
        yield list(itertools.islice(held, 0, span, stride))
        for _ in range(shift):
            if held:
                held.popleft()
            elif not ended:
                try:
                    next(stream)
                except StopIteration:
                    ended = True


def interleaved(
    stream: Stream, expand: Callable[[Flat], Stream], cycle: int, block: int
) -> Stream:
    """`block` elements from each of `cycle` inner data sets in turn."""
    active: list[Stream | None] = []
    for element in itertools.islice(stream, cycle):
        active.append(expand(element))
    at = 0
    while any(one is not None for one in active):
        inner = active[at]
        if inner is not None:
            taken = list(itertools.islice(inner, block))
            yield from taken
            if len(taken) < block:
                following = next(stream, None)
                active[at] = None if following is None else expand(following)
                if active[at] is not None and not taken:
                    continue
        at = (at + 1) % len(active)


def mapped_in_threads(
    stream: Stream, function: Callable[[Flat], Flat], workers: int
) -> Stream:
    """Results in order, computed by several threads."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Any] = deque()
        try:
            for element in stream:
                waiting.append(pool.submit(function, element))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def prefetched(start: Start, size: int) -> Stream:
    """Elements computed ahead by a thread, at most `size` of them."""
    ready: queue.Queue[Any] = queue.Queue(max(size, 1))
    closed = threading.Event()

    def put(item: Any) -> bool:
        while not closed.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for element in start():
                if not put((element, None)):
                    return
        except BaseException as error:
            put((None, error))
            return
        put((None, StopIteration()))

    thread = threading.Thread(target=work, name="tf.data prefetch", daemon=True)
    thread.start()
    try:
        while True:
            element, error = ready.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield element
    finally:
        closed.set()


def chosen(
    starts: Sequence[Start], picks: Iterator[int], stop_on_empty: bool
) -> Stream:
    """Elements of the data sets that `picks` names."""
    streams: list[Stream | None] = [start() for start in starts]
    for pick in picks:
        stream = streams[pick]
        if stream is None:
            if all(one is None for one in streams):
                return
            continue
        element = next(stream, None)
        if element is None:
            if stop_on_empty:
                return
            streams[pick] = None
            if all(one is None for one in streams):
                return
            continue
        yield element
