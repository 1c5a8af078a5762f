"""The base class of weight initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.config import floatx


class Initializer:
    """A rule that makes the first value of a weight from its shape and dtype.

    Subclass it, write `__call__(self, shape, dtype=None)`, and return the
    constructor's arguments from `get_config` so that models using the rule can be
    saved.

    Reference: `keras.initializers.Initializer`.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns a Tensor of `shape` and `dtype`.

        Args:
            shape: The wanted shape, a sequence of non-negative integers.
            dtype: The wanted dtype; `keras.config.floatx()` when None.

        Raises:
            NotImplementedError: In this base class; a subclass must define it.
        """
        raise NotImplementedError(
            message(
                type(self).__name__,
                expected="a `__call__(self, shape, dtype=None)` method",
                received="an Initializer subclass without one",
                hint="define `__call__` and return the initial value",
            )
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes an initializer from the dict that `get_config` returned."""
        return cls(**config)

    def clone(self) -> Self:
        """Returns a fresh initializer with the same configuration."""
        return type(self).from_config(self.get_config())


def resolve_dtype(dtype: Any) -> DType:
    """The dtype an initializer makes: `dtype`, or floatx when None."""
    return as_dtype(floatx() if dtype is None else dtype)
