"""Cross-entropies and other losses of ``tf.nn``."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import DTypeError, InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.ops.checks import FLOAT


@op("nn.softmax_cross_entropy_with_logits", dtypes=FLOAT)
def _softmax_cross_entropy(
    labels: Same, logits: Same, axis: int = -1, name: str | None = None
) -> Array:
    """The lowering of ``softmax_cross_entropy_with_logits``."""
    title = "tf.nn.softmax_cross_entropy_with_logits"
    try:
        shape = np.broadcast_shapes(labels.shape, logits.shape)
    except ValueError:
        shape = ()
    if logits.ndim < 1 or not shape:
        raise ShapeError.of(
            title,
            expected="labels and logits of the same shape",
            received=f"labels of shape {tuple(labels.shape)}, logits of shape "
            f"{tuple(logits.shape)}",
            hint="logits and labels must be broadcastable: for integer labels use "
            "tf.nn.sparse_softmax_cross_entropy_with_logits.",
        )
    wide = logits.astype(jnp.float32) if logits.dtype.itemsize < 4 else logits
    targets = jnp.broadcast_to(labels.astype(wide.dtype), shape)
    return cross_entropy(targets, jnp.broadcast_to(wide, shape), axis).astype(
        logits.dtype
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def cross_entropy(labels: Array, logits: Array, axis: int) -> Array:
    """The cross-entropy of arrays of equal shape.

    The derivative for the logits is ``softmax - labels``, which is TensorFlow's also
    for labels that do not sum to 1.
    """
    return -jnp.sum(labels * jax.nn.log_softmax(logits, axis), axis)


@cross_entropy.defjvp
def _cross_entropy_jvp(
    axis: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    (labels, logits), (labels_dot, logits_dot) = primals, tangents
    log_p = jax.nn.log_softmax(logits, axis)
    slope = (jnp.exp(log_p) - labels) * logits_dot - log_p * labels_dot
    return cross_entropy(labels, logits, axis), jnp.sum(slope, axis)


def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Tensor:
    """The cross-entropy between distributions and the softmax of logits.

    Args:
        labels: probabilities that sum to 1 along ``axis``.
        logits: unnormalised log probabilities of the same shape.
        axis: the axis of the classes.
        name: a name scope.

    Returns:
        The losses, of the shape of ``logits`` without ``axis``.

    Raises:
        ValueError: if one argument is missing.
        InvalidArgumentError: if the shapes do not fit.

    Reference: ``tf.nn.softmax_cross_entropy_with_logits``.
    """
    _require("tf.nn.softmax_cross_entropy_with_logits", labels=labels, logits=logits)
    logits = convert_to_tensor(logits)
    labels = (
        convert_to_tensor(labels)
        if is_tensor(labels)
        else convert_to_tensor(labels, dtype_hint=logits.dtype)
    )
    return _softmax_cross_entropy(labels, logits, axis, name=name)


def _require(name: str, **arguments: Any) -> None:
    for argument, value in arguments.items():
        if value is None:
            raise ValueError(
                f"{name}: expected `{argument}`. Received: None. Both `labels` and "
                "`logits` must be provided."
            )


@op("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, name: str | None = None
) -> Array:
    """The cross-entropy between class indices and the softmax of logits.

    Args:
        labels: indices in ``[0, K)`` of shape ``S``.
        logits: unnormalised log probabilities of shape ``S + (K,)``.
        name: a name scope.

    Returns:
        The losses, of shape ``S`` and the dtype of ``logits``. An index outside gives
        NaN.

    Raises:
        ValueError: if the shapes do not fit.
        InvalidArgumentError: if ``labels`` is not of an integer dtype.

    Reference: ``tf.nn.sparse_softmax_cross_entropy_with_logits``. Known difference:
    on CPUs TensorFlow raises for an index outside; here the loss is NaN, as on GPUs.
    """
    title = "tf.nn.sparse_softmax_cross_entropy_with_logits"
    if labels.dtype.kind not in "iu" or logits.dtype.kind not in "fV":
        raise DTypeError.of(
            title,
            expected="integer labels and floating logits",
            received=f"labels {labels.dtype}, logits {logits.dtype}",
            hint="For probabilities use tf.nn.softmax_cross_entropy_with_logits.",
        )
    if logits.ndim < 1 or labels.shape != logits.shape[:-1]:
        raise ShapeError.of(
            title,
            expected="`labels.shape` to equal `logits.shape` except for the last "
            "dimension",
            received=f"labels.shape={tuple(labels.shape)} and "
            f"logits.shape={tuple(logits.shape)}",
            hint="Remove a last dimension of 1 with tf.squeeze(labels, -1).",
        )
    wide = logits.astype(jnp.float32) if logits.dtype.itemsize < 4 else logits
    log_p = jax.nn.log_softmax(wide)
    picked = of_class(log_p, labels)
    classes = logits.shape[-1]
    inside = (labels >= 0) & (labels < classes)
    return jnp.where(inside, -picked, jnp.nan).astype(logits.dtype)


def of_class(values: Array, labels: Array) -> Array:
    """The value of each label's class, `(..., K)` to `(...)`.

    What a label outside of `[0, K)` gives is not defined.

    As a sum, it is one pass with what surrounds it, and so is its gradient; gathering
    and scattering are six small operations.
    """
    classes = jnp.arange(values.shape[-1], dtype=jnp.int32)
    own = labels[..., None].astype(jnp.int32) == classes
    return jnp.sum(jnp.where(own, values, 0), -1)


@op("nn.sigmoid_cross_entropy_with_logits", dtypes=FLOAT)
def sigmoid_cross_entropy_op(
    labels: Same, logits: Same, name: str | None = None
) -> Array:
    """The lowering of ``sigmoid_cross_entropy_with_logits``."""
    _same_shape("tf.nn.sigmoid_cross_entropy_with_logits", labels, logits)
    softened = jnp.log1p(jnp.exp(-jnp.abs(logits)))
    return jax.nn.relu(logits) - logits * labels + softened


def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross-entropy between probabilities and the sigmoid of logits.

    Args:
        labels: probabilities in ``[0, 1]``.
        logits: log odds of the same shape and dtype.
        name: a name scope.

    Returns:
        The losses, element by element.

    Raises:
        ValueError: if one argument is missing or the shapes differ.

    Reference: ``tf.nn.sigmoid_cross_entropy_with_logits``.
    """
    _require("tf.nn.sigmoid_cross_entropy_with_logits", labels=labels, logits=logits)
    return sigmoid_cross_entropy_op(labels, logits, name=name)


def _same_shape(name: str, labels: Array, logits: Array) -> None:
    if labels.shape != logits.shape:
        raise ShapeError.of(
            name,
            expected="`logits` and `labels` of the same shape",
            received=f"labels of shape {tuple(labels.shape)}, logits of shape "
            f"{tuple(logits.shape)}",
            hint="Reshape or tf.broadcast_to one of them; a missing last dimension is "
            "added with labels[:, tf.newaxis].",
        )


@op("nn.weighted_cross_entropy_with_logits", dtypes=FLOAT)
def weighted_cross_entropy_with_logits(
    labels: Same, logits: Same, pos_weight: Same, name: str | None = None
) -> Array:
    """The sigmoid cross-entropy with a weight for positive labels.

    Args:
        labels: probabilities in ``[0, 1]``.
        logits: log odds of the same shape and dtype.
        pos_weight: the factor of the positive term.
        name: a name scope.

    Returns:
        The losses, element by element.

    Raises:
        ValueError: if the shapes differ.

    Reference: ``tf.nn.weighted_cross_entropy_with_logits``.
    """
    _same_shape("tf.nn.weighted_cross_entropy_with_logits", labels, logits)
    weight = 1 + (pos_weight - 1) * labels
    softened = jnp.log1p(jnp.exp(-jnp.abs(logits))) + jax.nn.relu(-logits)
    return (1 - labels) * logits + weight * softened


@op("nn.log_poisson_loss", dtypes=FLOAT)
def log_poisson_loss(
    targets: Same,
    log_input: Same,
    compute_full_loss: bool = False,
    name: str | None = None,
) -> Array:
    """The negative log likelihood of counts under Poisson rates.

    Args:
        targets: counts.
        log_input: logarithms of the rates, of the same shape and dtype.
        compute_full_loss: whether to add Stirling's approximation of the constant
            term.
        name: a name scope.

    Returns:
        The losses, element by element.

    Raises:
        ValueError: if the shapes differ.

    Reference: ``tf.nn.log_poisson_loss``.
    """
    _same_shape("tf.nn.log_poisson_loss", targets, log_input)
    loss = jnp.exp(log_input) - log_input * targets
    if not compute_full_loss:
        return loss
    safe = jnp.where(targets > 1, targets, 2)
    stirling = safe * jnp.log(safe) - safe + 0.5 * jnp.log(2 * np.pi * safe)
    small = (targets >= 0) & (targets <= 1)
    return loss + jnp.where(small, 0, stirling).astype(loss.dtype)


@op("nn.l2_loss", dtypes=FLOAT)
def l2_loss(t: TensorLike, name: str | None = None) -> Array:
    """Half the sum of squares, ``sum(t ** 2) / 2``.

    Args:
        t: a floating tensor.
        name: a name scope.

    Returns:
        A scalar.

    Reference: ``tf.nn.l2_loss``.
    """
    return jnp.sum(jnp.square(t)) / 2


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Tensor:
    """The sum of losses divided by the global batch size.

    Args:
        per_example_loss: losses, the batch first.
        sample_weight: weights that broadcast with the losses, or None.
        global_batch_size: the divisor; the batch's size where None.

    Returns:
        A scalar.

    Raises:
        ValueError: if ``global_batch_size`` is negative or not an integer.

    Reference: ``tf.nn.compute_average_loss``. Known difference: without a strategy
    the number of replicas is 1.
    """
    if global_batch_size is not None and not is_tensor(global_batch_size):
        if int(global_batch_size) != global_batch_size or global_batch_size < 0:
            raise InvalidArgumentError.of(
                "tf.nn.compute_average_loss",
                expected="global_batch_size as a non-negative integer",
                received=f"global_batch_size={global_batch_size!r}",
                hint="Pass the number of examples of all replicas together.",
            )
    loss = convert_to_tensor(per_example_loss)
    weights = None
    if sample_weight is not None:
        weights = convert_to_tensor(sample_weight, dtype_hint=loss.dtype)
    size = loss.shape[0] if global_batch_size is None else global_batch_size
    return _average_loss(loss, weights, size)


@op("nn.compute_average_loss")
def _average_loss(
    loss: TensorLike, weights: TensorLike | None, size: TensorLike
) -> Array:
    """The lowering of ``compute_average_loss``."""
    total = loss
    if weights is not None:
        weights = weights.astype(loss.dtype)
        extra = loss.ndim - weights.ndim
        total = loss * weights.reshape(weights.shape + (1,) * max(extra, 0))
    return jnp.sum(total) / size.astype(loss.dtype)


@op("nn.scale_regularization_loss", dtypes=FLOAT)
def scale_regularization_loss(regularization_loss: TensorLike) -> Array:
    """The sum of regularisation losses divided by the number of replicas (one).

    Args:
        regularization_loss: losses.

    Returns:
        A scalar.

    Reference: ``tf.nn.scale_regularization_loss``.
    """
    return jnp.sum(regularization_loss)
