"""`keras.ops.nn`: cross-entropies, moments and batch normalisation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.config import epsilon
from lamina.keras.ops.promotion import convert, promote, to_float
from lamina.ops.nn import losses


def _check_losses(name: str, target: Any, output: Any) -> None:
    if tuple(target.shape) != tuple(output.shape):
        raise ValueError(
            f"keras.ops.{name}: expected target and output of the same shape. "
            f"Received: target.shape={tuple(target.shape)}, "
            f"output.shape={tuple(output.shape)}. Arguments `target` and `output` must "
            "have the same shape."
        )


@op("keras.ops.binary_crossentropy")
def _binary(target: Same, output: Same, from_logits: bool, least: float) -> Array:
    """The lowering of `keras.ops.binary_crossentropy`."""
    if from_logits:
        return losses.sigmoid_cross_entropy_op.lower(target, output)
    safe = jnp.clip(output, least, 1 - least)
    return -(target * jnp.log(safe) + (1 - target) * jnp.log(1 - safe))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """The cross-entropy of two outcomes, element by element.

    Args:
        target: Probabilities of 1.
        output: Predicted probabilities, or log odds.
        from_logits: Whether `output` holds log odds.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: The shapes differ.

    Reference: `keras.ops.binary_crossentropy`.
    """
    target, output = promote(target, output, extra=(float,))
    _check_losses("binary_crossentropy", target, output)
    return _binary(target, output, from_logits, epsilon())


@op("keras.ops.categorical_crossentropy")
def _categorical(
    target: Same, output: Same, from_logits: bool, axis: int, least: float
) -> Array:
    """The lowering of `keras.ops.categorical_crossentropy`."""
    if from_logits:
        return losses.cross_entropy(target, output, axis)
    share = output / jnp.sum(output, axis, keepdims=True)
    return -jnp.sum(target * jnp.log(jnp.clip(share, least, 1 - least)), axis)


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """The cross-entropy of class probabilities.

    Args:
        target: Probabilities of the classes.
        output: Predicted probabilities, or logits.
        from_logits: Whether `output` holds logits.
        axis: The axis of the classes.

    Returns:
        A tensor without the axis.

    Raises:
        ValueError: The shapes differ, or are empty.

    Reference: `keras.ops.categorical_crossentropy`.
    """
    target, output = promote(target, output, extra=(float,))
    _check_losses("categorical_crossentropy", target, output)
    if not tuple(target.shape):
        raise ValueError(
            "keras.ops.categorical_crossentropy: expected at least one axis. Received: "
            "scalars. Arguments `target` and `output` must be at least rank 1."
        )
    return _categorical(target, output, from_logits, axis, epsilon())


@op("keras.ops.sparse_categorical_crossentropy")
def _sparse(
    output: TensorLike, target: TensorLike, from_logits: bool, axis: int, least: float
) -> Array:
    """The lowering of `keras.ops.sparse_categorical_crossentropy`."""
    if target.ndim == output.ndim and target.shape[-1] == 1:
        target = target[..., 0]
    hot = jax.nn.one_hot(
        target.astype(jnp.int32), output.shape[axis], dtype=output.dtype, axis=axis
    )
    if hot.shape != output.shape:
        raise InvalidArgumentError.of(
            "keras.ops.sparse_categorical_crossentropy",
            expected="target of the shape of output without the class axis",
            received=f"target of shape {tuple(target.shape)}, output of shape "
            f"{tuple(output.shape)}",
            hint="For probabilities use keras.ops.categorical_crossentropy.",
        )
    if from_logits:
        log_p = jax.nn.log_softmax(output, axis)
    else:
        share = output / jnp.sum(output, axis, keepdims=True)
        log_p = jnp.log(jnp.clip(share, least, 1 - least))
    return -jnp.sum(hot * log_p, axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """The cross-entropy of class indices.

    Args:
        target: Class indices; a last axis of size 1 is dropped.
        output: Predicted probabilities, or logits.
        from_logits: Whether `output` holds logits.
        axis: The axis of the classes in `output`.

    Returns:
        A tensor without the axis.

    Raises:
        ValueError: The shapes do not fit.

    Reference: `keras.ops.sparse_categorical_crossentropy`.
    """
    return _sparse(
        to_float(output), convert_to_tensor(target), from_logits, axis, epsilon()
    )


@op("keras.ops.moments")
def _moments(x: TensorLike, axes: Any, keepdims: bool) -> tuple[Array, Array]:
    """The lowering of `keras.ops.moments`."""
    wide = x.astype(jnp.float32) if x.dtype.itemsize < 4 else x
    mean = jnp.mean(wide, axes, keepdims=True)
    variance = jnp.mean(jnp.square(wide - mean), axes, keepdims=True)
    limits = jnp.finfo(x.dtype)
    parts = [part if keepdims else jnp.squeeze(part, axes) for part in (mean, variance)]
    return tuple(
        jnp.clip(part, float(limits.min), float(limits.max)).astype(x.dtype)
        for part in parts
    )  # type: ignore[return-value]


def moments(
    x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """The mean and variance along axes.

    Args:
        x: A tensor; integers become floatx.
        axes: The axes.
        keepdims: Whether reduced axes stay with size 1.
        synchronized: Whether the moments are those of the batch of all devices. They
            always are, as one program sees the whole batch.

    Returns:
        The mean and the variance.

    Reference: `keras.ops.moments`.
    """
    return _moments(to_float(x), axes, keepdims)


@op("keras.ops.batch_normalization")
def _batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    offset: TensorLike | None,
    scale: TensorLike | None,
    axis: int,
    epsilon: float,
) -> Array:
    """The lowering of `keras.ops.batch_normalization`."""
    if mean.shape != (x.shape[axis],):
        raise InvalidArgumentError.of(
            "keras.ops.batch_normalization",
            expected=f"a mean of {x.shape[axis]} elements, as axis {axis} of x",
            received=f"mean of shape {tuple(mean.shape)}, x of shape {tuple(x.shape)}",
            hint="Check `axis`.",
        )
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    inverse = jax.lax.rsqrt(variance.reshape(shape) + epsilon)
    if scale is not None:
        inverse = inverse * scale.reshape(shape)
    added = -mean.reshape(shape) * inverse
    if offset is not None:
        added = added + offset.reshape(shape)
    return x * inverse.astype(x.dtype) + added.astype(x.dtype)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """`scale * (x - mean) / sqrt(variance + epsilon) + offset` along an axis.

    Args:
        x: A tensor.
        mean: A vector, one element for each entry of the axis, as the others.
        variance: The variance.
        axis: The axis of the features.
        offset: What is added, or None.
        scale: The factor, or None.
        epsilon: Keeps the root away from 0.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: A vector does not fit the axis.

    Reference: `keras.ops.batch_normalization`.
    """
    x = to_float(x)
    parts = [
        None if part is None else convert(part, x.dtype)
        for part in (mean, variance, offset, scale)
    ]
    return _batch_normalization(x, *parts, axis, float(epsilon))  # type: ignore[call-arg,arg-type]


@op("keras.ops.psnr")
def _psnr(x1: Same, x2: Same, max_val: float) -> Array:
    """The lowering of `keras.ops.psnr`."""
    mse = jnp.mean(jnp.square(x1 - x2))
    return 20 * jnp.log10(jnp.asarray(max_val, x1.dtype)) - 10 * jnp.log10(mse)


def psnr(x1: Any, x2: Any, max_val: float) -> Tensor:
    """The peak signal-to-noise ratio in decibels.

    Args:
        x1: A tensor.
        x2: A tensor of the same shape.
        max_val: The largest possible value.

    Returns:
        A scalar.

    Raises:
        ValueError: The shapes differ.

    Reference: `keras.ops.psnr`.
    """
    x1, x2 = promote(x1, x2, extra=(float,))
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(
            "keras.ops.psnr: expected tensors of the same shape. Received: "
            f"{tuple(x1.shape)} and {tuple(x2.shape)}. Input shapes must match."
        )
    return _psnr(x1, x2, float(max_val))
