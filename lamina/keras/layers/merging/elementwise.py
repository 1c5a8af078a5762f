"""`Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`, and functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.layers.merging.base_merge import Merge
from lamina.ops.math import arithmetic


class Add(Merge):
    """The sum of a list of inputs, value by value.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of tensors whose shapes are equal or broadcast.

    Reference: `keras.layers.Add`.
    """

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        return self._apply(arithmetic.add, inputs)


class Subtract(Merge):
    """The first of two inputs minus the second.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of two tensors whose shapes are equal or broadcast.

    Raises:
        ValueError: There are not two inputs.

    Reference: `keras.layers.Subtract`.
    """

    def build(self, input_shape: Any) -> None:
        """Checks that there are two shapes, and that they fit."""
        super().build(input_shape)
        self._check_count(len(input_shape))

    def _check_count(self, count: int) -> None:
        if count != 2:
            raise self._problem(
                f"A `Subtract` layer should be called on exactly 2 inputs, not {count}",
                "two inputs",
            )

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        self._check_count(len(inputs))
        return arithmetic.subtract(inputs[0], inputs[1])


class Multiply(Merge):
    """The product of a list of inputs, value by value.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of tensors whose shapes are equal or broadcast.

    Reference: `keras.layers.Multiply`.
    """

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        return self._apply(arithmetic.multiply, inputs)


class Average(Merge):
    """The mean of a list of inputs, value by value.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of tensors whose shapes are equal or broadcast.

    Reference: `keras.layers.Average`.
    """

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        total = inputs[0]
        for x in inputs[1:]:
            total = arithmetic.add(total, x)
        return total / len(inputs)


class Maximum(Merge):
    """The largest of a list of inputs, value by value.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of tensors whose shapes are equal or broadcast.

    Reference: `keras.layers.Maximum`.
    """

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        return self._apply(arithmetic.maximum, inputs)


class Minimum(Merge):
    """The smallest of a list of inputs, value by value.

    Args:
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A list of tensors whose shapes are equal or broadcast.

    Reference: `keras.layers.Minimum`.
    """

    def _merge_function(self, inputs: list[Any]) -> Tensor:
        return self._apply(arithmetic.minimum, inputs)


def add(inputs: Sequence[Any], **kwargs: Any) -> Tensor:
    """The sum of a list of tensors; see `Add`.

    Args:
        inputs: The tensors.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.add`.
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Tensor:
    """The first of two tensors minus the second; see `Subtract`.

    Args:
        inputs: The two tensors.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.subtract`.
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Tensor:
    """The product of a list of tensors; see `Multiply`.

    Args:
        inputs: The tensors.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.multiply`.
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Tensor:
    """The mean of a list of tensors; see `Average`.

    Args:
        inputs: The tensors.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.average`.
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Tensor:
    """The largest of a list of tensors, value by value; see `Maximum`.

    Args:
        inputs: The tensors.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.maximum`.
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Tensor:
    """The smallest of a list of tensors, value by value; see `Minimum`.

    Args:
        inputs: The tensors.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.minimum`.
    """
    return Minimum(**kwargs)(inputs)
