"""`keras.backend` (`K`): cross-entropies and random tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.tensor import Tensor
from lamina.keras.config import epsilon, floatx
from lamina.keras.ops import arithmetic, elementwise, loss_functions, selection, shaping
from lamina.keras.ops.promotion import convert, promote
from lamina.keras.random import draws


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """The cross-entropy of two outcomes, element by element.

    Args:
        target: Probabilities of 1.
        output: Predicted probabilities, or log odds.
        from_logits: Whether `output` holds log odds.

    Returns:
        A tensor.

    Reference: `keras.backend.binary_crossentropy`.
    """
    target, output = promote(target, output, extra=(float,))
    if from_logits:
        return loss_functions.binary_crossentropy(target, output, True)
    least = epsilon()
    safe = arithmetic.minimum(arithmetic.maximum(output, least), 1 - least)
    return -(  # type: ignore[no-any-return]
        target * elementwise.log(safe + least)
        + (1 - target) * elementwise.log(1 - safe + least)
    )


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """The cross-entropy of class probabilities.

    Args:
        target: Probabilities of the classes.
        output: Predicted probabilities, or logits.
        from_logits: Whether `output` holds logits.
        axis: The axis of the classes.

    Returns:
        A tensor without the axis.

    Reference: `keras.backend.categorical_crossentropy`.
    """
    return loss_functions.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(
    target: Any,
    output: Any,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Tensor:
    """The cross-entropy of class indices.

    Args:
        target: Class indices.
        output: Predicted probabilities, or logits.
        from_logits: Whether `output` holds logits.
        axis: The axis of the classes.
        ignore_class: A class whose loss is 0, or None.

    Returns:
        A tensor without the axis.

    Reference: `keras.backend.sparse_categorical_crossentropy`.
    """
    target = convert(target, "int64")
    loss = loss_functions.sparse_categorical_crossentropy(
        target, output, from_logits, axis
    )
    if ignore_class is None:
        return loss
    keep = arithmetic.not_equal(
        shaping.reshape(target, tuple(loss.shape)), ignore_class
    )
    return selection.where(keep, loss, convert(0.0, loss.dtype))


def random_normal(
    shape: Any,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws from the normal distribution.

    Args:
        shape: The shape.
        mean: The mean.
        stddev: The standard deviation.
        dtype: The dtype; floatx if None.
        seed: An integer, or None.

    Returns:
        A tensor.

    Reference: `keras.backend.random_normal`.
    """
    return draws.normal(shape, mean, stddev, dtype or floatx(), _seed(seed))


def random_uniform(
    shape: Any,
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws uniformly from `[minval, maxval)`.

    Args:
        shape: The shape.
        minval: The lower bound.
        maxval: The upper bound.
        dtype: The dtype; floatx if None.
        seed: An integer, or None.

    Returns:
        A tensor.

    Reference: `keras.backend.random_uniform`.
    """
    return draws.uniform(shape, minval, maxval, dtype or floatx(), _seed(seed))


def truncated_normal(
    shape: Any,
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Any = None,
) -> Tensor:
    """Draws from the normal distribution cut at two standard deviations.

    Args:
        shape: The shape.
        mean: The mean.
        stddev: The standard deviation.
        dtype: The dtype; floatx if None.
        seed: An integer, or None.

    Returns:
        A tensor.

    Reference: `keras.backend.truncated_normal`.
    """
    return draws.truncated_normal(shape, mean, stddev, dtype or floatx(), _seed(seed))


def random_bernoulli(
    shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Draws ones with probability p, else zeros.

    Args:
        shape: The shape.
        p: The probability of 1.
        dtype: The dtype; floatx if None.
        seed: An integer, or None.

    Returns:
        A tensor.

    Reference: `keras.backend.random_bernoulli`.
    """
    noise = draws.uniform(shape, 0.0, 1.0, "float32", _seed(seed))
    return convert(arithmetic.less_equal(noise, p), dtype or floatx())


def _seed(seed: Any) -> Any:
    return int(np.random.randint(10**6)) if seed is None else seed
