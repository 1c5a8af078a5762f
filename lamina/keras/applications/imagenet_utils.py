"""What image models trained on ImageNet expect of their inputs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from lamina.engine.errors import message
from lamina.engine.tensor import convert_to_tensor, is_tensor
from lamina.keras.config import floatx, image_data_format
from lamina.keras.utils.downloads import get_file
from lamina.ops.array.casting import cast

_NAME: Final = "keras.applications.imagenet_utils"
_CLASSES: Final = 1000
_CLASSES_ORIGIN: Final = (
    "https://storage.googleapis.com/download.tensorflow.org/data/"
    "imagenet_class_index.json"
)
_CLASSES_MD5: Final = "c2c37ea517e94d9795004a39431a14cb"
_BGR_MEAN: Final = (103.939, 116.779, 123.68)
_RGB_MEAN: Final = (0.485, 0.456, 0.406)
_RGB_DEVIATION: Final = (0.229, 0.224, 0.225)


def preprocess_input(
    x: Any, data_format: str | None = None, mode: str = "caffe"
) -> Any:
    """Scales images of RGB values from 0 to 255 as a pretrained model expects.

    Args:
        x: one image or several, as a NumPy array or a tensor, of shape
            ``(H, W, 3)`` or ``(B, H, W, 3)``; ``(3, H, W)`` or ``(B, 3, H, W)`` with
            the channels first.
        data_format: ``"channels_last"`` or ``"channels_first"``; the setting of
            `keras.config.image_data_format` if None.
        mode: ``"tf"`` scales to -1 … 1; ``"torch"`` to 0 … 1 and then normalises each
            channel by ImageNet's mean and deviation; ``"caffe"`` orders the channels
            BGR and subtracts ImageNet's mean.

    Returns:
        The images, of the same shape, floating. A NumPy array gives a NumPy array.

    Raises:
        ValueError: an unknown mode or data format.

    Example:
        >>> import numpy as np
        >>> from lamina.keras.applications import imagenet_utils
        >>> images = np.full((1, 2, 2, 3), 255.0)
        >>> float(imagenet_utils.preprocess_input(images, mode="tf").max())
        1.0

    Reference: ``keras.applications.imagenet_utils.preprocess_input``. Unlike there, a
    NumPy array of floats is not changed in place, and tensors of integers are cast.
    """
    data_format = data_format or image_data_format()
    _one_of("mode", mode, ("caffe", "tf", "torch"))
    _one_of("data_format", data_format, ("channels_first", "channels_last"))
    if is_tensor(x):
        images = x if x.dtype.is_floating else cast(x, floatx())
    else:
        images = np.asarray(x)
        if not np.issubdtype(images.dtype, np.floating):
            images = images.astype(floatx())
    if mode == "tf":
        return images / 127.5 - 1.0
    axis = -1 if data_format == "channels_last" else -3
    if mode == "torch":
        centred = images / 255.0 - _channel(_RGB_MEAN, axis, images)
        return centred / _channel(_RGB_DEVIATION, axis, images)
    reverse = slice(None, None, -1)
    swapped = images[..., reverse] if axis == -1 else images[..., reverse, :, :]
    return swapped - _channel(_BGR_MEAN, axis, images)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, Any]]]:
    """Names the likeliest classes of ImageNet.

    The names are downloaded on first use.

    Args:
        preds: the scores of the classes, ``(B, 1000)``, as an array or a tensor.
        top: how many classes are named.

    Returns:
        For each image a list of (identifier, description, score), such as
        ``("n02123045", "tabby", 0.9)``, the best first.

    Raises:
        ValueError: `preds` has another shape.
        OSError: the names of the classes cannot be downloaded.

    Reference: ``keras.applications.imagenet_utils.decode_predictions``.
    """
    scores = preds.numpy() if is_tensor(preds) else np.asarray(preds)
    if scores.ndim != 2 or scores.shape[1] != _CLASSES:
        raise ValueError(
            message(
                f"{_NAME}.decode_predictions",
                expected=f"predictions of shape (B, {_CLASSES})",
                received=f"shape {scores.shape}",
                hint="It names the classes of ImageNet only; add a first axis to a "
                "single prediction.",
            )
        )
    names = _class_names()
    results = []
    for row in scores:
        best = row.argsort()[-top:][::-1]
        found = [(*names[index], row[index]) for index in best]
        results.append(sorted(found, key=lambda each: each[2], reverse=True))
    return results


@cache
def _class_names() -> list[tuple[str, str]]:
    """The identifier and the description of each class of ImageNet."""
    path = get_file(
        "imagenet_class_index.json",
        _CLASSES_ORIGIN,
        cache_subdir="models",
        file_hash=_CLASSES_MD5,
    )
    index = json.loads(Path(path).read_text(encoding="utf-8"))
    return [tuple(index[str(place)]) for place in range(_CLASSES)]


def _channel(values: tuple[float, ...], axis: int, images: Any) -> Any:
    """Three numbers in a shape that broadcasts along the channels of images."""
    shape = (3,) if axis == -1 else (3, 1, 1)
    if is_tensor(images):
        array = np.reshape(values, shape)
        return convert_to_tensor(array, dtype=images.dtype)
    return np.reshape(values, shape).astype(images.dtype)


def _one_of(argument: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(
            message(
                f"{_NAME}.preprocess_input",
                expected=f"`{argument}` to be one of {', '.join(allowed)}",
                received=f"{argument}={value!r}",
                hint="See the model's own preprocess_input for what it expects.",
            )
        )
