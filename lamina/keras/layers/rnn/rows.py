"""Which layers treat every row of a batch by itself."""

from __future__ import annotations

import re
from typing import Any

from lamina.keras.layers.base import Layer

_ROWS = {
    *("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "Identity"),
    *("Dense", "Embedding", "Flatten", "InputLayer", "Permute", "RepeatVector"),
    *("Reshape", "Rescaling", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("GroupNormalization", "LayerNormalization", "RMSNormalization"),
    *("GRU", "LSTM", "SimpleRNN"),
    *("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"),
}
_FAMILIES = (
    *("AveragePooling", "MaxPooling", "GlobalAveragePooling", "GlobalMaxPooling"),
    *("Conv", "DepthwiseConv", "SeparableConv", "SpatialDropout"),
    *("Cropping", "UpSampling", "ZeroPadding"),
)
_MODELS = {"Functional", "Sequential"}


_FORMS = re.compile(r"[123]D(Transpose)?$")


def treats_rows_alone(layer: Any, training: Any) -> bool:
    """Whether a layer's output for a row depends on that row only.

    True only for layers of this package whose options are known to keep rows apart;
    a model counts if all its layers do.

    Args:
        layer: a layer, or an operation of a model.
        training: how it is called; batch normalisation mixes rows when training.
    """
    if not _is_plain(layer):
        return False
    name = type(layer).__name__
    if name in _MODELS:
        return all(treats_rows_alone(part, training) for part in _parts(layer))
    if name == "BatchNormalization":
        return not (training and layer.trainable)
    axes = getattr(layer, "axis", -1)
    if 0 in (axes if isinstance(axes, list | tuple) else [axes]):
        return False
    if getattr(layer, "noise_shape", None) is not None:
        return False
    return name in _ROWS or _FORMS.sub("", name) in _FAMILIES


def only_writes_variables(layer: Any) -> bool:
    """Whether a call leaves nothing behind but new values of variables.

    Such a layer may run in a compiled loop. True only for layers of this package.
    """
    if not _is_plain(layer):
        return False
    name = type(layer).__name__
    if name in _MODELS:
        return all(map(only_writes_variables, _parts(layer)))
    return name == "BatchNormalization" or treats_rows_alone(layer, False)


def _is_plain(layer: Any) -> bool:
    if not isinstance(layer, Layer) or not _is_ours(type(layer)):
        return False
    if layer.activity_regularizer is not None or getattr(layer, "stateful", False):
        return False
    functions = ("activation", "recurrent_activation")
    return all(_is_ours(getattr(layer, name, _is_ours)) for name in functions)


def _is_ours(thing: Any) -> bool:
    return thing is None or thing.__module__.startswith("lamina.")


def _parts(model: Any) -> list[Any]:
    return getattr(model, "operations", None) or model.layers
