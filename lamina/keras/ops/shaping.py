"""`keras.ops` that rearrange tensors: shapes, axes, padding, diagonals."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.ops.promotion import convert
from lamina.ops.array import shaping


def as_static(value: Any) -> Any:
    """A static argument: tensors become numbers, sequences tuples."""
    if is_tensor(value) or isinstance(value, np.ndarray | np.generic):
        return np.asarray(value).tolist()
    if isinstance(value, list | tuple):
        return tuple(as_static(item) for item in value)
    return value


@op("keras.ops.reshape")
def _reshape(x: TensorLike, shape: Any) -> Array:
    """The lowering of `keras.ops.reshape`."""
    try:
        return jnp.reshape(x, shape)
    except TypeError:
        raise InvalidArgumentError.of(
            "keras.ops.reshape",
            expected=f"a shape for {x.size} elements",
            received=f"x of shape {tuple(x.shape)}, newshape {shape}",
            hint="The products of the sizes must agree; -1 stands for one of them.",
        ) from None


def reshape(x: Any, newshape: Any) -> Tensor:
    """The same elements in another shape.

    Args:
        x: A tensor.
        newshape: The shape; one size may be -1 (or None) and follows from the others.

    Returns:
        A tensor of the same dtype.

    Raises:
        InvalidArgumentError: The numbers of elements differ.

    Reference: `keras.ops.reshape`.
    """
    sizes = newshape if isinstance(newshape, list | tuple) else as_static(newshape)
    if isinstance(sizes, list | tuple):
        return shaping.reshape(
            convert_to_tensor(x), [-1 if size is None else size for size in sizes]
        )
    return shaping.reshape(convert_to_tensor(x), [sizes])


@op("keras.ops.ravel")
def ravel(x: TensorLike) -> Array:
    """All elements in a vector.

    Args:
        x: A tensor.

    Returns:
        A vector of the same dtype.

    Reference: `keras.ops.ravel`.
    """
    return jnp.ravel(x)


def transpose(x: Any, axes: Any = None) -> Tensor:
    """Permutes the axes.

    Args:
        x: A tensor.
        axes: The order of the axes; reversed if None.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.transpose`.
    """
    return shaping.transpose(convert_to_tensor(x), axes)


@op("keras.ops.expand_dims")
def expand_dims(x: TensorLike, axis: Any) -> Array:
    """Adds axes of size 1.

    Args:
        x: A tensor.
        axis: Where the new axes stand in the result: an int or several.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.expand_dims`.
    """
    return jnp.expand_dims(x, axis)


@op("keras.ops.squeeze")
def squeeze(x: TensorLike, axis: Any = None) -> Array:
    """Removes axes of size 1.

    Args:
        x: A tensor.
        axis: The axes to remove; all of size 1 if None.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: An axis has another size.

    Reference: `keras.ops.squeeze`.
    """
    axes = (axis,) if isinstance(axis, int) else axis
    if axes is not None and any(x.shape[each] != 1 for each in axes):
        raise InvalidArgumentError.of(
            "keras.ops.squeeze",
            expected="axes of size 1",
            received=f"axis={axis} for shape {tuple(x.shape)}",
            hint="Cannot squeeze an axis of another size; index it instead.",
        )
    return jnp.squeeze(x, axis)


@op("keras.ops.swapaxes")
def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Array:
    """Exchanges two axes.

    Args:
        x: A tensor.
        axis1: The first axis.
        axis2: The second axis.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.swapaxes`.
    """
    return jnp.swapaxes(x, axis1, axis2)


@op("keras.ops.moveaxis")
def moveaxis(x: TensorLike, source: Any, destination: Any) -> Array:
    """Moves axes to other places; the others keep their order.

    Args:
        x: A tensor.
        source: Where the axes are.
        destination: Where they go.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.moveaxis`.
    """
    return jnp.moveaxis(x, source, destination)


@op("keras.ops.broadcast_to")
def broadcast_to(x: TensorLike, shape: Any) -> Array:
    """Repeats axes of size 1 to fill a shape.

    Args:
        x: A tensor.
        shape: The shape.

    Returns:
        A tensor of `shape`.

    Reference: `keras.ops.broadcast_to`.
    """
    return shaping.broadcast_to.lower(x, shape)


@op("keras.ops.flip")
def flip(x: TensorLike, axis: Any = None) -> Array:
    """Reverses the order along axes.

    Args:
        x: A tensor.
        axis: The axes; all of them if None.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.flip`.
    """
    return jnp.flip(x, axis)


@op("keras.ops.fliplr")
def fliplr(x: TensorLike) -> Array:
    """Reverses the order along the second axis.

    Args:
        x: A tensor of rank at least 2.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.fliplr`.
    """
    return jnp.fliplr(x)


@op("keras.ops.flipud")
def flipud(x: TensorLike) -> Array:
    """Reverses the order along the first axis.

    Args:
        x: A tensor of rank at least 1.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.flipud`.
    """
    return jnp.flipud(x)


@op("keras.ops.rot90")
def rot90(array: TensorLike, k: int = 1, axes: Any = (0, 1)) -> Array:
    """Rotates by 90 degrees in the plane of two axes.

    Args:
        array: A tensor of rank at least 2.
        k: How often, counter-clockwise.
        axes: The two axes.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: The tensor has fewer than two axes, or `axes` are equal.

    Reference: `keras.ops.rot90`.
    """
    if array.ndim < 2 or len(axes) != 2 or axes[0] == axes[1]:
        raise InvalidArgumentError.of(
            "keras.ops.rot90",
            expected="a tensor of rank 2 or more and two different axes",
            received=f"shape {tuple(array.shape)}, axes={axes}",
            hint="Invalid axes: images are (height, width, ...).",
        )
    return jnp.rot90(array, k, axes)


@op("keras.ops.roll")
def roll(x: TensorLike, shift: Any, axis: Any = None) -> Array:
    """Moves elements along axes; what leaves at one end enters at the other.

    Args:
        x: A tensor.
        shift: By how much.
        axis: The axes; those of the flattened tensor if None.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.roll`.
    """
    return jnp.roll(x, shift, axis)


@op("keras.ops.tile")
def tile(x: TensorLike, repeats: Any) -> Array:
    """Repeats a tensor along its axes.

    Args:
        x: A tensor.
        repeats: How often along each axis.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.tile`.
    """
    return jnp.tile(x, repeats)


@op("keras.ops.repeat")
def _repeat(x: TensorLike, repeats: Any, axis: int | None) -> Array:
    """The lowering of `keras.ops.repeat`."""
    if isinstance(repeats, tuple):
        length = x.size if axis is None else x.shape[axis]
        counts = np.broadcast_to(np.asarray(repeats), (length,))
        return jnp.take(x, np.repeat(np.arange(length), counts), axis)
    return jnp.repeat(x, repeats, axis)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeats each element.

    Args:
        x: A tensor.
        repeats: How often: a number, or one for each element along the axis.
        axis: The axis; that of the flattened tensor if None.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.repeat`.
    """
    return _repeat(convert_to_tensor(x), as_static(repeats), axis)


@op("keras.ops.pad")
def _pad(x: TensorLike, value: TensorLike | None, width: Any, mode: str) -> Array:
    """The lowering of `keras.ops.pad`."""
    if value is not None:
        return jnp.pad(x, width, mode="constant", constant_values=value)
    return jnp.pad(x, width, mode=mode)


def pad(
    x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None
) -> Tensor:
    """Adds elements before and after along each axis.

    Args:
        x: A tensor.
        pad_width: How many: a number, a pair for all axes, or a pair for each axis.
        mode: `"constant"`, `"reflect"`, `"symmetric"`, `"edge"`, `"wrap"`...
        constant_values: What is added with mode `"constant"`; 0 if None.

    Returns:
        A tensor of the same dtype.

    Raises:
        ValueError: `constant_values` is given with another mode.

    Reference: `keras.ops.pad`.
    """
    x = convert_to_tensor(x)
    if constant_values is not None and mode != "constant":
        raise ValueError(
            "keras.ops.pad: expected `constant_values` only with mode='constant'. "
            f"Received: mode={mode}. Argument `constant_values` can only be provided "
            "when `mode == 'constant'`."
        )
    value = None
    if mode == "constant":
        value = convert(0 if constant_values is None else constant_values, x.dtype)
    width = as_static(pad_width)
    if isinstance(width, int):
        width = ((width, width),) * len(x.shape)
    elif isinstance(width[0], int):
        width = ((width[0], width[-1]),) * len(x.shape)
    elif len(width) == 1:
        width = width * len(x.shape)
    return _pad(x, value, width, mode)


@op("keras.ops.diag")
def diag(x: TensorLike, k: int = 0) -> Array:
    """The diagonal of a matrix, or a matrix with a vector on a diagonal.

    Args:
        x: A matrix or a vector.
        k: Which diagonal.

    Returns:
        A vector or a matrix.

    Raises:
        ValueError: `x` is neither.

    Reference: `keras.ops.diag`.
    """
    if x.ndim not in (1, 2):
        raise InvalidArgumentError.of(
            "keras.ops.diag",
            expected="`x` to be 1-D or 2-D",
            received=f"shape {tuple(x.shape)}",
            hint="Use keras.ops.diagonal for more axes.",
        )
    return jnp.diag(x, k)


@op("keras.ops.diagflat")
def diagflat(x: TensorLike, k: int = 0) -> Array:
    """A matrix with all elements on a diagonal.

    Args:
        x: A tensor.
        k: Which diagonal.

    Returns:
        A matrix.

    Reference: `keras.ops.diagflat`.
    """
    return jnp.diagflat(x, k)


@op("keras.ops.diagonal")
def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The diagonals in the plane of two axes.

    Args:
        x: A tensor of rank at least 2.
        offset: Which diagonal.
        axis1: The first axis.
        axis2: The second axis.

    Returns:
        A tensor; the diagonal is its last axis.

    Raises:
        ValueError: `x` has fewer than two axes.

    Reference: `keras.ops.diagonal`.
    """
    if x.ndim < 2:
        raise InvalidArgumentError.of(
            "keras.ops.diagonal",
            expected="`x` of rank 2 or more",
            received=f"shape {tuple(x.shape)}",
            hint="`diagonal` requires an array of at least two dimensions.",
        )
    return jnp.diagonal(x, offset, axis1, axis2)


@op("keras.ops.tril")
def tril(x: TensorLike, k: int = 0) -> Array:
    """The lower triangle of matrices; other elements become 0.

    Args:
        x: A tensor `(..., M, N)`.
        k: The diagonal above which elements become 0.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.tril`.
    """
    return jnp.tril(x, k)


@op("keras.ops.triu")
def triu(x: TensorLike, k: int = 0) -> Array:
    """The upper triangle of matrices; other elements become 0.

    Args:
        x: A tensor `(..., M, N)`.
        k: The diagonal below which elements become 0.

    Returns:
        A tensor of the same shape and dtype.

    Reference: `keras.ops.triu`.
    """
    return jnp.triu(x, k)


@op("keras.ops.copy")
def copy(x: TensorLike) -> Array:
    """A copy of a tensor.

    Args:
        x: A tensor.

    Returns:
        A tensor with the same elements.

    Reference: `keras.ops.copy`.
    """
    return jnp.array(x, copy=True)
