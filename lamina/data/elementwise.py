"""Transformations that keep, drop or change single elements."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lamina.data import rows as rows_module
from lamina.data import streams
from lamina.data.core import DatasetCore, SeedStream, number
from lamina.data.elements import (
    Flat,
    flat_of,
    normalize,
    packer,
    spec_of,
    to_tensor,
)
from lamina.data.mapping import Mapper, predicate_value
from lamina.data.options import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from lamina.data.rows import MapTable, Rows
from lamina.engine import nest
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.type_spec import TensorSpec


class ElementwiseDataset(DatasetCore):
    """Data sets whose elements can be mapped, filtered, taken and put in order."""

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        synchronous: bool | None = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Any:
        """The results of a function for each element.

        A function of tensors is traced once and compiled; a pure one runs on whole
        blocks of elements. A function that needs values is called as it is.

        Args:
            map_func: Called with the element, or with its parts if it is a tuple.
            num_parallel_calls: Number of threads for a function that is not
                compiled; `tf.data.AUTOTUNE` takes one per processor.
            deterministic: Accepted; results always come in order.
            synchronous: Accepted; see `num_parallel_calls`.
            use_unbounded_threadpool: Accepted; see `num_parallel_calls`.
            name: Accepted.

        Returns:
            A data set of as many elements.

        Example:
            >>> ds = tf.data.Dataset.range(3).map(lambda x: x * x)
            >>> [int(x) for x in ds]
            [0, 1, 4]

        Reference: `tf.data.Dataset.map`. Functions that read values (`.numpy()`) are
        allowed.
        """
        mapper = Mapper("tf.data.Dataset.map", map_func, self.element_spec)
        spec: Any = _later(mapper, self)
        if self._rows is not None and mapper.pure:
            table = Rows(MapTable(self._rows.table, mapper), self._rows.order)
            return self._derive(spec, None, self._size, table)
        workers = self._workers(mapper, num_parallel_calls)

        def start() -> Iterator[Flat]:
            if workers > 1:
                return streams.mapped_in_threads(self._start(), mapper, workers)
            return map(mapper, self._start())

        slow = self._slow or mapper.eager
        return self._derive(spec, start, self._size, slow=slow)

    def _workers(self, mapper: Mapper, calls: Any) -> int:
        if calls is None or not mapper.eager:
            return 1
        calls = number("map", "num_parallel_calls", calls)
        own = self._options.threading.private_threadpool_size  # type: ignore[attr-defined]
        return calls if calls > 0 else int(own or os.cpu_count() or 1)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """The elements for which a predicate holds.

        Args:
            predicate: Called as in `map`; gives a boolean scalar.
            name: Accepted.

        Example:
            >>> ds = tf.data.Dataset.range(5).filter(lambda x: x % 2 == 0)
            >>> [int(x) for x in ds]
            [0, 2, 4]

        Reference: `tf.data.Dataset.filter`.
        """
        title = "tf.data.Dataset.filter"
        mapper = Mapper(title, predicate, self.element_spec)
        self._check_predicate(title, mapper)
        if self._rows is not None and mapper.pure:
            table, order = self._rows.table, self._rows.order
            kept = Rows(table, rows_module.filtered(table, order, mapper))
            return self._derive(self._spec, None, UNKNOWN_CARDINALITY, kept)

        def start() -> Iterator[Flat]:
            for element in self._start():
                if predicate_value(title, mapper(element)):
                    yield element

        return self._derive(self._spec, start, slow=self._slow or mapper.eager)

    @staticmethod
    def _check_predicate(title: str, mapper: Mapper) -> None:
        spec = mapper._out_spec
        if spec is None:
            return
        good = isinstance(spec, TensorSpec) and spec.dtype == "bool"
        if not good or not spec.shape.is_compatible_with(()):
            raise InvalidArgumentError.of(
                title,
                expected="`predicate` return type must be convertible to a scalar "
                "boolean tensor",
                received=f"{spec}",
                hint="Compare with an operator, and reduce with tf.reduce_all.",
            )

    def take(self, count: Any, name: str | None = None) -> Any:
        """The first `count` elements; all of them for -1."""
        count = number("take", "count", count)
        if count < 0:
            return self._derive(self._spec, self._start_stream, self._size, self._rows)
        known = self._size >= 0
        size = min(count, self._size) if known else self._size
        if self._size == INFINITE_CARDINALITY:
            size = count
        if self._rows is not None:
            order = rows_module.sliced(self._rows.order, 0, count)
            return self._derive(self._spec, None, size, Rows(self._rows.table, order))
        return self._derive(
            self._spec, lambda: itertools.islice(self._start(), count), size
        )

    def skip(self, count: Any, name: str | None = None) -> Any:
        """All but the first `count` elements; none for -1."""
        count = number("skip", "count", count)
        if count < 0:
            return self.take(0)
        size = max(self._size - count, 0) if self._size >= 0 else self._size
        if self._rows is not None:
            order = rows_module.sliced(self._rows.order, count, None)
            return self._derive(self._spec, None, size, Rows(self._rows.table, order))
        return self._derive(
            self._spec, lambda: itertools.islice(self._start(), count, None), size
        )

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Any:
        """Every `num_shards`-th element, from number `index` on.

        Raises:
            InvalidArgumentError: `index` is not below `num_shards`.
        """
        shards = number("shard", "num_shards", num_shards, 1)
        index = number("shard", "index", index, 0)
        if index >= shards:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.shard",
                expected="index must be between 0 and num_shards - 1",
                received=f"index={index}, num_shards={shards}",
                hint="Count the shards from 0.",
            )
        size = self._size
        if size >= 0:
            size = (size - index + shards - 1) // shards if size > index else 0
        if self._rows is not None:
            order = rows_module.sliced(self._rows.order, index, None, shards)
            return self._derive(self._spec, None, size, Rows(self._rows.table, order))
        return self._derive(
            self._spec,
            lambda: itertools.islice(self._start(), index, None, shards),
            size,
        )

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """The elements up to the first for which a predicate does not hold."""
        title = "tf.data.Dataset.take_while"
        mapper = Mapper(title, predicate, self.element_spec)
        self._check_predicate(title, mapper)

        def start() -> Iterator[Flat]:
            for element in self._start():
                if not predicate_value(title, mapper(element)):
                    return
                yield element

        return self._derive(self._spec, start)

    def repeat(self, count: Any = None, name: str | None = None) -> Any:
        """The elements `count` times; without end for None or -1."""
        count = -1 if count is None else number("repeat", "count", count)
        times = None if count < 0 else count
        size = self._size
        if times is None:
            size = 0 if size == 0 else INFINITE_CARDINALITY
        elif size >= 0:
            size *= times
        elif times == 0:
            size = 0
        if self._rows is not None:
            order = rows_module.repeated(self._rows.order, times)
            return self._derive(self._spec, None, size, Rows(self._rows.table, order))
        return self._derive(
            self._spec, lambda: streams.repeated(self._start, times), size
        )

    def shuffle(
        self,
        buffer_size: Any,
        seed: Any = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Any:
        """The elements in random order.

        Each element is drawn from a buffer of the next `buffer_size` elements. Over
        arrays in memory only row numbers are shuffled.

        Args:
            buffer_size: Size of the buffer; the number of elements for a uniform
                order.
            seed: A seed, combined with the global one.
            reshuffle_each_iteration: Whether each iteration has another order, True
                by default.
            name: Accepted.

        Reference: `tf.data.Dataset.shuffle`. The orders are not TensorFlow's.
        """
        size = number("shuffle", "buffer_size", buffer_size, -1)
        if size == 0:
            number("shuffle", "buffer_size", 0, 1)
        if size < 0:
            size = 1 << 62
        again = reshuffle_each_iteration is not False
        seeds = SeedStream(seed, again)
        if self._rows is not None:
            order = rows_module.shuffled(self._rows.order, size, seeds)
            table = self._rows.table
            return self._derive(self._spec, None, self._size, Rows(table, order))
        return self._derive(
            self._spec,
            lambda: streams.shuffled(self._start(), size, seeds()),
            self._size,
        )

    def reduce(
        self,
        initial_state: Any,
        reduce_func: Callable[..., Any],
        name: str | None = None,
    ) -> Any:
        """Combines all elements with a state.

        Args:
            initial_state: A structure of tensors.
            reduce_func: Called with the state and the element; gives the new state.
            name: Accepted.

        Returns:
            The last state, in its structure.

        Example:
            >>> ds = tf.data.Dataset.range(5)
            >>> int(ds.reduce(np.int64(0), lambda state, x: state + x))
            10

        Reference: `tf.data.Dataset.reduce`.
        """
        state = normalize(initial_state)
        flat = flat_of(state)
        mapper = self._state_mapper("reduce", state, flat, reduce_func)
        for element in self._start():
            flat = mapper((*flat, *element))
        return packer(state)([to_tensor(leaf) for leaf in flat])

    def scan(
        self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """Maps each element with a state that goes from one to the next.

        Args:
            initial_state: A structure of tensors.
            scan_func: Called with the state and the element; gives the pair of new
                state and result.
            name: Accepted.

        Reference: `tf.data.Dataset.scan`.
        """
        state = normalize(initial_state)
        count = len(nest.flatten(state))
        mapper = self._state_mapper("scan", state, flat_of(state), scan_func)

        def start() -> Iterator[Flat]:
            flat = flat_of(state)
            for element in self._start():
                result = mapper((*flat, *element))
                flat = result[:count]
                yield result[count:]

        def spec() -> Any:
            def first() -> Flat | None:
                element = self._first()
                return None if element is None else (*flat_of(state), *element)

            return mapper.out_spec(first)[1]

        return self._derive(spec, start, self._size, slow=self._slow or mapper.eager)

    def _state_mapper(
        self, method: str, state: Any, flat: Flat, function: Callable[..., Any]
    ) -> Mapper:
        specs = nest.pack_sequence_as(state, [spec_of(leaf) for leaf in flat])
        title = f"tf.data.Dataset.{method}"
        return Mapper(title, function, (specs, self.element_spec))

    def enumerate(self, start: Any = 0, name: str | None = None) -> Any:
        """Pairs of a number, from `start` on, and the element.

        Example:
            >>> ds = tf.data.Dataset.from_tensor_slices([7, 8]).enumerate(start=5)
            >>> [(int(i), int(x)) for i, x in ds]
            [(5, 7), (6, 8)]

        Reference: `tf.data.Dataset.enumerate`.
        """
        start = number("enumerate", "start", start)
        counter = self._public.range(start, np.iinfo(np.int64).max)  # type: ignore[attr-defined]
        return self._public.zip((counter, self))  # type: ignore[attr-defined]

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Any:
        """The same elements, computed ahead.

        Where elements come from Python code, a thread computes the next ones while
        the current one is used. Where they are rows of arrays there is nothing to
        gain, and nothing is done.

        Args:
            buffer_size: How many elements ahead; `tf.data.AUTOTUNE` for two.
            name: Accepted.

        Reference: `tf.data.Dataset.prefetch`.
        """
        size = number("prefetch", "buffer_size", buffer_size, -1)
        start = self._start_stream
        if self._slow and start is not None and size != 0:
            ahead = 2 if size < 0 else size
            return self._derive(
                self._spec,
                lambda: streams.prefetched(self._start, ahead),
                self._size,
                slow=False,
            )
        return self._derive(self._spec, start, self._size, self._rows)

    def apply(self, transformation_func: Callable[..., Any]) -> Any:
        """The result of a function of the data set."""
        found = transformation_func(self)
        if not isinstance(found, DatasetCore):
            raise TypeError(
                "tf.data.Dataset.apply: `transformation_func` must return a Dataset. "
                f"Received: {found!r}. Return the transformed data set."
            )
        return found


def _later(mapper: Mapper, dataset: DatasetCore) -> Any:
    """The results' spec: at once if it is known, else when someone asks."""
    if mapper._out_spec is not None:
        return mapper._out_spec
    return lambda: mapper.out_spec(dataset._first)
