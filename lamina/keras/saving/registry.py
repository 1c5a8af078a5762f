"""The registry of custom classes and functions: the allow-list of what files name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from lamina.keras.common.state import get_global_attribute, set_global_attribute

T = TypeVar("T")

GLOBAL_CUSTOM_OBJECTS: dict[str, Any] = {}
GLOBAL_CUSTOM_NAMES: dict[Any, str] = {}


class CustomObjectScope:
    """Make custom objects known to deserialisation inside the scope.

    Args:
        custom_objects: name to class or function.

    Example:

        >>> class Mine(keras.layers.Layer):
        ...     pass
        >>> with keras.saving.custom_object_scope({"Mine": Mine}):
        ...     keras.saving.get_registered_object("Mine") is Mine
        True

    Reference: `keras.saving.CustomObjectScope`, `keras.utils.custom_object_scope`.
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}
        self.backup: dict[str, Any] = {}

    def __enter__(self) -> CustomObjectScope:
        self.backup = dict(scoped_custom_objects())
        set_global_attribute("custom_objects_scope_dict", dict(self.custom_objects))
        return self

    def __exit__(self, *error: object) -> None:
        set_global_attribute("custom_objects_scope_dict", dict(self.backup))


custom_object_scope = CustomObjectScope


def scoped_custom_objects() -> dict[str, Any]:
    """The objects of the innermost open `CustomObjectScope`."""
    return get_global_attribute("custom_objects_scope_dict") or {}


def get_custom_objects() -> dict[str, Any]:
    """The global dictionary of custom objects, which may be changed in place.

    Reference: `keras.saving.get_custom_objects`.
    """
    return GLOBAL_CUSTOM_OBJECTS


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Register a class or function under `"package>name"`.

    Registered objects can be saved and loaded without `custom_objects`.

    Args:
        package: the first part of the key.
        name: the second part; the object's own name if `None`.

    Returns:
        A decorator that registers its argument and returns it.

    Raises:
        ValueError: the class has no `get_config` method.

    Reference: `keras.saving.register_keras_serializable`.
    """

    def decorator(obj: T) -> T:
        class_name = name if name is not None else obj.__name__  # type: ignore[attr-defined]
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError(
                "Cannot register a class that does not have a get_config() method. "
                f"Received: {class_name}. Add `get_config(self)`, which returns the "
                "constructor's arguments as a dict."
            )
        registered_name = f"{package}>{class_name}"
        GLOBAL_CUSTOM_OBJECTS[registered_name] = obj
        GLOBAL_CUSTOM_NAMES[obj] = registered_name
        return obj

    return decorator


def get_registered_name(obj: Any) -> str:
    """The key under which `obj` is registered, or its own name.

    Reference: `keras.saving.get_registered_name`.
    """
    try:
        return GLOBAL_CUSTOM_NAMES.get(obj) or obj.__name__
    except TypeError:
        return obj.__name__


def get_registered_object(
    name: str | None,
    custom_objects: dict[str, Any] | None = None,
    module_objects: dict[str, Any] | None = None,
) -> Any:
    """The object known as `name`, or `None`.

    Args:
        name: a key such as `"my_package>MyLayer"`, or a plain name.
        custom_objects: more objects to look in.
        module_objects: built-in objects to look in last.

    Reference: `keras.saving.get_registered_object`.
    """
    for known in (
        scoped_custom_objects(),
        GLOBAL_CUSTOM_OBJECTS,
        custom_objects or {},
        module_objects or {},
    ):
        if name in known:
            return known[name]
    return None
