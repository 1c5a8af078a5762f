"""What all tests share: the CPU, a fixed seed, and a folder of their own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that write files write them into a folder that goes away."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _fixed_seed() -> Iterator[None]:
    """Each test draws the same random numbers, alone or after others."""
    lamina = sys.modules.get("lamina")
    if lamina is not None:
        lamina.random.set_seed(0)
    yield
