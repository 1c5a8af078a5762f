"""Factorisations of matrices: Cholesky, QR, SVD, eigenvalues, LU."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine import dtypes
from lamina.engine.context import state
from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, Tracer
from lamina.ops.checks import check_min_rank, check_square

WIDE = ("float32", "float64", "complex64", "complex128")


def check_finite(name: str, out: Tensor, problem: str) -> Tensor:
    """Raises InvalidArgumentError if an eager result on a CPU is not finite."""
    value = out._value
    if state.trace or value is None or isinstance(value, Tracer):
        return out
    if isinstance(value, jax.Array) and next(iter(value.devices())).platform != "cpu":
        return out
    if not np.isfinite(np.asarray(value)).all():
        raise InvalidArgumentError.of(
            name,
            expected="a matrix for which the result exists",
            received=problem,
            hint="Check the matrix, or add a small multiple of the identity to it.",
        )
    return out


def _from_lower(x: Array) -> Array:
    """The Hermitian matrix of which the lower triangle is given."""
    return jnp.tril(x) + jnp.conj(jnp.swapaxes(jnp.tril(x, -1), -1, -2))


@op("linalg.cholesky", dtypes=WIDE)
def cholesky(input: TensorLike, name: str | None = None) -> Array:
    """The lower triangular factor ``L`` with ``L Lᴴ`` the matrix.

    Args:
        input: symmetric (Hermitian) positive definite matrices, ``(..., M, M)``, of
            which the lower triangle counts.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype; NaN where a matrix is not positive
        definite.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.cholesky``.
    """
    check_square("tf.linalg.cholesky", input)
    lower = _from_lower(input)
    even = (input + jnp.conj(jnp.swapaxes(input, -1, -2))) / 2
    # The lower triangle gives the value, both triangles take the gradient.
    return jnp.linalg.cholesky(even + lax.stop_gradient(lower - even))


class Qr(NamedTuple):
    """What ``tf.linalg.qr`` returns."""

    q: Any
    r: Any


@op("linalg.qr", dtypes=WIDE)
def qr(input: TensorLike, full_matrices: bool = False, name: str | None = None) -> Qr:
    """An orthogonal matrix times an upper triangular one.

    Args:
        input: matrices of shape ``(..., M, N)``.
        full_matrices: whether ``q`` is square; else it has ``min(M, N)`` columns.
        name: a name scope.

    Returns:
        ``q`` and ``r``.

    Raises:
        InvalidArgumentError: if the rank is below 2.

    Reference: ``tf.linalg.qr``.
    """
    check_min_rank("tf.linalg.qr", input, 2)
    return Qr(*jnp.linalg.qr(input, mode="complete" if full_matrices else "reduced"))


@op("linalg.svd", dtypes=WIDE)
def _svd(
    tensor: TensorLike, full_matrices: bool, name: str | None = None
) -> tuple[Array, Array, Array]:
    check_min_rank("tf.linalg.svd", tensor, 2, "tensor")
    u, s, vh = jnp.linalg.svd(tensor, full_matrices=full_matrices)
    return s, u, jnp.conj(jnp.swapaxes(vh, -1, -2))


@op("linalg.svd", dtypes=WIDE)
def _singular_values(tensor: TensorLike, name: str | None = None) -> Array:
    check_min_rank("tf.linalg.svd", tensor, 2, "tensor")
    return jnp.linalg.svd(tensor, compute_uv=False)


def svd(
    tensor: Any,
    full_matrices: bool = False,
    compute_uv: bool = True,
    name: str | None = None,
) -> Any:
    """The singular value decomposition ``U diag(s) Vᴴ``.

    Args:
        tensor: matrices of shape ``(..., M, N)``.
        full_matrices: whether ``u`` and ``v`` are square.
        compute_uv: whether the vectors are wanted too.
        name: a name scope.

    Returns:
        ``s``, largest first, then ``u`` and ``v`` (not transposed); only ``s``
        without ``compute_uv``.

    Raises:
        InvalidArgumentError: if the rank is below 2.

    Reference: ``tf.linalg.svd``. The signs of the vectors may differ.
    """
    if not compute_uv:
        return _singular_values(tensor, name=name)
    return _svd(tensor, full_matrices, name=name)


@op("linalg.eigh", dtypes=WIDE)
def eigh(tensor: TensorLike, name: str | None = None) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of symmetric (Hermitian) matrices.

    Args:
        tensor: matrices of shape ``(..., M, M)``, of which the lower triangle counts.
        name: a name scope.

    Returns:
        Eigenvalues in ascending order, ``(..., M)``, and eigenvectors as columns.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.eigh``. Eigenvalues of complex matrices have the complex
    dtype, as there. The signs of the vectors may differ.
    """
    check_square("tf.linalg.eigh", tensor, "tensor")
    values, vectors = jnp.linalg.eigh(_from_lower(tensor), symmetrize_input=False)
    return values.astype(tensor.dtype), vectors


@op("linalg.eigvalsh", dtypes=WIDE)
def eigvalsh(tensor: TensorLike, name: str | None = None) -> Array:
    """Eigenvalues of symmetric (Hermitian) matrices, ascending.

    Args:
        tensor: matrices of shape ``(..., M, M)``, of which the lower triangle counts.
        name: a name scope.

    Returns:
        A tensor of shape ``(..., M)``.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.eigvalsh``.
    """
    check_square("tf.linalg.eigvalsh", tensor, "tensor")
    values, _ = jnp.linalg.eigh(_from_lower(tensor), symmetrize_input=False)
    return values.astype(tensor.dtype)


class Lu(NamedTuple):
    """What ``tf.linalg.lu`` returns."""

    lu: Any
    p: Any


@op("linalg.lu", dtypes=WIDE)
def lu(
    input: TensorLike, output_idx_type: Any = dtypes.int32, name: str | None = None
) -> Lu:
    """The triangular factors of matrices with exchanged rows.

    Args:
        input: square matrices of shape ``(..., M, M)``.
        output_idx_type: the integer dtype of the permutation.
        name: a name scope.

    Returns:
        ``lu``, both factors in one matrix (the lower one has ones on its diagonal),
        and ``p``, the order of the rows.

    Raises:
        InvalidArgumentError: if the matrices are not square.

    Reference: ``tf.linalg.lu``.
    """
    check_square("tf.linalg.lu", input)
    packed, _, order = lax.linalg.lu(input)
    return Lu(packed, order.astype(as_dtype(output_idx_type).np_dtype))
