"""CIFAR-100: 60,000 colour images of a hundred classes in twenty groups, 32×32.

Reference: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from lamina.engine.errors import message
from lamina.keras.datasets import cifar
from lamina.keras.datasets.remote import Arrays

_FOLDER = "cifar-100-binary"
_LABELS = ("coarse", "fine")


def load_data(label_mode: str = "fine") -> tuple[Arrays, Arrays]:
    """Loads the images and labels, downloading them on the first use.

    Args:
        label_mode: ``"fine"`` for the hundred classes, ``"coarse"`` for the twenty
            groups.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: images of shape
        ``(N, 32, 32, 3)``, or ``(N, 3, 32, 32)`` with the channels first, and labels
        of shape ``(N, 1)``, all uint8; 50,000 for training, 10,000 for testing.

    Raises:
        ValueError: `label_mode` is unknown.
        OSError: the file is neither there nor can it be downloaded.

    Reference: ``keras.datasets.cifar100.load_data``. It reads the data set's binary
    form, which needs no unpickling.
    """
    if label_mode not in _LABELS:
        raise ValueError(
            message(
                "keras.datasets.cifar100.load_data",
                expected=f"`label_mode` to be one of {', '.join(_LABELS)}",
                received=repr(label_mode),
                hint="'fine' has a hundred classes.",
            )
        )
    return cifar.load(
        "cifar-100-binary.tar.gz",
        "03b5dce01913d631647c71ecec9e9cb8",
        [f"{_FOLDER}/train.bin"],
        [f"{_FOLDER}/test.bin"],
        labels=2,
        which=_LABELS.index(label_mode),
    )
