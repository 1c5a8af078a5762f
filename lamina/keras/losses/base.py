"""The base class of losses, and the class that makes a loss of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from lamina.autograph.conversion import tf_convert
from lamina.engine import nest
from lamina.engine.errors import UnimplementedError
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras import dtype_policies
from lamina.keras.common.naming import auto_name
from lamina.keras.common.tensors import get_keras_mask
from lamina.keras.config import floatx
from lamina.keras.losses.reduction import (
    reduce_weighted_values,
    standardize_reduction,
)
from lamina.keras.losses.squeezing import squeeze_or_expand_to_same_rank, to_dtype
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Loss:
    """Base class of the losses; a subclass defines `call(y_true, y_pred)`.

    Args:
        name: Name of the loss.
        reduction: "sum_over_batch_size" or "mean" (the mean over all entries),
            "sum", "mean_with_sample_weight" (divides by the sum of the weights),
            "none" or None (no reduction).
        dtype: Dtype of the computation, or a dtype policy; Keras's `floatx` by
            default.

    Raises:
        InvalidArgumentError: Unknown reduction.

    Example:
        >>> class SquaredError(tf.keras.losses.Loss):
        ...     def call(self, y_true, y_pred):
        ...         return tf.reduce_mean(tf.square(y_pred - y_true), axis=-1)
        >>> float(SquaredError()([[1.0, 2.0]], [[1.0, 4.0]]))
        2.0

    Reference: `keras.losses.Loss`.
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype_policy = dtype_policies.get(dtype or floatx())
        self._dtype = self._dtype_policy.compute_dtype

    @property
    def dtype(self) -> str:
        """The dtype in which the loss is computed."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss.

        Args:
            y_true: Targets, a tensor or a structure of them.
            y_pred: Predictions, likewise.
            sample_weight: Weight of each sample, or of each entry of the loss.

        Returns:
            A scalar, or the loss per sample without reduction.
        """
        in_mask = get_keras_mask(y_pred)
        y_pred = self._standardized(y_pred)
        y_true = self._standardized(y_true)
        losses = tf_convert(self.call)(y_true, y_pred)
        mask = get_keras_mask(losses)
        if in_mask is not None:
            mask = in_mask if mask is None else in_mask & mask
        return reduce_weighted_values(
            losses,
            sample_weight=sample_weight,
            mask=mask,
            reduction=self.reduction,
            dtype=self.dtype,
        )

    def _standardized(self, value: Any) -> Any:
        """Tensors in this loss's dtype; nested lists of numbers are one tensor."""
        if isinstance(value, list) and not any(
            hasattr(leaf, "shape") and len(leaf.shape) for leaf in nest.flatten(value)
        ):
            return self._converted(value)
        return nest.map_structure(self._converted, value)

    def _converted(self, value: Any) -> Tensor:
        tensor = convert_to_tensor(value)
        return tensor if tensor.dtype == self.dtype else to_dtype(tensor, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample, before weights and reduction."""
        raise UnimplementedError.of(
            f"keras.losses.{type(self).__name__}",
            expected="a method `call(self, y_true, y_pred)`",
            received="a loss without it",
            hint="Override `call` in your loss.",
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as values that JSON can hold."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A loss from what `get_config` gave."""
        return cls(**config)


class LossFunctionWrapper(Loss):
    """A loss made of a function `fn(y_true, y_pred, **kwargs)`.

    Args:
        fn: Gives the loss of each sample.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.
        **kwargs: Passed on to `fn`.

    Reference: `keras.losses.LossFunctionWrapper`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The function's value, with a last dimension of 1 squeezed if need be."""
        if isinstance(y_true, Tensor) and isinstance(y_pred, Tensor):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        else:
            pairs = [
                squeeze_or_expand_to_same_rank(t, p)
                for t, p in zip(nest.flatten(y_true), nest.flatten(y_pred), strict=True)
            ]
            y_true = nest.pack_sequence_as(y_true, [t for t, _ in pairs])
            y_pred = nest.pack_sequence_as(y_pred, [p for _, p in pairs])
        return tf_convert(self.fn)(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the function among them."""
        own = {"fn": serialize_keras_object(self.fn)}
        return super().get_config() | own | serialize_keras_object(self._fn_kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A loss from what `get_config` gave."""
        if "fn" in config:
            config = deserialize_keras_object(config)
        return cls(**config)

    def __repr__(self) -> str:
        return f"<LossFunctionWrapper({self.fn}, kwargs={self._fn_kwargs})>"


class BuiltinLoss(LossFunctionWrapper):
    """A built-in loss: its config holds its parameters instead of the function."""

    _unsaved: ClassVar[dict[str, Any]] = {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {
            key: value
            for key, value in self._fn_kwargs.items()
            if key not in self._unsaved or self._unsaved[key] != value
        }
        return Loss.get_config(self) | own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A loss from what `get_config` gave."""
        return cls(**config)

    def __getattr__(self, name: str) -> Any:
        parameters = self.__dict__.get("_fn_kwargs", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(
            f"'{type(self).__name__}' object has no attribute '{name}'"
        )
