"""``lamina run | info | demo``: the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lamina.cli import run
from lamina.version import KERAS_VERSION, LAMINA_VERSION, VERSION

_DESCRIPTION = "TensorFlow's API and Keras on XLA."


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        argv: the arguments without the program's name; the process's own if None.

    Returns:
        The exit code: 0 for success, 1 for a failure that was reported, 2 for wrong
        usage.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["run"]:
        return run.run_command(given[1:])
    parser = argparse.ArgumentParser(prog="lamina", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    run.add_parser(commands)
    arguments = parser.parse_args(given)
    code: int = arguments.function(arguments)
    return code


def _version() -> str:
    return (
        f"lamina {LAMINA_VERSION} (answers to TensorFlow {VERSION}, "
        f"Keras {KERAS_VERSION})"
    )


if __name__ == "__main__":
    sys.exit(main())
