"""Makes a virtual environment and installs into it, with the standard library only.

    python tools/setup_env.py FOLDER PIP-ARGUMENT...

An existing environment is kept. Where Python came without `ensurepip` (Debian's
python3 without python3-venv), virtualenv or another pip on the machine is used.
"""

import subprocess
import sys
import venv
from pathlib import Path

MINIMUM = (3, 11)


def main() -> int:
    """Makes the environment named on the command line and installs into it."""
    if sys.version_info < MINIMUM:
        print(
            f"Lamina needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer, and this is "
            f"{sys.version.split()[0]}: call make with PYTHON=<a newer interpreter>.",
            file=sys.stderr,
        )
        return 1
    folder = Path(sys.argv[1]).resolve()
    python = folder / "bin" / "python"
    if not has_pip(python):
        make(folder, python)
    if not has_pip(python):
        print(
            f"Could not make a virtual environment in {folder} with {sys.executable}: "
            "install the system's venv package (Debian: apt install python3-venv).",
            file=sys.stderr,
        )
        return 1
    options = ["-q", "--disable-pip-version-check"]
    command = [str(python), "-m", "pip", "install", *options, *sys.argv[2:]]
    return subprocess.call(command)


def has_pip(python: Path) -> bool:
    """Whether this interpreter exists and has pip."""
    return python.exists() and quiet(str(python), "-m", "pip", "--version")


def make(folder: Path, python: Path) -> None:
    """Makes the environment in the first way that works here."""
    try:
        venv.create(folder, clear=folder.exists(), with_pip=True)
        return
    except (subprocess.CalledProcessError, OSError):
        pass
    if quiet(sys.executable, "-m", "virtualenv", "--clear", str(folder)):
        return
    venv.create(folder, clear=True, with_pip=False)
    quiet(sys.executable, "-m", "pip", "--python", str(python), "install", "pip")


def quiet(*command: str) -> bool:
    """Runs a command without showing its output; whether it succeeded."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
