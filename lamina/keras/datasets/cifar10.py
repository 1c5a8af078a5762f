"""CIFAR-10: 60,000 colour images of ten classes, 32×32.

Reference: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from lamina.keras.datasets import cifar
from lamina.keras.datasets.remote import Arrays

_FOLDER = "cifar-10-batches-bin"


def load_data() -> tuple[Arrays, Arrays]:
    """Loads the images and labels, downloading them on the first use.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: images of shape
        ``(N, 32, 32, 3)``, or ``(N, 3, 32, 32)`` with the channels first, and labels
        of shape ``(N, 1)``, all uint8; 50,000 for training, 10,000 for testing.

    Raises:
        OSError: the file is neither there nor can it be downloaded.

    Reference: ``keras.datasets.cifar10.load_data``. It reads the data set's binary
    form, which needs no unpickling.
    """
    return cifar.load(
        "cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        [f"{_FOLDER}/data_batch_{index}.bin" for index in range(1, 6)],
        [f"{_FOLDER}/test_batch.bin"],
        labels=1,
        which=0,
    )
