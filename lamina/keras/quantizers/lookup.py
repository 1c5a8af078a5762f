"""Finding quantizers and their configs by name, config, class or instance."""

from __future__ import annotations

import inspect
from typing import Any

from lamina.engine.errors import message
from lamina.keras.quantizers.calibration import AWQConfig, GPTQConfig
from lamina.keras.quantizers.configs import (
    Float8QuantizationConfig,
    Int4QuantizationConfig,
    Int8QuantizationConfig,
    QuantizationConfig,
)
from lamina.keras.quantizers.quantizer import AbsMaxQuantizer, Quantizer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)

_NAMES: dict[str, Any] = {
    "AWQConfig": AWQConfig,
    "AbsMaxQuantizer": AbsMaxQuantizer,
    "Float8QuantizationConfig": Float8QuantizationConfig,
    "GPTQConfig": GPTQConfig,
    "Int4QuantizationConfig": Int4QuantizationConfig,
    "Int8QuantizationConfig": Int8QuantizationConfig,
    "QuantizationConfig": QuantizationConfig,
    "Quantizer": Quantizer,
    "abs_max_quantizer": AbsMaxQuantizer,
    "float8_quantization_config": Float8QuantizationConfig,
    "int4_quantization_config": Int4QuantizationConfig,
    "int8_quantization_config": Int8QuantizationConfig,
    "quantizer": Quantizer,
}


def serialize(initializer: Any) -> Any:
    """Returns the JSON-able description of a quantizer or config.

    Args:
        initializer: The object (the parameter's name is Keras's).

    Reference: `keras.quantizers.serialize`.
    """
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Makes a quantizer or config from what `serialize` returned.

    Args:
        config: The description.
        custom_objects: Classes by name, searched first.

    Reference: `keras.quantizers.deserialize`.
    """
    return deserialize_keras_object(
        config, module_objects=_NAMES, custom_objects=custom_objects
    )


def get(identifier: Any, **kwargs: Any) -> Any:
    """Returns the quantizer that `identifier` means.

    Args:
        identifier: A name, a config dict, a class, an instance, or None (which
            gives None).
        **kwargs: Arguments of the constructor, for a name or a class.

    Raises:
        ValueError: `identifier` means no quantizer.

    Reference: `keras.quantizers.get`. Keras gives the constructor its arguments as
    one dict, in place of the first; Lamina gives them by name.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        found = _NAMES.get(identifier)
    else:
        found = identifier
    if inspect.isclass(found):
        found = found(**kwargs)
    if not callable(found) and not isinstance(found, QuantizationConfig):
        raise ValueError(
            message(
                "keras.quantizers.get",
                expected="the name, config, class or instance of a quantizer",
                received=repr(identifier),
                hint=f"Could not interpret quantizer identifier: {identifier}",
            )
        )
    return found
