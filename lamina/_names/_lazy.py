"""Modules whose attributes are public names, resolved on first use (PEP 562)."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from lamina._names import _tables
from lamina._names._missing import MissingName, MissingNameImport

_PREFIX = _tables.ROOT + "."
_COMPLETIONS = ("lamina.ops", "lamina.autograph")
_PROBED = frozenset({"__path__", "__file__", "__wrapped__", "__spec__", "__loader__"})


def attach(
    module_name: str,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a module that is a public namespace.

    Args:
        module_name: its name, such as ``lamina.keras.layers``.

    Returns:
        The two functions. Resolved names are stored in the module. ``__all__`` is
        answered too, with all names of the namespace.
    """
    path = public_path(module_name)

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return public_names(path)
        value = resolve(path, name)
        setattr(sys.modules[module_name], name, value)
        return value

    def __dir__() -> list[str]:
        own = (name for name in vars(sys.modules[module_name]) if name[0] == "_")
        return sorted({*public_names(path), *own})

    return __getattr__, __dir__


def public_path(module_name: str) -> str:
    """The public path of a module: ``lamina.math`` gives ``math``, ``lamina`` none."""
    return module_name[len(_PREFIX) :] if module_name.startswith(_PREFIX) else ""


def public_names(path: str) -> list[str]:
    """The sorted names of the namespace at a public path."""
    return sorted(_tables.tables().members.get(path, ()))


def resolve(path: str, name: str) -> Any:
    """The value of a name in the namespace at a public path.

    Raises:
        AttributeError: there is no such name; the text names the nearest.
    """
    if name in _PROBED:
        raise AttributeError(f"module '{_PREFIX}{path}' has no attribute '{name}'")
    full = f"{path}.{name}" if path else name
    found = _tables.tables()
    target = found.symbols.get(full)
    if target is not None:
        value = getattr(importlib.import_module(target.module), target.attribute)
        _complete_engine()
        return value
    if _tables.is_namespace(full):
        return importlib.import_module(_PREFIX + full)
    raise MissingName(path, name)


def _complete_engine() -> None:
    """Loads what completes the engine from above, once the engine is loaded.

    Tensors have their operators from ``lamina.ops``, and functions their conversion of
    Python control flow from ``lamina.autograph``; the engine cannot import either.
    """
    if "lamina.engine.tensor" in sys.modules:
        for module in _COMPLETIONS:
            if module not in sys.modules:
                importlib.import_module(module)


class _NamespaceFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the namespaces that have no file of their own, such as ``lamina.math``."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(_PREFIX):
            return None
        public = public_path(fullname)
        parent, _, name = public.rpartition(".")
        found = _tables.tables()
        if _tables.is_namespace(public):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if _tables.is_namespace(parent) and public not in found.symbols:
            if name.startswith("_"):
                return None
            raise MissingNameImport(parent, name)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        public = public_path(spec.name)
        return ModuleType(spec.name, f"The public namespace ``tf.{public}``.")

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__, module.__dir__ = attach(  # type: ignore[method-assign]
            module.__name__
        )


def install_finder() -> None:
    """Makes every namespace of the tables importable; called by ``lamina`` itself."""
    if not any(isinstance(finder, _NamespaceFinder) for finder in sys.meta_path):
        sys.meta_path.append(_NamespaceFinder())
