"""Scopes of deserialisation: safe mode, and objects that occur more than once."""

from __future__ import annotations

from typing import Any

from lamina.keras.common.state import get_global_attribute, set_global_attribute


class SafeModeScope:
    """Hand the caller's `safe_mode` to nested deserialisation."""

    def __init__(self, safe_mode: bool | None = True) -> None:
        self.safe_mode = safe_mode

    def __enter__(self) -> None:
        self.original_value = in_safe_mode()
        set_global_attribute("safe_mode_saving", self.safe_mode)

    def __exit__(self, *error: object) -> None:
        set_global_attribute("safe_mode_saving", self.original_value)


def in_safe_mode() -> bool | None:
    """The `safe_mode` of the open scope, or `None` where there is none."""
    return get_global_attribute("safe_mode_saving")


class ObjectSharingScope:
    """Give an object that occurs several times one config and one instance."""

    def __enter__(self) -> None:
        set_global_attribute("shared_objects/id_to_obj_map", {})
        set_global_attribute("shared_objects/id_to_config_map", {})

    def __exit__(self, *error: object) -> None:
        set_global_attribute("shared_objects/id_to_obj_map", None)
        set_global_attribute("shared_objects/id_to_config_map", None)


def get_shared_object(obj_id: int) -> Any:
    """The instance made earlier for `obj_id`, or `None`."""
    known = get_global_attribute("shared_objects/id_to_obj_map")
    return None if known is None else known.get(obj_id)


def record_after_serialization(obj: Any, config: dict[str, Any]) -> None:
    """Mark the config of an object that occurs a second time."""
    if config["module"] == "__main__":
        config["module"] = None
    known = get_global_attribute("shared_objects/id_to_config_map")
    if known is None:
        return
    if id(obj) not in known:
        known[id(obj)] = config
        return
    config["shared_object_id"] = id(obj)
    known[id(obj)]["shared_object_id"] = id(obj)


def record_after_deserialization(obj: Any, obj_id: int) -> None:
    """Keep an instance for its later occurrences."""
    known = get_global_attribute("shared_objects/id_to_obj_map")
    if known is not None:
        known[obj_id] = obj
