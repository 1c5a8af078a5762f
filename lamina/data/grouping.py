"""Transformations that put elements together or take them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lamina.data import streams
from lamina.data.caching import CachedElements, CachedRows
from lamina.data.core import leading, number
from lamina.data.elements import (
    DatasetSpec,
    Flat,
    packer,
    relax,
    spec_of,
    to_tensor,
)
from lamina.data.elementwise import ElementwiseDataset
from lamina.data.options import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY
from lamina.data.rows import Rows, counting
from lamina.engine import nest
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor
from lamina.engine.type_spec import TensorSpec


class GroupingDataset(ElementwiseDataset):
    """Data sets whose elements can be batched, windowed, joined and cached."""

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Any:
        """Elements stacked along a new first axis.

        Args:
            batch_size: How many elements make one.
            drop_remainder: Whether a smaller last batch is dropped.
            num_parallel_calls: Accepted; over arrays a batch is one gather.
            deterministic: Accepted; batches always come in order.
            name: Accepted.

        Raises:
            InvalidArgumentError: The size is not positive, or shapes differ.

        Example:
            >>> [b.numpy().tolist() for b in tf.data.Dataset.range(5).batch(2)]
            [[0, 1], [2, 3], [4]]

        Reference: `tf.data.Dataset.batch`.
        """
        size = number("batch", "batch_size", batch_size, 1)
        drop = bool(drop_remainder)
        count = self._groups(size, drop)
        rows = self._rows

        def spec() -> Any:
            return leading(self.element_spec, size if drop else None)

        if rows is not None:
            made = self._derive(spec, lambda: rows.batches(size, drop), count)
            made._batched = (rows, size, drop)
            return made
        return self._derive(
            spec, lambda: streams.batched(self._start(), size, drop), count
        )

    _batched: tuple[Rows, int, bool] | None = None

    def _groups(self, size: int, drop: bool) -> int:
        if self._size < 0:
            return self._size
        return self._size // size if drop else -(-self._size // size)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Elements padded to one shape and stacked.

        Args:
            batch_size: How many elements make one.
            padded_shapes: A structure of shapes; None (or -1) in a shape pads to the
                longest element of the batch.
            padding_values: A structure of scalars; zero or the empty string by
                default.
            drop_remainder: Whether a smaller last batch is dropped.
            name: Accepted.

        Example:
            >>> ds = tf.data.Dataset.range(1, 4).map(lambda x: tf.fill([x], x))
            >>> next(iter(ds.padded_batch(3))).numpy().tolist()
            [[1, 0, 0], [2, 2, 0], [3, 3, 3]]

        Reference: `tf.data.Dataset.padded_batch`.
        """
        size = number("padded_batch", "batch_size", batch_size, 1)
        drop = bool(drop_remainder)
        plan: list[Any] = []

        def planned() -> list[Any]:
            if not plan:
                spec = self.element_spec
                shapes = _padded_shapes(spec, padded_shapes)
                plan.append((spec, shapes, _padding_values(spec, padding_values)))
            return plan

        def start() -> Iterator[Flat]:
            stream = self._start()
            ((_, shapes, values),) = planned()
            return streams.padded(stream, size, drop, shapes, values)

        def spec() -> Any:
            ((inner, shapes, _),) = planned()
            head = TensorShape([size if drop else None])
            leaves = [
                TensorSpec(head.concatenate(shape), leaf.dtype)
                for leaf, shape in zip(nest.flatten(inner), shapes, strict=True)
            ]
            return nest.pack_sequence_as(inner, leaves)

        if padded_shapes is not None or padding_values is not None:
            planned()
        return self._derive(spec, start, self._groups(size, drop))

    def unbatch(self, name: str | None = None) -> Any:
        """The rows of each element.

        Reference: `tf.data.Dataset.unbatch`.
        """

        def spec() -> Any:
            return nest.map_structure(
                lambda leaf: TensorSpec(leaf.shape[1:], leaf.dtype), self.element_spec
            )

        if self._batched is not None and self._batched[1] == 1:
            return self._derive(spec, None, self._size, self._batched[0])
        return self._derive(spec, lambda: streams.unbatched(self._start()))

    def window(
        self,
        size: Any,
        shift: Any = None,
        stride: Any = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Data sets of `size` elements each.

        Args:
            size: Number of elements in a window.
            shift: How far a window starts after the one before, `size` by default.
            stride: Distance of a window's elements.
            drop_remainder: Whether smaller last windows are dropped.
            name: Accepted.

        Example:
            >>> for window in tf.data.Dataset.range(5).window(2, shift=1):
            ...     first = [int(x) for x in window]
            ...     break
            >>> first
            [0, 1]

        Reference: `tf.data.Dataset.window`.
        """
        size = number("window", "size", size, 1)
        shift = size if shift is None else number("window", "shift", shift, 1)
        stride = number("window", "stride", stride, 1)

        def start() -> Iterator[Flat]:
            for group in streams.windows(self._start(), size, shift, stride):
                if len(group) == size or not drop_remainder:
                    yield self._window_of(group)

        def spec() -> Any:
            return nest.map_structure(lambda leaf: DatasetSpec(leaf), self.element_spec)

        return self._derive(spec, start)

    def _window_of(self, group: list[Flat]) -> Flat:
        """One small data set per component."""
        spec = nest.flatten(self.element_spec)
        found = []
        for leaf, column in zip(spec, zip(*group, strict=True), strict=True):
            items = [(one,) for one in column]
            found.append(
                self._public(leaf, lambda items=items: iter(items), len(items))  # type: ignore[misc]
            )
        return tuple(found)

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Any:
        """The elements of the data sets that a function gives for each element.

        Example:
            >>> ds = tf.data.Dataset.from_tensor_slices([[1, 2], [3, 4]])
            >>> ds = ds.flat_map(tf.data.Dataset.from_tensor_slices)
            >>> [int(x) for x in ds]
            [1, 2, 3, 4]

        Reference: `tf.data.Dataset.flat_map`.
        """
        expand = self._expander("flat_map", map_func)

        def start() -> Iterator[Flat]:
            for element in self._start():
                yield from expand(element)._start()

        return self._derive(self._inner_spec(expand), start, slow=True)

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = None,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Any:
        """Elements of several inner data sets in turn.

        Args:
            map_func: Gives a data set for each element.
            cycle_length: How many inner data sets take part at a time, 10 by default.
            block_length: How many elements of one come before the next, 1 by default.
            num_parallel_calls: Accepted; the order is the deterministic one.
            deterministic: Accepted.
            name: Accepted.

        Reference: `tf.data.Dataset.interleave`. TensorFlow's default `cycle_length`
        depends on the machine.
        """
        cycle = (
            -1
            if cycle_length is None
            else number("interleave", "cycle_length", cycle_length)
        )
        block = (
            1
            if block_length is None
            else number("interleave", "block_length", block_length, 1)
        )
        if cycle == 0 or cycle < -1:
            number("interleave", "cycle_length", cycle, 1)
        cycle = 10 if cycle < 0 else cycle
        expand = self._expander("interleave", map_func)

        def start() -> Iterator[Flat]:
            return streams.interleaved(
                self._start(), lambda element: expand(element)._start(), cycle, block
            )

        return self._derive(self._inner_spec(expand), start, slow=True)

    def _expander(
        self, method: str, function: Callable[..., Any]
    ) -> Callable[[Flat], Any]:
        packed: list[Any] = []

        def expand(element: Flat) -> Any:
            if not packed:
                spec = self.element_spec
                packed.append((packer(spec), type(spec) is tuple))
            pack, spread = packed[0]
            value = pack([to_tensor(leaf) for leaf in element])
            found = function(*value) if spread else function(value)
            if not hasattr(found, "__dataset__"):
                raise TypeError(
                    f"tf.data.Dataset.{method}: The `map_func` argument must return a "
                    f"`Dataset` object. Received: {found!r:.200}. Wrap tensors with "
                    "tf.data.Dataset.from_tensors."
                )
            return found

        return expand

    def _inner_spec(self, expand: Callable[[Flat], Any]) -> Callable[[], Any]:
        def spec() -> Any:
            element = self._first()
            return (
                self.element_spec if element is None else expand(element).element_spec
            )

        return spec

    def concatenate(self, dataset: Any, name: str | None = None) -> Any:
        """The elements of this data set, then those of another.

        Raises:
            TypeError: Structures or dtypes differ.

        Reference: `tf.data.Dataset.concatenate`.
        """
        sizes = (self._size, dataset._size)
        size = sum(sizes)
        if INFINITE_CARDINALITY in sizes:
            size = INFINITE_CARDINALITY
        elif UNKNOWN_CARDINALITY in sizes:
            size = UNKNOWN_CARDINALITY
        if not callable(self._spec) and not callable(dataset._spec):
            relax(self.element_spec, dataset.element_spec)
        return self._derive(
            lambda: relax(self.element_spec, dataset.element_spec),
            lambda: streams.concatenated([self._start, dataset._start]),
            size,
            slow=self._slow or dataset._slow,
        )

    def cache(self, filename: Any = "", name: str | None = None) -> Any:
        """Keeps the elements of the first whole iteration.

        Args:
            filename: A file that keeps them; in memory if it is empty.
            name: Accepted.

        Reference: `tf.data.Dataset.cache`. Files are Lamina's own, without pickles.
        """
        if isinstance(filename, Tensor):
            filename = filename.numpy().decode()
        filename = str(filename)
        if self._rows is not None and not filename and self._size >= 0:
            return self._derive(
                self._spec,
                None,
                self._size,
                Rows(CachedRows(self._rows), counting(self._size)),
            )
        cached = CachedElements(self._start, filename)
        return self._derive(self._spec, cached.start, self._size, slow=self._slow)

    def unique(self, name: str | None = None) -> Any:
        """The elements without repetitions; they have one component.

        Reference: `tf.data.Dataset.unique`.
        """

        def start() -> Iterator[Flat]:
            seen = set()
            for element in self._start():
                if len(element) != 1:
                    raise InvalidArgumentError.of(
                        "tf.data.Dataset.unique",
                        expected="elements of a single component",
                        received=f"{len(element)} components",
                        hint="Select one with map.",
                    )
                array = np.asarray(element[0])
                key = array.item() if array.ndim == 0 else array.tobytes()
                if key not in seen:
                    seen.add(key)
                    yield element

        return self._derive(self._spec, start)


def _padded_shapes(spec: Any, given: Any) -> list[TensorShape]:
    leaves = nest.flatten(spec)
    if given is None:
        shapes = [leaf.shape for leaf in leaves]
    elif len(leaves) == 1:
        while isinstance(given, (tuple, dict)) and nest.is_nested(spec):
            given = next(iter(given.values() if isinstance(given, dict) else given))
            spec = next(iter(spec.values() if isinstance(spec, dict) else spec))
        shapes = [_shape(given)]
    else:
        shapes = [_shape(one) for one in nest.flatten_up_to(spec, given)]
    for leaf, shape in zip(leaves, shapes, strict=True):
        if shape.rank is None or (leaf.shape.rank not in (None, shape.rank)):
            raise InvalidArgumentError.of(
                "tf.data.Dataset.padded_batch",
                expected=f"a padded shape of the rank of the component {leaf.shape}",
                received=f"{shape}",
                hint="Give `padded_shapes`, with None for dimensions that vary.",
            )
    return shapes


def _shape(value: Any) -> TensorShape:
    if isinstance(value, TensorShape):
        return value
    sizes = np.asarray(value).tolist() if isinstance(value, Tensor) else list(value)
    return TensorShape([None if size is None or size == -1 else size for size in sizes])


def _padding_values(spec: Any, given: Any) -> list[Any]:
    leaves = nest.flatten(spec)
    if given is None:
        values: list[Any] = [None] * len(leaves)
    elif nest.is_nested(given):
        values = nest.flatten(given)
    else:
        values = [given] * len(leaves)
    found = []
    for leaf, value in zip(leaves, values, strict=True):
        if value is None:
            found.append(b"" if leaf.dtype == "string" else 0)
            continue
        array = np.asarray(value)
        if (
            isinstance(value, (Tensor, np.generic))
            and spec_of(array).dtype != leaf.dtype
        ):
            raise TypeError(
                "tf.data.Dataset.padded_batch: expected padding values of the dtype of "
                f"the components, {leaf.dtype.name}. Received: {spec_of(array).dtype}. "
                "Give a value of that dtype."
            )
        item = array.item()
        found.append(item.encode() if isinstance(item, str) else item)
    return found
