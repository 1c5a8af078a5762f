"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.ops.checks import FLOAT_OR_COMPLEX, axis_index

_NAMES = ("euclidean", "fro")


def _axes(name: str, axis: Any, ndim: int) -> tuple[int, ...] | None:
    if axis is None:
        return None
    numbers = tuple(axis_index(name, i, ndim) for i in np.ravel(axis))
    if len(numbers) not in (1, 2) or len(set(numbers)) < len(numbers):
        raise InvalidArgumentError.of(
            name,
            expected="`axis` as None, a number, or a pair of different numbers",
            received=f"axis={axis}",
            hint="A pair asks for matrix norms.",
        )
    return numbers


def _vector(x: Array, order: Any, axes: tuple[int, ...] | None) -> Array:
    size = jnp.abs(x)
    if order == 1:
        return jnp.sum(size, axis=axes, keepdims=True)
    if order == math.inf:
        return jnp.max(size, axis=axes, keepdims=True)
    return jnp.sum(size**order, axis=axes, keepdims=True) ** (1.0 / order)


def _euclidean(x: Array, axes: tuple[int, ...] | None) -> Array:
    squares = (x * jnp.conj(x)).real
    return jnp.sqrt(jnp.sum(squares, axis=axes, keepdims=True))


def _matrix(x: Array, order: Any, axes: tuple[int, ...]) -> Array:
    rows, columns = axes
    if order == 2:
        moved = jnp.moveaxis(x, axes, (-2, -1))
        largest = jnp.max(jnp.linalg.svd(moved, compute_uv=False), axis=-1)
        return jnp.expand_dims(largest, tuple(sorted(axes)))
    inner, outer = (rows, columns) if order == 1 else (columns, rows)
    sums = jnp.sum(jnp.abs(x), axis=inner, keepdims=True)
    return jnp.max(sums, axis=outer, keepdims=True)


def length(name: str, x: Array, order: Any, axis: Any) -> Array:
    """The norm with the reduced axes kept."""
    axes = _axes(name, axis, x.ndim)
    matrix = axes is not None and len(axes) == 2
    known = order in _NAMES or (
        isinstance(order, int | float)
        and (order in (1, 2, math.inf) if matrix else order > 0)
    )
    if not known or (order == "fro" and not matrix):
        raise InvalidArgumentError.of(
            name,
            expected="`ord` of 'euclidean', 1, 2, inf"
            + (" or 'fro' for matrices" if matrix else " or a positive number"),
            received=f"ord={order!r}, axis={axis}",
            hint="'fro' needs a pair of axes.",
        )
    if order in _NAMES or (order == 2 and not matrix):
        return _euclidean(x, axes).astype(x.dtype)
    return _matrix(x, order, axes) if matrix and axes else _vector(x, order, axes)


@op("norm", dtypes=FLOAT_OR_COMPLEX)
def norm(
    tensor: TensorLike,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: Any = None,
    name: str | None = None,
) -> Array:
    """The norm of vectors or matrices.

    Args:
        tensor: a floating or complex tensor.
        ord: ``"euclidean"``, 1, 2, ``inf`` or a positive number for vectors;
            ``"fro"``, ``"euclidean"``, 1, 2 or ``inf`` for matrices.
        axis: None for all elements as one vector, an axis for vectors, or a pair of
            axes for matrices.
        keepdims: whether reduced axes stay with size 1.
        name: a name scope.

    Returns:
        A tensor of the same dtype; of the real dtype for complex tensors unless the
        norm is the Euclidean one.

    Raises:
        ValueError: if ``ord`` or ``axis`` is not one of these.

    Reference: ``tf.norm``. As there, the gradient of the Euclidean norm at zero is
    NaN.
    """
    out = length("tf.norm", tensor, ord, axis)
    if keepdims:
        return out
    axes = _axes("tf.norm", axis, tensor.ndim)
    return jnp.squeeze(out, axis=tuple(range(tensor.ndim)) if axes is None else axes)


@op("linalg.normalize", dtypes=FLOAT_OR_COMPLEX)
def normalize(
    tensor: TensorLike,
    ord: Any = "euclidean",
    axis: Any = None,
    name: str | None = None,
) -> tuple[Array, Array]:
    """The tensor divided by its norm, and the norm.

    Args:
        tensor: a floating or complex tensor.
        ord: the kind of norm, as in ``tf.norm``.
        axis: the axis or axes of the norm, as in ``tf.norm``.
        name: a name scope.

    Returns:
        The normalised tensor, and the norm with reduced axes kept.

    Raises:
        ValueError: if ``ord`` or ``axis`` does not fit.

    Reference: ``tf.linalg.normalize``.
    """
    found = length("tf.linalg.normalize", tensor, ord, axis)
    return tensor / found, found
