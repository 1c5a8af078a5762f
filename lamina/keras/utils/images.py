"""Image files and pictures as arrays, with Pillow."""

from __future__ import annotations

import importlib
import io
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from lamina.engine.errors import message
from lamina.keras.config import floatx, image_data_format
from lamina.keras.saving.archive import replacing

_FILTERS: Final = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_MODES: Final = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """A picture of Pillow with the values of an array.

    Args:
        x: of shape ``(H, W, C)``, or ``(C, H, W)`` with the channels first; C is 1, 3
            or 4.
        data_format: ``"channels_last"`` or ``"channels_first"``; the setting of
            `keras.config.image_data_format` if None.
        scale: whether the values are stretched to 0 … 255.
        dtype: in which the values are computed with.

    Returns:
        A ``PIL.Image.Image``.

    Raises:
        ValueError: the array has not three dimensions, or another number of channels.
        ImportError: Pillow is not installed.

    Reference: ``keras.utils.array_to_img``.
    """
    name = "keras.utils.array_to_img"
    image = _pillow(name)
    values = np.asarray(x, dtype=dtype or floatx())
    if values.ndim != 3:
        raise ValueError(
            message(
                name,
                expected="image array to have rank 3 (single image)",
                received=f"array with shape {values.shape}",
                hint="Take one image of the batch.",
            )
        )
    if _format(name, data_format) == "channels_first":
        values = values.transpose(1, 2, 0)
    if scale:
        values = values - values.min()
        peak = values.max()
        values = values / peak * 255 if peak else values
    channels = values.shape[2]
    if channels not in (1, 3, 4):
        raise ValueError(
            message(
                name,
                expected="1, 3 or 4 channels",
                received=f"Unsupported channel number: {channels}",
                hint="Choose channels, or pass data_format.",
            )
        )
    if channels == 1 and values.max() > 255:
        return image.fromarray(values[:, :, 0].astype("int32"))
    pixels = values.astype("uint8")
    return image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Any:
    """An array with the values of a picture of Pillow.

    Args:
        img: a ``PIL.Image.Image``.
        data_format: ``"channels_last"`` or ``"channels_first"``; the setting of
            `keras.config.image_data_format` if None.
        dtype: of the array; the setting of `keras.config.floatx` if None.

    Returns:
        An array of shape ``(H, W, C)``, or ``(C, H, W)`` with the channels first.

    Raises:
        ValueError: the picture has not two or three dimensions.

    Reference: ``keras.utils.img_to_array``.
    """
    first = _format("keras.utils.img_to_array", data_format) == "channels_first"
    values = np.asarray(img, dtype=dtype or floatx())
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    if values.ndim != 3:
        raise ValueError(
            message(
                "keras.utils.img_to_array",
                expected="a picture of two or three dimensions",
                received=f"Unsupported image shape: {values.shape}",
                hint="Pass one picture.",
            )
        )
    return values.transpose(2, 0, 1) if first else values


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Reads an image file.

    Args:
        path: a path, or an open binary file.
        color_mode: ``"rgb"``, ``"rgba"`` or ``"grayscale"``.
        target_size: ``(H, W)`` that it is resized to; its own if None.
        interpolation: the name of a filter, such as ``"bilinear"``.
        keep_aspect_ratio: whether it is cropped to the target's ratio before.

    Returns:
        A ``PIL.Image.Image``.

    Raises:
        ValueError: the colour mode or the filter is unknown.
        ImportError: Pillow is not installed.

    Reference: ``keras.utils.load_img``.
    """
    name = "keras.utils.load_img"
    image = _pillow(name)
    if color_mode not in _MODES or interpolation not in _FILTERS:
        raise ValueError(
            message(
                name,
                expected=f"`color_mode` among {', '.join(_MODES)} and `interpolation` "
                f"among {', '.join(_FILTERS)}",
                received=f"{color_mode!r} and {interpolation!r}",
                hint="'rgb' and 'nearest' are the usual.",
            )
        )
    data = path.read() if hasattr(path, "read") else Path(path).read_bytes()
    found = image.open(io.BytesIO(data))
    deep = found.mode in ("I;16", "I", "F")
    if not (color_mode == "grayscale" and deep) and found.mode != _MODES[color_mode]:
        found = found.convert(_MODES[color_mode])
    if target_size is None:
        return found
    height, width = target_size
    if (width, height) == found.size:
        return found
    kind = getattr(image.Resampling, interpolation.upper())
    box = _centre(found.size, width, height) if keep_aspect_ratio else None
    return found.resize((width, height), kind, box=box)


def save_img(
    path: str | os.PathLike[str],
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array as an image file: all of it, or nothing.

    Args:
        path: the file.
        x: the values, as in `array_to_img`.
        data_format: ``"channels_last"`` or ``"channels_first"``.
        file_format: such as ``"png"``; that of the file's ending if None.
        scale: whether the values are stretched to 0 … 255.
        **kwargs: of ``PIL.Image.Image.save``.

    Raises:
        ImportError: Pillow is not installed.

    Reference: ``keras.utils.save_img``.
    """
    picture = array_to_img(x, data_format, scale)
    kind = (file_format or Path(path).suffix[1:] or "png").lower()
    kind = "jpeg" if kind == "jpg" else kind
    if picture.mode == "RGBA" and kind == "jpeg":
        picture = picture.convert("RGB")
    with replacing(path) as temporary, open(temporary, "wb") as file:
        picture.save(file, format=kind, **kwargs)


def _format(name: str, data_format: str | None) -> str:
    chosen = data_format or image_data_format()
    if chosen not in ("channels_first", "channels_last"):
        raise ValueError(
            message(
                name,
                expected="`data_format` 'channels_first' or 'channels_last'",
                received=f"Invalid data_format: {chosen!r}",
                hint="'channels_last' is the usual.",
            )
        )
    return chosen


def _centre(size: tuple[int, int], width: int, height: int) -> tuple[float, ...]:
    """The largest box of a ratio in the middle of a picture."""
    across, down = size
    box_width = min(across, down * width // height)
    box_height = min(down, across * height // width)
    left, top = (across - box_width) // 2, (down - box_height) // 2
    return (left, top, left + box_width, top + box_height)


def _pillow(name: str) -> Any:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError as error:
        raise ImportError(
            message(
                name,
                expected="the package Pillow",
                received="an environment without it",
                hint="Could not import PIL.Image: pip install 'lamina[image]'.",
            )
        ) from error
