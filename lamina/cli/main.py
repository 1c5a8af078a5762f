"""``lamina run | info | demo``: the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from lamina.cli import run
from lamina.version import KERAS_VERSION, LAMINA_VERSION, VERSION

_DESCRIPTION = "TensorFlow's API and Keras on XLA."
_HELP = {
    "run": "run a TensorFlow or Keras program on Lamina",
    "info": "show versions, devices and the kernels in use",
    "demo": "train a small image classifier on handwritten digits",
}


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
    wanted = given[0] if given else ""
    for name, text in _HELP.items():
        command = commands.add_parser(name, help=text, description=text.capitalize())
        if name == wanted:  # only the wanted command is imported
            module = importlib.import_module(f"lamina.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(execute=module.execute)
    arguments = parser.parse_args(given)
    code: int = arguments.execute(arguments)
    return code


def _version() -> str:
    return (
        f"lamina {LAMINA_VERSION} (answers to TensorFlow {VERSION}, "
        f"Keras {KERAS_VERSION})"
    )


if __name__ == "__main__":
    sys.exit(main())
