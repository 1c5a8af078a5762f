"""``tf.map_fn``, ``tf.scan``, ``tf.foldl``, ``tf.foldr`` and ``tf.vectorized_map``."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.autograph.conversion import tf_convert
from lamina.autograph.staging import loops
from lamina.autograph.staging.inputs import Inputs
from lamina.autograph.staging.values import first_size, slice_at
from lamina.engine import nest
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, message
from lamina.engine.kernel import HostOpInTrace, Kernel, execute
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import capture, is_tracing

_LOGGER = logging.getLogger("lamina")


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Applies a function to each slice along the first axis, and stacks the results.

    Args:
        fn: takes one slice, in the structure of ``elems``.
        elems: a nest of tensors of shape ``(N, ...)``.
        dtype: the former name of ``fn_output_signature``.
        parallel_iterations: accepted; XLA schedules operations itself.
        back_prop: False stops gradients at the result.
        swap_memory: accepted; XLA plans memory itself.
        infer_shape: accepted; results must have equal shapes in any case.
        name: accepted; used in nothing.
        fn_output_signature: the dtypes (or specs) of the results where they differ
            from those of ``elems``.

    Returns:
        What ``fn`` returns, each tensor with ``N`` as a first dimension.

    Raises:
        InvalidArgumentError: if the first dimensions differ, or a result has another
            dtype than said, or the results differ in shape.

    Example:
        >>> tf.map_fn(lambda x: x * x, tf.constant([1, 2, 3])).numpy().tolist()
        [1, 4, 9]

    Reference: ``tf.map_fn``. ``tf.vectorized_map`` is faster.
    """
    del parallel_iterations, swap_memory, infer_shape, name
    tensors, length = _elements("tf.map_fn", elems)
    wanted = fn_output_signature if fn_output_signature is not None else dtype
    function = tf_convert(fn)

    def call(*parts: Tensor) -> Any:
        return function(nest.pack_sequence_as(elems, list(parts)))

    structure, leaves = _run(call, tensors, length)
    _check_dtypes(structure, leaves, wanted if wanted is not None else None)
    result = nest.pack_sequence_as(structure, leaves)
    return result if back_prop else nest.map_structure(loops.stop_gradient, result)


def _run(
    call: Callable[..., Any], tensors: list[Tensor], length: int
) -> tuple[Any, list[Tensor]]:
    """The structure of a result, and its leaves for all slices."""
    if length and not is_tracing():
        rows = [call(*[slice_at(each, at) for each in tensors]) for at in range(length)]
        flat = [[convert_to_tensor(x) for x in nest.flatten(row)] for row in rows]
        return rows[0], [_stack("tf.map_fn", column) for column in zip(*flat)]
    found: list[Any] = []

    def collect(result: Any) -> list[Tensor]:
        found.append(result)
        return [convert_to_tensor(leaf) for leaf in nest.flatten(result)]

    if length:
        _, leaves = loops.scan(
            lambda *parts: ((), call(*parts)),
            (),
            tensors,
            (),
            length=length,
            outputs=collect,
        )
        return found[-1], leaves
    specs = [jax.ShapeDtypeStruct(t.shape[1:], t._value.dtype) for t in tensors]
    program = capture(lambda *parts: collect(call(*parts)), specs)
    empty = [
        Tensor(jnp.zeros((0, *aval.shape), aval.dtype))
        for aval in program.out_avals[: program.num_outputs]
    ]
    return found[-1], empty


def _check_dtypes(structure: Any, leaves: list[Tensor], wanted: Any) -> None:
    if wanted is None:
        return
    specs = nest.flatten(wanted)
    if len(specs) != len(leaves):
        raise ValueError(
            message(
                "tf.map_fn",
                expected=f"fn to return {len(specs)} tensors as fn_output_signature "
                "says (the two structures don't have the same nested structure)",
                received=f"{structure!r:.200}",
                hint="Give fn_output_signature the structure that fn returns.",
            )
        )
    for spec, leaf in zip(specs, leaves, strict=True):
        dtype = as_dtype(getattr(spec, "dtype", spec))
        if dtype != leaf.dtype:
            raise InvalidArgumentError.of(
                "tf.map_fn",
                expected=f"fn to return {dtype.name}, as fn_output_signature says",
                received=f"{leaf.dtype.name}",
                hint="Cast the result of fn, or correct fn_output_signature.",
            )


def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All values of ``a = fn(a, x)`` over the slices ``x`` of ``elems``.

    Args:
        fn: takes the last result and a slice.
        elems: a nest of tensors of shape ``(N, ...)``.
        initializer: the first ``a``; None takes the first slice, which is then also
            the first result.
        parallel_iterations: accepted; XLA schedules operations itself.
        back_prop: False stops gradients at the result.
        swap_memory: accepted; XLA plans memory itself.
        infer_shape: accepted; results must have equal shapes in any case.
        reverse: whether to start with the last slice.
        name: accepted; used in nothing.

    Returns:
        The results, stacked along a new first axis of size ``N``.

    Raises:
        TypeError: if ``fn`` is not callable or the result changes its dtype.
        ValueError: if the result changes its shape.

    Example:
        >>> tf.scan(lambda a, x: a + x, tf.constant([1, 2, 3])).numpy().tolist()
        [1, 3, 6]

    Reference: ``tf.scan``.
    """
    del parallel_iterations, swap_memory, infer_shape, name
    first, rest, head = _accumulator("tf.scan", fn, elems, initializer, reverse)
    function = tf_convert(fn)

    def step(*args: Any) -> tuple[Any, ...]:
        after = function(args[0], nest.pack_sequence_as(elems, list(args[1:])))
        return ((after,), after)

    stacked = _scan_all(step, first, rest, reverse)
    if head is not None:
        flat = [convert_to_tensor(leaf) for leaf in nest.flatten(head)]
        stacked = [
            _join(one, many, reverse) for one, many in zip(flat, stacked, strict=True)
        ]
    result = nest.pack_sequence_as(first, stacked)
    return result if back_prop else nest.map_structure(loops.stop_gradient, result)


def _scan_all(
    step: Callable[..., Any], first: Any, rest: list[Tensor], reverse: bool
) -> list[Tensor]:
    length = first_size(rest[0])
    if length == 0:
        return [
            Tensor(jnp.zeros((0, *leaf.shape), leaf._value.dtype))
            for leaf in map(convert_to_tensor, nest.flatten(first))
        ]
    if is_tracing():

        def collect(result: Any) -> list[Tensor]:
            return [convert_to_tensor(leaf) for leaf in nest.flatten(result)]

        _, stacked = loops.scan(
            step,
            (first,),
            rest,
            ("the accumulator",),
            length=length,
            reverse=reverse,
            outputs=collect,
        )
        return stacked
    rows = []
    order = range(length - 1, -1, -1) if reverse else range(length)
    for at in order:
        (first,), _ = step(first, *[slice_at(each, at) for each in rest])
        rows.append([convert_to_tensor(leaf) for leaf in nest.flatten(first)])
    if reverse:
        rows.reverse()
    return [_stack("tf.scan", column) for column in zip(*rows)]


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last value of ``a = fn(a, x)`` over the slices of ``elems``, first to last.

    Args:
        fn: takes the last result and a slice.
        elems: a nest of tensors of shape ``(N, ...)``.
        initializer: the first ``a``; None takes the first slice.
        parallel_iterations: accepted; XLA schedules operations itself.
        back_prop: False stops gradients at the result.
        swap_memory: accepted; XLA plans memory itself.
        name: accepted; used in nothing.

    Returns:
        A nest like ``initializer``, or like one slice.

    Reference: ``tf.foldl``.
    """
    del parallel_iterations, swap_memory, name
    return _fold("tf.foldl", fn, elems, initializer, back_prop, reverse=False)


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last value of ``a = fn(a, x)`` over the slices of ``elems``, last to first.

    Args:
        fn: takes the last result and a slice.
        elems: a nest of tensors of shape ``(N, ...)``.
        initializer: the first ``a``; None takes the last slice.
        parallel_iterations: accepted; XLA schedules operations itself.
        back_prop: False stops gradients at the result.
        swap_memory: accepted; XLA plans memory itself.
        name: accepted; used in nothing.

    Returns:
        A nest like ``initializer``, or like one slice.

    Reference: ``tf.foldr``.
    """
    del parallel_iterations, swap_memory, name
    return _fold("tf.foldr", fn, elems, initializer, back_prop, reverse=True)


def _fold(
    name: str, fn: Any, elems: Any, initializer: Any, back_prop: bool, reverse: bool
) -> Any:
    first, rest, _ = _accumulator(name, fn, elems, initializer, reverse)
    function = tf_convert(fn)
    length = first_size(rest[0])

    def step(*args: Any) -> tuple[Any, ...]:
        return (function(args[0], nest.pack_sequence_as(elems, list(args[1:]))),)

    result = first
    if length and is_tracing():
        (result,), _ = loops.scan(
            step, (first,), rest, ("the accumulator",), length=length, reverse=reverse
        )
    elif length:
        order = range(length - 1, -1, -1) if reverse else range(length)
        for at in order:
            (result,) = step(result, *[slice_at(each, at) for each in rest])
    return result if back_prop else nest.map_structure(loops.stop_gradient, result)


def _accumulator(
    name: str, fn: Any, elems: Any, initializer: Any, reverse: bool
) -> tuple[Any, list[Tensor], Any]:
    """The first value, the slices that follow, and the value that leads the result."""
    if not callable(fn):
        raise TypeError(
            message(
                name,
                expected=f"a callable ({fn!r:.80} is not callable)",
                received=f"{fn!r:.80}",
                hint="Pass a function of the last result and a slice.",
            )
        )
    tensors, length = _elements(name, elems)
    if initializer is not None:
        return nest.map_structure(convert_to_tensor, initializer), tensors, None
    if length == 0:
        raise InvalidArgumentError.of(
            name,
            expected="at least one slice in 'elems', or an 'initializer'",
            received="an empty 'elems'",
            hint="Pass `initializer`.",
        )
    at = length - 1 if reverse else 0
    head = nest.pack_sequence_as(elems, [slice_at(each, at) for each in tensors])
    keep = (0, length - 1) if reverse else (1, length)
    return head, [_range(each, *keep) for each in tensors], head


def vectorized_map(
    fn: Callable[..., Any],
    elems: Any,
    fallback_to_while_loop: bool = True,
    warn: bool = True,
) -> Any:
    """Applies a function to all slices along the first axis at once.

    Args:
        fn: takes one slice, in the structure of ``elems``.
        elems: a nest of tensors of shape ``(N, ...)``; a first dimension of 1 is
            repeated.
        fallback_to_while_loop: whether a function that cannot be vectorized (because
            it assigns variables or draws stateful random numbers, or works on strings)
            runs slice by slice.
        warn: whether to say so.

    Returns:
        What ``fn`` returns, each tensor with ``N`` as a first dimension.

    Raises:
        ValueError: if ``fn`` cannot be vectorized and there is no fall-back.

    Example:
        >>> tf.vectorized_map(lambda x: x * x, tf.constant([1, 2])).numpy().tolist()
        [1, 4]

    Reference: ``tf.vectorized_map``; the vectorizing is ``jax.vmap``.
    """
    flat = [convert_to_tensor(leaf) for leaf in nest.flatten(elems)]
    tensors, length = _elements("tf.vectorized_map", flat, repeat=True)
    shared = [t.shape[0] == 1 and length != 1 for t in tensors]
    tensors = [
        slice_at(t, 0) if once else t for t, once in zip(tensors, shared, strict=True)
    ]
    axes = [None if once else 0 for once in shared]
    specs = [
        jax.ShapeDtypeStruct(t.shape if once else t.shape[1:], t._value.dtype)
        for t, once in zip(tensors, shared, strict=True)
    ]
    function = tf_convert(fn)

    def call(*parts: Tensor) -> Any:
        return function(nest.pack_sequence_as(elems, list(parts)))

    try:
        program = capture(call, specs)
        if program.writes:
            raise HostOpInTrace("assigning a variable or drawing random numbers")
    except HostOpInTrace as reason:
        return _one_by_one(fn, elems, reason, fallback_to_while_loop, warn)
    inputs = Inputs([program])
    count = len(tensors)

    def lower(*arrays: Any) -> Any:
        held = arrays[count:]

        def one(*parts: Any) -> list[Any]:
            return inputs.call(program, parts, held)[0]

        if all(axis is None for axis in axes):
            return [jnp.stack([each]) for each in one(*arrays[:count])]
        return jax.vmap(one, in_axes=tuple(axes))(*arrays[:count])

    kernel = Kernel("tf.vectorized_map", lower)
    return program.pack(execute(kernel, [*tensors, *inputs.tensors()]))


def _one_by_one(fn: Any, elems: Any, reason: Any, allowed: bool, warn: bool) -> Any:
    if not allowed:
        raise ValueError(
            message(
                "tf.vectorized_map",
                expected="a function that can be applied to all slices at once",
                received=f"one with {reason.name}",
                hint="Use tf.map_fn, or fallback_to_while_loop=True.",
            )
        ) from None
    if warn:
        _LOGGER.warning(
            "tf.vectorized_map: %r runs slice by slice because of %s.", fn, reason.name
        )
    return map_fn(fn, elems)


# ---------------------------------------------------------------- helpers


def _elements(name: str, elems: Any, repeat: bool = False) -> tuple[list[Tensor], int]:
    """The leaves as tensors, and their common first dimension."""
    tensors = [convert_to_tensor(leaf) for leaf in nest.flatten(elems)]
    if not tensors:
        raise ValueError(
            message(
                name,
                expected="elems must contain at least one Tensor",
                received=f"{elems!r:.80}",
                hint="Pass a tensor of rank 1 or more, or a nest of them.",
            ).replace("expected elems", "elems")
        )
    for tensor in tensors:
        if tensor.ndim == 0:
            raise ValueError(
                message(
                    name,
                    expected="elements in elems must be 1+ dimensional Tensors, not "
                    "scalars",
                    received=f"a scalar of dtype {tensor.dtype.name}",
                    hint="Add a first axis with tf.expand_dims.",
                ).replace("expected elements", "elements")
            )
    sizes = sorted({first_size(tensor) for tensor in tensors})
    if repeat and len(sizes) == 2 and sizes[0] == 1:
        sizes = sizes[1:]
    if len(sizes) > 1:
        raise InvalidArgumentError.of(
            name,
            expected="tensors of one first dimension",
            received=f"first dimensions {sizes}",
            hint="Cut or pad them to the same number of slices.",
        )
    return tensors, sizes[0]


def _range(tensor: Tensor, start: int, stop: int) -> Tensor:
    found: Tensor = execute(_cut(start, stop), [tensor])
    return found


@functools.lru_cache(maxsize=256)
def _cut(start: int, stop: int) -> Kernel:
    return Kernel("tf.slice", lambda x: x[start:stop])


def _join(one: Tensor, many: Tensor, reverse: bool) -> Tensor:
    found: Tensor = execute(_APPEND if reverse else _PREPEND, [one, many])
    return found


_STACK = Kernel("tf.stack", lambda *xs: jnp.stack(xs))
_PREPEND = Kernel("tf.concat", lambda one, many: jnp.concatenate([one[None], many]))
_APPEND = Kernel("tf.concat", lambda one, many: jnp.concatenate([many, one[None]]))


def _stack(name: str, column: Sequence[Tensor]) -> Tensor:
    shapes = {tuple(each.shape) for each in column}
    dtypes = {each.dtype.name for each in column}
    if len(shapes) > 1 or len(dtypes) > 1:
        raise InvalidArgumentError.of(
            name,
            expected="results of one shape and dtype",
            received=f"shapes {sorted(shapes)}, dtypes {sorted(dtypes)}",
            hint="Pad the results, or return a ragged tensor's parts separately.",
        )
    if any(each._value.dtype == object for each in column):
        return Tensor(np.stack([np.asarray(each._value) for each in column]))
    found: Tensor = execute(_STACK, list(column))
    return found
