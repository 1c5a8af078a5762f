"""California housing: 20,640 districts, 8 attributes, the median value of a home.

Reference: R. K. Pace, R. Barry, "Sparse spatial autoregressions", Statistics and
Probability Letters, 1997.
"""

from lamina.engine.errors import message
from lamina.keras.datasets.remote import Arrays, arrays, shuffled_split

_SMALL = 600
_NAME = "keras.datasets.california_housing.load_data"


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[Arrays, Arrays]:
    """Loads the attributes and values, downloading them on the first use.

    Args:
        version: ``"large"``, or ``"small"`` for 600 districts.
        path: the name of the file in the folder of downloads.
        test_split: the part that is kept for testing.
        seed: of the shuffling before the split.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: shapes ``(N, 8)`` and ``(N,)``,
        float32; values in dollars.

    Raises:
        ValueError: `version` is unknown, or `test_split` is not in [0, 1).
        OSError: the file is neither there nor can it be downloaded.

    Reference: ``keras.datasets.california_housing.load_data``.
    """
    if version not in ("large", "small"):
        raise ValueError(
            message(
                _NAME,
                expected="`version` to be 'large' or 'small'",
                received=repr(version),
                hint="'small' has 600 districts.",
            )
        )
    found = arrays(
        path,
        "california_housing.npz",
        "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    )
    size = _SMALL if version == "small" else None
    return shuffled_split(_NAME, found["x"][:size], found["y"][:size], test_split, seed)
