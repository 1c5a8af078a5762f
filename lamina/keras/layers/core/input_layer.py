"""`Input` and `InputLayer`: the symbolic tensors that models start from."""

from __future__ import annotations

import warnings
from typing import Any

from lamina.engine.graph import KerasTensor, Node
from lamina.keras.common.standardize import (
    shapes_match,
    standardize_dtype,
    standardize_shape,
)
from lamina.keras.config import floatx
from lamina.keras.layers.base import Layer


class InputLayer(Layer):
    """The layer of a symbolic input.

    Args:
        shape: the shape without the batch size; `None` is any size.
        batch_size: the batch size, if it is fixed.
        dtype: the dtype; float32 by default.
        sparse: whether the input is sparse.
        ragged: whether the input is ragged.
        batch_shape: the shape with the batch size, instead of `shape` and
            `batch_size`.
        input_tensor: an existing symbolic tensor to wrap.
        optional: whether `None` may be passed.
        name: the layer's name.
        input_shape, batch_input_shape: the names of Keras 2.

    Raises:
        ValueError: the shape is missing, or given twice.

    Reference: `keras.layers.InputLayer`.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name)
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        if "input_shape" in kwargs:
            warnings.warn(
                "Argument `input_shape` is deprecated. Use `shape` instead.",
                stacklevel=2,
            )
            shape = kwargs.pop("input_shape")
        if kwargs:
            raise ValueError(
                f"Unrecognized keyword arguments passed to InputLayer: {kwargs}. It "
                "takes shape, batch_size, dtype, sparse, ragged, batch_shape, "
                "input_tensor, optional and name."
            )
        if input_tensor is not None:
            self._check_input_tensor(
                input_tensor, shape, batch_size, dtype, sparse, batch_shape
            )
            batch_shape, batch_size = tuple(input_tensor.shape), None
            dtype, sparse = input_tensor.dtype, input_tensor.sparse
            shape = None
        self._batch_shape = _full_shape(shape, batch_size, batch_shape)
        self._dtype = str(standardize_dtype(floatx() if dtype is None else dtype))
        self.sparse = bool(sparse)
        self.ragged = bool(ragged)
        if self.sparse and self.ragged:
            raise ValueError("Cannot set both `sparse=True` and `ragged=True`.")
        self.optional = bool(optional)
        self.built = True
        self.supports_masking = True
        output = KerasTensor(
            self._batch_shape,
            dtype=self._dtype,
            sparse=self.sparse,
            ragged=self.ragged,
            name=name,
        )
        self._input_tensor = output if input_tensor is None else input_tensor
        Node(self, (), {}, self._input_tensor)

    def _check_input_tensor(
        self,
        tensor: Any,
        shape: Any,
        batch_size: int | None,
        dtype: Any,
        sparse: bool | None,
        batch_shape: Any,
    ) -> None:
        if not isinstance(tensor, KerasTensor):
            raise ValueError(
                "Argument `input_tensor` must be a KerasTensor. Received invalid type: "
                f"input_tensor={tensor} (of type {type(tensor)})"
            )
        own = tuple(tensor.shape)
        given = {
            "batch_size": batch_size is None or own[:1] == (batch_size,),
            "shape": shape is None or shapes_match(standardize_shape(shape), own[1:]),
            "batch_shape": batch_shape is None
            or shapes_match(standardize_shape(batch_shape), own),
            "dtype": dtype is None or standardize_dtype(dtype) == tensor.dtype,
            "sparse": sparse is None or sparse == tensor.sparse,
        }
        for name, fits in given.items():
            if not fits:
                raise ValueError(
                    "When providing the `input_tensor` argument, you cannot provide an "
                    f"incompatible `{name}` argument."
                )

    def call(self) -> None:
        """Nothing to compute: values are put in the place of the symbolic tensor."""

    @property
    def dtype(self) -> str:
        """The dtype of the input."""
        return self._dtype

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The shape with the batch size."""
        return self._batch_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
            "optional": self.optional,
        }


def _full_shape(shape: Any, batch_size: Any, batch_shape: Any) -> tuple[Any, ...]:
    if batch_shape is not None:
        if shape is not None:
            raise ValueError(
                "You cannot pass both `shape` and `batch_shape` at the same time."
            )
        if batch_size is not None:
            raise ValueError(
                "You cannot pass both `batch_size` and `batch_shape` at the same time."
            )
        return standardize_shape(batch_shape)
    if shape is None:
        raise ValueError("You must pass a `shape` argument.")
    if isinstance(shape, int):
        shape = (shape,)
    return (batch_size, *standardize_shape(shape))


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Make a symbolic tensor that a Functional model starts from.

    Args:
        shape: the shape without the batch size; `None` is any size.
        batch_size: the batch size, if it is fixed.
        dtype: the dtype; float32 by default.
        sparse: whether the input is sparse.
        ragged: whether the input is ragged.
        batch_shape: the shape with the batch size, instead of `shape` and
            `batch_size`.
        name: the name of the input.
        tensor: an existing symbolic tensor to wrap.
        optional: whether `None` may be passed.

    Returns:
        A `KerasTensor`.

    Example:

        >>> x = keras.Input(shape=(32,))
        >>> model = keras.Model(x, keras.layers.Dense(16)(x))

    Reference: `keras.Input`.
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    return layer.output
