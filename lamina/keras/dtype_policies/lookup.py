"""Policies from names and configs, and configs from policies."""

from __future__ import annotations

from typing import Any

from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.dtype_policies.dtype_policy import (
    DTypePolicy,
    FloatDTypePolicy,
    dtype_policy,
)
from lamina.keras.dtype_policies.dtype_policy_map import DTypePolicyMap

_CLASSES: dict[str, type[DTypePolicy]] = {
    "DTypePolicy": DTypePolicy,
    "DTypePolicyMap": DTypePolicyMap,
    "FloatDTypePolicy": FloatDTypePolicy,
    "Policy": DTypePolicy,
}


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """The config of a policy.

    Reference: `keras.dtype_policies.serialize`.
    """
    name = type(dtype_policy).__name__
    return {
        "module": "keras.dtype_policies" if name == "DTypePolicyMap" else "keras",
        "class_name": name,
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The policy that a config describes.

    Raises:
        ValueError: the config names a class that is no known policy.

    Reference: `keras.dtype_policies.deserialize`.
    """
    if not isinstance(config, dict) or "class_name" not in config:
        return get(config)
    name = config["class_name"]
    known = {**_CLASSES, **(custom_objects or {})}
    if name not in known:
        raise ValueError(
            f"keras.dtype_policies.deserialize: expected one of {sorted(known)}. "
            f"Received: class_name={name!r}. Pass your own class in `custom_objects`."
        )
    return known[name].from_config(config.get("config") or {})


def get(identifier: Any) -> DTypePolicy:
    """The policy that `identifier` stands for.

    Args:
        identifier: `None` (the global policy), a policy, its config, its name, or a
            dtype.

    Raises:
        ValueError: `identifier` is none of these.

    Reference: `keras.dtype_policies.get`.
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(str.__str__(identifier))
    try:
        return DTypePolicy(standardize_dtype(identifier))
    except (TypeError, ValueError):
        raise ValueError(
            "Cannot interpret `dtype` argument. Expected a string or an instance of "
            f"DTypePolicy. Received: dtype={identifier}"
        ) from None
