"""Colour spaces and patches of images."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.ops.checks import FLOAT


def hsv_array(images: Array, axis: int) -> Array:
    """Hue, saturation and value of colours along an axis."""
    red, green, blue = (jnp.take(images, i, axis) for i in range(3))
    value = jnp.maximum(jnp.maximum(red, green), blue)
    spread = value - jnp.minimum(jnp.minimum(red, green), blue)
    safe = jnp.where(spread > 0, spread, 1)
    hue = jnp.where(
        value == red,
        (green - blue) / safe,
        jnp.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = jnp.where(spread > 0, (hue / 6) % 1, 0)
    saturation = jnp.where(value > 0, spread / jnp.where(value > 0, value, 1), 0)
    return jnp.stack([hue, saturation, value], axis)


def rgb_array(images: Array, axis: int) -> Array:
    """Red, green and blue of hues, saturations and values along an axis."""
    hue, saturation, value = (jnp.take(images, i, axis) for i in range(3))
    turn = hue * 6
    parts = [
        jnp.clip(jnp.abs(turn - 3) - 1, 0, 1),
        jnp.clip(2 - jnp.abs(turn - 2), 0, 1),
        jnp.clip(2 - jnp.abs(turn - 4), 0, 1),
    ]
    return jnp.stack([((p - 1) * saturation + 1) * value for p in parts], axis)


def _three(name: str, images: Any) -> None:
    if images.ndim < 1 or images.shape[-1] != 3:
        raise ShapeError.of(
            f"tf.image.{name}",
            expected="a last dimension of 3",
            received=f"shape {tuple(images.shape)}",
            hint="Channels stand last.",
        )


@op("image.rgb_to_hsv", dtypes=FLOAT)
def rgb_to_hsv(images: TensorLike, name: str | None = None) -> Array:
    """Colours as hue, saturation and value.

    Args:
        images: ``(..., 3)`` with values in ``[0, 1]``.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the last dimension is not 3.

    Reference: ``tf.image.rgb_to_hsv``.
    """
    _three("rgb_to_hsv", images)
    return hsv_array(images, -1)


@op("image.hsv_to_rgb", dtypes=FLOAT)
def hsv_to_rgb(images: TensorLike, name: str | None = None) -> Array:
    """Colours from hue, saturation and value.

    Args:
        images: ``(..., 3)`` with values in ``[0, 1]``.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the last dimension is not 3.

    Reference: ``tf.image.hsv_to_rgb``.
    """
    _three("hsv_to_rgb", images)
    return rgb_array(images, -1)


@op("image.extract_patches")
def extract_patches(
    images: TensorLike,
    sizes: Any,
    strides: Any,
    rates: Any,
    padding: str,
    name: str | None = None,
) -> Array:
    """Windows of images, each as one vector.

    Args:
        images: ``(B, H, W, C)``.
        sizes: ``[1, h, w, 1]``, the window.
        strides: ``[1, y, x, 1]``, its step.
        rates: ``[1, y, x, 1]``, the distance of its elements.
        padding: ``"SAME"`` or ``"VALID"``.
        name: a name scope.

    Returns:
        A tensor ``(B, H', W', h * w * C)``.

    Raises:
        InvalidArgumentError: for a wrong rank or padding.

    Reference: ``tf.image.extract_patches``.
    """
    if images.ndim != 4 or padding not in ("SAME", "VALID"):
        raise InvalidArgumentError.of(
            "tf.image.extract_patches",
            expected="images (B, H, W, C) and padding 'SAME' or 'VALID'",
            received=f"shape {tuple(images.shape)}, padding={padding!r}",
            hint="Add the batch dimension with tf.expand_dims(image, 0).",
        )
    out = lax.conv_general_dilated_patches(
        images,
        sizes[1:3],
        strides[1:3],
        padding,
        rhs_dilation=rates[1:3],
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    # XLA orders the channels of a patch first; TensorFlow has them last.
    split = out.reshape(*out.shape[:-1], images.shape[-1], -1)
    return jnp.swapaxes(split, -1, -2).reshape(out.shape)
