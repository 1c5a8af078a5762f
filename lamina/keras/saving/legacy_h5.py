"""Keras 2's HDF5 layout: whole models, and weights by layer.

Attributes ``model_config`` and ``training_config`` hold JSON; the group
``model_weights`` (or the root of a weights file) lists ``layer_names``, and each
layer's group its ``weight_names``. Reference: the layout that ``model.save("m.h5")``
writes in Keras 1 to 3.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from lamina.keras.saving.archive import UnreadableFile, open_hdf5, replacing
from lamina.keras.saving.legacy_config import (
    model_from_legacy_config,
    modern_optimizer,
)
from lamina.keras.saving.serialization import serialize_keras_object
from lamina.keras.saving.state import read_array, write_array
from lamina.version import KERAS_VERSION

_ATTRIBUTE_LIMIT = 64512


def save_legacy_model(
    model: Any, path: str, overwrite: bool, include_optimizer: bool = True
) -> None:
    """Writes a whole model in Keras 2's layout."""
    config = {"class_name": type(model).__name__, "config": model.get_config()}
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = KERAS_VERSION
        file.attrs["model_config"] = json.dumps(config, default=_jsonable)
        _write_layers(file.create_group("model_weights"), model)
        if include_optimizer and getattr(model, "compiled", False):
            training = dict(model.get_compile_config() or {})
            optimizer = model.optimizer
            training["optimizer_config"] = {
                "class_name": type(optimizer).__name__,
                "config": optimizer.get_config(),
            }
            training.pop("optimizer", None)
            file.attrs["training_config"] = json.dumps(training, default=_jsonable)
            _write_optimizer(file.create_group("optimizer_weights"), optimizer)


def save_legacy_weights(model: Any, path: str, overwrite: bool) -> None:
    """Writes the weights by layer."""
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        _write_layers(file, model)


def _jsonable(value: Any) -> Any:
    return serialize_keras_object(value)


def _write_layers(group: h5py.Group, model: Any) -> None:
    group.attrs["backend"] = "tensorflow"
    group.attrs["keras_version"] = KERAS_VERSION
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in sorted(model.layers, key=lambda layer: layer.name):
        _write_weights(group.create_group(layer.name), _weights_of(layer))
    top = _top_level(model)
    _write_weights(group.create_group("top_level_model_weights"), top)


def _top_level(model: Any) -> list[Any]:
    return [*model._trainable_variables, *model._non_trainable_variables]


def _weights_of(layer: Any) -> list[Any]:
    """Trainable weights first, as Keras 2 ordered them."""
    trainable = [w for w in layer.weights if w.trainable]
    return trainable + [w for w in layer.weights if not w.trainable]


def _write_weights(group: h5py.Group, weights: list[Any]) -> None:
    names = [getattr(weight, "path", weight.name) for weight in weights]
    _write_names(group, "weight_names", names)
    for name, weight in zip(names, weights, strict=True):
        write_array(group, name, weight.numpy())


def _write_optimizer(group: h5py.Group, optimizer: Any) -> None:
    names = [getattr(v, "path", v.name) for v in optimizer.variables]
    _write_names(group, "weight_names", names)
    for name, variable in zip(names, optimizer.variables, strict=True):
        write_array(group, name, variable.numpy())


def _write_names(group: h5py.Group, key: str, names: list[str]) -> None:
    """An attribute of names, in pieces where HDF5's limit asks for it."""
    data = np.array([name.encode() for name in names], dtype="S")
    pieces = max(1, -(-data.nbytes // _ATTRIBUTE_LIMIT))
    if pieces == 1:
        group.attrs[key] = data if names else np.array([], dtype="S1")
        return
    for index, piece in enumerate(np.array_split(data, pieces)):
        group.attrs[f"{key}{index}"] = piece


def _read_names(group: Any, key: str) -> list[str]:
    if key in group.attrs:
        values = list(group.attrs[key])
    else:
        values, index = [], 0
        while f"{key}{index}" in group.attrs:
            values += list(group.attrs[f"{key}{index}"])
            index += 1
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def load_legacy_model(
    path: str, custom_objects: Any, compile: bool, safe_mode: bool
) -> Any:
    """Reads a whole model in Keras 2's layout."""
    with open_hdf5(path, path) as file:
        config = _json_attribute(file, "model_config", path)
        if config is None:
            raise UnreadableFile.of(
                path,
                "a model file with the attribute 'model_config'",
                f"attributes {sorted(file.attrs)}",
                "No model config found: this file holds weights only; build the model "
                "and use model.load_weights.",
            )
        model = model_from_legacy_config(config, custom_objects, safe_mode)
        load_legacy_weights(model, file, False, False)
        training = _json_attribute(file, "training_config", path)
        if compile and training is not None:
            _compile(model, training, file, path)
    return model


def _json_attribute(file: Any, name: str, path: str) -> Any:
    text = file.attrs.get(name)
    if text is None:
        return None
    try:
        return json.loads(text.decode() if isinstance(text, bytes) else text)
    except ValueError as error:
        raise UnreadableFile.of(path, f"JSON in '{name}'", str(error)) from None


def _compile(model: Any, training: dict[str, Any], file: Any, path: str) -> None:
    known = (
        "loss",
        "loss_weights",
        "metrics",
        "weighted_metrics",
        "run_eagerly",
        "jit_compile",
    )
    config = {key: training[key] for key in known if key in training}
    config["optimizer"] = modern_optimizer(training.get("optimizer_config", "rmsprop"))
    try:
        model.compile_from_config(config)
    except (TypeError, ValueError, KeyError) as error:
        warnings.warn(
            f"{path}: the model was loaded but not compiled ({error}). Call "
            "model.compile(...) yourself.",
            stacklevel=5,
        )
        return
    group = file.get("optimizer_weights")
    if group is None or model.optimizer is None:
        return
    arrays = [read_array(group[name]) for name in _read_names(group, "weight_names")]
    variables = list(model.optimizer.variables)
    if len(arrays) + 1 == len(variables):
        del variables[1]  # Keras 2 kept the learning rate in the config only
    shapes = [tuple(v.shape) for v in variables]
    if [array.shape for array in arrays] == shapes:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array.astype(variable.dtype.np_dtype))
    else:
        warnings.warn(
            f"{path}: the optimizer's state in the file ({len(arrays)} arrays) does "
            f"not fit this optimizer ({len(shapes)} variables); training starts with "
            "a fresh one.",
            stacklevel=5,
        )


def load_legacy_weights(
    model: Any, file: Any, by_name: bool, skip_mismatch: bool
) -> None:
    """Reads weights by layer; nothing is changed unless all fit."""
    group = file["model_weights"] if "model_weights" in file else file
    saved = [
        (
            name,
            [
                read_array(group[name][w])
                for w in _read_names(group[name], "weight_names")
            ],
        )
        for name in _read_names(group, "layer_names")
        if name in group
    ]
    plan: list[tuple[Any, np.ndarray[Any, Any]]] = []
    pairs = _by_name(model, saved) if by_name else _by_order(model, saved)
    for layer, name, arrays in pairs:
        weights = _weights_of(layer)
        arrays = _convert(layer, weights, arrays)
        problem = _misfit(weights, arrays)
        if problem is None:
            plan += list(zip(weights, arrays, strict=True))
        elif skip_mismatch:
            warnings.warn(
                f"Skipping loading of weights for layer '{layer.name}': {problem}",
                stacklevel=4,
            )
        else:
            raise ValueError(
                f"Weight mismatch for layer '{layer.name}' (saved as '{name}'): "
                f"{problem}. Build the model with the same sizes, or pass "
                "skip_mismatch=True."
            )
    if "top_level_model_weights" in group:
        inner = group["top_level_model_weights"]
        names = _read_names(inner, "weight_names")
        own = _top_level(model)
        if len(own) == len(names):
            arrays = [read_array(inner[name]) for name in names]
            plan += list(zip(own, arrays, strict=True))
    for weight, array in plan:
        weight.assign(array.astype(np.asarray(weight).dtype))


Pairs = list[tuple[Any, str, list[np.ndarray[Any, Any]]]]


def _by_order(model: Any, saved: Any) -> Pairs:
    layers = [layer for layer in model.layers if layer.weights]
    filled = [(name, arrays) for name, arrays in saved if arrays]
    if len(layers) != len(filled):
        raise ValueError(
            "Layer count mismatch when loading weights from file. Model expected "
            f"{len(layers)} layers, found {len(filled)} saved layers."
        )
    return [
        (layer, name, arrays)
        for layer, (name, arrays) in zip(layers, filled, strict=True)
    ]


def _by_name(model: Any, saved: Any) -> Pairs:
    layers = {layer.name: layer for layer in model.layers}
    return [
        (layers[name], name, arrays)
        for name, arrays in saved
        if name in layers and arrays
    ]


def _misfit(weights: list[Any], arrays: list[Any]) -> str | None:
    if len(weights) != len(arrays):
        return f"the layer has {len(weights)} weights, the file {len(arrays)}"
    for weight, array in zip(weights, arrays, strict=True):
        if tuple(weight.shape) != array.shape:
            return (
                f"weight '{weight.name}' expects shape {tuple(weight.shape)}, the file "
                f"has {array.shape}"
            )
    return None


def _convert(layer: Any, weights: list[Any], arrays: list[Any]) -> list[Any]:
    """Repairs differences between Keras 2's and Keras 3's layouts of a layer."""
    repair = _REPAIRS.get(type(layer).__name__)
    if repair is None or len(arrays) != len(weights):
        return arrays
    return repair(weights, arrays)


def _gru(weights: list[Any], arrays: list[Any]) -> list[Any]:
    """Keras 1 and 2 (reset_after=False) stored a bias of one row."""
    return [
        a.reshape(tuple(w.shape))
        if a.size == int(np.prod(tuple(w.shape))) and a.ndim != len(w.shape)
        else a
        for w, a in zip(weights, arrays, strict=True)
    ]


def _depthwise(weights: list[Any], arrays: list[Any]) -> list[Any]:
    """Weights whose shape only differs by axes of size one."""
    return _gru(weights, arrays)


_REPAIRS: dict[str, Callable[[list[Any], list[Any]], list[Any]]] = {
    "GRU": _gru,
    "GRUCell": _gru,
    "DepthwiseConv2D": _depthwise,
}
