"""Loops in a traced program: a known number of steps, or as long as a test holds.

The body is traced once. Its state is a tuple of named values, each a nest: tensors and
numbers in it are carried; other Python objects (None, strings, layers) stay as they
are and must be the same after an iteration. Variables that the body or the test
assigns are carried too. A known number of steps becomes ``lax.scan``; otherwise the
loop of ``recompute`` runs, which can be differentiated as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from lamina.autograph.staging import predicates, recompute
from lamina.autograph.staging.carry import Carry, prepare
from lamina.autograph.staging.effects import assert_true, is_ordered
from lamina.autograph.staging.inputs import Inputs
from lamina.autograph.staging.values import first_size, stageable, to_tensor
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tensor import Tensor

Values = tuple[Any, ...]
Step = Callable[..., Values]


def while_loop(
    test: Callable[..., Any],
    body: Step,
    state: Values,
    names: Sequence[str],
    *,
    maximum_iterations: Any = None,
    invariants: Sequence[Any] | None = None,
) -> Values:
    """Repeats ``state = body(*state)`` while ``test(*state)``.

    Args:
        test: gives a bool scalar.
        body: gives the next state.
        state: the first state.
        names: the names of its parts.
        maximum_iterations: None, or the most iterations to run.
        invariants: None, or for each part None or a nest of shapes.

    Raises:
        TypeError: if a part changes its structure or dtype.
        ValueError: if a part changes its shape, or has no value at first and none can
            be made up.
    """
    most = known_number(maximum_iterations)
    state, made = prepare(body, (), state, names, invariants, most)
    carry = Carry(state, names, invariants)
    tests = carry.capture(test, lambda out: [predicates.scalar(out, "while loop")])
    steps = carry.capture_step(body)
    inputs = Inputs([tests, steps])
    width, changed = carry.width, len(inputs.written)
    limited = maximum_iterations is not None
    first = [*carry.tensors(), *inputs.tensors()]
    if limited:
        first.append(to_tensor(maximum_iterations))

    def lower(*arrays: Any) -> Any:
        limit = [jnp.asarray(arrays[-1])] if limited else []
        arrays = arrays[:-1] if limited else arrays
        loop, consts = _split(arrays, width, len(inputs.captures), changed)
        zero = jnp.zeros((), limit[0].dtype if limited else jnp.int32)

        def outer(now: Sequence[Any], held: Sequence[Any]) -> list[Any]:
            held = held[: len(consts)]
            return _join(now, held, width, len(inputs.captures), changed)

        def go_on(now: Sequence[Any], held: Sequence[Any]) -> Any:
            (ok,), _ = inputs.call(tests, now[1 : 1 + width], outer(now[1:], held))
            return jnp.logical_and(ok, now[0] < held[-1]) if limited else ok

        def step(now: Sequence[Any], held: Sequence[Any]) -> list[Any]:
            loop_now = list(now[1:])
            if tests.writes:
                _, new = inputs.call(tests, loop_now[:width], outer(loop_now, held))
                loop_now = [*loop_now[:width], *_cast(new, loop[width:])]
            out, new = inputs.call(steps, loop_now[:width], outer(loop_now, held))
            return [now[0] + 1, *carry.like(out), *_cast(new, loop[width:])]

        return recompute.while_loop(
            go_on,
            step,
            [zero, *loop],
            [*consts, *limit],
            speaks=is_ordered(tests) or is_ordered(steps),
        )

    count, *out = execute(Kernel("tf.while_loop", lower), first)
    _assign(inputs.written, out[width:])
    missing = [name for name, new in zip(names, made, strict=True) if new]
    if missing:
        _require_iteration(count, missing)
    return carry.pack(out[:width])


def scan(
    body: Step,
    state: Values,
    elements: Sequence[Tensor],
    names: Sequence[str],
    *,
    length: int,
    reverse: bool = False,
    outputs: Callable[..., Any] | None = None,
) -> tuple[Values, list[Tensor]]:
    """Runs ``state = body(*state, *slices)`` over the first axis of ``elements``.

    Args:
        body: gives the next state; where ``outputs`` is set, a pair of it and a nest
            of values to collect.
        state: the first state.
        elements: tensors of one first dimension, ``length``.
        names: the names of the parts of the state.
        length: the number of steps, at least 1.
        reverse: whether the last slices come first.
        outputs: called with the nest to collect (its leaves become the result).

    Returns:
        The last state and the collected leaves, stacked.
    """
    slices = [
        jax.ShapeDtypeStruct(each.shape[1:], each._value.dtype) for each in elements
    ]
    pure = body if outputs is None else lambda *args: body(*args)[0]
    state, _ = prepare(pure, slices, state, names, None, length)
    carry = Carry(state, names, None)
    steps = carry.capture_step(body, slices, outputs)
    inputs = Inputs([steps])
    width, changed = carry.width, len(inputs.written)
    held = len(elements)

    def lower(*arrays: Any) -> Any:
        xs, rest = list(arrays[:held]), arrays[held:]
        loop, consts = _split(rest, width, len(inputs.captures), changed)

        def step(now: list[Any], x: list[Any]) -> Any:
            values = _join(now, consts, width, len(inputs.captures), changed)
            out, new = inputs.call(steps, [*now[:width], *x], values)
            after = [*carry.like(out[:width]), *_cast(new, loop[width:])]
            return after, out[width:]

        xs = [jnp.asarray(each) for each in xs]
        last, stacked = lax.scan(step, loop, xs, length=length, reverse=reverse)
        return [*last, *stacked]

    first = [*elements, *carry.tensors(), *inputs.tensors()]
    out = execute(Kernel("tf.scan", lower), first)
    _assign(inputs.written, out[width : width + changed])
    return carry.pack(out[:width]), list(out[width + changed :])


def first_values(
    body: Step, state: Values, elements: Sequence[Tensor], names: Sequence[str]
) -> Values:
    """The state with values for what the body assigns before it reads it."""
    slices = [
        jax.ShapeDtypeStruct(each.shape[1:], each._value.dtype) for each in elements
    ]
    length = first_size(elements[0])
    return prepare(body, slices, state, names, None, length)[0]


def known_number(value: Any) -> int | None:
    """A number that is known while tracing."""
    if value is None or predicates.is_staged(value):
        return None
    return int(value)


def _split(
    arrays: Sequence[Any], width: int, captures: int, changed: int
) -> tuple[list[Any], list[Any]]:
    """Sorts kernel inputs into what changes in the loop and what does not."""
    state, held = arrays[:width], arrays[width : width + captures]
    variables = arrays[width + captures :]
    loop = [jnp.asarray(each) for each in (*state, *variables[:changed])]
    return loop, [*held, *variables[changed:]]


def _join(
    loop: Sequence[Any],
    consts: Sequence[Any],
    width: int,
    captures: int,
    changed: int,
) -> list[Any]:
    """The outer inputs, in the order of ``Inputs.tensors``."""
    written = loop[width : width + changed]
    return [*consts[:captures], *written, *consts[captures:]]


def _cast(new: Sequence[Any], like: Sequence[Any]) -> list[Any]:
    return [jnp.asarray(a, b.dtype) for a, b in zip(new, like, strict=True)]


def _assign(variables: Sequence[Any], values: Sequence[Tensor]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def stop_gradient(leaf: Any) -> Any:
    """A tensor through which no gradient flows; other leaves as they are."""
    if not stageable(leaf):
        return leaf
    kernel = Kernel("tf.stop_gradient", lax.stop_gradient, differentiable=False)
    return execute(kernel, [to_tensor(leaf)])


def _require_iteration(count: Tensor, names: Sequence[str]) -> None:
    from_zero = Kernel("tf.greater", lambda n: n > 0)
    assert_true(
        execute(from_zero, [count]),
        [f"loop must iterate at least once to initialize {', '.join(names)}"],
        "while loop",
    )
