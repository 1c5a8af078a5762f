"""`keras.ops` that look up, order and count elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from lamina.engine.op import Array, Same, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.ops.promotion import convert, dtype_of, promote, result_type
from lamina.ops.array import selection
from lamina.ops.array.slicing import getitem


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Chooses elements from two tensors, or finds where a condition holds.

    Args:
        condition: A boolean tensor.
        x1: What is taken where the condition holds.
        x2: What is taken elsewhere.

    Returns:
        A tensor of the broadcast shape; with the condition alone a tuple of int32
        vectors, one for each axis.

    Raises:
        ValueError: Only one of `x1` and `x2` is given.

    Reference: `keras.ops.where`.
    """
    if (x1 is None) != (x2 is None):
        raise ValueError(
            "keras.ops.where: `x1` and `x2` either both should be `None` or both "
            f"should have non-None value. Received: x1={x1}, x2={x2}. Pass both."
        )
    if x1 is None:
        return nonzero(condition)
    return selection.where(convert(condition, "bool"), *promote(x1, x2))


@op("keras.ops.nonzero", host=True, differentiable=False)
def _nonzero(x: TensorLike) -> list[Array]:
    """The lowering of `keras.ops.nonzero`."""
    return [found.astype(np.int32) for found in np.nonzero(np.atleast_1d(x))]


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """Where elements are not 0.

    Args:
        x: A tensor.

    Returns:
        A tuple of int32 vectors, one for each axis.

    Reference: `keras.ops.nonzero`.
    """
    return tuple(_nonzero(convert_to_tensor(x)))


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Tensor:
    """For each element the choice of the first condition that holds.

    Args:
        condlist: Boolean tensors.
        choicelist: As many tensors.
        default: What is taken where no condition holds.

    Returns:
        A tensor of the broadcast shape.

    Reference: `keras.ops.select`.
    """
    *choices, default = promote(*choicelist, default)
    every = [convert(condition, "bool") for condition in condlist]
    conditions, result = list(reversed(every)), default
    for condition, choice in zip(conditions, reversed(choices), strict=True):
        result = selection.where(condition, choice, result)
    return result


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The elements at positions along an axis.

    Args:
        x: A tensor.
        indices: Integers; negative ones count from the end.
        axis: The axis; that of the flattened tensor if None.

    Returns:
        A tensor in which `indices.shape` replaces the axis.

    Reference: `keras.ops.take`.
    """
    return _take_signed(convert_to_tensor(x), convert_to_tensor(indices), axis)


@op("keras.ops.take")
def _take_signed(x: TensorLike, indices: TensorLike, axis: int | None) -> Array:
    """The lowering of `keras.ops.take`; negative positions count from the end."""
    if indices.dtype.kind not in "iu":
        indices = indices.astype(jnp.int32)
    size = x.size if axis is None else x.shape[axis]
    if indices.dtype.kind == "i":
        indices = jnp.where(indices < 0, indices + size, indices)
    return jnp.take(x, indices, axis, mode="clip")


@op("keras.ops.take_along_axis")
def _take_along(x: TensorLike, indices: TensorLike, axis: int | None) -> Array:
    """The lowering of `keras.ops.take_along_axis`."""
    return jnp.take_along_axis(x, indices, axis)


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """For each slice along an axis, its elements at positions of its own.

    Args:
        x: A tensor.
        indices: Integers of the same rank; broadcast with `x`.
        axis: The axis; that of the flattened tensor if None.

    Returns:
        A tensor.

    Reference: `keras.ops.take_along_axis`.
    """
    return _take_along(convert_to_tensor(x), convert_to_tensor(indices), axis)


def get_item(x: Any, key: Any) -> Tensor:
    """`x[key]`.

    Args:
        x: A tensor.
        key: An index, slices, or a tuple of them.

    Returns:
        A tensor.

    Reference: `keras.ops.get_item`.
    """
    return getitem(convert_to_tensor(x), key)


@op("keras.ops.sort")
def sort(x: TensorLike, axis: int | None = -1) -> Array:
    """Sorts elements in ascending order.

    Args:
        x: A tensor.
        axis: The axis; that of the flattened tensor if None.

    Returns:
        A tensor of the same dtype.

    Reference: `keras.ops.sort`.
    """
    return jnp.sort(x, axis)


@op("keras.ops.argsort", differentiable=False)
def argsort(x: TensorLike, axis: int | None = -1) -> Array:
    """The positions that would sort elements in ascending order; stable.

    Args:
        x: A tensor.
        axis: The axis; that of the flattened tensor if None.

    Returns:
        An int32 tensor.

    Reference: `keras.ops.argsort`.
    """
    return jnp.argsort(x, axis, stable=True).astype(jnp.int32)


@op("keras.ops.argpartition", differentiable=False)
def argpartition(x: TensorLike, kth: int, axis: int = -1) -> Array:
    """Positions in an order in which the k-th is where sorting would put it.

    Args:
        x: A tensor.
        kth: The position; smaller elements come before it.
        axis: The axis.

    Returns:
        An int32 tensor.

    Reference: `keras.ops.argpartition`. Known difference: the order is that of
    sorting.
    """
    return jnp.argsort(x, axis, stable=True).astype(jnp.int32)


@op("keras.ops.searchsorted", differentiable=False)
def _searchsorted(sorted_sequence: Same, values: Same, side: str) -> Array:
    """The lowering of `keras.ops.searchsorted`."""
    return jnp.searchsorted(sorted_sequence, values, side=side).astype(jnp.int32)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Where values would be inserted into a sorted vector.

    Args:
        sorted_sequence: A vector in ascending order.
        values: A tensor.
        side: `"left"` or `"right"` of equal elements.

    Returns:
        An int32 tensor of the shape of `values`.

    Raises:
        ValueError: The sequence is not a vector.

    Reference: `keras.ops.searchsorted`.
    """
    first, second = promote(sorted_sequence, values)
    if len(first.shape) != 1:
        raise ValueError(
            "keras.ops.searchsorted: expected a 1-D sorted_sequence. Received: shape "
            f"{tuple(first.shape)}. searchsorted only supports 1-D sorted sequences; "
            "you can use keras.ops.vectorized_map to extend it to N-D."
        )
    return _searchsorted(first, second, side)


@op("keras.ops.digitize", differentiable=False)
def _digitize(x: TensorLike, bins: TensorLike) -> Array:
    """The lowering of `keras.ops.digitize`."""
    return jnp.searchsorted(bins, x, side="right").astype(jnp.int32)


def digitize(x: Any, bins: Any) -> Tensor:
    """The number of the bin in which each element lies.

    Args:
        x: A tensor.
        bins: The borders of the bins in ascending order.

    Returns:
        An int32 tensor of the shape of `x`.

    Reference: `keras.ops.digitize`.
    """
    return _digitize(*promote(x, bins))


@op("keras.ops.bincount", host=True, differentiable=False)
def _bincount(x: TensorLike, weights: TensorLike | None, minlength: int) -> Array:
    """The lowering of `keras.ops.bincount`."""
    size = max(int(minlength), int(x.max()) + 1 if x.size else 0)
    dtype = np.int32 if weights is None else weights.dtype
    rows = np.reshape(x, (-1, x.shape[-1]))
    parts = None if weights is None else np.reshape(weights, rows.shape)
    out = np.zeros((len(rows), size), dtype)
    for index, row in enumerate(rows):
        part = None if parts is None else parts[index]
        out[index] = np.bincount(row, part, size).astype(dtype)
    return out.reshape(*x.shape[:-1], size)


def bincount(
    x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """How often each integer occurs.

    Args:
        x: Non-negative integers, `(N,)` or `(B, N)`.
        weights: What each occurrence counts; 1 if None.
        minlength: The least size of the result.
        sparse: Only False: the result is dense.

    Returns:
        A tensor `(size,)` or `(B, size)`; int32 without weights.

    Raises:
        ValueError: `sparse` is True.

    Reference: `keras.ops.bincount`.
    """
    if sparse:
        raise ValueError(
            "keras.ops.bincount: expected sparse=False. Received: sparse=True. Convert "
            "the dense result with tf.sparse.from_dense."
        )
    x = convert_to_tensor(x)
    if weights is not None:
        weights = convert_to_tensor(weights)
        dtype = result_type(weights.dtype, "int32")
        weights = convert(weights, dtype)
    return _bincount(x, weights, int(minlength))


@op("keras.ops.histogram", differentiable=False)
def _histogram(x: TensorLike, bins: int, limits: Any) -> list[Array]:
    """The lowering of `keras.ops.histogram`."""
    counts, edges = jnp.histogram(x, bins, limits)
    return [counts.astype(x.dtype), edges.astype(x.dtype)]


def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Tensor, Tensor]:
    """How many elements lie in each of equally wide bins.

    Args:
        x: A tensor.
        bins: The number of bins.
        range: The ends of the bins; the extremes of `x` if None.

    Returns:
        The counts and the borders of the bins.

    Raises:
        ValueError: `bins` is not positive, or `range` is not a pair.

    Reference: `keras.ops.histogram`.
    """
    if not isinstance(bins, int) or bins <= 0:
        raise ValueError(
            "keras.ops.histogram: expected a positive integer of bins. Received: "
            f"bins={bins}. Argument `bins` must be a non-negative integer."
        )
    if range and (not isinstance(range, list | tuple) or len(range) != 2):
        raise ValueError(
            "keras.ops.histogram: expected `range` as a pair. Received: "
            f"range={range}. Pass (low, high)."
        )
    from_values = convert(x, result_type(dtype_of(convert_to_tensor(x)), float))
    counts, edges = _histogram(from_values, bins, tuple(range) if range else None)
    return counts, edges


@op("keras.ops.unravel_index", differentiable=False)
def _unravel(indices: TensorLike, shape: Any) -> list[Array]:
    """The lowering of `keras.ops.unravel_index`."""
    size = int(np.prod(shape))
    wrapped = jnp.where(indices < 0, indices + size, indices)
    return [part.astype(indices.dtype) for part in jnp.unravel_index(wrapped, shape)]


def unravel_index(indices: Any, shape: Any) -> tuple[Tensor, ...]:
    """Positions in a flattened tensor as positions along its axes.

    Args:
        indices: Integers.
        shape: The shape of the tensor.

    Returns:
        A tuple of tensors, one for each axis.

    Reference: `keras.ops.unravel_index`.
    """
    if None in tuple(shape):
        raise ValueError(
            "keras.ops.unravel_index: expected a fully defined shape. Received: "
            f"shape={shape}. `shape` argument cannot contain `None`."
        )
    return tuple(_unravel(convert_to_tensor(indices), tuple(shape)))


@op("keras.ops.unique", host=True, differentiable=False)
def _unique(
    x: TensorLike, index: bool, inverse: bool, counts: bool, axis: Any, ordered: bool
) -> list[Array]:
    """The lowering of `keras.ops.unique`."""
    out: Any = np.unique(np.asarray(x), index, inverse, counts, axis)  # type: ignore[call-overload]
    parts = list(out) if isinstance(out, tuple) else [out]
    rest = []
    for place, part in enumerate(parts[1:]):
        is_inverse = inverse and place == int(index)
        if is_inverse and axis is None:
            part = part.reshape(x.shape)
        rest.append(part.astype(np.int32))
    return [parts[0], *rest]


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements of a tensor.

    Args:
        x: A tensor.
        sorted: Accepted: the result is sorted.
        return_index: Whether to return where each stands first.
        return_inverse: Whether to return the positions that rebuild `x`.
        return_counts: Whether to return how often each occurs.
        axis: The axis whose slices are compared; elements if None.
        size: The number of results: further ones are cut off, missing ones filled.
        fill_value: What fills missing results; the least element if None.

    Returns:
        A tensor, or a tuple with the further results.

    Reference: `keras.ops.unique`.
    """
    found = list(
        _unique(
            convert_to_tensor(x),
            return_index,
            return_inverse,
            return_counts,
            axis,
            sorted,
        )
    )
    if size is not None:
        found = _resize(
            found, size, axis or 0, fill_value, return_index, return_inverse
        )
    return tuple(found) if len(found) > 1 else found[0]


def _resize(
    found: list[Tensor],
    size: int,
    axis: int,
    fill_value: Any,
    has_index: bool,
    has_inverse: bool,
) -> list[Tensor]:
    out = []
    for place, tensor in enumerate(found):
        if has_inverse and place == 1 + int(has_index):
            out.append(tensor)
            continue
        values = np.asarray(tensor)
        along = axis if place == 0 else 0
        kept = np.take(values, np.arange(min(size, values.shape[along])), along)
        missing = size - kept.shape[along]
        if missing > 0:
            first = np.take(values, [0], along)
            if place == 0:
                filler = (
                    np.full_like(first, fill_value) if fill_value is not None else first
                )
            else:
                filler = np.zeros_like(first) if place > int(has_index) else first
            kept = np.concatenate([kept, *([filler] * missing)], along)
        out.append(convert_to_tensor(kept))
    return out


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function of tensors from a function of their elements (or core dimensions).

    Args:
        pyfunc: A function made of operations.
        excluded: Positions and names of arguments that are passed as they are.
        signature: The core dimensions, such as `"(n),(n)->()"`.

    Returns:
        A function that broadcasts its arguments.

    Raises:
        TypeError: `pyfunc` is not callable.

    Reference: `keras.ops.vectorize`.
    """
    if not callable(pyfunc):
        raise TypeError(
            "keras.ops.vectorize: expected a callable `pyfunc`. Received: "
            f"pyfunc={pyfunc}. Pass a function of tensors."
        )

    def raw(*arrays: Any) -> Any:
        wrapped = [Tensor(each) if hasattr(each, "dtype") else each for each in arrays]
        result = pyfunc(*wrapped)
        if isinstance(result, list | tuple):
            return tuple(convert_to_tensor(part)._value for part in result)
        return convert_to_tensor(result)._value

    fast = jnp.vectorize(raw, excluded=excluded or set(), signature=signature)

    def function(*args: Any) -> Any:
        ready = [
            arg if excluded and place in excluded else convert_to_tensor(arg)._value
            for place, arg in enumerate(args)
        ]
        result = fast(*ready)
        if isinstance(result, tuple):
            return tuple(Tensor(part) for part in result)
        return Tensor(result)

    return function
