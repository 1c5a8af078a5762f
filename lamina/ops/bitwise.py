"""Operations on the bits of integers: ``tf.bitwise``."""

from __future__ import annotations

import jax.numpy as jnp

from lamina.engine.op import Array, Same, TensorLike, op
from lamina.ops.checks import INTEGER, check_broadcast


@op("bitwise.bitwise_and", dtypes=INTEGER)
def bitwise_and(x: Same, y: Same, name: str | None = None) -> Array:
    """The bits that are set in both.

    Args:
        x: an integer tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.bitwise.bitwise_and``.
    """
    check_broadcast("tf.bitwise.bitwise_and", x, y)
    return x & y


@op("bitwise.bitwise_or", dtypes=INTEGER)
def bitwise_or(x: Same, y: Same, name: str | None = None) -> Array:
    """The bits that are set in at least one.

    Args:
        x: an integer tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.bitwise.bitwise_or``.
    """
    check_broadcast("tf.bitwise.bitwise_or", x, y)
    return x | y


@op("bitwise.bitwise_xor", dtypes=INTEGER)
def bitwise_xor(x: Same, y: Same, name: str | None = None) -> Array:
    """The bits that are set in exactly one.

    Args:
        x: an integer tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.bitwise.bitwise_xor``.
    """
    check_broadcast("tf.bitwise.bitwise_xor", x, y)
    return x ^ y


@op("bitwise.invert", dtypes=INTEGER)
def invert(x: TensorLike, name: str | None = None) -> Array:
    """Each bit flipped.

    Args:
        x: an integer tensor.
        name: a name scope.

    Returns:
        A tensor of the same shape and dtype.

    Reference: ``tf.bitwise.invert``.
    """
    return ~x


@op("bitwise.left_shift", dtypes=INTEGER)
def left_shift(x: Same, y: Same, name: str | None = None) -> Array:
    """The bits of ``x`` moved up by ``y`` places, zeros entering.

    Args:
        x: an integer tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``;
            each value from 0 to the width of the dtype less one.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.bitwise.left_shift``. Shifts outside the range give zero here;
    TensorFlow leaves them undefined.
    """
    check_broadcast("tf.bitwise.left_shift", x, y)
    return jnp.left_shift(x, y)


@op("bitwise.right_shift", dtypes=INTEGER)
def right_shift(x: Same, y: Same, name: str | None = None) -> Array:
    """The bits of ``x`` moved down by ``y`` places, keeping the sign.

    Args:
        x: an integer tensor.
        y: a tensor of the same dtype whose shape broadcasts with that of ``x``;
            each value from 0 to the width of the dtype less one.
        name: a name scope.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Reference: ``tf.bitwise.right_shift``.
    """
    check_broadcast("tf.bitwise.right_shift", x, y)
    return jnp.right_shift(x, y)
