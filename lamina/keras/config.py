"""The settings of `keras.config`, read from `~/.keras/keras.json` and changed here."""

from __future__ import annotations

import json
import os
from typing import Any

from lamina._names import attach
from lamina.keras.common.state import get_global_attribute, set_global_attribute

_FLOAT_TYPES = ("bfloat16", "float16", "float32", "float64")
_IMAGE_FORMATS = ("channels_last", "channels_first")
_SETTINGS: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "max_epochs": None,
    "max_steps_per_epoch": None,
}


def backend() -> str:
    """The name of the backend: `"tensorflow"`, whose API Lamina answers to.

    Reference: `keras.config.backend`.
    """
    return "tensorflow"


def floatx() -> str:
    """The default float type, as a string.

    Reference: `keras.config.floatx`.
    """
    return _SETTINGS["floatx"]


def set_floatx(value: str) -> None:
    """Set the default float type.

    Args:
        value: `"bfloat16"`, `"float16"`, `"float32"` or `"float64"`.

    Raises:
        ValueError: `value` is another string.

    Reference: `keras.config.set_floatx`.
    """
    _choose("floatx", value, _FLOAT_TYPES)


def epsilon() -> float:
    """The small number that Keras adds to denominators.

    Reference: `keras.config.epsilon`.
    """
    return _SETTINGS["epsilon"]


def set_epsilon(value: float) -> None:
    """Set the small number that Keras adds to denominators.

    Reference: `keras.config.set_epsilon`.
    """
    _SETTINGS["epsilon"] = value


def image_data_format() -> str:
    """`"channels_last"` or `"channels_first"`: where images have their channels.

    Reference: `keras.config.image_data_format`.
    """
    return _SETTINGS["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set where images have their channels.

    Raises:
        ValueError: `data_format` is neither of the two names.

    Reference: `keras.config.set_image_data_format`.
    """
    _choose("image_data_format", str(data_format), _IMAGE_FORMATS)


def standardize_data_format(data_format: str | None) -> str:
    """`data_format` in lower case, or the global setting for `None`.

    Raises:
        ValueError: `data_format` is neither of the two names.
    """
    if data_format is None:
        return image_data_format()
    lowered = str(data_format).lower()
    if lowered not in _IMAGE_FORMATS:
        raise ValueError(
            "The `data_format` argument must be one of "
            f"{set(_IMAGE_FORMATS)}. Received: data_format={data_format}"
        )
    return lowered


def is_flash_attention_enabled() -> bool | None:
    """Whether attention may use a fused kernel; `None` leaves it to the platform.

    Reference: `keras.config.is_flash_attention_enabled`.
    """
    return get_global_attribute("flash_attention")


def enable_flash_attention() -> None:
    """Let attention use a fused kernel.

    Reference: `keras.config.enable_flash_attention`.
    """
    set_global_attribute("flash_attention", True)


def disable_flash_attention() -> None:
    """Keep attention from using a fused kernel.

    Reference: `keras.config.disable_flash_attention`.
    """
    set_global_attribute("flash_attention", False)


def max_epochs() -> int | None:
    """The most epochs that `fit` runs, or `None` for no bound.

    Reference: `keras.config.max_epochs`.
    """
    return _SETTINGS["max_epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Bound the epochs that `fit` runs.

    Reference: `keras.config.set_max_epochs`.
    """
    _SETTINGS["max_epochs"] = max_epochs


def max_steps_per_epoch() -> int | None:
    """The most steps of an epoch, or `None` for no bound.

    Reference: `keras.config.max_steps_per_epoch`.
    """
    return _SETTINGS["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Bound the steps of an epoch.

    Reference: `keras.config.set_max_steps_per_epoch`.
    """
    _SETTINGS["max_steps_per_epoch"] = max_steps_per_epoch


def enable_interactive_logging() -> None:
    """Print progress bars and summaries to standard output.

    Reference: `keras.config.enable_interactive_logging`.
    """
    set_global_attribute("interactive_logging", True)


def disable_interactive_logging() -> None:
    """Send progress lines to `logging` instead of standard output.

    Reference: `keras.config.disable_interactive_logging`.
    """
    set_global_attribute("interactive_logging", False)


def is_interactive_logging_enabled() -> bool:
    """Whether progress goes to standard output.

    Reference: `keras.config.is_interactive_logging_enabled`.
    """
    return get_global_attribute("interactive_logging") is not False


def enable_traceback_filtering() -> None:
    """Hide the package's own frames in errors.

    Reference: `keras.config.enable_traceback_filtering`.
    """
    set_global_attribute("traceback_filtering", True)


def disable_traceback_filtering() -> None:
    """Show the package's own frames in errors.

    Reference: `keras.config.disable_traceback_filtering`.
    """
    set_global_attribute("traceback_filtering", False)


def is_traceback_filtering_enabled() -> bool:
    """Whether the package's own frames are hidden in errors.

    Reference: `keras.config.is_traceback_filtering_enabled`.
    """
    return get_global_attribute("traceback_filtering") is not False


def enable_unsafe_deserialization() -> None:
    """Accept `safe_mode=False` as the default when a file is loaded.

    Lambdas stored in files are refused nevertheless: Lamina never runs code that
    comes from a file. Pass the function in `custom_objects`.

    Reference: `keras.config.enable_unsafe_deserialization`.
    """
    set_global_attribute("safe_mode_saving", False)


def _choose(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(
            f"Unknown `{name}` value: {value}. Expected one of {sorted(choices)}."
        )
    _SETTINGS[name] = str(value)


def _read_settings() -> None:
    home = os.environ.get("KERAS_HOME") or os.path.join(
        os.path.expanduser("~"), ".keras"
    )
    try:
        with open(os.path.join(home, "keras.json"), encoding="utf-8") as file:
            stored = json.load(file)
    except (OSError, ValueError):
        return
    if not isinstance(stored, dict):
        return
    if stored.get("floatx") in _FLOAT_TYPES:
        _SETTINGS["floatx"] = stored["floatx"]
    if isinstance(stored.get("epsilon"), float):
        _SETTINGS["epsilon"] = stored["epsilon"]
    if stored.get("image_data_format") in _IMAGE_FORMATS:
        _SETTINGS["image_data_format"] = stored["image_data_format"]


_read_settings()

# Settings that are kept elsewhere, such as the dtype policy, are found by name.
__getattr__, __dir__ = attach(__name__)
