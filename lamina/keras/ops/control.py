"""`keras.ops` of control flow: branches, loops, maps and scans."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.autograph.conversion import tf_convert
from lamina.autograph.staging import loops
from lamina.autograph.staging.values import slice_at
from lamina.engine import nest
from lamina.engine.graph import KerasTensor, OpCall, any_symbolic, record
from lamina.engine.kernel import Kernel, execute
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.tensor import is_tensor as _is_tensor
from lamina.engine.trace import is_tracing
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

    Inside a compiled function it is one loop, whatever the number of steps.

    Args:
        f: The function.
        init: The first carry.
        xs: Tensors whose first axis is walked along; None to call `f(carry, None)`.
        length: The number of steps, needed without `xs`.
        reverse: Whether to start at the end.
        unroll: True writes out all steps of a compiled function; False or the number
            of steps at a time leaves it to the compiler.

    Returns:
        The last carry and the stacked results.

    Raises:
        TypeError: `f` is not callable, or the carry changes its dtype in a compiled
            function.
        ValueError: `unroll` is no positive integer or boolean, neither `xs` nor
            `length` is given, or they disagree.

    Example:
        >>> from lamina import keras
        >>> step = lambda total, x: (total + x, total + x)
        >>> total, sums = keras.ops.scan(step, 0.0, keras.ops.array([1.0, 2.0, 3.0]))
        >>> sums.numpy().tolist()
        [1.0, 3.0, 6.0]

    Reference: `keras.ops.scan`.
    """
    if any_symbolic((init, xs)):
        settings = {"length": length, "reverse": reverse, "unroll": unroll}
        return record(OpCall(scan), (f, init, xs), settings)  # type: ignore[arg-type, no-any-return]
    count = _scan_length(f, xs, length, unroll)
    tensors = [convert_to_tensor(leaf) for leaf in nest.flatten(xs) if leaf is not None]
    carry = nest.map_structure(convert_to_tensor, init)

    def step(carry: Any, *parts: Tensor) -> Any:
        return f(carry, None if xs is None else nest.pack_sequence_as(xs, list(parts)))

    if count and is_tracing() and unroll is not True:
        return _staged_scan(step, carry, tensors, count, reverse)
    order = range(count - 1, -1, -1) if reverse else range(count)
    outputs: list[Any] = []
    for index in order:
        carry, y = step(carry, *[slice_at(each, index) for each in tensors])
        outputs.append(y)
    if reverse:
        outputs.reverse()
    if not outputs:
        return carry, None
    return carry, nest.map_structure(_stack, *outputs)


def _staged_scan(
    step: Callable[..., Any], carry: Any, xs: list[Tensor], count: int, reverse: bool
) -> tuple[Any, Any]:
    """A scan as one loop of a program."""
    function = tf_convert(step)
    found: list[Any] = []

    def body(carry: Any, *parts: Tensor) -> Any:
        after, y = function(carry, *parts)
        return (after,), y

    def collect(y: Any) -> list[Tensor]:
        found.append(y)
        return [convert_to_tensor(leaf) for leaf in nest.flatten(y) if leaf is not None]

    (carry,), stacked = loops.scan(
        body,
        (carry,),
        xs,
        ("the carry",),
        length=count,
        reverse=reverse,
        outputs=collect,
    )
    ready = iter(stacked)
    leaves = [leaf if leaf is None else next(ready) for leaf in nest.flatten(found[-1])]
    return carry, nest.pack_sequence_as(found[-1], leaves)


def _stack(*parts: Any) -> Tensor | None:
    return None if parts[0] is None else convert_to_tensor(list(parts))


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
    if any_symbolic((elems,)):
        settings = {"reverse": reverse, "axis": axis}
        return record(OpCall(associative_scan), (f, elems), settings)  # type: ignore[arg-type]
    flat = [convert_to_tensor(leaf) for leaf in nest.flatten(elems)]
    if len({leaf.shape[axis] for leaf in flat}) > 1:
        raise ValueError(
            "keras.ops.associative_scan: Array inputs to associative_scan must have "
            "the same first dimension. Received: shapes "
            f"{[tuple(leaf.shape) for leaf in flat]}."
        )

    def combine(left: list[Tensor], right: list[Tensor]) -> list[Tensor]:
        pair = [nest.pack_sequence_as(elems, side) for side in (left, right)]
        return [convert_to_tensor(leaf) for leaf in nest.flatten(f(*pair))]

    if reverse:
        flat = [execute(_part(axis, None, None, -1), [leaf]) for leaf in flat]
    flat = _prefixes(combine, flat, axis)
    if reverse:
        flat = [execute(_part(axis, None, None, -1), [leaf]) for leaf in flat]
    return nest.pack_sequence_as(elems, flat)


def _prefixes(
    combine: Callable[[list[Tensor], list[Tensor]], list[Tensor]],
    flat: list[Tensor],
    axis: int,
) -> list[Tensor]:
    """All prefixes: of neighbours combined first, then of what lies between them.

    Reference: G. E. Blelloch, "Prefix sums and their applications", 1990.
    """
    size = flat[0]._value.shape[axis]
    if size < 2:
        return flat

    def part(
        tensors: list[Tensor], start: int, stop: int, step: int = 1
    ) -> list[Tensor]:
        kernel = _part(axis, start, stop, step)
        return [execute(kernel, [tensor]) for tensor in tensors]

    pairs = combine(part(flat, 0, size - 1, 2), part(flat, 1, size, 2))
    odd = _prefixes(combine, pairs, axis)
    columns = [part(flat, 0, 1), odd]
    if size > 2:
        before = odd if size % 2 else part(odd, 0, size // 2 - 1)
        columns.append(combine(before, part(flat, 2, size, 2)))
    return [execute(_weave(axis), list(row)) for row in zip(*columns, strict=True)]


@functools.lru_cache(maxsize=256)
def _part(axis: int, start: int | None, stop: int | None, step: int) -> Kernel:
    """Every so many slices along an axis."""

    def lower(x: Any) -> Any:
        index = [slice(None)] * x.ndim
        index[axis] = slice(start, stop, step)
        return x[tuple(index)]

    return Kernel("keras.ops.associative_scan", lower)


@functools.lru_cache(maxsize=64)
def _weave(axis: int) -> Kernel:
    """The first, the odd and the other even places along an axis, in their order."""

    def lower(first: Any, odd: Any, *even: Any) -> Any:
        at = axis % first.ndim
        whole = jnp.concatenate([first, *even], at)
        size = list(odd.shape)
        size[at] *= 2
        paired = jnp.stack([lax.slice_in_dim(whole, 0, odd.shape[at], axis=at), odd])
        woven = jnp.moveaxis(paired, 0, at + 1).reshape(size)
        rest = lax.slice_in_dim(whole, odd.shape[at], None, axis=at)
        return jnp.concatenate([woven, rest], at)

    return Kernel("keras.ops.associative_scan", lower)
