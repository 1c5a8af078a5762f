"""Focal cross-entropies (Lin et al., 2018) and the generalized cross-entropy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import convert_to_tensor
from lamina.keras.losses.base import BuiltinLoss
from lamina.keras.losses.crossentropy import (
    check_axis,
    check_shapes,
    clip_probability,
    elementwise_entropy,
    smooth_labels,
    warn_one_class,
)


@op("keras.losses.binary_focal_crossentropy")
def binary_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """Binary cross-entropy times `(1 - p_t) ** gamma`, averaged over `axis`.

    `p_t` is the probability given to the true answer.

    Args:
        y_true: Targets, `(..., D)`.
        y_pred: Probabilities, or logits, `(..., D)`.
        apply_class_balancing: Whether class 1 weighs `alpha`, class 0 `1 - alpha`.
        alpha: Weight of class 1.
        gamma: How strongly easy examples are discounted.
        from_logits: Whether `y_pred` is logits.
        label_smoothing: How far targets are moved towards 0.5.
        axis: The axis of the mean.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.binary_focal_crossentropy`.
    """
    y_true = y_true.astype(y_pred.dtype)
    check_shapes("binary_focal_crossentropy", y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = jax.nn.sigmoid(y_pred) if from_logits else y_pred
    right = y_true * p + (1 - y_true) * (1 - p)
    focal = jnp.power(1.0 - right, gamma) * elementwise_entropy(y_true, p, False)
    if apply_class_balancing:
        focal = focal * (y_true * alpha + (1 - y_true) * (1 - alpha))
    return jnp.mean(focal, axis=axis)


@op("keras.losses.categorical_focal_crossentropy")
def categorical_focal(
    y_true: TensorLike,
    y_pred: TensorLike,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """The loss of each sample."""
    y_true = smooth_labels(y_true.astype(y_pred.dtype), label_smoothing)
    check_shapes("categorical_focal_crossentropy", y_true, y_pred)
    p = jax.nn.softmax(y_pred, axis=axis) if from_logits else y_pred
    p = clip_probability(p / jnp.sum(p, axis=axis, keepdims=True))
    weight = jnp.power(1.0 - p, gamma) * jnp.asarray(alpha, p.dtype)
    return jnp.sum(weight * -y_true * jnp.log(p), axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """`-sum(alpha (1 - p)^gamma t log(p))` over the classes.

    Args:
        y_true: One-hot targets, `(..., C)`.
        y_pred: Probabilities, or logits, `(..., C)`.
        alpha: Weight, one number or one per class.
        gamma: How strongly easy examples are discounted.
        from_logits: Whether `y_pred` is logits.
        label_smoothing: Share of the uniform distribution in the targets.
        axis: The axis of the classes.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.categorical_focal_crossentropy`.
    """
    check_axis("categorical_focal_crossentropy", axis)
    y_pred = convert_to_tensor(y_pred)
    warn_one_class("categorical_focal_crossentropy", y_pred)
    return categorical_focal(
        y_true, y_pred, alpha, gamma, from_logits, label_smoothing, axis
    )


@op("keras.losses.categorical_generalized_cross_entropy")
def categorical_generalized_cross_entropy(
    y_true: TensorLike, y_pred: TensorLike, q: float
) -> Array:
    """`(1 - p ** q) / q`, where `p` is the true class's probability.

    Args:
        y_true: Class indices, `(...)`.
        y_pred: Probabilities, `(..., C)`.
        q: Between 0 (cross-entropy) and 1 (mean absolute error).

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.categorical_generalized_cross_entropy`; Zhang and
    Sabuncu, 2018.
    """
    classes = jax.nn.one_hot(
        y_true.astype("int32"), y_pred.shape[-1], dtype=y_pred.dtype
    )
    p = jnp.sum(y_pred * classes, axis=-1)
    return (1 - jnp.power(p, q)) / q


class BinaryFocalCrossentropy(BuiltinLoss):
    """Binary cross-entropy that discounts easy examples.

    Args:
        apply_class_balancing: Whether class 1 weighs `alpha`, class 0 `1 - alpha`.
        alpha: Weight of class 1.
        gamma: How strongly easy examples are discounted.
        from_logits: Whether predictions are logits.
        label_smoothing: How far targets are moved towards 0.5.
        axis: The axis of the mean.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.BinaryFocalCrossentropy`.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(BuiltinLoss):
    """Categorical cross-entropy that discounts easy examples.

    Args:
        alpha: Weight, one number or one per class.
        gamma: How strongly easy examples are discounted.
        from_logits: Whether predictions are logits.
        label_smoothing: Share of the uniform distribution in the targets.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.CategoricalFocalCrossentropy`.
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(BuiltinLoss):
    """Between cross-entropy and mean absolute error, for noisy labels.

    Args:
        q: Between 0 (cross-entropy) and 1 (mean absolute error), exclusive.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Raises:
        InvalidArgumentError: `q` is outside its range.

    Reference: `keras.losses.CategoricalGeneralizedCrossEntropy`.
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise InvalidArgumentError.of(
                "keras.losses.CategoricalGeneralizedCrossEntropy",
                expected="q must be in the interval (0, 1)",
                received=f"q={q}",
                hint="0.5 is the default.",
            )
        super().__init__(
            categorical_generalized_cross_entropy, reduction, name, dtype, q=q
        )
