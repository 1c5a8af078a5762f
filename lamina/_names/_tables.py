"""Reads the tables of public names, once, on first use."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import NamedTuple

ROOT = "lamina"
_PACKAGE = "lamina._names"


class Target(NamedTuple):
    """Where a public symbol is implemented."""

    module: str
    attribute: str


class Tables(NamedTuple):
    """All public names.

    Attributes:
        symbols: the target of each public path; paths are written without ``tf.``.
        members: the names directly in each namespace; the root is the empty path.
        conflicts: texts about paths that two lines give to different targets.
    """

    symbols: dict[str, Target]
    members: dict[str, frozenset[str]]
    conflicts: tuple[str, ...]


@cache
def tables() -> Tables:
    """The merged tables of this package's modules."""
    symbols: dict[str, Target] = {}
    conflicts: list[str] = []
    for name in _modules(_PACKAGE):
        for module, lines in importlib.import_module(name).NAMES.items():
            for line in lines:
                _add_line(symbols, conflicts, module, line)
    members: dict[str, set[str]] = {"": set()}
    for path in symbols:
        _add_member(members, path)
    return Tables(
        symbols,
        {path: frozenset(names) for path, names in members.items()},
        tuple(conflicts),
    )


def _modules(package: str) -> list[str]:
    """The tables in a package and the packages inside it."""
    names: list[str] = []
    path = importlib.import_module(package).__path__
    for found in sorted(pkgutil.iter_modules(path)):
        full = f"{package}.{found.name}"
        if found.ispkg:
            names += _modules(full)
        elif not found.name.startswith("_"):
            names.append(full)
    return names


def is_namespace(path: str) -> bool:
    """Whether a public path, such as ``keras.layers``, is a module of names."""
    return path in tables().members


def is_symbol(path: str) -> bool:
    """Whether a public path, such as ``math.add``, is a symbol."""
    return path in tables().symbols


def _add_line(
    symbols: dict[str, Target], conflicts: list[str], module: str, line: str
) -> None:
    paths_text, _, attribute = line.partition("@")
    paths = paths_text.split()
    target = Target(module, attribute.strip() or paths[0].rpartition(".")[2])
    for path in paths:
        before = symbols.setdefault(path, target)
        if before != target:
            conflicts.append(f"{path}: {before} and {target}")


def _add_member(members: dict[str, set[str]], path: str) -> None:
    while path:
        parent, _, name = path.rpartition(".")
        names = members.setdefault(parent, set())
        if name in names:
            return
        names.add(name)
        path = parent
