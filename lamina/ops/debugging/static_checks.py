"""Assertions over ranks, shapes and dtypes, all known while tracing.

They raise at once, eagerly and in traced functions alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lamina.engine import dtypes
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor


def _fail(
    kind: type[Exception], name: str, expected: str, received: str, text: str | None
) -> Exception:
    lead = f"{text} " if text else ""
    return kind(
        f"{lead}tf.debugging.{name}: expected {expected}. Received: {received}."
    )


def _describe(tensor: Any) -> str:
    rank = tensor.shape.rank
    return (
        f"a tensor of shape {tensor.shape} (Received rank {rank}), {tensor.dtype.name}"
    )


def assert_rank(
    x: Any, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises ValueError unless a tensor has the given rank.

    Args:
        x: a tensor.
        rank: an int scalar.
        message: what to put before the error's text.
        name: accepted; used in nothing.

    Reference: ``tf.debugging.assert_rank``.
    """
    del name
    tensor, wanted = convert_to_tensor(x), int(rank)
    if tensor.shape.rank != wanted:
        raise _fail(
            ValueError,
            "assert_rank",
            f"a tensor that must have rank {wanted}",
            _describe(tensor),
            message,
        )


def assert_rank_at_least(
    x: Any, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises ValueError unless a tensor has at least the given rank.

    Args and reference as for ``tf.debugging.assert_rank``.
    """
    del name
    tensor, wanted = convert_to_tensor(x), int(rank)
    if (tensor.shape.rank or 0) < wanted:
        raise _fail(
            ValueError,
            "assert_rank_at_least",
            f"a tensor that must have rank at least {wanted}",
            _describe(tensor),
            message,
        )


def assert_rank_in(
    x: Any, ranks: Iterable[Any], message: str | None = None, name: str | None = None
) -> None:
    """Raises ValueError unless a tensor has one of the given ranks.

    Args and reference as for ``tf.debugging.assert_rank``.
    """
    del name
    tensor, wanted = convert_to_tensor(x), tuple(int(rank) for rank in ranks)
    if tensor.shape.rank not in wanted:
        raise _fail(
            ValueError,
            "assert_rank_in",
            f"a tensor that must have rank in {wanted}",
            _describe(tensor),
            message,
        )


def assert_scalar(
    tensor: Any, message: str | None = None, name: str | None = None
) -> Tensor:
    """The tensor itself; raises ValueError unless its rank is 0.

    Reference: ``tf.debugging.assert_scalar``.
    """
    del name
    found = convert_to_tensor(tensor)
    if found.shape.rank != 0:
        raise _fail(
            ValueError,
            "assert_scalar",
            "Expected scalar shape",
            _describe(found),
            message,
        )
    return found


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises TypeError unless a tensor has the given dtype.

    Reference: ``tf.debugging.assert_type``.
    """
    del name
    found, wanted = convert_to_tensor(tensor), as_dtype(tf_type)
    if found.dtype != wanted:
        raise _fail(
            TypeError,
            "assert_type",
            f"tensor must be of type {wanted.name}",
            found.dtype.name,
            message,
        )


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless a tensor has an integer dtype.

    Reference: ``tf.debugging.assert_integer``.
    """
    del name
    found = convert_to_tensor(x)
    if not found.dtype.is_integer:
        raise _fail(
            TypeError,
            "assert_integer",
            'Expected "x" to be integer type',
            found.dtype.name,
            message,
        )


def assert_same_float_dtype(
    tensors: Sequence[Any] | None = None, dtype: Any = None
) -> DType:
    """The common floating dtype of tensors.

    Args:
        tensors: values that convert to tensors; None entries are passed by.
        dtype: None, or the dtype they must have.

    Returns:
        The dtype; float32 if nothing says another.

    Raises:
        ValueError: if they differ, or are not floating.

    Reference: ``tf.debugging.assert_same_float_dtype``.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    for each in tensors or ():
        if each is None:
            continue
        found = convert_to_tensor(each).dtype
        if wanted is not None and found != wanted:
            raise _fail(
                ValueError,
                "assert_same_float_dtype",
                f"tensors that must be of the same type, {wanted.name}",
                found.name,
                None,
            )
        wanted = found
    wanted = wanted or dtypes.float32
    if not wanted.is_floating:
        raise _fail(
            ValueError,
            "assert_same_float_dtype",
            "Expected floating point type",
            wanted.name,
            None,
        )
    return wanted


def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError for tensors, strings, arrays and what cannot be iterated over.

    Reference: ``tf.debugging.assert_proper_iterable``.
    """
    improper = is_tensor(values) or isinstance(values, (str, bytes))
    improper = (
        improper or hasattr(values, "__array__") or not hasattr(values, "__iter__")
    )
    if improper:
        raise _fail(
            TypeError,
            "assert_proper_iterable",
            'Expected argument "values" to be a "proper" iterable',
            f"{type(values)}",
            None,
        )


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether a value is a tensor of numbers.

    Reference: ``tf.debugging.is_numeric_tensor``.
    """
    return is_tensor(tensor) and bool(tensor.dtype.is_numeric)


_ANY = (None, ".", -1)
_REST = ("...", "*", Ellipsis)


def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raises ValueError unless tensors have shapes that fit together.

    Args:
        shapes: dictionary, or list of pairs, from tensor to shape: a tuple of sizes,
            names (one name, one size), None or ``"."`` (any size), with ``"..."`` or
            ``"*"`` first or last for any number of dimensions.
        data: values to show in the error.
        summarize: how many of these to show.
        message: what to put before the error's text.
        name: accepted; used in nothing.

    Example:
        >>> x, y = tf.zeros((2, 3)), tf.zeros((3, 4))
        >>> tf.debugging.assert_shapes([(x, ("N", "D")), (y, ("D", "M"))])

    Reference: ``tf.debugging.assert_shapes``.
    """
    del name
    pairs = list(shapes.items() if isinstance(shapes, Mapping) else shapes)
    extra = ""
    if data is not None:
        shown = list(data)[: None if summarize is None else summarize]
        extra = f" Data: {shown}"
    known: dict[str, tuple[int, str]] = {}
    for value, wanted in pairs:
        tensor = convert_to_tensor(getattr(value, "deref", lambda v=value: v)())
        _fit(tensor, wanted, known, f"{message or ''}{extra}".strip() or None)


def _fit(
    tensor: Tensor, wanted: Any, known: dict[str, tuple[int, str]], text: str | None
) -> None:
    dims = list(wanted) if isinstance(wanted, (tuple, list, str)) else [wanted]
    sizes: list[Any] = list(tensor.shape.as_list())
    label = f"tensor of shape {tensor.shape}"
    offset = 0
    if dims and dims[0] in _REST:
        dims = dims[1:]
        offset = len(sizes) - len(dims)
        sizes = sizes[max(offset, 0) :]
    elif dims and dims[-1] in _REST:
        dims = dims[:-1]
        sizes = sizes[: len(dims)]
    if len(sizes) != len(dims):
        raise _fail(
            ValueError,
            "assert_shapes",
            f"a tensor that must have rank {len(dims)} for shape {wanted!r}",
            f"a {label}",
            text,
        )
    for number, (size, dim) in enumerate(zip(sizes, dims, strict=True)):
        if dim in _ANY:
            continue
        place = f"{label} dimension {number + offset}"
        if isinstance(dim, str) and not dim.isdigit():
            expected, source = known.setdefault(dim, (size, place))
        else:
            expected, source = int(dim), f"the given shape {wanted!r}"
        if size != expected:
            raise _fail(
                ValueError,
                "assert_shapes",
                f"size {expected}, specified by {source}",
                f"{place} must have size {expected}. Received size {size}",
                text,
            )
