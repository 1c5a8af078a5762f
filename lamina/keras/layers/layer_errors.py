"""Errors of layers: a missing attribute, and where a failed call came from."""

from __future__ import annotations

from typing import Any

from lamina.engine import nest
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import OpError
from lamina.engine.failure import user_location

_MARK = "_lamina_layer"


def missing_attribute(layer: Any, name: str) -> AttributeError:
    """The error for an attribute that a layer does not have.

    Inside a property's own failure this is the property's error.
    """
    cls = type(layer)
    for base in cls.__mro__:
        found = base.__dict__.get(name)
        if isinstance(found, property) and found.fget is not None:
            try:
                found.fget(layer)
            except AttributeError as error:
                return error
            break
    text = f"'{cls.__name__}' object has no attribute '{name}'"
    if name.startswith("_"):
        return AttributeError(text, name=name, obj=layer)
    state = layer.__dict__
    path = state.get("_path") or state.get("name") or state.get("_name")
    where = user_location()
    if state.get("_lock", True):
        hint = "Call `super().__init__()` first in `__init__`."
    elif hasattr(cls, "fit"):
        hint = (
            f"Define the method or set `self.{name}` in `__init__` before it is used."
        )
    else:
        hint = (
            f"If it is a weight, make it in `build(self, input_shape)`: "
            f"`self.{name} = self.add_weight(shape=..., name={name!r})`; otherwise set "
            f"`self.{name}` in `__init__`."
        )
    return AttributeError(
        f"{text}. Layer: '{path or cls.__name__}'"
        f"{f', used at {where}' if where else ''}. {hint}",
        name=name,
        obj=layer,
    )


def explain_call(
    error: Exception, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Add the innermost layer's path and arguments to the text of an error."""
    if getattr(error, _MARK, None) is not None:
        return
    try:
        setattr(error, _MARK, layer.name)
    except AttributeError:
        return
    if len(error.args) == 1 and isinstance(error.args[0], str):
        text = _with_arguments(error.args[0], layer, args, kwargs)
        error.args = (text,)
        if isinstance(error, OpError):
            error.message = text
    elif isinstance(error, OpError):
        error.message = _with_arguments(error.message, layer, args, kwargs)


def _with_arguments(
    text: str, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str:
    names = [n for n in layer.call_signature_parameters if n not in ("args", "kwargs")]
    pairs = [*zip(names, args), *kwargs.items()]
    lines = [f"  • {name}={_show(value)}" for name, value in pairs]
    path = layer.path or layer.name
    given = "\n".join(["", *lines]) if lines else " none"
    return (
        f"Exception encountered when calling {type(layer).__name__}.call() of layer "
        f"'{path}'.\n\n{text}\n\nArguments received by "
        f"{type(layer).__name__}.call():{given}"
    )


def _show(value: Any) -> str:
    return str(nest.map_structure(_show_leaf, value)).replace("'", "")


def _show_leaf(value: Any) -> str:
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"Tensor(shape={tuple(value.shape)}, dtype={as_dtype(value.dtype).name})"
    return repr(value)[:200]
