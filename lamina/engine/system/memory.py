"""How this process keeps the memory that XLA's programs free.

Each run of a program on the CPU takes its working memory from the C library and gives
it back. glibc gets blocks of megabytes from the kernel and returns them at once, so
every run begins with the kernel clearing tens of thousands of pages again: a fifth of
the step of a small convolution net (2.6 million page faults became 0.1 million).
Here such blocks come from the heap, of whose top a bounded part is kept when it is
free. All threads share that heap: those that glibc gives other threads hold blocks of
up to 64 MB, and what is larger is mapped again each time after all (a third of the step
of a depthwise net whose programs work in 117 MB). ``LAMINA_KEEP_MEMORY`` sets the part
that is kept in MiB; 0 leaves the C library as it is.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Final

from lamina.engine.errors import message

VARIABLE: Final = "LAMINA_KEEP_MEMORY"
_MIB: Final = 1 << 20
_MOST: Final = 1024  # MiB
# Parameters of mallopt(3).
_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
_ARENA_MAX: Final = -8


def keep_freed_memory() -> int:
    """Applies the setting; returns how many bytes of free memory may be kept.

    Raises:
        ValueError: ``LAMINA_KEEP_MEMORY`` is no number of MiB.
    """
    kept = _wanted() * _MIB
    if not kept or platform.libc_ver()[0] != "glibc":
        return 0
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return 0
    settings = (
        (_TRIM_THRESHOLD, min(kept, 2**31 - 1)),
        (_MMAP_MAX, 0),
        (_ARENA_MAX, 1),
    )
    return kept if all(mallopt(*each) for each in settings) else 0


def _wanted() -> int:
    """MiB: what the environment asks for, else an eighth of the memory, or 1 GiB."""
    chosen = os.environ.get(VARIABLE)
    if chosen is None:
        if "MALLOC_MMAP_MAX_" in os.environ or "MALLOC_TRIM_THRESHOLD_" in os.environ:
            return 0  # the user has made settings of their own
        try:
            memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (ValueError, OSError, AttributeError):
            return 0
        return min(_MOST, memory // 8 // _MIB)
    try:
        number = int(chosen)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(
            message(
                VARIABLE,
                expected="a number of MiB, 0 or more",
                received=repr(chosen),
                hint="Unset the variable to let Lamina choose.",
            )
        )
    return number
