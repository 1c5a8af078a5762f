"""Checks that every public symbol of the package has a docstring of the house's form.

    python tools/check_docstrings.py [FILE ...]

A module, class, function or method is public when no part of its path starts with an
underscore. Each needs a docstring that begins with a sentence; an op in the public
namespace also describes its arguments and names its reference.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from lamina._names._tables import tables

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lamina"
NAMED = {(target.module, target.attribute) for target in tables().symbols.values()}
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def main() -> int:
    """Checks the files named on the command line, or the whole package."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(PACKAGE.rglob("*.py"))
    found = [line for file in files for line in check_file(file)]
    print("\n".join(found))
    print(f"{len(files)} files, {len(found)} faults in docstrings")
    return 1 if found else 0


def check_file(file: Path) -> list[str]:
    """The faults of one file, a line each."""
    tree = ast.parse(file.read_text("utf-8"))
    shown = file.resolve().relative_to(ROOT)
    found = []
    if not ast.get_docstring(tree) and tree.body:
        found.append(f"{shown}:1: the module has no docstring")
    if any(part.startswith("_") and part != "__init__.py" for part in shown.parts):
        return found
    for path, node in public_definitions(tree, ""):
        named = (".".join(shown.with_suffix("").parts), path) in NAMED
        lines = faults(node, named)
        found += [f"{shown}:{node.lineno}: {path}: {text}" for text in lines]
    return found


def public_definitions(node: ast.AST, prefix: str) -> Iterator[tuple[str, DEFINITIONS]]:
    """The public definitions directly in a module or class, and in public classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue  # declarations for type checkers
        if isinstance(child, ast.If | ast.Try):
            yield from public_definitions(child, prefix)
        if not isinstance(child, DEFINITIONS) or child.name.startswith("_"):
            continue
        path = prefix + child.name
        yield path, child
        if isinstance(child, ast.ClassDef):
            yield from public_definitions(child, path + ".")


def faults(node: DEFINITIONS, named: bool) -> Iterator[str]:
    """What is wrong with the docstring of one definition."""
    if is_overload(node) or is_accessor(node):
        return
    text = ast.get_docstring(node)
    if not text:
        yield "no docstring"
        return
    summary = text.strip().split("\n\n", 1)[0].strip()
    if not summary.rstrip('"`').endswith((".", ":", "?", "!", "…")):
        yield "the summary is not a sentence (no full stop)"
    if named and is_op(node):
        own = [a.arg for a in node.args.args if a.arg != "name"]  # type: ignore[union-attr]
        if own and "Args:" not in text:
            yield "the op does not describe its arguments (Args:)"
        if "Reference" not in text:
            yield "the op names no reference (Reference:)"


def decorators(node: DEFINITIONS) -> list[str]:
    """The names of a definition's decorators."""
    return [ast.unparse(d).split("(", 1)[0] for d in node.decorator_list]


def is_op(node: DEFINITIONS) -> bool:
    """Whether this is a public operation."""
    return "op" in decorators(node) and not isinstance(node, ast.ClassDef)


def is_overload(node: DEFINITIONS) -> bool:
    """Whether this only declares a type."""
    return any(name.endswith("overload") for name in decorators(node))


def is_accessor(node: DEFINITIONS) -> bool:
    """Whether the docstring stands elsewhere: at the property, or at the base."""
    names = decorators(node)
    return any(n.endswith((".setter", ".deleter", "override")) for n in names)


if __name__ == "__main__":
    sys.exit(main())
