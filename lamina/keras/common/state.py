"""Attributes of the running Keras session, one set for each thread."""

from __future__ import annotations

import gc
import threading
from typing import Any

_STATE = threading.local()


def get_global_attribute(
    name: str, default: Any = None, set_to_default: bool = False
) -> Any:
    """The session's attribute `name`, or `default` where it is not set.

    Args:
        name: the attribute.
        default: the value where nothing was set.
        set_to_default: whether to store `default` in that case.
    """
    value = getattr(_STATE, name, None)
    if value is None and default is not None:
        value = default
        if set_to_default:
            setattr(_STATE, name, default)
    return value


def set_global_attribute(name: str, value: Any) -> None:
    """Set the session's attribute `name`."""
    setattr(_STATE, name, value)


class SymbolicScope:
    """A scope in which layers are called without values, to find output shapes.

    Reference: `keras.SymbolicScope`.
    """

    def __enter__(self) -> SymbolicScope:
        self.original_scope = get_global_attribute("symbolic_scope")
        set_global_attribute("symbolic_scope", self)
        return self

    def __exit__(self, *error: object) -> None:
        set_global_attribute("symbolic_scope", self.original_scope)


def in_symbolic_scope() -> bool:
    """Whether a `SymbolicScope` is open."""
    return get_global_attribute("symbolic_scope") is not None


def clear_session(free_memory: bool = True) -> None:
    """Forget the names given so far, the scopes and the default seed generator.

    The numbering of automatic names starts again: the next `Dense` is `dense`. The
    global dtype policy and the random seed are kept.

    Args:
        free_memory: whether to run the garbage collector afterwards.

    Reference: `keras.utils.clear_session`. There is no global graph to drop here.
    """
    kept = {
        name: getattr(_STATE, name)
        for name in ("dtype_policy", "rng_seed")
        if hasattr(_STATE, name)
    }
    _STATE.__dict__.clear()
    _STATE.__dict__.update(kept)
    if free_memory:
        gc.collect()
