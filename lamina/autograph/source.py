"""Finding the syntax tree of a Python function, with its real file positions.

The tree keeps the line and column numbers of the user's file, so that the converted
code, compiled under the file's own name, gives tracebacks and debugger stops in the
user's source without any map between the two.
"""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
from types import CodeType, FunctionType
from typing import Any

GENERATOR = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_INTERESTING = frozenset(
    number
    for name, number in dis.opmap.items()
    if name.startswith(("CALL", "FOR_ITER", "UNARY_NOT", "SEND", "RAISE"))
    or "JUMP" in name
)
_FILES_KEPT = 32
_files: dict[str, tuple[int, ast.Module]] = {}


class SourceUnavailable(Exception):
    """The source of a function cannot be found or does not match its code."""


def needs_conversion(code: CodeType) -> bool:
    """Whether the code has a branch or a call, here or in a nested function."""
    if any(op in _INTERESTING for op in code.co_code[::2]):
        return True
    return any(
        isinstance(const, CodeType) and needs_conversion(const)
        for const in code.co_consts
    )


def parse(fn: FunctionType) -> ast.FunctionDef | ast.Lambda:
    """The syntax tree of a function, positioned as in its file.

    Raises:
        SourceUnavailable: if the source cannot be read, parsed or told apart from
            other functions on the same line.
    """
    code = fn.__code__
    lines = linecache.getlines(code.co_filename, fn.__globals__)
    if not lines or code.co_firstlineno > len(lines):
        raise SourceUnavailable(
            f"the source of {fn.__qualname__} (file {code.co_filename!r}, line "
            f"{code.co_firstlineno}) is not available"
        )
    try:
        if code.co_name == "<lambda>":
            return _parse_lambda(fn, lines)
        return _parse_def(fn, lines)
    except (SyntaxError, IndentationError, ValueError) as error:
        raise SourceUnavailable(
            f"the source of {fn.__qualname__} cannot be parsed: {error}"
        ) from error


def _parse_def(fn: FunctionType, lines: list[str]) -> ast.FunctionDef:
    code = fn.__code__
    first = code.co_firstlineno
    block = inspect.getblock(lines[first - 1 :])
    shift = first - 1
    if block and block[0][:1] in " \t":
        block.insert(0, "if 1:\n")
        shift -= 1
    tree = ast.parse("".join(block)).body
    if len(tree) == 1 and isinstance(tree[0], ast.If):
        tree = tree[0].body
    if len(tree) != 1 or not isinstance(tree[0], ast.FunctionDef):
        raise SourceUnavailable(f"line {first} does not hold {fn.__qualname__}")
    node = tree[0]
    if node.name != code.co_name:
        raise SourceUnavailable(
            f"line {first} defines {node.name}, not {code.co_name}: the file changed "
            "after it was imported"
        )
    ast.increment_lineno(node, shift)
    return node


def _parse_lambda(fn: FunctionType, lines: list[str]) -> ast.Lambda:
    code = fn.__code__
    first = code.co_firstlineno
    found = [
        node
        for node in ast.walk(_module(code.co_filename, lines))
        if isinstance(node, ast.Lambda)
        and node.lineno <= first <= (node.end_lineno or node.lineno)
        and _arguments(node.args) == _code_arguments(code)
    ]
    if len(found) > 1:
        found = [node for node in found if _holds(node.body, code)] or found
    if len(found) != 1:
        raise SourceUnavailable(
            f"line {first} has {len(found)} lambdas that could be this one"
        )
    # The tree is kept for other lambdas of the file: give away a copy.
    copy: ast.Lambda = _copy(found[0])
    return copy


def _module(filename: str, lines: list[str]) -> ast.Module:
    text = "".join(lines)
    kept = _files.get(filename)
    if kept is None or kept[0] != hash(text):
        if len(_files) >= _FILES_KEPT:
            _files.clear()
        kept = _files[filename] = hash(text), ast.parse(text)
    return kept[1]


def _copy(node: Any) -> Any:
    if isinstance(node, list):
        return [_copy(each) for each in node]
    if not isinstance(node, ast.AST):
        return node
    made = type(node)(**{name: _copy(part) for name, part in ast.iter_fields(node)})
    return ast.copy_location(made, node)


def _arguments(args: ast.arguments) -> tuple[str, ...]:
    each = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    each += [arg for arg in (args.vararg, args.kwarg) if arg is not None]
    return tuple(arg.arg for arg in each)


def _code_arguments(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS)
    count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _holds(body: ast.expr, code: CodeType) -> bool:
    """Whether all instructions that have a place in the file stand in an expression."""
    first = body.lineno, body.col_offset
    last = body.end_lineno, body.end_col_offset
    for line, end_line, column, end_column in code.co_positions():
        if None in (line, end_line, column, end_column) or not end_column:
            continue
        if (line, column) < first or (end_line, end_column) > last:
            return False
    return True
