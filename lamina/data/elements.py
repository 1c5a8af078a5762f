"""Elements of a data set: structures of tensors, held flat as NumPy arrays.

Inside a pipeline an element is a tuple of its leaves: NumPy arrays, data sets (from
`window`) or None. It becomes a structure of tensors only for the user's functions
and at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.engine import dtypes, nest
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.type_spec import TensorSpec, TypeSpec
from lamina.engine.variable import Variable

Flat = tuple[Any, ...]


class NoneSpec(TypeSpec):
    """The spec of a component that is None."""

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether the other is None, too."""
        return spec_or_value is None or isinstance(spec_or_value, NoneSpec)

    def most_specific_compatible_type(self, other: TypeSpec) -> NoneSpec:
        """The spec itself."""
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoneSpec)

    def __hash__(self) -> int:
        return hash(NoneSpec)

    def __repr__(self) -> str:
        return "NoneTensorSpec()"


def normalize(value: Any) -> Any:
    """A structure whose leaves are tensors, data sets or None.

    Tuples, named tuples and dicts are structure; lists become tensors.
    """
    if isinstance(value, dict):
        items = {key: normalize(item) for key, item in value.items()}
        return type(value)(items) if type(value) is not dict else items
    if isinstance(value, tuple) and not isinstance(value, TensorShape):
        parts = [normalize(item) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if value is None or hasattr(value, "__dataset__"):
        return value
    if isinstance(value, Variable):
        return value.read_value()
    return value if isinstance(value, Tensor) else convert_to_tensor(value)


def flat_of(structure: Any) -> Flat:
    """The leaves of a normalized structure, tensors as NumPy arrays."""
    return tuple(map(_host, nest.flatten(structure)))


def _host(leaf: Any) -> Any:
    return np.asarray(leaf._value) if isinstance(leaf, Tensor) else leaf


def spec_of(leaf: Any) -> Any:
    """The spec of one leaf."""
    if leaf is None:
        return NoneSpec()
    if hasattr(leaf, "__dataset__"):
        return DatasetSpec(leaf.element_spec)
    dtype = dtypes.string if leaf.dtype == object else dtypes.as_dtype(leaf.dtype)
    return TensorSpec(leaf.shape, dtype)


class DatasetSpec(TypeSpec):
    """The type of a data set.

    Args:
        element_spec: The types of its elements.
        dataset_shape: Always `()`.

    Reference: `tf.data.DatasetSpec`.
    """

    def __init__(self, element_spec: Any, dataset_shape: Any = ()) -> None:
        self.element_spec = element_spec
        self.shape = TensorShape(dataset_shape)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether the other has elements of the same structure."""
        other = getattr(spec_or_value, "element_spec", None)
        if other is None:
            return False
        mine, theirs = nest.flatten(self.element_spec), nest.flatten(other)
        return len(mine) == len(theirs) and all(
            a.is_compatible_with(b) for a, b in zip(mine, theirs, strict=True)
        )

    def most_specific_compatible_type(self, other: TypeSpec) -> DatasetSpec:
        """The spec itself."""
        return self

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DatasetSpec) and self.element_spec == other.element_spec
        )

    def __hash__(self) -> int:
        return hash((DatasetSpec, str(self.element_spec)))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec!r}, {self.shape!r})"


def is_defined(spec: Any) -> bool:
    """Whether all components are numeric tensors of a known shape."""
    return all(
        isinstance(leaf, TensorSpec)
        and leaf.shape.is_fully_defined()
        and leaf.dtype not in ("string", "variant")
        for leaf in nest.flatten(spec)
    )


def packer(spec: Any) -> Callable[[Sequence[Any]], Any]:
    """A fast function from leaves to the structure of `spec`."""
    if not nest.is_nested(spec):
        return lambda leaves: leaves[0]
    if type(spec) is tuple and not any(map(nest.is_nested, spec)):
        return tuple
    if type(spec) is dict and not any(map(nest.is_nested, spec.values())):
        order, keys = sorted(spec), list(spec)
        if order == keys:
            return lambda leaves: dict(zip(keys, leaves, strict=True))
    return lambda leaves: nest.pack_sequence_as(spec, list(leaves))


def rows_of(array: np.ndarray) -> Any:
    """The rows of an array, each an array (or a NumPy scalar)."""
    if array.dtype == object and array.ndim == 1:
        return [np.array(item, object) for item in array]
    return array


def to_tensor(leaf: Any) -> Any:
    """A leaf as users see it."""
    if isinstance(leaf, np.ndarray):
        return Tensor(leaf)
    return Tensor(np.asarray(leaf)) if isinstance(leaf, np.generic) else leaf


def to_numpy(leaf: Any) -> Any:
    """A leaf as `as_numpy_iterator` gives it: scalars as NumPy scalars."""
    if isinstance(leaf, np.ndarray) and leaf.ndim == 0:
        return leaf[()]
    return leaf


def stack(name: str, column: Sequence[Any], index: int) -> np.ndarray:
    """Leaves of several elements as one array with a new first axis.

    Raises:
        InvalidArgumentError: Their shapes differ.
    """
    first = np.asarray(column[0])
    if first.dtype == object:
        shapes = {np.shape(leaf) for leaf in column}
        if len(shapes) == 1:
            result = np.empty((len(column), *first.shape), object)
            for row, leaf in enumerate(column):
                result[row] = leaf if first.ndim else np.asarray(leaf)[()]
            return result
    else:
        try:
            return np.stack(column)
        except ValueError:
            pass
    for row, leaf in enumerate(column):
        if np.shape(leaf) != first.shape:
            raise InvalidArgumentError.of(
                name,
                expected="elements of one shape",
                received=f"Cannot batch tensors with different shapes in component "
                f"{index}. First element had shape {list(first.shape)} and element "
                f"{row} had shape {list(np.shape(leaf))}",
                hint="Use padded_batch, or bring the elements to one shape with map.",
            )
    raise InvalidArgumentError.of(
        name,
        expected="elements that are tensors",
        received=f"component {index} of type {type(column[0]).__name__}",
        hint="Data sets inside elements are flattened with flat_map.",
    )


def relax(one: Any, two: Any) -> Any:
    """The narrowest spec that allows the values of both.

    Raises:
        TypeError: Structures or dtypes differ.
    """
    if len(nest.flatten(one)) != len(nest.flatten(two)):
        raise TypeError(
            "tf.data: expected elements of one structure. Received: "
            f"{one} and {two}. Give both data sets the same structure."
        )

    def join(a: Any, b: Any) -> Any:
        if not isinstance(a, TensorSpec) or not isinstance(b, TensorSpec):
            return a
        if a.dtype != b.dtype:
            raise TypeError(
                f"tf.data: Incompatible types of datasets. Expected {a.dtype.name}. "
                f"Received: {b.dtype.name} in {two}. Cast one of them with map."
            )
        return TensorSpec(a.shape.most_specific_compatible_shape(b.shape), a.dtype)

    leaves = map(join, nest.flatten(one), nest.flatten(two))
    return nest.pack_sequence_as(one, list(leaves))
