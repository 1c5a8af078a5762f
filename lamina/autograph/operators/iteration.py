"""What a ``for`` loop runs over when its length or elements are tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jax import numpy as jnp

from lamina.autograph.staging import predicates
from lamina.autograph.staging.values import first_size, run
from lamina.engine.errors import OperatorNotAllowedInGraphError
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor


class NumberRange:
    """``range(start, limit, delta)`` with bounds that are known at run time only.

    Args:
        start: the first number.
        limit: where to stop, not included.
        delta: the step.
        dtype: None, or the dtype of the numbers.
    """

    def __init__(self, start: Any, limit: Any, delta: Any, dtype: Any = None) -> None:
        given = [each for each in (start, limit, delta) if is_tensor(each)]
        if dtype is None:
            dtype = convert_to_tensor(given[0]).dtype
        bounds = [_as(each, dtype) for each in (start, limit, delta)]
        self.start, self._limit, self._delta = bounds

    def contains(self, at: Tensor) -> Tensor:
        """Whether the range has not ended at a number."""
        result: Tensor = run(
            "tf.range",
            lambda n, limit, delta: jnp.where(delta > 0, n < limit, n > limit),
            at,
            self._limit,
            self._delta,
        )
        return result

    def after(self, at: Tensor) -> Tensor:
        """The number that follows."""
        result: Tensor = run("tf.range", lambda n, delta: n + delta, at, self._delta)
        return result

    def __iter__(self) -> Iterator[Any]:
        raise OperatorNotAllowedInGraphError(
            "range: iterating over a range whose length is a traced tensor is only "
            "possible in a for statement that AutoGraph converts. Use "
            "`for i in tf.range(n)` inside the @tf.function, or tf.while_loop."
        )


def _as(value: Any, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(value)
    if tensor.dtype == dtype:
        return tensor
    cast: Tensor = run("tf.cast", lambda x: x.astype(np.dtype(dtype.np_dtype)), tensor)
    return cast


class Enumerated:
    """``enumerate(x, start)`` over the slices of a tensor."""

    def __init__(self, iterated: Any, start: int) -> None:
        self._source = _tensor(iterated)
        self._start = start

    def tensors(self) -> list[Tensor]:
        """The numbers and the tensor whose slices are taken."""
        length = first_size(self._source)
        numbers = np.arange(self._start, self._start + length, dtype=np.int32)
        return [Tensor(numbers), self._source]

    @staticmethod
    def pack(parts: Any) -> Any:
        """The element of the loop."""
        return tuple(parts)

    def __iter__(self) -> Iterator[Any]:
        return enumerate(self._source, self._start)


class Zipped:
    """``zip(x, y, ...)`` over the slices of tensors."""

    def __init__(self, iterables: tuple[Any, ...]) -> None:
        self._sources = [_tensor(each) for each in iterables]

    def tensors(self) -> list[Tensor]:
        """The tensors whose slices are taken, cut to one length."""
        length = min(first_size(each) for each in self._sources)
        return [
            each
            if first_size(each) == length
            else run("tf.Tensor.__getitem__", lambda x: x[:length], each)
            for each in self._sources
        ]

    @staticmethod
    def pack(parts: Any) -> Any:
        """The element of the loop."""
        return tuple(parts)

    def __iter__(self) -> Iterator[Any]:
        return zip(*self._sources, strict=False)


def _tensor(value: Any) -> Tensor:
    return convert_to_tensor(value)


def dynamic(*bounds: Any) -> bool:
    """Whether a bound of a range is known at run time only."""
    return any(predicates.is_staged(each) for each in bounds)


def sliceable(value: Any) -> bool:
    """Whether a value is a traced tensor with a first axis to run over."""
    return predicates.is_staged(value) and bool(value.shape)
