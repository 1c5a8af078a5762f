"""Turning what goes wrong inside a lowering into an error a user can act on."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

import jax

from lamina.engine import dtypes
from lamina.engine.context import state
from lamina.engine.errors import (
    InaccessibleTensorError,
    InvalidArgumentError,
    OpError,
    ResourceExhaustedError,
)

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_HIDDEN = (
    _PACKAGE,
    os.path.dirname(os.path.abspath(jax.__file__)) + os.sep,
    os.sep + "malt" + os.sep,
    os.sep + "contextlib.py",
    "<frozen",
)


def user_location() -> str:
    """``file:line, in function`` of the innermost frame that is not ours, or ``""``."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not any(part in name for part in _HIDDEN):
            mapped = _ORIGINS(name, frame.f_lineno) if _ORIGINS else None
            file, line = mapped or (name, frame.f_lineno)
            return f"{file}:{line}, in {frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def hide_frames(error: BaseException) -> BaseException:
    """The error with only the user's frames in its traceback.

    Set the environment variable LAMINA_TRACEBACKS to ``full`` to see all frames.
    """
    if os.environ.get("LAMINA_TRACEBACKS") == "full":
        return error
    kept = []
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not any(part in name for part in _HIDDEN):
            kept.append(trace)
        trace = trace.tb_next
    shown: types.TracebackType | None = None
    for trace in reversed(kept):
        frame, at = trace.tb_frame, trace.tb_lasti
        shown = types.TracebackType(shown, frame, at, trace.tb_lineno)
    return error.with_traceback(shown)


_ORIGINS: Any = None


def set_origin_lookup(function: Any) -> None:
    """Registers ``(generated file, line) -> (user's file, line) | None``."""
    global _ORIGINS
    _ORIGINS = function


def describe_arrays(arrays: Any) -> str:
    """Shapes and dtypes of arrays, for messages."""
    parts = [
        f"{dtypes.from_np(a.dtype).name}{list(a.shape)}"
        for a in arrays
        if hasattr(a, "dtype") and hasattr(a, "shape")
    ]
    return ", ".join(parts) if parts else "no tensors"


def explain(error: Exception, op: Any, arrays: Any) -> Exception:
    """The exception to raise for ``error``, which a lowering raised."""
    name = getattr(op, "public_name", str(op))
    where = user_location() if state.trace is not None else ""
    suffix = f"\n  at {where}" if where else ""
    if isinstance(error, OpError):
        if suffix and suffix not in error.message:
            error.message += suffix
            error.args = (error.message,)
        return error.with_traceback(None)
    if isinstance(error, jax.errors.UnexpectedTracerError):
        return InaccessibleTensorError(
            f"{name}: a tensor that belongs to another traced function was used here "
            f"({describe_arrays(arrays)}). Return it from that function instead of "
            f"storing it in a Python variable.{suffix}"
        )
    if isinstance(error, TypeError | ValueError | IndexError | ZeroDivisionError):
        text = str(error).split("\n")[0]
        return InvalidArgumentError(
            None,
            None,
            f"{name}: the inputs do not fit together: {text} Received: "
            f"{describe_arrays(arrays)}.{suffix}",
        )
    if type(error).__name__ == "XlaRuntimeError" or isinstance(
        error, jax.errors.JaxRuntimeError
    ):
        if "RESOURCE_EXHAUSTED" in str(error) or "Out of memory" in str(error):
            return ResourceExhaustedError(None, None, f"{name}: {error}{suffix}")
        inner = _callback_error(error)
        if inner is not None:
            return inner
    return error


def _callback_error(error: Exception) -> Exception | None:
    """The exception that user code raised inside a run-time callback, if any."""
    found = _PENDING.pop() if _PENDING else None
    _PENDING.clear()
    return found


_PENDING: list[Exception] = []


def callback_failed(error: Exception) -> None:
    """Remembers an exception raised in a run-time callback, to raise it unchanged."""
    _PENDING.append(error)
