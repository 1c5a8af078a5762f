"""Random access: elements that are rows of arrays, taken in some order.

Slices, ranges, their zips and pure maps of them need no work per element: shuffling,
repeating, taking and filtering only change the order (arrays of row numbers), and a
batch is one gather.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lamina.data.elements import rows_of
from lamina.data.mapping import Mapper

Order = Callable[[], Iterator[np.ndarray]]
"""Gives blocks of row numbers, arrays `(n, columns)` of int64."""

_BLOCK_BYTES = 1 << 22


class Table:
    """Rows of arrays. `columns` is how many row numbers tell one element."""

    columns = 1

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """The elements of these rows, stacked, one array per component."""
        raise AssertionError("each table defines gather")


class SliceTable(Table):
    """Rows of arrays in memory."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.arrays = list(arrays)

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """The elements of these rows."""
        index = rows[:, 0]
        return [array.take(index, axis=0) for array in self.arrays]


class RangeTable(Table):
    """The numbers `start + row * step`."""

    def __init__(self, start: int, step: int, dtype: Any) -> None:
        self.start, self.step, self.dtype = start, step, dtype

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """The elements of these rows."""
        return [(self.start + rows[:, 0] * self.step).astype(self.dtype)]


class ZipTable(Table):
    """Elements of several tables side by side."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = list(tables)
        self.columns = sum(table.columns for table in tables)

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """The elements of these rows."""
        found: list[np.ndarray] = []
        at = 0
        for table in self.tables:
            found += table.gather(rows[:, at : at + table.columns])
            at += table.columns
        return found


class MapTable(Table):
    """The results of a pure function, a block at a time."""

    def __init__(self, table: Table, mapper: Mapper) -> None:
        self.table, self.mapper = table, mapper
        self.columns = table.columns

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """The elements of these rows."""
        return self.mapper.block(self.table.gather(rows), len(rows))


class Rows:
    """A table and the order in which its rows come."""

    def __init__(self, table: Table, order: Order) -> None:
        self.table = table
        self.order = order

    def elements(self) -> Iterator[tuple[Any, ...]]:
        """The elements one by one, gathered in growing blocks."""
        size, limit = 16, 1024
        for rows in self.order():
            start = 0
            while start < len(rows):
                block = self.table.gather(rows[start : start + size])
                start += size
                yield from zip(*map(rows_of, block), strict=True)
                width = sum(array.nbytes for array in block) // max(len(block[0]), 1)
                limit = max(16, min(1024, _BLOCK_BYTES // max(width, 1)))
                size = min(size * 4, limit)

    def batches(self, size: int, drop: bool) -> Iterator[tuple[Any, ...]]:
        """Stacked elements, `size` at a time."""
        for rows in regroup(self.order(), size):
            if len(rows) == size or not drop:
                yield tuple(self.table.gather(rows))


def regroup(blocks: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Blocks of exactly `size` rows, the last one perhaps smaller."""
    waiting: list[np.ndarray] = []
    count = 0
    for block in blocks:
        at = 0
        if count:
            at = min(size - count, len(block))
            waiting.append(block[:at])
            count += at
            if count == size:
                yield np.concatenate(waiting)
                waiting, count = [], 0
        while len(block) - at >= size:
            yield block[at : at + size]
            at += size
        if at < len(block):
            waiting.append(block[at:])
            count += len(block) - at
    if count:
        yield np.concatenate(waiting)


def counting(count: int | None) -> Order:
    """The rows 0, 1, … up to `count`, or without end."""

    def order() -> Iterator[np.ndarray]:
        at, size = 0, 256
        while count is None or at < count:
            end = at + size if count is None else min(at + size, count)
            yield np.arange(at, end, dtype=np.int64)[:, None]
            at, size = end, min(size * 4, 1 << 16)

    return order


def repeated(order: Order, count: int | None) -> Order:
    """The same order several times, or without end."""

    def again() -> Iterator[np.ndarray]:
        done = 0
        while count is None or done < count:
            empty = True
            for block in order():
                empty = empty and not len(block)
                yield block
            if empty and count is None:
                return
            done += 1

    return again


def sliced(order: Order, start: int, stop: int | None, step: int = 1) -> Order:
    """Every `step`-th row from `start` to `stop`."""

    def part() -> Iterator[np.ndarray]:
        seen = 0
        if stop is not None and stop <= start:
            return
        for block in order():
            end = len(block) if stop is None else min(len(block), stop - seen)
            first = start - seen if seen < start else -(seen - start) % step
            if first < end:
                yield block[first:end:step]
            seen += len(block)
            if stop is not None and seen >= stop:
                return

    return part


def shuffled(
    order: Order, size: int, make_rng: Callable[[], np.random.Generator]
) -> Order:
    """Rows drawn from a buffer of `size` rows."""

    def mixed() -> Iterator[np.ndarray]:
        rng = make_rng()
        blocks = order()
        held: list[np.ndarray] = []
        count = 0
        for block in blocks:
            held.append(block)
            count += len(block)
            if count > size:
                break
        else:
            if count:
                rows = np.concatenate(held)
                yield rows[rng.permutation(count)]
            return
        yield from _through_buffer(np.concatenate(held), blocks, size, rng)

    return mixed


def _through_buffer(
    first: np.ndarray,
    blocks: Iterator[np.ndarray],
    size: int,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    buffer = first[:size].copy()
    block: np.ndarray | None = first[size:]
    while block is not None:
        out = np.empty_like(block)
        for at, slot in enumerate(rng.integers(0, size, len(block)).tolist()):
            out[at] = buffer[slot]
            buffer[slot] = block[at]
        if len(out):
            yield out
        block = next(blocks, None)
    yield buffer[rng.permutation(size)]


def zipped(orders: Sequence[Order]) -> Order:
    """Row numbers side by side, until one order ends."""

    def pairs() -> Iterator[np.ndarray]:
        streams = [_Stream(order()) for order in orders]
        while True:
            parts = [stream.take() for stream in streams]
            count = min(map(len, parts))
            if not count:
                return
            yield np.concatenate([part[:count] for part in parts], axis=1)
            for stream, part in zip(streams, parts, strict=True):
                stream.back(part[count:])

    return pairs


class _Stream:
    """A stream of blocks from which part of a block can be given back."""

    def __init__(self, blocks: Iterator[np.ndarray]) -> None:
        self.blocks = blocks
        self.rest: np.ndarray | None = None

    def take(self) -> np.ndarray:
        """The next rows; an empty array at the end."""
        if self.rest is not None and len(self.rest):
            found, self.rest = self.rest, None
            return found
        for block in self.blocks:
            if len(block):
                return block
        return np.empty((0, 1), np.int64)

    def back(self, rows: np.ndarray) -> None:
        """Gives rows back."""
        self.rest = rows


def filtered(table: Table, order: Order, mapper: Mapper) -> Order:
    """Rows for which a pure predicate holds."""

    def kept() -> Iterator[np.ndarray]:
        size = 16
        for rows in order():
            start = 0
            while start < len(rows):
                part = rows[start : start + size]
                start += size
                (mask,) = mapper.block(table.gather(part), len(part))
                yield part[mask]
                size = min(size * 4, 1024)

    return kept
