"""``lamina demo``: a small image classifier, from the data to a saved model."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lamina.cli.chart import training_curve
from lamina.keras.callbacks import History
from lamina.keras.datasets import digits
from lamina.keras.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from lamina.keras.models import Model, Sequential
from lamina.keras.utils import plot_model, set_random_seed

WANTED_ACCURACY = 0.97

_RELOAD = """
import sys
import numpy as np
from lamina.keras.models import load_model
model = load_model(sys.argv[1])
images = np.load(sys.argv[2], allow_pickle=False)
np.save(sys.argv[3], model.predict(images, verbose=0))
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of the command."""
    parser.add_argument(
        "--epochs", type=int, default=20, help="passes over the data (default: 20)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("lamina-demo"),
        help="where the model and the pictures go (default: lamina-demo)",
    )
    parser.add_argument(
        "--verbose",
        choices=("0", "1", "2"),
        default="1",
        help="0: no progress, 1: a progress bar, 2: a line for each epoch",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Runs the demonstration; returns 1 when the accuracy is too low."""
    if arguments.epochs < 1:
        print("lamina demo: expected --epochs of 1 or more.", file=sys.stderr)
        return 2
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = load_digits()
    print(f"{len(x_train)} images to train on, {len(x_test)} to test with")
    model = build_model()
    model.summary()
    verbose = int(arguments.verbose)
    history = train(model, x_train, y_train, arguments.epochs, verbose)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss {loss:.4f}, test accuracy {accuracy:.2%}")
    save(model, history, folder)
    same = reload_and_compare(model, x_test, folder)
    reached = history.history["val_accuracy"][-1]
    print(f"Validation accuracy {reached:.2%} (wanted: over {WANTED_ACCURACY:.0%})")
    return 0 if reached > WANTED_ACCURACY and same else 1


def load_digits() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The handwritten digits as float32 images of shape ``(N, 8, 8, 1)`` in [0, 1]."""
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train, x_test = (
        (images / 16.0).astype("float32")[..., np.newaxis]
        for images in (x_train, x_test)
    )
    return (x_train, y_train), (x_test, y_test)


def build_model() -> Model:
    """The classifier: one convolution, one pooling, two dense layers."""
    return Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(32, 3, activation="relu", padding="same"),
            MaxPooling2D(),
            Flatten(),
            Dense(100, activation="relu"),
            Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def train(model: Model, images: Any, labels: Any, epochs: int, verbose: int) -> History:
    """Compiles and fits, with a fifth of the data for validation."""
    model.compile(
        optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history: History = model.fit(
        images, labels, epochs=epochs, validation_split=0.2, verbose=verbose
    )
    return history


def save(model: Model, history: History, folder: Path) -> None:
    """Writes the model, the training curve and the picture of the model."""
    model.save(folder / "digits.keras")
    training_curve(history.history, folder / "training_curve.png")
    plot_model(model, folder / "model.png", show_shapes=True)
    for name in ("digits.keras", "training_curve.png", "model.png"):
        print(f"Wrote {folder / name}")


def reload_and_compare(model: Model, images: Any, folder: Path) -> bool:
    """Whether a new process that loads the model predicts the same numbers."""
    given, found = folder / "images.npy", folder / "predictions.npy"
    np.save(given, images)
    saved = folder / "digits.keras"
    subprocess.run(
        [sys.executable, "-c", _RELOAD, str(saved), str(given), str(found)], check=True
    )
    expected = model.predict(images, verbose=0)
    same = bool(np.array_equal(np.load(found, allow_pickle=False), expected))
    given.unlink()
    found.unlink()
    print(f"Predictions of a new process: {'equal' if same else 'DIFFERENT'}")
    return same
