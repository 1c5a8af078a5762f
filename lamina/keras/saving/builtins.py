"""The built-in classes and functions that a config may name: an explicit allow-list.

Nothing is imported by a name that comes from a file. A name is looked up in the
tables of these public packages only, and only model parts are given back.
"""

from __future__ import annotations

import inspect
import types
from functools import cache
from importlib import import_module
from typing import Any

MODULES = (
    "keras.layers",
    "keras.activations",
    "keras.initializers",
    "keras.regularizers",
    "keras.constraints",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.optimizers.legacy",
    "keras.random",
    "keras.quantizers",
    "keras.dtype_policies",
    "keras.models",
    "keras",
)
ROOT_CLASSES = frozenset(
    (
        "DTypePolicy",
        "FloatDTypePolicy",
        "Function",
        "Initializer",
        "InputSpec",
        "Layer",
        "Loss",
        "Metric",
        "Model",
        "Optimizer",
        "Quantizer",
        "Sequential",
        "Variable",
    )
)
_FORMER_PACKAGES = {
    "keras.src.models": "keras.models",
    "keras.src.engine": "keras.models",
    "keras.src.legacy": "keras.layers",
    "keras.src.backend": "keras.random",
    "keras.engine": "keras.models",
}


_UNLISTED = {"Functional": "lamina.keras.models.functional"}


@cache
def _package(name: str) -> Any:
    try:
        return import_module("lamina." + name)
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("lamina."):
            return None
        raise


def public_location(obj: Any) -> tuple[str, str] | None:
    """The public module and name of a built-in, or `None` for any other object."""
    home = getattr(obj, "__module__", None) or ""
    name = getattr(obj, "__name__", None)
    if not home.startswith("lamina.") or name is None:
        return None
    if inspect.isclass(obj) and name in ROOT_CLASSES:
        return "keras", name
    parts = home.split(".")[1:]
    own = [m for m in MODULES if m == ".".join(parts[: m.count(".") + 1])]
    for module in (*own, *MODULES):
        package = _package(module)
        if package is not None and _lookup(package, name) is obj:
            return module, name
    return None


def find_builtin(module: str, name: str) -> Any:
    """The built-in `name` of a public or former module, or `None`."""
    if not isinstance(name, str) or name.startswith("_"):
        return None
    if name in _UNLISTED and "models" in module.split("."):
        return getattr(import_module(_UNLISTED[name]), name)
    candidates = [module]
    for former, public in _FORMER_PACKAGES.items():
        if module == former or module.startswith(former + "."):
            candidates.append(public)
    parts = module.split(".")
    if len(parts) > 2 and parts[1] == "src":
        candidates.append("keras." + ".".join(parts[2:]))
        candidates.append("keras." + parts[2])
    elif len(parts) > 1:
        candidates.append(".".join(parts[:2]))
    candidates += ["keras"]
    for candidate in candidates:
        if candidate not in MODULES:
            continue
        package = _package(candidate)
        found = _lookup(package, name) if package is not None else None
        if _is_model_part(found):
            return found
    return None


def find_anywhere(name: str) -> Any:
    """The first built-in class called `name` in any of the public modules."""
    for module in ("keras.models", *MODULES):
        found = find_builtin(module, name)
        if inspect.isclass(found):
            return found
    return None


def _lookup(package: Any, name: str) -> Any:
    try:
        return getattr(package, name, None)
    except (AttributeError, ModuleNotFoundError):
        return None


def _is_model_part(obj: Any) -> bool:
    if inspect.isclass(obj):
        return hasattr(obj, "from_config")
    return isinstance(obj, types.FunctionType) or (
        callable(obj) and hasattr(obj, "lower")
    )
