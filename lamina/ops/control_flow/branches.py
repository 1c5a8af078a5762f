"""``tf.cond``, ``tf.case`` and ``tf.switch_case``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from lamina.autograph.conversion import tf_convert
from lamina.autograph.staging import conditional, predicates, values
from lamina.autograph.staging.effects import check
from lamina.engine import nest
from lamina.engine.errors import InvalidArgumentError, message
from lamina.engine.tensor import convert_to_tensor, is_tensor

Branch = Callable[[], Any]


def cond(
    pred: Any,
    true_fn: Branch | None = None,
    false_fn: Branch | None = None,
    name: str | None = None,
) -> Any:
    """The result of one of two functions, chosen by a condition.

    Eagerly, and for a condition known while tracing, only the chosen function is
    called. Otherwise both are traced, and the program runs one of them.

    Args:
        pred: a bool scalar.
        true_fn: called without arguments where ``pred`` is true.
        false_fn: called without arguments where it is false.
        name: accepted; used in nothing.

    Returns:
        What the function returns. When staged, both must return the same structure,
        with tensors of the same dtype and shape.

    Raises:
        TypeError: if a function is not callable, or the results differ in structure
            or dtype.
        ValueError: if the results differ in shape.

    Example:
        >>> int(tf.cond(tf.constant(3) > 2, lambda: 1, lambda: 0))
        1

    Reference: ``tf.cond``. TensorFlow also takes branches of different shapes.
    """
    del name
    for label, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(
                message(
                    "tf.cond",
                    expected=f"'{label}' must be callable",
                    received=f"{function!r:.100}",
                    hint="Wrap it: `lambda: value`.",
                ).replace("expected '", "'", 1)
            )
    assert true_fn is not None and false_fn is not None
    true_fn, false_fn = tf_convert(true_fn), tf_convert(false_fn)
    if not predicates.is_staged(pred):
        return true_fn() if _known(pred) else false_fn()
    pred = predicates.scalar(pred, "tf.cond")
    return _tensors(conditional.cond(pred, true_fn, false_fn, where="tf.cond"))


def _known(pred: Any) -> bool:
    if is_tensor(pred):
        return bool(predicates.scalar(pred, "tf.cond"))
    return bool(pred)


def _tensors(result: Any) -> Any:
    """Python numbers in a staged result as tensors."""

    def convert(leaf: Any) -> Any:
        if values.stageable(leaf) and not is_tensor(leaf):
            return convert_to_tensor(leaf)
        return leaf

    return nest.map_structure(convert, result)


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Branch | None = None,
    name: str = "switch_case",
) -> Any:
    """The result of the function whose number is given.

    Args:
        branch_index: an int32 scalar.
        branch_fns: functions without arguments: a list, a dictionary from number to
            function, or a list of ``(number, function)`` pairs.
        default: called for a number that is not there; None: the function with the
            largest number.
        name: accepted; used in nothing.

    Returns:
        What the function returns; see ``tf.cond`` for what the functions may return.

    Raises:
        TypeError: if the functions are not given in one of these forms.
        ValueError: if the numbers are not 0, 1, 2, ... and there is no default.

    Example:
        >>> int(tf.switch_case(tf.constant(1), [lambda: 10, lambda: 20]))
        20

    Reference: ``tf.switch_case``.
    """
    del name
    table = _numbered(branch_fns)
    if not table:
        raise ValueError(
            message(
                "tf.switch_case",
                expected="at least one item in branch_fns",
                received="none",
                hint="Pass a list of functions without arguments.",
            )
        )
    if default is None:
        if sorted(table) != list(range(len(table))):
            raise ValueError(
                message(
                    "tf.switch_case",
                    expected="contiguous numbers from 0 in branch_fns",
                    received=f"{sorted(table)}",
                    hint="Number the branches 0, 1, 2, ... or pass `default`.",
                )
            )
        default = table[max(table)]
    index = convert_to_tensor(branch_index)
    if not predicates.is_staged(index):
        return tf_convert(table.get(int(index), default))()
    numbers = sorted(table)
    functions = [tf_convert(table[number]) for number in numbers]
    functions.append(tf_convert(default))
    place = values.run("tf.switch_case", _place(numbers), index)
    return _tensors(conditional.switch(place, functions, where="tf.switch_case"))


def _place(numbers: Sequence[int]) -> Callable[[Any], Any]:
    def lower(index: Any) -> Any:
        known = jnp.asarray(numbers)
        found = known == index
        return jnp.where(found.any(), jnp.argmax(found), len(numbers)).astype(jnp.int32)

    return lower


def _numbered(branch_fns: Any) -> dict[int, Branch]:
    if isinstance(branch_fns, Mapping):
        table = dict(branch_fns)
    elif all(callable(each) for each in branch_fns):
        table = dict(enumerate(branch_fns))
    else:
        table = dict(_pairs(branch_fns))
    for key, function in table.items():
        if not isinstance(key, int) or not callable(function):
            raise TypeError(_BRANCH_FORM.format(f"{key!r}: {function!r:.80}"))
    return table


_BRANCH_FORM = (
    "tf.switch_case: expected branch_fns to be functions, or pairs of an int and a "
    "function. Received: {}. Pass for example `[lambda: a, lambda: b]`."
)


def _pairs(branch_fns: Any) -> list[Any]:
    for each in branch_fns:
        if not isinstance(each, (list, tuple)) or len(each) != 2:
            raise TypeError(_BRANCH_FORM.format(f"{each!r:.80}"))
    return list(branch_fns)


def case(
    pred_fn_pairs: Any,
    default: Branch | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """The result of the first function whose condition holds.

    Args:
        pred_fn_pairs: list of pairs of a bool scalar and a function without arguments.
        default: called where no condition holds; None makes that an error.
        exclusive: whether more than one true condition is an error.
        strict: accepted; a result with one element is never unpacked.
        name: accepted; used in nothing.

    Returns:
        What the function returns; see ``tf.cond`` for what the functions may return.

    Raises:
        TypeError: if the pairs have another form.
        InvalidArgumentError: if no condition holds and there is no default, or several
            do and ``exclusive`` is set (at run time, for traced conditions).

    Reference: ``tf.case``.
    """
    del strict, name
    pairs = _checked_pairs(pred_fn_pairs, default)
    conditions = [pair[0] for pair in pairs]
    if exclusive:
        _require(conditions, lambda n: n <= 1, "exclusive=True: more than 1 conditions")
    if default is None:
        _require(conditions, lambda n: n >= 1, "None of conditions")
        default = pairs[-1][1]
        pairs = pairs[:-1]
    choose = default
    for condition, function in reversed(pairs):
        choose = _chosen(condition, function, choose)
    return choose()


def _chosen(condition: Any, function: Branch, otherwise: Branch) -> Branch:
    return lambda: cond(condition, function, otherwise)


def _checked_pairs(pred_fn_pairs: Any, default: Any) -> list[tuple[Any, Branch]]:
    if isinstance(pred_fn_pairs, Mapping):
        pairs = [
            (getattr(k, "deref", lambda k=k: k)(), v) for k, v in pred_fn_pairs.items()
        ]
    elif isinstance(pred_fn_pairs, (list, tuple)):
        pairs = list(pred_fn_pairs)
    else:
        raise TypeError(_CASE_FORM.format(f"{type(pred_fn_pairs).__name__}"))
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise TypeError(_CASE_FORM.format(f"{pair!r:.80}"))
        if not callable(pair[1]):
            raise TypeError(_CASE_FORM.format(f"{pair[1]!r:.80} as a function"))
    if not pairs or (default is not None and not callable(default)):
        raise TypeError(_CASE_FORM.format(f"{len(pairs)} pairs, default {default!r}"))
    return pairs


_CASE_FORM = (
    "tf.case: expected pred_fn_pairs to be pairs of a bool scalar and a function "
    "without arguments, and default to be callable. Received: {}. Pass for example "
    "`[(x > 0, lambda: a)]`."
)


def _require(
    conditions: list[Any], holds: Callable[[Any], Any], complaint: str
) -> None:
    tensors = [predicates.scalar(each, "tf.case") for each in conditions]

    def text(found: Any) -> str:
        return (
            f"tf.case: Input error: {complaint} evaluated as True. Received the "
            f"conditions: {[bool(each) for each in found]}. Pass `default`, or make "
            "the conditions cover each case once."
        )

    if not any(map(predicates.is_staged, tensors)):
        if not holds(sum(map(bool, tensors))):
            raise InvalidArgumentError(None, None, text(tensors))
        return

    def lower(*found: Any) -> Any:
        return holds(sum(each.astype(jnp.int32) for each in found))

    check(values.run("tf.case", lower, *tensors), tensors, text)
