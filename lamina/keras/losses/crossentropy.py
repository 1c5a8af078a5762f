"""Cross-entropies of probabilities or logits with targets.

A prediction that comes out of `softmax` or `sigmoid` carries its logits along; the
cross-entropy is then computed from these, which keeps saturated outputs trainable.
"""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.common.tensors import set_keras_mask
from lamina.keras.config import epsilon
from lamina.keras.losses.base import BuiltinLoss
from lamina.ops.nn.losses import of_class


def with_logits(name: str, y_pred: Any, from_logits: bool) -> tuple[Any, bool]:
    """The prediction to use, and whether it is logits."""
    logits = getattr(y_pred, "_keras_logits", None)
    if logits is None:
        return convert_to_tensor(y_pred), from_logits
    if from_logits:
        warnings.warn(
            f"`{name}` received `from_logits=True`, but the `output` argument was "
            "produced by a softmax or sigmoid activation and thus does not represent "
            "logits. Was this intended?",
            stacklevel=4,
        )
    return logits, True


def check_axis(name: str, axis: Any) -> None:
    """Raises unless `axis` is an integer."""
    if isinstance(axis, bool):
        raise InvalidArgumentError.of(
            f"keras.losses.{name}",
            expected="`axis` must be of type `int`",
            received=f"axis={axis} of type {type(axis)}",
            hint="The default is -1.",
        )


def check_shapes(name: str, y_true: Array, y_pred: Array) -> None:
    """Raises unless targets and predictions have the same shape."""
    if y_true.shape != y_pred.shape or not y_pred.ndim:
        what = "rank (ndim)" if y_true.ndim != y_pred.ndim else "shape"
        raise ShapeError.of(
            f"keras.losses.{name}",
            expected=f"Arguments `target` and `output` must have the same {what}",
            received=f"target.shape={tuple(y_true.shape)}, "
            f"output.shape={tuple(y_pred.shape)}",
            hint="For integer targets use the sparse loss; otherwise make the last "
            "layer as wide as the targets.",
        )


def clip_probability(p: Array) -> Array:
    """`p` kept away from 0 and 1 by Keras's `epsilon()`."""
    return jnp.clip(p, epsilon(), 1.0 - epsilon())


@op("keras.losses.binary_crossentropy")
def binary_entropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Array:
    """Mean over `axis` of the entropy of each element."""
    y_true = y_true.astype(y_pred.dtype)
    check_shapes("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return jnp.mean(elementwise_entropy(y_true, y_pred, from_logits), axis=axis)


def elementwise_entropy(y_true: Array, y_pred: Array, from_logits: bool) -> Array:
    """The binary cross-entropy of each element."""
    if from_logits:
        soft = jnp.log1p(jnp.exp(-jnp.abs(y_pred)))
        return jax.nn.relu(y_pred) - y_pred * y_true + soft
    p = clip_probability(y_pred)
    return -(y_true * jnp.log(p) + (1 - y_true) * jnp.log(1 - p))


@op("keras.losses.categorical_crossentropy")
def categorical_entropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Entropy of distributions along `axis`."""
    y_true = smooth_labels(y_true.astype(y_pred.dtype), label_smoothing)
    check_shapes("categorical_crossentropy", y_true, y_pred)
    if from_logits:
        return -jnp.sum(y_true * jax.nn.log_softmax(y_pred, axis=axis), axis=axis)
    p = clip_probability(y_pred / jnp.sum(y_pred, axis=axis, keepdims=True))
    return -jnp.sum(y_true * jnp.log(p), axis=axis)


def smooth_labels(y_true: Array, smoothing: float) -> Array:
    """One-hot targets mixed with the uniform distribution."""
    if not smoothing:
        return y_true
    return y_true * (1.0 - smoothing) + smoothing / y_true.shape[-1]


@op("keras.losses.sparse_categorical_crossentropy")
def sparse_entropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Array:
    """Entropy of the class with the given index."""
    if y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1:
        y_true = jnp.squeeze(y_true, axis)
    if axis not in (-1, y_pred.ndim - 1):
        y_pred = jnp.moveaxis(y_pred, axis, -1)
    if not y_pred.ndim or y_true.shape != y_pred.shape[:-1]:
        raise ShapeError.of(
            "keras.losses.sparse_categorical_crossentropy",
            expected="integer targets of the shape of the predictions without their "
            "last dimension (`target` and `output` must have the same shape up until "
            "the last dimension; rank (ndim) `target.ndim - 1`)",
            received=f"target.shape={tuple(y_true.shape)}, "
            f"output.shape={tuple(y_pred.shape)}",
            hint="Use categorical_crossentropy for one-hot targets; check that the "
            "last layer gives one vector per sample.",
        )
    labels = y_true.astype("int64")
    valid = None
    if ignore_class is not None:
        valid = labels != ignore_class
        labels = jnp.where(valid, labels, 0)
        y_pred = jnp.where(valid[..., None], y_pred, 0)
    logits = y_pred if from_logits else jnp.log(clip_probability(y_pred))
    logs = jax.nn.log_softmax(logits, axis=-1)
    inside = (labels >= 0) & (labels < y_pred.shape[-1])
    loss = jnp.where(inside, -of_class(logs, labels), jnp.nan)
    return loss if valid is None else jnp.where(valid, loss, 0)


@op("keras.losses.valid_labels", differentiable=False)
def valid_labels(y_true: TensorLike, ignore_class: int, rank: int, axis: int) -> Array:
    """Which targets are not the ignored class."""
    if y_true.ndim == rank and y_true.shape[axis] == 1:
        y_true = jnp.squeeze(y_true, axis)
    return y_true.astype("int64") != ignore_class


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`-(t log(p) + (1 - t) log(1 - p))`, averaged over `axis`.

    Args:
        y_true: Targets between 0 and 1, `(..., D)`.
        y_pred: Probabilities, or logits, `(..., D)`.
        from_logits: Whether `y_pred` is logits.
        label_smoothing: How far targets are moved towards 0.5, in [0, 1].
        axis: The axis of the mean.

    Returns:
        The loss of each sample, `(...)`.

    Raises:
        ShapeError: The shapes differ.

    Example:
        >>> round(float(tf.keras.losses.binary_crossentropy([1.0], [0.5])), 4)
        0.6931

    Reference: `keras.losses.binary_crossentropy`.
    """
    pred, logits = with_logits("binary_crossentropy", y_pred, from_logits)
    return binary_entropy(y_true, pred, bool(logits), label_smoothing, axis)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`-sum(t log(p))` over the classes.

    Args:
        y_true: One-hot targets or probabilities, `(..., C)`.
        y_pred: Probabilities, or logits, `(..., C)`.
        from_logits: Whether `y_pred` is logits.
        label_smoothing: Share of the uniform distribution in the targets.
        axis: The axis of the classes.

    Returns:
        The loss of each sample, `(...)`.

    Raises:
        ShapeError: The shapes differ.

    Reference: `keras.losses.categorical_crossentropy`.
    """
    check_axis("categorical_crossentropy", axis)
    pred, logits = with_logits("categorical_crossentropy", y_pred, from_logits)
    warn_one_class("categorical_crossentropy", pred)
    return categorical_entropy(y_true, pred, bool(logits), label_smoothing, axis)


def warn_one_class(name: str, y_pred: Any) -> None:
    """Warns about a distribution over a single class."""
    if len(y_pred.shape) and y_pred.shape[-1] == 1:
        warnings.warn(
            f"In loss {name}, expected y_pred.shape to be (batch_size, num_classes) "
            f"with num_classes > 1. Received: y_pred.shape={y_pred.shape}. Consider "
            "using 'binary_crossentropy' if you only have 2 classes.",
            SyntaxWarning,
            stacklevel=3,
        )


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """`-log(p[y_true])`, for integer targets.

    Args:
        y_true: Class indices, `(...)` or `(..., 1)`. An index that is no class
            gives NaN.
        y_pred: Probabilities, or logits, `(..., C)`.
        from_logits: Whether `y_pred` is logits.
        ignore_class: An index whose samples do not count.
        axis: The axis of the classes.

    Returns:
        The loss of each sample, `(...)`.

    Raises:
        ShapeError: The shapes do not fit.

    Example:
        >>> loss = tf.keras.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        >>> round(float(loss[0]), 4)
        0.6931

    Reference: `keras.losses.sparse_categorical_crossentropy`. TensorFlow raises on
    an index out of range on CPUs, and gives NaN on GPUs as here.
    """
    name = "sparse_categorical_crossentropy"
    pred, logits = with_logits(name, y_pred, from_logits)
    loss = sparse_entropy(y_true, pred, bool(logits), ignore_class, axis)
    if ignore_class is not None:
        rank = len(pred.shape)
        set_keras_mask(loss, valid_labels(y_true, ignore_class, rank, axis))
    return loss


class BinaryCrossentropy(BuiltinLoss):
    """Cross-entropy of independent yes-or-no targets.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: How far targets are moved towards 0.5.
        axis: The axis of the mean.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.BinaryCrossentropy`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(BuiltinLoss):
    """Cross-entropy of one-hot targets.

    Args:
        from_logits: Whether predictions are logits.
        label_smoothing: Share of the uniform distribution in the targets.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.CategoricalCrossentropy`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(BuiltinLoss):
    """Cross-entropy of integer targets.

    Args:
        from_logits: Whether predictions are logits.
        ignore_class: An index whose samples do not count.
        reduction: See `Loss`.
        axis: The axis of the classes.
        name: Name of the loss.
        dtype: See `Loss`.

    Example:
        >>> loss = tf.keras.losses.SparseCategoricalCrossentropy()
        >>> round(float(loss([0, 1], [[0.5, 0.5], [0.5, 0.5]])), 4)
        0.6931

    Reference: `keras.losses.SparseCategoricalCrossentropy`.
    """

    _unsaved = {"axis": -1}

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
