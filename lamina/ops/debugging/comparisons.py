"""Assertions that compare elements: ``tf.debugging.assert_equal`` and its kin.

Eagerly, and for values known while tracing, a failed assertion raises at once. Inside
a program it raises when the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.autograph.staging import predicates, values
from lamina.autograph.staging.effects import check
from lamina.autograph.staging.text import array_text
from lamina.engine.dtypes import DType
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.engine.trace import is_tracing

Holds = Callable[[Any, Any], Any]
_SHOWN = 3


def assert_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x == y`` for every element.

    Args:
        x: a tensor.
        y: a tensor of the same dtype, whose shape broadcasts with ``x``.
        message: what to put before the error's text.
        summarize: how many elements to show; None for 3.
        name: accepted; used in nothing.

    Reference: ``tf.debugging.assert_equal``.
    """
    del name
    _compare("assert_equal", "==", lambda a, b: a == b, x, y, message, summarize)


def assert_none_equal(
    x: Any,
    y: Any,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x != y`` for every element.

    Args and reference as for ``tf.debugging.assert_equal``, in another order.
    """
    del name
    _compare("assert_none_equal", "!=", lambda a, b: a != b, x, y, message, summarize)


def assert_less(
    x: Any,
    y: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x < y`` for every element.

    Args and reference as for ``tf.debugging.assert_equal``.
    """
    del name
    _compare("assert_less", "<", lambda a, b: a < b, x, y, message, summarize)


def assert_less_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x <= y`` for every element.

    Args and reference as for ``tf.debugging.assert_equal``.
    """
    del name
    _compare("assert_less_equal", "<=", lambda a, b: a <= b, x, y, message, summarize)


def assert_greater(
    x: Any,
    y: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x > y`` for every element.

    Args and reference as for ``tf.debugging.assert_equal``.
    """
    del name
    _compare("assert_greater", ">", lambda a, b: a > b, x, y, message, summarize)


def assert_greater_equal(
    x: Any,
    y: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x >= y`` for every element.

    Args and reference as for ``tf.debugging.assert_equal``.
    """
    del name
    _compare(
        "assert_greater_equal", ">=", lambda a, b: a >= b, x, y, message, summarize
    )


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``|x - y| <= atol + rtol * |y|`` everywhere.

    Args:
        x: a floating or complex tensor.
        y: a tensor of the same dtype, whose shape broadcasts with ``x``.
        rtol: relative tolerance; None for 10 times the precision of the dtype.
        atol: absolute tolerance; None for the same.
        message: what to put before the error's text.
        summarize: how many elements to show; None for 3.
        name: accepted; used in nothing.

    Reference: ``tf.debugging.assert_near``.
    """
    del name
    x = convert_to_tensor(x)
    eps = 10 * float(jnp.finfo(x.dtype.real_dtype.np_dtype).eps)
    relative = eps if rtol is None else float(rtol)
    absolute = eps if atol is None else float(atol)
    _compare(
        "assert_near",
        f"≈ (rtol={relative:.3g}, atol={absolute:.3g})",
        lambda a, b: abs(a - b) <= absolute + relative * abs(b),
        x,
        y,
        message,
        summarize,
    )


def assert_positive(
    x: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless every element is above 0.

    Args:
        x: a numeric tensor.
        message: what to put before the error's text.
        summarize: how many elements to show; None for 3.
        name: accepted; used in nothing.

    Reference: ``tf.debugging.assert_positive``.
    """
    del name
    _against_zero("assert_positive", ">", lambda a, b: a > b, x, message, summarize)


def assert_negative(
    x: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless every element is below 0.

    Args and reference as for ``tf.debugging.assert_positive``.
    """
    del name
    _against_zero("assert_negative", "<", lambda a, b: a < b, x, message, summarize)


def assert_non_negative(
    x: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless every element is at least 0.

    Args and reference as for ``tf.debugging.assert_positive``.
    """
    del name
    _against_zero(
        "assert_non_negative", ">=", lambda a, b: a >= b, x, message, summarize
    )


def assert_non_positive(
    x: Any,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless every element is at most 0.

    Args and reference as for ``tf.debugging.assert_positive``.
    """
    del name
    _against_zero(
        "assert_non_positive", "<=", lambda a, b: a <= b, x, message, summarize
    )


def assert_true(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless a condition holds.

    Args:
        condition: a bool tensor; all its elements must be true.
        data: list of tensors and other values for the message.
        summarize: how many elements of each tensor to show; None for 3.
        name: accepted; used in nothing.

    Reference: ``tf.debugging.Assert``.
    """
    del name
    items = list(data) if isinstance(data, (list, tuple)) else [data]

    def text(shown: Sequence[Any]) -> str:
        parts = "\n".join(_shown(each, summarize) for each in shown)
        return (
            "tf.debugging.Assert: Expected the condition to be true. Summarized data: "
            f"{parts}"
        )

    tensor = convert_to_tensor(condition)
    if predicates.is_staged(tensor):
        check(values.reduce_all(predicates.boolean(tensor, "tf.Assert")), items, text)
    elif not np.asarray(tensor._value).all():
        raise InvalidArgumentError(None, None, text(items))


def _shown(value: Any, summarize: int | None) -> str:
    if isinstance(value, np.ndarray):
        return array_text(value, summarize)
    if is_tensor(value) and not predicates.is_staged(value):
        return array_text(np.asarray(convert_to_tensor(value)._value), summarize)
    return str(value)


def _against_zero(
    name: str, sign: str, holds: Holds, x: Any, message: str | None, summarize: Any
) -> None:
    tensor = convert_to_tensor(x)
    zero = Tensor(np.zeros((), tensor.dtype.np_dtype))
    _compare(name, sign, holds, tensor, zero, message, summarize, other="0")


def _compare(
    name: str,
    sign: str,
    holds: Holds,
    x: Any,
    y: Any,
    message: str | None,
    summarize: int | None,
    other: str = "y",
) -> None:
    first, second = _alike(name, x, y)

    def text(arrays: Sequence[Any]) -> str:
        return _text(name, sign, holds, arrays[0], arrays[1], message, summarize, other)

    staged = predicates.is_staged(first) or predicates.is_staged(second)
    if is_tracing() and staged:

        def lower(a: Any, b: Any) -> Any:
            return jnp.all(holds(a, b))

        condition = values.run(f"tf.debugging.{name}", lower, first, second)
        check(condition, [first, second], text)
        return
    if first._value is None or second._value is None:
        return  # a symbolic Keras input has no elements to look at
    a, b = np.asarray(first._value), np.asarray(second._value)
    if not np.all(_applied(name, holds, a, b)):
        raise InvalidArgumentError(None, None, text([a, b]))


def _applied(name: str, holds: Holds, a: Any, b: Any) -> Any:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise InvalidArgumentError.of(
            f"tf.debugging.{name}",
            expected="x and y to have shapes that broadcast",
            received=f"Incompatible shapes: {list(a.shape)} vs. {list(b.shape)}",
            hint="Reshape one of them.",
        ) from None
    return holds(a, b)


def _alike(name: str, x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Both values as tensors of one dtype."""
    dtype: DType | None = None
    for each in (x, y):
        if is_tensor(each):
            dtype = each.dtype
            break
    first = convert_to_tensor(x) if is_tensor(x) else convert_to_tensor(x, dtype)
    wanted = dtype or first.dtype
    second = convert_to_tensor(y) if is_tensor(y) else convert_to_tensor(y, wanted)
    if first.dtype != second.dtype:
        raise InvalidArgumentError.of(
            f"tf.debugging.{name}",
            expected="x and y of one dtype",
            received=f"{first.dtype.name} and {second.dtype.name}",
            hint="Use tf.cast.",
        )
    return first, second


def _text(
    name: str,
    sign: str,
    holds: Holds,
    x: Any,
    y: Any,
    message: str | None,
    summarize: int | None,
    other: str,
) -> str:
    count = _SHOWN if summarize is None else int(summarize)
    lines = [message] if message else []
    lines.append(f"tf.debugging.{name}: Condition x {sign} {other} did not hold.")
    a, b = np.broadcast_arrays(x, y)
    wrong = np.argwhere(~np.asarray(holds(a, b)).astype(bool))
    if count >= 0:
        wrong = wrong[:count]
    places = tuple(wrong.T)
    if a.ndim:
        lines.append(f"Indices of first {len(wrong)} different values:")
        lines.append(array_text(wrong, -1))
        lines.append(f"Corresponding x values:\n{array_text(a[places], -1)}")
        if other != "0":
            lines.append(f"Corresponding y values:\n{array_text(b[places], -1)}")
    for label, value in (("x", x), ("y", y))[: 1 if other == "0" else 2]:
        flat = np.ravel(value)[: count if count >= 0 else None]
        shape = f"(shape={value.shape} dtype={value.dtype})"
        lines.append(f"First {len(flat)} elements of {label} {shape}:")
        lines.append(array_text(flat, -1))
    return "\n".join(lines)
