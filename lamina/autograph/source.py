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
    span = _body_span(code)
    if len(found) > 1 and span is not None:
        exact = [node for node in found if _span(node.body) == span]
        found = exact or found
    if len(found) != 1:
        raise SourceUnavailable(
            f"line {first} has {len(found)} lambdas that could be this one"
        )
    # The tree is kept for other lambdas of the file: give away a copy.
    copy = ast.parse("0", mode="eval")
    copy.body = _copy(found[0])
    lambda_node = copy.body
    assert isinstance(lambda_node, ast.Lambda)
    return lambda_node


def _module(filename: str, lines: list[str]) -> ast.Module:
    text = "".join(lines)
    kept = _files.get(filename)
    if kept is None or kept[0] != hash(text):
        if len(_files) >= _FILES_KEPT:
            _files.clear()
        kept = _files[filename] = hash(text), ast.parse(text)
    return kept[1]


def _copy(node: ast.expr) -> ast.expr:
    made = type(node)(
        **{
            name: (
                [_copy(each) if isinstance(each, ast.AST) else each for each in value]
                if isinstance(value, list)
                else _copy(value)
                if isinstance(value, ast.AST)
                else value
            )
            for name, value in ast.iter_fields(node)
        }
    )
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


def _span(node: ast.expr) -> tuple[int | None, ...]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _body_span(code: CodeType) -> tuple[int | None, ...] | None:
    """Where the expression stands that the last instruction returns."""
    *_, last = code.co_positions()
    return None if None in last else last
