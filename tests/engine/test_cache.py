"""The persistent compilation cache: who may use which folder, and what it holds."""

import os
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import pytest

from lamina.engine.system import cache

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs file permissions")

SCRIPT = """
import collections
from jax import monitoring
seen = collections.Counter()
monitoring.register_event_listener(lambda event, **_: seen.update([event]))
import numpy as np
import lamina as tf
from lamina import keras
import jax
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
keras.utils.set_random_seed(0)
layers = [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)]
model = keras.Sequential(layers)
model.compile("adam", "mse")
x = np.linspace(0, 1, 64, dtype="float32").reshape(16, 4)
model.fit(x, x[:, :1], batch_size=8, epochs=3, shuffle=False, verbose=0)
print(seen["/jax/compilation_cache/cache_hits"], end=" ")
print(seen["/jax/compilation_cache/cache_misses"], end=" ")
print(repr(float(np.sum(model.predict(x, verbose=0)))))
"""


def run(folder: object, **environment: str) -> tuple[list[str], str]:
    """What the script prints in a process of its own, and its messages."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        env={**os.environ, "LAMINA_CACHE_DIR": str(folder), **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.split(), done.stderr


def test_the_second_process_compiles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "xla"
    (hits, misses, result), messages = run(folder)
    assert hits == "0" and int(misses) > 0 and messages == ""
    assert folder.stat().st_mode & 0o777 == 0o700
    again, messages = run(folder)
    assert again == [misses, "0", result] and messages == ""
    for entry in folder.glob("*-cache"):
        whole = entry.read_bytes()
        entry.unlink()
        entry.write_bytes(whole[:-20])  # as after a sudden death
    (hits, _, recovered), messages = run(folder)
    assert hits == "0" and recovered == result and "Traceback" not in messages
    assert not list(folder.glob("*-cache"))  # dropped at the exit
    assert run(folder)[0] == ["0", misses, result]


@pytest.mark.parametrize("value", ["", "off", "0"])
def test_it_can_be_switched_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, value)
    assert cache.wanted_folder() is None


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.wanted_folder() == tmp_path / "lamina" / "xla"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.wanted_folder() == Path.home() / ".cache" / "lamina" / "xla"
    monkeypatch.setenv(cache.VARIABLE, "here")
    assert cache.wanted_folder() == Path.cwd() / "here"


def test_folders_that_are_not_safe_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "xla"
    assert cache.prepare(folder) is None
    folder.chmod(0o770)
    assert "other users" in str(cache.prepare(folder))
    folder.chmod(0o700)
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert "replace" in str(cache.prepare(open_to_all / "xla"))
    (tmp_path / "file").write_text("")
    assert cache.prepare(tmp_path / "file" / "xla") is not None
    assert cache.prepare(tmp_path / "file") is not None
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert "another user" in str(cache.prepare(folder))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in str(cache.prepare(folder))


def test_tidying_keeps_what_was_used_last(tmp_path: Path) -> None:
    whole = zlib.compress(os.urandom(1000))
    for index in range(5):
        entry = tmp_path / f"{index}-cache"
        entry.write_bytes(whole)
        os.utime(entry, (index, index))
    broken = tmp_path / "broken-cache"
    broken.write_bytes(whole[:-1])
    (tmp_path / "other").write_bytes(whole)
    cache.tidy(tmp_path, limit=2 * len(whole))
    assert sorted(p.name for p in tmp_path.glob("*-cache")) == ["3-cache", "4-cache"]
    assert (tmp_path / "other").exists()
    cache.tidy(tmp_path, limit=0)  # nothing was added
    assert (tmp_path / "3-cache").exists()
    cache.tidy(tmp_path / "gone")


def test_it_says_where_programs_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache._cache, "folder", None)
    monkeypatch.setattr(cache._cache, "reason", "as asked")
    assert cache.describe() == "off: as asked"
    (tmp_path / "a-cache").write_bytes(b"0" * 2**20)
    monkeypatch.setattr(cache._cache, "folder", tmp_path)
    assert cache.describe() == f"{tmp_path}, 1 programs, 1.0 MiB"
    monkeypatch.setattr(cache._cache, "folder", tmp_path / "gone")
    assert "not readable" in cache.describe()
