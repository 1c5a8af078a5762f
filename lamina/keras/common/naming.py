"""Automatic names and the scopes that give variables their paths."""

from __future__ import annotations

import collections
import re
from types import TracebackType
from typing import Any

from lamina.engine.errors import message
from lamina.engine.graph import set_namer
from lamina.keras.common.state import get_global_attribute, set_global_attribute


def to_snake_case(name: str) -> str:
    """`Conv2DTranspose` becomes `conv2d_transpose`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """A name that no other object of this session has: `dense`, then `dense_1`."""
    return uniquify(to_snake_case(prefix))


def uniquify(name: str) -> str:
    """`name`, followed by `_1`, `_2`, … from its second use on."""
    uids = get_global_attribute(
        "object_name_uids", collections.defaultdict(int), set_to_default=True
    )
    number = uids[name]
    uids[name] += 1
    return f"{name}_{number}" if number else name


def get_uid(prefix: str = "") -> int:
    """The next number for `prefix`, from 1.

    Reference: `keras.backend.get_uid`.
    """
    uids = get_global_attribute(
        "object_name_uids", collections.defaultdict(int), set_to_default=True
    )
    uids[prefix] += 1
    return uids[prefix]


def reset_uids() -> None:
    """Start the numbering of automatic names again."""
    set_global_attribute("object_name_uids", collections.defaultdict(int))


set_namer(auto_name)


class name_scope:
    """A scope whose name goes before the names of the variables made inside.

    Args:
        name: the name of the scope, without `/`.
        caller: the object that opens the scope.
        deduplicate: whether a scope that the same caller opens again under the same
            name adds nothing to the path.
        override_parent: a path that stands in for the enclosing scopes.

    Raises:
        ValueError: `name` is not a string or contains `/`.

    Reference: `keras.name_scope`.
    """

    def __init__(
        self,
        name: str,
        caller: Any = None,
        deduplicate: bool = True,
        override_parent: str | None = None,
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                "Argument `name` must be a string and cannot contain character `/`. "
                + message(
                    "keras.name_scope",
                    expected="a string without '/'",
                    received=f"name={name!r}",
                    hint="Nest two scopes instead of joining their names.",
                )
            )
        self.name = name
        self.caller = caller
        self.deduplicate = deduplicate
        if override_parent is None and deduplicate and caller is not None:
            override_parent = getattr(caller, "__dict__", {}).get("_parent_path")
        self.override_parent = override_parent
        self._pop_on_exit = False

    def __enter__(self) -> name_scope:
        stack = get_global_attribute("name_scope_stack", [], set_to_default=True)
        if self.deduplicate and self.caller is not None and stack:
            top = stack[-1]
            if top.caller is self.caller and top.name == self.name:
                return self
        stack.append(self)
        self._pop_on_exit = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pop_on_exit:
            stack = get_global_attribute("name_scope_stack")
            if stack:
                stack.pop()


def current_path() -> str:
    """The names of the open scopes, joined with `/`."""
    parts: list[str] = []
    for entry in get_global_attribute("name_scope_stack") or ():
        if entry.override_parent is not None:
            parts = [entry.override_parent] if entry.override_parent else []
        parts.append(entry.name)
    return "/".join(parts)


set_namer(auto_name)
