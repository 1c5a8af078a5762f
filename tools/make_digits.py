"""Makes the packaged file of handwritten digits from scikit-learn's copy of them.

    python tools/make_digits.py        (needs scikit-learn; run once, the file is kept)

The images are stored in an order drawn once with a fixed seed, so that the training and
the test part, and any `validation_split` of them, hold digits by all writers.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

TARGET = Path(__file__).parents[1] / "lamina" / "keras" / "datasets" / "digits.npz"


def main() -> None:
    """Writes the file."""
    source = load_digits()
    order = np.random.default_rng(0).permutation(len(source.target))
    images = source.images[order].astype(np.uint8)
    labels = source.target[order].astype(np.uint8)
    np.savez_compressed(TARGET, images=images, labels=labels)
    print(f"{TARGET.name}: {images.shape}, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
