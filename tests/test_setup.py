"""Installing where the native kernels cannot be built."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_build_goes_on_and_says_why(tmp_path):
    build = ["--build-lib", str(tmp_path / "lib"), "--build-temp", str(tmp_path)]
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "setup.py", "-q", "build_ext", *build],
        cwd=ROOT,
        env={**os.environ, "CC": "/bin/false", "CXX": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    folder = tmp_path / "lib" / "lamina" / "kernels" / "native"
    # The first thing that is missing: the packages, or else the compiler.
    reason = (folder / "not_built.txt").read_text()
    assert "is missing" in reason or reason == "the compiler failed\n"
    assert "lamina: native kernels were not built" in found.stderr
    assert not list(folder.glob("*.so*"))
