"""The finder that answers ``import tensorflow`` and ``import keras`` with Lamina.

``tensorflow`` is a module of its own, because it has TensorFlow's version; all its
names are Lamina's. Every other module name, such as ``tensorflow.keras.layers`` or
``keras.layers``, is bound to the one module of Lamina that holds those names, so
that a class is the same object by whatever name it is reached.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

import lamina
from lamina._names import MissingNameImport, is_namespace, is_symbol, nearest
from lamina.compat import aliases
from lamina.compat.distributions import DISTRIBUTIONS, ShimDistribution
from lamina.engine.errors import message
from lamina.version import GIT_VERSION, VERSION


def install() -> None:
    """Makes TensorFlow's and Keras's module names resolve to Lamina in this process.

    Afterwards ``import tensorflow as tf``, ``from tensorflow.keras.layers import
    Dense``, ``import keras`` and the like need neither package. Calling it again
    changes nothing.

    Raises:
        RuntimeError: the real TensorFlow or Keras has been imported already.

    Example:
        >>> import lamina.compat
        >>> lamina.compat.install()
        >>> import tensorflow as tf
        >>> tf.__version__
        '2.21.0'
    """
    if any(isinstance(finder, _ShimFinder) for finder in sys.meta_path):
        return
    for name in aliases.HEADS:
        if name in sys.modules:
            raise RuntimeError(
                message(
                    "lamina.compat.install",
                    expected=f"a process that has not imported {name} yet",
                    received=f"{name} from {_origin(sys.modules[name])}",
                    hint="Call install() first, or start the program with `lamina "
                    "run`.",
                )
            )
    sys.meta_path.insert(0, _ShimFinder())


def uninstall() -> None:
    """Takes the shim away again, and the modules that it gave out."""
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if not isinstance(finder, _ShimFinder)
    ]
    for name in list(sys.modules):
        if aliases.public_path(name) is not None:
            del sys.modules[name]


class _ShimFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads the module names of ``aliases.HEADS`` and all below them."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        public = aliases.public_path(fullname)
        if public is None:
            return None
        if _module_of(public) is not None:
            return _ShimSpec(fullname, self, origin="lamina", is_package=True)
        raise _no_module(fullname, public)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        public = aliases.public_path(spec.name)
        if public == "":
            return _tensorflow(spec.name)
        module = importlib.import_module(_module_of(public or "") or "")
        if isinstance(spec, _ShimSpec):
            spec.own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if isinstance(spec, _ShimSpec) and spec.own is not None:
            module.__spec__ = spec.own

    def find_distributions(self, context: Any = None) -> Iterable[ShimDistribution]:
        """What ``importlib.metadata`` is told about the packages that stand in."""
        name = getattr(context, "name", None)
        found = DISTRIBUTIONS.get((name or "").lower().replace("_", "-"))
        return [found] if found is not None else []


class _ShimSpec(importlib.machinery.ModuleSpec):
    """A spec that remembers the one the module of Lamina has by itself."""

    own: importlib.machinery.ModuleSpec | None = None


class _TensorFlowModule(ModuleType):
    """The module ``tensorflow``: Lamina's names under TensorFlow's version."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(lamina, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*dir(lamina), *vars(self)})


def _tensorflow(name: str) -> ModuleType:
    if name != aliases.TENSORFLOW:
        return importlib.import_module(aliases.TENSORFLOW)
    module = _TensorFlowModule(name, lamina.__doc__)
    module.__version__ = VERSION  # type: ignore[attr-defined]
    module.__git_version__ = GIT_VERSION  # type: ignore[attr-defined]
    return module


def _module_of(public: str) -> str | None:
    """The module of Lamina that stands for a public path, or None."""
    if public == "":
        return lamina.__name__
    public = aliases.MOVED.get(public, public)
    if not is_namespace(public):
        return None
    return f"{lamina.__name__}.{public}"


def _no_module(fullname: str, public: str) -> ImportError:
    """The error for a module name that stands for nothing in Lamina."""
    parent, _, name = public.rpartition(".")
    if is_symbol(public):
        return ModuleNotFoundError(
            message(
                f"import {fullname}",
                expected="the name of a module",
                received=f"`{fullname}`, which is a symbol",
                hint=f"Write `from {fullname.rpartition('.')[0]} import {name}`.",
            ),
            name=f"{fullname} (symbol)",
        )
    if aliases.is_private(public):
        near = ", ".join(f"`{each}`" for each in nearest(parent, name))
        return ModuleNotFoundError(
            message(
                f"import {fullname}",
                expected="a public module of TensorFlow or Keras",
                received=f"`{fullname}`, which is private to them and not in Lamina",
                hint="Use the public name of what you need"
                + (f"; the nearest that exists: {near}." if near else "."),
            ),
            name=f"{fullname} (private)",
        )
    return MissingNameImport(parent, name)


def _origin(module: ModuleType) -> str:
    return str(getattr(module, "__file__", None) or "an unknown place")
