"""`tf.IndexedSlices`: some rows of a tensor whose other rows are zero."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import DType
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor


@op("IndexedSlices.to_dense")
def to_dense(values: TensorLike, indices: TensorLike, shape: tuple[int, ...]) -> Array:
    """The whole tensor; rows that occur more than once are added up."""
    return jnp.zeros(shape, values.dtype).at[indices].add(values)


class IndexedSlices:
    """Rows `values[i]` of a tensor, at `indices[i]`; the other rows are zero.

    Operations and optimizers take it as the whole tensor.

    Args:
        values: The rows, `(N, ...)`.
        indices: Their places, `(N,)` integers.
        dense_shape: Shape of the whole tensor.

    Raises:
        InvalidArgumentError: The whole tensor is asked for without `dense_shape`.

    Example:
        >>> slices = tf.IndexedSlices(tf.constant([1.0, 2.0]), [2, 0], [3])
        >>> tf.convert_to_tensor(slices).numpy().tolist()
        [2.0, 0.0, 1.0]

    Reference: `tf.IndexedSlices`. Gradients of Lamina are whole tensors; this class
    is for programs that make slices themselves.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self._values = convert_to_tensor(values)
        self._indices = convert_to_tensor(indices)
        self._dense_shape = None if dense_shape is None else _sizes(dense_shape)

    @property
    def values(self) -> Tensor:
        """The rows."""
        return self._values

    @property
    def indices(self) -> Tensor:
        """The places of the rows."""
        return self._indices

    @property
    def dense_shape(self) -> Tensor | None:
        """The shape of the whole tensor, if it is known."""
        if self._dense_shape is None:
            return None
        return convert_to_tensor(list(self._dense_shape))

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole tensor."""
        return TensorShape(self._dense_shape)

    @property
    def dtype(self) -> DType:
        """The dtype of the rows."""
        return self._values.dtype

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self._indices!r}, values={self._values!r}, "
            f"dense_shape={self._dense_shape})"
        )

    def __lamina_tensor__(self) -> Tensor:
        if self._dense_shape is None:
            raise InvalidArgumentError.of(
                "tf.IndexedSlices",
                expected="a known dense_shape",
                received="slices without it",
                hint="Give dense_shape to make the whole tensor of them.",
            )
        return to_dense(self._values, self._indices, self._dense_shape)


def _sizes(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, Tensor):
        shape = np.asarray(shape._value)
    return tuple(int(size) for size in shape)
