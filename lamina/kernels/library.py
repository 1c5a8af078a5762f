"""The native kernels: finding, loading and describing them.

The library is optional. Without it, or with `LAMINA_KERNELS=xla` in the environment,
every operation runs on XLA's own kernels.
"""

from __future__ import annotations

import ctypes
import functools
import os
from dataclasses import dataclass
from pathlib import Path

import jax

from lamina.engine.errors import FailedPreconditionError, InvalidArgumentError

FOLDER = Path(__file__).parent / "native"
NAME = "liblamina_kernels.so"
_REASON = "not_built.txt"
_VARIABLE = "LAMINA_KERNELS"
_CHOICES = ("auto", "xla", "onednn")
_TARGETS = {
    "lamina_convolution": "LaminaConvolution",
    "lamina_convolution_data": "LaminaConvolutionData",
    "lamina_convolution_filters": "LaminaConvolutionFilters",
    "lamina_winograd": "LaminaWinograd",
    "lamina_winograd_data": "LaminaWinogradData",
    "lamina_winograd_filters": "LaminaWinogradFilters",
    "lamina_batch_moments": "LaminaBatchMoments",
    "lamina_batch_apply": "LaminaBatchApply",
    "lamina_batch_gradient": "LaminaBatchGradient",
    "lamina_product": "LaminaProduct",
    "lamina_adam": "LaminaAdam",
    "lamina_recurrence": "LaminaRecurrence",
    "lamina_recurrence_gradient": "LaminaRecurrenceGradient",
    "lamina_gelu": "LaminaGelu",
    "lamina_attention": "LaminaAttention",
    "lamina_layer_apply": "LaminaLayerApply",
    "lamina_layer_gradient": "LaminaLayerGradient",
    "lamina_attention_gradient": "LaminaAttentionGradient",
    "lamina_relu_bias_gradient": "LaminaReluBiasGradient",
    "lamina_max_pool": "LaminaMaxPool",
    "lamina_max_pool_gradient": "LaminaMaxPoolGradient",
    "lamina_mean_pool": "LaminaMeanPool",
    "lamina_mean_pool_gradient": "LaminaMeanPoolGradient",
}
# dnnl_cpu_isa_t; the bits of a newer set include those of the older ones.
_INSTRUCTION_SETS = {
    0x01: "SSE4.1",
    0x03: "AVX",
    0x07: "AVX2",
    0x0F: "AVX2 with VNNI",
    0x1F: "AVX2 with VNNI",
    0x27: "AVX-512",
    0x67: "AVX-512 with VNNI",
    0xE7: "AVX-512 with bfloat16",
    0x1EF: "AVX-512 with float16",
    0xFEF: "AMX",
    0x1FEF: "AMX with float16",
}
_BFLOAT16 = 0xE7
_FLOAT16 = 0x1EF


@dataclass(frozen=True)
class Status:
    """Whose kernels run on CPUs, and why.

    Attributes:
        library: the loaded library; None if XLA's own kernels are used.
        text: a line for people.
        instructions: oneDNN's number of the instruction set, 0 without it.
    """

    library: ctypes.CDLL | None
    text: str
    instructions: int = 0

    @property
    def half_types(self) -> frozenset[str]:
        """The 16-bit types that the processor computes in directly."""
        wanted = {"bfloat16": _BFLOAT16, "float16": _FLOAT16}
        have = self.instructions
        return frozenset(name for name, bits in wanted.items() if have & bits == bits)


@functools.cache
def status() -> Status:
    """Loads the kernels if they are there and wanted.

    Raises:
        InvalidArgumentError: an unknown value of `LAMINA_KERNELS`.
        FailedPreconditionError: `LAMINA_KERNELS=onednn`, and they cannot be loaded.
    """
    choice = os.environ.get(_VARIABLE, "auto").lower() or "auto"
    if choice not in _CHOICES:
        raise InvalidArgumentError.of(
            _VARIABLE,
            expected=f"one of {', '.join(_CHOICES)}",
            received=repr(choice),
            hint="Unset the variable to let Lamina choose.",
        )
    if choice == "xla":
        return Status(None, f"XLA's own: {_VARIABLE}=xla")
    found = _load()
    if choice == "onednn" and found.library is None:
        raise FailedPreconditionError.of(
            _VARIABLE,
            expected="oneDNN's kernels, as the variable demands",
            received=found.text,
            hint="Install Lamina again with a C++ compiler, or unset the variable.",
        )
    return found


def _load() -> Status:
    path = FOLDER / NAME
    if not path.exists():
        note = FOLDER / _REASON
        reason = note.read_text().strip() if note.exists() else "they are not installed"
        return Status(None, f"XLA's own: oneDNN's were not built ({reason})")
    try:
        library = ctypes.CDLL(str(path))
        for target, symbol in _TARGETS.items():
            jax.ffi.register_ffi_target(
                target, jax.ffi.pycapsule(getattr(library, symbol)), platform="cpu"
            )
    except Exception as error:  # whatever it is, XLA's kernels still work
        return Status(None, f"XLA's own: oneDNN's could not be loaded ({error})")
    library.LaminaInstructionSet.restype = ctypes.c_int64
    library.LaminaOneDnnVersion.restype = ctypes.c_int64
    instructions = int(library.LaminaInstructionSet())
    number = int(library.LaminaOneDnnVersion())
    version = f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    name = _INSTRUCTION_SETS.get(instructions, f"instruction set {instructions:#x}")
    return Status(library, f"oneDNN {version} with {name}", instructions)
