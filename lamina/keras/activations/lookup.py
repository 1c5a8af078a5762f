"""Finding activations by name or config."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.engine.errors import message
from lamina.keras.activations import rectifiers, smooth
from lamina.keras.saving.family import Family
from lamina.keras.saving.registry import get_registered_name
from lamina.keras.saving.serialization import serialize_keras_object

_BUILT_IN = (
    smooth.celu,
    smooth.elu,
    smooth.exponential,
    smooth.gelu,
    smooth.glu,
    rectifiers.hard_shrink,
    rectifiers.hard_sigmoid,
    rectifiers.hard_silu,
    rectifiers.hard_tanh,
    rectifiers.leaky_relu,
    smooth.linear,
    smooth.log_sigmoid,
    smooth.log_softmax,
    smooth.mish,
    rectifiers.relu,
    rectifiers.relu6,
    smooth.selu,
    smooth.sigmoid,
    smooth.silu,
    rectifiers.soft_shrink,
    smooth.softmax,
    smooth.softplus,
    smooth.softsign,
    rectifiers.sparse_plus,
    rectifiers.sparse_sigmoid,
    rectifiers.sparsemax,
    smooth.squareplus,
    smooth.tanh,
    smooth.tanh_shrink,
    rectifiers.threshold,
)
_FAMILY = Family(
    "keras.activations",
    "activation function",
    {
        **{function.__name__: function for function in _BUILT_IN},  # type: ignore[union-attr]
        "swish": smooth.silu,
        "hard_swish": rectifiers.hard_silu,
    },
)


def serialize(activation: Any) -> Any:
    """Returns the name of a built-in activation, or the config of another one.

    Args:
        activation: A function or a callable object with `get_config`.

    Returns:
        A string for a function of `keras.activations`, else a JSON-able dict.

    Raises:
        ValueError: The function has no name that a config could hold.

    Reference: `keras.activations.serialize`.
    """
    if any(activation is function for function in _BUILT_IN):
        return activation.__name__
    config = serialize_keras_object(activation)
    if not isinstance(config, dict) or "config" not in config:
        raise ValueError(
            message(
                "keras.activations.serialize",
                expected="a built-in activation or a registered function",
                received=f"Unknown activation function '{activation}', which cannot "
                f"be serialized: config={config}",
                hint="Register it with @keras.saving.register_keras_serializable().",
            )
        )
    if isinstance(config["config"], str):
        config["config"] = get_registered_name(activation)
    return config


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Returns the activation that a name or config describes.

    Args:
        config: What `serialize` returned.
        custom_objects: Functions by name, searched first.

    Reference: `keras.activations.deserialize`.
    """
    return _FAMILY.deserialize(config, custom_objects)


def get(identifier: Any) -> Callable[..., Any]:
    """Returns the activation that `identifier` means.

    Args:
        identifier: A name such as `"relu"`, a config dict, a callable, or None for
            `linear`.

    Raises:
        ValueError: `identifier` means no activation.

    Reference: `keras.activations.get`.
    """
    if identifier is None:
        return smooth.linear
    return _FAMILY.get(identifier)
