"""Where batches come from: arrays in memory, data sets, generators, PyDatasets.

``ArraySource`` keeps the arrays, so that the trainer can put them on the device once
and run many steps in one dispatch; every other source yields batches one by one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from lamina.engine import nest
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.config import floatx
from lamina.keras.trainers.packing import (
    class_weights_to_sample_weights,
    pack_x_y_sample_weight,
    unpack_x_y_sample_weight,
)
from lamina.keras.trainers.program import skeleton
from lamina.keras.trainers.py_dataset import PyDataset

# Smaller arrays are handed to each dispatch as they are: on CPUs that costs a few
# microseconds, placing an array on the device beforehand costs seventy.
_PLACED_BYTES = 1 << 20


class ArraySource:
    """Arrays in memory, cut into batches.

    Attributes:
        arrays: the flat arrays, all with ``rows`` rows.
        template: the structure of a batch, with None where there is no array.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        shuffle: Any = False,
        class_weight: dict[int, float] | None = None,
    ) -> None:
        x, y = nest.map_structure(to_array, (x, y))
        sample_weight = nest.map_structure(to_array, sample_weight)
        if class_weight is not None:
            sample_weight = _weighted(y, sample_weight, class_weight)
        _check_rows(x, y, sample_weight)
        self.template = pack_x_y_sample_weight(x, y, sample_weight)
        flat = nest.flatten(self.template)
        self.arrays = [leaf for leaf in flat if leaf is not None]
        self.rows = int(self.arrays[0].shape[0])
        self.batch_size = int(batch_size or 32)
        self.shuffle = shuffle
        self.num_batches: int | None = math.ceil(self.rows / self.batch_size)
        self._device: list[Any] | None = None
        self._keys: dict[int, Any] = {}

    @property
    def has_strings(self) -> bool:
        """Whether an array holds strings, which stay on the host."""
        return any(array.dtype == object for array in self.arrays)

    def device_arrays(self) -> list[Any]:
        """The arrays as programs take them, in the device's memory if they are large.

        They are put there once.
        """
        if self._device is None:
            self._device = [self.placed(array) for array in self.arrays]
        return self._device

    @staticmethod
    def placed(array: Any) -> Any:
        """An array in the device's memory; small ones may stay in the host's."""
        if array.nbytes <= _PLACED_BYTES and jax.default_backend() == "cpu":
            return array
        return jax.device_put(array)

    def host_arrays(self) -> list[Any]:
        """The arrays, as NumPy's where that costs nothing."""
        if jax.default_backend() == "cpu":
            return [np.asarray(array) for array in self.arrays]
        return self.arrays

    def batch_key(self, rows: int) -> Any:
        """The `batch_key` of a batch of some rows."""
        found = self._keys.get(rows)
        if found is None:
            leaves = iter(self.arrays)
            keys = [
                leaf if leaf is None else ((rows, *leaf.shape[1:]), next(leaves).dtype)
                for leaf in nest.flatten(self.template)
            ]
            found = self._keys[rows] = (tuple(keys), skeleton(self.template))
        return found

    def example(self, rows: int) -> Any:
        """A batch of some rows without values, to trace with."""
        shapes = [
            jax.ShapeDtypeStruct((rows, *array.shape[1:]), array.dtype)
            for array in self.arrays
        ]
        return self.pack([Tensor(shape) for shape in shapes])

    def order(self) -> np.ndarray[Any, Any]:
        """The row numbers of an epoch, shuffled anew if asked for."""
        if self.shuffle == "batch":
            whole = self.rows // self.batch_size * self.batch_size
            blocks = np.arange(whole, dtype=np.int32).reshape(-1, self.batch_size)
            rest = np.arange(whole, self.rows, dtype=np.int32)
            mixed = blocks[np.random.permutation(len(blocks))].reshape(-1)
            return np.concatenate([mixed, rest])
        if self.shuffle:
            return np.random.permutation(self.rows).astype(np.int32)
        return np.arange(self.rows, dtype=np.int32)

    def pack(self, leaves: list[Any]) -> Any:
        """Puts flat values in the structure of a batch."""
        values = iter(leaves)
        flat = [
            None if leaf is None else next(values)
            for leaf in nest.flatten(self.template)
        ]
        return nest.pack_sequence_as(self.template, flat)

    def batch(self, rows: Any) -> Any:
        """The batch of the given rows, as tensors."""
        return self.pack([Tensor(array[rows]) for array in self.arrays])

    def epoch(self) -> Iterator[Any]:
        """The batches of one epoch."""
        order = self.order()
        for start in range(0, self.rows, self.batch_size):
            yield self.batch(order[start : start + self.batch_size])

    def on_epoch_end(self) -> None:
        """Nothing to do."""


class StreamSource:
    """Batches that come one after the other.

    Args:
        make: gives an iterator over the batches of an epoch.
        num_batches: how many there are, if that is known.
        on_epoch_end: called at the end of each epoch.
        restarts: whether ``make`` can be called for every epoch.
    """

    def __init__(
        self,
        make: Callable[[], Iterator[Any]],
        num_batches: int | None,
        on_epoch_end: Callable[[], None] = lambda: None,
        class_weight: dict[int, float] | None = None,
    ) -> None:
        self._make = make
        self.num_batches = num_batches
        self.on_epoch_end = on_epoch_end
        self._class_weight = class_weight
        self.batch_size: int | None = None

    def epoch(self) -> Iterator[Any]:
        """The batches of one epoch, as nests of tensors."""
        for batch in self._make():
            batch = batch if isinstance(batch, tuple) else _as_tuple(batch)
            if self._class_weight is not None:
                x, y, weight = unpack_x_y_sample_weight(batch)
                weight = _weighted(y, weight, self._class_weight)
                batch = (x, y, weight)
            yield nest.map_structure(_to_tensor, batch)


def _as_tuple(batch: Any) -> Any:
    return tuple(batch) if isinstance(batch, list) else batch


def _to_tensor(leaf: Any) -> Any:
    if leaf is None or is_tensor(leaf):
        return leaf
    array = to_array(leaf)
    if isinstance(array, np.ndarray) and (array is leaf or array.base is not None):
        # Programs read NumPy's memory later; a generator may fill it again by then.
        array = array.copy()
    return Tensor(array)


def to_array(leaf: Any) -> Any:
    """A leaf of user data as an array; real numbers get the default float dtype.

    Raises:
        ValueError: for something that is no array.
    """
    if leaf is None:
        return None
    if isinstance(leaf, Tensor):
        array = leaf._value
    elif is_tensor(leaf):
        array = convert_to_tensor(leaf)._value
    elif hasattr(leaf, "to_numpy"):  # pandas
        array = np.asarray(leaf.to_numpy())
        array = array[:, None] if array.ndim == 1 else array
    elif hasattr(leaf, "toarray") and hasattr(leaf, "tocsr"):  # scipy.sparse
        array = leaf.toarray()
    elif isinstance(leaf, np.ndarray | np.generic | jax.Array):
        array = leaf
    elif hasattr(leaf, "__array__") or isinstance(leaf, int | float | str | bytes):
        array = np.asarray(leaf)
    else:
        raise ValueError(
            f"Unrecognized data type: {leaf!r:.200} (of type {type(leaf)}). Expected "
            "NumPy arrays, tensors, pandas objects, a tf.data.Dataset, a "
            "keras.utils.PyDataset or a Python generator."
        )
    if array.dtype.kind in "OSU":
        return convert_to_tensor(array)._value
    if array.dtype.kind == "f" and array.dtype != np.dtype(floatx()):
        array = array.astype(floatx())
    return array


def _weighted(y: Any, sample_weight: Any, class_weight: dict[int, float]) -> Any:
    leaves = nest.flatten(y)
    if len(leaves) != 1:
        raise ValueError(
            "`class_weight` is only supported for Models with a single output."
        )
    if y is None:
        raise ValueError("`class_weight` needs targets: pass `y`.")
    if sample_weight is not None:
        raise ValueError(
            "You cannot `class_weight` and `sample_weight` at the same time."
        )
    return class_weights_to_sample_weights(leaves[0], class_weight)


def _check_rows(x: Any, y: Any, sample_weight: Any) -> None:
    sizes: dict[str, list[Any]] = {}
    for label, value in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        leaves = [leaf for leaf in nest.flatten(value) if leaf is not None]
        for leaf in leaves:
            if leaf.ndim == 0:
                raise ValueError(
                    f"Expected arrays with a batch dimension for '{label}'. Received: "
                    f"a scalar of dtype {leaf.dtype}. Wrap single samples with "
                    "x[None]; lists are read as several inputs."
                )
        if leaves:
            sizes[label] = sorted({leaf.shape[0] for leaf in leaves})
    counts = {size for found in sizes.values() for size in found}
    if len(counts) > 1:
        text = "".join(
            f"'{label}' sizes: {', '.join(map(str, found))}\n"
            for label, found in sizes.items()
        )
        raise ValueError(
            "Data cardinality is ambiguous. Make sure all arrays contain the same "
            f"number of samples.{text}"
        )
    if not counts or counts == {0}:
        raise ValueError(
            "Expected at least one sample. Received: empty data, "
            f"{sizes or 'no arrays'}. Check how the arrays were loaded."
        )


def make_source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: Any = False,
    class_weight: dict[int, float] | None = None,
) -> ArraySource | StreamSource:
    """The source for what a user passed to ``fit``, ``evaluate`` or ``predict``."""
    if isinstance(x, ArraySource | StreamSource):
        return x
    if _is_stream(x):
        _refuse_extras(x, y, sample_weight)
    if isinstance(x, PyDataset):
        return _py_dataset(x, shuffle, class_weight)
    if hasattr(x, "element_spec") and hasattr(x, "cardinality"):
        count = int(np.asarray(x.cardinality()))
        return StreamSource(
            lambda: iter(x), count if count >= 0 else None, class_weight=class_weight
        )
    if hasattr(x, "__next__"):
        return _iterator(x, class_weight)
    if _is_stream(x):
        length = len(x) if hasattr(x, "__len__") else None
        return StreamSource(lambda: iter(x), length, class_weight=class_weight)
    return ArraySource(x, y, sample_weight, batch_size, shuffle, class_weight)


def _is_stream(x: Any) -> bool:
    if isinstance(x, PyDataset) or hasattr(x, "__next__"):
        return True
    if hasattr(x, "element_spec") and hasattr(x, "cardinality"):
        return True
    plain = list | tuple | dict | str | bytes | np.ndarray
    return (
        hasattr(x, "__iter__")
        and not isinstance(x, plain)
        and not is_tensor(x)
        and not hasattr(x, "__array__")
        and not hasattr(x, "shape")
    )


def _refuse_extras(x: Any, y: Any, sample_weight: Any) -> None:
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"When providing `x` as a {type(x).__name__}, `{name}` should not be "
                f"passed. Instead, the {name} should be included as part of the data."
            )


def _py_dataset(data: PyDataset, shuffle: Any, class_weight: Any) -> StreamSource:
    count = data.num_batches
    if count == 0:
        raise ValueError("The PyDataset has length 0")

    def make() -> Iterator[Any]:
        data.on_epoch_begin()
        if count is None:
            return data.batches(itertools.count())
        order = np.random.permutation(count) if shuffle else range(count)
        return data.batches(int(index) for index in order)

    return StreamSource(make, count, data.on_epoch_end, class_weight)


def _iterator(x: Iterator[Any], class_weight: Any) -> StreamSource:
    """A generator: it cannot be restarted, so epochs continue where they stopped."""
    return StreamSource(lambda: x, None, class_weight=class_weight)
