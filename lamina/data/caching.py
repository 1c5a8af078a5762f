"""Elements kept in memory or in a file."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lamina.data.elements import Flat
from lamina.data.rows import Rows, SliceTable, Table
from lamina.engine.errors import DataLossError


class CachedRows(Table):
    """The rows of another table in their order, computed at first use."""

    def __init__(self, rows: Rows) -> None:
        self._rows: Rows | None = rows
        self._table: SliceTable | None = None

    def gather(self, rows: np.ndarray) -> list[np.ndarray]:
        """The elements of these rows."""
        if self._table is None:
            blocks = list(self._rows.batches(1024, False))  # type: ignore[union-attr]
            columns = zip(*blocks, strict=True)
            self._table = SliceTable([np.concatenate(column) for column in columns])
            self._rows = None
        return self._table.gather(rows)


class CachedElements:
    """The elements of the first whole iteration.

    Args:
        start: Starts the data set below.
        filename: The file that keeps them, or "" for memory.
    """

    def __init__(self, start: Callable[[], Iterator[Flat]], filename: str) -> None:
        self._below = start
        self._path = f"{filename}.cache" if filename else ""
        self._kept: list[Flat] | None = None

    def start(self) -> Iterator[Flat]:
        """Starts an iteration."""
        if self._kept is None and self._path and os.path.exists(self._path):
            self._kept = read_elements(self._path)
        if self._kept is not None:
            return iter(self._kept)
        return self._fill()

    def _fill(self) -> Iterator[Flat]:
        kept = []
        for element in self._below():
            kept.append(element)
            yield element
        self._kept = kept
        if self._path:
            write_elements(self._path, kept)


def write_elements(path: str, elements: list[Flat]) -> None:
    """Writes elements as an archive of arrays; strings as their bytes.

    The file appears under its name only when it is whole.
    """
    arrays: dict[str, np.ndarray] = {"count": np.asarray(len(elements))}
    for row, element in enumerate(elements):
        for column, leaf in enumerate(element):
            arrays |= _encoded(f"{row}/{column}", np.asarray(leaf))
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".cache-")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read_elements(path: str) -> list[Flat]:
    """Reads what `write_elements` wrote.

    Raises:
        DataLossError: The file is damaged or of another kind.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = set(archive.files)
            elements = []
            for row in range(int(archive["count"])):
                leaves: list[Any] = []
                while f"{row}/{len(leaves)}" in names:
                    leaves.append(_decoded(archive, f"{row}/{len(leaves)}", names))
                elements.append(tuple(leaves))
            return elements
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataLossError.of(
            "tf.data.Dataset.cache",
            expected=f"a cache file of this data set at {path}",
            received=f"{type(error).__name__}: {error}",
            hint="Delete the file; it is written again.",
        ) from error


def _encoded(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    if array.dtype != object:
        if array.dtype.kind == "V":  # bfloat16 and its like have no NumPy format
            text = np.asarray(array.dtype.name)
            return {name: array.view(f"u{array.itemsize}"), f"{name}/dtype": text}
        return {name: array}
    items = [bytes(item) for item in array.ravel()]
    return {
        name: np.frombuffer(b"".join(items), np.uint8),
        f"{name}/lengths": np.asarray([len(item) for item in items], np.int64),
        f"{name}/shape": np.asarray(array.shape, np.int64),
    }


def _decoded(archive: Any, name: str, names: set[str]) -> np.ndarray:
    array = archive[name]
    if f"{name}/dtype" in names:
        return array.view(np.dtype(str(archive[f"{name}/dtype"])))
    if f"{name}/lengths" not in names:
        return array
    ends = np.cumsum(archive[f"{name}/lengths"])
    text = array.tobytes()
    result = np.empty(len(ends), object)
    at = 0
    for index, end in enumerate(ends):
        result[index] = text[at:end]
        at = int(end)
    return result.reshape(archive[f"{name}/shape"])
