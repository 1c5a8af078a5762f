"""The state of a model as a tree of groups, in the layout of Keras 3's files.

Attributes that hold layers, optimizers or metrics become groups named after the
attribute; members of lists and dicts become groups named after their class. A group
``vars`` holds the object's own variables, numbered.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.variable import Variable
from lamina.keras.common.naming import to_snake_case
from lamina.keras.layers.base import Layer
from lamina.keras.metrics.base import Metric
from lamina.keras.models.model import Model, is_functional
from lamina.keras.models.sequential import Sequential
from lamina.keras.optimizers.base import Optimizer

_SAVEABLE = (Layer, Optimizer, Metric)
_skip_sets: dict[str, set[str]] = {}


def save_state(saveable: Any, root: h5py.Group) -> None:
    """Writes the state of an object and all that it holds."""
    _save(saveable, root, "", set())


def load_state(
    saveable: Any, root: h5py.Group, skip_mismatch: bool = False
) -> list[str]:
    """Reads the state of an object and all that it holds.

    Args:
        saveable: the model.
        root: the group that ``save_state`` wrote.
        skip_mismatch: whether objects whose variables do not fit are left alone.

    Returns:
        The paths of the groups of the file that were not used; those of the optimizer
        are not among them if the model is not compiled.

    Raises:
        ValueError: if an object's variables do not fit; nothing is changed then.
    """
    before = {id(v): (v, v._tensor) for v in _variables(saveable)}
    used: set[str] = set()
    failed: list[str] = []
    try:
        _load(saveable, root, "", skip_mismatch, set(), used, failed)
        if failed and not skip_mismatch:
            raise ValueError(
                f"A total of {len(failed)} objects could not be loaded. "
                f"Example error message for object {failed[0]}"
            )
    except BaseException:
        for variable, tensor in before.values():
            variable._tensor = tensor
        raise
    present: list[str] = []
    root.visititems(
        lambda name, item: (
            present.append(name)
            if isinstance(item, h5py.Group) and name.endswith("vars") and len(item)
            else None
        )
    )
    if getattr(saveable, "optimizer", None) is None:  # loaded to predict: no need of it
        used.update(name for name in present if name.startswith("optimizer/"))
    return [name for name in present if name not in used]


def _variables(saveable: Any) -> list[Variable]:
    found = list(getattr(saveable, "variables", []))
    optimizer = getattr(saveable, "optimizer", None)
    if optimizer is not None:
        found += list(optimizer.variables)
    return found


class Store:
    """The ``vars`` group of one object, as a mapping of arrays."""

    def __init__(self, group: h5py.Group | None) -> None:
        self._group = group

    def __setitem__(self, key: str, value: Any) -> None:
        assert self._group is not None
        write_array(self._group, key, value)

    def __getitem__(self, key: str) -> Any:
        if self._group is None or key not in self._group:
            raise KeyError(key)
        return read_array(self._group[key])

    def keys(self) -> list[str]:
        """The names of the arrays."""
        return [] if self._group is None else list(self._group.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def items(self) -> list[tuple[str, Any]]:
        """The names and arrays."""
        return [(key, self[key]) for key in self.keys()]


def write_array(group: h5py.Group, key: str, value: Any) -> None:
    """Writes an array; dtypes that HDF5 lacks are kept as raw bytes with a name."""
    array = np.asarray(value)
    if array.dtype.name == "bfloat16":
        data = group.create_dataset(key, data=array.view("V2"))
        data.attrs["dtype"] = "bfloat16"
    else:
        group.create_dataset(key, data=array)


def read_array(data: Any) -> np.ndarray[Any, Any]:
    """Reads what ``write_array`` (or Keras) wrote."""
    array = np.asarray(data[()])
    if data.attrs.get("dtype") == "bfloat16":
        array = array.view(as_dtype("bfloat16").np_dtype)
    return array


def _children(saveable: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of an object, in the order in which Keras saves them."""
    if isinstance(saveable, Sequential) or (
        isinstance(saveable, Model) and is_functional(saveable)
    ):
        yield "layers", saveable.layers
    skip = _skip_set(saveable)
    names = (name for name in dir(saveable) if not name.startswith("__"))
    for name in sorted(names, key=lambda n: f"~{n}" if n.startswith("_") else n):
        if name in skip:
            continue
        try:
            yield name, getattr(saveable, name)
        except Exception:  # noqa: S112 (a property of the user's class)
            continue


def _skip_set(saveable: Any) -> set[str]:
    """The attributes that every object of its kind has, which hold no own state."""
    makers: tuple[tuple[type, Callable[[], Any]], ...] = (
        (Sequential, lambda: Sequential(name="reference")),
        (Model, lambda: Model(name="reference")),
        (Layer, lambda: Layer(name="reference")),
        (Optimizer, lambda: Optimizer(learning_rate=0.1)),
        (Metric, lambda: Metric(name="reference")),
    )
    for cls, make in makers:
        if isinstance(saveable, cls):
            kind = cls.__name__
            if kind not in _skip_sets:
                names = set(dir(make())) - {"optimizer"}
                _skip_sets[kind] = names - ({"layers"} if cls is Model else set())
            return _skip_sets[kind]
    return set()


def _save(saveable: Any, root: h5py.Group, path: str, visited: set[int]) -> None:
    if id(saveable) in visited:
        return
    visited.add(id(saveable))
    if hasattr(saveable, "save_own_variables"):
        group = root.require_group(_join(path, "vars"))
        if getattr(saveable, "name", None):
            group.attrs["name"] = saveable.name
        saveable.save_own_variables(Store(group))
    for name, child in _children(saveable):
        if isinstance(child, _SAVEABLE):
            _save(child, root, _join(path, name), visited)
        elif isinstance(child, list | dict | tuple | set):
            for member, inner in _members(child, visited):
                _save(member, root, _join(path, name, inner), visited)


def _members(container: Any, visited: set[int]) -> Iterator[tuple[Any, str]]:
    """The saveable members of a container and the names of their groups."""
    used: dict[str, int] = {}
    values = container.values() if isinstance(container, dict) else container
    for member in list(values):
        if not isinstance(member, _SAVEABLE) or id(member) in visited:
            continue
        name = to_snake_case(type(member).__name__)
        count = used.get(name)
        used[name] = 0 if count is None else count + 1
        yield member, name if count is None else f"{name}_{used[name]}"


def _load(
    saveable: Any,
    root: h5py.Group,
    path: str,
    skip_mismatch: bool,
    visited: set[int],
    used: set[str],
    failed: list[str],
) -> None:
    if id(saveable) in visited:
        return
    visited.add(id(saveable))
    if hasattr(saveable, "load_own_variables"):
        place = _join(path, "vars")
        group = root.get(place)
        used.add(place)
        if group is not None or _own_variables(saveable):
            _load_own(saveable, Store(group), place, skip_mismatch, failed)
    for name, child in _children(saveable):
        if isinstance(child, _SAVEABLE):
            inside = _join(path, name)
            _load(child, root, inside, skip_mismatch, visited, used, failed)
        elif isinstance(child, list | dict | tuple | set):
            for member, inner in _members(child, visited):
                inside = _join(path, name, inner)
                _load(member, root, inside, skip_mismatch, visited, used, failed)


def _own_variables(saveable: Any) -> bool:
    if isinstance(saveable, Layer):
        return bool(saveable._trainable_variables or saveable._non_trainable_variables)
    return isinstance(saveable, Metric) and bool(saveable.variables)


def _load_own(
    saveable: Any, store: Store, place: str, skip_mismatch: bool, failed: list[str]
) -> None:
    if len(store) == 0 and not _own_variables(saveable):
        return
    try:
        saveable.load_own_variables(store)
    except (ValueError, TypeError, KeyError) as error:
        text = f"<{type(saveable).__name__} name={saveable.name}> ({place}): {error}"
        failed.append(text)
        if skip_mismatch:
            warnings.warn(f"Could not load weights in object {text}", stacklevel=5)


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part)
