"""``tf.config``: switches of the process, and what they do under XLA."""

from __future__ import annotations

import logging
import os
from typing import Any, Final

import jax

from lamina.engine.context import settings
from lamina.engine.errors import message
from lamina.engine.system.device import PhysicalDevice, resolve, started

_PRECISION: Final = "jax_default_matmul_precision"


class _Choices:
    """The values that setters were given."""

    threads: dict[str, int] = {"intra": 0, "inter": 0}
    rewrites: dict[str, Any] = {
        "disable_model_pruning": False,
        "disable_meta_optimizer": False,
    }
    growth: dict[PhysicalDevice, bool] = {}
    determinism: bool = False


_choices = _Choices()


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether traced functions run their Python code every time instead.

    Args:
        run_eagerly: True to step through functions with a debugger.

    Reference: ``tf.config.run_functions_eagerly``.
    """
    settings.functions_run_eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether traced functions run their Python code every time.

    Reference: ``tf.config.functions_run_eagerly``.
    """
    return settings.functions_run_eagerly


def get_logger() -> logging.Logger:
    """The logger named ``tensorflow``, through which libraries set the verbosity.

    Reference: ``tf.get_logger``.
    """
    return logging.getLogger("tensorflow")


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """The number of CPU threads that one operation may use; 0 leaves it to Lamina.

    Args:
        num_threads: the number, not negative.

    Raises:
        RuntimeError: the devices have been started already.

    Reference: ``tf.config.threading.set_intra_op_parallelism_threads``.
    """
    name = "tf.config.threading.set_intra_op_parallelism_threads"
    _set_threads(name, "intra", num_threads)
    if num_threads:
        os.environ["NPROC"] = str(num_threads)  # XLA's CPU client reads it at its start
    else:
        os.environ.pop("NPROC", None)


def get_intra_op_parallelism_threads() -> int:
    """The number of CPU threads set for one operation; 0 if none was.

    Reference: ``tf.config.threading.get_intra_op_parallelism_threads``.
    """
    return _choices.threads["intra"]


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """The number of operations that may run at once; 0 leaves it to Lamina.

    Args:
        num_threads: the number, not negative.

    Raises:
        RuntimeError: the devices have been started already.

    Reference: ``tf.config.threading.set_inter_op_parallelism_threads``. XLA runs a
    program as a whole and schedules its parts itself, on the threads of
    `set_intra_op_parallelism_threads`.
    """
    name = "tf.config.threading.set_inter_op_parallelism_threads"
    _set_threads(name, "inter", num_threads)


def get_inter_op_parallelism_threads() -> int:
    """The number of operations set to run at once; 0 if none was.

    Reference: ``tf.config.threading.get_inter_op_parallelism_threads``.
    """
    return _choices.threads["inter"]


def set_jit(enabled: bool | str) -> None:
    """Accepts that programs are compiled; they always are.

    Args:
        enabled: True, ``"autoclustering"`` or False.

    Reference: ``tf.config.optimizer.set_jit``. Lamina compiles everything with XLA,
    so False changes nothing; to run Python code step by step use
    `tf.config.run_functions_eagerly`.
    """


def get_jit() -> str:
    """``"autoclustering"``: programs are always compiled with XLA.

    Reference: ``tf.config.optimizer.get_jit``.
    """
    return "autoclustering"


def set_experimental_options(options: dict[str, Any]) -> None:
    """Keeps TensorFlow's choice of graph rewrites; XLA does its own.

    Args:
        options: names of rewrites and whether they are on.

    Reference: ``tf.config.optimizer.set_experimental_options``.
    """
    _choices.rewrites = {**_choices.rewrites, **options}


def get_experimental_options() -> dict[str, Any]:
    """The choices that `set_experimental_options` was given.

    Reference: ``tf.config.optimizer.get_experimental_options``.
    """
    return dict(_choices.rewrites)


def set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Whether a GPU's memory is taken as it is needed, which is the default.

    Args:
        device: a GPU from `tf.config.list_physical_devices`.
        enable: True; False is possible before the devices are started.

    Raises:
        ValueError: the device is not an accelerator.
        RuntimeError: False, after the devices have been started.

    Reference: ``tf.config.experimental.set_memory_growth``.
    """
    name = "tf.config.experimental.set_memory_growth"
    if device.device_type == "CPU":
        raise ValueError(
            message(
                name,
                expected="a GPU",
                received=f"{device!r}; cannot set memory growth on non-GPU and "
                "non-Pluggable devices",
                hint="Take it from tf.config.list_physical_devices('GPU').",
            )
        )
    if not enable:
        _require_not_started(name)
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "true"
    _choices.growth[device] = bool(enable)


def get_memory_growth(device: PhysicalDevice) -> bool:
    """Whether a GPU's memory is taken as it is needed.

    Args:
        device: a GPU from `tf.config.list_physical_devices`.

    Reference: ``tf.config.experimental.get_memory_growth``.
    """
    allocates = os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    return _choices.growth.get(device, allocates.lower() in ("false", "0"))


def get_memory_info(device: str) -> dict[str, int]:
    """The bytes in use on a device, now and at most so far.

    Args:
        device: such as ``"GPU:0"``.

    Returns:
        A dictionary with the keys ``current`` and ``peak``.

    Raises:
        ValueError: there is no such device, or it does not count.

    Reference: ``tf.config.experimental.get_memory_info``.
    """
    statistics = _statistics("tf.config.experimental.get_memory_info", device)
    current = int(statistics["bytes_in_use"])
    return {"current": current, "peak": int(statistics.get("peak_bytes_in_use", 0))}


def get_memory_usage(device: str) -> int:
    """The bytes in use on a device now.

    Args:
        device: such as ``"GPU:0"``.

    Raises:
        ValueError: there is no such device, or it does not count.

    Reference: ``tf.config.experimental.get_memory_usage``.
    """
    name = "tf.config.experimental.get_memory_usage"
    return int(_statistics(name, device)["bytes_in_use"])


def get_device_details(device: PhysicalDevice) -> dict[str, Any]:
    """What is known about a physical device: the model and compute capability.

    Args:
        device: a device from `tf.config.list_physical_devices`.

    Returns:
        A dictionary with ``device_name`` and, for a GPU, ``compute_capability`` as a
        pair of numbers; empty for a CPU.

    Reference: ``tf.config.experimental.get_device_details``.
    """
    if device.device_type == "CPU":
        return {}
    found = resolve(device.name)
    if found is None:
        return {}
    details: dict[str, Any] = {"device_name": found.device_kind}
    capability = getattr(found, "compute_capability", None)
    if capability:
        major, _, minor = str(capability).partition(".")
        details["compute_capability"] = (int(major), int(minor or 0))
    return details


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Whether products of float32 matrices may be computed with ten-bit fractions.

    Args:
        enabled: False asks for full float32 on the devices that have both.

    Reference: ``tf.config.experimental.enable_tensor_float_32_execution``.
    """
    precision = None if enabled else "highest"
    jax.config.update(_PRECISION, precision)


def tensor_float_32_execution_enabled() -> bool:
    """Whether products of float32 matrices may be computed with ten-bit fractions.

    Reference: ``tf.config.experimental.tensor_float_32_execution_enabled``.
    """
    return bool(getattr(jax.config, _PRECISION) != "highest")


def enable_op_determinism() -> None:
    """Makes GPU programs give the same bits each time; CPU programs always do.

    Raises:
        RuntimeError: the devices have been started already.

    Reference: ``tf.config.experimental.enable_op_determinism``.
    """
    if _choices.determinism:
        return
    if not started():
        flag = "--xla_gpu_deterministic_ops=true"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    elif jax.default_backend() == "gpu":
        _require_not_started("tf.config.experimental.enable_op_determinism")
    _choices.determinism = True


def _set_threads(name: str, kind: str, number: int) -> None:
    if not isinstance(number, int) or number < 0:
        raise ValueError(
            message(
                name,
                expected="a number of threads, 0 or more",
                received=repr(number),
                hint="0 leaves the number to Lamina.",
            )
        )
    if number != _choices.threads[kind]:
        _require_not_started(name)
    _choices.threads[kind] = number


def _require_not_started(name: str) -> None:
    if started():
        raise RuntimeError(
            message(
                name,
                expected="a call before the first operation",
                received="devices that have been started; it cannot be modified "
                "after initialization",
                hint="Move the call to the beginning of the program.",
            )
        )


def _statistics(name: str, device: str) -> dict[str, Any]:
    found = resolve(device)
    kind = str(device).upper().removeprefix("/").removeprefix("DEVICE:").split(":")[0]
    if found is None or found.platform.upper() != kind:
        raise ValueError(
            message(
                name,
                expected="the name of a device of this machine",
                received=f"No matching devices found for {device!r}",
                hint="See tf.config.list_logical_devices().",
            )
        )
    statistics = found.memory_stats()
    if not statistics:
        raise ValueError(
            message(
                name,
                expected="a device that counts its memory",
                received=f"Allocator stats not available for device {device!r}",
                hint="GPUs and TPUs have them.",
            )
        )
    return dict(statistics)
