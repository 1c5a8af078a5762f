"""What every data set has: a spec, a way to start it, and its length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from lamina.data.elements import DatasetSpec, Flat, packer, to_tensor
from lamina.data.iterators import Iterator as DatasetIterator
from lamina.data.iterators import NumpyIterator
from lamina.data.options import (
    INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY,
    Options,
)
from lamina.data.rows import Rows
from lamina.engine import nest
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.random_state import entropy_seed, get_seed, next_key
from lamina.engine.tensor import Tensor
from lamina.engine.variable import Variable


class DatasetCore:
    """The common base of data sets; `Dataset` adds the public methods.

    Args:
        spec: The structure of specs of an element, or a function that finds it.
        start: Starts an iteration: gives an iterator of flat elements.
        size: Number of elements, or one of the two cardinality constants.
        rows: The elements by random access, if that is possible.
        slow: Whether elements come from Python code, worth a thread of its own.
        options: Options of the data set.
    """

    __dataset__ = True
    _public: ClassVar[type[DatasetCore]]

    def __init__(
        self,
        spec: Any,
        start: Callable[[], Iterator[Flat]] | None,
        size: int = UNKNOWN_CARDINALITY,
        rows: Rows | None = None,
        slow: bool = False,
        options: Options | None = None,
    ) -> None:
        self._spec = spec
        self._rows = rows
        self._start_stream = start
        self._size = size
        self._slow = slow
        self._options = options or Options()

    def _derive(
        self,
        spec: Any,
        start: Callable[[], Iterator[Flat]] | None,
        size: int = UNKNOWN_CARDINALITY,
        rows: Rows | None = None,
        slow: bool | None = None,
    ) -> Any:
        """A data set made from this one."""
        slow = self._slow if slow is None else slow
        return self._public(spec, start, size, rows, slow, self._options)

    def _start(self) -> Iterator[Flat]:
        if self._start_stream is None:
            return self._rows.elements()  # type: ignore[union-attr]
        return self._start_stream()

    def _structure(self) -> Any:
        """The spec, for the structure alone."""
        return self.element_spec

    def _first(self) -> Flat | None:
        """One element, to learn what elements look like."""
        return next(self._start(), None)

    @property
    def element_spec(self) -> Any:
        """The structure of `tf.TensorSpec` that describes an element."""
        if callable(self._spec):
            self._spec = self._spec()
        return self._spec

    def __iter__(self) -> DatasetIterator:
        return DatasetIterator(self)

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        if self._size >= 0:
            return self._size
        what = "infinite" if self._size == INFINITE_CARDINALITY else "unknown"
        raise TypeError(
            f"len(tf.data.Dataset): expected a data set of known length. Received: The "
            f"dataset is {what} in length. Count its elements with reduce, or take a "
            "number of them."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self.element_spec!r}>"

    def as_numpy_iterator(self) -> NumpyIterator:
        """An iterator that gives NumPy arrays (scalars for scalars).

        Example:
            >>> [x.item() for x in tf.data.Dataset.range(3).as_numpy_iterator()]
            [0, 1, 2]

        Reference: `tf.data.Dataset.as_numpy_iterator`.
        """
        return NumpyIterator(self)

    def cardinality(self, name: str | None = None) -> Tensor:
        """The number of elements, an int64 scalar.

        `tf.data.INFINITE_CARDINALITY` or `tf.data.UNKNOWN_CARDINALITY` where there
        is none.
        """
        return Tensor(np.asarray(self._size, np.int64))

    def options(self) -> Options:
        """The options of this data set and of those that it is made of."""
        return self._options

    def with_options(self, options: Options, name: str | None = None) -> Any:
        """The same elements, with options."""
        made = self._derive(self._spec, self._start_stream, self._size, self._rows)
        made._options = self._options.merge(options)
        return made

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises:
            InvalidArgumentError: There is none, or more than one.
        """
        stream = self._start()
        first, second = next(stream, None), next(stream, None)
        if first is None or second is not None:
            raise InvalidArgumentError.of(
                "tf.data.Dataset.get_single_element",
                expected="a data set of exactly one element",
                received="Dataset was empty"
                if first is None
                else "Dataset had more than one element",
                hint="Use take(1) for the first element.",
            )
        return packer(self.element_spec)([to_tensor(leaf) for leaf in first])

    @property
    def element_type(self) -> DatasetSpec:
        """The spec of the data set as a value."""
        return DatasetSpec(self.element_spec)


def number(name: str, label: str, value: Any, least: int | None = None) -> int:
    """An integer argument that may be a tensor.

    Raises:
        InvalidArgumentError: It is too small.
    """
    if isinstance(value, (Tensor, Variable, np.ndarray)):
        value = np.asarray(value).item()
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(
            f"tf.data.Dataset.{name}: expected an integer as `{label}`. Received: "
            f"{value!r} of type {type(value).__name__}. Pass an int or an int64 scalar."
        )
    if least is not None and value < least:
        raise InvalidArgumentError.of(
            f"tf.data.Dataset.{name}",
            expected=f"`{label}` must be at least {least}",
            received=f"{label}={value}",
            hint="Check the number.",
        )
    return int(value)


class SeedStream:
    """Random generators for the iterations of one data set.

    Args:
        seed: The data set's seed, None for the global one.
        again: Whether each iteration draws other numbers.
    """

    def __init__(self, seed: Any, again: bool) -> None:
        if seed is None and get_seed() is None:
            self.words = [entropy_seed()]
        elif seed is None:
            self.words = [int(word) for word in np.asarray(next_key()).ravel()]
        else:
            own = [int(part) for part in np.ravel(np.asarray(seed))]
            self.words = [abs(part) for part in [get_seed() or 0, *own]]
        self.again = again
        self.count = 0

    def __call__(self) -> np.random.Generator:
        """The generator of the next iteration."""
        words = [*self.words, self.count] if self.again else self.words
        self.count += 1
        return np.random.default_rng(words)


def leading(spec: Any, size: int | None) -> Any:
    """The spec of stacked elements."""

    def grow(leaf: Any) -> Any:
        if not hasattr(leaf, "shape") or isinstance(leaf, DatasetSpec):
            return leaf
        return type(leaf)(type(leaf.shape)([size]).concatenate(leaf.shape), leaf.dtype)

    return nest.map_structure(grow, spec)
