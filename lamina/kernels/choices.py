"""Whose code computes what on CPUs: one table, each line with what was measured for it.

A line names an operation, whose kernel computes it where the native library is loaded,
from which size and for which dtypes, and what was measured against XLA's own code. What
is not in the table, or is smaller, stays with XLA. Times are in milliseconds, of two
cores unless said otherwise, the shorter first; the shapes are those of the nets in
`benchmarks/`.
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
        least: the size from which on it is used: the number of elements, but of
            products those of the second matrix, or multiplications where the first is
            transposed; of 3x3 convolutions an image's tiles times the channels in and
            out; of poolings the elements of an image, of attention the scores of an
            example, of layer normalisation the elements of a row. Where `predict`
            fills up batches, it must not depend on the number of rows.
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
    "3x3 convolution": Choice(
        Kernel.OWN,
        "by minimal filtering, stride 1, AVX-512, forward and the gradients by the "
        "input and the filters: 32x32x32 to 32 channels 3.0, 3.0, 2.1 against oneDNN's "
        "6.0, 6.1, 4.1; 16x16x64 to 64 2.5, 2.5, 2.8 against 5.3, 5.2, 6.0; 8x8x128 to "
        "128 2.1, 2.3, 3.2 against 4.8, 4.9, 5.5; 12x12x64 to 64 0.9, 1.0, 1.1 against "
        "1.5, 1.5, 1.6; one image of 8x8x64 alone 0.07 against 0.05; 7x7x512 "
        "to 512 as long as oneDNN, whose the wide ones therefore are",
        least=1 << 12,
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
    "product": Choice(
        Kernel.ONEDNN,
        "bfloat16 instructions, one core: 1024x1024 10.3 against 20.7, 2048x128 by "
        "128x512 1.2 against 2.8, 128x64 by 64x64 0.014 against 0.031; float32: equal",
        least=1 << 12,
        dtypes=("bfloat16", "float16"),
    ),
    "product, the first matrix transposed": Choice(
        Kernel.ONEDNN,
        "float32, AVX-512, one core: 2048x512 by 2048x128 2.4 against 4.9, 2048x128 by "
        "2048x128 0.60 against 0.77; 32x784 by 32x512 is equal",
        least=1 << 24,
        dtypes=_FLOATS,
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
    "attention": Choice(
        Kernel.OWN,
        "AVX-512, one core, 32 examples of 64x64 scores of 4 heads of 32: forward 1.1 "
        "against 1.2, gradient 2.6 against 4.6; 2048x2048 scores of 4 heads of 64: 51 "
        "against 61, 129 against 210; bfloat16: gradient 2.6 against 4.5, forward 1.1 "
        "against 0.9",
        least=1 << 10,
        dtypes=_WIDE,
    ),
    "layer normalisation": Choice(
        Kernel.OWN,
        "AVX-512, one core, forward and backward: 512x768 0.35 against 0.47, bfloat16 "
        "0.35 against 0.54; 64x4096 0.27 against 0.38; 2048x128 is equal alone, and a "
        "step of the transformer takes 65.9 against 67.1; 33 columns are slower",
        least=64,
        dtypes=_WIDE,
    ),
    "gelu": Choice(
        Kernel.OWN,
        "AVX-512, one core: a prediction step of the transformer takes 21.3 against "
        "24.0; in training 66.1 against 64.2, so that is left to XLA",
        least=64,
        dtypes=_WIDE,
    ),
    "softmax": Choice(
        Kernel.XLA,
        "AVX-512, one core, forward and backward: 2048x512 0.85 where PyTorch's kernel "
        "takes 0.90, 2048x64 0.13 and 0.14, 512x4096 1.9 and 2.5",
    ),
    "gradient of a bias": Choice(
        Kernel.XLA,
        "2048x512 in 0.06; in 7.1 as a sum of bfloat16, which is why it is widened",
    ),
    "gradient of an embedding": Choice(
        Kernel.XLA, "2048 rows of 128 into 5000: 0.13 of a step of 67"
    ),
    "max-pooling": Choice(
        Kernel.OWN,
        "32x26x26x32, 2x2, AVX-512, one core: forward 0.08 against 0.14, both passes "
        "0.22 against 0.40, in bfloat16 0.23 against 6.6; 8x112x112x64, 3x3 with "
        "stride 2: 9.0 against 39",
        least=128,
        dtypes=_WIDE,
    ),
    "average-pooling": Choice(
        Kernel.OWN,
        "32x26x26x32, 2x2, AVX-512, one core: forward 0.11 against 0.14, gradient 0.13 "
        "against 0.16, in bfloat16 0.38 against 3.5; 8x112x112x64, 3x3 with stride 2: "
        "3.1 against 32",
        least=128,
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
        size: what `Choice.least` counts.
        dtype: their dtype.
    """
    choice = _chosen(operation)
    return size >= choice.least and dtype in choice.dtypes and native()
