"""Stateless samplers of the gamma, Poisson and binomial distributions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.random.keys import key_of, sizes
from lamina.ops.random.stateless import FLOATS, check_dtype


@op("random.stateless_gamma")
def gamma_op(
    shape: Any,
    seed: TensorLike,
    alpha: TensorLike,
    beta: TensorLike | None = None,
    name: str | None = None,
) -> Array:
    """The lowering of the gamma samplers; ``shape`` is the whole result's."""
    key = key_of(seed, "tf.random.stateless_gamma")
    drawn = jax.random.gamma(key, alpha, sizes(shape), alpha.dtype)
    drawn = jnp.maximum(drawn, np.finfo(np.float32).tiny).astype(alpha.dtype)
    return drawn if beta is None else drawn / beta


def stateless_gamma(
    shape: Any,
    seed: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
) -> Tensor:
    """Draws from the gamma distribution.

    Args:
        shape: the whole shape of the result, to which the parameters broadcast.
        seed: an integer tensor of shape ``(2,)``.
        alpha: the shape parameter, positive.
        beta: the inverse scale, positive; 1 where None.
        dtype: a float type.
        name: a name for the operation.

    Returns:
        A tensor of ``shape`` and ``dtype``, differentiable in alpha and beta.

    Reference: ``tf.random.stateless_gamma``. Known difference: other numbers.
    """
    wanted = check_dtype("tf.random.stateless_gamma", dtype, FLOATS)
    alpha = convert_to_tensor(alpha, wanted)
    beta = None if beta is None else convert_to_tensor(beta, wanted)
    return gamma_op(shape, seed, alpha, beta, name=name)


@op("random.stateless_poisson", differentiable=False)
def stateless_poisson(
    shape: Any,
    seed: TensorLike,
    lam: TensorLike,
    dtype: Any = "int32",
    name: str | None = None,
) -> Array:
    """Draws from the Poisson distribution.

    Args:
        shape: the whole shape of the result, to which ``lam`` broadcasts.
        seed: an integer tensor of shape ``(2,)``.
        lam: the mean, not negative.
        dtype: a numeric type.
        name: a name for the operation.

    Returns:
        Counts of ``shape`` and ``dtype``.

    Reference: ``tf.random.stateless_poisson``. Known difference: other numbers.
    """
    key = key_of(seed, "tf.random.stateless_poisson")
    drawn = jax.random.poisson(key, lam, sizes(shape), jnp.int64)
    return drawn.astype(as_dtype(dtype).np_dtype)


@op("random.stateless_binomial", differentiable=False)
def stateless_binomial(
    shape: Any,
    seed: TensorLike,
    counts: TensorLike,
    probs: TensorLike,
    output_dtype: Any = "int32",
    name: str | None = None,
) -> Array:
    """Draws from the binomial distribution.

    Args:
        shape: the whole shape of the result, to which the parameters broadcast.
        seed: an integer tensor of shape ``(2,)``.
        counts: the numbers of trials.
        probs: the probabilities of success.
        output_dtype: a numeric type.
        name: a name for the operation.

    Returns:
        Numbers of successes, of ``shape`` and ``output_dtype``.

    Reference: ``tf.random.stateless_binomial``. Known difference: other numbers.
    """
    key = key_of(seed, "tf.random.stateless_binomial")
    wide = jnp.promote_types(jnp.result_type(probs), jnp.float32)
    drawn = jax.random.binomial(
        key, counts.astype(wide), probs.astype(wide), sizes(shape), wide
    )
    return drawn.astype(as_dtype(output_dtype).np_dtype)
