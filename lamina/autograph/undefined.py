"""Names that a branch or loop may leave unassigned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.engine.tensor import is_tensor


class Undefined:
    """Stands in for a variable that has no value yet.

    Args:
        name: the variable's name in the user's function.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<undefined {self.name}>"


class UndefinedReturnValue:
    """Stands in for the value of a function that has not returned yet."""

    def __repr__(self) -> str:
        return "<undefined return value>"


def is_undefined(value: Any) -> bool:
    """Whether a value is one of the two stand-ins."""
    return isinstance(value, (Undefined, UndefinedReturnValue))


def ld(value: Any) -> Any:
    """Reads a variable.

    Raises:
        UnboundLocalError: if it has no value, as Python does.
    """
    if type(value) is Undefined:
        raise UnboundLocalError(
            f"cannot access local variable '{value.name}' where it is not associated "
            "with a value"
        )
    return value


def ldu(load: Callable[[], Any], name: str) -> Any:
    """Reads ``a.b`` or ``a[i]``, giving an ``Undefined`` where there is none."""
    try:
        return load()
    except (KeyError, AttributeError, NameError, IndexError):
        return Undefined(name)


def ret(value: Any, returned: Any) -> Any:
    """The value of a converted function at its end.

    Raises:
        ValueError: if some path through the function, chosen by a tensor, returns a
            value and another does not.
    """
    if type(value) is UndefinedReturnValue:
        return None
    if value is not None and is_tensor(returned):
        raise ValueError(
            "the else branch must also have a return statement: a branch or loop that "
            "depends on a tensor returns a value, and the function may also end "
            "without returning one. Return a value of the same structure, shape and "
            "dtype on every path."
        )
    return value
