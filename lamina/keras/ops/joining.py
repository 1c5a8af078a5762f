"""`keras.ops` that join and split tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.op import Array, Same, TensorLike, Tensors, op
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.ops.promotion import promote
from lamina.keras.ops.shaping import as_static
from lamina.ops.array import joining


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
    return list(_split(convert_to_tensor(x), as_static(indices_or_sections), axis))


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
    return list(
        _array_split(convert_to_tensor(x), as_static(indices_or_sections), axis)
    )


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
        num: The size of the axis, or None.
        axis: The axis.

    Returns:
        A list of tensors.

    Raises:
        InvalidArgumentError: `num` is not the size of the axis.

    Reference: `keras.ops.unstack`.
    """
    if num is not None and num != x.shape[axis]:
        raise InvalidArgumentError.of(
            "keras.ops.unstack",
            expected=f"num={x.shape[axis]}, the size of axis {axis}",
            received=f"num={num} for x of shape {tuple(x.shape)}",
            hint="Leave `num` out.",
        )
    return [jnp.take(x, index, axis) for index in range(x.shape[axis])]
