"""Descriptions of tensors without values: ``TypeSpec`` and ``TensorSpec``."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor


class TypeSpec:
    """The base of specifications of values.

    Reference: ``tf.TypeSpec``.
    """

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value of this description could be ``spec_or_value``."""
        return self == spec_or_value

    def most_specific_compatible_type(self, other: TypeSpec) -> TypeSpec:
        """A specification that covers both. Raises ValueError if there is none."""
        if self == other:
            return self
        raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")


class TensorSpec(TypeSpec):
    """The shape and dtype of a tensor.

    Args:
        shape: the shape; None sizes are unknown.
        dtype: the element type.
        name: the argument's name in a signature.

    Reference: ``tf.TensorSpec``.
    """

    def __init__(
        self, shape: Any = None, dtype: Any = dtypes.float32, name: str | None = None
    ) -> None:
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """A specification with the shape and dtype of another."""
        return cls(spec.shape, spec.dtype, name or getattr(spec, "name", None))

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The specification of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor or specification fits this one."""
        if not hasattr(spec_or_tensor, "dtype"):
            spec_or_tensor = convert_to_tensor(spec_or_tensor)
        return as_dtype(
            spec_or_tensor.dtype
        ) == self._dtype and self._shape.is_compatible_with(spec_or_tensor.shape)

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor that fits this specification fits ``other``."""
        return (
            isinstance(other, TensorSpec)
            and self._dtype == other._dtype
            and self._shape.is_subtype_of(other._shape)
        )

    def most_specific_compatible_type(self, other: TypeSpec) -> TensorSpec:
        """The specification that covers both; sizes that differ become None."""
        if not isinstance(other, TensorSpec) or other._dtype != self._dtype:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        shape = self._shape.most_specific_compatible_shape(other._shape)
        return TensorSpec(shape, self._dtype, self._name)

    def __eq__(self, other: object) -> bool:
        return (
            type(self) is type(other)
            and isinstance(other, TensorSpec)
            and self._shape == other._shape
            and self._dtype == other._dtype
            and self._name == other._name
        )

    def __hash__(self) -> int:
        return hash((tuple(self._shape or ()), self._dtype))

    def __repr__(self) -> str:
        return (
            f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, "
            f"name={self._name!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        shape = self._shape.dims
        return TensorSpec, (shape, self._dtype.name, self._name)


def type_spec_from_value(value: Any) -> TypeSpec:
    """The specification of a value.

    Reference: ``tf.type_spec_from_value``.

    Raises:
        TypeError: if the value has none.
    """
    if isinstance(value, TypeSpec):
        return value
    spec = getattr(value, "_type_spec", None)
    if spec is not None:
        return spec  # type: ignore[no-any-return]
    if isinstance(value, Tensor) or is_tensor(value):
        return TensorSpec(value.shape, value.dtype)
    if isinstance(value, np.ndarray | np.generic | int | float | str | bytes | bool):
        return TensorSpec.from_tensor(convert_to_tensor(value))
    raise TypeError(
        f"tf.type_spec_from_value: expected a tensor or a composite of tensors. "
        f"Received: {value!r:.200} of type {type(value)}."
    )
