"""`to_categorical` and `normalize`: helpers for arrays of data."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Class numbers as one-hot rows.

    Args:
        x: class numbers from 0 on, as an array, tensor or list.
        num_classes: the number of classes; the greatest number plus 1 if `None`.

    Returns:
        An array (a tensor for a tensor) of the shape of `x` with an axis of size
        `num_classes` after it; a last axis of size 1 is dropped before.

    Raises:
        ValueError: a number is negative or not below `num_classes`.

    Example:

        >>> keras.utils.to_categorical([0, 2], num_classes=3)
        array([[1., 0., 0.],
               [0., 0., 1.]])

    Reference: `keras.utils.to_categorical`.
    """
    was_tensor = is_tensor(x)
    numbers = np.array(x, dtype="int64")
    shape = numbers.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    flat = numbers.reshape(-1)
    count = num_classes or int(flat.max()) + 1
    if flat.size and (flat.min() < 0 or flat.max() >= count):
        raise ValueError(
            "keras.utils.to_categorical: expected class numbers from 0 to "
            f"{count - 1}. Received: numbers from {flat.min()} to {flat.max()}. Pass "
            "a larger num_classes."
        )
    encoded = np.zeros((flat.size, count))
    encoded[np.arange(flat.size), flat] = 1
    encoded = encoded.reshape((*shape, count))
    return convert_to_tensor(encoded.astype("float32")) if was_tensor else encoded


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """`x` divided by its norms along an axis; rows of norm 0 stay.

    Args:
        x: an array or tensor.
        axis: the axis of a vector.
        order: of the norm, from 1 on.

    Raises:
        ValueError: `order` is no int from 1 on.

    Reference: `keras.utils.normalize`, which takes `axis=0` for the last axis.
    """
    if not isinstance(order, int) or not order >= 1:
        raise ValueError(f"Argument `order` must be an int >= 1. Received: {order}")
    array = np.atleast_1d(np.asarray(x))
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    norms[norms == 0] = 1
    axis = axis if axis >= 0 else array.ndim + axis
    result = array / np.expand_dims(norms, axis)
    return convert_to_tensor(result) if isinstance(x, Tensor) else result
