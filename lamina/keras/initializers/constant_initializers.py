"""Initializers without randomness: constants and the identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.initializers.initializer import Initializer, resolve_dtype
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Constant(Initializer):
    """Fills the weight with one value.

    Args:
        value: A number, or an array that broadcasts to the weight's shape.

    Example:
        >>> Constant(3.0)((2,)).numpy().tolist()
        [3.0, 3.0]

    Reference: `keras.initializers.Constant`.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns `value` broadcast to `shape`, in `dtype`."""
        value: Any = np.asarray(self.value).astype(resolve_dtype(dtype).as_numpy_dtype)
        return convert_to_tensor(np.broadcast_to(value, tuple(shape)))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Makes a Constant from the dict that `get_config` returned."""
        return cls(deserialize_keras_object(config["value"]))


class Zeros(Initializer):
    """Fills the weight with zeros.

    Reference: `keras.initializers.Zeros`.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns zeros of `shape` and `dtype`."""
        return convert_to_tensor(
            np.zeros(tuple(shape), resolve_dtype(dtype).as_numpy_dtype)
        )


class Ones(Initializer):
    """Fills the weight with ones.

    Reference: `keras.initializers.Ones`.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns ones of `shape` and `dtype`."""
        return convert_to_tensor(
            np.ones(tuple(shape), resolve_dtype(dtype).as_numpy_dtype)
        )


class Identity(Initializer):
    """Fills a matrix with `gain` on the diagonal and zeros elsewhere.

    Args:
        gain: The value on the diagonal.

    Raises:
        ValueError: The weight is not of rank 2.

    Reference: `keras.initializers.Identity`.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns `gain * eye(*shape)`, shape `(rows, columns)`."""
        if len(shape) != 2:
            raise ValueError(
                message(
                    "keras.initializers.Identity",
                    expected="a shape of rank 2",
                    received=f"shape={tuple(shape)} of rank {len(shape)}",
                    hint="use Identity only for matrices",
                )
            )
        dtype = resolve_dtype(dtype).as_numpy_dtype
        return convert_to_tensor(
            np.eye(*shape, dtype=dtype) * np.asarray(self.gain, dtype)
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"gain": self.gain}
