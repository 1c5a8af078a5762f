"""Whether library code should convert the user functions that it is given.

Unset outside of traced functions; True while a converted function runs; False inside
``do_not_convert`` and ``tf.function(autograph=False)``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Status(threading.local):
    converting: bool | None = None


_status = _Status()


def converting() -> bool | None:
    """True, False, or None where nothing was decided."""
    return _status.converting


@contextmanager
def enabled() -> Iterator[None]:
    """Converts the functions called inside the block."""
    before, _status.converting = _status.converting, True
    try:
        yield
    finally:
        _status.converting = before


@contextmanager
def disabled() -> Iterator[None]:
    """Leaves the functions called inside the block as they are."""
    before, _status.converting = _status.converting, False
    try:
        yield
    finally:
        _status.converting = before
