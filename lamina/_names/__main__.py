"""Imports every public symbol of the tables and prints what is broken.

``python -m lamina._names [namespace …]`` exits with 1 when something is.
"""

from __future__ import annotations

import importlib
import sys

from lamina._names import _tables


def broken(prefixes: list[str]) -> list[str]:
    """One line for each public path that cannot be resolved, and each conflict."""
    found = _tables.tables()
    lines = [f"CONFLICT {text}" for text in found.conflicts]
    for path, target in sorted(found.symbols.items()):
        if prefixes and not any(path.startswith(f"{each}.") for each in prefixes):
            continue
        space, _, name = path.rpartition(".")
        try:
            value = getattr(importlib.import_module(target.module), target.attribute)
            module = importlib.import_module(f"lamina.{space}" if space else "lamina")
            if getattr(module, name) is not value:
                lines.append(f"HIDDEN   tf.{path}: {module.__name__} has another value")
        except Exception as error:  # every kind is a finding here
            where = f"{target.module}:{target.attribute}"
            text = str(error).splitlines()[0] if str(error) else ""
            lines.append(f"BROKEN   tf.{path} ({where}) {type(error).__name__}: {text}")
    return lines


if __name__ == "__main__":
    report = broken(sys.argv[1:])
    print("\n".join(report) or "all public names resolve")
    sys.exit(bool(report))
