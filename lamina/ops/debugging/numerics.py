"""Assertions that numbers are finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.autograph.staging import predicates, values
from lamina.autograph.staging.effects import check
from lamina.engine.errors import DTypeError, InvalidArgumentError
from lamina.engine.tensor import Tensor, convert_to_tensor


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself, if no element is NaN or infinite.

    Args:
        tensor: a floating or complex tensor.
        message: what to put before the error's text.
        name: accepted; used in nothing.

    Returns:
        The tensor.

    Raises:
        InvalidArgumentError: for a NaN or an infinity (inside a program: when it runs).
        DTypeError: a TypeError, for another dtype.

    Example:
        >>> tf.debugging.check_numerics(tf.constant([1.0]), "x").numpy().tolist()
        [1.0]

    Reference: ``tf.debugging.check_numerics``. Gradients are not checked.
    """
    del name
    found = convert_to_tensor(tensor)
    if not (found.dtype.is_floating or found.dtype.is_complex):
        raise DTypeError.of(
            "tf.debugging.check_numerics",
            expected="a floating dtype",
            received=found.dtype.name,
            hint="Integers are always finite.",
        )

    def text(arrays: Sequence[Any]) -> str:
        return _text(np.asarray(arrays[0]), message)

    if predicates.is_staged(found):
        finite = values.run("tf.debugging.check_numerics", _all_finite, found)
        check(finite, [found], text)
    elif found._value is not None:
        host = np.asarray(found._value)
        if not np.isfinite(host).all():
            raise InvalidArgumentError(None, None, text([host]))
    return found


def _all_finite(x: Any) -> Any:
    return jnp.all(jnp.isfinite(x))


def _text(host: Any, message: str) -> str:
    kinds = [
        word
        for word, found in (("Inf", np.isinf(host)), ("NaN", np.isnan(host)))
        if found.any()
    ]
    where = np.argwhere(~np.isfinite(host))
    first = tuple(int(each) for each in where[0]) if host.ndim else ()
    return (
        f"{message} : Tensor had {' and '.join(kinds)} values. "
        "tf.debugging.check_numerics: expected finite numbers. Received: "
        f"{len(where)} of {host.size} elements that are not, the first at index "
        f"{first}. Look for divisions by 0, logarithms of 0 and overflow before it."
    )


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself, if no element is NaN or infinite.

    Args:
        x: a floating or complex tensor.
        message: what to put before the error's text.
        name: accepted; used in nothing.

    Returns:
        The tensor.

    Raises:
        InvalidArgumentError: for a NaN or an infinity (inside a program: when it runs).

    Reference: ``tf.debugging.assert_all_finite``.
    """
    return check_numerics(x, message, name)
