"""Complex numbers: making them and taking them apart."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from lamina.engine import dtypes
from lamina.engine.op import Array, Same, TensorLike, op
from lamina.ops.checks import NUMERIC, check_broadcast


@op("complex", dtypes=(dtypes.float32, dtypes.float64))
def complex_(real: Same, imag: Same, name: str | None = None) -> Array:
    """Complex numbers from real and imaginary parts.

    Args:
        real: a ``float32`` or ``float64`` tensor.
        imag: a tensor of the same dtype whose shape broadcasts with that of ``real``.
        name: a name scope.

    Returns:
        A ``complex64`` or ``complex128`` tensor of the broadcast shape.

    Raises:
        InvalidArgumentError: if dtypes differ or shapes do not broadcast.

    Reference: ``tf.complex``.
    """
    check_broadcast("tf.complex", real, imag)
    return lax.complex(*jnp.broadcast_arrays(real, imag))


@op("math.real", dtypes=NUMERIC)
def real(input: TensorLike, name: str | None = None) -> Array:
    """The real part.

    Args:
        input: a numeric tensor.
        name: a name scope.

    Returns:
        A tensor of the real dtype; real tensors are unchanged.

    Reference: ``tf.math.real``.
    """
    return input.real


@op("math.imag", dtypes=NUMERIC)
def imag(input: TensorLike, name: str | None = None) -> Array:
    """The imaginary part.

    Args:
        input: a numeric tensor.
        name: a name scope.

    Returns:
        A tensor of the real dtype; zeros for real tensors.

    Reference: ``tf.math.imag``.
    """
    return jnp.imag(input)


@op("math.conj", dtypes=NUMERIC)
def conj(x: TensorLike, name: str | None = None) -> Array:
    """The complex conjugate.

    Args:
        x: a numeric tensor.
        name: a name scope.

    Returns:
        A tensor of the same dtype; real tensors are unchanged.

    Reference: ``tf.math.conj``.
    """
    return jnp.conj(x)


@op("math.angle", dtypes=NUMERIC)
def angle(input: TensorLike, name: str | None = None) -> Array:
    """The angle of complex numbers in radians; of real ones 0 or pi.

    Args:
        input: a numeric tensor.
        name: a name scope.

    Returns:
        A tensor of the real dtype.

    Reference: ``tf.math.angle``.
    """
    if jnp.iscomplexobj(input):
        return jnp.angle(input)
    return jnp.where(input < 0, jnp.asarray(jnp.pi, input.dtype), jnp.zeros_like(input))
