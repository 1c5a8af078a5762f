"""`keras.Operation`: something that can be called on tensors and on symbolic inputs."""

from __future__ import annotations

from typing import Any

from lamina.engine.graph import Operation as GraphOperation
from lamina.keras.common.naming import auto_name
from lamina.keras.layers.layer_config import ConfigMixin, constructor_arguments


class Operation(ConfigMixin, GraphOperation):
    """A named computation. Subclasses define `call`.

    Args:
        name: the name, without `/`; made from the class's if `None`.

    Raises:
        ValueError: `name` is no string or contains `/`.

    Reference: `keras.Operation`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = object.__new__(cls)
        arguments, variadic = constructor_arguments(cls, args, kwargs)
        instance.__dict__["_auto_config"] = arguments
        instance.__dict__["_auto_config_error_args"] = variadic
        return instance

    def __init__(self, name: str | None = None) -> None:
        GraphOperation.__init__(
            self, name=auto_name(type(self).__name__) if name is None else name
        )

    def _obj_type(self) -> str:
        return "Operation"

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"
