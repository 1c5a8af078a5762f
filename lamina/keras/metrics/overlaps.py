"""Intersection over union, from a confusion matrix of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.config import epsilon
from lamina.keras.metrics.base import Metric


@op("keras.metrics.class_confusion", differentiable=False)
def class_confusion(
    y_true: TensorLike,
    y_pred: TensorLike,
    sample_weight: TensorLike | None,
    classes: int,
    ignore_class: int | None,
    sparse: tuple[bool, bool],
    axis: int,
    dtype: Any,
) -> Array:
    """Weights of all pairs (true class, predicted class), `(C, C)`."""
    y_true = y_true if sparse[0] else jnp.argmax(y_true, axis=axis)
    y_pred = y_pred if sparse[1] else jnp.argmax(y_pred, axis=axis)
    true, pred = (y.astype("int64").reshape(-1) for y in (y_true, y_pred))
    weight = jnp.ones((), dtype) if sample_weight is None else sample_weight
    weight = weight.astype(dtype)
    weight = weight.reshape(-1) if weight.ndim > 1 else weight
    weight = jnp.broadcast_to(weight, true.shape)
    valid = (true >= 0) & (true < classes) & (pred >= 0) & (pred < classes)
    if ignore_class is not None:
        valid = valid & (true != ignore_class)
    weight = jnp.where(valid, weight, 0)
    true, pred = jnp.where(valid, true, 0), jnp.where(valid, pred, 0)
    return jnp.zeros((classes, classes), dtype).at[true, pred].add(weight)


@op("keras.metrics.overlap", differentiable=False)
def overlap(matrix: TensorLike, targets: tuple[int, ...]) -> Array:
    """The mean of intersection over union, over the target classes that occur."""
    index = jnp.asarray(targets)
    hits = jnp.diagonal(matrix)[index].astype("float32")
    union = (matrix.sum(0) + matrix.sum(1)).astype("float32")[index] - hits
    valid = union > 1e-9
    shares = jnp.where(valid, hits / (union + epsilon()), 0.0)
    return shares.sum() / (valid.sum().astype("float32") + epsilon())


@op("keras.metrics.at_least", differentiable=False)
def at_least(x: TensorLike, threshold: float, dtype: Any) -> Array:
    """1 where `x` reaches the threshold, else 0."""
    return (x.astype("float32") >= threshold).astype(dtype)


class IoU(Metric):
    """Intersection over union of some classes, averaged.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes to average over.
        name: Name of the metric.
        dtype: See `Metric`; integers by default.
        ignore_class: A true class whose samples do not count.
        sparse_y_true: Whether targets are class indices.
        sparse_y_pred: Whether predictions are class indices.
        axis: The axis of the classes otherwise.

    Raises:
        InvalidArgumentError: A target class is no class.

    Reference: `keras.metrics.IoU`.
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int64")
        if max(target_class_ids) >= num_classes:
            raise InvalidArgumentError.of(
                f"keras.metrics.{type(self).__name__}",
                expected=f"class ids in [0, {num_classes})",
                received=f"Target class id {max(target_class_ids)} is out of range",
                hint="Check num_classes.",
            )
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable(
            (num_classes, num_classes),
            "zeros",
            self.dtype,
            name="total_confusion_matrix",
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: A weight for each sample, or for each element.
        """
        if "float" in str(getattr(sample_weight, "dtype", "")) and "int" in self.dtype:
            warnings.warn(
                "You are passing weight as `float`, but dtype is `int`. This may "
                "result in an incorrect weight due to type casting. Consider using "
                "integer weights, or dtype='float32'.",
                stacklevel=2,
            )
        matrix = class_confusion(
            y_true,
            y_pred,
            sample_weight,
            self.num_classes,
            self.ignore_class,
            (self.sparse_y_true, self.sparse_y_pred),
            self.axis,
            self.dtype,
        )
        return self.total_cm.assign_add(matrix)

    def result(self) -> Tensor:
        """The mean share so far, a float32 scalar."""
        return overlap(self.total_cm, tuple(self.target_class_ids))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {key: getattr(self, key) for key in self._keys}

    _keys: tuple[str, ...] = (
        "num_classes",
        "target_class_ids",
        "ignore_class",
        "sparse_y_true",
        "sparse_y_pred",
        "axis",
    )


class BinaryIoU(IoU):
    """Intersection over union of two classes, by a threshold.

    Args:
        target_class_ids: The classes to average over, of 0 and 1.
        threshold: Predictions that reach it count as class 1.
        name: Name of the metric.
        dtype: See `Metric`; integers by default.

    Reference: `keras.metrics.BinaryIoU`.
    """

    _keys = ("target_class_ids", "threshold")

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Adds a batch.

        Args:
            y_true: Targets of 0 and 1.
            y_pred: Probabilities.
            sample_weight: A weight for each sample, or for each element.
        """
        chosen = at_least(y_pred, self.threshold, self.dtype)
        return super().update_state(y_true, chosen, sample_weight)


class MeanIoU(IoU):
    """Intersection over union, averaged over all classes that occur.

    Args:
        num_classes: Number of classes.
        name: Name of the metric.
        dtype: See `Metric`; integers by default.
        ignore_class: A true class whose samples do not count.
        sparse_y_true: Whether targets are class indices.
        sparse_y_pred: Whether predictions are class indices.
        axis: The axis of the classes otherwise.

    Reference: `keras.metrics.MeanIoU`.
    """

    _keys: tuple[str, ...] = (
        "num_classes",
        "ignore_class",
        "sparse_y_true",
        "sparse_y_pred",
        "axis",
    )

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            list(range(num_classes)),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


class OneHotIoU(IoU):
    """Intersection over union of some classes, for one-hot targets.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes to average over.
        name: Name of the metric.
        dtype: See `Metric`; integers by default.
        ignore_class: A true class whose samples do not count.
        sparse_y_pred: Whether predictions are class indices.
        axis: The axis of the classes.

    Reference: `keras.metrics.OneHotIoU`.
    """

    _keys: tuple[str, ...] = (
        "num_classes",
        "target_class_ids",
        "ignore_class",
        "sparse_y_pred",
        "axis",
    )

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            target_class_ids,
            name,
            dtype,
            ignore_class,
            False,
            sparse_y_pred,
            axis,
        )


class OneHotMeanIoU(MeanIoU):
    """Intersection over union over all classes, for one-hot targets.

    Args:
        num_classes: Number of classes.
        name: Name of the metric.
        dtype: See `Metric`; integers by default.
        ignore_class: A true class whose samples do not count.
        sparse_y_pred: Whether predictions are class indices.
        axis: The axis of the classes.

    Reference: `keras.metrics.OneHotMeanIoU`.
    """

    _keys: tuple[str, ...] = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis
        )
