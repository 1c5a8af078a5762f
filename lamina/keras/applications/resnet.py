"""Residual networks: ResNet50, ResNet101 and ResNet152.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016
(https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

from typing import Any, Final

from lamina.engine.graph import KerasTensor
from lamina.keras.applications import imagenet_utils
from lamina.keras.applications.image_models import (
    Request,
    WeightFile,
    finished_model,
    image_input,
    pooled_top,
)
from lamina.keras.config import image_data_format
from lamina.keras.layers.activation.activation import Activation
from lamina.keras.layers.convolutional.conv import Conv2D
from lamina.keras.layers.merging.elementwise import Add
from lamina.keras.layers.normalization.batch_normalization import BatchNormalization
from lamina.keras.layers.pooling.window_pooling import MaxPooling2D
from lamina.keras.layers.reshaping.padding import ZeroPadding2D
from lamina.keras.models.functional import Functional

_HOME: Final = "https://storage.googleapis.com/tensorflow/keras-applications/resnet/"
_EPSILON: Final = 1.001e-5
DEFAULT_SIZE: Final = 224
MIN_SIZE: Final = 32
WIDTHS: Final = (64, 128, 256, 512)

WEIGHTS: Final = {
    "resnet50": (
        "2cb95161c43110f7111970584f804107",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    "resnet101": (
        "f1aeb4b969a6efcfb50fad2f0c20cfc5",
        "88cf7a10940856eca736dc7b7e228a21",
    ),
    "resnet152": (
        "100835be76be38e30d865e96f2aaae62",
        "ee4c566cf9a93f14d82f913c2dc6dd0c",
    ),
}
"""The MD5 sums of the published weights: with the classifier, and without."""


def ResNet50(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet50",
) -> Functional:
    """Makes the residual network of 50 layers.

    Images are prepared with `keras.applications.resnet.preprocess_input`.

    Args:
        include_top: whether the classifier is part of the model.
        weights: ``"imagenet"`` downloads the published weights; the path of a file
            reads that; None starts from random values.
        input_tensor: a symbolic image to build on, instead of a new input.
        input_shape: the shape of one image, at least 32 pixels high and wide;
            ``(224, 224, 3)`` with the classifier, and any size without, if None.
        pooling: without the classifier, ``"avg"`` or ``"max"`` reduces the features
            over all positions; anything else leaves them.
        classes: the number of classes; 1000 with the classifier of ImageNet.
        classifier_activation: the activation of the classifier; None gives logits.
        name: the name of the model.

    Returns:
        A model from ``(B, H, W, 3)`` to ``(B, classes)``; without the classifier, to
        ``(B, ceil(H / 32), ceil(W / 32), 2048)`` or, pooled, ``(B, 2048)``.

    Raises:
        ValueError: arguments are unknown or do not go together.
        OSError: the weights cannot be downloaded.

    Example:
        >>> import lamina as tf
        >>> model = tf.keras.applications.ResNet50(weights=None, include_top=False)
        >>> model.count_params()
        23587712

    Reference: ``keras.applications.ResNet50``. An activation that does not fit trained
    weights is refused before the network is built.
    """
    return _residual_network(
        Request(
            "keras.applications.ResNet50",
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
        published="resnet50",
    )


def ResNet101(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet101",
) -> Functional:
    """Makes the residual network of 101 layers.

    Its arguments, result and errors are those of `keras.applications.ResNet50`.

    Reference: ``keras.applications.ResNet101``.
    """
    return _residual_network(
        Request(
            "keras.applications.ResNet101",
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
        published="resnet101",
    )


def ResNet152(
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str = "resnet152",
) -> Functional:
    """Makes the residual network of 152 layers.

    Its arguments, result and errors are those of `keras.applications.ResNet50`.

    Reference: ``keras.applications.ResNet152``.
    """
    return _residual_network(
        Request(
            "keras.applications.ResNet152",
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
        published="resnet152",
    )


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Prepares images for residual networks: BGR, minus the mean of ImageNet.

    Args:
        x: one image or several with RGB values from 0 to 255, ``(H, W, 3)`` or
            ``(B, H, W, 3)``; channels before the height with the channels first.
        data_format: ``"channels_last"`` or ``"channels_first"``; the setting of
            `keras.config.image_data_format` if None.

    Returns:
        The images, of the same shape, floating. A NumPy array gives a NumPy array.

    Raises:
        ValueError: an unknown data format.

    Reference: ``keras.applications.resnet.preprocess_input``. Unlike there, a NumPy
    array of floats is not changed in place.
    """
    return imagenet_utils.preprocess_input(x, data_format=data_format, mode="caffe")


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

    Reference: ``keras.applications.resnet.decode_predictions``.
    """
    return imagenet_utils.decode_predictions(preds, top=top)


def _residual_network(
    request: Request, blocks: tuple[int, ...], published: str
) -> Functional:
    image = image_input(request, DEFAULT_SIZE, MIN_SIZE)
    x = ZeroPadding2D(3, name="conv1_pad")(image)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = activated(normalized(x, "conv1_bn"), "conv1_relu")
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, count) in enumerate(zip(WIDTHS, blocks, strict=True), 2):
        for index in range(1, count + 1):
            stride = 2 if index == 1 and stage > 2 else 1
            x = _block(x, filters, stride, index == 1, f"conv{stage}_block{index}")
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
        stride: the step of its first convolution.
        project: whether the input passes a convolution before it is added.
        name: what the names of its layers start with.
    """
    shortcut = x
    if project:
        shortcut = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        shortcut = normalized(shortcut, f"{name}_0_bn")
    x = Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = activated(normalized(x, f"{name}_1_bn"), f"{name}_1_relu")
    x = Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = activated(normalized(x, f"{name}_2_bn"), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = normalized(x, f"{name}_3_bn")
    return activated(Add(name=f"{name}_add")([shortcut, x]), f"{name}_out")


def normalized(x: KerasTensor, name: str) -> KerasTensor:
    """Batch normalisation of the channels."""
    axis = 3 if image_data_format() == "channels_last" else 1
    return BatchNormalization(axis=axis, epsilon=_EPSILON, name=name)(x)


def activated(x: KerasTensor, name: str) -> KerasTensor:
    """The positive part."""
    return Activation("relu", name=name)(x)


def weight_file(published: str, sums: tuple[str, str], include_top: bool) -> WeightFile:
    """The published weights of a residual network.

    Args:
        published: the name of the network.
        sums: the MD5 sums of the file with the classifier and of the one without.
        include_top: whether the classifier is part of the model.
    """
    ending = "" if include_top else "_notop"
    file_name = f"{published}_weights_tf_dim_ordering_tf_kernels{ending}.h5"
    return WeightFile(file_name, _HOME + file_name, sums[0 if include_top else 1])
