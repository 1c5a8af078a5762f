"""The ``if`` statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.autograph.staging import conditional, predicates
from lamina.autograph.staging.values import stageable
from lamina.autograph.undefined import Undefined, UndefinedReturnValue
from lamina.engine import nest

State = tuple[Any, ...]


def if_stmt(
    condition: Any,
    body: Callable[[], None],
    orelse: Callable[[], None],
    get_state: Callable[[], State],
    set_state: Callable[[State], None],
    names: tuple[str, ...],
    outputs: int,
) -> None:
    """Runs one branch, or stages both where the condition is a traced tensor.

    Args:
        condition: the value of the test.
        body: the main branch; it assigns the variables through ``nonlocal``.
        orelse: the else branch.
        get_state: gives the values of the variables that a branch assigns.
        set_state: sets them.
        names: their names.
        outputs: how many of them, from the first, are read after the statement.
    """
    if not predicates.is_staged(condition):
        if condition:
            body()
        else:
            orelse()
        return
    _stage(condition, body, orelse, get_state, set_state, names, outputs)


def unless_returned(
    returned: Any,
    body: Callable[[], None],
    orelse: Callable[[], None],
    get_state: Callable[[], State],
    set_state: Callable[[State], None],
    names: tuple[str, ...],
    outputs: int,
    flag: str,
) -> None:
    """``if not returned:``, which guards what follows a return in a branch or loop.

    Args:
        returned: the value of the flag that a return statement sets.
        body: what follows.
        orelse: nothing.
        get_state: see `if_stmt`.
        set_state: see `if_stmt`.
        names: see `if_stmt`.
        outputs: see `if_stmt`.
        flag: the name of the flag; it is known to be set where ``body`` is skipped.
    """
    if not predicates.is_staged(returned):
        if not returned:
            body()
        return
    at = names.index(flag) if flag in names else len(names)

    def skipped() -> None:
        now = get_state()
        if at < len(now):
            set_state((*now[:at], True, *now[at + 1 :]))

    _stage(returned, skipped, body, get_state, set_state, names, outputs)


def _stage(
    condition: Any,
    body: Callable[[], None],
    orelse: Callable[[], None],
    get_state: Callable[[], State],
    set_state: Callable[[State], None],
    names: tuple[str, ...],
    outputs: int,
) -> None:
    condition = predicates.scalar(condition, "if statement")
    before = get_state()

    def branch(run: Callable[[], None], label: str) -> Callable[[], State]:
        def call() -> State:
            set_state(before)
            run()
            return get_state()[:outputs]

        call.__name__ = label
        return call

    def check(results: list[State]) -> None:
        _check_defined(names, results[0], results[1])
        results[:] = _fill_returns(*results)

    try:
        after = conditional.cond(
            condition,
            branch(body, "main"),
            branch(orelse, "else"),
            where="an if statement",
            names=names[:outputs],
            check=check,
        )
    except BaseException:
        set_state(before)
        raise
    set_state((*after, *before[outputs:]))


def _check_defined(names: tuple[str, ...], main: State, other: State) -> None:
    for name, first, second in zip(names, main, other, strict=False):
        for value, opposite, label in (
            (first, second, "main"),
            (second, first, "else"),
        ):
            if isinstance(value, Undefined) and not isinstance(opposite, Undefined):
                raise ValueError(
                    f"'{name}' must also be initialized in the {label} branch: the if "
                    "statement depends on a tensor, so both branches are traced. Give "
                    f"'{name}' a value of the same shape and dtype before the "
                    "statement or in both branches."
                )


def _fill_returns(main: State, other: State) -> tuple[State, State]:
    """Gives a return value to the branch that has none.

    The value is never read: the flag that guards it is not set in that branch, and
    `ret` refuses a function that may end without having returned.
    """
    first, second = list(main), list(other)
    for at, (one, two) in enumerate(zip(main, other, strict=True)):
        if isinstance(one, UndefinedReturnValue):
            first[at] = nest.map_structure(_unset, two, expand_composites=True)
        elif isinstance(two, UndefinedReturnValue):
            second[at] = nest.map_structure(_unset, one, expand_composites=True)
    return tuple(first), tuple(second)


def _unset(leaf: Any) -> Any:
    return conditional.Unset() if stageable(leaf) else leaf
