"""Residual networks whose blocks start with their activation: ResNet50V2 and deeper.

He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks, ECCV 2016
(https://arxiv.org/abs/1603.05027).
"""

from __future__ import annotations

from typing import Any, Final

from lamina.engine.graph import KerasTensor
from lamina.keras.applications import imagenet_utils
from lamina.keras.applications.image_models import (
    Request,
    finished_model,
    image_input,
    pooled_top,
)
from lamina.keras.applications.resnet import (
    DEFAULT_SIZE,
    MIN_SIZE,
    WIDTHS,
    activated,
    normalized,
    weight_file,
)
from lamina.keras.layers.convolutional.conv import Conv2D
from lamina.keras.layers.merging.elementwise import Add
from lamina.keras.layers.pooling.window_pooling import MaxPooling2D
from lamina.keras.layers.reshaping.padding import ZeroPadding2D
from lamina.keras.models.functional import Functional

WEIGHTS: Final = {
    "resnet50v2": (
        "3ef43a0b657b3be2300d5770ece849e0",
        "fac2f116257151a9d068a22e544a4917",
    ),
    "resnet101v2": (
        "6343647c601c52e1368623803854d971",
        "c0ed64b8031c3730f411d2eb4eea35b5",
    ),
    "resnet152v2": (
        "a49b44d1979771252814e80f8ec446f9",
        "ed17cf2e0169df9d443503ef94b23b33",
    ),
}
"""The MD5 sums of the published weights: with the classifier, and without."""


def ResNet50V2(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet50v2",
) -> Functional:
    """Makes the residual network of 50 layers that activates before it convolves.

    Images are prepared with `keras.applications.resnet_v2.preprocess_input`; the
    arguments, result and errors are those of `keras.applications.ResNet50`.

    Reference: ``keras.applications.ResNet50V2``.
    """
    return _residual_network(
        Request(
            "keras.applications.ResNet50V2",
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
            name,
        ),
        blocks=(3, 4, 6, 3),
        published="resnet50v2",
    )


def ResNet101V2(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet101v2",
) -> Functional:
    """Makes the residual network of 101 layers that activates before it convolves.

    Images are prepared with `keras.applications.resnet_v2.preprocess_input`; the
    arguments, result and errors are those of `keras.applications.ResNet50`.

    Reference: ``keras.applications.ResNet101V2``.
    """
    return _residual_network(
        Request(
            "keras.applications.ResNet101V2",
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
            name,
        ),
        blocks=(3, 4, 23, 3),
        published="resnet101v2",
    )


def ResNet152V2(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet152v2",
) -> Functional:
    """Makes the residual network of 152 layers that activates before it convolves.

    Images are prepared with `keras.applications.resnet_v2.preprocess_input`; the
    arguments, result and errors are those of `keras.applications.ResNet50`.

    Reference: ``keras.applications.ResNet152V2``.
    """
    return _residual_network(
        Request(
            "keras.applications.ResNet152V2",
            include_top,
            weights,
            input_tensor,
            input_shape,
            pooling,
            classes,
            classifier_activation,
            name,
        ),
        blocks=(3, 8, 36, 3),
        published="resnet152v2",
    )


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Prepares images for these networks: scaled to -1 … 1.

    Args:
        x: one image or several with RGB values from 0 to 255.
        data_format: ``"channels_last"`` or ``"channels_first"``; no matter here.

    Returns:
        The images, of the same shape, floating. A NumPy array gives a NumPy array.

    Raises:
        ValueError: an unknown data format.

    Reference: ``keras.applications.resnet_v2.preprocess_input``. Unlike there, a NumPy
    array of floats is not changed in place.
    """
    return imagenet_utils.preprocess_input(x, data_format=data_format, mode="tf")


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, Any]]]:
    """Names the likeliest classes of ImageNet; see `imagenet_utils`.

    Args:
        preds: the scores of the classes, ``(B, 1000)``.
        top: how many classes are named.

    Returns:
        For each image a list of (identifier, description, score), the best first.

    Raises:
        ValueError: `preds` has another shape.
        OSError: the names of the classes cannot be downloaded.

    Reference: ``keras.applications.resnet_v2.decode_predictions``.
    """
    return imagenet_utils.decode_predictions(preds, top=top)


def _residual_network(
    request: Request, blocks: tuple[int, ...], published: str
) -> Functional:
    image = image_input(request, DEFAULT_SIZE, MIN_SIZE)
    x = ZeroPadding2D(3, name="conv1_pad")(image)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, count) in enumerate(zip(WIDTHS, blocks, strict=True), 2):
        for index in range(1, count + 1):
            stride = 2 if index == count and stage < 5 else 1
            x = _block(x, filters, stride, index == 1, f"conv{stage}_block{index}")
    x = activated(normalized(x, "post_bn"), "post_relu")
    outputs = pooled_top(request, x)
    sums = WEIGHTS[published]
    return finished_model(
        request, image, outputs, weight_file(published, sums, request.include_top)
    )


def _block(
    x: KerasTensor, filters: int, stride: int, project: bool, name: str
) -> KerasTensor:
    """Three convolutions whose result is added to their input.

    Args:
        x: the features, ``(B, H, W, C)``.
        filters: the channels inside the block, a quarter of those of its output.
        stride: the step of its second convolution.
        project: whether the input passes a convolution before it is added.
        name: what the names of its layers start with.
    """
    active = activated(normalized(x, f"{name}_preact_bn"), f"{name}_preact_relu")
    if project:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(active)
    else:
        shortcut = MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(active)
    x = activated(normalized(x, f"{name}_1_bn"), f"{name}_1_relu")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = activated(normalized(x, f"{name}_2_bn"), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return Add(name=f"{name}_out")([shortcut, x])
