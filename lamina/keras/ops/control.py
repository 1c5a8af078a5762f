"""`keras.ops` of control flow: branches, loops, maps and scans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.engine import nest
from lamina.engine.graph import KerasTensor
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.tensor import is_tensor as _is_tensor
from lamina.keras.ops.promotion import convert
from lamina.keras.ops.tensors import shape
from lamina.ops.control_flow import mapping, while_loops
from lamina.ops.control_flow.branches import cond as choose_branch
from lamina.ops.control_flow.branches import switch_case


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Calls one of two functions.

    Args:
        pred: A boolean.
        true_fn: What is called if it is true.
        false_fn: What is called if it is false; returns the same structure.

    Returns:
        What the function returned.

    Reference: `keras.ops.cond`.
    """
    if isinstance(pred, KerasTensor):
        return _choose(pred, true_fn(), false_fn())
    pred = convert(pred, "bool") if not isinstance(pred, bool) else pred
    return choose_branch(pred, true_fn, false_fn)


def _choose(pred: Any, first: Any, second: Any) -> Any:
    return nest.map_structure(lambda x, y: _pick(pred, x, y), first, second)


@op("keras.ops.cond")
def _pick(pred: TensorLike, x: Same, y: Same) -> Array:
    """One of two tensors."""
    return jnp.where(pred, x, y)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Calls one of several functions.

    Args:
        index: Which; limited to the number of functions.
        branches: The functions.
        *operands: Their arguments.

    Returns:
        What the function returned.

    Reference: `keras.ops.switch`.
    """
    last = len(branches) - 1
    if not _is_tensor(index):
        return branches[min(max(int(index), 0), last)](*operands)
    limited = _limit(index, last)
    return switch_case(limited, [lambda fn=fn: fn(*operands) for fn in branches])


@op("keras.ops.switch", differentiable=False)
def _limit(index: TensorLike, last: int) -> Array:
    """The index within its range, as int32."""
    return jnp.clip(index, 0, last).astype(jnp.int32)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Repeats a function while a condition holds.

    Args:
        cond: A function of the loop variables that returns a boolean.
        body: A function of the loop variables that returns their next values.
        loop_vars: The first values.
        maximum_iterations: The most repetitions, or None.

    Returns:
        The last values, in the structure of `loop_vars`.

    Reference: `keras.ops.while_loop`.
    """
    single = not isinstance(loop_vars, tuple | list)
    start = (loop_vars,) if single else tuple(loop_vars)

    def step(*values: Any) -> Any:
        out = body(*values)
        return tuple(out) if isinstance(out, tuple | list) else (out,)

    result = while_loops.while_loop(
        cond, step, start, maximum_iterations=maximum_iterations
    )
    return result[0] if single else type(loop_vars)(result)


def fori_loop(
    lower: Any, upper: Any, body_fun: Callable[..., Any], init_val: Any
) -> Any:
    """Repeats `value = body_fun(i, value)` for i in `[lower, upper)`.

    Args:
        lower: The first index.
        upper: The end, excluded.
        body_fun: The function.
        init_val: The first value.

    Returns:
        The last value.

    Reference: `keras.ops.fori_loop`.
    """
    start, end = (convert(value, "int32") for value in (lower, upper))

    def more(index: Any, value: Any) -> Any:
        return index < end

    def step(index: Any, value: Any) -> Any:
        return index + 1, body_fun(index, value)

    return while_loops.while_loop(more, step, (start, init_val))[1]


def map_(f: Callable[..., Any], xs: Any) -> Any:
    """Calls a function on each slice along the first axis.

    Args:
        f: A function of a slice.
        xs: A tensor or a structure of tensors.

    Returns:
        The stacked results.

    Reference: `keras.ops.map`.
    """
    xs = nest.map_structure(convert_to_tensor, xs)
    first = nest.map_structure(lambda x: x[0], xs)
    example = f(first)
    signature = nest.map_structure(lambda x: convert_to_tensor(x).dtype, example)
    return mapping.map_fn(f, xs, fn_output_signature=signature)


def vectorized_map(function: Callable[..., Any], elements: Any) -> Any:
    """Calls a function on all slices along the first axis at once.

    Args:
        function: A function of a slice.
        elements: A tensor or a structure of tensors.

    Returns:
        The stacked results.

    Reference: `keras.ops.vectorized_map`.
    """
    return mapping.vectorized_map(
        function, nest.map_structure(convert_to_tensor, elements)
    )


def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """Carries a value along the slices of a tensor: `carry, y = f(carry, x)`.

    Args:
        f: The function.
        init: The first carry.
        xs: Tensors whose first axis is walked along; None to call `f(carry, None)`.
        length: The number of steps, needed without `xs`.
        reverse: Whether to start at the end.
        unroll: Accepted: the compiler decides.

    Returns:
        The last carry and the stacked results.

    Raises:
        TypeError: `f` is not callable, or `unroll` is no positive integer or boolean.
        ValueError: Neither `xs` nor `length` is given, or they disagree.

    Reference: `keras.ops.scan`.
    """
    count = _scan_length(f, xs, length, unroll)
    tensors = None if xs is None else nest.map_structure(convert_to_tensor, xs)
    carry = nest.map_structure(convert_to_tensor, init)
    order = range(count - 1, -1, -1) if reverse else range(count)
    outputs: list[Any] = []
    for index in order:
        x = None
        if tensors is not None:
            x = nest.map_structure(lambda each, at=index: each[at], tensors)
        carry, y = f(carry, x)
        outputs.append(y)
    if reverse:
        outputs.reverse()
    if not outputs or outputs[0] is None:
        return carry, None
    stacked = nest.map_structure(lambda *parts: _stack(list(parts)), *outputs)
    return carry, stacked


def _stack(parts: list[Any]) -> Tensor:
    return convert_to_tensor(parts)


def _scan_length(f: Any, xs: Any, length: int | None, unroll: Any) -> int:
    if not callable(f):
        raise TypeError(f"keras.ops.scan: `f` should be a callable. Received: f={f}")
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(
            "keras.ops.scan: `unroll` must be an positive integer or boolean. "
            f"Received: unroll={unroll}"
        )
    if xs is None and length is None:
        raise ValueError(
            "keras.ops.scan: Got no `xs` to scan over and `length` not provided."
        )
    if xs is None:
        return int(length)  # type: ignore[arg-type]
    sizes = {int(shape(leaf)[0]) for leaf in nest.flatten(xs)}
    if len(sizes) > 1 or (length is not None and sizes != {int(length)}):
        raise ValueError(
            "keras.ops.scan: expected one length. Received: leading sizes "
            f"{sorted(sizes)}, length={length}. Leave `length` out."
        )
    return sizes.pop()


def associative_scan(
    f: Callable[..., Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All prefixes of an associative operation, computed in parallel.

    Args:
        f: An associative function of two tensors.
        elems: A tensor or a structure of tensors.
        reverse: Whether to start at the end.
        axis: The axis.

    Returns:
        Tensors of the same shapes.

    Raises:
        TypeError: `f` is not callable.
        ValueError: The sizes along the axis differ.

    Reference: `keras.ops.associative_scan`.
    """
    if not callable(f):
        raise TypeError(
            f"keras.ops.associative_scan: `f` should be a callable. Received: f={f}"
        )
    flat = [convert_to_tensor(leaf) for leaf in nest.flatten(elems)]
    if len({leaf.shape[axis] for leaf in flat}) > 1:
        raise ValueError(
            "keras.ops.associative_scan: Array inputs to associative_scan must have "
            "the same first dimension. Received: shapes "
            f"{[tuple(leaf.shape) for leaf in flat]}."
        )

    def raw(left: Any, right: Any) -> Any:
        pair = [
            nest.pack_sequence_as(elems, [Tensor(x) for x in side])
            for side in (left, right)
        ]
        return [convert_to_tensor(x)._value for x in nest.flatten(f(*pair))]

    out = lax.associative_scan(raw, [x._value for x in flat], reverse, axis)
    return nest.pack_sequence_as(elems, [Tensor(x) for x in out])
