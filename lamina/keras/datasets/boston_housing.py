"""Boston housing: 506 districts, 13 attributes, the median price of a home.

Reference: D. Harrison, D. L. Rubinfeld, "Hedonic prices and the demand for clean air",
Journal of Environmental Economics and Management, 1978. One attribute counts
residents by skin colour; use the data with care, or not at all.
"""

from lamina.keras.datasets.remote import Arrays, arrays, shuffled_split


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Arrays, Arrays]:
    """Loads the attributes and prices, downloading them on the first use.

    Args:
        path: the name of the file in the folder of downloads.
        test_split: the part that is kept for testing.
        seed: of the shuffling before the split.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: shapes ``(N, 13)`` and ``(N,)``,
        float64; prices in thousands of dollars.

    Raises:
        ValueError: `test_split` is not in [0, 1).
        OSError: the file is neither there nor can it be downloaded.

    Reference: ``keras.datasets.boston_housing.load_data``.
    """
    found = arrays(
        path,
        "boston_housing.npz",
        "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    )
    name = "keras.datasets.boston_housing.load_data"
    return shuffled_split(name, found["x"], found["y"], test_split, seed)
