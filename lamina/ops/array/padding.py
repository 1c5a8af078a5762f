"""Padding tensors and moving their elements along axes."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.ops.checks import axis_index, int_tuple, namespace, text


def _widths(tensor: Array, paddings: Any) -> list[tuple[int, int]]:
    found = np.asarray(paddings)
    if found.size == 0 and tensor.ndim == 0:
        return []
    if found.shape != (tensor.ndim, 2) or found.dtype.kind not in "iu":
        raise ShapeError.of(
            "tf.pad",
            expected=f"integer paddings of shape [{tensor.ndim},2], one pair an axis",
            received="The first dimension of paddings must be the rank of inputs: "
            f"{found.tolist()} for shape {text(tensor.shape)}",
            hint="As in [[0, 0], [1, 1]].",
        )
    if (found < 0).any():
        raise InvalidArgumentError.of(
            "tf.pad",
            expected="paddings of zero or more",
            received=f"Paddings must be non-negative: {found.tolist()}",
            hint="Use tf.slice to cut elements off.",
        )
    return [(int(a), int(b)) for a, b in found]


def _pad_strings(
    tensor: Array, constant: Array, paddings: Any, mode: str, name: str | None = None
) -> Array:
    widths: Any = _widths(tensor, paddings)
    if mode == "CONSTANT":
        return np.pad(tensor, widths, constant_values=constant[()])
    kind: Any = mode.lower()
    return np.pad(np.asarray(tensor), widths, mode=kind)


@op("pad", strings=_pad_strings)
def _pad(
    tensor: Same, constant: Same, paddings: Any, mode: str, name: str | None = None
) -> Array:
    widths = _widths(tensor, paddings)
    if mode == "CONSTANT":
        value = jnp.asarray(constant, tensor.dtype).reshape(())
        return lax.pad(tensor, value, [(a, b, 0) for a, b in widths])
    room = 1 if mode == "REFLECT" else 0
    for (before, after), n in zip(widths, tensor.shape, strict=True):
        if max(before, after) > max(n - room, 0):
            raise InvalidArgumentError.of(
                "tf.pad",
                expected=f"paddings of at most {max(n - room, 0)} for an axis of size "
                f"{n} in mode {mode}",
                received="paddings must be less than the dimension size: "
                f"{before}, {after} not less than {n}",
                hint="Pad in several steps, or with mode='CONSTANT'.",
            )
    return jnp.pad(tensor, widths, mode="reflect" if mode == "REFLECT" else "symmetric")


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: str | None = None,
) -> Tensor:
    """The tensor with elements added before and after, on each axis.

    Args:
        tensor: a tensor of any dtype.
        paddings: integers of shape ``(rank, 2)``: how many before and after.
        mode: ``"CONSTANT"``, ``"REFLECT"`` (mirrored, without the edge) or
            ``"SYMMETRIC"`` (mirrored with the edge), in any case.
        constant_values: the scalar that ``"CONSTANT"`` adds.
        name: a name scope.

    Returns:
        A tensor of the same rank and dtype.

    Raises:
        InvalidArgumentError: if the paddings do not fit the shape.
        ValueError: if the mode is unknown.

    Reference: ``tf.pad``.
    """
    chosen = mode.upper()
    if chosen not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise InvalidArgumentError.of(
            "tf.pad",
            expected='mode to be "CONSTANT", "REFLECT" or "SYMMETRIC"',
            received=f"mode = {mode}",
            hint="The default is CONSTANT.",
        )
    if isinstance(constant_values, int) and constant_values == 0:
        dtype = getattr(tensor, "dtype", None)
        constant_values = b"" if dtype == "string" else 0
    return _pad(tensor, constant_values, paddings, chosen, name=name)


@op("reverse")
def reverse(tensor: TensorLike, axis: Any, name: str | None = None) -> Array:
    """The elements in reverse order along axes.

    Args:
        tensor: a tensor of any dtype.
        axis: a list of axes.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if an axis is out of range or named twice, or ``axis``
            is not a list.

    Reference: ``tf.reverse``.
    """
    if np.ndim(axis) != 1:
        raise InvalidArgumentError.of(
            "tf.reverse",
            expected="a list of axes",
            received=f"'dims' must be 1-dimension: axis={axis}",
            hint="As in axis=[0].",
        )
    axes = [axis_index("tf.reverse", i, tensor.ndim) for i in axis]
    if len(set(axes)) != len(axes):
        raise InvalidArgumentError.of(
            "tf.reverse",
            expected="each axis at most once",
            received=f"axis={list(axis)}",
            hint="Remove the repeated axis.",
        )
    return namespace(tensor).flip(tensor, axis=tuple(axes)) if axes else tensor


@op("roll")
def roll(input: TensorLike, shift: Any, axis: Any, name: str | None = None) -> Array:
    """The elements moved along axes; those that leave at the end enter at the start.

    Args:
        input: a tensor of any dtype.
        shift: how far, one number an axis; negative moves towards the start.
        axis: the axis or axes; an axis may occur more than once.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if ``shift`` and ``axis`` differ in length.

    Reference: ``tf.roll``.
    """
    shifts = int_tuple("tf.roll", shift, "shift")
    axes = tuple(axis_index("tf.roll", i, input.ndim) for i in np.ravel(axis))
    if len(shifts) != len(axes):
        raise InvalidArgumentError.of(
            "tf.roll",
            expected="as many shifts as axes",
            received=f"shift and axis must have the same size: {list(shifts)} and "
            f"{list(axes)}",
            hint="Give one shift for each axis.",
        )
    return namespace(input).roll(input, shifts, axis=axes)


@op("reverse_sequence")
def reverse_sequence(
    input: TensorLike,
    seq_lengths: TensorLike,
    seq_axis: Any = None,
    batch_axis: Any = None,
    name: str | None = None,
) -> Array:
    """For each entry of a batch, its first elements in reverse order.

    Args:
        input: a tensor of any numeric dtype.
        seq_lengths: an integer vector: how many elements are reversed, for each entry.
        seq_axis: the axis of the elements, 0 if None.
        batch_axis: the axis of the entries, 0 if None.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the two axes are equal or the lengths do not fit.

    Reference: ``tf.reverse_sequence``.
    """
    time = axis_index("tf.reverse_sequence", seq_axis or 0, input.ndim)
    batch = axis_index("tf.reverse_sequence", batch_axis or 0, input.ndim)
    if time == batch or seq_lengths.shape != (input.shape[batch],):
        raise InvalidArgumentError.of(
            "tf.reverse_sequence",
            expected="different axes, and one length for each of the "
            f"{input.shape[batch]} entries",
            received=f"seq_axis={seq_axis}, batch_axis={batch_axis}, lengths of shape "
            f"{text(seq_lengths.shape)}",
            hint="Give seq_axis and batch_axis.",
        )
    steps = jnp.arange(input.shape[time], dtype=seq_lengths.dtype)
    lengths = seq_lengths[:, None]
    order = jnp.where(steps < lengths, lengths - 1 - steps, steps)
    moved = jnp.moveaxis(input, (batch, time), (0, 1))
    index = order.reshape(order.shape + (1,) * (moved.ndim - 2))
    return jnp.moveaxis(
        jnp.take_along_axis(moved, index, axis=1), (0, 1), (batch, time)
    )
