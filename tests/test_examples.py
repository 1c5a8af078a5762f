"""The examples in docstrings and documents run, and print what they say."""

import ast
import doctest
import importlib
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import lamina as tf

ROOT = Path(__file__).parents[1]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.FAIL_FAST


@cache
def _examples() -> list[tuple[str, str, int]]:
    """The docstrings with examples: where, text, line."""
    found = []
    for path in sorted((ROOT / "lamina").rglob("*.py")):
        text = path.read_text("utf-8")
        if ">>>" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            kinds = ast.Module | ast.ClassDef | ast.FunctionDef
            docstring = ast.get_docstring(node) if isinstance(node, kinds) else None
            if docstring and ">>>" in docstring:
                line = getattr(node, "lineno", 1)
                name = f"{path.relative_to(ROOT)}:{line}"
                found.append((name, docstring, line))
    return found


@pytest.mark.parametrize(
    ("name", "text", "line"), _examples(), ids=[name for name, _, _ in _examples()]
)
def test_docstring_example(name: str, text: str, line: int) -> None:
    module = importlib.import_module(name.split(".py:")[0].replace("/", "."))
    names = {**vars(module), "tf": tf, "keras": tf.keras, "np": np, "sys": sys}
    test = doctest.DocTestParser().get_doctest(text, names, name, name, line)
    report: list[str] = []
    with np.printoptions(legacy="1.25"):  # numbers print as numbers
        doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
    assert not report, "".join(report)


def _programs(page: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return [block for block in blocks if "import lamina" in block]


@pytest.mark.parametrize("program", _programs("README.md"))
def test_program_of_the_readme(program: str) -> None:
    quicker = program.replace("epochs=10", "epochs=1").replace("range(100)", "range(5)")
    exec(compile(quicker, "README.md", "exec"), {"__name__": "__readme__"})
