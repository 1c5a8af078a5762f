"""Which kernels run, and what is said about it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lamina.kernels.library import FOLDER, NAME, Status

CONVOLUTION = """
import sys
import numpy as np
import lamina as tf
from lamina.kernels.library import status
x = np.arange(200, dtype="float32").reshape(2, 10, 10, 1)
y = tf.nn.conv2d(x, np.ones((3, 3, 1, 2), "float32"), 1, "SAME")
print(float(tf.reduce_sum(y)), status().library is not None, status().text)
"""


def run(code, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_xla_can_be_asked_for():
    found = run(CONVOLUTION, LAMINA_KERNELS="xla")
    assert found.stdout.split()[1:] == ["False", "XLA's", "own:", "LAMINA_KERNELS=xla"]
    assert not found.stderr


def test_both_kernels_agree():
    values = {
        run(CONVOLUTION, LAMINA_KERNELS=each).stdout.split()[0]
        for each in ("xla", "auto")
    }
    assert len(values) == 1


def test_an_unknown_choice_is_refused():
    found = run(CONVOLUTION, LAMINA_KERNELS="mkl")
    assert found.returncode == 1
    assert "InvalidArgumentError: LAMINA_KERNELS: expected one of" in found.stderr
    assert "auto, xla, onednn" in found.stderr


def copied(tmp_path, write):
    """The status of a package whose native folder is another one."""
    code = (
        "from pathlib import Path\n"
        "from lamina.kernels import library\n"
        f"library.FOLDER = Path({str(tmp_path)!r})\n"
    ) + CONVOLUTION
    write(tmp_path)
    return run(code)


def test_a_machine_where_nothing_was_built(tmp_path):
    found = copied(
        tmp_path, lambda folder: (folder / "not_built.txt").write_text("no compiler\n")
    )
    assert "False XLA's own: oneDNN's were not built (no compiler)" in found.stdout


def test_a_broken_library_does_not_stop_anything(tmp_path):
    found = copied(tmp_path, lambda folder: (folder / NAME).write_bytes(b"\x7fELF"))
    assert "False XLA's own: oneDNN's could not be loaded" in found.stdout
    assert found.returncode == 0


def test_a_demanded_library_must_be_there(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from lamina.kernels import library\n"
        f"library.FOLDER = Path({str(tmp_path)!r})\n"
    ) + CONVOLUTION
    found = run(code, LAMINA_KERNELS="onednn")
    assert "FailedPreconditionError: LAMINA_KERNELS: expected" in found.stderr


@pytest.mark.skipif(not (FOLDER / NAME).exists(), reason="the kernels are not built")
def test_the_package_carries_what_the_library_needs():
    assert (FOLDER / "libdnnl.so.3").exists()
    assert (FOLDER / "oneDNN-LICENSE.txt").exists()
    maps = run(
        CONVOLUTION + "print(open('/proc/self/maps').read())", LAMINA_KERNELS="onednn"
    ).stdout
    loaded = {line.split()[-1] for line in maps.splitlines() if "libdnnl" in line}
    assert loaded == {str(Path(FOLDER / "libdnnl.so.3").resolve())}


def test_half_types_follow_the_instructions():
    assert Status(None, "", 0x7).half_types == frozenset()
    assert Status(None, "", 0xE7).half_types == {"bfloat16"}
    assert Status(None, "", 0x1FEF).half_types == {"bfloat16", "float16"}
