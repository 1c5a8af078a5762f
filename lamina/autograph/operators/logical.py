"""``and``, ``or``, ``not``, the ternary expression and ``assert``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.autograph.staging import conditional, predicates, values
from lamina.autograph.staging.effects import assert_true

Thunk = Callable[[], Any]


def and_(*operands: Thunk) -> Any:
    """``a and b and ...``: staged from the first traced tensor on."""
    return _lazy(operands, all_of=True)


def or_(*operands: Thunk) -> Any:
    """``a or b or ...``: staged from the first traced tensor on."""
    return _lazy(operands, all_of=False)


def _lazy(operands: tuple[Thunk, ...], all_of: bool) -> Any:
    value = operands[0]()
    for index in range(1, len(operands)):
        if predicates.is_staged(value):
            return _staged(value, operands[index:], all_of)
        if bool(value) is not all_of:
            return value
        value = operands[index]()
    return value


def _staged(first: Any, operands: tuple[Thunk, ...], all_of: bool) -> Any:
    word = "and" if all_of else "or"
    first = predicates.scalar(first, f"`{word}` expression")

    def same() -> Any:
        return first

    def rest() -> Any:
        return _lazy(operands, all_of)

    branches = (rest, same) if all_of else (same, rest)
    return conditional.select(first, *branches)


def not_(value: Any) -> Any:
    """``not a``."""
    if predicates.is_staged(value):
        return values.logical_not(predicates.boolean(value, "`not` expression"))
    return not value


def if_exp(condition: Any, if_true: Thunk, if_false: Thunk) -> Any:
    """``a if condition else b``."""
    if not predicates.is_staged(condition):
        return if_true() if condition else if_false()
    condition = predicates.scalar(condition, "conditional expression")
    return conditional.cond(
        condition, if_true, if_false, where="a conditional expression"
    )


def assert_stmt(condition: Any, message: Thunk) -> None:
    """``assert condition, message``: checked at run time for a traced tensor."""
    if predicates.is_staged(condition):
        text = message()
        assert_true(
            values.reduce_all(predicates.boolean(condition, "assert statement")),
            [] if text is None else [text],
            "assert",
        )
        return
    if not condition:
        text = message()
        raise AssertionError() if text is None else AssertionError(text)
