"""The functions of `keras.random`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import message
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.common.standardize import is_float_dtype, is_int_dtype
from lamina.keras.config import floatx
from lamina.keras.random.seed_generator import draw_seed
from lamina.ops.random.counts import stateless_binomial, stateless_gamma
from lamina.ops.random.keys import key_of, stateless_shuffle
from lamina.ops.random.stateless import (
    stateless_categorical,
    stateless_normal,
    stateless_truncated_normal,
    stateless_uniform,
)


def uniform(
    shape: Sequence[int],
    minval: Any = 0.0,
    maxval: Any = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws uniformly from `[minval, maxval)`.

    Args:
        shape: The shape of the result.
        minval: The lower bound, included.
        maxval: The upper bound, excluded.
        dtype: A float dtype; floatx if None.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.uniform`, with other random numbers.
    """
    dtype = dtype or floatx()
    if not is_float_dtype(dtype):
        raise _wrong_dtype("uniform", "a floating point", dtype, "randint")
    return stateless_uniform(shape, draw_seed(seed), minval, maxval, dtype)


def normal(
    shape: Sequence[int],
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws from a normal distribution.

    Args:
        shape: The shape of the result.
        mean: The mean.
        stddev: The standard deviation.
        dtype: A float dtype; floatx if None.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.normal`, with other random numbers.
    """
    return stateless_normal(shape, draw_seed(seed), mean, stddev, dtype or floatx())


def truncated_normal(
    shape: Sequence[int],
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws from a normal distribution cut at two standard deviations.

    Args:
        shape: The shape of the result.
        mean: The mean.
        stddev: The standard deviation before cutting.
        dtype: A float dtype; floatx if None.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.truncated_normal`, with other random numbers.
    """
    seed = draw_seed(seed)
    return stateless_truncated_normal(shape, seed, mean, stddev, dtype or floatx())


def randint(
    shape: Sequence[int],
    minval: Any,
    maxval: Any,
    dtype: Any = "int32",
    seed: Any = None,
) -> Tensor:
    """Draws integers uniformly from `[minval, maxval)`.

    Args:
        shape: The shape of the result.
        minval: The lower bound, included.
        maxval: The upper bound, excluded.
        dtype: The dtype of the result.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.randint`, with other random numbers.
    """
    if not is_int_dtype(dtype):
        raise _wrong_dtype("randint", "an integer", dtype, "uniform")
    wide = dtype if dtype in ("int32", "int64") else "int64"
    return _as(stateless_uniform(shape, draw_seed(seed), minval, maxval, wide), dtype)


def categorical(
    logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None
) -> Tensor:
    """Draws class numbers with probabilities `softmax(logits)`.

    Args:
        logits: A tensor `(B, classes)`.
        num_samples: The number of draws for each row.
        dtype: The dtype of the result.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor `(B, num_samples)`.

    Reference: `keras.random.categorical`, with other random numbers.
    """
    return _as(stateless_categorical(logits, num_samples, draw_seed(seed)), dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """Puts the slices of `x` along `axis` in random order.

    Args:
        x: A tensor.
        axis: The axis.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of the shape and dtype of `x`.

    Reference: `keras.random.shuffle`, with another order.
    """
    x = convert_to_tensor(x)
    if axis % max(len(x.shape), 1) == 0:
        return stateless_shuffle(x, draw_seed(seed))
    return _shuffle(x, draw_seed(seed), axis)


def gamma(
    shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Draws from the gamma distribution with shape parameter `alpha` and scale 1.

    Args:
        shape: The shape of the result.
        alpha: The parameter; broadcasts to `shape`.
        dtype: A float dtype; floatx if None.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.gamma`, with other random numbers.
    """
    seed = draw_seed(seed)
    return stateless_gamma(shape, seed, alpha=alpha, dtype=dtype or floatx())


def binomial(
    shape: Sequence[int],
    counts: Any,
    probabilities: Any,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws the number of successes in `counts` trials.

    Args:
        shape: The shape of the result.
        counts: The number of trials; broadcasts to `shape`.
        probabilities: The probability of a success; broadcasts to `shape`.
        dtype: A float dtype; floatx if None.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.binomial`, with other random numbers.
    """
    return stateless_binomial(
        shape, draw_seed(seed), counts, probabilities, dtype or floatx()
    )


def beta(
    shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Draws from the beta distribution.

    Args:
        shape: The shape of the result.
        alpha: The first parameter; broadcasts to `shape`.
        beta: The second parameter; broadcasts to `shape`.
        dtype: A float dtype; floatx if None.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of `shape` and `dtype`.

    Reference: `keras.random.beta`, with other random numbers.
    """
    seed = draw_seed(seed)
    dtype = dtype or floatx()
    x = stateless_gamma(shape, seed, alpha=alpha, dtype=dtype)
    y = stateless_gamma(shape, seed + np.array([12, 12]), alpha=beta, dtype=dtype)
    return x / (x + y)


def dropout(
    inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None
) -> Tensor:
    """Sets a random share of the values to 0 and scales the others up.

    Args:
        inputs: A floating tensor.
        rate: The share to drop, from 0 to 1.
        noise_shape: The shape of the random decisions, which broadcast to `inputs`;
            None entries take the input's size.
        seed: An integer, a `SeedGenerator`, or None for the global one.

    Returns:
        A tensor of the shape and dtype of `inputs`; kept values are divided by
        `1 - rate`.

    Reference: `keras.random.dropout`, with other random numbers.
    """
    if rate == 0:
        return convert_to_tensor(inputs)
    if noise_shape is not None:
        noise_shape = tuple(noise_shape)
    return _dropout(inputs, draw_seed(seed), float(rate), noise_shape)


@op("keras.random.dropout")
def _dropout(
    inputs: TensorLike, seed: TensorLike, rate: float, noise_shape: Any = None
) -> Array:
    """The lowering of `dropout`."""
    shape = list(inputs.shape)
    for axis, size in enumerate(noise_shape or ()):
        shape[axis] = shape[axis] if size is None else size
    if rate >= 1:
        return jnp.zeros_like(inputs)
    # A comparison of integers saves the conversion of the random bits to floats.
    key = key_of(seed, "keras.random.dropout")
    bits = jax.random.bits(key, tuple(shape), jnp.uint32)
    kept = bits >= np.uint32(round(rate * 2**32) % 2**32)
    scale = np.array(1 / (1 - rate), inputs.dtype)
    return jnp.where(kept, inputs * scale, jnp.zeros((), inputs.dtype))


@op("keras.random.shuffle")
def _shuffle(x: TensorLike, seed: TensorLike, axis: int) -> Array:
    """The lowering of `shuffle` for axes other than the first."""
    key = key_of(seed, "keras.random.shuffle")
    return jax.random.permutation(key, x, axis=axis)


@op("keras.random.cast")
def _cast(x: TensorLike, dtype: str) -> Array:
    """Integers in another dtype."""
    return x.astype(dtype)


def _wrong_dtype(name: str, wanted: str, dtype: Any, other: str) -> ValueError:
    return ValueError(
        message(
            f"keras.random.{name}",
            expected=f"{wanted} dtype",
            received=f"`keras.random.{name}` requires {wanted} `dtype`. dtype={dtype}",
            hint=f"keras.random.{other} gives the other kind.",
        )
    )


def _as(x: Tensor, dtype: Any) -> Tensor:
    return x if x.dtype == dtype else _cast(x, str(dtype))
