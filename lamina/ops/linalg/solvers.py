"""Inverses, determinants and systems of linear equations."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from lamina.engine.errors import ShapeError
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor
from lamina.ops.checks import check_min_rank, check_square, text
from lamina.ops.linalg.decompositions import WIDE, check_finite


def _adjoint(x: Array) -> Array:
    return jnp.conj(jnp.swapaxes(x, -1, -2))


@op("linalg.inv", dtypes=WIDE)
def _inv(input: TensorLike, adjoint: bool, name: str | None = None) -> Array:
    check_square("tf.linalg.inv", input)
    return jnp.linalg.inv(_adjoint(input) if adjoint else input)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverse of square matrices.

    Args:
        input: matrices of shape ``(..., M, M)``.
        adjoint: whether the conjugate transpose is inverted.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if a matrix is not square or not invertible.

    Reference: ``tf.linalg.inv``. In a compiled program a singular matrix gives
    values that are not finite.
    """
    return check_finite(
        "tf.linalg.inv",
        _inv(input, bool(adjoint), name=name),
        "Input is not invertible",
    )


@op("linalg.det", dtypes=WIDE)
def det(input: TensorLike, name: str | None = None) -> Array:
    """The determinant of square matrices.

    Args:
        input: matrices of shape ``(..., M, M)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(...)``.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.det``.
    """
    check_square("tf.linalg.det", input)
    return jnp.linalg.det(input)


class LogMatrixDeterminant(NamedTuple):
    """What ``tf.linalg.slogdet`` returns."""

    sign: Any
    log_abs_determinant: Any


@op("linalg.slogdet", dtypes=WIDE)
def slogdet(input: TensorLike, name: str | None = None) -> LogMatrixDeterminant:
    """The sign and the logarithm of the absolute value of the determinant.

    Args:
        input: matrices of shape ``(..., M, M)``.
        name: a name scope.

    Returns:
        ``sign`` and ``log_abs_determinant``, each of shape ``(...)``.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.slogdet``.
    """
    check_square("tf.linalg.slogdet", input)
    sign, logarithm = jnp.linalg.slogdet(input)
    return LogMatrixDeterminant(sign, logarithm.astype(input.dtype))


@op("linalg.logdet", dtypes=WIDE)
def logdet(matrix: TensorLike, name: str | None = None) -> Array:
    """The logarithm of the determinant of positive definite matrices.

    Args:
        matrix: Hermitian positive definite matrices of shape ``(..., M, M)``.
        name: a name scope.

    Returns:
        A tensor of shape ``(...)`` of the real dtype.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.logdet``.
    """
    check_square("tf.linalg.logdet", matrix, "matrix")
    factor = jnp.linalg.cholesky(matrix)
    diagonal = jnp.diagonal(factor, axis1=-2, axis2=-1).real
    return 2.0 * jnp.sum(jnp.log(diagonal), axis=-1)


def _check_system(name: str, matrix: Array, rhs: Array) -> None:
    check_square(name, matrix, "matrix")
    check_min_rank(name, rhs, 2, "rhs")
    if matrix.shape[-1] != rhs.shape[-2]:
        raise ShapeError.of(
            name,
            expected=f"`rhs` with {matrix.shape[-1]} rows",
            received=f"Input matrix and rhs are incompatible: {text(matrix.shape)} and "
            f"{text(rhs.shape)}",
            hint="Use rhs[..., tf.newaxis] for vectors.",
        )


@op("linalg.solve", dtypes=WIDE)
def _solve(matrix: Same, rhs: Same, adjoint: bool, name: str | None = None) -> Array:
    _check_system("tf.linalg.solve", matrix, rhs)
    return jnp.linalg.solve(_adjoint(matrix) if adjoint else matrix, rhs)


def solve(
    matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The solution ``X`` of ``matrix @ X = rhs``.

    Args:
        matrix: square matrices of shape ``(..., M, M)``.
        rhs: a tensor of the same dtype and shape ``(..., M, K)``.
        adjoint: whether the conjugate transpose of ``matrix`` is meant.
        name: a name scope.

    Returns:
        A tensor of the shape of ``rhs``.

    Raises:
        InvalidArgumentError: if the shapes do not fit or a matrix is singular.

    Reference: ``tf.linalg.solve``. In a compiled program a singular matrix gives
    values that are not finite.
    """
    return check_finite(
        "tf.linalg.solve",
        _solve(matrix, rhs, bool(adjoint), name=name),
        "Input matrix is not invertible",
    )


def _broadcast(a: Array, b: Array) -> tuple[Array, Array]:
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (
        jnp.broadcast_to(a, batch + a.shape[-2:]),
        jnp.broadcast_to(b, batch + b.shape[-2:]),
    )


@op("linalg.triangular_solve", dtypes=WIDE)
def triangular_solve(
    matrix: Same,
    rhs: Same,
    lower: bool = True,
    adjoint: bool = False,
    name: str | None = None,
) -> Array:
    """The solution ``X`` of ``matrix @ X = rhs`` for triangular matrices.

    Args:
        matrix: matrices of shape ``(..., M, M)``, of which one triangle counts.
        rhs: a tensor of the same dtype and shape ``(..., M, K)``.
        lower: whether the lower triangle counts.
        adjoint: whether the conjugate transpose of ``matrix`` is meant.
        name: a name scope.

    Returns:
        A tensor of the shape of ``rhs``; batch axes broadcast.

    Raises:
        InvalidArgumentError: if the shapes do not fit.

    Reference: ``tf.linalg.triangular_solve``.
    """
    _check_system("tf.linalg.triangular_solve", matrix, rhs)
    a, b = _broadcast(matrix, rhs)
    return lax.linalg.triangular_solve(
        a,
        b,
        left_side=True,
        lower=bool(lower),
        transpose_a=bool(adjoint),
        conjugate_a=bool(adjoint),
    )


@op("linalg.cholesky_solve", dtypes=WIDE)
def cholesky_solve(chol: Same, rhs: Same, name: str | None = None) -> Array:
    """The solution ``X`` of ``chol cholᴴ X = rhs``.

    Args:
        chol: lower triangular factors from ``tf.linalg.cholesky``, ``(..., M, M)``.
        rhs: a tensor of the same dtype and shape ``(..., M, K)``.
        name: a name scope.

    Returns:
        A tensor of the shape of ``rhs``.

    Raises:
        InvalidArgumentError: if the shapes do not fit.

    Reference: ``tf.linalg.cholesky_solve``.
    """
    _check_system("tf.linalg.cholesky_solve", chol, rhs)
    a, b = _broadcast(chol, rhs)
    half = lax.linalg.triangular_solve(a, b, left_side=True, lower=True)
    return lax.linalg.triangular_solve(
        a, half, left_side=True, lower=True, transpose_a=True, conjugate_a=True
    )


@op("linalg.lstsq", dtypes=WIDE)
def lstsq(
    matrix: Same,
    rhs: Same,
    l2_regularizer: float = 0.0,
    fast: bool = True,
    name: str | None = None,
) -> Array:
    """The least-squares solution of linear systems.

    Minimises ``‖matrix @ X - rhs‖² + l2_regularizer ‖X‖²``; for fewer rows than
    columns, the solution of least norm.

    Args:
        matrix: matrices of shape ``(..., M, N)``.
        rhs: a tensor of the same dtype and shape ``(..., M, K)``.
        l2_regularizer: the weight of the norm of the solution, zero or more.
        fast: whether the normal equations are used; else an orthogonal factorisation,
            which leaves the regulariser out.
        name: a name scope.

    Returns:
        A tensor of shape ``(..., N, K)``.

    Raises:
        InvalidArgumentError: if the numbers of rows differ.

    Reference: ``tf.linalg.lstsq``.
    """
    check_min_rank("tf.linalg.lstsq", matrix, 2, "matrix")
    check_min_rank("tf.linalg.lstsq", rhs, 2, "rhs")
    if matrix.shape[-2] != rhs.shape[-2]:
        raise ShapeError.of(
            "tf.linalg.lstsq",
            expected=f"`rhs` with {matrix.shape[-2]} rows",
            received=f"{text(matrix.shape)} and {text(rhs.shape)}",
            hint="Each equation needs a right-hand side.",
        )
    if not fast:
        return jnp.linalg.pinv(matrix) @ rhs
    turned = _adjoint(matrix)
    tall = matrix.shape[-2] >= matrix.shape[-1]
    gram = turned @ matrix if tall else matrix @ turned
    gram = gram + l2_regularizer * jnp.eye(gram.shape[-1], dtype=gram.dtype)
    factor = jnp.linalg.cholesky(gram)

    def divide(b: Array) -> Array:
        half = lax.linalg.triangular_solve(factor, b, left_side=True, lower=True)
        return lax.linalg.triangular_solve(
            factor, half, left_side=True, lower=True, transpose_a=True, conjugate_a=True
        )

    return divide(turned @ rhs) if tall else turned @ divide(rhs)


@op("linalg.pinv", dtypes=WIDE)
def pinv(
    a: TensorLike,
    rcond: Any = None,
    validate_args: bool = False,
    name: str | None = None,
) -> Array:
    """The Moore-Penrose pseudo-inverse.

    Args:
        a: matrices of shape ``(..., M, N)``.
        rcond: singular values below this part of the largest count as zero;
            ``10 max(M, N) eps`` if None.
        validate_args: accepted for compatibility; shapes are always checked.
        name: a name scope.

    Returns:
        A tensor of shape ``(..., N, M)``.

    Raises:
        InvalidArgumentError: if the rank is below 2.

    Reference: ``tf.linalg.pinv``.
    """
    check_min_rank("tf.linalg.pinv", a, 2, "a")
    if rcond is None:
        rcond = 10.0 * max(a.shape[-2:]) * float(jnp.finfo(a.dtype).eps)
    return jnp.linalg.pinv(a, rtol=rcond)


@op("linalg.matrix_rank", dtypes=WIDE, differentiable=False)
def matrix_rank(
    a: TensorLike,
    tol: Any = None,
    validate_args: bool = False,
    name: str | None = None,
) -> Array:
    """The number of singular values above a tolerance.

    Args:
        a: matrices of shape ``(..., M, N)``.
        tol: the tolerance; ``max(M, N) eps`` times the largest value if None.
        validate_args: accepted for compatibility; shapes are always checked.
        name: a name scope.

    Returns:
        An ``int32`` tensor of shape ``(...)``.

    Raises:
        InvalidArgumentError: if the rank is below 2.

    Reference: ``tf.linalg.matrix_rank``.
    """
    check_min_rank("tf.linalg.matrix_rank", a, 2, "a")
    s = jnp.linalg.svd(a, compute_uv=False)
    if tol is None:
        eps = jnp.finfo(a.dtype).eps
        tol = max(a.shape[-2:]) * eps * jnp.max(s, axis=-1, keepdims=True)
    return jnp.sum(s > tol, axis=-1, dtype=jnp.int32)


@op("linalg.expm", dtypes=WIDE)
def expm(input: TensorLike, name: str | None = None) -> Array:
    """The exponential of square matrices.

    Args:
        input: matrices of shape ``(..., M, M)``.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.expm``.
    """
    check_square("tf.linalg.expm", input)
    return jax.scipy.linalg.expm(input)
