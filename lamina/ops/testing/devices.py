"""Questions about devices that tests ask: ``tf.test.is_gpu_available`` and others."""

from __future__ import annotations

from lamina.engine.system.device import list_logical_devices, resolve, usable_devices


def is_gpu_available(
    cuda_only: bool = False,
    min_cuda_compute_capability: tuple[int, int] | None = None,
) -> bool:
    """Whether there is a GPU to run on.

    Args:
        cuda_only: whether only NVIDIA GPUs count.
        min_cuda_compute_capability: the least compute capability, as two numbers.

    Reference: ``tf.test.is_gpu_available``.
    """
    for device in usable_devices("gpu"):
        if cuda_only and "nvidia" not in device.device_kind.lower():
            continue
        if min_cuda_compute_capability is None:
            return True
        found = str(getattr(device, "compute_capability", "0")).split(".")
        if tuple(int(part) for part in found) >= tuple(min_cuda_compute_capability):
            return True
    return False


def gpu_device_name() -> str:
    """The name of the first GPU, such as ``/device:GPU:0``; empty if there is none.

    Reference: ``tf.test.gpu_device_name``.
    """
    found = list_logical_devices("GPU")
    return found[0].name if found else ""


def is_built_with_cuda() -> bool:
    """Whether an NVIDIA GPU can be used here.

    Reference: ``tf.test.is_built_with_cuda``. TensorFlow answers for its build, Lamina
    for this machine.
    """
    device = resolve("/GPU:0")
    return device is not None and device.platform == "gpu"


def is_built_with_gpu_support() -> bool:
    """Whether a GPU can be used here.

    Reference: ``tf.test.is_built_with_gpu_support``. TensorFlow answers for its build,
    Lamina for this machine.
    """
    return bool(usable_devices("gpu"))


def is_built_with_rocm() -> bool:
    """Whether an AMD GPU can be used here.

    Reference: ``tf.test.is_built_with_rocm``. TensorFlow answers for its build, Lamina
    for this machine.
    """
    kinds = [device.device_kind.lower() for device in usable_devices("gpu")]
    return any("amd" in kind or "instinct" in kind for kind in kinds)


def is_built_with_xla() -> bool:
    """True: everything is compiled with XLA.

    Reference: ``tf.test.is_built_with_xla``.
    """
    return True
