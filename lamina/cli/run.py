"""``lamina run``: a TensorFlow or Keras program on Lamina, unchanged.

The program is started as Python itself would start it (``__main__``, ``sys.argv``,
``sys.path[0]``, exit code, traceback), after the import shim is in place.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from lamina.compat.shim import install

_HELP = """usage: lamina run SCRIPT [ARGUMENT ...]
       lamina run -m MODULE [ARGUMENT ...]

Run a program in which `import tensorflow` and `import keras` give Lamina.

examples:
  lamina run train.py --epochs 3
  lamina run -m mypackage.train --epochs 3"""
_STARTERS = (__file__, runpy.__file__, "<frozen runpy>")


def run_command(argv: Sequence[str]) -> int:
    """Runs the script or module that the arguments after ``run`` name.

    Args:
        argv: ``SCRIPT ARGUMENT…`` or ``-m MODULE ARGUMENT…``. What follows the
            program is its own, options too.

    Returns:
        The exit code.
    """
    first, *rest = argv or [""]
    if first in ("-h", "--help"):
        print(_HELP)
        return 0
    if first == "-m" and rest:
        install()
        return _run_module(rest[0], rest[1:])
    if not first or first.startswith("-"):
        return _usage("a script, or -m and a module", " ".join(argv) or "nothing")
    install()
    return _run_script(first, list(argv))


def _run_script(script: str, argv: list[str]) -> int:
    path = Path(script)
    if not path.exists():
        return _usage("a Python script", f"{script!r}, which does not exist")
    if path.is_dir() and not (path / "__main__.py").exists():
        return _usage("a Python script", f"the folder {script!r} without __main__.py")
    sys.argv = list(argv)
    sys.path[0] = os.path.abspath(script if path.is_dir() else path.parent)
    return _guarded(lambda: runpy.run_path(script, run_name="__main__"))


def _run_module(module: str, argv: list[str]) -> int:
    sys.path[0] = os.getcwd()
    top = module.partition(".")[0]
    if not top or importlib.util.find_spec(top) is None:
        return _usage("a module that can be imported", repr(module))
    sys.argv = [module, *argv]
    return _guarded(
        lambda: runpy.run_module(module, run_name="__main__", alter_sys=True)
    )


def _guarded(start: Callable[[], object]) -> int:
    """Runs a program; reports an exception as Python does, without our frames."""
    try:
        start()
    except SystemExit:
        raise
    except KeyboardInterrupt as error:
        _report(error)
        return 130
    except BaseException as error:
        _report(error)
        return 1
    return 0


def _report(error: BaseException) -> None:
    shown = error.with_traceback(_program_frames(error.__traceback__))
    sys.stdout.flush()
    if sys.excepthook is sys.__excepthook__:
        traceback.print_exception(shown)
    else:
        sys.excepthook(type(shown), shown, shown.__traceback__)


def _program_frames(frames: TracebackType | None) -> TracebackType | None:
    """The traceback from the program's own first frame on."""
    while frames is not None:
        if frames.tb_frame.f_code.co_filename not in _STARTERS:
            return frames
        frames = frames.tb_next
    return None


def _usage(expected: str, received: str) -> int:
    print(
        f"lamina run: expected {expected}. Received: {received}. "
        "See `lamina run --help`.",
        file=sys.stderr,
    )
    return 2
