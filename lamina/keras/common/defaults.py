"""Marks on methods that a subclass may replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def default(method: F) -> F:
    """Mark `method` as the base's own, which a subclass may override."""
    method._is_default = True  # type: ignore[attr-defined]
    return method


def is_default(method: Callable[..., Any]) -> bool:
    """Whether `method` is still the one that the base class supplies."""
    return bool(getattr(method, "_is_default", False))
