"""MNIST: 70,000 images of handwritten digits, 28×28.

Reference: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten
digits", 1998.
"""

from lamina.keras.datasets.remote import Arrays, arrays


def load_data(path: str = "mnist.npz") -> tuple[Arrays, Arrays]:
    """Loads the images and labels, downloading them on the first use.

    Args:
        path: the name of the file in the folder of downloads.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: images of shape ``(N, 28, 28)`` and
        labels of shape ``(N,)``, all uint8; 60,000 for training, 10,000 for testing.

    Raises:
        OSError: the file is neither there nor can it be downloaded.

    Reference: ``keras.datasets.mnist.load_data``.
    """
    found = arrays(
        path,
        "mnist.npz",
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    )
    train = found["x_train"], found["y_train"]
    return train, (found["x_test"], found["y_test"])
