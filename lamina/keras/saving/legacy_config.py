"""Configs of Keras 1 and 2, brought into Keras 3's form."""

from __future__ import annotations

from typing import Any

from lamina.keras.saving.serialization import deserialize_keras_object

_CLASSES = {"Model": "Functional"}
_DROPPED: dict[str, tuple[str, ...]] = {
    "GRU": ("implementation", "time_major"),
    "LSTM": ("implementation", "time_major"),
    "SimpleRNN": ("implementation", "time_major"),
    "RNN": ("time_major",),
    "BatchNormalization": ("renorm", "virtual_batch_size", "fused"),
}


def model_from_legacy_config(
    config: dict[str, Any], custom_objects: Any, safe_mode: bool
) -> Any:
    """The model that a Keras 2 (or 3) ``model_config`` describes.

    Raises:
        ValueError: for classes that are not known, or configs that hold code.
    """
    return deserialize_keras_object(
        _modern(config), custom_objects=custom_objects, safe_mode=safe_mode
    )


_OPTIMIZER_SETTINGS = ("jit_compile", "is_legacy_optimizer", "decay")


def modern_optimizer(config: Any) -> Any:
    """An optimizer's config of Keras 2, in Keras 3's form."""
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        return config
    settings = {
        key: value
        for key, value in config["config"].items()
        if key not in _OPTIMIZER_SETTINGS or (key == "decay" and value)
    }
    if isinstance(settings.get("name"), str):
        settings["name"] = settings["name"].lower()
    name = str(config.get("class_name", "")).removeprefix("Custom>")
    return {**config, "class_name": name, "config": settings}


def _modern(value: Any) -> Any:
    if isinstance(value, list):
        return [_modern(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: _modern(item) for key, item in value.items()}
    name = value.get("class_name")
    if not isinstance(name, str) or not isinstance(value.get("config"), dict | list):
        return value
    if isinstance(value["config"], list):  # Keras 1 and 2.1: a Sequential's layers
        value["config"] = {"layers": value["config"]}
    value["class_name"] = _CLASSES.get(name, name)
    config = value["config"]
    for key in _DROPPED.get(name, ()):
        if key not in ("renorm",) or not config.get(key):
            config.pop(key, None)
    if name == "InputLayer":
        for old in ("batch_input_shape",):
            if old in config:
                config.setdefault("batch_shape", config.pop(old))
    if name == "Policy":
        value["class_name"] = "DTypePolicy"
    return value
