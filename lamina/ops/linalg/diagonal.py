"""Diagonals, bands and transposes of matrices.

A diagonal ``k`` is counted from the main one (0) upwards; a band is a pair of such
numbers. The diagonals of a band are stored as rows, the highest first, each padded on
the side that ``align`` names.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.checks import NUMERIC, as_int, check_min_rank, int_tuple, text

_ALIGN = ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT")


def _band(name: str, k: Any, align: str) -> tuple[int, int]:
    """The lowest and the highest diagonal."""
    numbers = int_tuple(name, k, "k")
    if len(numbers) not in (1, 2) or numbers[0] > numbers[-1] or align not in _ALIGN:
        raise InvalidArgumentError.of(
            name,
            expected="`k` as a number or an increasing pair, and `align` one of "
            f"{', '.join(_ALIGN)}",
            received=f"k={list(numbers)}, align={align!r}",
            hint="k=0 is the main diagonal.",
        )
    return numbers[0], numbers[-1]


def _size(d: Any, rows: int, columns: int) -> Any:
    """The number of elements on diagonal ``d``."""
    return jnp.minimum(rows + jnp.minimum(d, 0), columns - jnp.maximum(d, 0))


def _offset(d: Any, rows: int, columns: int, width: int, align: str) -> Any:
    """The padding before the elements of diagonal ``d`` in its row."""
    above, below = (side == "LEFT" for side in align.split("_"))
    left = ((d >= 0) & above) | ((d <= 0) & below)
    return jnp.where(left, 0, width - _size(d, rows, columns))


def _spread(
    diagonal: Array, lo: int, hi: int, shape: tuple[int, int], align: str
) -> Any:
    """Each element of a band at its place in a matrix, and where the band is."""
    rows, columns = shape
    i, j = jnp.arange(rows)[:, None], jnp.arange(columns)[None, :]
    d = j - i
    inside = (d >= lo) & (d <= hi)
    width = diagonal.shape[-1]
    if lo == hi:
        place = jnp.clip(jnp.arange(columns) - max(lo, 0), 0, width - 1)
        return diagonal[..., place][..., None, :], inside
    along = j - jnp.maximum(d, 0) + _offset(d, rows, columns, width, align)
    row = jnp.clip(hi - d, 0, hi - lo)
    return diagonal[..., row, jnp.clip(along, 0, width - 1)], inside


@op("linalg.diag")
def _diag(
    diagonal: Same,
    padding_value: Same,
    k: Any,
    num_rows: Any,
    num_cols: Any,
    align: str,
    name: str | None = None,
) -> Array:
    lo, hi = _band("tf.linalg.diag", k, align)
    check_min_rank("tf.linalg.diag", diagonal, 1 if lo == hi else 2, "diagonal")
    if lo != hi and diagonal.shape[-2] != hi - lo + 1:
        raise ShapeError.of(
            "tf.linalg.diag",
            expected=f"{hi - lo + 1} diagonals on the second last axis",
            received=f"shape {text(diagonal.shape)}",
            hint="One row a diagonal.",
        )
    width = diagonal.shape[-1]
    least = (width - min(hi, 0), width + max(lo, 0))
    rows = as_int("tf.linalg.diag", num_rows, "num_rows")
    columns = as_int("tf.linalg.diag", num_cols, "num_cols")
    if rows == -1 and columns == -1:
        rows = columns = max(least)
    rows = least[0] if rows == -1 else rows
    columns = least[1] if columns == -1 else columns
    if rows < least[0] or columns < least[1]:
        raise InvalidArgumentError.of(
            "tf.linalg.diag",
            expected=f"at least {least[0]} rows and {least[1]} columns",
            received=f"num_rows={rows}, num_cols={columns}",
            hint="Leave them out to fit the diagonal.",
        )
    values, inside = _spread(diagonal, lo, hi, (rows, columns), align)
    return jnp.where(inside, values, padding_value)


def diag(
    diagonal: Any,
    name: str | None = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices with given diagonals.

    Args:
        diagonal: a tensor of shape ``(..., M)``, or ``(..., K, M)`` for K diagonals.
        name: a name scope.
        k: the diagonal, or the lowest and the highest one.
        num_rows: the number of rows; as few as fit if -1.
        num_cols: the number of columns; as few as fit if -1.
        padding_value: the scalar elsewhere.
        align: how shorter diagonals stand in their rows: the side of those above,
            then of those below the main one.

    Returns:
        A tensor of shape ``(..., rows, columns)``.

    Raises:
        InvalidArgumentError: if the sizes do not fit.

    Reference: ``tf.linalg.diag``.
    """
    if isinstance(padding_value, int) and getattr(diagonal, "dtype", None) == "bool":
        padding_value = bool(padding_value)
    diagonal = convert_to_tensor(diagonal)
    padding = convert_to_tensor(padding_value, diagonal.dtype)
    return _diag(diagonal, padding, k, num_rows, num_cols, align, name=name)


@op("linalg.diag_part")
def _diag_part(
    input: Same, padding_value: Same, k: Any, align: str, name: str | None = None
) -> Array:
    lo, hi = _band("tf.linalg.diag_part", k, align)
    check_min_rank("tf.linalg.diag_part", input, 2)
    rows, columns = input.shape[-2:]
    if not -rows < lo <= hi < columns and input.size:
        raise InvalidArgumentError.of(
            "tf.linalg.diag_part",
            expected=f"diagonals in ({-rows}, {columns})",
            received=f"k={[lo, hi]}",
            hint="A matrix has no diagonals beyond its corners.",
        )
    if lo == hi:
        return jnp.diagonal(input, offset=lo, axis1=-2, axis2=-1)
    d = jnp.arange(hi, lo - 1, -1)[:, None]
    width = int(min(rows + min(hi, 0), columns - max(lo, 0)))
    along = jnp.arange(width)[None, :] - _offset(d, rows, columns, width, align)
    valid = (along >= 0) & (along < _size(d, rows, columns))
    i = jnp.clip(along - jnp.minimum(d, 0), 0, rows - 1)
    j = jnp.clip(along + jnp.maximum(d, 0), 0, columns - 1)
    return jnp.where(valid, input[..., i, j], padding_value)


def diag_part(
    input: Any,
    name: str | None = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """The diagonals of matrices.

    Args:
        input: a tensor of shape ``(..., M, N)``.
        name: a name scope.
        k: the diagonal, or the lowest and the highest one.
        padding_value: the scalar that fills shorter diagonals.
        align: how shorter diagonals stand in their rows.

    Returns:
        A tensor of shape ``(..., length)``, or ``(..., K, length)`` for a band.

    Raises:
        InvalidArgumentError: if there is no such diagonal.

    Reference: ``tf.linalg.diag_part``.
    """
    input = convert_to_tensor(input)
    padding = convert_to_tensor(padding_value, input.dtype)
    return _diag_part(input, padding, k, align, name=name)


@op("linalg.set_diag")
def set_diag(
    input: Same,
    diagonal: Same,
    name: str | None = "set_diag",
    k: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Array:
    """Matrices with some diagonals replaced.

    Args:
        input: a tensor of shape ``(..., M, N)``.
        diagonal: the new diagonals, as ``tf.linalg.diag_part`` gives them.
        name: a name scope.
        k: the diagonal, or the lowest and the highest one.
        align: how shorter diagonals stand in their rows.

    Returns:
        A tensor of the shape and dtype of ``input``.

    Raises:
        InvalidArgumentError: if the shapes do not fit.

    Reference: ``tf.linalg.set_diag``.
    """
    lo, hi = _band("tf.linalg.set_diag", k, align)
    check_min_rank("tf.linalg.set_diag", input, 2)
    rows, columns = input.shape[-2:]
    width = min(rows + min(hi, 0), columns - max(lo, 0))
    wanted = (*input.shape[:-2], *(() if lo == hi else (hi - lo + 1,)), width)
    if diagonal.shape != wanted:
        raise ShapeError.of(
            "tf.linalg.set_diag",
            expected=f"`diagonal` of shape {text(wanted)}",
            received=f"shape {text(diagonal.shape)} for input {text(input.shape)}",
            hint="Check k.",
        )
    values, inside = _spread(diagonal, lo, hi, (rows, columns), align)
    return jnp.where(inside, values, input)


@op("linalg.band_part")
def band_part(
    input: TensorLike, num_lower: Any, num_upper: Any, name: str | None = None
) -> Array:
    """Matrices with everything outside a band around the diagonal set to zero.

    Args:
        input: a tensor of shape ``(..., M, N)``.
        num_lower: how many diagonals below the main one stay; all if negative.
        num_upper: how many above it stay; all if negative.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the rank is below 2.

    Reference: ``tf.linalg.band_part``.
    """
    check_min_rank("tf.linalg.band_part", input, 2)
    lower = as_int("tf.linalg.band_part", num_lower, "num_lower")
    upper = as_int("tf.linalg.band_part", num_upper, "num_upper")
    rows, columns = input.shape[-2:]
    d = jnp.arange(columns)[None, :] - jnp.arange(rows)[:, None]
    keep = (d >= (-rows if lower < 0 else -lower)) & (
        d <= (columns if upper < 0 else upper)
    )
    return jnp.where(keep, input, jnp.zeros((), input.dtype))


@op("linalg.trace", dtypes=NUMERIC)
def trace(x: TensorLike, name: str | None = None) -> Array:
    """The sum of the main diagonal.

    Args:
        x: a numeric tensor of shape ``(..., M, N)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(...)`` and the same dtype.

    Raises:
        InvalidArgumentError: if the rank is below 2.

    Reference: ``tf.linalg.trace``.
    """
    check_min_rank("tf.linalg.trace", x, 2, "x")
    return jnp.trace(x, axis1=-2, axis2=-1, dtype=x.dtype)


@op("linalg.tensor_diag", dtypes=NUMERIC)
def tensor_diag(diagonal: TensorLike, name: str | None = None) -> Array:
    """A tensor of twice the rank with a given diagonal and zeros elsewhere.

    Args:
        diagonal: a numeric tensor of shape ``(D1, …, DK)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(D1, …, DK, D1, …, DK)``.

    Reference: ``tf.linalg.tensor_diag``.
    """
    return jnp.diag(diagonal.reshape(-1)).reshape(diagonal.shape * 2)


@op("linalg.tensor_diag_part", dtypes=NUMERIC)
def tensor_diag_part(input: TensorLike, name: str | None = None) -> Array:
    """The diagonal of a tensor of even rank: ``out[i, …] = input[i, …, i, …]``.

    Args:
        input: a numeric tensor of shape ``(D1, …, DK, D1, …, DK)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(D1, …, DK)``.

    Raises:
        InvalidArgumentError: if the two halves of the shape differ.

    Reference: ``tf.linalg.tensor_diag_part``.
    """
    half = input.ndim // 2
    first = input.shape[:half]
    if not input.ndim or input.ndim % 2 or first != input.shape[half:]:
        raise ShapeError.of(
            "tf.linalg.tensor_diag_part",
            expected="an even rank and two equal halves of the shape",
            received=f"shape {text(input.shape)}",
            hint="Use tf.linalg.diag_part for matrices that are not square.",
        )
    size = int(np.prod(first))
    return jnp.diagonal(input.reshape(size, size)).reshape(first)


@op("linalg.matrix_transpose")
def matrix_transpose(
    a: TensorLike, name: str | None = "matrix_transpose", conjugate: bool = False
) -> Array:
    """The last two axes exchanged.

    Args:
        a: a tensor of shape ``(..., M, N)``.
        name: a name scope.
        conjugate: whether complex numbers are conjugated as well.

    Returns:
        A tensor of shape ``(..., N, M)``.

    Raises:
        ValueError: if the rank is below 2.

    Reference: ``tf.linalg.matrix_transpose``.
    """
    check_min_rank("tf.linalg.matrix_transpose", a, 2, "a")
    out = a.swapaxes(-1, -2)
    return out.conj() if conjugate and a.dtype.kind == "c" else out


@op("linalg.adjoint")
def adjoint(matrix: TensorLike, name: str | None = None) -> Array:
    """The conjugate transpose of the last two axes.

    Args:
        matrix: a tensor of shape ``(..., M, N)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(..., N, M)``.

    Raises:
        ValueError: if the rank is below 2.

    Reference: ``tf.linalg.adjoint``.
    """
    check_min_rank("tf.linalg.adjoint", matrix, 2, "matrix")
    out = matrix.swapaxes(-1, -2)
    return out.conj() if matrix.dtype.kind == "c" else out
