"""One of several branches, chosen at run time.

Every branch is traced once; the values that they return must agree in structure, dtype
and shape. A variable that one of them assigns is assigned by all: those that do not
touch it give its old value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import numpy as jnp

from lamina.autograph.staging.inputs import Inputs
from lamina.autograph.staging.values import (
    is_variable,
    stageable,
    to_tensor,
)
from lamina.autograph.undefined import is_undefined
from lamina.engine import nest
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor
from lamina.engine.trace import Captured, capture

_CHEAP = 16  # operations
Branch = Callable[[], Any]
Check = Callable[[list[Any]], None]


def cond(
    predicate: Tensor,
    true_fn: Branch,
    false_fn: Branch,
    *,
    where: str,
    names: Sequence[str] = (),
    check: Check | None = None,
) -> Any:
    """The result of ``true_fn()`` where ``predicate`` holds, else of ``false_fn()``.

    Args:
        predicate: a traced bool scalar.
        true_fn: the main branch.
        false_fn: the else branch.
        where: what the user wrote, for messages.
        names: names of the results, if these are a flat tuple of variables.
        check: looks at the list of both results before they are compared, and may
            replace them.

    Raises:
        TypeError: if the results differ in structure or dtype.
        ValueError: if they differ in shape, or ``check`` says so.
    """

    def choose(index: Any, branches: list[Callable[..., Any]], *operands: Any) -> Any:
        return jax.lax.cond(index, branches[0], branches[1], *operands)

    labels = ("main", "else")
    return _staged(
        "tf.cond", predicate, [true_fn, false_fn], labels, choose, where, names, check
    )


def switch(index: Tensor, branches: Sequence[Branch], *, where: str) -> Any:
    """The result of ``branches[index]()``; ``index`` must be in range."""

    def choose(at: Any, functions: list[Callable[..., Any]], *operands: Any) -> Any:
        return jax.lax.switch(at, functions, *operands)

    labels = tuple(f"number {position}" for position in range(len(branches)))
    return _staged(
        "tf.switch_case", index, list(branches), labels, choose, where, (), None
    )


def select(predicate: Tensor, true_fn: Branch, false_fn: Branch) -> Any:
    """``cond`` for the operands of ``and`` and ``or``.

    Cheap operands without effects are computed both, which spares a branch.
    """

    def choose(index: Any, branches: list[Callable[..., Any]], *operands: Any) -> Any:
        program = jax.make_jaxpr(lambda *xs: [each(*xs) for each in branches])(
            *operands
        )
        plain = all(out.dtype == bool for out in program.out_avals)
        if plain and not program.effects and len(program.eqns) <= _CHEAP:
            one, two = (branch(*operands) for branch in branches)
            return [jnp.where(index, a, b) for a, b in zip(one, two, strict=True)]
        return jax.lax.cond(index, branches[0], branches[1], *operands)

    where = "a logical expression"
    both, labels = [true_fn, false_fn], ("main", "else")
    return _staged("tf.cond", predicate, both, labels, choose, where, (), None)


def _staged(
    name: str,
    index: Tensor,
    functions: list[Branch],
    labels: tuple[str, ...],
    choose: Callable[..., Any],
    where: str,
    names: Sequence[str],
    check: Check | None,
) -> Any:
    results: list[Any] = []
    programs = [_trace(function, results) for function in functions]
    if check is not None:
        check(results)
    plan = _Plan(results, labels, where, names)
    plan.compare(programs)
    inputs = Inputs(programs)

    def branch(number: int, program: Captured) -> Callable[..., list[Any]]:
        def call(*values: Any) -> list[Any]:
            out, new = inputs.call(program, (), values)
            kept = [_pick(out, row[number]) for row in plan.dynamic]
            return [jnp.asarray(each) for each in (*kept, *new)]

        return call

    calls = [branch(number, program) for number, program in enumerate(programs)]

    def lower(at: Any, *values: Any) -> Any:
        return choose(at, calls, *values)

    out = execute(Kernel(name, lower), [index, *inputs.tensors()])
    count = len(plan.dynamic)
    for variable, value in zip(inputs.written, out[count:], strict=True):
        variable.assign(value)
    return plan.pack(out[:count])


class Unset:
    """A result that a branch does not give and that nothing reads in that case."""


def _pick(out: Sequence[Any], place: Any) -> Any:
    return out[place] if isinstance(place, int) else jnp.zeros(place.shape, place.dtype)


def _trace(function: Branch, results: list[Any]) -> Captured:
    def run() -> list[Tensor]:
        result = function()
        results.append(result)
        leaves = nest.flatten(result, expand_composites=True)
        return [to_tensor(leaf) for leaf in leaves if stageable(leaf)]

    return capture(run, ())


class _Plan:
    """Which results are computed at run time and which are Python objects."""

    def __init__(
        self,
        results: list[Any],
        labels: tuple[str, ...],
        where: str,
        names: Sequence[str],
    ) -> None:
        self._results = results
        self._labels = labels
        self._where = where
        self._names = names
        self.dynamic: list[list[Any]] = []
        self._static: list[Any] = []

    def compare(self, programs: list[Captured]) -> None:
        """Checks that the results agree, and sorts them."""
        self._merge()
        for label, result in zip(self._labels[1:], self._results[1:], strict=True):
            self._compare_structure(self._results[0], result, label)
        rows = [nest.flatten(each, expand_composites=True) for each in self._results]
        specs = [iter(enumerate(program.out_avals)) for program in programs]
        for position, leaves in enumerate(zip(*rows, strict=True)):
            found = [
                next(spec) if stageable(leaf) else (None, None)
                for spec, leaf in zip(specs, leaves, strict=True)
            ]
            given = [pair for pair in found if pair[1] is not None]
            found = [
                (given[0][1], given[0][1])
                if isinstance(leaf, Unset) and given
                else pair
                for pair, leaf in zip(found, leaves, strict=True)
            ]
            self._compare_leaf(position, leaves, found)

    def _merge(self) -> None:
        """Gives composite results, such as tensor arrays, one form in all branches."""
        rows = [nest.flatten(result) for result in self._results]
        if any(len(row) != len(rows[0]) for row in rows):
            return
        changed = False
        for at, first in enumerate(rows[0]):
            if not hasattr(first, "__lamina_merge__"):
                continue
            for row in rows[1:]:
                if type(row[at]) is type(first):
                    rows[0][at], row[at] = rows[0][at].__lamina_merge__(row[at])
                    changed = True
        if changed:
            self._results[:] = [
                nest.pack_sequence_as(result, row)
                for result, row in zip(self._results, rows, strict=True)
            ]

    def _compare_leaf(self, position: int, leaves: Any, found: Any) -> None:
        first = leaves[0]
        if _same_object(leaves):
            self._static.append((first,))
            return
        for label, leaf, (_, spec) in zip(self._labels, leaves, found, strict=True):
            if spec is None:
                raise ValueError(
                    f"{self._name(position)} is {leaf!r:.80} at the end of the {label} "
                    f"branch of {self._where}: every branch must give it a tensor or "
                    "number."
                )
        self._compare_specs(position, [spec for _, spec in found])
        self.dynamic.append([place for place, _ in found])
        self._static.append(None)

    def _compare_specs(self, position: int, specs: list[Any]) -> None:
        first = specs[0]
        for label, other in zip(self._labels[1:], specs[1:], strict=True):
            if first.dtype != other.dtype:
                raise TypeError(
                    f"{self._name(position)} has dtype {first.dtype} in the "
                    f"{self._labels[0]} branch, but dtype {other.dtype} in the {label} "
                    f"branch of {self._where}. Use tf.cast in one of them."
                )
            if first.shape != other.shape:
                raise ValueError(
                    f"{self._name(position)} has shape {first.shape} in the "
                    f"{self._labels[0]} branch, but shape {other.shape} in the {label} "
                    f"branch of {self._where}. A compiled program needs one shape: pad "
                    "or reshape the smaller one, or run the function eagerly."
                )

    def _compare_structure(self, first: Any, other: Any, label: str) -> None:
        pairs = [("the result", first, other)]
        if self._names:
            pairs = list(
                zip((f"'{n}'" for n in self._names), first, other, strict=True)
            )
        for name, one, two in pairs:
            try:
                nest.assert_same_structure(one, two, expand_composites=True)
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"{name} must have the same nested structure in the "
                    f"{self._labels[0]} and {label} branches of {self._where}:\n\n"
                    f"{error}"
                ) from None

    def _name(self, position: int) -> str:
        if not self._names:
            return f"result {position}"
        for name, value in zip(self._names, self._results[0], strict=True):
            position -= len(nest.flatten(value, expand_composites=True))
            if position < 0:
                return f"'{name}'"
        return "a result"

    def pack(self, tensors: Sequence[Any]) -> Any:
        """The results in the structure of the first branch."""
        ready = iter(tensors)
        flat = [next(ready) if each is None else each[0] for each in self._static]
        first = self._results[0]
        return nest.pack_sequence_as(first, flat, expand_composites=True)


def _same_object(leaves: Sequence[Any]) -> bool:
    """Whether all branches give one and the same Python object."""
    first = leaves[0]
    if isinstance(first, bool):
        return all(isinstance(leaf, bool) and leaf == first for leaf in leaves)
    if is_variable(first):
        return all(leaf is first for leaf in leaves)
    if stageable(first):
        return False
    return all(leaf is first or _equal(leaf, first) for leaf in leaves)


def _equal(one: Any, two: Any) -> bool:
    """Whether two Python objects are stand-ins of one kind, or equal texts."""
    if type(one) is not type(two):
        return False
    return is_undefined(one) or (isinstance(one, (str, bytes)) and bool(one == two))
