"""Function in, converted function out, with one conversion per code object."""

from __future__ import annotations
import __future__

import ast
import functools
import importlib
import threading
import types
import weakref
from types import CodeType, FunctionType
from typing import Any

from lamina.autograph import source
from lamina.autograph.expressions import RUNTIME, ExpressionTransformer

_FUNCTION = f"{RUNTIME}function"
_STATEMENTS = (ast.If, ast.For, ast.While)
_FUTURE = functools.reduce(
    lambda mask, name: mask | getattr(__future__, name).compiler_flag,
    __future__.all_feature_names,
    0,
)
_lock = threading.RLock()
_codes: weakref.WeakKeyDictionary[CodeType, CodeType | source.SourceUnavailable] = (
    weakref.WeakKeyDictionary()
)


def transform(fn: FunctionType, runtime: Any) -> FunctionType:
    """A function like ``fn`` whose branches, loops and calls go through operators.

    Args:
        fn: a Python function with source.
        runtime: the object whose attributes are the operators.

    Raises:
        SourceUnavailable: if there is no source, or it has something unsupported.
    """
    with _lock:
        code = _codes.get(fn.__code__)
        if code is None:
            try:
                code = _converted_code(fn)
            except source.SourceUnavailable as error:
                code = error
            _codes[fn.__code__] = code
    if isinstance(code, source.SourceUnavailable):
        raise code
    cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    cells[RUNTIME] = types.CellType(runtime)
    closure = tuple(cells[name] for name in code.co_freevars)
    made = FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, closure)
    made.__kwdefaults__ = fn.__kwdefaults__
    made.__dict__.update(fn.__dict__)
    made.__doc__ = fn.__doc__
    made.__module__ = fn.__module__
    made.__qualname__ = fn.__qualname__
    return made


def converted_tree(fn: FunctionType) -> ast.FunctionDef | ast.Lambda:
    """The converted syntax tree of a function, for ``tf.autograph.to_code``."""
    node = source.parse(fn)
    undefined: frozenset[str] = frozenset()
    nested: frozenset[str] | None = None
    if isinstance(node, ast.FunctionDef):
        _strip_signature(node)
        if any(isinstance(each, _STATEMENTS) for each in ast.walk(node)):
            node, undefined, nested = _rewritten(node, fn)
    code = fn.__code__
    owner = fn.__qualname__.rpartition(".")[0].rpartition(".")[2]
    class_name = None if owner in ("", "<locals>") else owner
    self_name = code.co_varnames[0] if code.co_argcount else None
    pass_ = ExpressionTransformer(
        undefined,
        nested,
        class_name,
        self_name if "__class__" in code.co_freevars else None,
    )
    made: ast.FunctionDef | ast.Lambda = pass_.visit(node)
    return made


def _rewritten(
    node: ast.FunctionDef, fn: FunctionType
) -> tuple[ast.FunctionDef, frozenset[str], frozenset[str]]:
    # Loaded here because it loads malt, which takes a while.
    statements = importlib.import_module("lamina.autograph.statements")
    try:
        found: tuple[ast.FunctionDef, frozenset[str], frozenset[str]]
        found = statements.rewrite(node, _namespace(fn))
        return found
    except source.SourceUnavailable:
        raise
    except Exception as error:
        raise source.SourceUnavailable(
            f"{fn.__qualname__} has a statement that cannot be converted "
            f"({type(error).__name__}: {error})"
        ) from error


def _converted_code(fn: FunctionType) -> CodeType:
    code = fn.__code__
    node = converted_tree(fn)
    line = code.co_firstlineno
    body: ast.stmt
    if isinstance(node, ast.Lambda):
        body = ast.Return(node)
    else:
        node.name = _FUNCTION  # its own name means the function of the user's module
        body = node
    tree = ast.parse(
        f"def outer({', '.join(code.co_freevars)}):\n def inner({RUNTIME}): pass"
        if "__class__" not in code.co_freevars
        else f"def outer():\n {'=0;'.join(code.co_freevars)}=0\n"
        f" def inner({RUNTIME}): pass"
    )
    each: Any
    for each in ast.walk(tree):
        if hasattr(each, "lineno"):
            each.lineno = each.end_lineno = line
    outer = tree.body[0]
    assert isinstance(outer, ast.FunctionDef)
    inner = outer.body[-1]
    assert isinstance(inner, ast.FunctionDef)
    inner.body = [body]
    ast.fix_missing_locations(tree)
    flags = code.co_flags & _FUTURE
    try:
        module = compile(tree, code.co_filename, "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        raise source.SourceUnavailable(
            f"{fn.__qualname__} cannot be compiled after its conversion: {error}"
        ) from error
    name = "<lambda>" if isinstance(node, ast.Lambda) else _FUNCTION
    made = _nested(_nested(_nested(module, "outer"), "inner"), name)
    return made.replace(co_name=code.co_name, co_qualname=code.co_qualname)


def _nested(code: CodeType, name: str) -> CodeType:
    for const in code.co_consts:
        if isinstance(const, CodeType) and const.co_name == name:
            return const
    raise source.SourceUnavailable(f"{name} was lost in the conversion")


def _strip_signature(node: ast.FunctionDef) -> None:
    """Drops decorators, annotations and default values: the function has them."""
    node.decorator_list = []
    node.returns = None
    args = node.args
    for each in [*args.posonlyargs, *args.args, *args.kwonlyargs]:
        each.annotation = None
    for extra in (args.vararg, args.kwarg):
        if extra is not None:
            extra.annotation = None
    none = functools.partial(ast.Constant, None)
    args.defaults = [ast.copy_location(none(), each) for each in args.defaults]
    args.kw_defaults = [
        None if each is None else ast.copy_location(none(), each)
        for each in args.kw_defaults
    ]


def _namespace(fn: FunctionType) -> dict[str, Any]:
    namespace = dict(fn.__globals__)
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            namespace[name] = cell.cell_contents
        except ValueError:
            namespace[name] = None
    return namespace


def is_generator(fn: FunctionType) -> bool:
    """Whether calling the function makes a generator or a coroutine."""
    return bool(fn.__code__.co_flags & source.GENERATOR)
