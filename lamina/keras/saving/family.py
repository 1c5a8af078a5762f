"""Families of small objects (initializers, constraints …) found by name or config."""

from __future__ import annotations

import inspect
from typing import Any

from lamina.engine.errors import message
from lamina.keras.saving.registry import get_registered_object
from lamina.keras.saving.serialization import deserialize_keras_object


class Family:
    """The members of one public namespace, and the rule that finds one of them.

    Args:
        path: the namespace, such as `"keras.regularizers"`.
        kind: what a member is called in messages, such as `"regularizer"`.
        names: every name under which a member is found.
    """

    def __init__(self, path: str, kind: str, names: dict[str, Any]) -> None:
        self.path = path
        self.kind = kind
        self.names = names

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None) -> Any:
        """The member that a config or name describes."""
        return deserialize_keras_object(
            config, module_objects=self.names, custom_objects=custom_objects
        )

    def get(self, identifier: Any) -> Any:
        """The member that a name, config, class, instance or function means.

        Raises:
            ValueError: the identifier means none.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            found = self.deserialize(identifier, None)
        elif isinstance(identifier, str):
            found = get_registered_object(identifier, None, self.names)
        else:
            found = identifier
        if inspect.isclass(found):
            found = found()
        if not callable(found):
            raise ValueError(
                message(
                    f"{self.path}.get",
                    expected=f"the name, config, class or instance of a {self.kind}",
                    received=f"{identifier!r}. Could not interpret {self.kind} "
                    f"identifier: {identifier}",
                    hint=f"See {self.path} for the names.",
                )
            )
        return found
