"""The records of the CIFAR data sets, in their binary form.

Reference: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lamina.keras.config import image_data_format
from lamina.keras.datasets.remote import Arrays
from lamina.keras.utils.downloads import get_file

HOME = "https://www.cs.toronto.edu/~kriz/"
_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE


def load(
    archive: str, md5: str, train: list[str], test: list[str], labels: int, which: int
) -> tuple[Arrays, Arrays]:
    """Reads the training and test files of an archive.

    Args:
        archive: the name of the archive.
        md5: its MD5 sum.
        train: the files for training, with their folder.
        test: the files for testing, with their folder.
        labels: how many label bytes begin a record.
        which: which of them is wanted.
    """
    folder = Path(get_file(archive, HOME + archive, md5_hash=md5, extract=True))
    read = [
        np.concatenate([_records(folder / name, labels) for name in names])
        for names in (train, test)
    ]
    first, second = (_split(records, labels, which) for records in read)
    return first, second


def _records(path: Path, labels: int) -> np.ndarray[Any, Any]:
    return np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, labels + _PIXELS)


def _split(records: np.ndarray[Any, Any], labels: int, which: int) -> Arrays:
    images = records[:, labels:].reshape(-1, 3, _SIDE, _SIDE)
    if image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, which : which + 1].copy()
