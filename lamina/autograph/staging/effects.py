"""Checks that happen while a compiled program runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from lamina.autograph.staging.text import array_text
from lamina.autograph.staging.values import stageable, to_tensor
from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.failure import callback_failed, user_location
from lamina.engine.tensor import Tensor

Message = Callable[[Sequence[Any]], str]


class CallbackFailed(Exception):
    """Stops a program whose callback raised; the engine raises the real error."""


class _KnownFailures(logging.Filter):
    """Drops JAX's log records of errors that the engine raises anyway."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to keep a record."""
        return not (record.exc_info and isinstance(record.exc_info[1], CallbackFailed))


for _callback in (jax.debug.callback, jax.pure_callback):
    logging.getLogger(_callback.__module__).addFilter(_KnownFailures())


class _Silence:
    """How many backward passes are running: what they repeat is not shown again."""

    depth = 0


def silence(*_: Any) -> None:
    """Starts a backward pass: ordered calls such as prints are left out."""
    _Silence.depth += 1


def speak(*_: Any) -> None:
    """Ends a backward pass."""
    _Silence.depth = max(0, _Silence.depth - 1)


def is_ordered(program: Any) -> bool:
    """Whether a captured program makes ordered calls."""
    return any(type(e).__name__.startswith("Ordered") for e in program.jaxpr.effects)


def fail_callback(error: Exception) -> NoReturn:
    """Ends the running program with an error of the user's."""
    _Silence.depth = 0  # a backward pass that fails never ends
    callback_failed(error)
    raise CallbackFailed(str(error)) from None


def assert_true(
    condition: Tensor, data: Sequence[Any], name: str, summarize: int | None = None
) -> None:
    """Raises InvalidArgumentError at run time where a scalar condition is false.

    Args:
        condition: a traced bool scalar.
        data: what the message shows.
        name: what the user called.
        summarize: how many items of each tensor to show.
    """

    def message(values: Sequence[Any]) -> str:
        shown = ", ".join(
            array_text(value, summarize)
            if isinstance(value, np.ndarray)
            else str(value)
            for value in values
        )
        what = f" Summarized data: {shown}" if shown else ""
        return f"{name}: expected the condition to be true.{what}"

    check(condition, data, message)


def check(condition: Tensor, data: Sequence[Any], message: Message) -> None:
    """Raises InvalidArgumentError at run time where a scalar condition is false.

    Args:
        condition: a traced bool scalar.
        data: tensors and Python objects for the message.
        message: makes the text of the error from the data; tensors come as arrays.
    """
    items = list(data)
    places = [at for at, item in enumerate(items) if stageable(item)]
    tensors = [to_tensor(items[at]) for at in places]
    where = user_location()

    def fail(holds: Any, *arrays: Any) -> None:
        if holds:  # a vectorized program runs both branches
            return
        values = list(items)
        for at, array in zip(places, arrays, strict=True):
            values[at] = np.asarray(array)
        text = message(values)
        if where:
            text = f"{text}\n  at {where}"
        error = InvalidArgumentError(None, None, text)
        fail_callback(error)

    emit(condition, [condition, *tensors], fail)


def emit(
    condition: Tensor | None,
    tensors: Sequence[Tensor],
    function: Callable[..., None],
    ordered: bool = False,
) -> None:
    """Calls ``function(*arrays)`` at run time, where a scalar condition is false.

    Args:
        condition: a bool scalar; None calls always.
        tensors: the arguments.
        function: what to call on the host.
        ordered: whether such calls must happen in program order.
    """

    def call(*arrays: Any) -> None:
        stopped = [lax.stop_gradient(jnp.asarray(array)) for array in arrays]
        jax.debug.callback(shown, *stopped, ordered=ordered)

    def shown(*arrays: Any) -> None:
        if not (ordered and _Silence.depth):
            function(*arrays)

    trace = state.trace
    if trace is None:
        function(*[np.asarray(tensor._value) for tensor in tensors])
        return
    # Not through ``execute``: a kernel whose inputs are known would run at once.
    arrays = [trace.use(tensor) for tensor in tensors]
    if condition is None:
        call(*arrays)
    else:
        lax.cond(trace.use(condition), lambda *_: None, call, *arrays)
