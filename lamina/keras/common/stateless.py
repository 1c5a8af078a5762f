"""The scope in which variable updates are collected instead of applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.variable import Variable
from lamina.keras.common.standardize import shapes_match
from lamina.keras.common.state import get_global_attribute, set_global_attribute
from lamina.ops.array.casting import cast


class StatelessScope:
    """Run code with given variable values and collect the updates it makes.

    Inside, reading a variable of `state_mapping` gives the mapped value, and an
    assignment is kept by the scope; the variables themselves do not change.

    Args:
        state_mapping: pairs `(variable, value)`.
        collect_losses: whether losses of `add_loss` are kept in `losses`.
        initialize_variables: whether variables made inside are initialised when the
            scope ends.

    Raises:
        ValueError: a key is no variable, or a value has another shape.

    Reference: `keras.StatelessScope`.
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Any, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self.state_mapping: dict[int, Tensor] = {}
        self.original_scope: StatelessScope | None = None
        self._alive: list[Any] = []
        for variable, value in state_mapping or ():
            self._add(variable, value)

    def _add(self, variable: Any, value: Any) -> None:
        if not isinstance(variable, Variable):
            raise ValueError(
                "keras.StatelessScope: all keys in argument `mapping` must be "
                f"Variable instances. Received instead: {variable}"
            )
        if isinstance(value, Variable):
            value = value.read_value()
        value = cast(convert_to_tensor(value), _stored_dtype(variable))
        if not shapes_match(value.shape, variable.shape):
            raise ValueError(
                "keras.StatelessScope: all values in argument `mapping` must be "
                "tensors with a shape that matches the corresponding variable shape. "
                f"For variable {variable}, received invalid value {value} with shape "
                f"{value.shape}."
            )
        self.state_mapping[id(variable)] = value
        self._alive.append(variable)

    def __enter__(self) -> StatelessScope:
        self.original_scope = get_stateless_scope()
        set_global_attribute("stateless_scope", self)
        return self

    def __exit__(self, *error: object) -> None:
        set_global_attribute("stateless_scope", self.original_scope)
        if self.original_scope is None and self.initialize_variables:
            initialize_all_variables()

    def add_loss(self, loss: Any) -> None:
        """Keep a loss."""
        self.losses.append(loss)

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Keep an update `(variable, value)`."""
        variable, value = update
        self.state_mapping[id(variable)] = value
        self._alive.append(variable)

    def get_current_value(self, variable: Any) -> Tensor | None:
        """The value that the scope holds for `variable`, or `None`."""
        return self.state_mapping.get(id(variable))


def _stored_dtype(variable: Any) -> Any:
    return getattr(variable, "_stored_dtype", variable.dtype)


def in_stateless_scope() -> bool:
    """Whether a `StatelessScope` is open."""
    return get_global_attribute("stateless_scope") is not None


def get_stateless_scope() -> StatelessScope | None:
    """The innermost open `StatelessScope`."""
    return get_global_attribute("stateless_scope")


def register_uninitialized_variable(variable: Any) -> None:
    """Keep a variable whose first value comes when the scope ends."""
    waiting = get_global_attribute("uninitialized_variables", [], set_to_default=True)
    waiting.append(variable)


def initialize_all_variables() -> None:
    """Give the waiting variables their first values."""
    waiting = get_global_attribute("uninitialized_variables")
    set_global_attribute("uninitialized_variables", [])
    for variable in waiting or ():
        variable._deferred_initialize()
