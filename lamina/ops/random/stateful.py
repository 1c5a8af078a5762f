"""``tf.random.uniform`` and the other samplers that draw from the global streams."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.random_state import next_key
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.random import counts, keys, stateless
from lamina.ops.random.keys import sizes


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from the uniform distribution on ``[minval, maxval)``.

    Args:
        shape: the shape of the result.
        minval: the lower bound, inclusive.
        maxval: the upper bound, exclusive; 1 for floats where None, needed for
            integers.
        dtype: a float type, int32 or int64.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        A tensor of ``shape`` and ``dtype``.

    Raises:
        ValueError: for an integer dtype without ``maxval``.

    Example:
        >>> tf.random.uniform([2, 3]).shape
        TensorShape([2, 3])

    Reference: ``tf.random.uniform``. Known difference: other numbers.
    """
    allowed = (*stateless.FLOATS, "int32", "int64")
    wanted = stateless.check_dtype("tf.random.uniform", dtype, allowed)
    if maxval is None and wanted.is_integer:
        raise InvalidArgumentError.of(
            "tf.random.uniform",
            expected=f"maxval for the integer dtype {wanted.name}",
            received="maxval=None",
            hint="Pass maxval, which is exclusive.",
        )
    return stateless.stateless_uniform(
        shape, next_key(seed), minval, maxval, wanted, name=name
    )


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from the normal distribution.

    Args:
        shape: the shape of the result.
        mean: the mean; broadcasts with ``shape``.
        stddev: the standard deviation; broadcasts with ``shape``.
        dtype: a float type.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        A tensor of ``shape`` and ``dtype``. Differentiable in mean and stddev.

    Reference: ``tf.random.normal``. Known difference: other numbers.
    """
    return stateless.stateless_normal(
        shape, next_key(seed), mean, stddev, dtype, name=name
    )


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws from the normal distribution cut at two standard deviations.

    Args:
        shape: the shape of the result.
        mean: the mean before cutting.
        stddev: the standard deviation before cutting.
        dtype: a float type.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        A tensor of ``shape`` and ``dtype`` within ``mean ± 2 * stddev``.

    Reference: ``tf.random.truncated_normal``. Known difference: other numbers.
    """
    return stateless.stateless_truncated_normal(
        shape, next_key(seed), mean, stddev, dtype, name=name
    )


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws class indices from unnormalised log probabilities.

    Args:
        logits: ``(B, K)`` log odds of the K classes.
        num_samples: how many to draw for each row.
        dtype: int32 or int64 (the default).
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        Indices of shape ``(B, num_samples)``.

    Raises:
        ValueError: if ``logits`` is not a matrix.

    Reference: ``tf.random.categorical``. Known difference: other numbers.
    """
    return stateless.stateless_categorical(
        logits, num_samples, next_key(seed), dtype or "int64", name=name
    )


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Permutes a tensor along its first dimension.

    Args:
        value: a tensor.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        The rows of ``value`` in random order, of the same shape and dtype.

    Reference: ``tf.random.shuffle``. Known difference: other numbers.
    """
    tensor = convert_to_tensor(value)
    if tensor.dtype == "string":
        order = keys.stateless_shuffle(
            np.arange(int(tensor.shape[0] or 0)), next_key(seed)
        )
        return Tensor(np.asarray(tensor._value)[np.asarray(order)])
    return keys.stateless_shuffle(tensor, next_key(seed), name=name)


def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws ``shape`` samples from each of the given gamma distributions.

    Args:
        shape: how many samples of each distribution, as a shape.
        alpha: the shape parameters, positive.
        beta: the inverse scales, positive; 1 where None.
        dtype: a float type.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        A tensor of shape ``shape + broadcast(alpha, beta).shape``, differentiable in
        alpha and beta.

    Reference: ``tf.random.gamma``. Known difference: other numbers.
    """
    wanted = stateless.check_dtype("tf.random.gamma", dtype, stateless.FLOATS)
    alpha = convert_to_tensor(alpha, wanted)
    beta = None if beta is None else convert_to_tensor(beta, wanted)
    inner = tuple(alpha.shape)
    if beta is not None:
        inner = np.broadcast_shapes(inner, tuple(beta.shape))
    whole = sizes(_known(shape)) + inner
    return counts.gamma_op(whole, next_key(seed), alpha, beta, name=name)


def poisson(
    shape: Any,
    lam: Any,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Draws ``shape`` samples from each of the given Poisson distributions.

    Args:
        shape: how many samples of each distribution, as a shape.
        lam: the means, not negative.
        dtype: a numeric type.
        seed: a seed for this operation, used together with ``tf.random.set_seed``.
        name: a name for the operation.

    Returns:
        Counts of shape ``shape + lam.shape``.

    Reference: ``tf.random.poisson``. Known difference: other numbers.
    """
    lam = convert_to_tensor(lam, dtype_hint="float32")
    whole = sizes(_known(shape)) + tuple(lam.shape)
    return counts.stateless_poisson(
        whole, next_key(seed), lam, as_dtype(dtype), name=name
    )


def _known(shape: Any) -> Any:
    return shape._value if isinstance(shape, Tensor) else shape
