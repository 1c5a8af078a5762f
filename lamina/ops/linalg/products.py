"""Products of matrices and contractions of tensors."""

from __future__ import annotations

import math
import re
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine import dtypes
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError, ShapeError
from lamina.engine.op import Array, Same, Tensors, op
from lamina.engine.tensor import Tensor
from lamina.kernels.product import product
from lamina.ops.checks import (
    FLOAT_OR_COMPLEX,
    NUMERIC,
    axes_tuple,
    check_min_rank,
    text,
)

_MATMUL = (
    *FLOAT_OR_COMPLEX,
    dtypes.int8,
    dtypes.int32,
    dtypes.int64,
    dtypes.uint8,
    dtypes.uint16,
    dtypes.uint32,
    dtypes.uint64,
)


def _mismatch(
    name: str, expected: str, received: str, a: Array, b: Array
) -> ShapeError:
    return ShapeError.of(
        name,
        expected=expected,
        received=f"{received}: In[0]: {text(a.shape)}, In[1]: {text(b.shape)}",
        hint="Use transpose_a/transpose_b, reshape one of them, or tf.linalg.matvec "
        "for a matrix times a vector.",
    )


def _check_matmul(name: str, a: Array, b: Array, flip_a: bool, flip_b: bool) -> None:
    if a.ndim < 2 or b.ndim < 2:
        raise _mismatch(
            name,
            "two tensors of rank 2 or more",
            "In[0] and In[1] has different ndims"
            if a.ndim != b.ndim
            else "In[0] and In[1] ndims must be >= 2",
            a,
            b,
        )
    inner_a, inner_b = a.shape[-2 if flip_a else -1], b.shape[-1 if flip_b else -2]
    if inner_a != inner_b:
        raise _mismatch(
            name,
            f"equal inner sizes, {inner_a} and {inner_b} differ",
            "Matrix size-incompatible",
            a,
            b,
        )
    try:
        np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise _mismatch(
            name,
            "batch dimensions that broadcast",
            "In[0] and In[1] must have compatible batch dimensions",
            a,
            b,
        ) from None


def multiply_matrices(
    a: Array, b: Array, flip_a: bool = False, flip_b: bool = False, wide: Any = None
) -> Array:
    """The matrix product of raw arrays, each optionally transposed."""
    if a.ndim == 2 and b.ndim == 2:
        return product(a, b, flip_a, flip_b, wide)
    if flip_a:
        a = jnp.swapaxes(a, -1, -2)
    if flip_b:
        b = jnp.swapaxes(b, -1, -2)
    if b.ndim == 2:
        return contract_axes(a, b, 1, wide)
    return jnp.matmul(a, b, preferred_element_type=wide)


def contract_axes(a: Array, b: Array, count: int, wide: Any = None) -> Array:
    """Sums over the last axes of ``a`` and the first of ``b``.

    As one product of two matrices: the gradient of a product with more axes puts
    those of ``b`` first, and XLA transposes all of ``a`` for that (on a processor
    three times the time of the product itself).

    Args:
        a: shape ``(..., *inner)``.
        b: shape ``(*inner, ...)``.
        count: the number of inner axes.
        wide: the dtype of the sums and of the result; that of ``a`` if None.
    """
    split = a.ndim - count
    inner = math.prod(b.shape[:count])
    rows = jnp.reshape(a, (math.prod(a.shape[:split]), inner))
    columns = jnp.reshape(b, (inner, math.prod(b.shape[count:])))
    found = product(rows, columns, wide=wide)
    return jnp.reshape(found, (*a.shape[:split], *b.shape[count:]))


def sum_products(
    equation: str, inputs: list[Array], optimize: Any = "optimal"
) -> Array:
    """The sum of products of raw arrays that an equation without spaces describes."""
    count = _inner_axes(equation, [x.shape for x in inputs])
    if count:
        a, b = inputs
        return contract_axes(a, b, count)
    return jnp.einsum(equation, *inputs, optimize=optimize)


@op("matmul", dtypes=_MATMUL)
def matmul(
    a: Same,
    b: Same,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Array:
    """The matrix product of the last two axes; leading axes are batches.

    Args:
        a: a numeric tensor of shape ``(..., M, K)``.
        b: a tensor of the same dtype and shape ``(..., K, N)``; the batch axes
            broadcast.
        transpose_a: ``a`` is given as ``(..., K, M)``.
        transpose_b: ``b`` is given as ``(..., N, K)``.
        adjoint_a: as ``transpose_a``, and conjugated.
        adjoint_b: as ``transpose_b``, and conjugated.
        a_is_sparse: a hint that ``a`` has many zeros; the result is the same.
        b_is_sparse: a hint that ``b`` has many zeros; the result is the same.
        output_type: the dtype in which products are summed and returned, such as
            ``int32`` for ``int8`` inputs.
        grad_a: a hint that ``a`` is a gradient; the result is the same.
        grad_b: a hint that ``b`` is a gradient; the result is the same.
        name: a name scope.

    Returns:
        A tensor of shape ``(..., M, N)``.

    Raises:
        InvalidArgumentError: if the sizes or dtypes do not fit, or both a transpose
            and an adjoint of one input are asked for.

    Reference: ``tf.matmul``.
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise InvalidArgumentError.of(
            "tf.matmul",
            expected="at most one of transpose and adjoint for each input",
            received=f"transpose_a={transpose_a}, adjoint_a={adjoint_a}, "
            f"transpose_b={transpose_b}, adjoint_b={adjoint_b}",
            hint="The adjoint already transposes.",
        )
    if a.dtype == jnp.int8 and output_type is None:
        raise InvalidArgumentError.of(
            "tf.matmul",
            expected="an output_type for int8 inputs",
            received="output_type=None",
            hint="Pass output_type=tf.int32.",
        )
    _check_matmul("tf.matmul", a, b, transpose_a or adjoint_a, transpose_b or adjoint_b)
    if adjoint_a:
        a = jnp.conj(a)
    if adjoint_b:
        b = jnp.conj(b)
    wide = None if output_type is None else as_dtype(output_type).np_dtype
    return multiply_matrices(
        a, b, transpose_a or adjoint_a, transpose_b or adjoint_b, wide
    )


@op("linalg.matvec", dtypes=NUMERIC)
def matvec(
    a: Same,
    b: Same,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Array:
    """Matrices times vectors: the last two axes of ``a``, the last of ``b``.

    Args:
        a: a numeric tensor of shape ``(..., M, N)``.
        b: a tensor of the same dtype and shape ``(..., N)``; batch axes broadcast.
        transpose_a: ``a`` is given as ``(..., N, M)``.
        adjoint_a: as ``transpose_a``, and conjugated.
        a_is_sparse: a hint; the result is the same.
        b_is_sparse: a hint; the result is the same.
        name: a name scope.

    Returns:
        A tensor of shape ``(..., M)``.

    Raises:
        InvalidArgumentError: if the sizes do not fit.

    Reference: ``tf.linalg.matvec``.
    """
    check_min_rank("tf.linalg.matvec", b, 1, "b")
    column = b[..., None]
    flip = transpose_a or adjoint_a
    _check_matmul("tf.linalg.matvec", a, column, flip, False)
    return multiply_matrices(jnp.conj(a) if adjoint_a else a, column, flip)[..., 0]


@op("tensordot", dtypes=NUMERIC)
def tensordot(a: Same, b: Same, axes: Any, name: str | None = None) -> Array:
    """The sum of products over chosen axes of two tensors.

    Args:
        a: a numeric tensor.
        b: a tensor of the same dtype.
        axes: a number N (the last N axes of ``a`` with the first N of ``b``), or two
            lists of axes, paired in order.
        name: a name scope.

    Returns:
        A tensor with the axes of ``a`` that stay, then those of ``b``.

    Raises:
        InvalidArgumentError: if the paired sizes differ or an axis does not exist.

    Reference: ``tf.tensordot``.
    """
    if isinstance(axes, int):
        if not 0 <= axes <= min(a.ndim, b.ndim):
            raise InvalidArgumentError.of(
                "tf.tensordot",
                expected=f"axes from 0 to {min(a.ndim, b.ndim)}",
                received=f"axes={axes}",
                hint="It counts the axes to sum over.",
            )
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    else:
        if len(axes) != 2:
            raise InvalidArgumentError.of(
                "tf.tensordot",
                expected="`axes` as a number or a pair of lists",
                received=f"axes={axes}",
                hint="As in axes=[[1], [0]].",
            )
        left = axes_tuple("tf.tensordot", axes[0], a.ndim)
        right = axes_tuple("tf.tensordot", axes[1], b.ndim)
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise _mismatch(
            "tf.tensordot",
            f"equal sizes on the paired axes {list(left)} and {list(right)}",
            "Matrix size-incompatible",
            a,
            b,
        )
    count = len(left)
    if left == tuple(range(a.ndim - count, a.ndim)) and right == tuple(range(count)):
        return contract_axes(a, b, count)
    return jnp.tensordot(a, b, axes=(left, right))


@op("einsum", dtypes=NUMERIC)
def _einsum(
    inputs: Tensors, equation: str, optimize: Any, name: str | None = None
) -> Array:
    try:
        return sum_products(equation, inputs, _PATHS[optimize])
    except (ValueError, TypeError, IndexError, KeyError) as error:
        shapes = ", ".join(text(x.shape) for x in inputs)
        raise InvalidArgumentError.of(
            "tf.einsum",
            expected="an equation that fits the inputs, such as 'ij,jk->ik'",
            received=f"equation {equation!r} with inputs {shapes}: {error}",
            hint="Each input needs one letter an axis, and equal letters equal sizes.",
        ) from None


def _inner_axes(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """How many axes an equation like ``"abc,cd->abd"`` sums over; 0 for another."""
    found = _PRODUCT.fullmatch(equation.replace(" ", ""))
    if found is None or len(shapes) != 2:
        return 0
    outer, inner, free = found.groups()
    letters = outer + inner + free
    count = len(inner)
    fits = len(set(letters)) == len(letters) and [
        len(outer) + count,
        len(free) + count,
    ] == [len(shape) for shape in shapes]
    return count if fits and shapes[0][len(outer) :] == shapes[1][:count] else 0


# The last axes of one input with the first of the other, all others kept in order.
_PRODUCT = re.compile(r"([a-zA-Z]*)([a-zA-Z]+),\2([a-zA-Z]*)->\1\3")
_PATHS = {
    "greedy": "greedy",
    "optimal": "optimal",
    "branch-2": "optimal",
    "branch-all": "optimal",
    "auto": "optimal",
}


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The sum of products that an equation describes, as ``"ij,jk->ik"``.

    Args:
        equation: one group of letters an input, separated by commas, one letter an
            axis; ``...`` stands for batch axes. After ``->`` come the letters that
            stay; without it, the letters that occur once, in alphabetical order.
        *inputs: numeric tensors of one dtype.
        **kwargs: ``optimize``: how to order the products (``"greedy"`` by default,
            ``"optimal"``, ``"branch-2"``, ``"branch-all"``, ``"auto"``); ``name``.

    Returns:
        A tensor with the axes after ``->``.

    Raises:
        InvalidArgumentError: if the equation is malformed or sizes differ.
        TypeError: if another keyword is given.

    Reference: ``tf.einsum``.
    """
    name = kwargs.pop("name", None)
    optimize = kwargs.pop("optimize", "greedy")
    if kwargs:
        raise TypeError(
            f"tf.einsum: expected the keywords 'optimize' and 'name'. Received: "
            f"{sorted(kwargs)}. Remove the others."
        )
    if optimize not in _PATHS:
        raise InvalidArgumentError.of(
            "tf.einsum",
            expected=f"optimize to be one of {sorted(_PATHS)}",
            received=f"optimize={optimize!r}",
            hint="Leave it out for the default.",
        )
    if len(inputs) == 1 and isinstance(inputs[0], list | tuple):
        inputs = tuple(inputs[0])
    return _einsum(list(inputs), equation.replace(" ", ""), optimize, name=name)


@op("linalg.cross", dtypes=NUMERIC)
def cross(a: Same, b: Same, name: str | None = None) -> Array:
    """The cross product of vectors of three numbers.

    Args:
        a: a numeric tensor of shape ``(..., 3)``.
        b: a tensor of the same shape and dtype.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the shapes differ or the last axis is not 3.

    Reference: ``tf.linalg.cross``.
    """
    if a.shape != b.shape or a.ndim == 0 or a.shape[-1] != 3:
        raise ShapeError.of(
            "tf.linalg.cross",
            expected="two tensors of one shape (..., 3)",
            received=f"{text(a.shape)} and {text(b.shape)}",
            hint="Broadcast them first with tf.broadcast_to.",
        )
    return jnp.cross(a, b)
