"""What the constructors of ready-made image models have in common.

A constructor packs its arguments into a `Request`, asks `image_input` for the symbolic
image, builds its blocks, ends them with `pooled_top` or a top of its own, and lets
`finished_model` make the model and read its weights.
"""

from __future__ import annotations

import os
import warnings
from typing import Any, Final, NamedTuple

from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.keras import activations
from lamina.keras.config import image_data_format
from lamina.keras.layers.core.dense import Dense
from lamina.keras.layers.core.input_layer import Input
from lamina.keras.layers.pooling.global_pooling import (
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
)
from lamina.keras.models.functional import Functional
from lamina.keras.models.graph_walk import get_source_inputs
from lamina.keras.utils.downloads import get_file

IMAGENET_CLASSES: Final = 1000
_RANK: Final = 3


class Request(NamedTuple):
    """The arguments that every image model takes, and its public name.

    Attributes:
        path: the public name of the constructor, for messages.
        include_top: whether the classifier is part of the model.
        weights: ``"imagenet"``, the path of a file, or None for random weights.
        input_tensor: the symbolic image to build on, or None for a new input.
        input_shape: the shape of one image, or None for the usual one.
        pooling: without the classifier, ``"avg"`` or ``"max"`` over the positions;
            anything else leaves them.
        classes: the number of classes of the classifier.
        classifier_activation: the activation of the classifier.
        name: the name of the model.
    """

    path: str
    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: str | None
    classes: int
    classifier_activation: Any
    name: str

    def mistake(self, expected: str, received: str, hint: str) -> ValueError:
        """The error for an argument that does not fit."""
        text = message(self.path, expected=expected, received=received, hint=hint)
        return ValueError(text)


class WeightFile(NamedTuple):
    """A published file of weights.

    Attributes:
        name: the name of the file.
        origin: its address.
        md5: its sum.
    """

    name: str
    origin: str
    md5: str


def image_input(request: Request, default_size: int, min_size: int) -> KerasTensor:
    """Checks a request and returns the symbolic image that the model starts from.

    Args:
        request: the constructor's arguments.
        default_size: the usual height and width of images.
        min_size: the least height and width that the model can take.

    Raises:
        ValueError: the weights, the number of classes, the activation or the shape
            are unknown or do not go together.
    """
    _check_weights(request)
    shape = _image_shape(request, default_size, min_size)
    if request.input_tensor is None:
        return Input(shape=shape)
    if isinstance(request.input_tensor, KerasTensor):
        return request.input_tensor
    raise request.mistake(
        "`input_tensor` to be symbolic",
        f"a value of type {type(request.input_tensor).__name__}",
        "Pass keras.Input(shape=(height, width, 3)), or call the model on the value.",
    )


def pooled_top(request: Request, x: KerasTensor) -> KerasTensor:
    """Ends a model with pooling over all positions and, if asked for, the classifier.

    Args:
        request: the constructor's arguments.
        x: the last features, ``(B, H, W, C)``.

    Returns:
        ``(B, classes)`` with the classifier, else ``(B, C)`` if pooled, else `x`.
    """
    if request.include_top or request.pooling == "avg":
        x = GlobalAveragePooling2D(name="avg_pool")(x)
    elif request.pooling == "max":
        x = GlobalMaxPooling2D(name="max_pool")(x)
    if not request.include_top:
        return x
    return Dense(
        request.classes, activation=request.classifier_activation, name="predictions"
    )(x)


def finished_model(
    request: Request, image: KerasTensor, outputs: KerasTensor, published: WeightFile
) -> Functional:
    """Makes the model and reads the weights that were asked for.

    Args:
        request: the constructor's arguments.
        image: what `image_input` returned.
        outputs: the end of the model.
        published: the file that stands for ``weights="imagenet"``.

    Raises:
        OSError: the published file cannot be downloaded.
        ValueError: the file does not fit the model, or is not the published one.
    """
    given = request.input_tensor
    inputs = image if given is None else get_source_inputs(given)
    model = Functional(inputs, outputs, name=request.name)
    if request.weights is not None:
        model.load_weights(_weights_path(request, published))
    return model


def _weights_path(request: Request, published: WeightFile) -> str:
    if request.weights != "imagenet":
        return os.fspath(request.weights)
    return get_file(
        published.name,
        published.origin,
        cache_subdir="models",
        file_hash=published.md5,
    )


def _check_weights(request: Request) -> None:
    weights, classes = request.weights, request.classes
    if weights is None:
        return
    is_path = isinstance(weights, (str, os.PathLike))
    if weights != "imagenet" and not (is_path and os.path.exists(weights)):
        raise request.mistake(
            "`weights` to be 'imagenet', None or the path of an existing file",
            f"weights={weights!r}",
            "weights=None starts from random values.",
        )
    if not request.include_top:
        return
    if weights == "imagenet" and classes != IMAGENET_CLASSES:
        raise request.mistake(
            f"`classes` to be {IMAGENET_CLASSES} with the classifier of ImageNet",
            f"classes={classes!r}",
            "Pass include_top=False and add a Dense layer with your own classes.",
        )
    activation = activations.get(request.classifier_activation)
    if activation not in (activations.get("softmax"), activations.get(None)):
        raise request.mistake(
            "`classifier_activation` to be 'softmax' or None with trained weights",
            f"classifier_activation={request.classifier_activation!r}",
            "None gives the logits; apply another function to these.",
        )


def _image_shape(
    request: Request, default_size: int, min_size: int
) -> tuple[int | None, ...]:
    """The shape of one image, from the argument or the usual one."""
    first = image_data_format() == "channels_first"
    usual = _with_channels((default_size, default_size), 3, first)
    published = request.weights == "imagenet"
    if not request.input_shape:
        if request.include_top:
            return usual
        return _with_channels((None, None), 3, first)
    shape = tuple(request.input_shape)
    if published and request.include_top and shape != usual:
        raise request.mistake(
            f"`input_shape` to be {usual} with the classifier of ImageNet",
            f"input_shape={shape}",
            "Resize the images, or pass include_top=False.",
        )
    if len(shape) != _RANK:
        raise request.mistake(
            "`input_shape` to be a tuple of three integers",
            f"input_shape={shape}",
            f"The usual one is {usual}.",
        )
    _check_sizes(request, shape[1:] if first else shape[:2], min_size)
    _check_channels(request, shape[0] if first else shape[-1])
    return shape


def _check_sizes(
    request: Request, sizes: tuple[int | None, ...], min_size: int
) -> None:
    if any(size is not None and size < min_size for size in sizes):
        raise request.mistake(
            f"images of at least {min_size}x{min_size} pixels",
            f"input_shape={tuple(request.input_shape)}",
            "Resize the images, for example with tf.image.resize.",
        )
    if request.include_top and None in sizes:
        raise request.mistake(
            "a fixed height and width with include_top=True",
            f"input_shape={tuple(request.input_shape)}",
            "Fill in the size, or pass include_top=False.",
        )


def _check_channels(request: Request, channels: int) -> None:
    if request.weights == "imagenet" and channels != 3:
        raise request.mistake(
            "images of 3 channels with weights='imagenet'",
            f"input_shape={tuple(request.input_shape)}",
            "Repeat a grey image three times, for example with tf.repeat.",
        )
    if channels not in (1, 3):
        warnings.warn(
            f"{request.path}: images usually have 1 or 3 channels; `input_shape` "
            f"{tuple(request.input_shape)} has {channels}. Check the order of its "
            "sizes.",
            stacklevel=6,
        )


def _with_channels(
    sizes: tuple[int | None, int | None], channels: int, first: bool
) -> tuple[int | None, ...]:
    return (channels, *sizes) if first else (*sizes, channels)
