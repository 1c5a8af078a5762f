"""Whose code computes what on CPUs: one table, each line with what was measured for it.

A line names an operation, whose kernel computes it where the native library is loaded,
from which size and for which dtypes, and what was measured against XLA's own code. What
is not in the table, or is smaller, stays with XLA. Times are of two cores, in
milliseconds, the shorter first; the shapes are those of the nets in `benchmarks/`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from lamina.kernels.selection import native


class Kernel(Enum):
    """Whose code it is."""

    ONEDNN = "oneDNN's"
    OWN = "Lamina's own"
    XLA = "XLA's"


class Choice(NamedTuple):
    """A line of the table.

    Attributes:
        kernel: whose kernel computes the operation.
        measured: the figures that decided.
        least: the number of elements from which on it is used.
        dtypes: the dtypes that the kernel takes.
    """

    kernel: Kernel
    measured: str
    least: int = 0
    dtypes: tuple[str, ...] = ("float32",)


_FLOATS = ("float32", "bfloat16", "float16")
_WIDE = ("float32", "bfloat16")

CHOICES: Mapping[str, Choice] = {
    "convolution": Choice(
        Kernel.ONEDNN,
        "32x32x32 to 32 channels, 3x3, AVX2: forward 3.8 against 15.5, gradient by the "
        "input 6.9 against 16.5, by the filters 12 against 42",
        dtypes=_FLOATS,
    ),
    "convolution's gradient by the bias": Choice(
        Kernel.XLA, "oneDNN's loop for it is not vectorised with AVX2"
    ),
    "batch normalisation": Choice(
        Kernel.OWN,
        "4 MB with ReLU, forward and backward, AVX2: 1.1 against 2.6",
        least=4096,
        dtypes=_WIDE,
    ),
    "adam": Choice(
        Kernel.OWN,
        "update of 524,288 weights 0.11 against 0.27, of 16 matrices of 256x256 0.35 "
        "against 0.92, of four of 1024x1024 1.9 against 4.8; step of an MLP of 100,000 "
        "weights 0.17 against 0.23: XLA updates one variable beside another's gradient",
        least=1 << 19,
    ),
    "recurrence": Choice(
        Kernel.OWN,
        "LSTM, 32 rows, 64 steps of 32, 64 units, one core with AVX-512: forward 1.30 "
        "against 1.36, with its gradient 3.34 against 5.39; GRU of 32 steps 1.18 "
        "against 1.85; LSTM of 512 units, 8 steps 34 against 46; 2 rows, 4 steps, 16 "
        "units 0.016 against 0.040; one step alone 0.091 against 0.072: not used",
    ),
}


@functools.cache
def _chosen(operation: str) -> Choice:
    choice = CHOICES[operation]
    return choice if choice.kernel is not Kernel.XLA else choice._replace(dtypes=())


def chosen(operation: str, size: int, dtype: str) -> bool:
    """Whether a native kernel computes an operation in what is traced now.

    Args:
        operation: a line of the table.
        size: the number of elements that it works on.
        dtype: their dtype.
    """
    choice = _chosen(operation)
    return size >= choice.least and dtype in choice.dtypes and native()
