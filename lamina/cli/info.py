"""``lamina info``: versions, devices and the kernels in use."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform

import jax

from lamina.engine.system.cache import describe as describe_cache
from lamina.engine.system.device import PLATFORMS, list_logical_devices, usable_devices
from lamina.kernels.library import status
from lamina.version import KERAS_VERSION, LAMINA_VERSION, VERSION

_LIBRARIES = ("jax", "jaxlib", "numpy", "ml_dtypes", "h5py")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Prints what `collect` finds; returns the exit code."""
    found = collect()
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    for title, facts in found.items():
        print(title)
        for name, value in facts.items():
            print(f"  {name:<12} {value}")
    return 0


def collect() -> dict[str, dict[str, str]]:
    """The facts by heading. This starts the devices."""
    versions = {
        "lamina": LAMINA_VERSION,
        "answers to": f"TensorFlow {VERSION}, Keras {KERAS_VERSION}",
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    versions.update(
        (name, importlib.metadata.version(name)) for name in sorted(_LIBRARIES)
    )
    devices = {
        each.name: _describe(each.device_type, each.name)
        for each in list_logical_devices()
    }
    return {
        "Versions": versions,
        "Devices": devices,
        "Kernels": _kernels(),
        "Cache": {"programs": describe_cache()},
    }


def _describe(kind: str, name: str) -> str:
    device = usable_devices(kind.lower())[int(name.rpartition(":")[2])]
    if kind == "CPU":
        return f"{os.cpu_count()} cores, {platform.machine()}"
    statistics = device.memory_stats() or {}
    limit = statistics.get("bytes_limit")
    memory = f", {limit / 2**30:.1f} GiB for this process" if limit else ""
    return f"{device.device_kind}{memory}"


def _kernels() -> dict[str, str]:
    """Whose lowerings run on each platform, and why."""
    default = jax.default_backend()
    return {
        each: (status().text if each == "cpu" else "XLA's own")
        + " (default platform)" * (each == default)
        for each in PLATFORMS
        if usable_devices(each)
    }
