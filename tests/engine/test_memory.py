"""Working memory is not taken from the kernel again at every run."""

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
import lamina as tf

@tf.function
def run(x):
    return tf.reduce_sum(tf.linalg.matmul(tf.linalg.matmul(x, x, transpose_b=True), x))

x = tf.constant(np.ones((SIZE, 16), "float32"))
run(x).numpy()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    run(x).numpy()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def run(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for glibc")
@pytest.mark.parametrize("size", [4000, 5000])  # 64 and 100 MB at work
def test_runs_reuse_their_memory(size):
    code = FAULTS.replace("SIZE", str(size))
    kept = int(run(code, LAMINA_KEEP_MEMORY="256").stdout)
    given_back = int(run(code, LAMINA_KEEP_MEMORY="0").stdout)
    assert kept * 4 < given_back


def test_the_users_own_settings_stay():
    code = (
        "from lamina.engine.system.memory import keep_freed_memory\n"
        "print(keep_freed_memory())"
    )
    assert run(code, MALLOC_MMAP_MAX_="65536").stdout == "0\n"


def test_a_wrong_setting_is_refused():
    found = run("import lamina as tf; tf.zeros([])", LAMINA_KEEP_MEMORY="much")
    assert "LAMINA_KEEP_MEMORY: expected a number of MiB" in found.stderr
