"""The rewriting of ``if``, ``while``, ``for``, ``break``, ``continue`` and ``return``.

The analysis (which names a block changes, which are alive after it) and the rewriting
into functions come from ``diastatic-malt``, the stand-alone edition of TensorFlow's
AutoGraph. Only the passes that a function needs are run. Importing malt takes tens of
milliseconds, so this module is loaded with the first function that has a statement to
rewrite.

Reference: Moldovan et al., "AutoGraph: imperative-style coding with graph-based
performance", 2018; https://github.com/PennyLaneAI/diastatic-malt
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from malt.converters import (
    break_statements,
    continue_statements,
    control_flow,
    return_statements,
)
from malt.core import converter
from malt.lang import directives
from malt.pyct import anno, naming, transformer

from lamina.autograph.expressions import RUNTIME
from lamina.autograph.source import SourceUnavailable

_LOOP_OPTIONS = (
    "parallel_iterations",
    "swap_memory",
    "maximum_iterations",
    "shape_invariants",
)
# A statement with a block stands where its head stands, not where its block ends.
_HEADS: dict[type, str] = {ast.If: "test", ast.While: "test", ast.For: "iter"}


class Origin(NamedTuple):
    """Where a node of the user's source stands."""

    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


def rewrite(
    node: ast.FunctionDef, namespace: Mapping[str, Any]
) -> tuple[ast.FunctionDef, frozenset[str], frozenset[str]]:
    """Rewrites the statements of a function.

    Args:
        node: the function, with positions of the user's file.
        namespace: the global and closure names that the function can see.

    Returns:
        The new function, the names in it that may be undefined when read, and the
        names of the functions that the user defines inside it.

    Raises:
        SourceUnavailable: for statements that cannot be rewritten.
    """
    kinds = {type(each) for each in ast.walk(node)}
    node = _DropAnnotations().visit(node)
    nested = frozenset(each.name for each in _functions(node))
    _refuse_unsupported(node)
    _note_origins(node)
    info = transformer.EntityInfo(node.name, "", "<function>", (), namespace)
    options = converter.ProgramContext(options=converter.ConversionOptions())
    context = transformer.Context(info, naming.Namer(namespace), options)
    _take_loop_options(node)
    if ast.Break in kinds:
        node = break_statements.transform(node, context)
    if ast.Continue in kinds or ast.Break in kinds:
        node = continue_statements.transform(node, context)
    if any(_returns_early(each) for each in _functions(node)):
        for each in _functions(node):
            _wrap_body(each)
        node = return_statements.transform(node, context)
    _locate_loops(node)
    node = control_flow.transform(node, context)
    _restore_positions(node)
    return node, frozenset(_undefined_names(node)), nested


class _DropAnnotations(ast.NodeTransformer):
    """Annotated names cannot be nonlocal in the functions that blocks become."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)


_GENERATORS = (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith)


def _refuse_unsupported(node: ast.FunctionDef) -> None:
    for each in ast.walk(node):
        if isinstance(each, _GENERATORS):
            raise SourceUnavailable(
                f"line {each.lineno} makes a function in it a generator or coroutine, "
                "which AutoGraph does not convert"
            )
        if isinstance(each, (ast.For, ast.While)) and each.orelse:
            raise SourceUnavailable(
                f"the loop in line {each.lineno} has an else branch, which AutoGraph "
                "does not convert"
            )


def _functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    return (each for each in ast.walk(node) if isinstance(each, ast.FunctionDef))


def _returns_early(node: ast.FunctionDef) -> bool:
    """Whether a return stands inside a branch, a loop or a try block."""
    pending: list[tuple[ast.stmt, bool]] = [(each, False) for each in node.body]
    while pending:
        statement, inside = pending.pop()
        if isinstance(statement, ast.Return) and inside:
            return True
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            continue
        below = inside or isinstance(statement, (ast.If, ast.For, ast.While, ast.Try))
        blocks: list[ast.AST] = [statement]
        blocks += getattr(statement, "handlers", [])
        for block in blocks:
            for name in ("body", "orelse", "finalbody"):
                pending += [(each, below) for each in getattr(block, name, ())]
    return False


def _wrap_body(node: ast.FunctionDef) -> None:
    """Puts the body into the ``with`` block that the return pass looks for."""
    scope = ast.Name(RUNTIME, ast.Load())
    item = ast.withitem(scope, None)
    node.body = [ast.With([item], node.body)]
    anno.setanno(node, "function_context_name", RUNTIME)


def _take_loop_options(node: ast.FunctionDef) -> None:
    """Moves ``set_loop_options(...)`` calls from loop bodies onto their loops."""
    for loop in ast.walk(node):
        if not isinstance(loop, (ast.For, ast.While)):
            continue
        kept: list[ast.stmt] = []
        for statement in loop.body:
            call = getattr(statement, "value", None)
            function = getattr(call, "func", None)
            name = getattr(function, "attr", getattr(function, "id", None))
            if not isinstance(statement, ast.Expr) or name != "set_loop_options":
                kept.append(statement)
                continue
            assert isinstance(call, ast.Call)
            given = dict(zip(_LOOP_OPTIONS, call.args, strict=False))
            given.update({each.arg: each.value for each in call.keywords if each.arg})
            if given:
                anno.setanno(
                    loop,
                    anno.Basic.DIRECTIVES,
                    {directives.set_loop_options: given},
                )
        loop.body = kept or [ast.Pass()]


# ---------------------------------------------------------------- positions


def _note_origins(node: ast.AST) -> None:
    each: Any
    for each in ast.walk(node):
        if hasattr(each, "lineno"):
            head = getattr(each, _HEADS.get(type(each), ""), each)
            origin = Origin(
                each.lineno,
                each.col_offset,
                getattr(head, "end_lineno", None),
                getattr(head, "end_col_offset", None),
            )
            anno.setanno(each, anno.Basic.ORIGIN, origin)


def _origin(node: ast.AST) -> Origin | None:
    found: Origin | None = anno.getanno(node, anno.Basic.ORIGIN, default=None)
    return found


def _locate_loops(node: ast.AST) -> None:
    """Loops that the break pass made anew take the place of their head."""
    for each in ast.walk(node):
        if isinstance(each, (ast.For, ast.While, ast.If)) and _origin(each) is None:
            head = each.iter if isinstance(each, ast.For) else each.test
            for part in ast.walk(head):
                found = _origin(part)
                if found is not None:
                    anno.setanno(each, anno.Basic.ORIGIN, found)
                    break


def _restore_positions(node: ast.AST) -> None:
    """Positions for compiling: a node's own origin, else that of its parent."""
    start = _origin(node) or Origin(1, 0, None, None)
    pending: list[tuple[Any, Origin]] = [(node, start)]
    while pending:
        each, place = pending.pop()
        own = _origin(each)
        if own is None:
            each.generated = True
        else:
            place = own
        if "lineno" in each._attributes:
            each.lineno, each.col_offset = place.lineno, place.col_offset
            each.end_lineno, each.end_col_offset = place.end_lineno, place[3]
        pending.extend((child, place) for child in ast.iter_child_nodes(each))


def _undefined_names(node: ast.AST) -> Iterator[str]:
    """The names that the loop and branch pass first sets to ``ag__.Undefined``."""
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Call):
            function = each.value.func
            if isinstance(function, ast.Attribute) and function.attr == "Undefined":
                target = each.targets[0]
                if isinstance(target, ast.Name):
                    yield target.id
