"""Resizing of images: ``tf.image.resize`` and its lowering."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor

_METHODS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area")


class ResizeMethod:
    """Names of the methods of ``tf.image.resize``.

    Reference: ``tf.image.ResizeMethod``.
    """

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"


def resize_array(
    images: Array, height: int, width: int, method: str, antialias: bool, first: int = 1
) -> Array:
    """Resizes the axes ``first`` and ``first + 1`` of a floating array.

    Args:
        images: an array.
        height: the new size of the first axis.
        width: the new size of the second axis.
        method: a name of ``ResizeMethod``.
        antialias: whether shrinking averages over all pixels.
        first: the axis of the rows.
    """
    for axis, size in ((first, height), (first + 1, width)):
        if method == "nearest":
            images = jnp.take(images, _nearest(images.shape[axis], size), axis)
        elif images.shape[axis] != size or method.startswith("lanczos"):
            weights = _weights(images.shape[axis], size, method, antialias)
            moved = jnp.tensordot(images, weights.astype(images.dtype), ((axis,), (1,)))
            images = jnp.moveaxis(moved, -1, axis)
    return images


def _nearest(size: int, wanted: int) -> np.ndarray[Any, Any]:
    """The source of each pixel: that under the pixel's centre."""
    scale = np.float32(size) / np.float32(wanted)
    places = np.floor((np.arange(wanted, dtype=np.float32) + 0.5) * scale)
    return np.clip(places.astype(np.int64), 0, size - 1)


_RADII = {"bilinear": 1.0, "bicubic": 2.0, "lanczos3": 3.0, "lanczos5": 5.0}


def _kernel(method: str, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The weight at a distance, in units of source pixels."""
    x = np.abs(x)
    if method == "bilinear":
        return np.maximum(0, 1 - x)
    if method == "bicubic":  # Keys, 1981, with a = -0.5
        near = ((1.5 * x - 2.5) * x) * x + 1
        far = ((-0.5 * x + 2.5) * x - 4) * x + 2
        return np.where(x < 1, near, np.where(x < 2, far, 0))
    radius = _RADII[method]
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


def _weights(
    size: int, wanted: int, method: str, antialias: bool
) -> np.ndarray[Any, Any]:
    """The matrix ``(wanted, size)`` that resizes one axis."""
    scale = size / wanted
    if method == "area":
        edges = np.arange(wanted + 1) * scale
        low = np.maximum(np.arange(size)[None], edges[:-1, None])
        high = np.minimum(np.arange(1, size + 1)[None], edges[1:, None])
        return np.maximum(high - low, 0) / scale
    stretch = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(wanted) + 0.5) * scale
    if method == "bicubic" and not antialias:
        # TensorFlow looks these weights up in a table of 1024 steps.
        centres = np.round((centres - 0.5) * 1024) / 1024 + 0.5
    offsets = np.arange(size)[None] + 0.5 - centres[:, None]
    weights = _kernel(method, offsets / stretch)
    if method == "bilinear" and not antialias:
        # Outside of the first and last centre the border's pixel counts alone.
        places = np.clip(centres - 0.5, 0, size - 1)
        weights = np.maximum(0, 1 - np.abs(np.arange(size)[None] - places[:, None]))
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


@op("image.resize")
def _resize(
    images: TensorLike, size: Any, method: str, antialias: bool, name: str | None = None
) -> Array:
    """The lowering of ``tf.image.resize``."""
    height, width = size
    if method == "nearest":
        return resize_array(images, height, width, method, False)
    if images.shape[1:3] == (height, width) and images.dtype == jnp.float32:
        return images
    wide = images if _float(images) else images.astype(jnp.float32)
    out = resize_array(wide, height, width, method, antialias)
    return out.astype(jnp.float32)


def _float(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.floating)) and x.dtype.itemsize >= 4


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Tensor:
    """Resizes images.

    Args:
        images: ``(B, H, W, C)`` or ``(H, W, C)``.
        size: the new height and width.
        method: a name of ``tf.image.ResizeMethod``.
        preserve_aspect_ratio: whether to keep the ratio of height to width, so that
            the images fit into ``size``.
        antialias: whether shrinking averages over all pixels.
        name: a name scope.

    Returns:
        Images of the new size: float32, or the dtype of the images for ``"nearest"``.

    Raises:
        ValueError: for a wrong rank, size or method.

    Example:
        >>> tf.image.resize(tf.ones([4, 4, 1]), [2, 3]).shape
        TensorShape([2, 3, 1])

    Reference: ``tf.image.resize``; Keys, "Cubic convolution interpolation", 1981.
    """
    images = convert_to_tensor(images)
    rank = len(images.shape)
    if rank not in (3, 4):
        raise ShapeError.of(
            "tf.image.resize",
            expected="images with either 3 or 4 dimensions: (B, H, W, C)",
            received=f"shape {tuple(images.shape)}",
            hint="'images' must have either 3 or 4 dimensions: add them.",
        )
    if method not in _METHODS:
        raise InvalidArgumentError.of(
            "tf.image.resize",
            expected=f"a method among {', '.join(_METHODS)}",
            received=f"method={method!r}",
            hint="Use a constant of tf.image.ResizeMethod.",
        )
    height, width = _size(size)
    if preserve_aspect_ratio:
        rows, columns = tuple(images.shape)[rank - 3 : rank - 1]
        scale = min(height / rows, width / columns)
        height, width = round(rows * scale), round(columns * scale)
    batch = images if rank == 4 else images[None]  # type: ignore[index]
    out = _resize(batch, (height, width), method, bool(antialias), name=name)
    return out if rank == 4 else out[0]  # type: ignore[index]


def _size(size: Any) -> tuple[int, int]:
    values = np.asarray(convert_to_tensor(size)._value if is_tensor(size) else size)
    if values.shape != (2,):
        raise InvalidArgumentError.of(
            "tf.image.resize",
            expected="size as two integers: new_height, new_width",
            received=f"size={size!r}",
            hint="'size' must be a 1-D Tensor of 2 elements.",
        )
    if values.min() <= 0:
        raise InvalidArgumentError.of(
            "tf.image.resize",
            expected="positive sizes",
            received=f"size={values.tolist()}",
            hint="Give the new height and width in pixels.",
        )
    return int(values[0]), int(values[1])
