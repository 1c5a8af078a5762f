"""``TensorShape``: a tuple of sizes in which ``None`` is an unknown size.

Being a tuple it compares with the plain tuples of the Keras level, with NumPy shapes
and serialises to JSON, while it has the methods of ``tf.TensorShape``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex, overload


class TensorShape(tuple):  # type: ignore[type-arg]
    """The static shape of a tensor.

    Args:
        dims: ``None`` for an unknown rank, else sizes: ints or ``None`` each.

    Raises:
        ValueError: if a size is negative.
        TypeError: if a size is not an integer.

    Reference: ``tf.TensorShape``. Unlike TensorFlow's it is also a tuple.
    """

    _unknown: bool

    def __new__(cls, dims: Any) -> TensorShape:
        if type(dims) is TensorShape:
            return dims
        if dims is None:
            return UNKNOWN
        if hasattr(dims, "dim"):  # a TensorShapeProto
            if getattr(dims, "unknown_rank", False):
                return UNKNOWN
            dims = [None if d.size == -1 else d.size for d in dims.dim]
        elif isinstance(dims, int) or not isinstance(dims, Iterable):
            dims = (dims,)
        return tuple.__new__(cls, [_size(dim) for dim in dims])

    @property
    def rank(self) -> int | None:
        """The number of dimensions, or None if that is unknown."""
        return None if self is UNKNOWN else tuple.__len__(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None] | None:
        """The sizes as a list, or None if the rank is unknown."""
        return None if self is UNKNOWN else list(self)

    def as_list(self) -> list[int | None]:
        """The sizes as a list. Raises ValueError if the rank is unknown."""
        self._need_rank("as_list() is not defined on")
        return list(self)

    def num_elements(self) -> int | None:
        """The product of the sizes, or None if one is unknown."""
        if not self.is_fully_defined():
            return None
        total = 1
        for dim in self:
            total *= dim or 0
        return total

    def is_fully_defined(self) -> bool:
        """Whether the rank and every size are known."""
        return self is not UNKNOWN and None not in tuple(self)

    def assert_is_fully_defined(self) -> None:
        """Raises ValueError unless every size is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined.")

    def is_compatible_with(self, other: Any) -> bool:
        """Whether some fully known shape fits both shapes."""
        other = TensorShape(other)
        if self is UNKNOWN or other is UNKNOWN:
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raises ValueError unless the shapes are compatible."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def assert_same_rank(self, other: Any) -> None:
        """Raises ValueError if both ranks are known and differ."""
        other = TensorShape(other)
        if None not in (self.rank, other.rank) and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_has_rank(self, rank: int) -> None:
        """Raises ValueError unless the rank is ``rank`` or unknown."""
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def merge_with(self, other: Any) -> TensorShape:
        """The shape that knows what either knows.

        Raises:
            ValueError: if the shapes are incompatible.
        """
        other = TensorShape(other)
        if self is UNKNOWN:
            return other
        if other is UNKNOWN:
            return self
        self.assert_is_compatible_with(other)
        return TensorShape(
            [b if a is None else a for a, b in zip(self, other, strict=True)]
        )

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The most specific shape that both shapes are instances of."""
        other = TensorShape(other)
        if self.rank is None or self.rank != other.rank:
            return UNKNOWN
        return TensorShape(
            [a if a == b else None for a, b in zip(self, other, strict=True)]
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every shape that fits this one fits ``other``."""
        other = TensorShape(other)
        if other is UNKNOWN:
            return True
        return self.rank == other.rank and all(
            b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def with_rank(self, rank: int) -> TensorShape:
        """This shape with a known rank. Raises ValueError if it has another."""
        return self.merge_with([None] * rank) if self is UNKNOWN else self._ranked(rank)

    def _ranked(self, rank: int) -> TensorShape:
        if len(self) != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """This shape. Raises ValueError if its rank is below ``rank``."""
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """This shape. Raises ValueError if its rank is above ``rank``."""
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def concatenate(self, other: Any) -> TensorShape:
        """The sizes of this shape followed by those of ``other``."""
        other = TensorShape(other)
        if self is UNKNOWN or other is UNKNOWN:
            return UNKNOWN
        return TensorShape(tuple(self) + tuple(other))

    def _need_rank(self, what: str) -> None:
        if self is UNKNOWN:
            raise ValueError(f"{what} an unknown TensorShape.")

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    @overload
    def __getitem__(self, key: SupportsIndex) -> int | None: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: Any) -> Any:
        if self is UNKNOWN:
            return UNKNOWN if isinstance(key, slice) else None
        found = tuple.__getitem__(self, key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __iter__(self) -> Iterator[int | None]:
        self._need_rank("Cannot iterate over")
        return tuple.__iter__(self)

    def __len__(self) -> int:
        self._need_rank("Cannot take the length of")
        return tuple.__len__(self)

    def __bool__(self) -> bool:
        return self is not UNKNOWN

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if self is UNKNOWN or other is UNKNOWN:
            return False
        if isinstance(other, list):
            other = tuple(other)
        return tuple.__eq__(self, other) if isinstance(other, tuple) else False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return tuple.__hash__(self)

    def __repr__(self) -> str:
        if self is UNKNOWN:
            return "TensorShape(None)"
        return f"TensorShape([{', '.join(map(str, self))}])"

    def __str__(self) -> str:
        if self is UNKNOWN:
            return "<unknown>"
        return str(tuple(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (None if self is UNKNOWN else tuple(self),)


def _size(dim: Any) -> int | None:
    if dim is None or (type(dim) is int and dim >= 0):
        return dim
    value = getattr(dim, "value", dim)  # a tf.compat.v1.Dimension
    if value is None:
        return None
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        raise TypeError(
            f"Dimension value must be integer or None or have an __index__ method, "
            f"got value '{dim!r}' with type '{type(dim)!r}'"
        ) from None
    if number < 0:
        raise ValueError(f"Dimension {number} must be >= 0")
    return int(number)


UNKNOWN: TensorShape = tuple.__new__(TensorShape, ())
