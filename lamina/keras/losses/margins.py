"""Losses with a margin: the hinge family and the circle loss."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.keras.common.tensors import set_keras_mask
from lamina.keras.losses.base import BuiltinLoss
from lamina.keras.losses.reduction import check_broadcast


def _signed(name: str, y_true: Array, y_pred: Array) -> Array:
    """Targets of -1 and 1; zeros and ones are converted."""
    y_true = y_true.astype(y_pred.dtype)
    check_broadcast(name, y_true, y_pred)
    binary = jnp.all((y_true == 0) | (y_true == 1))
    return jnp.where(binary, 2.0 * y_true - 1.0, y_true)


@op("keras.losses.hinge")
def hinge(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean(max(1 - y_true * y_pred, 0), axis=-1)`.

    Args:
        y_true: Targets of -1 and 1, or of 0 and 1, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.hinge`.
    """
    y_true = _signed("hinge", y_true, y_pred)
    return jnp.mean(jnp.maximum(1.0 - y_true * y_pred, 0.0), axis=-1)


@op("keras.losses.squared_hinge")
def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`mean(max(1 - y_true * y_pred, 0)², axis=-1)`.

    Args:
        y_true: Targets of -1 and 1, or of 0 and 1, `(..., D)`.
        y_pred: Predictions, `(..., D)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.squared_hinge`.
    """
    y_true = _signed("squared_hinge", y_true, y_pred)
    return jnp.mean(jnp.square(jnp.maximum(1.0 - y_true * y_pred, 0.0)), axis=-1)


@op("keras.losses.categorical_hinge")
def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Array:
    """`max(1 + largest wrong score - score of the true class, 0)`.

    Args:
        y_true: One-hot targets, `(..., C)`.
        y_pred: Scores, `(..., C)`.

    Returns:
        The loss of each sample, `(...)`.

    Reference: `keras.losses.categorical_hinge`.
    """
    y_true = y_true.astype(y_pred.dtype)
    check_broadcast("categorical_hinge", y_true, y_pred)
    right = jnp.sum(y_true * y_pred, axis=-1)
    wrong = jnp.max((1.0 - y_true) * y_pred, axis=-1)
    return jnp.maximum(wrong - right + 1.0, 0.0)


@op("keras.losses.circle")
def circle_values(
    y_true: TensorLike,
    y_pred: TensorLike,
    ref_labels: TensorLike | None = None,
    ref_embeddings: TensorLike | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Array:
    """The loss of each anchor."""
    labels = y_true.astype("int32").reshape(-1)
    others = labels if ref_labels is None else ref_labels.astype("int32").reshape(-1)
    vectors = y_pred if ref_embeddings is None else ref_embeddings
    distances = jnp.maximum(1 - y_pred @ vectors.T, 0.0)
    same = labels[:, None] == others[None, :]
    positive, negative = same, ~same
    if remove_diagonal:
        positive = positive & ~jnp.eye(same.shape[0], same.shape[1], dtype=bool)
    near = jnp.maximum((margin + distances) * positive, 0.0)
    far = jnp.maximum((1 + margin - distances) * negative, 0.0)
    pull = -gamma * near * (margin - distances)
    push = gamma * far * (1 - margin - distances)
    p_loss = jax.nn.logsumexp(jnp.where(positive, pull, -jnp.inf), axis=1)
    n_loss = jax.nn.logsumexp(jnp.where(negative, push, -jnp.inf), axis=1)
    return jax.nn.softplus(p_loss + n_loss)


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Pulls embeddings of one class together and pushes others apart.

    Args:
        y_true: Class indices, `(B,)`.
        y_pred: Embeddings of length one, `(B, D)`.
        ref_labels: Labels to compare with, `y_true` by default.
        ref_embeddings: Embeddings to compare with, `y_pred` by default.
        remove_diagonal: Whether a sample is not compared with itself.
        gamma: Scale.
        margin: Distance between the classes.

    Returns:
        The loss of each sample, `(B,)`.

    Reference: `keras.losses.circle`; Sun et al., 2020.
    """
    loss = circle_values(
        y_true, y_pred, ref_labels, ref_embeddings, remove_diagonal, gamma, margin
    )
    set_keras_mask(loss, loss > 0)
    return loss


class Hinge(BuiltinLoss):
    """`max(1 - y_true * y_pred, 0)`.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.Hinge`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(BuiltinLoss):
    """`max(1 - y_true * y_pred, 0)²`.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.SquaredHinge`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(BuiltinLoss):
    """The margin between the true class's score and the largest other one.

    Args:
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.CategoricalHinge`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)


class Circle(BuiltinLoss):
    """Pulls embeddings of one class together and pushes others apart.

    Args:
        gamma: Scale.
        margin: Distance between the classes.
        remove_diagonal: Whether a sample is not compared with itself.
        reduction: See `Loss`.
        name: Name of the loss.
        dtype: See `Loss`.

    Reference: `keras.losses.Circle`.
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle,
            reduction,
            name,
            dtype,
            gamma=gamma,
            margin=margin,
            remove_diagonal=remove_diagonal,
        )
