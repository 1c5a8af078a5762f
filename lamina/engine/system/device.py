"""Devices: what the machine has, and where eager operations run.

Nothing here touches a device before it is asked about one. A traced function is one
program on one device; a device scope inside it changes nothing.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import jax

from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError, message

PLATFORMS: Final = ("cpu", "gpu", "tpu")
_PLUGINS: Final = ("jax_plugins", "libtpu", "jax_cuda12_plugin", "jax_cuda13_plugin")
_PART: Final = re.compile(
    r"(?:(?:job|replica|task):[\w.-]+"
    r"|(?:device:)?(?P<kind>[A-Za-z_]\w*)(?::(?P<index>\d+|\*))?)"
)
_FULL: Final = "/job:localhost/replica:0/task:0/device:{kind}:{index}"


class PhysicalDevice(NamedTuple):
    """A device of the machine.

    Attributes:
        name: such as ``/physical_device:CPU:0``.
        device_type: ``CPU``, ``GPU`` or ``TPU``.
    """

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device that operations can be placed on.

    Attributes:
        name: such as ``/device:CPU:0``.
        device_type: ``CPU``, ``GPU`` or ``TPU``.
    """

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """How one logical device is made of a physical device.

    Attributes:
        memory_limit: megabytes of its memory that may be used; all of it if None.
        experimental_priority: accepted for compatibility.
        experimental_device_ordinal: accepted for compatibility.
    """

    memory_limit: float | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


class _Placement:
    """The process's choices about devices."""

    visible: dict[str, tuple[PhysicalDevice, ...]] = {}
    logical: dict[PhysicalDevice, tuple[LogicalDeviceConfiguration, ...]] = {}
    soft: bool = True


placement = _Placement()


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of this machine.

    Args:
        device_type: ``CPU``, ``GPU`` or ``TPU``; all kinds if None.

    Returns:
        The devices; empty when there is none of the kind.

    Example:
        >>> import lamina as tf
        >>> tf.config.list_physical_devices("CPU")
        [PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]

    Reference: ``tf.config.list_physical_devices``.
    """
    found = []
    for platform in PLATFORMS:
        kind = platform.upper()
        if device_type in (None, kind):
            count = 1 if platform == "cpu" else len(_accelerators(platform))
            found += [
                PhysicalDevice(f"/physical_device:{kind}:{index}", kind)
                for index in range(count)
            ]
    return found


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The visible devices as they are named in `tf.device`. This starts them.

    Args:
        device_type: ``CPU``, ``GPU`` or ``TPU``; all kinds if None.

    Reference: ``tf.config.list_logical_devices``.
    """
    found = []
    for platform in PLATFORMS:
        kind = platform.upper()
        if device_type in (None, kind):
            found += [
                LogicalDevice(f"/device:{kind}:{index}", kind)
                for index in range(len(usable_devices(platform)))
            ]
    return found


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The physical devices that operations may run on.

    Args:
        device_type: ``CPU``, ``GPU`` or ``TPU``; all kinds if None.

    Reference: ``tf.config.get_visible_devices``.
    """
    return [
        device
        for device in list_physical_devices(device_type)
        if device in placement.visible.get(device.device_type, (device,))
    ]


def set_visible_devices(
    devices: PhysicalDevice | Sequence[PhysicalDevice], device_type: str | None = None
) -> None:
    """Chooses the physical devices that operations may run on.

    Args:
        devices: one device or several; an empty list hides all.
        device_type: the kind that the choice is about; all kinds if None.

    Raises:
        ValueError: a device is not one of this machine's, or of another kind.

    Reference: ``tf.config.set_visible_devices``. Unlike TensorFlow's it may also be
    called after the first operation.
    """
    chosen = (devices,) if isinstance(devices, PhysicalDevice) else tuple(devices)
    available = list_physical_devices(device_type)
    for device in chosen:
        if device not in available:
            raise ValueError(
                message(
                    "tf.config.set_visible_devices",
                    expected=f"devices among {available}",
                    received=f"Unrecognized device: {device!r}",
                    hint="Take them from tf.config.list_physical_devices().",
                )
            )
    kinds = [device_type] if device_type else [each.upper() for each in PLATFORMS]
    for kind in kinds:
        placement.visible[kind] = tuple(
            device for device in chosen if device.device_type == kind
        )
    _use_first_visible()


def set_logical_device_configuration(
    device: PhysicalDevice,
    logical_devices: Sequence[LogicalDeviceConfiguration] | None,
) -> None:
    """Splits a physical device into logical ones.

    The CPU may be split into any number of devices, before the first operation; other
    devices are used whole.

    Args:
        device: a device from `tf.config.list_physical_devices`.
        logical_devices: one configuration for each logical device.

    Raises:
        ValueError: the device is unknown, or cannot be split.
        RuntimeError: the devices have been started already.

    Reference: ``tf.config.set_logical_device_configuration``. The memory limit of a
    GPU is set with the environment variable ``XLA_PYTHON_CLIENT_MEM_FRACTION``.
    """
    name = "tf.config.set_logical_device_configuration"
    configurations = tuple(logical_devices or (LogicalDeviceConfiguration(),))
    limits = [each.memory_limit for each in configurations if each.memory_limit]
    if device not in list_physical_devices(device.device_type):
        raise ValueError(
            message(
                name,
                expected="a device of this machine",
                received=f"Unrecognized device: {device!r}",
                hint="Take it from tf.config.list_physical_devices().",
            )
        )
    if device.device_type == "CPU" and not limits:
        _before_start(name, "jax_num_cpu_devices", len(configurations))
    elif len(configurations) > 1 or device.device_type == "CPU":
        raise ValueError(
            message(
                name,
                expected="one configuration of a GPU or TPU, and no memory limit "
                "of a CPU",
                received=f"{list(configurations)} for {device.name}",
                hint="Use each accelerator whole.",
            )
        )
    elif limits:
        warnings.warn(
            f"{name}: a memory limit of {limits[0]} MB for {device.name} is not "
            "kept, because the device has been started; set the environment variable "
            "XLA_PYTHON_CLIENT_MEM_FRACTION before the program instead.",
            stacklevel=2,
        )
    placement.logical[device] = configurations


def get_logical_device_configuration(
    device: PhysicalDevice,
) -> list[LogicalDeviceConfiguration] | None:
    """The configurations set for a physical device, or None.

    Reference: ``tf.config.get_logical_device_configuration``.
    """
    found = placement.logical.get(device)
    return None if found is None else list(found)


def set_soft_device_placement(enabled: bool) -> None:
    """Whether a device that does not exist is replaced by one that does.

    Args:
        enabled: if False, `tf.device` raises for a device that does not exist.

    Reference: ``tf.config.set_soft_device_placement``.
    """
    placement.soft = bool(enabled)


def get_soft_device_placement() -> bool:
    """Whether a device that does not exist is replaced by one that does.

    Reference: ``tf.config.get_soft_device_placement``.
    """
    return placement.soft


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """A context in which eager operations run, and values are made, on a device.

    Args:
        device_name: such as ``"/GPU:0"``, ``"CPU"``, ``"/device:CPU:1"`` or
            ``"/job:localhost/replica:0/task:0/device:GPU:0"``; None leaves the choice
            to Lamina.

    Raises:
        ValueError: the text is not the name of a device.
        InvalidArgumentError: there is no such device, and soft placement is off.

    Example:
        >>> import lamina as tf
        >>> with tf.device("/CPU:0"):
        ...     x = tf.constant([1.0])
        >>> x.device
        '/job:localhost/replica:0/task:0/device:CPU:0'

    Reference: ``tf.device``. Inside a traced function it has no effect: the function
    is one program on one device.
    """
    chosen = resolve(device_name)
    if chosen is None or state.trace is not None:
        yield
        return
    before = state.device
    state.device = chosen
    state.refresh()
    try:
        with jax.default_device(chosen):
            yield
    finally:
        state.device = before
        state.refresh()


def resolve(device_name: Any) -> jax.Device | None:
    """The device that a name stands for; None when the name leaves it open.

    Raises:
        ValueError: the text is not the name of a device.
        InvalidArgumentError: there is no such device, and soft placement is off.
    """
    if device_name is None:
        return None
    text = getattr(device_name, "name", None) or device_name
    if callable(getattr(device_name, "to_string", None)):
        text = device_name.to_string()
    if not isinstance(text, str):
        raise ValueError(
            message(
                "tf.device",
                expected="Expecting a string device name",
                received=f"{device_name!r} of type {type(device_name).__name__}",
                hint="Write for example '/GPU:0'.",
            )
        )
    kind, index = parse(text)
    if kind is None:
        return None
    try:
        found = usable_devices(kind.lower())
    except RuntimeError:
        found = []
    if index < len(found):
        return found[index]
    if placement.soft:
        return usable_devices("cpu")[0]
    available = [each.name for each in list_logical_devices()]
    raise InvalidArgumentError.of(
        "tf.device",
        expected=f"one of the devices {available}",
        received="Could not satisfy device specification "
        + repr(_FULL.format(kind=kind, index=index)),
        hint="Name one of these, or call tf.config.set_soft_device_placement(True).",
    )


def parse(text: str) -> tuple[str | None, int]:
    """The kind and the index in the name of a device; no kind when it has none.

    Raises:
        ValueError: the text is not the name of a device.
    """
    kind, index = None, 0
    for part in text.removeprefix("/physical_device:").strip("/").split("/"):
        if not part:
            continue
        match = _PART.fullmatch(part)
        named = match.group("kind") if match else None
        if match is None or (named and named.upper() not in _kinds()):
            raise ValueError(
                message(
                    "tf.device",
                    expected="a name such as '/GPU:0' or '/job:localhost/device:CPU:0'",
                    received=f"Unknown attribute {part!r} in {text!r}",
                    hint=f"The kinds of devices are {', '.join(sorted(_kinds()))}.",
                )
            )
        if named:
            kind = named.upper()
            found = match.group("index")
            index = int(found) if found not in (None, "*") else 0
    return kind, index


def usable_devices(platform: str) -> list[jax.Device]:
    """The visible devices of a platform, in order; starts them."""
    found = list(jax.local_devices(backend="cpu"))
    if platform != "cpu":
        found = _accelerators(platform)
    visible = placement.visible.get(platform.upper())
    if visible is None:
        return found
    if platform == "cpu":
        return found if visible else []
    kept = {int(device.name.rpartition(":")[2]) for device in visible}
    return [device for index, device in enumerate(found) if index in kept]


def _kinds() -> set[str]:
    return {platform.upper() for platform in PLATFORMS}


def _accelerators(platform: str) -> list[jax.Device]:
    """The devices of a platform other than the CPU; asks JAX only if it may have any.

    GPU memory is taken as it is needed, which is what `set_memory_growth` asks for.
    """
    if not any(importlib.util.find_spec(name) for name in _PLUGINS):
        return []
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    try:
        return list(jax.local_devices(backend=platform))
    except RuntimeError:
        return []


def _use_first_visible() -> None:
    """Makes the best visible device the one that operations use by default."""
    for platform in ("tpu", "gpu"):
        if not _accelerators(platform):
            continue
        usable = usable_devices(platform)
        jax.config.update("jax_default_device", usable[0] if usable else None)
        if usable:
            return
        jax.config.update("jax_default_device", usable_devices("cpu")[0])


def _before_start(name: str, option: str, value: Any) -> None:
    """Sets an option of JAX that its devices are started with."""
    try:
        jax.config.update(option, value)
    except RuntimeError as error:
        raise RuntimeError(
            message(
                name,
                expected="a call before the first operation",
                received="devices that have been started; they cannot be modified "
                "after being initialized",
                hint="Move the call to the beginning of the program.",
            )
        ) from error


def started() -> bool:
    """Whether the devices have been started, so that their options are fixed."""
    option = "jax_num_cpu_devices"
    before = getattr(jax.config, option)
    try:
        jax.config.update(option, max(before, 1) + 1)
    except RuntimeError:
        return True
    jax.config.update(option, before)
    return False
