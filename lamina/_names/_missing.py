"""What is said about a name that Lamina does not have."""

from __future__ import annotations

import difflib
import gzip
from functools import cache
from pathlib import Path

from lamina._names import _tables

_KNOWN_FILE = Path(__file__).with_name("known_symbols.txt.gz")
_SHOWN = 3


class MissingName(AttributeError):
    """A name that a public namespace does not have.

    The text is made when it is shown: ``hasattr`` stays cheap.

    Args:
        path: the public path of the namespace, without ``tf.``.
        name: the name asked for.
    """

    def __init__(self, path: str, name: str) -> None:
        super().__init__()
        self._asked = (path, name)

    def __str__(self) -> str:
        return missing_text(*self._asked)

    def __reduce__(self) -> tuple[type[AttributeError], tuple[str]]:
        return AttributeError, (str(self),)


class MissingNameImport(ModuleNotFoundError):
    """A name that ``from namespace import name`` asked for in vain.

    Its ``name`` is the public spelling and not that of a module: Python would take
    the error for its own and replace the text.

    Args:
        path: the public path of the namespace, without ``tf.``.
        name: the name asked for.
    """

    def __init__(self, path: str, name: str) -> None:
        super().__init__(name=spelled(f"{path}.{name}".lstrip(".")))
        self._asked = (path, name)

    def __str__(self) -> str:
        return missing_text(*self._asked)

    def __reduce__(self) -> tuple[type[ImportError], tuple[str]]:
        return ImportError, (str(self),)


# A traceback shows them under the names of the Python classes that users know.
MissingName.__module__ = MissingNameImport.__module__ = "builtins"
MissingName.__name__ = MissingName.__qualname__ = "AttributeError"
MissingNameImport.__name__ = MissingNameImport.__qualname__ = "ImportError"


def missing_text(path: str, name: str) -> str:
    """The four-part text about a missing public name."""
    space = spelled(path)
    full = spelled(f"{path}.{name}" if path else name)
    near = nearest(path, name)
    public = full.removeprefix("tf.")
    known = public in known_symbols() or public in known_namespaces()
    what = (
        f"TensorFlow 2.21 has `{full}`, Lamina does not support it yet."
        if known
        else f"Lamina has no symbol `{full}`."
    )
    hint = (
        f"The nearest that exists: {', '.join(f'`{each}`' for each in near)}."
        if near
        else f"See dir({space}) for the names that exist."
    )
    return (
        f"{space}: expected the name of a public symbol. Received: {name!r}. "
        f"{what} {hint}"
    )


def spelled(path: str) -> str:
    """How a user writes a public path."""
    return f"tf.{path}" if path else "tf"


def nearest(path: str, name: str) -> list[str]:
    """The public symbols most like a name, best first, spelled for the user.

    The same name in another namespace comes first (``tf.log`` is ``tf.math.log``),
    then names of this namespace that look alike, then look-alikes anywhere.
    """
    found = _tables.tables()
    everywhere: dict[str, list[str]] = {}
    for symbol in (*found.symbols, *found.members):
        everywhere.setdefault(symbol.rpartition(".")[2], []).append(symbol)
    same = sorted(everywhere.get(name, ()), key=lambda symbol: _distance(path, symbol))
    near = same[:_SHOWN]
    here = _alike(name, sorted(found.members.get(path, ())))
    near += [f"{path}.{each}".lstrip(".") for each in here]
    if not near:
        near = [
            min(everywhere[each], key=lambda symbol: _distance(path, symbol))
            for each in _alike(name, sorted(everywhere))
        ]
    return [spelled(each) for each in list(dict.fromkeys(near))[:_SHOWN]]


@cache
def known_symbols() -> frozenset[str]:
    """The public symbols of TensorFlow 2.21 and Keras 3.15, without ``tf.``."""
    if not _KNOWN_FILE.exists():
        return frozenset()
    with gzip.open(_KNOWN_FILE, "rt", encoding="utf-8") as file:
        return frozenset(file.read().split())


@cache
def known_namespaces() -> frozenset[str]:
    """The public namespaces of TensorFlow 2.21 and Keras 3.15, without ``tf.``."""
    listed = {path.rpartition(".")[0] for path in known_symbols() if "." in path}
    return frozenset(listed | {"compat.v1", "raw_ops"})


def _alike(name: str, candidates: list[str]) -> list[str]:
    """Close matches, of which those that differ in case only come first."""
    folded = [each for each in candidates if each.lower() == name.lower()]
    close = difflib.get_close_matches(name, candidates, n=_SHOWN, cutoff=0.7)
    return list(dict.fromkeys([*folded, *close]))


def _distance(path: str, symbol: str) -> tuple[int, int, str]:
    """How far a symbol is from a namespace: shared beginning first, then length."""
    mine, other = path.split("."), symbol.split(".")
    shared = 0
    for one, two in zip(mine, other, strict=False):
        if one != two:
            break
        shared += 1
    return (-shared, len(other), symbol)
