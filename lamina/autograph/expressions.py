"""The rewriting of expressions: calls, ``and``/``or``/``not``, ternaries, asserts.

These need no analysis of the function around them, so this pass is ours and quick. It
also finishes what the statement pass leaves: reads of names that may be undefined,
zero-argument ``super()``, private name mangling, and decorators.
"""

from __future__ import annotations

import ast
from typing import TypeVar

_Node = TypeVar("_Node", bound=ast.AST)
RUNTIME = "ag__"
# These look at the frame that calls them, so they stay plain calls.
_FRAME_BOUND = frozenset(
    ("locals", "globals", "eval", "exec", "vars", "dir", "breakpoint", "print")
)
_CHEAP = frozenset(("isinstance", "hasattr", "getattr", "setattr", "type", "callable"))


class ExpressionTransformer(ast.NodeTransformer):
    """Rewrites the expressions of one function, in place.

    Args:
        undefined: names that the statement pass may leave unassigned.
        nested: names of the functions that the user defined inside this one, where
            there are generated ones too; None if there are none of those.
        class_name: the class whose body holds the function, for private names.
        self_name: the first argument, where ``super()`` is used without arguments.
    """

    def __init__(
        self,
        undefined: frozenset[str],
        nested: frozenset[str] | None,
        class_name: str | None,
        self_name: str | None,
    ) -> None:
        self._undefined = undefined
        self._nested = nested
        self._class_name = class_name.lstrip("_") if class_name else None
        self._self_name = self_name
        self._depth = 0

    # ------------------------------------------------------------ functions

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Converts the body; nested functions are marked as converted."""
        self._depth += 1
        body: list[ast.stmt] = []
        for statement in node.body:
            made = self.visit(statement)
            body.extend(made if isinstance(made, list) else [made])
        node.body = [each for each in body if each is not None]
        self._depth -= 1
        if self._depth and (self._nested is None or node.name in self._nested):
            mark = _located(_runtime("artifact"), node)
            node.decorator_list.append(mark)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Converts the body; user lambdas are marked as converted."""
        self._depth += 1
        node.body = self.visit(node.body)
        self._depth -= 1
        return self._call("artifact", [node], node) if self._depth else node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """Leaves coroutines alone."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Leaves local classes alone: their methods are converted when called."""
        return node

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.stmt]:
        """Converts the body, not the context managers; drops our own wrapper."""
        body: list[ast.stmt] = []
        for statement in node.body:
            made = self.visit(statement)
            body.extend(made if isinstance(made, list) else [made])
        manager = node.items[0].context_expr
        if isinstance(manager, ast.Name) and manager.id == RUNTIME:
            return body
        node.body = body
        return node

    # ------------------------------------------------------------ names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Guards the read of a name that may be undefined."""
        if isinstance(node.ctx, ast.Load) and node.id in self._undefined:
            if getattr(node, "generated", False):
                return node
            return self._call("ld", [node], node)
        node.id = self._mangled(node.id)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        """Converts the value; reads the target first if it may be undefined."""
        node.value = self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name) and target.id in self._undefined:
            load = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            store = ast.copy_location(ast.Name(target.id, ast.Store()), target)
            read = ast.Assign([store], self._call("ld", [load], target))
            return [ast.copy_location(read, node), node]
        node.target = self.visit(target)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Mangles private attributes as the class body would have."""
        node.value = self.visit(node.value)
        node.attr = self._mangled(node.attr)
        return node

    def _mangled(self, name: str) -> str:
        if (
            self._class_name
            and name.startswith("__")
            and not name.endswith("__")
            and "." not in name
        ):
            return f"_{self._class_name}{name}"
        return name

    # ------------------------------------------------------------ expressions

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """``f(x, k=v)`` becomes ``ag__.converted_call(f, x, k=v)``."""
        function = node.func
        root = function
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id == RUNTIME:
            _mark_guard(node)
            looped = _name(function) == "for_stmt" and isinstance(
                node.args[0], ast.Call
            )
            node.args = [self.visit(arg) for arg in node.args]
            if looped:
                _make_lazy(node.args[0])
            return node
        if isinstance(function, ast.Name):
            if function.id == "super" and not node.args and self._self_name:
                node.args = [
                    ast.copy_location(ast.Name(name, ast.Load()), node)
                    for name in ("__class__", self._self_name)
                ]
                return node
            if function.id in _FRAME_BOUND or function.id in _CHEAP:
                self.generic_visit(node)
                return node
        elif _is_debugger(function):
            return node
        self.generic_visit(node)
        node.args.insert(0, node.func)
        node.func = _located(_runtime("converted_call"), node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """``a and b`` becomes ``ag__.and_(lambda: a, lambda: b)``."""
        if _binds(node):
            return self.generic_visit(node)
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        return self._call(name, [self._thunk(each) for each in node.values], node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """``not a`` becomes ``ag__.not_(a)``."""
        node.operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return self._call("not_", [node.operand], node)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """``a if c else b`` becomes ``ag__.if_exp(c, lambda: a, lambda: b)``."""
        if _binds(node):
            return self.generic_visit(node)
        parts = [self.visit(node.test), self._thunk(node.body)]
        return self._call("if_exp", [*parts, self._thunk(node.orelse)], node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """``a < b < c`` becomes ``a < b and b < c`` if ``b`` costs nothing."""
        middle = node.comparators[:-1]
        simple = all(isinstance(each, (ast.Name, ast.Constant)) for each in middle)
        if not middle or not simple:
            return self.generic_visit(node)
        sides = [node.left, *node.comparators]
        pairs = []
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            pair = ast.Compare(_fresh(left), [operator], [_fresh(right)])
            pairs.append(self._thunk(ast.copy_location(pair, node)))
        return self._call("and_", pairs, node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """``assert c, m`` becomes ``ag__.assert_stmt(c, lambda: m)``."""
        text = node.msg or ast.copy_location(ast.Constant(None), node)
        parts = [self.visit(node.test), self._thunk(text)]
        call = self._call("assert_stmt", parts, node)
        return ast.copy_location(ast.Expr(call), node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        """Converts the parts; the iteration itself stays Python's."""
        return self.generic_visit(node)

    # ------------------------------------------------------------ helpers

    def _thunk(self, body: ast.expr) -> ast.expr:
        none = ast.arguments([], [], None, [], [], None, [])
        return ast.copy_location(ast.Lambda(none, self.visit(body)), body)

    def _call(self, name: str, args: list[ast.expr], at: ast.AST) -> ast.Call:
        call = ast.Call(_runtime(name), args, [])
        return _located(call, at)


def _runtime(name: str) -> ast.Attribute:
    return ast.Attribute(ast.Name(RUNTIME, ast.Load()), name, ast.Load())


def _located(node: _Node, at: ast.AST) -> _Node:
    """Gives a position to the nodes made here; nodes of the user keep theirs."""
    pending: list[ast.AST] = [node]
    while pending:
        each = pending.pop()
        if "lineno" in each._attributes and not hasattr(each, "lineno"):
            ast.copy_location(each, at)
        elif each is not node:
            continue
        pending.extend(ast.iter_child_nodes(each))
    return node


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else ""


def _mark_guard(call: ast.Call) -> None:
    """Turns ``if not do_return`` of the return pass into a statement of its own."""
    if _name(call.func) != "if_stmt":
        return
    test = call.args[0]
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        flag = test.operand
        if isinstance(flag, ast.Name) and flag.id.startswith("do_return"):
            call.func = _located(_runtime("unless_returned"), call)
            call.args[0] = flag
            call.args.append(ast.copy_location(ast.Constant(flag.id), call))


def _make_lazy(call: ast.expr) -> None:
    """Lets the ranges that a loop runs over stay unevaluated."""
    if isinstance(call, ast.Call) and _name(call.func) == "converted_call":
        call.func = _located(_runtime("iterated_call"), call)


def _is_debugger(function: ast.expr) -> bool:
    return _name(function) == "set_trace"


def _fresh(node: ast.expr) -> ast.expr:
    """A copy of a name or constant: a tree must not hold one node twice."""
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(node.id, ast.Load()), node)
    if isinstance(node, ast.Constant):
        return ast.copy_location(ast.Constant(node.value), node)
    return node


def _binds(node: ast.expr) -> bool:
    """Whether the expression assigns a name, which a lambda would keep to itself."""
    kinds = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)
    return any(isinstance(each, kinds) for each in ast.walk(node))
