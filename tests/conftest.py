"""What all tests share: the CPU, a fixed seed, a folder, no programs of other runs."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["LAMINA_CACHE_DIR"] = "off"


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
