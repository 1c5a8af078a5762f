"""Flips, crops, paddings, and changes of colour and dtype of images."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.random_state import next_key
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.random.stateless import uniform_op


def _check(name: str, image: Any) -> None:
    if image.ndim not in (3, 4):
        raise ShapeError.of(
            f"tf.image.{name}",
            expected="an image (H, W, C) or images (B, H, W, C)",
            received=f"shape {tuple(image.shape)}",
            hint="'image' must have either 3 or 4 dimensions.",
        )


@op("image.flip_left_right")
def flip_left_right(image: TensorLike) -> Array:
    """Mirrors images: left becomes right.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: for another rank.

    Reference: ``tf.image.flip_left_right``.
    """
    _check("flip_left_right", image)
    return jnp.flip(image, -2)


@op("image.flip_up_down")
def flip_up_down(image: TensorLike) -> Array:
    """Mirrors images: the top becomes the bottom.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: for another rank.

    Reference: ``tf.image.flip_up_down``.
    """
    _check("flip_up_down", image)
    return jnp.flip(image, -3)


@op("image.random_flip")
def _flip_some(image: TensorLike, noise: TensorLike, axis: int) -> Array:
    """Flips the images whose noise is below one half."""
    chosen = noise < 0.5
    if image.ndim == 4:
        chosen = chosen.reshape(-1, 1, 1, 1)
    return jnp.where(chosen, jnp.flip(image, axis), image)


def _random_flip(image: Any, seed: Any, axis: int, name: str) -> Tensor:
    image = convert_to_tensor(image)
    _check(name, image)
    shape = () if image.ndim == 3 else (image.shape[0],)
    noise = uniform_op(shape, next_key(seed), np.float32(0), np.float32(1))
    return _flip_some(image, noise, axis)


def random_flip_left_right(image: Any, seed: int | None = None) -> Tensor:
    """Mirrors each image left to right with probability one half.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.
        seed: a seed for this operation.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.image.random_flip_left_right``. Known difference: other numbers.
    """
    return _random_flip(image, seed, -2, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Tensor:
    """Mirrors each image top to bottom with probability one half.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.
        seed: a seed for this operation.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.image.random_flip_up_down``. Known difference: other numbers.
    """
    return _random_flip(image, seed, -3, "random_flip_up_down")


@op("image.convert_image_dtype")
def convert_image_dtype(
    image: TensorLike, dtype: Any, saturate: bool = False, name: str | None = None
) -> Array:
    """Converts images to another dtype and scales their values.

    Floating images hold values in ``[0, 1)``, integer ones use the type's range.

    Args:
        image: an image or images.
        dtype: the dtype.
        saturate: whether values outside of the range are limited to it.
        name: a name scope.

    Returns:
        A tensor of the same shape and of ``dtype``.

    Reference: ``tf.image.convert_image_dtype``.
    """
    wanted = as_dtype(dtype)
    target, source = wanted.np_dtype, image.dtype
    if target == source:
        return image
    if source.kind in "iu" and target.kind in "iu":
        return _between_integers(image, target, saturate)
    if source.kind in "iu":
        return image.astype(target) * np.asarray(1.0 / np.iinfo(source).max, target)
    if target.kind not in "iu":
        return image.astype(target)
    scaled = image * np.asarray(np.iinfo(target).max + 0.5, source)
    if saturate:
        limits = np.iinfo(target)
        scaled = jnp.clip(scaled, float(limits.min), float(limits.max))
    return scaled.astype(target)


def _between_integers(image: Array, target: Any, saturate: bool) -> Array:
    most, least = np.iinfo(image.dtype).max, np.iinfo(target).max
    if most > least:
        scale = (most + 1) // (least + 1)
        return (image // scale).astype(target)
    wide = jnp.clip(image, 0, None) if saturate and image.dtype.kind == "i" else image
    return wide.astype(target) * np.asarray((least + 1) // (most + 1), target)


_LUMA = np.array([0.2989, 0.5870, 0.1140])


@op("image.rgb_to_grayscale")
def rgb_to_grayscale(images: TensorLike, name: str | None = None) -> Array:
    """The brightness of colour images.

    Args:
        images: ``(..., 3)``.
        name: a name scope.

    Returns:
        A tensor ``(..., 1)`` of the same dtype.

    Raises:
        ValueError: if the last dimension is not 3.

    Reference: ``tf.image.rgb_to_grayscale``.
    """
    if images.ndim < 1 or images.shape[-1] != 3:
        raise ShapeError.of(
            "tf.image.rgb_to_grayscale",
            expected="a last dimension of 3 (red, green, blue)",
            received=f"shape {tuple(images.shape)}",
            hint="Convert single-channel images with tf.image.grayscale_to_rgb.",
        )
    integer = images.dtype.kind in "iu"
    wide = convert_image_dtype.lower(images, "float32") if integer else images
    luma = jnp.sum(wide * _LUMA.astype(wide.dtype), -1, keepdims=True)
    if integer:
        return convert_image_dtype.lower(luma, str(images.dtype), True)
    return luma


@op("image.grayscale_to_rgb")
def grayscale_to_rgb(images: TensorLike, name: str | None = None) -> Array:
    """Grey images with three equal channels.

    Args:
        images: ``(..., 1)``.
        name: a name scope.

    Returns:
        A tensor ``(..., 3)`` of the same dtype.

    Raises:
        ValueError: if the last dimension is not 1.

    Reference: ``tf.image.grayscale_to_rgb``.
    """
    if images.ndim < 1 or images.shape[-1] != 1:
        raise ShapeError.of(
            "tf.image.grayscale_to_rgb",
            expected="a last dimension of 1",
            received=f"shape {tuple(images.shape)}",
            hint="Last dimension of a grayscale image should be size 1.",
        )
    return jnp.repeat(images, 3, -1)


@op("image.crop_to_bounding_box")
def crop_to_bounding_box(
    image: TensorLike,
    offset_height: int,
    offset_width: int,
    target_height: int,
    target_width: int,
) -> Array:
    """A block of images.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.
        offset_height: the first row.
        offset_width: the first column.
        target_height: how many rows.
        target_width: how many columns.

    Returns:
        Smaller images of the same dtype.

    Raises:
        ValueError: if the block is not inside.

    Reference: ``tf.image.crop_to_bounding_box``.
    """
    _check("crop_to_bounding_box", image)
    rows, columns = image.shape[-3:-1]
    bottom, right = offset_height + target_height, offset_width + target_width
    inside = offset_height >= 0 and offset_width >= 0 and bottom <= rows
    if not inside or right > columns or min(target_height, target_width) <= 0:
        raise InvalidArgumentError.of(
            "tf.image.crop_to_bounding_box",
            expected=f"a box inside of images of {rows} x {columns}",
            received=f"offsets {offset_height}, {offset_width}, size {target_height} x "
            f"{target_width}",
            hint="Rows and columns count from 0.",
        )
    return image[..., offset_height:bottom, offset_width:right, :]


@op("image.pad_to_bounding_box")
def pad_to_bounding_box(
    image: TensorLike,
    offset_height: int,
    offset_width: int,
    target_height: int,
    target_width: int,
) -> Array:
    """Images with zeros around them.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.
        offset_height: how many rows of zeros at the top.
        offset_width: how many columns of zeros at the left.
        target_height: the height of the result.
        target_width: the width of the result.

    Returns:
        Larger images of the same dtype.

    Raises:
        ValueError: if the images do not fit.

    Reference: ``tf.image.pad_to_bounding_box``.
    """
    _check("pad_to_bounding_box", image)
    rows, columns = image.shape[-3:-1]
    bottom = target_height - offset_height - rows
    right = target_width - offset_width - columns
    if min(offset_height, offset_width, bottom, right) < 0:
        raise InvalidArgumentError.of(
            "tf.image.pad_to_bounding_box",
            expected=f"room for images of {rows} x {columns}",
            received=f"offsets {offset_height}, {offset_width}, target {target_height} "
            f"x {target_width}",
            hint="The target must be at least offset plus size.",
        )
    edges = [(offset_height, bottom), (offset_width, right), (0, 0)]
    return jnp.pad(image, [(0, 0)] * (image.ndim - 3) + edges)


def resize_with_crop_or_pad(
    image: Any, target_height: int, target_width: int
) -> Tensor:
    """Cuts or pads images around their centre to a size.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.
        target_height: the height of the result.
        target_width: the width of the result.

    Returns:
        Images of the size.

    Reference: ``tf.image.resize_with_crop_or_pad``.
    """
    image = convert_to_tensor(image)
    _check("resize_with_crop_or_pad", image)
    rows, columns = tuple(image.shape)[-3:-1]
    height, width = min(rows, target_height), min(columns, target_width)
    cut = crop_to_bounding_box(
        image, (rows - height) // 2, (columns - width) // 2, height, width
    )
    top, left = (target_height - height) // 2, (target_width - width) // 2
    return pad_to_bounding_box(cut, top, left, target_height, target_width)


@op("image.central_crop")
def central_crop(image: TensorLike, central_fraction: float) -> Array:
    """The middle of images.

    Args:
        image: ``(H, W, C)`` or ``(B, H, W, C)``.
        central_fraction: the share of height and width that is kept, in ``(0, 1]``.

    Returns:
        Smaller images of the same dtype.

    Raises:
        ValueError: for a share outside ``(0, 1]``.

    Reference: ``tf.image.central_crop``.
    """
    _check("central_crop", image)
    if not 0 < central_fraction <= 1:
        raise InvalidArgumentError.of(
            "tf.image.central_crop",
            expected="central_fraction in (0, 1]",
            received=f"central_fraction={central_fraction}",
            hint="It is the share of height and width that is kept.",
        )
    rows, columns = image.shape[-3:-1]
    top = int((rows - rows * central_fraction) / 2)
    left = int((columns - columns * central_fraction) / 2)
    return image[..., top : rows - top, left : columns - left, :]


@op("image.random_crop")
def _crop_at(value: TensorLike, noise: TensorLike, size: Any) -> Array:
    """The block whose start follows from noise in [0, 1)."""
    room = np.array(value.shape) - np.array(size) + 1
    start = (noise * room).astype(jnp.int32)
    return jax.lax.dynamic_slice(value, [start[i] for i in range(value.ndim)], size)


def random_crop(
    value: Any, size: Any, seed: int | None = None, name: str | None = None
) -> Tensor:
    """A block of a tensor at a random place.

    Args:
        value: a tensor.
        size: the shape of the block.
        seed: a seed for this operation.
        name: a name scope.

    Returns:
        A tensor of shape ``size``.

    Raises:
        ValueError: if the block is larger than the tensor.

    Reference: ``tf.image.random_crop``. Known difference: other numbers.
    """
    value = convert_to_tensor(value)
    wanted = tuple(int(n) for n in np.asarray(size))
    shape = tuple(value.shape)
    if len(wanted) != len(shape) or any(w > s for w, s in zip(wanted, shape)):
        raise InvalidArgumentError.of(
            "tf.image.random_crop",
            expected=f"a size of at most {shape}",
            received=f"size={wanted}",
            hint="Need value.shape >= size.",
        )
    noise = uniform_op((len(shape),), next_key(seed), np.float32(0), np.float32(1))
    return _crop_at(value, noise, wanted)


@op("image.per_image_standardization")
def per_image_standardization(image: TensorLike) -> Array:
    """Images with mean 0 and (at most) variance 1 each.

    Args:
        image: ``(..., H, W, C)``.

    Returns:
        A floating tensor of the same shape.

    Reference: ``tf.image.per_image_standardization``.
    """
    wide = image if image.dtype.kind == "f" else image.astype(jnp.float32)
    count = int(np.prod(image.shape[-3:]))
    mean = jnp.mean(wide, (-1, -2, -3), keepdims=True)
    deviation = jnp.std(wide, (-1, -2, -3), keepdims=True)
    return (wide - mean) / jnp.maximum(deviation, 1 / np.sqrt(count)).astype(wide.dtype)


@op("image.adjust_brightness")
def adjust_brightness(image: TensorLike, delta: float) -> Array:
    """Adds a number to the brightness of images.

    Args:
        image: an image or images.
        delta: what is added, for values in ``[0, 1)``.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.image.adjust_brightness``.
    """
    dtype = image.dtype
    wide = convert_image_dtype.lower(image, "float32") if dtype.kind in "iu" else image
    out = wide + np.asarray(delta, wide.dtype)
    return convert_image_dtype.lower(out, str(dtype), True)


@op("image.adjust_contrast")
def adjust_contrast(images: TensorLike, contrast_factor: float) -> Array:
    """Moves pixels away from the mean of their channel.

    Args:
        images: ``(..., H, W, C)``.
        contrast_factor: the factor of the distance to the mean.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.image.adjust_contrast``.
    """
    dtype = images.dtype
    wide = convert_image_dtype.lower(images, "float32")
    mean = jnp.mean(wide, (-3, -2), keepdims=True)
    out = (wide - mean) * np.float32(contrast_factor) + mean
    return convert_image_dtype.lower(out, str(dtype), True)
