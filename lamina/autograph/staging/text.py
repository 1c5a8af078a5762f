"""Tensors as text, in the form that ``tf.print`` and assertions use."""

from __future__ import annotations

from typing import Any

import numpy as np

EDGE_ITEMS = 3


def array_text(array: Any, summarize: int | None = None) -> str:
    """An array as nested brackets; long dimensions show only their ends.

    Args:
        array: anything NumPy can hold.
        summarize: how many items to show at each end of a dimension; None for 3, -1
            for all.
    """
    host = np.asarray(array)
    edge = EDGE_ITEMS if summarize is None else int(summarize)
    if host.ndim == 0:
        return scalar_text(host[()])
    if host.size == 0:
        return "[]"
    return _nested(host, edge, 1)


def _nested(host: np.ndarray[Any, Any], edge: int, depth: int) -> str:
    count = len(host)
    if edge >= 0 and count > 2 * edge:
        shown: list[int | None] = [*range(edge), None, *range(count - edge, count)]
    else:
        shown = list(range(count))
    if host.ndim == 1:
        parts = ["..." if at is None else scalar_text(host[at]) for at in shown]
        return "[" + " ".join(parts) + "]"
    parts = [
        "..." if at is None else _nested(host[at], edge, depth + 1) for at in shown
    ]
    gap = "\n" * (host.ndim - 1) + " " * depth
    return "[" + gap.join(parts) + "]"


def scalar_text(value: Any) -> str:
    """One element: shortest digits that give the same number, strings in quotes."""
    if isinstance(value, bytes):
        return f'"{value.decode("utf-8", "replace")}"'
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (complex, np.complexfloating)):
        return f"({float_text(value.real)},{float_text(value.imag)})"
    dtype = getattr(value, "dtype", np.dtype(type(value)))
    if dtype.kind in "fV":
        return float_text(value)
    return str(value)


def float_text(value: Any) -> str:
    """A float with the fewest significant digits that keep its value."""
    dtype = np.asarray(value).dtype
    if dtype != np.float64:
        value = np.float32(value)
    short, full = ("%.15g", "%.17g") if dtype == np.float64 else ("%.6g", "%.9g")
    text = short % value
    if np.isfinite(value) and type(value)(text) != value:
        text = full % value
    return text
