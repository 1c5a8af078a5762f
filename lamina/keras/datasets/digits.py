"""The UCI handwritten digits: 1,797 real images that come with the package.

Reference: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits",
UCI Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49. The data set is
licensed under Creative Commons Attribution 4.0 International (CC BY 4.0). The file
holds the repository's test part, reordered; values are unchanged.
"""

from importlib import resources
from typing import Any

import numpy as np

TRAINING_SIZE = 1437

Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def load_data() -> tuple[Arrays, Arrays]:
    """Loads 8x8 grey images of handwritten digits with their labels.

    Nothing is downloaded: the images are a 46 kB file of the package. The order and
    the split are fixed, and each part holds digits of every writer.

    Returns:
        `((x_train, y_train), (x_test, y_test))`: images of shape `(N, 8, 8)` and dtype
        uint8 with values 0 (paper) to 16 (ink), labels of shape `(N,)` and dtype uint8
        with values 0 to 9; N is 1437 for training and 360 for testing.

    Example:
        >>> from lamina.keras.datasets import digits
        >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
        >>> x_train.shape, y_test.shape
        ((1437, 8, 8), (360,))

    Reference: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten
    Digits, UCI Machine Learning Repository, CC BY 4.0. TensorFlow has no such data set.
    """
    source = resources.files(__package__).joinpath("digits.npz")
    with source.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    training = images[:TRAINING_SIZE], labels[:TRAINING_SIZE]
    return training, (images[TRAINING_SIZE:], labels[TRAINING_SIZE:])
