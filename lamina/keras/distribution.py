"""`keras.distribution`: training on several devices of this process.

A `DataParallel` distribution, made current, splits every batch of `fit`, `evaluate`
and `predict` over the devices of its mesh; the variables are replicated and XLA
inserts the collectives.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from lamina.engine.errors import message
from lamina.keras.common.state import get_global_attribute, set_global_attribute


def list_devices(device_type: str | None = None) -> list[str]:
    """The names of the devices, such as `["cpu:0"]`.

    Args:
        device_type: `"cpu"`, `"gpu"` or `"tpu"`; the default platform if None.

    Reference: `keras.distribution.list_devices`.
    """
    kind = device_type.lower() if device_type else None
    try:
        found = jax.devices(kind)
    except RuntimeError:
        return []
    return [_device_name(device) for device in found]


def _device_name(device: Any) -> str:
    kind = {"cuda": "gpu", "rocm": "gpu"}.get(device.platform, device.platform)
    return f"{kind}:{device.id}"


def _device_of(name: Any) -> Any:
    kind, _, number = str(name).lower().rpartition(":")
    for device in jax.devices(kind or None):
        if str(device.id) == number:
            return device
    raise ValueError(
        message(
            "keras.distribution.DeviceMesh",
            expected=f"one of the devices {list_devices(kind or None)}",
            received=repr(name),
        )
    )


class DeviceMesh:
    """Devices in a grid whose axes have names.

    Args:
        shape: the sizes of the axes.
        axis_names: a name for each axis.
        devices: device names; all of the default platform if None.

    Raises:
        ValueError: if the sizes and names do not fit the devices.

    Reference: `keras.distribution.DeviceMesh`.
    """

    def __init__(
        self, shape: Sequence[int], axis_names: Sequence[str], devices: Any = None
    ) -> None:
        if not shape or not axis_names:
            raise ValueError(
                "Shape and axis_names cannot be empty. Received: "
                f"shape={shape}, axis_names={axis_names}"
            )
        if len(shape) != len(axis_names):
            raise ValueError(
                "Shape and axis_names should have same size. Received: "
                f"shape={shape}, axis_names={axis_names}"
            )
        devices = list_devices() if devices is None else devices
        flat = np.array(devices).flatten()
        if int(np.prod(shape)) != len(flat):
            raise ValueError(
                "Shape does not match the number of devices. Received: "
                f"shape={shape}; devices.shape={flat.shape}"
            )
        self.shape = tuple(shape)
        self.axis_names = list(axis_names)
        self.devices = flat.reshape(shape)

    @property
    def backend_mesh(self) -> Mesh:
        """The mesh as JAX's sharding knows it."""
        devices = np.array([_device_of(name) for name in self.devices.flat])
        return Mesh(devices.reshape(self.shape), self.axis_names)

    def __repr__(self) -> str:
        return f"<DeviceMesh shape={self.shape}, axis_names={self.axis_names}>"


class TensorLayout:
    """How a tensor's dimensions lie on the axes of a mesh.

    Args:
        axes: an axis name, or None, for each dimension.
        device_mesh: the mesh.

    Reference: `keras.distribution.TensorLayout`.
    """

    def __init__(
        self, axes: Sequence[str | None], device_mesh: DeviceMesh | None = None
    ) -> None:
        self.axes = tuple(axes)
        self.device_mesh = device_mesh
        if device_mesh is not None:
            unknown = {a for a in self.axes if a} - set(device_mesh.axis_names)
            if unknown:
                raise ValueError(
                    "Invalid axis names for Layout. Valid axis names: "
                    f"{device_mesh.axis_names}, Got {axes}"
                )

    @property
    def backend_layout(self) -> NamedSharding:
        """The layout as JAX's sharding knows it."""
        if self.device_mesh is None:
            raise ValueError(
                "Cannot create sharding when device mesh is not set for TensorLayout."
            )
        return NamedSharding(self.device_mesh.backend_mesh, PartitionSpec(*self.axes))

    def __repr__(self) -> str:
        return f"<TensorLayout axes={self.axes}, device_mesh={self.device_mesh}>"


class DataParallel:
    """Splits batches over the devices; every device holds all variables.

    Args:
        device_mesh: the mesh, of which the first axis is the batch's.
        devices: device names, instead of a mesh.
        auto_shard_dataset: kept for introspection: a process's data is its own.

    Reference: `keras.distribution.DataParallel`.
    """

    def __init__(
        self,
        device_mesh: DeviceMesh | None = None,
        devices: Any = None,
        auto_shard_dataset: bool = True,
    ) -> None:
        if device_mesh is None:
            names = list_devices() if devices is None else list(devices)
            device_mesh = DeviceMesh((len(names),), ("batch",), names)
        self.device_mesh = device_mesh
        self.batch_dim_name = device_mesh.axis_names[0]
        self.auto_shard_dataset = auto_shard_dataset

    def get_data_layout(self, data_shape: Sequence[Any]) -> TensorLayout:
        """The layout of a batch: the first dimension is split."""
        rest = [None] * (len(data_shape) - 1)
        return TensorLayout([self.batch_dim_name, *rest], self.device_mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """The layout of a variable: replicated."""
        return TensorLayout([None] * len(variable.shape), self.device_mesh)

    def get_tensor_layout(self, path: str) -> None:
        """Intermediate tensors have no prescribed layout."""

    @contextlib.contextmanager
    def scope(self) -> Iterator[DataParallel]:
        """Makes this the current distribution."""
        before = distribution()
        set_distribution(self)
        try:
            yield self
        finally:
            set_distribution(before)

    def place(self, array: Any) -> Any:
        """A batch's array, split over the devices if its rows allow it."""
        count = self.device_mesh.shape[0]
        if count == 1 or array.ndim == 0 or array.shape[0] % count:
            return array
        return jax.device_put(array, self.get_data_layout(array.shape).backend_layout)


def distribution() -> DataParallel | None:
    """The current distribution.

    Reference: `keras.distribution.distribution`.
    """
    return get_global_attribute("distribution")


def set_distribution(value: DataParallel | None) -> None:
    """Sets the current distribution; None for one device.

    Reference: `keras.distribution.set_distribution`.
    """
    set_global_attribute("distribution", value)
