"""`keras.ops` of the core: conversion, gradients, slices, scatters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from lamina.engine import tape
from lamina.engine.custom_gradient import custom_gradient as with_gradient
from lamina.engine.graph import KerasTensor
from lamina.engine.op import Array, TensorLike, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.tensor import is_tensor as _is_tensor
from lamina.engine.variable import Variable
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.ops.promotion import convert
from lamina.ops.array import casting


def convert_to_tensor_(
    x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """Converts a value to a tensor.

    Args:
        x: A tensor, variable, array, nested list or number.
        dtype: The dtype; that of the value if None.
        sparse: False turns sparse values dense, in Keras; here all are dense already.
        ragged: False pads ragged values, in Keras; here none are ragged.

    Returns:
        A tensor.

    Reference: `keras.ops.convert_to_tensor`.
    """
    if isinstance(x, KerasTensor):
        return x if dtype is None else cast(x, dtype)
    return convert(x, None if dtype is None else standardize_dtype(dtype))


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """Converts a value to a NumPy array.

    Args:
        x: A tensor, variable, array, nested list or number.

    Returns:
        A NumPy array.

    Raises:
        ValueError: `x` is a symbolic tensor, which has no value.

    Reference: `keras.ops.convert_to_numpy`.
    """
    if isinstance(x, KerasTensor):
        raise ValueError(
            "keras.ops.convert_to_numpy: expected a tensor with a value. Received: "
            f"{x}, which is symbolic. Call the model on data first."
        )
    return np.array(convert_to_tensor(x))


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor.

    Args:
        x: Any object.

    Returns:
        True for tensors, False for variables, arrays and numbers.

    Reference: `keras.ops.is_tensor`.
    """
    return _is_tensor(x) and not isinstance(x, Variable | KerasTensor)


def cast(x: Any, dtype: Any) -> Tensor:
    """Converts the elements to another dtype.

    Args:
        x: A tensor.
        dtype: The dtype.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.cast`.
    """
    return casting.cast(x, standardize_dtype(dtype))


def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """Converts the elements to another dtype, limited to its range.

    Args:
        x: A tensor.
        dtype: The dtype.

    Returns:
        A tensor of the same shape.

    Reference: `keras.ops.saturate_cast`.
    """
    x = convert_to_tensor(x)
    wanted = standardize_dtype(dtype)
    if x.dtype.is_bool or wanted == "bool":
        return casting.cast(x, wanted)
    return casting.saturate_cast(x, wanted)


def dtype(x: Any) -> str:
    """The name of a tensor's dtype.

    Args:
        x: A tensor.

    Returns:
        A string.

    Reference: `keras.ops.dtype`.
    """
    return standardize_dtype(x.dtype if hasattr(x, "dtype") else convert(x).dtype)


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of a tensor's dimensions.

    Args:
        x: A tensor.

    Returns:
        A tuple of ints; None for sizes that a symbolic tensor leaves open.

    Reference: `keras.ops.shape`.
    """
    sizes = x.shape if hasattr(x, "shape") else convert_to_tensor(x).shape
    return tuple(sizes)


def ndim(x: Any) -> int:
    """The number of dimensions.

    Args:
        x: A tensor.

    Returns:
        An int.

    Reference: `keras.ops.ndim`.
    """
    return len(shape(x))


@op("keras.ops.size", differentiable=False)
def size(x: TensorLike) -> Array:
    """The number of elements.

    Args:
        x: A tensor.

    Returns:
        An int32 scalar.

    Reference: `keras.ops.size`.
    """
    return jnp.asarray(x.size, jnp.int32)


def stop_gradient(variable: Any) -> Tensor:
    """The same value, which counts as a constant for gradients.

    Args:
        variable: A tensor or variable.

    Returns:
        A tensor.

    Reference: `keras.ops.stop_gradient`.
    """
    return tape.stop_gradient(variable)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function a gradient of its own.

    Args:
        f: A function that returns its value and a function of the upstream gradient.

    Returns:
        The function without the second result.

    Reference: `keras.ops.custom_gradient`.
    """

    def adapted(*args: Any, **kwargs: Any) -> Any:
        value, pullback = f(*args, **kwargs)

        def gradient(*upstream: Any, variables: Any = None) -> Any:
            return pullback(*upstream)

        return value, gradient

    return with_gradient(adapted)


@op("keras.ops.scatter")
def _scatter(indices: TensorLike, values: TensorLike, shape: Any) -> Array:
    """The lowering of `keras.ops.scatter`."""
    place = tuple(jnp.moveaxis(indices, -1, 0))
    return jnp.zeros(shape, values.dtype).at[place].add(values)


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """A tensor of zeros with values added at positions.

    Args:
        indices: Integers `(..., K)`: positions along the first K axes.
        values: What is added at each position.
        shape: The shape of the result.

    Returns:
        A tensor of `shape` and the dtype of `values`.

    Reference: `keras.ops.scatter`.
    """
    return _scatter(convert_to_tensor(indices), convert_to_tensor(values), shape)


@op("keras.ops.scatter_update")
def _scatter_update(
    inputs: TensorLike, indices: TensorLike, updates: TensorLike, reduction: Any
) -> Array:
    """The lowering of `keras.ops.scatter_update`."""
    place = inputs.at[tuple(jnp.moveaxis(indices, -1, 0))]
    how = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "multiply"}
    return getattr(place, how[reduction])(updates.astype(inputs.dtype))


def scatter_update(
    inputs: Any, indices: Any, updates: Any, reduction: str | None = None
) -> Tensor:
    """A copy of a tensor with new values at positions.

    Args:
        inputs: A tensor.
        indices: Integers `(N, K)`: positions along the first K axes.
        updates: What is put at each position.
        reduction: How updates join old values: None replaces them; `"add"`, `"max"`,
            `"min"` or `"mul"`.

    Returns:
        A tensor of the shape and dtype of `inputs`.

    Raises:
        ValueError: `reduction` is another word.

    Reference: `keras.ops.scatter_update`.
    """
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(
            "keras.ops.scatter_update: expected reduction None, 'add', 'max', 'min' or "
            f"'mul'. Received: {reduction!r}. Choose one of them."
        )
    return _scatter_update(
        convert_to_tensor(inputs),
        convert_to_tensor(indices),
        convert_to_tensor(updates),
        reduction,
    )


@op("keras.ops.slice")
def _slice(inputs: TensorLike, start: TensorLike, shape: Any) -> Array:
    """The lowering of `keras.ops.slice`."""
    sizes = [
        inputs.shape[axis] if size == -1 else size for axis, size in enumerate(shape)
    ]
    return lax.dynamic_slice(
        inputs, [start[axis] for axis in range(inputs.ndim)], sizes
    )


def slice(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """A block of a tensor.

    Args:
        inputs: A tensor.
        start_indices: Where the block starts along each axis.
        shape: Its sizes.

    Returns:
        A tensor of `shape`.

    Reference: `keras.ops.slice`.
    """
    return _slice(convert_to_tensor(inputs), _starts(start_indices), shape)


def _starts(start_indices: Any) -> Tensor:
    return convert(start_indices, "int32")


@op("keras.ops.slice_update")
def _slice_update(inputs: TensorLike, start: TensorLike, updates: TensorLike) -> Array:
    """The lowering of `keras.ops.slice_update`."""
    place = [start[axis] for axis in range(inputs.ndim)]
    return lax.dynamic_update_slice(inputs, updates.astype(inputs.dtype), place)


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """A copy of a tensor with another block.

    Args:
        inputs: A tensor.
        start_indices: Where the block starts along each axis.
        updates: The block.

    Returns:
        A tensor of the shape and dtype of `inputs`.

    Reference: `keras.ops.slice_update`.
    """
    return _slice_update(
        convert_to_tensor(inputs), _starts(start_indices), convert_to_tensor(updates)
    )


def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Tensor:
    """Splits, permutes and merges axes by a pattern such as `"b (h w) c -> b c h w"`.

    Args:
        tensor: A tensor.
        pattern: The axes before and after the arrow; parentheses group axes.
        **axes_lengths: Sizes of named axes that do not follow from the shape.

    Returns:
        A tensor.

    Raises:
        ValueError: The pattern does not fit the tensor.

    Reference: `keras.ops.rearrange`; Rogozhnikov, "Einops", 2022.
    """
    before, arrow, after = pattern.partition("->")
    left, right = _groups(before), _groups(after)
    names = [name for group in left for name in group]
    if not arrow or sorted(names) != sorted(name for group in right for name in group):
        raise ValueError(
            "keras.ops.rearrange: expected a pattern with the same names on both sides "
            f"of '->'. Received: {pattern!r}. Name every axis once on each side."
        )
    tensor = convert_to_tensor(tensor)
    sizes = _axis_sizes(left, tuple(tensor.shape), dict(axes_lengths), pattern)
    return _rearrange(
        tensor,
        tuple(sizes[name] for name in names),
        tuple(names.index(name) for group in right for name in group),
        tuple(int(np.prod([sizes[name] for name in group])) for group in right),
    )


@op("keras.ops.rearrange")
def _rearrange(x: TensorLike, split: Any, order: Any, merged: Any) -> Array:
    """The lowering of `keras.ops.rearrange`."""
    return x.reshape(split).transpose(order).reshape(merged)


def _groups(side: str) -> list[list[str]]:
    groups: list[list[str]] = []
    inside = False
    for token in side.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            groups.append([])
            inside = True
        elif token == ")":
            inside = False
        elif inside:
            groups[-1].append(token)
        else:
            groups.append([token])
    return groups


def _axis_sizes(
    groups: list[list[str]], sizes: tuple[Any, ...], known: dict[str, int], pattern: str
) -> dict[str, int]:
    if len(groups) != len(sizes):
        raise ValueError(
            f"keras.ops.rearrange: expected {len(groups)} axes as in {pattern!r}. "
            f"Received: shape {sizes}. Name every axis."
        )
    for group, size in zip(groups, sizes, strict=True):
        missing = [name for name in group if name not in known]
        product = int(np.prod([known[name] for name in group if name in known]))
        if len(missing) == 1 and size is not None:
            known[missing[0]] = size // product
            product *= known[missing[0]]
        if len(missing) > 1 or (size is not None and product != size):
            raise ValueError(
                f"keras.ops.rearrange: expected sizes that multiply to {size} for "
                f"'{' '.join(group)}'. Received: {known}. Give the sizes by keyword."
            )
    return known
