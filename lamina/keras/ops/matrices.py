"""`keras.ops` of linear algebra: products, decompositions, systems, norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as scipy_linalg
import numpy as np

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, TensorLike, Tensors, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.ops.promotion import convert, promote, to_float
from lamina.keras.ops.reductions import for_sum
from lamina.kernels.selection import portable
from lamina.ops.linalg import products


def _square(name: str, x: Array) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise InvalidArgumentError.of(
            f"keras.ops.{name}",
            expected="square matrices `(..., M, M)`",
            received=f"shape {tuple(x.shape)}",
            hint="Check the order of the axes.",
        )


def _matrix_op(name: str, compute: Any, summary: str, result: str) -> Any:
    """A public function of square matrices."""

    def body(x: TensorLike) -> Any:
        _square(name, x)
        return compute(x)

    body.__doc__ = f"The lowering of `keras.ops.{name}`."
    operation = op(f"keras.ops.{name}")(body)

    def function(x: Any) -> Any:
        return operation(to_float(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        x: Square matrices `(..., M, M)`; integers "
        f"become floatx.\n\n    Returns:\n        {result}\n\n    Raises:\n        "
        "ValueError: The matrices are not square.\n\n"
        f"    Reference: `keras.ops.{name}`.\n    "
    )
    return function


inv = _matrix_op("inv", jnp.linalg.inv, "The inverse.", "Matrices of the same shape.")
det = _matrix_op("det", jnp.linalg.det, "The determinant.", "A tensor `(...)`.")
slogdet = _matrix_op(
    "slogdet",
    lambda x: tuple(jnp.linalg.slogdet(x)),
    "The sign and the logarithm of the determinant.",
    "A tuple of two tensors `(...)`.",
)
logdet = _matrix_op(
    "logdet",
    lambda x: jnp.linalg.slogdet(x)[1],
    "The logarithm of the determinant of positive definite matrices.",
    "A tensor `(...)`.",
)
eigh = _matrix_op(
    "eigh",
    lambda x: tuple(jnp.linalg.eigh(x)),
    "Eigenvalues and eigenvectors of symmetric (Hermitian) matrices.",
    "Eigenvalues `(..., M)` in ascending order and eigenvectors in columns.",
)
lu_factor = _matrix_op(
    "lu_factor",
    lambda x: tuple(scipy_linalg.lu_factor(x)),
    "The LU decomposition with pivoting.",
    "Both triangles in one matrix, and the pivots.",
)


@op("keras.ops.eig", host=True, differentiable=False)
def _eig(x: TensorLike) -> Any:
    """The lowering of `keras.ops.eig`."""
    return tuple(np.linalg.eig(x))


def eig(x: Any) -> Any:
    """Eigenvalues and eigenvectors of square matrices.

    Args:
        x: Square matrices `(..., M, M)`.

    Returns:
        Complex eigenvalues `(..., M)` and eigenvectors in columns.

    Reference: `keras.ops.eig`.
    """
    x = to_float(x)
    values, vectors = _eig(x)
    complex_type = "complex128" if x.dtype == "float64" else "complex64"
    return convert(values, complex_type), convert(vectors, complex_type)


@op("keras.ops.cholesky")
def _cholesky(x: TensorLike, upper: bool) -> Array:
    """The lowering of `keras.ops.cholesky`."""
    _square("cholesky", x)
    low = jnp.linalg.cholesky(x, symmetrize_input=False)
    return jnp.conj(jnp.swapaxes(low, -1, -2)) if upper else low


def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The triangular factor of positive definite matrices.

    Args:
        x: Matrices `(..., M, M)`.
        upper: Whether to return the upper factor.

    Returns:
        Triangular matrices; NaN where a matrix is not positive definite.

    Reference: `keras.ops.cholesky`.
    """
    return _cholesky(to_float(x), upper)


@op("keras.ops.cholesky_inverse")
def _cholesky_inverse(x: TensorLike, upper: bool) -> Array:
    """The lowering of `keras.ops.cholesky_inverse`."""
    _square("cholesky_inverse", x)
    identity = jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape)
    inverse = jax.lax.linalg.triangular_solve(
        x, identity, left_side=True, lower=not upper
    )
    flipped = jnp.swapaxes(inverse, -1, -2)
    return inverse @ flipped if upper else flipped @ inverse


def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of matrices that are given by their Cholesky factors.

    Args:
        x: Triangular factors `(..., M, M)`.
        upper: Whether they are upper factors.

    Returns:
        The inverses.

    Reference: `keras.ops.cholesky_inverse`.
    """
    return _cholesky_inverse(to_float(x), upper)


@op("keras.ops.qr")
def _qr(x: TensorLike, mode: str) -> Any:
    """The lowering of `keras.ops.qr`."""
    return tuple(jnp.linalg.qr(x, mode))


def qr(x: Any, mode: str = "reduced") -> Any:
    """The QR decomposition.

    Args:
        x: Matrices `(..., M, N)`.
        mode: `"reduced"` or `"complete"`.

    Returns:
        Orthogonal and upper triangular factors.

    Raises:
        ValueError: `mode` is another word.

    Reference: `keras.ops.qr`.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(
            "keras.ops.qr: expected mode 'reduced' or 'complete'. Received: "
            f"mode={mode}. `mode` argument value not supported."
        )
    return _qr(to_float(x), mode)


@op("keras.ops.svd")
def _svd(x: TensorLike, full_matrices: bool, compute_uv: bool) -> Any:
    """The lowering of `keras.ops.svd`."""
    out = jnp.linalg.svd(x, full_matrices, compute_uv)
    return tuple(out) if compute_uv else out


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition `u @ diag(s) @ vh`.

    Args:
        x: Matrices `(..., M, N)`.
        full_matrices: Whether u and vh are square.
        compute_uv: Whether to return u and vh, too.

    Returns:
        `(u, s, vh)`, or the singular values in descending order.

    Reference: `keras.ops.svd`.
    """
    return _svd(to_float(x), full_matrices, compute_uv)


@op("keras.ops.solve")
def _solve(a: Same, b: Same) -> Array:
    """The lowering of `keras.ops.solve`."""
    _square("solve", a)
    if b.ndim == a.ndim - 1:
        return jnp.linalg.solve(a, b[..., None])[..., 0]
    return jnp.linalg.solve(a, b)


def solve(a: Any, b: Any) -> Tensor:
    """Solves `a @ x = b`.

    Args:
        a: Square matrices `(..., M, M)`.
        b: Right sides `(..., M, N)` or `(..., M)`.

    Returns:
        The solutions, of the shape of `b`.

    Raises:
        ValueError: The matrices are not square.

    Reference: `keras.ops.solve`.
    """
    return _solve(*promote(a, b, extra=(float,)))


@op("keras.ops.solve_triangular")
def _solve_triangular(a: Same, b: Same, lower: bool) -> Array:
    """The lowering of `keras.ops.solve_triangular`."""
    _square("solve_triangular", a)
    sides = b[..., None] if b.ndim == a.ndim - 1 else b
    out = jax.lax.linalg.triangular_solve(a, sides, left_side=True, lower=lower)
    return out[..., 0] if b.ndim == a.ndim - 1 else out


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """Solves `a @ x = b` for triangular matrices.

    Args:
        a: Triangular matrices `(..., M, M)`.
        b: Right sides `(..., M, N)` or `(..., M)`.
        lower: Whether they are lower triangular.

    Returns:
        The solutions, of the shape of `b`.

    Raises:
        ValueError: The matrices are not square.

    Reference: `keras.ops.solve_triangular`.
    """
    return _solve_triangular(*promote(a, b, extra=(float,)), lower)  # type: ignore[call-arg]


@op("keras.ops.lstsq")
def _lstsq(a: Same, b: Same, rcond: Any) -> Array:
    """The lowering of `keras.ops.lstsq`."""
    return jnp.linalg.lstsq(a, b, rcond)[0]


def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """The x of least `|a @ x - b|`.

    Args:
        a: A matrix `(M, N)`.
        b: Right sides `(M,)` or `(M, K)`.
        rcond: Singular values below `rcond` times the largest count as 0.

    Returns:
        A tensor `(N,)` or `(N, K)`.

    Reference: `keras.ops.lstsq`.
    """
    return _lstsq(*promote(a, b, extra=(float,)), rcond)


@op("keras.ops.pinv")
def _pinv(x: TensorLike, rcond: Any) -> Array:
    """The lowering of `keras.ops.pinv`."""
    return jnp.linalg.pinv(x, rcond)


def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse of matrices.

    Args:
        x: Matrices `(..., M, N)`.
        rcond: Singular values below `rcond` times the largest count as 0.

    Returns:
        Matrices `(..., N, M)`.

    Reference: `keras.ops.pinv`.
    """
    return _pinv(to_float(x), rcond)


@op("keras.ops.matrix_rank", differentiable=False)
def _matrix_rank(x: TensorLike, tol: Any) -> Array:
    """The lowering of `keras.ops.matrix_rank`."""
    if x.ndim < 2:
        raise InvalidArgumentError.of(
            "keras.ops.matrix_rank",
            expected="matrices of rank 2 or more",
            received=f"shape {tuple(x.shape)}",
            hint="Expected input to have rank >= 2.",
        )
    if tol is None:
        return jnp.linalg.matrix_rank(x).astype(jnp.int32)
    values = jnp.linalg.svd(x, compute_uv=False)
    return jnp.sum(values > tol, -1).astype(jnp.int32)


def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """How many singular values are not 0.

    Args:
        x: Matrices `(..., M, N)`.
        tol: The singular values that count as 0; chosen from the dtype if None.

    Returns:
        An int32 tensor `(...)`.

    Reference: `keras.ops.matrix_rank`.
    """
    return _matrix_rank(to_float(x), tol)


@op("keras.ops.norm")
def _norm(x: TensorLike, order: Any, axis: Any, keepdims: bool) -> Array:
    """The lowering of `keras.ops.norm`."""
    return jnp.linalg.norm(x, order, axis, keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        x: A tensor.
        ord: The order: a number, `"fro"` or `"nuc"`; the square root of the sum of
            squares if None.
        axis: One axis for vectors, two for matrices; all of them if None.
        keepdims: Whether reduced axes stay with size 1.

    Returns:
        A floating tensor.

    Reference: `keras.ops.norm`.
    """
    return _norm(to_float(x), ord, axis, keepdims)


def _wide_integers(*values: Any) -> tuple[list[Tensor], str]:
    """Promoted tensors, and the dtype of their product."""
    tensors = [convert_to_tensor(value) for value in values]
    small = all(tensor.dtype in ("int8", "uint8") for tensor in tensors)
    if small and {tensor.dtype.name for tensor in tensors} == {"int8"}:
        return [convert(tensor, "int32") for tensor in tensors], "int32"
    ready = promote(*values)
    return ready, ready[0].dtype.name


def _for_products(*values: Any) -> tuple[list[Tensor], str]:
    ready, dtype = _wide_integers(*values)
    if dtype == "bool":
        return [convert(tensor, "int32") for tensor in ready], "bool"
    return ready, dtype


def _product(name: str, compute: Any, summary: str) -> Any:
    """A public function of two tensors whose elements are multiplied and added."""

    def body(x1: Same, x2: Same) -> Any:
        try:
            return compute(x1, x2)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError.of(
                f"keras.ops.{name}",
                expected="tensors whose shapes fit",
                received=f"shapes {tuple(x1.shape)} and {tuple(x2.shape)} ({error})",
                hint="The summed axes must be equally long.",
            ) from None

    body.__doc__ = f"The lowering of `keras.ops.{name}`."
    operation = op(f"keras.ops.{name}")(body)

    def function(x1: Any, x2: Any) -> Tensor:
        (x1, x2), dtype = _for_products(x1, x2)
        return convert(operation(x1, x2), dtype)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        x1: A tensor.\n        x2: A tensor.\n\n    "
        "Returns:\n        A tensor of the promoted dtype.\n\n    Raises:\n        "
        "ValueError: The shapes do not fit.\n\n"
        f"    Reference: `keras.ops.{name}`.\n    "
    )
    return function


dot = _product("dot", jnp.dot, "The product of the last axis with the last but one.")
inner = _product("inner", jnp.inner, "The sum of products over the last axes.")
vdot = _product("vdot", jnp.vdot, "The sum of products of all elements.")
outer = _product("outer", jnp.outer, "All products of elements of two vectors.")
kron = _product("kron", jnp.kron, "The Kronecker product.")


def matmul(x1: Any, x2: Any) -> Tensor:
    """The matrix product.

    Args:
        x1: Matrices `(..., M, K)`, or a vector `(K,)`.
        x2: Matrices `(..., K, N)`, or a vector `(K,)`.

    Returns:
        Matrices `(..., M, N)` of the promoted dtype; int8 gives int32.

    Raises:
        ValueError: The shapes do not fit.

    Reference: `keras.ops.matmul`.
    """
    if type(x1) is Tensor and type(x2) is Tensor and x1.dtype == x2.dtype:
        if x1.dtype.is_floating and len(x1.shape) > 1 and len(x2.shape) > 1:
            return products.matmul(x1, x2)
    (x1, x2), dtype = _for_products(x1, x2)
    return convert(_matmul(x1, x2), dtype)


@op("keras.ops.matmul")
def _matmul(x1: Same, x2: Same) -> Array:
    """The lowering of `keras.ops.matmul`."""
    try:
        if x1.ndim > 1 and x2.ndim == 2:
            return products.contract_axes(x1, x2, 1)
        return jnp.matmul(x1, x2)
    except (TypeError, ValueError):
        raise InvalidArgumentError.of(
            "keras.ops.matmul",
            expected="the last axis of x1 as long as the last but one of x2",
            received=f"shapes {tuple(x1.shape)} and {tuple(x2.shape)}",
            hint="Transpose one of them with keras.ops.swapaxes(x, -1, -2).",
        ) from None


@op("keras.ops.tensordot")
def _tensordot(x1: Same, x2: Same, axes: Any) -> Array:
    """The lowering of `keras.ops.tensordot`."""
    if isinstance(axes, int) and 0 <= axes <= min(x1.ndim, x2.ndim):
        return products.contract_axes(x1, x2, axes)
    return jnp.tensordot(x1, x2, axes)


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over chosen axes.

    Args:
        x1: A tensor.
        x2: A tensor.
        axes: How many axes (the last of `x1` with the first of `x2`), or two lists.

    Returns:
        A tensor of the promoted dtype.

    Reference: `keras.ops.tensordot`.
    """
    (x1, x2), dtype = _for_products(x1, x2)
    return convert(_tensordot(x1, x2, axes), dtype)


@op("keras.ops.einsum")
def _einsum(operands: Tensors, subscripts: str) -> Array:
    """The lowering of `keras.ops.einsum`."""
    return products.sum_products(subscripts.replace(" ", ""), operands)


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """Sums of products, written in Einstein's notation.

    Args:
        subscripts: The axes of the operands and of the result, as `"ij,jk->ik"`.
        *operands: Tensors.
        **kwargs: `optimize`, Keras's choice of an order of contractions, which JAX
            chooses here.

    Returns:
        A tensor of the promoted dtype; int8 gives int32.

    Raises:
        TypeError: An argument is unknown.

    Reference: `keras.ops.einsum`.
    """
    unknown = sorted(set(kwargs) - {"name", "optimize", "greedy"})
    if unknown:
        raise TypeError(
            "keras.ops.einsum: expected no keyword but optimize. Received: "
            f"{', '.join(unknown)}. Leave them out."
        )
    ready, dtype = _for_products(*operands)
    return convert(_einsum(ready, subscripts), dtype)


@op("keras.ops.cross")
def _cross(x1: Same, x2: Same, axisa: int, axisb: int, axisc: int, axis: Any) -> Array:
    """The lowering of `keras.ops.cross`."""
    return jnp.cross(x1, x2, axisa, axisb, axisc, axis)


def cross(
    x1: Any,
    x2: Any,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    """The vector product.

    Args:
        x1: Vectors of 2 or 3 elements.
        x2: Vectors of 2 or 3 elements.
        axisa: The axis of the vectors in `x1`.
        axisb: The axis of the vectors in `x2`.
        axisc: The axis of the vectors in the result.
        axis: All three axes at once.

    Returns:
        A tensor of the promoted dtype.

    Reference: `keras.ops.cross`.
    """
    return _cross(*promote(x1, x2), axisa, axisb, axisc, axis)


@op("keras.ops.trace")
def _trace(x: TensorLike, offset: int, axis1: int, axis2: int) -> Array:
    """The lowering of `keras.ops.trace`."""
    return jnp.trace(x, offset, axis1, axis2, x.dtype)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal.

    Args:
        x: A tensor of rank at least 2.
        offset: Which diagonal.
        axis1: The first axis of the matrices.
        axis2: The second axis.

    Returns:
        A tensor; small integers become 32 bits wide.

    Reference: `keras.ops.trace`.
    """
    return _trace(for_sum(x), offset, axis1, axis2)


def jvp(
    fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False
) -> Any:
    """A function's value and its derivative in a direction.

    Args:
        fun: A function of tensors.
        primals: The arguments.
        tangents: A direction for each argument.
        has_aux: Whether `fun` returns a pair whose second part is not differentiated.

    Returns:
        `(value, derivative)`, and the second part with `has_aux`.

    Reference: `keras.ops.jvp`.
    """

    def raw(*arrays: Any) -> Any:
        out = fun(*(Tensor(each) for each in arrays))
        if has_aux:
            return convert_to_tensor(out[0])._value, convert_to_tensor(out[1])._value
        return convert_to_tensor(out)._value

    points = [jnp.asarray(to_float(each)._value) for each in primals]
    steps = [jnp.asarray(to_float(each)._value) for each in tangents]
    with portable():  # native kernels have derivatives in reverse mode only
        result = jax.jvp(raw, points, steps, has_aux=has_aux)
    return tuple(Tensor(part) for part in result)
