"""Seeds as tensors: turning them into generator keys, splitting and folding them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.ops.random.algorithms import algorithm_number


def sizes(shape: Any) -> tuple[int, ...]:
    """A static shape argument as a tuple of Python ints.

    Raises:
        InvalidArgumentError: if a size is negative.
    """
    found = tuple(int(size) for size in np.reshape(np.asarray(shape), -1))
    if any(size < 0 for size in found):
        raise InvalidArgumentError.of(
            "tf.random",
            expected="a shape of sizes that are not negative",
            received=f"shape {list(found)}",
            hint="Give every size of the result.",
        )
    return found


def key_of(seed: Any, name: str) -> Any:
    """The generator key for an integer seed of shape ``(2,)``.

    Args:
        seed: an array; 32-bit words are the key itself, 64-bit ones are mixed.
        name: the public name for errors.

    Returns:
        A typed JAX key.
    """
    if tuple(seed.shape) != (2,) or seed.dtype.kind not in "iu":
        raise InvalidArgumentError.of(
            name,
            expected="an integer seed of shape (2,)",
            received=f"seed of shape {tuple(seed.shape)} and dtype {seed.dtype}",
            hint="Pass two integers, such as seed=(1, 2).",
        )
    return jax.random.wrap_key_data(_words(seed), impl="threefry2x32")


def _words(seed: Any) -> Any:
    if seed.dtype.itemsize < 8:
        return seed.astype(jnp.uint32)
    wide = seed.astype(jnp.uint64)
    high = (wide >> np.uint64(32)).astype(jnp.uint32)
    return wide.astype(jnp.uint32) ^ (high * np.uint32(0x9E3779B9))


def _like_seed(words: Any, dtype: Any) -> Any:
    """Key words as a seed of an integer dtype, keeping the bits."""
    if dtype.itemsize == 8:
        return words.astype(dtype)
    return jax.lax.bitcast_convert_type(words, dtype)


@op("random.split", differentiable=False)
def split(
    seed: TensorLike, num: int = 2, alg: str = "auto_select", name: str | None = None
) -> Array:
    """Derives ``num`` independent seeds from one.

    Args:
        seed: an integer tensor of shape ``(2,)``.
        num: how many seeds to derive.
        alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.
        name: a name for the operation.

    Returns:
        Seeds of shape ``(num, 2)`` and the dtype of ``seed``.

    Raises:
        ValueError: for an unknown algorithm.

    Reference: ``tf.random.split``. Known difference: other numbers.
    """
    algorithm_number("tf.random.split", alg)
    keys = jax.random.split(key_of(seed, "tf.random.split"), int(num))
    return _like_seed(jax.random.key_data(keys), seed.dtype)


@op("random.fold_in", differentiable=False)
def fold_in(
    seed: TensorLike,
    data: TensorLike,
    alg: str = "auto_select",
    name: str | None = None,
) -> Array:
    """Derives a seed from a seed and an integer, such as a step number.

    Args:
        seed: an integer tensor of shape ``(2,)``.
        data: an integer scalar.
        alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.
        name: a name for the operation.

    Returns:
        A seed of shape ``(2,)`` and the dtype of ``seed``.

    Raises:
        ValueError: for an unknown algorithm.

    Reference: ``tf.random.fold_in``. Known difference: other numbers.
    """
    algorithm_number("tf.random.fold_in", alg)
    folded = jax.random.fold_in(
        key_of(seed, "tf.random.fold_in"), data.astype(jnp.uint32)
    )
    return _like_seed(jax.random.key_data(folded), seed.dtype)


@op("random.experimental.stateless_shuffle", differentiable=True)
def stateless_shuffle(
    value: TensorLike,
    seed: TensorLike,
    alg: str = "auto_select",
    name: str | None = None,
) -> Array:
    """Permutes a tensor along its first dimension, as a function of a seed.

    Args:
        value: a tensor of rank at least 1.
        seed: an integer tensor of shape ``(2,)``.
        alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.
        name: a name for the operation.

    Returns:
        The rows of ``value`` in random order.

    Raises:
        ValueError: for an unknown algorithm.

    Reference: ``tf.random.experimental.stateless_shuffle``. Known difference: other
    numbers.
    """
    algorithm_number("tf.random.experimental.stateless_shuffle", alg)
    if value.ndim == 0:
        return value
    key = key_of(seed, "tf.random.experimental.stateless_shuffle")
    return jnp.take(value, jax.random.permutation(key, value.shape[0]), axis=0)
