"""Iterators over data sets, as users hold them."""

from __future__ import annotations

from collections.abc import Iterator as PythonIterator
from typing import Any

import numpy as np

from lamina.data.elements import packer, to_numpy, to_tensor
from lamina.engine.errors import InvalidArgumentError, OutOfRangeError
from lamina.engine.tensor import Tensor
from lamina.engine.type_spec import TypeSpec


class Iterator:
    """An iterator over the elements of a data set.

    Reference: `tf.data.Iterator`.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._stream = dataset._start()
        self._pack: Any = None

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        leaves = list(map(to_tensor, next(self._stream)))
        if self._pack is None:  # the first element may have been needed to know it
            self._pack = packer(self._dataset._structure())
        return self._pack(leaves)

    def get_next(self) -> Any:
        """The next element.

        Raises:
            OutOfRangeError: There is none.
        """
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError.of(
                "tf.data.Iterator.get_next",
                expected="an element",
                received="End of sequence",
                hint="Iterate with `for`, or use get_next_as_optional.",
            ) from None

    def get_next_as_optional(self) -> Optional:
        """The next element, or an `Optional` without value at the end."""
        try:
            return Optional(next(self), self.element_spec)
        except StopIteration:
            return Optional.empty(self.element_spec)

    @property
    def element_spec(self) -> Any:
        """The structure of specs of the elements."""
        return self._dataset.element_spec


class IteratorSpec(TypeSpec):
    """The type of an iterator.

    Args:
        element_spec: The types of its elements.

    Reference: `tf.data.IteratorSpec`.
    """

    def __init__(self, element_spec: Any) -> None:
        self.element_spec = element_spec

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether the other gives elements of the same spec."""
        return bool(getattr(spec_or_value, "element_spec", None) == self.element_spec)

    def most_specific_compatible_type(self, other: TypeSpec) -> IteratorSpec:
        """The spec itself."""
        return self


class NumpyIterator:
    """An iterator that gives NumPy arrays.

    Args:
        dataset: The data set.

    Reference: `tf.data.NumpyIterator`.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._stream: PythonIterator[Any] = dataset._start()
        self._pack: Any = None

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        leaves = [
            NumpyIterator(leaf) if hasattr(leaf, "__dataset__") else to_numpy(leaf)
            for leaf in next(self._stream)
        ]
        if self._pack is None:
            self._pack = packer(self._dataset._structure())
        return self._pack(leaves)


class Optional:
    """A value that may be missing.

    Reference: `tf.experimental.Optional`.
    """

    def __init__(self, value: Any, spec: Any, present: bool = True) -> None:
        self._value = value
        self._spec = spec
        self._present = present

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """An optional without value."""
        return Optional(None, element_spec, False)

    @staticmethod
    def from_value(value: Any) -> Optional:
        """An optional with this value."""
        return Optional(value, None)

    def has_value(self, name: str | None = None) -> Tensor:
        """Whether there is a value, a boolean scalar."""
        return Tensor(np.asarray(self._present))

    def get_value(self, name: str | None = None) -> Any:
        """The value.

        Raises:
            InvalidArgumentError: There is none.
        """
        if not self._present:
            raise InvalidArgumentError.of(
                "tf.experimental.Optional.get_value",
                expected="an optional with a value",
                received="an empty one",
                hint="Ask has_value() first.",
            )
        return self._value

    @property
    def element_spec(self) -> Any:
        """The spec of the value."""
        return self._spec
