"""When native kernels may be used.

For which operations, sizes and types they are, and what was measured for it, stands in
`choices.py`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import jax

from lamina.kernels.library import status

_local = threading.local()


@contextlib.contextmanager
def portable() -> Iterator[None]:
    """Within it, everything traced by this thread uses XLA's operations only.

    For forward-mode differentiation: native kernels have derivatives in reverse mode.
    """
    before = getattr(_local, "portable", False)
    _local.portable = True
    try:
        yield
    finally:
        _local.portable = before


def native() -> bool:
    """Whether native kernels may be used in what is traced now."""
    if getattr(_local, "portable", False):
        return False
    return jax.default_backend() == "cpu" and status().library is not None
