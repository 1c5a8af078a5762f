"""Writing elements by position into new tensors: ``tf.scatter_nd`` and its kin.

Positions outside the tensor raise when they are known (eager code on a CPU); inside a
compiled program they are left out.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.array.gather import check_policy, check_positions, known_positions, pick
from lamina.ops.array.joining import concat
from lamina.ops.array.selection import static_max
from lamina.ops.array.shaping import reshape
from lamina.ops.checks import int_tuple, shape_tuple, text


def _index(name: str, indices: Array, updates: Array, shape: tuple[int, ...]) -> Any:
    """The index of the write, after a check that the shapes fit."""
    depth = indices.shape[-1] if indices.ndim else -1
    if not 0 <= depth <= len(shape) or (
        updates.shape != indices.shape[:-1] + tuple(shape[depth:])
    ):
        raise ShapeError.of(
            name,
            expected="updates of shape indices.shape[:-1] + shape[indices.shape[-1]:]",
            received="Outer dimensions of indices and update must match. Indices "
            f"shape: {text(indices.shape)}, updates shape:{text(updates.shape)}, "
            f"shape {text(shape)}",
            hint="The last axis of `indices` holds the coordinates.",
        )
    return tuple(indices[..., k] for k in range(depth)) or (...,)


def _write(x: Array, index: Any, updates: Array, how: str) -> Array:
    if index == (...,):
        updates = updates.reshape(-1, *x.shape)
        index = (None, ...)
        whole = {"set": lambda u: u[-1], "add": lambda u: x + u.sum(0)}
        if how in whole:
            return whole[how](updates).astype(x.dtype)
        function = jnp.min if how == "min" else jnp.max
        return function(jnp.concatenate([x[None], updates]), axis=0)
    target = getattr(jnp.asarray(x).at[index], how)
    return target(updates, mode="drop", wrap_negative_indices=False)


def _check(name: str, indices: Any, shape: Any, policy: str = "") -> None:
    check_policy(name, policy)
    if state.trace or policy == "IGNORE":
        return
    found = known_positions(indices)
    if found is not None and found.size and found.ndim:
        sizes = tuple(shape)[: found.shape[-1]]
        if found.shape[-1] <= len(shape) and None not in sizes:
            check_positions(name, found, sizes)


@op("scatter_nd")
def _scatter_nd(
    indices: TensorLike, updates: TensorLike, shape: Any, name: str | None = None
) -> Array:
    sizes = shape_tuple("tf.scatter_nd", shape)
    index = _index("tf.scatter_nd", indices, updates, sizes)
    start = jnp.zeros(sizes, updates.dtype)
    if updates.dtype == jnp.bool_:
        return _write(start, index, updates, "max")
    return _write(start, index, updates, "add")


def scatter_nd(
    indices: Any,
    updates: Any,
    shape: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """Zeros, with updates added at coordinates.

    Args:
        indices: an integer tensor of shape ``(..., K)``: coordinates of the first K
            axes of the result.
        updates: a tensor of shape ``indices.shape[:-1] + shape[K:]``.
        shape: the sizes of the result.
        bad_indices_policy: ``""`` or ``"ERROR"``: known coordinates out of range
            raise; ``"IGNORE"``: they are left out.
        name: a name scope.

    Returns:
        A tensor of ``shape`` and the dtype of ``updates``; updates at equal
        coordinates add up.

    Raises:
        InvalidArgumentError: if a coordinate is out of range (eager, on a CPU) or the
            shapes do not fit.

    Reference: ``tf.scatter_nd``.
    """
    indices = convert_to_tensor(indices)
    if not state.trace:
        sizes = int_tuple("tf.scatter_nd", np.asarray(shape), "shape")
        _check("tf.scatter_nd", indices, sizes, bad_indices_policy)
    return _scatter_nd(indices, updates, shape, name=name)


def _update_strings(
    tensor: Array, updates: Array, indices: Array, how: str, name: str | None = None
) -> Array:
    out = np.array(tensor, object)
    out[_index("tf.tensor_scatter_nd_update", indices, updates, tensor.shape)] = updates
    return out


@op("tensor_scatter_nd_update", strings=_update_strings)
def _tensor_scatter(
    tensor: Same, updates: Same, indices: TensorLike, how: str, name: str | None = None
) -> Array:
    index = _index(f"tf.tensor_scatter_nd_{how}", indices, updates, tensor.shape)
    if how == "update":
        return _write(tensor, index, updates, "set")
    if how == "add":
        return _write(tensor, index, updates, "add")
    if how == "sub":
        return _write(tensor, index, -updates, "add")
    return _extreme(how, tensor, updates, indices)


@jax.custom_jvp
def _extreme_max(x: Array, updates: Array, indices: Array) -> Array:
    return _write(x, _coordinates(indices), updates, "max")


@jax.custom_jvp
def _extreme_min(x: Array, updates: Array, indices: Array) -> Array:
    return _write(x, _coordinates(indices), updates, "min")


def _coordinates(indices: Array) -> Any:
    return tuple(indices[..., k] for k in range(indices.shape[-1])) or (...,)


def _extreme(how: str, x: Array, updates: Array, indices: Array) -> Array:
    return (_extreme_max if how == "max" else _extreme_min)(x, updates, indices)


def _extreme_rule(function: Any) -> Any:
    """The tangent of whatever won; equal winners share evenly, as in TensorFlow."""

    def rule(primals: Any, tangents: Any) -> Any:
        x, updates, indices = primals
        dx, du, _ = tangents
        out = function(x, updates, indices)
        index = _coordinates(indices)
        mine = (out == x).astype(x.dtype)
        won = (pick(out, index) == updates).astype(x.dtype)
        share = _write(mine, index, won, "add")
        total = _write(mine * dx, index, won * du, "add")
        return out, total / jnp.where(share == 0, 1, share)

    return rule


_extreme_max.defjvp(_extreme_rule(_extreme_max))
_extreme_min.defjvp(_extreme_rule(_extreme_min))


def _public(
    how: str, tensor: Any, indices: Any, updates: Any, policy: str, name: str | None
) -> Tensor:
    indices = convert_to_tensor(indices)
    tensor = convert_to_tensor(tensor)
    _check(f"tf.tensor_scatter_nd_{how}", indices, tensor.shape, policy)
    return _tensor_scatter(tensor, updates, indices, how, name=name)


def tensor_scatter_nd_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Tensor:
    """A copy of a tensor with elements replaced at coordinates.

    Args:
        tensor: a tensor of any dtype.
        indices: an integer tensor of shape ``(..., K)``.
        updates: the new values, of shape ``indices.shape[:-1] + tensor.shape[K:]``.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``tensor``. At equal coordinates the last
        update wins on a CPU.

    Raises:
        InvalidArgumentError: if a coordinate is out of range (eager, on a CPU) or the
            shapes do not fit.

    Reference: ``tf.tensor_scatter_nd_update``.
    """
    return _public("update", tensor, indices, updates, "", name)


def tensor_scatter_nd_add(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """A copy of a tensor with updates added at coordinates.

    Args:
        tensor: a numeric tensor.
        indices: an integer tensor of shape ``(..., K)``.
        updates: what is added, of shape ``indices.shape[:-1] + tensor.shape[K:]``.
        bad_indices_policy: what to do with coordinates out of range, as in
            ``tf.scatter_nd``.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``tensor``.

    Reference: ``tf.tensor_scatter_nd_add``.
    """
    return _public("add", tensor, indices, updates, bad_indices_policy, name)


def tensor_scatter_nd_sub(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """A copy of a tensor with updates subtracted at coordinates.

    Args:
        tensor: a numeric tensor.
        indices: an integer tensor of shape ``(..., K)``.
        updates: what is subtracted, of shape ``indices.shape[:-1] +
            tensor.shape[K:]``.
        bad_indices_policy: what to do with coordinates out of range, as in
            ``tf.scatter_nd``.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``tensor``.

    Reference: ``tf.tensor_scatter_nd_sub``.
    """
    return _public("sub", tensor, indices, updates, bad_indices_policy, name)


def tensor_scatter_nd_max(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """A copy of a tensor in which larger updates replace elements at coordinates.

    Args:
        tensor: a real tensor.
        indices: an integer tensor of shape ``(..., K)``.
        updates: the candidates, of shape ``indices.shape[:-1] + tensor.shape[K:]``.
        bad_indices_policy: what to do with coordinates out of range, as in
            ``tf.scatter_nd``.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``tensor``.

    Reference: ``tf.tensor_scatter_nd_max``.
    """
    return _public("max", tensor, indices, updates, bad_indices_policy, name)


def tensor_scatter_nd_min(
    tensor: Any,
    indices: Any,
    updates: Any,
    bad_indices_policy: str = "",
    name: str | None = None,
) -> Tensor:
    """A copy of a tensor in which smaller updates replace elements at coordinates.

    Args:
        tensor: a real tensor.
        indices: an integer tensor of shape ``(..., K)``.
        updates: the candidates, of shape ``indices.shape[:-1] + tensor.shape[K:]``.
        bad_indices_policy: what to do with coordinates out of range, as in
            ``tf.scatter_nd``.
        name: a name scope.

    Returns:
        A tensor of the shape and dtype of ``tensor``.

    Reference: ``tf.tensor_scatter_nd_min``.
    """
    return _public("min", tensor, indices, updates, bad_indices_policy, name)


@op("dynamic_stitch")
def _stitch(
    rows: TensorLike, places: TensorLike, size: int, name: str | None = None
) -> Array:
    out = jnp.zeros((size, *rows.shape[1:]), rows.dtype)
    return _write(out, (places,), rows, "set")


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """Slices of several tensors put in the order that positions tell.

    Args:
        indices: a list of integer tensors.
        data: a list of tensors; each shape starts with that of its indices.
        name: a name scope.

    Returns:
        A tensor of ``max(indices) + 1`` slices. Of equal positions the last wins.

    Raises:
        InvalidArgumentError: if the lists differ in length or shapes do not fit.

    Reference: ``tf.dynamic_stitch``.
    """
    if len(indices) != len(data) or not len(data):
        raise InvalidArgumentError.of(
            "tf.dynamic_stitch",
            expected="two lists of the same length of at least 1",
            received=f"{len(indices)} indices and {len(data)} tensors",
            hint="Give one tensor of positions for each tensor of data.",
        )
    where = [convert_to_tensor(item, np.int32) for item in indices]
    what = [convert_to_tensor(item) for item in data]
    rest = tuple(what[0].shape)[where[0].ndim :]
    for place, rows in zip(where, what, strict=True):
        if tuple(rows.shape) != tuple(place.shape) + rest:
            raise ShapeError.of(
                "tf.dynamic_stitch",
                expected="data[i].shape to be indices[i].shape + one common shape",
                received=f"indices {text(place.shape)} and data {text(rows.shape)}",
                hint="Reshape the data.",
            )
    rows = concat([reshape(item, (-1, *rest)) for item in what], 0)
    places = concat([reshape(item, (-1,)) for item in where], 0)
    return _stitch(rows, places, static_max(places) + 1, name=name)
