"""`keras.ops` that rearrange tensors: shapes, axes, joining, splitting, padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, TensorLike, Tensors, op
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.ops.promotion import convert, promote
from lamina.ops.array import joining, shaping


def _static(value: Any) -> Any:
    """A static argument: tensors become numbers, sequences tuples."""
    if is_tensor(value) or isinstance(value, np.ndarray | np.generic):
        return np.asarray(value).tolist()
    if isinstance(value, list | tuple):
        return tuple(_static(item) for item in value)
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
    sizes = newshape if isinstance(newshape, list | tuple) else _static(newshape)
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
    return _repeat(convert_to_tensor(x), _static(repeats), axis)


def _alike(xs: Any) -> list[Tensor]:
    """Tensors of one dtype, for joining."""
    items = [convert_to_tensor(x) for x in xs]
    return items if len({x.dtype for x in items}) < 2 else promote(*items)


def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Joins tensors along an axis that they have.

    Args:
        xs: Tensors of equal shape but for `axis`.
        axis: The axis.

    Returns:
        A tensor of the promoted dtype.

    Reference: `keras.ops.concatenate`.
    """
    return joining.concat(_alike(xs), axis)


def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Joins tensors along a new axis.

    Args:
        x: Tensors of equal shape.
        axis: Where the new axis stands.

    Returns:
        A tensor of the promoted dtype.

    Reference: `keras.ops.stack`.
    """
    return joining.stack(_alike(x), axis)


def _joined(name: str, compute: Any, summary: str) -> Any:
    def body(xs: Tensors) -> Any:
        return compute(xs)

    body.__doc__ = f"The lowering of `keras.ops.{name}`."
    operation = op(f"keras.ops.{name}")(body)

    def function(xs: Sequence[Any]) -> Tensor:
        return operation(_alike(xs))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{summary}\n\n    Args:\n        xs: Tensors.\n\n    Returns:\n        A "
        f"tensor of the promoted dtype.\n\n    Reference: `keras.ops.{name}`.\n    "
    )
    return function


hstack = _joined("hstack", jnp.hstack, "Joins tensors along the second axis.")
vstack = _joined("vstack", jnp.vstack, "Joins tensors along the first axis.")
dstack = _joined("dstack", jnp.dstack, "Joins tensors along the third axis.")


@op("keras.ops.append")
def _append(x1: Same, x2: Same, axis: int | None) -> Array:
    """The lowering of `keras.ops.append`."""
    return jnp.append(x1, x2, axis)


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """Joins two tensors.

    Args:
        x1: A tensor.
        x2: A tensor.
        axis: The axis; both are flattened if None.

    Returns:
        A tensor of the promoted dtype.

    Reference: `keras.ops.append`.
    """
    return _append(*promote(x1, x2), axis)  # type: ignore[call-arg]


@op("keras.ops.split")
def _split(x: TensorLike, sections: Any, axis: int) -> list[Any]:
    """The lowering of `keras.ops.split`."""
    return jnp.split(x, sections, axis)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Cuts a tensor into parts.

    Args:
        x: A tensor.
        indices_or_sections: How many equal parts, or where to cut.
        axis: The axis.

    Returns:
        A list of tensors.

    Raises:
        ValueError: The axis cannot be cut into so many equal parts.

    Reference: `keras.ops.split`.
    """
    return list(_split(convert_to_tensor(x), _static(indices_or_sections), axis))


@op("keras.ops.array_split")
def _array_split(x: TensorLike, sections: Any, axis: int) -> list[Any]:
    """The lowering of `keras.ops.array_split`."""
    return jnp.array_split(x, sections, axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Cuts a tensor into parts that may differ by one in size.

    Args:
        x: A tensor.
        indices_or_sections: How many parts, or where to cut.
        axis: The axis.

    Returns:
        A list of tensors.

    Reference: `keras.ops.array_split`.
    """
    return list(_array_split(convert_to_tensor(x), _static(indices_or_sections), axis))


def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Cuts a tensor along the second axis (the first of a vector).

    Args:
        x: A tensor.
        indices_or_sections: How many equal parts, or where to cut.

    Returns:
        A list of tensors.

    Reference: `keras.ops.hsplit`.
    """
    x = convert_to_tensor(x)
    return split(x, indices_or_sections, 0 if len(x.shape) == 1 else 1)


def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Cuts a tensor along the first axis.

    Args:
        x: A tensor.
        indices_or_sections: How many equal parts, or where to cut.

    Returns:
        A list of tensors.

    Reference: `keras.ops.vsplit`.
    """
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """Cuts a tensor along the third axis.

    Args:
        x: A tensor of rank at least 3.
        indices_or_sections: How many equal parts, or where to cut.

    Returns:
        A list of tensors.

    Reference: `keras.ops.dsplit`.
    """
    return split(x, indices_or_sections, 2)


@op("keras.ops.unstack")
def unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[Any]:
    """The parts of a tensor along an axis, without that axis.

    Args:
        x: A tensor.
        num: The size of the axis, which is known anyway.
        axis: The axis.

    Returns:
        A list of tensors.

    Reference: `keras.ops.unstack`.
    """
    return [jnp.take(x, index, axis) for index in range(x.shape[axis])]


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
    width = _static(pad_width)
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
