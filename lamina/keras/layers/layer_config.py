"""How a layer describes itself: `get_config`, `from_config` and the build config."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lamina.engine import nest
from lamina.keras.common.defaults import default, is_default

_PLAIN = (str, int, float, bool, type(None))
_EXAMPLE = """
class CustomLayer(keras.layers.Layer):
    def __init__(self, arg1, arg2, **kwargs):
        super().__init__(**kwargs)
        self.arg1 = arg1
        self.arg2 = arg2

    def get_config(self):
        config = super().get_config()
        config.update({"arg1": self.arg1, "arg2": self.arg2})
        return config
"""


@lru_cache(maxsize=4096)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def constructor_arguments(
    cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[dict[str, Any] | None, bool]:
    """The arguments of a constructor call by name, if they are plain data.

    Returns:
        The arguments without `self` and `name`, or `None`; and whether positional-only
        or variadic arguments are the reason for `None`.
    """
    signature = _signature(cls.__init__)  # type: ignore[misc]
    parameters = list(signature.parameters.values())
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return None, False
    if any(p.kind is inspect.Parameter.POSITIONAL_ONLY for p in parameters[1:]):
        return None, True
    bound.apply_defaults()
    found = dict(bound.arguments)
    for parameter in parameters:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            found.update(found.pop(parameter.name, {}))
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            if found.pop(parameter.name, ()):
                return None, True
    if parameters and parameters[0].kind is not inspect.Parameter.VAR_POSITIONAL:
        found.pop(parameters[0].name, None)
    found.pop("name", None)
    try:
        plain = all(isinstance(value, _PLAIN) for value in nest.flatten(found))
    except TypeError:
        plain = False
    return (found, False) if plain else (None, False)


class ConfigMixin:
    """Configs made from the constructor's signature.

    A subclass whose constructor takes plain data only needs no `get_config`.
    """

    name: str
    _auto_config: dict[str, Any] | None
    _auto_config_error_args: bool
    _build_shapes_dict: dict[str, Any] | None

    def _base_config(self) -> dict[str, Any]:
        """The name, and the constructor's arguments if `get_config` is the base's."""
        config: dict[str, Any] = {"name": self.name}
        if not is_default(self.get_config):
            return config
        arguments = self.__dict__.get("_auto_config")
        if arguments is None:
            raise NotImplementedError(self._not_serializable())
        config.update(arguments)
        parameters = _signature(type(self).__init__).parameters
        takes_rest = any(
            p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
        )
        if "name" not in parameters and not takes_rest:
            config.pop("name", None)
        return config

    def _not_serializable(self) -> str:
        name = type(self).__name__
        if self.__dict__.get("_auto_config_error_args"):
            reason = (
                f"Object {name} was created by passing positional only or variadic "
                "positional arguments (e.g., `*args`) to `__init__()`, which is not "
                "supported by the automatic config generation. Please remove all "
                "positional only and variadic arguments from `__init__()` or override "
                "`get_config()` and `from_config()` to make the object serializable."
            )
        else:
            reason = (
                f"Object {name} was created by passing non-serializable argument "
                "values in `__init__()`, and therefore the object must override "
                "`get_config()` in order to be serializable. Please implement "
                "`get_config()`."
            )
        return f"{reason}\n\nExample:\n{textwrap.indent(_EXAMPLE.strip(), '    ')}"

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, from which `from_config` makes an equal object.

        Raises:
            NotImplementedError: an argument is not plain data and the class does not
                override this method.
        """
        return self._base_config()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object with the arguments that `get_config` returned.

        Raises:
            TypeError: the constructor does not accept the arguments.
        """
        try:
            return cls(**config)
        except Exception as error:
            raise TypeError(
                f"Error when deserializing class '{cls.__name__}' using "
                f"config={config}.\n\nException encountered: {error}"
            ) from error

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that `build` was called with, or `None`."""
        shapes = self._build_shapes_dict
        if shapes is None:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": shapes}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the state that `get_build_config` described."""
        if not config:
            return
        if "input_shape" in config:
            self.build(config["input_shape"])  # type: ignore[attr-defined]
        elif "shapes_dict" in config:
            self.build(**config["shapes_dict"])  # type: ignore[attr-defined]
