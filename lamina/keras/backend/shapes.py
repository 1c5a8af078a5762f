"""`keras.backend` (`K`): joining, repeating and rearranging tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.engine.tensor import Tensor
from lamina.keras.ops import joining, shaping


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Tensor:
    """Joins tensors along an axis.

    Args:
        tensors: Tensors.
        axis: The axis.

    Returns:
        A tensor.

    Reference: `keras.backend.concatenate`.
    """
    return joining.concatenate(tensors, axis)


def expand_dims(x: Any, axis: int = -1) -> Tensor:
    """Adds an axis of size 1.

    Args:
        x: A tensor.
        axis: Where it stands.

    Returns:
        A tensor.

    Reference: `keras.backend.expand_dims`.
    """
    return shaping.expand_dims(x, axis)


def squeeze(x: Any, axis: int) -> Tensor:
    """Removes an axis of size 1.

    Args:
        x: A tensor.
        axis: The axis.

    Returns:
        A tensor.

    Reference: `keras.backend.squeeze`.
    """
    return shaping.squeeze(x, axis)


def permute_dimensions(x: Any, pattern: Any) -> Tensor:
    """Permutes the axes.

    Args:
        x: A tensor.
        pattern: The order of the axes.

    Returns:
        A tensor.

    Reference: `keras.backend.permute_dimensions`.
    """
    return shaping.transpose(x, pattern)


def flatten(x: Any) -> Tensor:
    """All elements in a vector.

    Args:
        x: A tensor.

    Returns:
        A vector.

    Reference: `keras.backend.flatten`.
    """
    return shaping.reshape(x, (-1,))


def batch_flatten(x: Any) -> Tensor:
    """All axes but the first in one.

    Args:
        x: A tensor `(B, ...)`.

    Returns:
        A matrix `(B, D)`.

    Reference: `keras.backend.batch_flatten`.
    """
    return shaping.reshape(x, (-1, int(np.prod(tuple(x.shape)[1:]))))


def repeat(x: Any, n: int) -> Tensor:
    """Repeats the rows of a matrix along a new second axis.

    Args:
        x: A matrix `(B, D)`.
        n: How often.

    Returns:
        A tensor `(B, n, D)`.

    Reference: `keras.backend.repeat`.
    """
    return shaping.tile(shaping.expand_dims(x, 1), (1, int(n), 1))


def repeat_elements(x: Any, rep: int, axis: int) -> Tensor:
    """Repeats each element along an axis.

    Args:
        x: A tensor.
        rep: How often.
        axis: The axis.

    Returns:
        A tensor.

    Reference: `keras.backend.repeat_elements`.
    """
    return shaping.repeat(x, rep, axis)


def reverse(x: Any, axes: Any) -> Tensor:
    """Reverses the order along axes.

    Args:
        x: A tensor.
        axes: An axis or several.

    Returns:
        A tensor.

    Reference: `keras.backend.reverse`.
    """
    return shaping.flip(x, tuple(axes) if isinstance(axes, list) else axes)


def tile(x: Any, n: Any) -> Tensor:
    """Repeats a tensor along its axes.

    Args:
        x: A tensor.
        n: How often along each axis.

    Returns:
        A tensor.

    Reference: `keras.backend.tile`.
    """
    return shaping.tile(x, n)
