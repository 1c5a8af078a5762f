"""``tf.random.stateless_*``: random tensors as pure functions of a seed.

Every sampler of the package, with or without state, is one of these operations: the
stateful ones draw the seed from a stream first. The bits come from Threefry-2x32, so
they are the same on every platform.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import DTypeError, InvalidArgumentError, ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.random.algorithms import algorithm_number
from lamina.ops.random.keys import key_of, sizes

FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("int32", "int64", "uint32", "uint64")


@op("random.stateless_uniform", differentiable=False)
def uniform_op(
    shape: Any,
    seed: TensorLike,
    minval: TensorLike | None,
    maxval: TensorLike | None,
    dtype: Any = "float32",
    name: str | None = None,
) -> Array:
    """The lowering of ``stateless_uniform``; no bounds means all integers."""
    wanted = as_dtype(dtype)
    key, size = key_of(seed, "tf.random.stateless_uniform"), sizes(shape)
    if wanted.is_floating:
        return jax.random.uniform(
            key,
            size,
            wanted.np_dtype,
            jnp.asarray(minval, wanted.np_dtype),
            jnp.asarray(maxval, wanted.np_dtype),
        )
    if minval is None:
        bits = jax.random.bits(key, size, f"uint{wanted.size * 8}")
        return jax.lax.bitcast_convert_type(bits, wanted.np_dtype)
    high: Any = maxval
    return jax.random.randint(key, size, minval, high, wanted.np_dtype)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
    alg: str = "auto_select",
) -> Tensor:
    """Draws from the uniform distribution on ``[minval, maxval)``.

    Args:
        shape: the shape of the result.
        seed: an integer tensor of shape ``(2,)``; the same seed gives the same
            numbers.
        minval: the lower bound, inclusive; broadcasts to ``shape``. None, together
            with ``maxval=None``, means all integers of ``dtype``.
        maxval: the upper bound, exclusive. 1 for floats where None.
        dtype: a float type, int32, int64, uint32 or uint64.
        name: a name for the operation.
        alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.

    Returns:
        A tensor of ``shape`` and ``dtype``.

    Raises:
        ValueError: for an integer dtype with only one of the bounds, or an unknown
            algorithm.

    Reference: ``tf.random.stateless_uniform``. Known difference: other numbers.
    """
    algorithm_number("tf.random.stateless_uniform", alg)
    wanted = check_dtype("tf.random.stateless_uniform", dtype, FLOATS + INTEGERS)
    if wanted.is_integer and (minval is None) != (maxval is None):
        raise InvalidArgumentError.of(
            "tf.random.stateless_uniform",
            expected=f"both or neither of minval and maxval for dtype {wanted.name}",
            received=f"minval={minval}, maxval={maxval}",
            hint="Pass maxval, or minval=None for the whole range of the type.",
        )
    if wanted.is_floating:
        minval = 0 if minval is None else minval
        maxval = 1 if maxval is None else maxval
    if minval is not None:
        minval = convert_to_tensor(minval, wanted)
        maxval = convert_to_tensor(maxval, wanted)
        _check_bounds(minval, maxval, wanted)
    return uniform_op(shape, seed, minval, maxval, wanted, name=name)


def _check_bounds(minval: Tensor, maxval: Tensor, dtype: Any) -> None:
    """Integer bounds that are known must leave room for a number."""
    low, high = minval._value, maxval._value
    known = isinstance(low, np.ndarray) and isinstance(high, np.ndarray)
    if dtype.is_integer and known and not np.all(low < high):
        raise InvalidArgumentError.of(
            "tf.random.uniform",
            expected="minval < maxval",
            received=f"minval={low}, maxval={high}",
            hint="maxval is exclusive: it must be larger than minval.",
        )


@op("random.stateless_normal")
def _normal_op(
    shape: Any,
    seed: TensorLike,
    mean: TensorLike,
    stddev: TensorLike,
    dtype: Any = "float32",
    name: str | None = None,
) -> Array:
    """The lowering of ``stateless_normal``."""
    key = key_of(seed, "tf.random.stateless_normal")
    noise = jax.random.normal(key, sizes(shape), as_dtype(dtype).np_dtype)
    return noise * stddev + mean


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    name: str | None = None,
    alg: str = "auto_select",
) -> Tensor:
    """Draws from the normal distribution.

    Args:
        shape: the shape of the result.
        seed: an integer tensor of shape ``(2,)``.
        mean: the mean; broadcasts with ``shape``.
        stddev: the standard deviation; broadcasts with ``shape``.
        dtype: a float type.
        name: a name for the operation.
        alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.

    Returns:
        A tensor of ``shape`` and ``dtype``. Differentiable in mean and stddev.

    Raises:
        ValueError: for an unknown algorithm.

    Reference: ``tf.random.stateless_normal``. Known difference: other numbers.
    """
    algorithm_number("tf.random.stateless_normal", alg)
    wanted = check_dtype("tf.random.stateless_normal", dtype, FLOATS)
    mean, stddev = convert_to_tensor(mean, wanted), convert_to_tensor(stddev, wanted)
    return _normal_op(shape, seed, mean, stddev, wanted, name=name)


@op("random.stateless_truncated_normal")
def _truncated_op(
    shape: Any,
    seed: TensorLike,
    mean: TensorLike,
    stddev: TensorLike,
    lower: TensorLike,
    upper: TensorLike,
    dtype: Any = "float32",
    name: str | None = None,
) -> Array:
    """Normal samples between two bounds in units of the standard deviation."""
    key = key_of(seed, "tf.random.stateless_truncated_normal")
    wanted = as_dtype(dtype).np_dtype
    noise = jax.random.truncated_normal(key, lower, upper, sizes(shape), wanted)
    return noise * stddev + mean


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    name: str | None = None,
    alg: str = "auto_select",
) -> Tensor:
    """Draws from the normal distribution cut at two standard deviations.

    Args:
        shape: the shape of the result.
        seed: an integer tensor of shape ``(2,)``.
        mean: the mean of the normal distribution before it is cut.
        stddev: its standard deviation.
        dtype: a float type.
        name: a name for the operation.
        alg: ``"philox"``, ``"threefry"`` or ``"auto_select"``; Threefry is
            computed for each of them.

    Returns:
        A tensor of ``shape`` and ``dtype``; all values lie within
        ``mean ± 2 * stddev``.

    Reference: ``tf.random.stateless_truncated_normal``. Known difference: other
    numbers.
    """
    algorithm_number("tf.random.stateless_truncated_normal", alg)
    wanted = check_dtype("tf.random.stateless_truncated_normal", dtype, FLOATS)
    mean, stddev, lower, upper = (
        convert_to_tensor(value, wanted) for value in (mean, stddev, -2.0, 2.0)
    )
    return _truncated_op(shape, seed, mean, stddev, lower, upper, wanted, name=name)


def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: str | None = None,
) -> Tensor:
    """Draws from normal distributions cut at given bounds.

    Args:
        shape: the shape of the result.
        seed: an integer tensor of shape ``(2,)``.
        means: the means before cutting; broadcast to ``shape``, as do the others.
        stddevs: the standard deviations before cutting.
        minvals: the lower bounds.
        maxvals: the upper bounds.
        name: a name for the operation.

    Returns:
        A tensor of ``shape`` and the dtype of the parameters.

    Reference: ``tf.random.stateless_parameterized_truncated_normal``. Known
    difference: other numbers.
    """
    means = convert_to_tensor(means, dtype_hint="float32")
    dtype = means.dtype
    stddevs, minvals, maxvals = (
        convert_to_tensor(value, dtype) for value in (stddevs, minvals, maxvals)
    )
    return _bounded_op(shape, seed, means, stddevs, minvals, maxvals, name=name)


@op("random.stateless_parameterized_truncated_normal")
def _bounded_op(
    shape: Any,
    seed: TensorLike,
    means: TensorLike,
    stddevs: TensorLike,
    minvals: TensorLike,
    maxvals: TensorLike,
    name: str | None = None,
) -> Array:
    """The lowering of ``stateless_parameterized_truncated_normal``."""
    lower, upper = (minvals - means) / stddevs, (maxvals - means) / stddevs
    return _truncated_op.lower(
        shape, seed, means, stddevs, lower, upper, str(means.dtype)
    )


@op("random.stateless_categorical", differentiable=False)
def stateless_categorical(
    logits: TensorLike,
    num_samples: int,
    seed: TensorLike,
    dtype: Any = "int64",
    name: str | None = None,
) -> Array:
    """Draws class indices from unnormalised log probabilities.

    Args:
        logits: ``(B, K)`` log odds of the K classes.
        num_samples: how many to draw for each row.
        seed: an integer tensor of shape ``(2,)``.
        dtype: int32 or int64.
        name: a name for the operation.

    Returns:
        Indices of shape ``(B, num_samples)``.

    Raises:
        ValueError: if ``logits`` is not a matrix.

    Reference: ``tf.random.stateless_categorical``. Known difference: other numbers.
    """
    if logits.ndim != 2:
        raise ShapeError.of(
            "tf.random.categorical",
            expected="logits of shape (batch, classes)",
            received=f"logits of shape {tuple(logits.shape)}",
            hint="Add a batch dimension, as with logits[tf.newaxis, :].",
        )
    key = key_of(seed, "tf.random.stateless_categorical")
    drawn = jax.random.categorical(
        key, logits[:, None, :], axis=-1, shape=(logits.shape[0], int(num_samples))
    )
    return drawn.astype(as_dtype(dtype).np_dtype)


def check_dtype(name: str, dtype: Any, allowed: tuple[str, ...]) -> Any:
    """The dtype, if the sampler ``name`` can produce it.

    Raises:
        TypeError: if it cannot (also a ValueError and InvalidArgumentError).
    """
    wanted = as_dtype(dtype)
    if wanted not in allowed:
        raise DTypeError.of(
            name,
            expected=f"a dtype among {', '.join(allowed)}",
            received=f"dtype {wanted.name}",
            hint="Draw one of these and convert it with tf.cast.",
        )
    return wanted
