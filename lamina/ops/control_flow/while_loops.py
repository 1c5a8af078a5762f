"""``tf.while_loop``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.autograph.conversion import tf_convert
from lamina.autograph.staging import loops, predicates
from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.engine.trace import capture, is_tracing


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeats ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``.

    Args:
        cond: called with the loop variables; gives a bool scalar.
        body: called with the loop variables; gives their next values, in the same
            structure.
        loop_vars: list, tuple or named tuple of nests of tensors.
        shape_invariants: partial shapes in the structure of ``loop_vars``, for
            variables whose shape changes; such a loop runs op by op.
        parallel_iterations: accepted; XLA schedules operations itself.
        back_prop: False stops gradients at the loop.
        swap_memory: accepted; XLA plans memory itself.
        maximum_iterations: the most iterations to run.
        name: accepted; used in nothing.

    Returns:
        The last values, in the structure of ``loop_vars``. Differentiable, also where
        the number of iterations depends on tensors.

    Raises:
        TypeError: if a function is not callable, or a variable changes its dtype or
            structure.
        ValueError: if there are no loop variables, or one changes its shape.

    Example:
        >>> i, = tf.while_loop(lambda i: i < 5, lambda i: (i + 2,), (tf.constant(0),))
        >>> int(i)
        6

    Reference: ``tf.while_loop``.
    """
    del parallel_iterations, swap_memory, name
    _check_arguments(cond, body, loop_vars)
    cond, body = tf_convert(cond), tf_convert(body)
    if isinstance(loop_vars, dict):
        keys = sorted(loop_vars)
        state = tuple(loop_vars[key] for key in keys)
    else:
        keys = list(range(len(loop_vars)))
        state = tuple(loop_vars)
    step = _stepper(body, keys if isinstance(loop_vars, dict) else None, len(state))
    if is_tracing() and _depends_on_tensors(cond, state):
        names = [f"loop_vars[{key!r}]" for key in keys]
        after = loops.while_loop(
            cond,
            step,
            state,
            names,
            maximum_iterations=maximum_iterations,
            invariants=_in_order(shape_invariants, keys),
        )
    else:
        after = _python_loop(cond, step, state, maximum_iterations)
    after = nest.map_structure(_converted, after)
    if not back_prop:
        after = nest.map_structure(loops.stop_gradient, after, expand_composites=True)
    if isinstance(loop_vars, dict):
        return dict(zip(keys, after, strict=True))
    return (
        nest.pack_sequence_as(loop_vars, nest.flatten(after))
        if nest.flatten(after)
        else after
    )


def _check_arguments(cond: Any, body: Any, loop_vars: Any) -> None:
    for label, function in (("cond", cond), ("body", body)):
        if not callable(function):
            raise TypeError(
                f"tf.while_loop: '{label}' must be callable. Received: "
                f"{function!r:.100}. Pass a function of the loop variables."
            )
    if loop_vars is None or len(loop_vars) == 0:
        raise ValueError(
            message(
                "tf.while_loop",
                expected="at least one loop variable ('loop_vars' cannot be empty)",
                received=f"{loop_vars!r}",
                hint="Pass for example `(tf.constant(0),)`.",
            )
        )


def _stepper(body: Any, keys: list[Any] | None, count: int) -> Any:
    """The body as a function from a tuple to a tuple of ``count`` values."""

    def step(*now: Any) -> tuple[Any, ...]:
        result = body(*now)
        if isinstance(result, dict) and keys is not None:
            return tuple(result[key] for key in keys)
        if count == 1 and not isinstance(result, (list, tuple)):
            return (result,)
        if not isinstance(result, (list, tuple)) or len(result) != count:
            raise ValueError(
                message(
                    "tf.while_loop",
                    expected=f"'body' to return {count} values like 'loop_vars'",
                    received=f"{result!r:.200}",
                    hint="The two structures don't have the same nested structure.",
                )
            )
        return tuple(result)

    return step


def _python_loop(
    cond: Any, step: Any, state: tuple[Any, ...], maximum_iterations: Any
) -> tuple[Any, ...]:
    limit = None if maximum_iterations is None else int(maximum_iterations)
    count = 0
    while (limit is None or count < limit) and cond(*state):
        after = step(*state)
        nest.assert_same_structure(list(state), list(after))
        state = after
        count += 1
    return state


def _depends_on_tensors(cond: Any, state: tuple[Any, ...]) -> bool:
    """Whether the test gives a tensor; what it computes here is thrown away."""
    found: list[Any] = []

    def run() -> list[Tensor]:
        found.append(cond(*nest.map_structure(_converted, state)))
        return []

    capture(run, ())
    return is_tensor(found[0]) or predicates.is_staged(found[0])


def _in_order(shapes: Any, keys: list[Any]) -> list[Any] | None:
    return None if shapes is None else [shapes[key] for key in keys]


def _converted(leaf: Any) -> Any:
    if leaf is None or nest.is_nested(leaf) or hasattr(leaf, "__tf_flatten__"):
        return leaf
    return convert_to_tensor(leaf)
