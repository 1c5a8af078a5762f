"""Picking elements by position: ``tf.gather`` and ``tf.gather_nd``.

Positions outside the tensor raise when they are known (eager code on a CPU). Inside a
compiled program they give zeros, as TensorFlow does on a GPU.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np

from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, Tracer, convert_to_tensor
from lamina.ops.checks import as_int, axis_index, text

_INDEX = ("int32", "int64", "int16", "uint8", "int8", "uint16", "uint32", "uint64")


def known_positions(indices: Tensor) -> np.ndarray[Any, Any] | None:
    """The values of eager indices if reading them is cheap, else None."""
    value = indices._value
    if value is None or isinstance(value, Tracer):
        return None
    if isinstance(value, jax.Array) and not value.is_fully_addressable:
        return None
    if isinstance(value, jax.Array) and any(
        d.platform != "cpu" for d in value.devices()
    ):
        return None
    return np.asarray(value)


def check_positions(
    name: str, found: np.ndarray[Any, Any], sizes: tuple[int, ...]
) -> None:
    """Raises InvalidArgumentError if a position lies outside ``sizes``.

    The last axis of ``found`` holds the coordinates.
    """
    limits = np.asarray(sizes, np.int64)
    wrong = ((found < 0) | (found >= limits)).any(axis=-1)
    if not wrong.any():
        return
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise InvalidArgumentError.of(
        name,
        expected=f"positions inside {text(sizes)}",
        received=f"indices{list(where)} = {found[where].tolist()} does not index into "
        f"shape {text(sizes)}",
        hint="Positions start at 0; negative ones are not allowed.",
    )


def pick(x: Array, index: tuple[Any, ...]) -> Array:
    """``x[index]`` with zeros for positions outside ``x``."""
    return (
        jax.numpy.asarray(x)
        .at[index]
        .get(mode="fill", fill_value=0, wrap_negative_indices=False)
    )


def _check_batch(name: str, params: Array, indices: Array, batch: int) -> None:
    if params.shape[:batch] != indices.shape[:batch]:
        raise ShapeError.of(
            name,
            expected=f"equal sizes on the first {batch} axes",
            received=f"params {text(params.shape)} and indices {text(indices.shape)}",
            hint="Lower batch_dims or reshape.",
        )


def _places(
    params: Array, indices: Array, axis: Any, batch_dims: Any
) -> tuple[int, int]:
    batch = axis_index("tf.gather", batch_dims, indices.ndim + 1)
    place = batch if axis is None else axis_index("tf.gather", axis, params.ndim)
    if params.ndim == 0 or place < batch:
        raise ShapeError.of(
            "tf.gather",
            expected="params of rank 1 or more and an axis after the batch axes",
            received=f"shape {text(params.shape)}, axis={axis}, "
            f"batch_dims={batch_dims}",
            hint="Reshape params.",
        )
    _check_batch("tf.gather", params, indices, batch)
    return place, batch


def _gather_strings(
    params: Array, indices: Array, axis: Any, batch_dims: Any, name: str | None = None
) -> Array:
    place, batch = _places(params, indices, axis, batch_dims)
    if not batch:
        return np.asarray(np.take(params, indices, axis=place), object)
    rows = [
        _gather_strings(p, i, place - 1, batch - 1)
        for p, i in zip(params, indices, strict=True)
    ]
    return np.stack(rows)


@op("gather", strings=_gather_strings)
def _gather(
    params: TensorLike,
    indices: TensorLike,
    axis: Any,
    batch_dims: Any,
    name: str | None = None,
) -> Array:
    place, batch = _places(params, indices, axis, batch_dims)
    if indices.dtype.kind not in "iu":
        raise InvalidArgumentError.of(
            "tf.gather",
            expected="integer indices",
            received=f"indices of dtype {indices.dtype.name}",
            hint="Cast them with tf.cast.",
        )
    before = (slice(None),) * (place - batch)

    def take(p: Array, i: Array) -> Array:
        return pick(p, (*before, i))

    function = functools.reduce(lambda f, _: jax.vmap(f), range(batch), take)
    return function(jax.numpy.asarray(params), indices)


def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: Any = 0,
    name: str | None = None,
) -> Tensor:
    """The slices of ``params`` at ``indices`` along an axis.

    Args:
        params: a tensor of any dtype and rank 1 or more.
        indices: an integer tensor of positions on the axis.
        validate_indices: accepted for compatibility; positions that are known are
            always checked.
        axis: the axis; the first after the batch axes if None.
        batch_dims: the number of leading axes that both share.
        name: a name scope.

    Returns:
        A tensor of shape ``params.shape[:axis] + indices.shape[batch_dims:] +
        params.shape[axis + 1:]``.

    Raises:
        InvalidArgumentError: if a position is out of range (eager, on a CPU).

    Reference: ``tf.gather``. In a compiled program a position out of range gives
    zeros on every device.
    """
    if not state.trace:
        params, indices = _ready(params), _ready(indices)
        found = known_positions(indices)
        if found is not None and found.size and found.dtype.kind in "iu":
            shape = params.shape
            place = batch_dims if axis is None else as_int("tf.gather", axis, "axis")
            if (
                shape.rank
                and -len(shape) <= place < len(shape)
                and shape[place] is not None
            ):
                check_positions("tf.gather", found[..., None], (shape[place],))
    return _gather(params, indices, axis, batch_dims, name=name)


def _ready(value: Any) -> Tensor:
    return value if type(value) is Tensor else convert_to_tensor(value)


def _nd_strings(
    params: Array, indices: Array, batch_dims: Any, name: str | None = None
) -> Array:
    depth = _depth("tf.gather_nd", params, indices, batch_dims)
    if batch_dims:
        return np.stack(
            [
                _nd_strings(p, i, batch_dims - 1)
                for p, i in zip(params, indices, strict=True)
            ]
        )
    found = params[tuple(indices[..., k] for k in range(depth))]
    out = np.empty(np.shape(found), object)
    out[...] = found
    return out


def _depth(name: str, params: Array, indices: Array, batch: int) -> int:
    if indices.ndim < 1 + batch:
        raise ShapeError.of(
            name,
            expected=f"indices of rank {batch + 1} or more",
            received=f"shape {text(indices.shape)}",
            hint="The last axis holds the coordinates.",
        )
    depth = indices.shape[-1]
    if depth > params.ndim - batch:
        raise ShapeError.of(
            name,
            expected="at most as many coordinates as params has axes",
            received="index innermost dimension length must be <= params rank; saw: "
            f"{depth} vs. {params.ndim - batch}",
            hint="Check the last axis of `indices`.",
        )
    _check_batch(name, params, indices, batch)
    return int(depth)


@op("gather_nd", strings=_nd_strings)
def _gather_nd(
    params: TensorLike, indices: TensorLike, batch_dims: Any, name: str | None = None
) -> Array:
    depth = _depth("tf.gather_nd", params, indices, batch_dims)

    def take(p: Array, i: Array) -> Array:
        if not depth:
            return jax.numpy.broadcast_to(p, i.shape[:-1] + p.shape)
        return pick(p, tuple(i[..., k] for k in range(depth)))

    function = functools.reduce(lambda f, _: jax.vmap(f), range(batch_dims), take)
    return function(jax.numpy.asarray(params), indices)


def gather_nd(
    params: Any,
    indices: Any,
    batch_dims: Any = 0,
    name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:
    """The elements or slices of ``params`` at coordinates.

    Args:
        params: a tensor of any dtype.
        indices: an integer tensor of shape ``(..., K)``: coordinates of the first K
            axes after the batch axes.
        batch_dims: the number of leading axes that both share.
        name: a name scope.
        bad_indices_policy: ``""`` or ``"ERROR"``: known coordinates out of range
            raise; ``"IGNORE"``: they give zeros.

    Returns:
        A tensor of shape ``indices.shape[:-1] + params.shape[batch_dims + K:]``.

    Raises:
        InvalidArgumentError: if a coordinate is out of range (eager, on a CPU).

    Reference: ``tf.gather_nd``. In a compiled program a coordinate out of range gives
    zeros.
    """
    check_policy("tf.gather_nd", bad_indices_policy)
    batch = as_int("tf.gather_nd", batch_dims, "batch_dims")
    if not state.trace and bad_indices_policy != "IGNORE":
        params, indices = _ready(params), _ready(indices)
        found = known_positions(indices)
        sizes = params.shape[batch:]
        if found is not None and found.size and found.shape[-1] <= len(sizes):
            limits = tuple(sizes[: found.shape[-1]])
            if None not in limits:
                check_positions("tf.gather_nd", found, limits)
    return _gather_nd(params, indices, batch, name=name)


def check_policy(name: str, policy: str) -> None:
    """Raises InvalidArgumentError unless the policy for bad indices is known."""
    if policy not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise InvalidArgumentError.of(
            name,
            expected="bad_indices_policy of '', 'DEFAULT', 'ERROR' or 'IGNORE'",
            received=repr(policy),
            hint="Leave it out for the default.",
        )
