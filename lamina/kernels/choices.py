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
    "convolution's gradient by the bias, without ReLU": Choice(
        Kernel.XLA, "oneDNN's loop for it is not vectorised with AVX2"
    ),
    "batch normalisation": Choice(
        Kernel.OWN,
        "4 MB with ReLU, forward and backward, AVX2: 1.1 against 2.6; the ReLU inside "
        "saves 5 of the 59 ms of a depthwise net's step (AVX-512, one core)",
        least=4096,
        dtypes=_WIDE,
    ),
    "max-pooling": Choice(
        Kernel.OWN,
        "32x26x26x32, 2x2, AVX-512, one core: forward 0.08 against 0.14, both passes "
        "0.22 against 0.40, in bfloat16 0.23 against 6.6; 8x112x112x64, 3x3 with "
        "stride 2: 9.0 against 39",
        least=4096,
        dtypes=_WIDE,
    ),
    "average-pooling": Choice(
        Kernel.OWN,
        "32x26x26x32, 2x2, AVX-512, one core: forward 0.11 against 0.14, gradient 0.13 "
        "against 0.16, in bfloat16 0.38 against 3.5; 8x112x112x64, 3x3 with stride 2: "
        "3.1 against 32",
        least=4096,
        dtypes=_WIDE,
    ),
    "ReLU and bias after a convolution, backward": Choice(
        Kernel.OWN,
        "two small convolution nets, AVX-512, one core: 2.6 of 2.9 and 9.5 of 9.7, in "
        "bfloat16 3.5 of 3.8 and 6.6 of 7.1",
        least=4096,
        dtypes=_WIDE,
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
