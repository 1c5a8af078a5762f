"""Reads data sets that are downloaded on first use, without unpickling anything."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lamina.engine.errors import message
from lamina.keras.utils.downloads import get_file

Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

HOME: Final = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
"""Where Keras keeps the files of its data sets."""


def arrays(path: str, file_name: str, file_hash: str) -> dict[str, Any]:
    """The arrays of an npz file, downloaded if it is not there yet."""
    found = get_file(path, origin=HOME + file_name, file_hash=file_hash)
    with np.load(found, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def shuffled_split(
    name: str, x: Any, y: Any, test_split: float, seed: int
) -> tuple[Arrays, Arrays]:
    """Shuffles as Keras does and splits off the last part for testing.

    Raises:
        ValueError: `test_split` is not in [0, 1).
    """
    if not 0 <= test_split < 1:
        raise ValueError(
            message(
                name,
                expected="`test_split` of at least 0 and less than 1",
                received=repr(test_split),
                hint="0.2 keeps a fifth for testing.",
            )
        )
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])
