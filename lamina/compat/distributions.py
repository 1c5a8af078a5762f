"""What ``importlib.metadata`` answers about TensorFlow and Keras under the shim."""

from __future__ import annotations

import os
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from lamina.version import KERAS_VERSION, VERSION


class ShimDistribution(Distribution):
    """The metadata of a package that Lamina stands in for.

    Args:
        name: the name of the distribution.
        version: the version that Lamina answers to.
    """

    def __init__(self, name: str, version: str) -> None:
        self._metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        """The text of a metadata file; only ``METADATA`` exists."""
        return self._metadata if filename == "METADATA" else None

    def locate_file(self, path: str | os.PathLike[str]) -> Any:
        """Where a file of the distribution would be."""
        return Path(__file__).parent / path


DISTRIBUTIONS: dict[str, ShimDistribution] = {
    name: ShimDistribution(name, version)
    for name, version in {
        "tensorflow": VERSION,
        "tensorflow-cpu": VERSION,
        "keras": KERAS_VERSION,
        "tf-keras": VERSION,
    }.items()
}
"""The answers, by normalised name."""
