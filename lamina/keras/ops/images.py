"""`keras.ops.image`: resizing, colours, crops, paddings and patches of images."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import jax.scipy.ndimage as ndimage
import numpy as np
from jax import lax

from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.config import standardize_data_format
from lamina.keras.ops.promotion import to_float
from lamina.ops.image.colors import hsv_array, rgb_array
from lamina.ops.image.resizing import resize_array

_METHODS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")


def _images(name: str, images: Any) -> Tensor:
    images = convert_to_tensor(images)
    if len(images.shape) not in (3, 4):
        raise ValueError(
            f"keras.ops.image.{name}: expected an image of rank 3 or images of rank 4. "
            f"Received: shape {tuple(images.shape)}. Invalid images rank: expected "
            "rank 3 (single image) or rank 4 (batch of images)."
        )
    return images


def _last(data_format: str | None) -> bool:
    return standardize_data_format(data_format) == "channels_last"


@op("keras.ops.image.resize")
def _resize(
    images: TensorLike,
    size: tuple[int, int],
    method: str,
    antialias: bool,
    first: int,
    fit: str,
    fill_value: float,
) -> Array:
    """The lowering of `keras.ops.image.resize`."""
    height, width = size
    if fit:
        images = _fit(images, height, width, first, fit, fill_value)
    if images.shape[first : first + 2] == (height, width):
        return images
    if method == "nearest":
        return resize_array(images, height, width, method, False, first)
    out = resize_array(
        images.astype(jnp.float32), height, width, method, antialias, first
    )
    if images.dtype.kind in "iu":
        limits = np.iinfo(images.dtype)
        out = jnp.clip(jnp.round(out), limits.min, limits.max)
    return out.astype(images.dtype)


def _fit(
    images: Array, height: int, width: int, first: int, fit: str, fill_value: float
) -> Array:
    """Cuts or pads images to the ratio of the new size."""
    rows, columns = images.shape[first : first + 2]
    tall = int(columns * height / width)
    wide = int(rows * width / height)
    if fit == "crop":
        tall, wide = max(min(rows, tall), 1), max(min(columns, wide), 1)
        top, left = (rows - tall) // 2, (columns - wide) // 2
        block = lax.slice_in_dim(images, top, top + tall, axis=first)
        return lax.slice_in_dim(block, left, left + wide, axis=first + 1)
    tall, wide = max(rows, tall), max(columns, wide)
    top, left = (tall - rows) // 2, (wide - columns) // 2
    edges = [(0, 0)] * images.ndim
    edges[first] = (top, tall - rows - top)
    edges[first + 1] = (left, wide - columns - left)
    return jnp.pad(images, edges, constant_values=fill_value)


def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Resizes images.

    Args:
        images: `(H, W, C)` or `(B, H, W, C)`, or channels first.
        size: The new height and width.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`.
        antialias: Whether shrinking averages over all pixels.
        crop_to_aspect_ratio: Whether to cut images to the ratio of `size` first.
        pad_to_aspect_ratio: Whether to pad images to the ratio of `size` first.
        fill_mode: Only `"constant"`.
        fill_value: What is padded.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        Images of the new size and the same dtype.

    Raises:
        ValueError: An argument is none of the values above.

    Reference: `keras.ops.image.resize`.
    """
    images = _images("resize", images)
    if len(size) != 2:
        raise ValueError(
            "keras.ops.image.resize: expected `size` to be a tuple of 2 integers. "
            f"Received: size={size}"
        )
    if min(int(size[0]), int(size[1])) <= 0:
        raise ValueError(
            "keras.ops.image.resize: `size` must have positive height and width. "
            f"Received: size={size}"
        )
    if interpolation not in _METHODS:
        raise ValueError(
            f"keras.ops.image.resize: expected interpolation among {_METHODS}. "
            f"Received: interpolation={interpolation}. Invalid `interpolation`."
        )
    if fill_mode != "constant":
        raise ValueError(
            "keras.ops.image.resize: expected fill_mode='constant'. Received: "
            f"fill_mode={fill_mode}. Only `'constant'` is supported."
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            "keras.ops.image.resize: Only one of `crop_to_aspect_ratio` & "
            "`pad_to_aspect_ratio` can be `True`. Received: both. Choose one."
        )
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else ""
    first = len(images.shape) - (3 if _last(data_format) else 2)
    sizes = (int(size[0]), int(size[1]))
    return _resize(images, sizes, interpolation, antialias, first, fit, fill_value)


@op("keras.ops.image.rgb_to_grayscale")
def _gray(images: TensorLike, axis: int) -> Array:
    """The lowering of `keras.ops.image.rgb_to_grayscale`."""
    wide = images if images.dtype.kind == "f" else images.astype(jnp.float32)
    shares = np.array([0.2989, 0.5870, 0.1140]).astype(wide.dtype)
    out = jnp.expand_dims(jnp.tensordot(wide, shares, ((axis,), (0,))), axis)
    return out.astype(images.dtype)


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Tensor:
    """The brightness of colour images.

    Args:
        images: `(H, W, 3)` or `(B, H, W, 3)`, or channels first.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        Images with one channel and the same dtype.

    Raises:
        ValueError: The images are of another rank or number of channels.

    Reference: `keras.ops.image.rgb_to_grayscale`.
    """
    images = _images("rgb_to_grayscale", images)
    axis = -1 if _last(data_format) else -3
    if images.shape[axis] not in (1, 3):
        raise ValueError(
            "keras.ops.image.rgb_to_grayscale: expected a channel size of 3. Received: "
            f"shape {tuple(images.shape)}. Invalid channel size: expected 3 (RGB) or 1 "
            "(grayscale)."
        )
    return images if images.shape[axis] == 1 else _gray(images, axis)


@op("keras.ops.image.pad_images")
def _pad(images: TensorLike, rows: Any, columns: Any, first: int) -> Array:
    """The lowering of `keras.ops.image.pad_images`."""
    edges = [(0, 0)] * images.ndim
    edges[first], edges[first + 1] = rows, columns
    return jnp.pad(images, edges)


def _two_of_three(
    name: str,
    before: int | None,
    after: int | None,
    target: int | None,
    sign: int,
    size: int,
) -> tuple[int, int]:
    """Both margins along one dimension, from two of three arguments."""
    given = [before, after, target]
    if sum(value is None for value in given) != 1:
        raise ValueError(
            f"keras.ops.image.{name}: Must specify exactly two of the margins and the "
            f"target size. Received: {given}. Leave one of them out."
        )
    total = 0 if target is None else sign * (target - size)
    low = total - after if before is None else before  # type: ignore[operator]
    high = total - low if after is None else after
    if low < 0 or high < 0:
        raise ValueError(
            f"keras.ops.image.{name}: expected margins of at least 0. Received: {low} "
            f"and {high} for size {size}. Check the target size."
        )
    return int(low), int(high)


def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Adds zeros around images; two of three arguments for each dimension.

    Args:
        images: `(H, W, C)` or `(B, H, W, C)`, or channels first.
        top_padding: Rows at the top.
        left_padding: Columns at the left.
        bottom_padding: Rows at the bottom.
        right_padding: Columns at the right.
        target_height: The new height.
        target_width: The new width.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        Larger images.

    Raises:
        ValueError: Arguments are missing, or disagree.

    Reference: `keras.ops.image.pad_images`.
    """
    images = _images("pad_images", images)
    first = len(images.shape) - (3 if _last(data_format) else 2)
    height, width = tuple(images.shape)[first : first + 2]
    rows = _two_of_three(
        "pad_images", top_padding, bottom_padding, target_height, 1, height
    )
    columns = _two_of_three(
        "pad_images", left_padding, right_padding, target_width, 1, width
    )
    return _pad(images, rows, columns, first)


@op("keras.ops.image.crop_images")
def _crop(images: TensorLike, rows: Any, columns: Any, first: int) -> Array:
    """The lowering of `keras.ops.image.crop_images`."""
    height, width = images.shape[first : first + 2]
    out = lax.slice_in_dim(images, rows[0], height - rows[1], axis=first)
    return lax.slice_in_dim(out, columns[0], width - columns[1], axis=first + 1)


def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Cuts off margins of images; two of three arguments for each dimension.

    Args:
        images: `(H, W, C)` or `(B, H, W, C)`, or channels first.
        top_cropping: Rows at the top.
        left_cropping: Columns at the left.
        bottom_cropping: Rows at the bottom.
        right_cropping: Columns at the right.
        target_height: The new height.
        target_width: The new width.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        Smaller images.

    Raises:
        ValueError: Arguments are missing, or disagree.

    Reference: `keras.ops.image.crop_images`.
    """
    images = _images("crop_images", images)
    first = len(images.shape) - (3 if _last(data_format) else 2)
    height, width = tuple(images.shape)[first : first + 2]
    rows = _two_of_three(
        "crop_images", top_cropping, bottom_cropping, target_height, -1, height
    )
    columns = _two_of_three(
        "crop_images", left_cropping, right_cropping, target_width, -1, width
    )
    return _crop(images, rows, columns, first)


@op("keras.ops.image.extract_patches")
def _patches(
    images: TensorLike, size: Any, strides: Any, rates: Any, padding: str, last: bool
) -> Array:
    """The lowering of `keras.ops.image.extract_patches`."""
    data = images if last else jnp.moveaxis(images, 1, -1)
    channels = data.shape[-1]
    letters = "DHW"[3 - len(size) :]
    out = lax.conv_general_dilated_patches(
        data,
        size,
        strides,
        padding.upper(),
        rhs_dilation=rates,
        dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
    )
    # XLA orders the channels of a patch first; Keras has them last.
    split = out.reshape(*out.shape[:-1], channels, -1)
    out = jnp.swapaxes(split, -1, -2).reshape(out.shape)
    return out if last else jnp.moveaxis(out, -1, 1)


def _tuple(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def extract_patches(
    images: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Windows of images, each as one vector.

    Args:
        images: `(H, W, C)` or `(B, H, W, C)`, or channels first.
        size: The window's height and width.
        strides: The step of the window; its size if None.
        dilation_rate: The distance of the window's elements.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        A tensor `(B, H', W', h * w * C)`.

    Raises:
        ValueError: Strides and dilation are both larger than 1.

    Reference: `keras.ops.image.extract_patches`.
    """
    rank = 2 if isinstance(size, int) else len(size)
    if rank == 3:
        return extract_patches_3d(
            images, size, strides, dilation_rate, padding, data_format
        )
    if rank != 2:
        raise ValueError(
            "keras.ops.image.extract_patches: expected `size` as an int, or 2 or 3 "
            f"ints. Received: size={size}. Give the height and width of a window."
        )
    images = _images("extract_patches", images)
    return _windows_of(
        "extract_patches", images, size, strides, dilation_rate, padding, data_format, 2
    )


def extract_patches_3d(
    volumes: Any,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Windows of volumes, each as one vector.

    Args:
        volumes: `(D, H, W, C)` or `(B, D, H, W, C)`, or channels first.
        size: The window's depth, height and width.
        strides: The step of the window; its size if None.
        dilation_rate: The distance of the window's elements.
        padding: `"valid"` or `"same"`.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        A tensor `(B, D', H', W', d * h * w * C)`.

    Raises:
        ValueError: Strides and dilation are both larger than 1, or the rank is wrong.

    Reference: `keras.ops.image.extract_patches_3d`.
    """
    volumes = convert_to_tensor(volumes)
    if len(volumes.shape) not in (4, 5):
        raise ValueError(
            "keras.ops.image.extract_patches_3d: expected a volume of rank 4 or "
            f"volumes of rank 5. Received: shape {tuple(volumes.shape)}. Invalid "
            "`volumes` rank."
        )
    return _windows_of(
        "extract_patches_3d",
        volumes,
        size,
        strides,
        dilation_rate,
        padding,
        data_format,
        3,
    )


def _windows_of(
    name: str,
    images: Tensor,
    size: Any,
    strides: Any,
    dilation_rate: Any,
    padding: str,
    data_format: str | None,
    rank: int,
) -> Tensor:
    size = _tuple(size, rank)
    if len(size) != rank or min(size) <= 0:
        raise ValueError(
            f"keras.ops.image.{name}: expected {rank} positive sizes. Received: "
            f"size={size}. Invalid `size` argument."
        )
    steps = size if strides is None else _tuple(strides, rank)
    rates = _tuple(dilation_rate, rank)
    if max(rates) > 1 and strides is not None and max(steps) > 1:
        raise ValueError(
            f"keras.ops.image.{name}: expected strides of 1 with a dilation. Received: "
            f"strides={strides}, dilation_rate={dilation_rate}. strides > 1 is not "
            "supported in conjunction with dilation_rate > 1."
        )
    images = to_float(images)
    single = len(images.shape) == rank + 1
    batch = images[None] if single else images  # type: ignore[index]
    out = _patches(batch, size, steps, rates, padding, _last(data_format))
    return out[0] if single else out  # type: ignore[index]


@op("keras.ops.image.map_coordinates")
def _map(
    inputs: TensorLike, coordinates: TensorLike, order: int, mode: str, fill: float
) -> Array:
    """The lowering of `keras.ops.image.map_coordinates`."""
    places = list(coordinates)
    wide = inputs if inputs.dtype.kind == "f" else inputs.astype(jnp.float32)
    out = ndimage.map_coordinates(wide, places, order, mode, fill)
    if inputs.dtype.kind in "iu":
        out = jnp.round(out)
    return out.astype(inputs.dtype)


_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def map_coordinates(
    inputs: Any,
    coordinates: Any,
    order: int,
    fill_mode: str = "constant",
    fill_value: float = 0,
) -> Tensor:
    """The values of a tensor between its elements.

    Args:
        inputs: A tensor of rank N.
        coordinates: N tensors of positions along the axes.
        order: 0 for the nearest element, 1 for linear interpolation.
        fill_mode: What is outside: `"constant"`, `"nearest"`, `"wrap"`, `"mirror"` or
            `"reflect"`.
        fill_value: The value outside with `"constant"`.

    Returns:
        A tensor of the shape of one coordinate tensor and the dtype of `inputs`.

    Raises:
        ValueError: An argument is none of the values above, or the ranks disagree.

    Reference: `keras.ops.image.map_coordinates`.
    """
    inputs, coordinates = convert_to_tensor(inputs), to_float(coordinates)
    if coordinates.shape[0] != len(inputs.shape):
        raise ValueError(
            "keras.ops.image.map_coordinates: expected one row of coordinates for each "
            f"axis. Received: coordinates of shape {tuple(coordinates.shape)}, inputs "
            f"of shape {tuple(inputs.shape)}. First dim of `coordinates` must be the "
            "same as the rank of `inputs`."
        )
    if len(coordinates.shape) < 2:
        raise ValueError(
            "keras.ops.image.map_coordinates: expected coordinates of rank 2 or more. "
            f"Received: shape {tuple(coordinates.shape)}. Invalid coordinates rank: "
            "expected at least rank 2."
        )
    if fill_mode not in _FILL_MODES or order not in (0, 1):
        raise ValueError(
            f"keras.ops.image.map_coordinates: expected fill_mode among {_FILL_MODES} "
            f"and order 0 or 1. Received: fill_mode={fill_mode}, order={order}. "
            "Invalid `fill_mode` or `order`."
        )
    return _map(inputs, coordinates, int(order), fill_mode, float(fill_value))


@op("keras.ops.image.rgb_to_hsv")
def _hsv(images: TensorLike, axis: int) -> Array:
    """The lowering of `keras.ops.image.rgb_to_hsv`."""
    return hsv_array(images, axis)


@op("keras.ops.image.hsv_to_rgb")
def _rgb(images: TensorLike, axis: int) -> Array:
    """The lowering of `keras.ops.image.hsv_to_rgb`."""
    return rgb_array(images, axis)


def _colours(name: str, images: Any, data_format: str | None) -> tuple[Tensor, int]:
    images = _images(name, images)
    if not images.dtype.is_floating:
        raise ValueError(
            f"keras.ops.image.{name}: expected floating images. Received: dtype "
            f"{images.dtype.name}. Invalid images dtype: cast and scale them to [0, 1]."
        )
    axis = -1 if _last(data_format) else -3
    if images.shape[axis] != 3:
        raise ValueError(
            f"keras.ops.image.{name}: expected three channels. Received: shape "
            f"{tuple(images.shape)}. Check data_format."
        )
    return images, axis


def rgb_to_hsv(images: Any, data_format: str | None = None) -> Tensor:
    """Colours as hue, saturation and value.

    Args:
        images: Floating images in `[0, 1]` with three channels.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: The images are of another rank, dtype or number of channels.

    Reference: `keras.ops.image.rgb_to_hsv`.
    """
    return _hsv(*_colours("rgb_to_hsv", images, data_format))


def hsv_to_rgb(images: Any, data_format: str | None = None) -> Tensor:
    """Colours from hue, saturation and value.

    Args:
        images: Floating images in `[0, 1]` with three channels.
        data_format: `"channels_last"`, `"channels_first"` or None for the setting.

    Returns:
        Images of the same shape and dtype.

    Raises:
        ValueError: The images are of another rank, dtype or number of channels.

    Reference: `keras.ops.image.hsv_to_rgb`.
    """
    return _rgb(*_colours("hsv_to_rgb", images, data_format))
