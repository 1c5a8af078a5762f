"""Proving that a step treats each row by itself, so that a batch may be filled up.

A step is traced for two numbers of rows. Where the two programs differ in a size, that
axis runs over the rows, and everything else must be equal: the operations, the numbers
in them, the constants. If then every operation maps row i of what it takes to row i of
what it makes, further rows change nothing for those before them. Operations that are
not known here, and mixing rows in any way, mean that nothing is proved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.engine.trace import Captured

Axis = int | None
_UNPROVED = -1


class _Mixed(Exception):
    """The rows cannot be told apart from here on."""


def treats_rows_alone(one: Captured, other: Captured) -> bool:
    """Whether row i of the results follows from row i of the inputs, for any rows.

    Args:
        one: the step, traced for some number of rows.
        other: the step, traced for another number.
    """
    if one.writes or one.has_callbacks or other.writes or other.has_callbacks:
        return False
    pairs = zip(one.jaxpr.invars, other.jaxpr.invars, strict=True)
    sizes = {(a.aval.shape[0], b.aval.shape[0]) for a, b in pairs if a.aval.shape}
    if len(sizes) != 1 or len(next(iter(sizes))) != 2:
        return False
    rows = next(iter(sizes))
    if rows[0] == rows[1] or not _same_constants(one, other):
        return False
    try:
        proof = _Proof(rows)
        axes = [proof.axis(v, w) for v, w in _zip(one.jaxpr.invars, other.jaxpr.invars)]
        axes += proof.follow(one.jaxpr, other.jaxpr)
    except _Mixed:
        return False
    ends = _zip(one.jaxpr.outvars, other.jaxpr.outvars)
    return all(axis == 0 for axis in axes) and all(
        (v.aval.shape[0], w.aval.shape[0]) == rows for v, w in ends
    )


def _same_constants(one: Captured, other: Captured) -> bool:
    """Whether both read the same variables and tensors, and equal constants."""
    if [*map(id, one.variables)] != [*map(id, other.variables)]:
        return False
    if [*map(id, one.captures)] != [*map(id, other.captures)]:
        return False
    if one.places != other.places or len(one.constants) != len(other.constants):
        return False
    return all(map(_starts_alike, one.constants, other.constants))


def _starts_alike(a: Any, b: Any) -> bool:
    """Whether two constants agree as far as both reach (a row number for each row)."""
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.ndim != b.ndim:
        return False
    common = tuple(map(slice, map(min, a.shape, b.shape)))
    return a[common].tobytes() == b[common].tobytes()


def _zip(one: Any, other: Any) -> list[tuple[Any, Any]]:
    if len(one) != len(other):
        raise _Mixed
    return list(zip(one, other, strict=True))


class _Proof:
    """Follows two traces of a program side by side."""

    def __init__(self, rows: tuple[int, int]) -> None:
        self.rows = rows

    def axis(self, one: Any, other: Any) -> Axis:
        """The axis over the rows, which is where the sizes differ; None without."""
        if hasattr(one, "val") or hasattr(other, "val"):
            if not (hasattr(one, "val") and hasattr(other, "val")):
                raise _Mixed
            if not _starts_alike(one.val, other.val):
                raise _Mixed
        if one.aval.dtype != other.aval.dtype:
            raise _Mixed
        pairs = _zip(one.aval.shape, other.aval.shape)
        found = [index for index, (a, b) in enumerate(pairs) if a != b]
        if not found:
            return None
        a, b = pairs[found[0]]
        # A multiple: the rows together with an axis that lies inside them.
        if len(found) > 1 or a * self.rows[1] != b * self.rows[0] or a % self.rows[0]:
            raise _Mixed
        return found[0]

    def follow(self, one: Any, other: Any) -> list[Axis]:
        """Checks each operation; returns the axes of the results."""
        for a, b in _zip(one.eqns, other.eqns):
            if a.primitive.name != b.primitive.name:
                raise _Mixed
            ins = [self.axis(v, w) for v, w in _zip(a.invars, b.invars)]
            outs = [self.axis(v, w) for v, w in _zip(a.outvars, b.outvars)]
            self._check(a, b, ins, outs)
        return [self.axis(v, w) for v, w in _zip(one.outvars, other.outvars)]

    def _check(self, a: Any, b: Any, ins: list[Axis], outs: list[Axis]) -> None:
        name = a.primitive.name
        inner = _INNER.get(name)
        if inner is not None:
            inner(self, a, b, ins, outs)
            return
        if set(a.params) != set(b.params) or not all(
            _alike(a.params[key], b.params[key], key in _SIZES, self.rows)
            for key in a.params
            if key not in _IRRELEVANT
        ):
            raise _Mixed
        if all(axis is None for axis in ins):
            if any(axis is not None for axis in outs) and name not in _MAKERS:
                raise _Mixed
            return
        rule = _RULES.get(name)
        # Arrays without elements stand for what nobody wants of a kernel.
        full = [axis for v, axis in _zip(a.outvars, outs) if v.aval.size]
        if rule is None or any(rule(a, ins) != axis for axis in full):
            raise _Mixed

    def call(self, a: Any, b: Any, ins: list[Axis], outs: list[Axis]) -> None:
        """A call of an inner program."""
        names = ("jaxpr", "call_jaxpr", "fun_jaxpr")
        key = next(name for name in names if name in a.params)
        self.inside(a.params[key], b.params[key], ins, outs)

    def inside(self, one: Any, other: Any, ins: list[Axis], outs: list[Axis]) -> None:
        """An inner program whose arrays have the axes given."""
        consts = _zip(getattr(one, "consts", ()), getattr(other, "consts", ()))
        if not all(_starts_alike(a, b) for a, b in consts):
            raise _Mixed
        one, other = getattr(one, "jaxpr", one), getattr(other, "jaxpr", other)
        starts = [self.axis(v, w) for v, w in _zip(one.invars, other.invars)]
        if starts != ins or self.follow(one, other) != outs:
            raise _Mixed

    def scan(self, a: Any, b: Any, ins: list[Axis], outs: list[Axis]) -> None:
        """A loop along the first axis of some arrays."""
        kept = a.params["num_consts"] + a.params["num_carry"]
        for key in ("num_consts", "num_carry", "length", "reverse"):
            if a.params[key] != b.params[key]:
                raise _Mixed
        carried = a.params["num_carry"]
        starts = ins[:kept] + [_inside_loop(axis) for axis in ins[kept:]]
        ends = outs[:carried] + [_inside_loop(axis) for axis in outs[carried:]]
        self.inside(a.params["jaxpr"], b.params["jaxpr"], starts, ends)

    def branches(self, a: Any, b: Any, ins: list[Axis], outs: list[Axis]) -> None:
        """A choice between programs, the same for all rows."""
        if ins[0] is not None:
            raise _Mixed
        for one, other in _zip(a.params["branches"], b.params["branches"]):
            self.inside(one, other, ins[1:], outs)


def _inside_loop(axis: Axis) -> Axis:
    if axis == 0:
        raise _Mixed
    return None if axis is None else axis - 1


def _alike(a: Any, b: Any, size: bool, rows: tuple[int, int]) -> bool:
    """Whether two parameters are equal, up to the number of rows in sizes."""
    if isinstance(a, list | tuple) and type(a) is type(b) and len(a) == len(b):
        return all(_alike(x, y, size, rows) for x, y in zip(a, b, strict=True))
    if size and isinstance(a, int) and isinstance(b, int) and a != b:
        return a * rows[1] == b * rows[0]
    try:
        return bool(a == b)
    except (TypeError, ValueError):
        return False


# ---------------------------------------------------------------- rules
# Each gives the axis of the rows in the result, or _UNPROVED.


def _pointwise(eqn: Any, ins: list[Axis]) -> Axis:
    rank = len(eqn.outvars[0].aval.shape)
    for var, axis in zip(eqn.invars, ins, strict=True):
        if axis is None and len(var.aval.shape) not in (0, rank):
            return _UNPROVED
    found = {axis for axis in ins if axis is not None}
    return found.pop() if len(found) == 1 else _UNPROVED


def _broadcast(eqn: Any, ins: list[Axis]) -> Axis:
    return eqn.params["broadcast_dimensions"][ins[0]] if ins[0] is not None else None


def _reshape(eqn: Any, ins: list[Axis]) -> Axis:
    if eqn.params["dimensions"] is not None or ins[0] is None:
        return _UNPROVED
    source, target = eqn.invars[0].aval.shape, eqn.outvars[0].aval.shape
    before, size = math.prod(source[: ins[0]]), source[ins[0]]
    for axis in range(len(target)):
        # Sizes of 1 beside the rows do not matter; the proof knows the axis anyhow.
        if math.prod(target[:axis]) == before and target[axis] > 1:
            return axis if size > 1 else _UNPROVED
    return _UNPROVED


def _transpose(eqn: Any, ins: list[Axis]) -> Axis:
    return int(eqn.params["permutation"].index(ins[0]))


def _without(dropped: Any, axis: int) -> Axis:
    if axis in dropped:
        return _UNPROVED
    return axis - sum(one < axis for one in dropped)


def _reduce(eqn: Any, ins: list[Axis]) -> Axis:
    return _UNPROVED if ins[0] is None else _without(eqn.params["axes"], ins[0])


def _squeeze(eqn: Any, ins: list[Axis]) -> Axis:
    return _UNPROVED if ins[0] is None else _without(eqn.params["dimensions"], ins[0])


def _along(key: str) -> Callable[[Any, list[Axis]], Axis]:
    """For operations along one axis, which must be another than that of the rows."""

    def rule(eqn: Any, ins: list[Axis]) -> Axis:
        found = {axis for axis in ins if axis is not None}
        if len(found) != 1 or eqn.params[key] in found:
            return _UNPROVED
        return found.pop()

    return rule


def _reverse(eqn: Any, ins: list[Axis]) -> Axis:
    return _UNPROVED if ins[0] in eqn.params["dimensions"] else ins[0]


def _pad(eqn: Any, ins: list[Axis]) -> Axis:
    if ins[0] is None or ins[1] is not None:
        return _UNPROVED
    kept = tuple(eqn.params["padding_config"][ins[0]]) == (0, 0, 0)
    return ins[0] if kept else _UNPROVED


def _slice(eqn: Any, ins: list[Axis]) -> Axis:
    axis = ins[0]
    if axis is None or eqn.params["start_indices"][axis] != 0:
        return _UNPROVED
    strides = eqn.params["strides"]
    whole = eqn.params["limit_indices"][axis] == eqn.invars[0].aval.shape[axis]
    return axis if whole and (strides is None or strides[axis] == 1) else _UNPROVED


def _dynamic_slice(eqn: Any, ins: list[Axis]) -> Axis:
    axis = ins[0]
    if axis is None or any(other is not None for other in ins[1:]):
        return _UNPROVED
    whole = eqn.params["slice_sizes"][axis] == eqn.invars[0].aval.shape[axis]
    return axis if whole else _UNPROVED


def _dynamic_update_slice(eqn: Any, ins: list[Axis]) -> Axis:
    if ins[0] is None or ins[0] != ins[1] or any(a is not None for a in ins[2:]):
        return _UNPROVED
    old, new = (var.aval.shape[ins[0]] for var in eqn.invars[:2])
    return ins[0] if old == new else _UNPROVED


def _dot(eqn: Any, ins: list[Axis]) -> Axis:
    contracted, batched = eqn.params["dimension_numbers"]
    left, right = ins
    places = [
        None if axis is None else _batch_place(batched[side], axis)
        for side, axis in enumerate(ins)
    ]
    if left is not None and right is not None:
        return places[0] if places[0] == places[1] != _UNPROVED else _UNPROVED
    side, axis = (0, left) if left is not None else (1, right)
    place = places[side]
    if place != _UNPROVED:
        return place
    if axis in contracted[side]:
        return _UNPROVED
    taken = (*contracted[side], *batched[side])
    before = len(batched[0])
    if side == 1:
        before += len(eqn.invars[0].aval.shape) - len(contracted[0]) - len(batched[0])
    return before + _without(taken, axis)  # type: ignore[operator, arg-type]


def _batch_place(batched: Any, axis: int) -> int:
    return list(batched).index(axis) if axis in batched else _UNPROVED


def _convolution(eqn: Any, ins: list[Axis]) -> Axis:
    spec = eqn.params["dimension_numbers"]
    alone = ins[1] is None and eqn.params["batch_group_count"] == 1
    if not alone or ins[0] != spec.lhs_spec[0]:
        return _UNPROVED
    return int(spec.out_spec[0])


def _window(eqn: Any, ins: list[Axis]) -> Axis:
    axis = ins[0]
    if axis is None or any(other is not None for other in ins[1:]):
        return _UNPROVED
    params = eqn.params
    one = {params[key][axis] for key in _WINDOW if params.get(key) is not None}
    return axis if one == {1} and tuple(params["padding"][axis]) == (0, 0) else -1


_WINDOW = ("window_dimensions", "window_strides", "base_dilation", "window_dilation")


def _gather(eqn: Any, ins: list[Axis]) -> Axis:
    """Rows of a table by the indices of each row, or the same part of each row."""
    operand, indices = ins
    numbers = eqn.params["dimension_numbers"]
    rank = len(eqn.outvars[0].aval.shape)
    free = [axis for axis in range(rank) if axis not in numbers.offset_dims]
    if indices is not None:
        if indices >= len(free):
            return _UNPROVED
        if operand is not None:
            pairs = zip(
                numbers.operand_batching_dims,
                numbers.start_indices_batching_dims,
                strict=True,
            )
            if (operand, indices) not in pairs:
                return _UNPROVED
        return free[indices]
    if operand is None or operand in numbers.start_index_map:
        return _UNPROVED
    whole = eqn.params["slice_sizes"][operand] == eqn.invars[0].aval.shape[operand]
    dropped = (*numbers.collapsed_slice_dims, *numbers.operand_batching_dims)
    if not whole or operand in dropped:
        return _UNPROVED
    place = _without(dropped, operand)
    return int(numbers.offset_dims[place])


def _native(eqn: Any, ins: list[Axis]) -> Axis:
    if dict(eqn.params["attributes"]).get("flip_a"):
        return _UNPROVED
    letters = _NATIVE.get(eqn.params["target_name"], "").ljust(len(ins), "-")
    allowed = [_ALLOWED[letter] for letter in letters]
    alone = all(axis in found for axis, found in zip(ins, allowed, strict=True))
    return 0 if alone and 0 in ins else _UNPROVED


_ARITHMETIC = ("add", "add_any", "sub", "mul", "div", "rem", "neg", "sign", "abs")
_ROUNDING = ("floor", "ceil", "round", "nextafter", "reduce_precision", "clamp")
_POWERS = ("pow", "integer_pow", "square", "sqrt", "rsqrt", "cbrt", "exp", "exp2")
_LOGARITHMS = ("expm1", "log", "log1p", "logistic", "erf", "erfc", "erf_inv")
_CIRCULAR = ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")
_HYPERBOLIC = ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge", "max", "min", "is_finite")
_BITS = ("and", "or", "xor", "not", "shift_left", "shift_right_logical")
_CHOICES = ("select_n", "convert_element_type", "copy", "copy_p", "stop_gradient")
_COMPLEX = ("real", "imag", "conj", "complex", "shift_right_arithmetic")
_POINTWISE = (
    *_ARITHMETIC,
    *_ROUNDING,
    *_POWERS,
    *_LOGARITHMS,
    *_CIRCULAR,
    *_HYPERBOLIC,
    *_COMPARISONS,
    *_BITS,
    *_CHOICES,
    *_COMPLEX,
)
_REDUCTIONS = ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_and")
_WINDOWS = ("reduce_window", "reduce_window_max", "reduce_window_sum")
_RUNNING = ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp", "split")
# Native kernels that compute each row by itself. For each of their arrays: "r" if it
# must have the rows, "e" if it may, "-" (also for all that follow) if it must not.
_ALLOWED: dict[str, tuple[Axis, ...]] = {"r": (0,), "e": (0, None), "-": (None,)}
_NATIVE = {
    "lamina_attention": "rrre",
    "lamina_batch_apply": "r",
    "lamina_convolution": "r",
    "lamina_gelu": "r",
    "lamina_layer_apply": "r",
    "lamina_max_pool": "r",
    "lamina_mean_pool": "r",
    "lamina_product": "r",
    "lamina_recurrence": "r---re",
    "lamina_winograd": "r",
}
_RULES: dict[str, Callable[[Any, list[Axis]], Axis]] = {
    **dict.fromkeys(_POINTWISE, _pointwise),
    **dict.fromkeys((*_REDUCTIONS, "reduce_or", "argmax", "argmin"), _reduce),
    **dict.fromkeys(_RUNNING, _along("axis")),
    **dict.fromkeys(("concatenate", "sort"), _along("dimension")),
    **dict.fromkeys(_WINDOWS, _window),
    "broadcast_in_dim": _broadcast,
    "conv_general_dilated": _convolution,
    "dot_general": _dot,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "ffi_call": _native,
    "gather": _gather,
    "pad": _pad,
    "reshape": _reshape,
    "rev": _reverse,
    "slice": _slice,
    "squeeze": _squeeze,
    "transpose": _transpose,
}
# What may give rows to values that have none: each row gets the same, or its number.
_MAKERS = frozenset({"broadcast_in_dim", "iota"})
_CALLS = ("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat2")
_INNER: dict[str, Callable[..., None]] = {
    **dict.fromkeys((*_CALLS, "custom_jvp_call", "custom_vjp_call"), _Proof.call),
    "cond": _Proof.branches,
    "scan": _Proof.scan,
}
_SIZES = frozenset({"shape", "new_sizes", "sizes", "limit_indices", "slice_sizes"})
_IRRELEVANT = frozenset({"sharding", "out_sharding", "jaxpr", "result_avals"})
