"""Fashion-MNIST: 70,000 images of articles of clothing, 28×28.

Reference: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for
Benchmarking Machine Learning Algorithms", arXiv:1708.07747, 2017.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from lamina.keras.datasets.remote import HOME, Arrays
from lamina.keras.utils.downloads import get_file

_LABELS_HEADER = 8
_IMAGES_HEADER = 16


def load_data() -> tuple[Arrays, Arrays]:
    """Loads the images and labels, downloading them on the first use.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: images of shape ``(N, 28, 28)`` and
        labels of shape ``(N,)``, all uint8; 60,000 for training, 10,000 for testing.

    Raises:
        OSError: a file is neither there nor can it be downloaded.

    Reference: ``keras.datasets.fashion_mnist.load_data``.
    """
    train, test = (
        (
            _read(f"{part}-images-idx3-ubyte.gz", _IMAGES_HEADER).reshape(-1, 28, 28),
            _read(f"{part}-labels-idx1-ubyte.gz", _LABELS_HEADER),
        )
        for part in ("train", "t10k")
    )
    return train, test


def _read(name: str, header: int) -> np.ndarray[Any, Any]:
    path = get_file(name, origin=HOME + name, cache_subdir="datasets/fashion-mnist")
    data = gzip.decompress(Path(path).read_bytes())
    return np.frombuffer(data, np.uint8, offset=header)
