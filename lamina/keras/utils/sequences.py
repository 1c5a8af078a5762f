"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from lamina.engine.errors import message

_NAME: Final = "keras.utils.pad_sequences"
_SIDES: Final = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray[Any, Any]:
    """Pads and cuts sequences to one length.

    Args:
        sequences: B sequences; their elements may be arrays of one shape.
        maxlen: the length T; that of the longest sequence if None.
        dtype: of the result.
        padding: ``"pre"`` pads before the sequences, ``"post"`` after them.
        truncating: ``"pre"`` drops the beginning of longer ones, ``"post"`` the end.
        value: what is padded with.

    Returns:
        An array of shape ``(B, T, ...)``.

    Raises:
        ValueError: a value is no sequence, elements differ in shape, or an option is
            unknown.

    Example:
        >>> import lamina as tf
        >>> tf.keras.utils.pad_sequences([[1], [2, 3]]).tolist()
        [[0, 1], [2, 3]]

    Reference: ``keras.utils.pad_sequences``.
    """
    for argument, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise _mistake(
                f"`{argument}` to be 'pre' or 'post'", repr(side), "'pre' is the usual."
            )
    if not hasattr(sequences, "__len__"):
        raise _mistake(
            "`sequences` must be iterable, with a length",
            repr(sequences),
            "Pass a list of lists.",
        )
    for each in sequences:
        if not hasattr(each, "__len__"):
            raise _mistake(
                "`sequences` must be a list of iterables",
                f"non-iterable: {each!r}",
                "Pass a list of lists.",
            )
    filled = [np.asarray(each) for each in sequences if len(each)]
    element = filled[0].shape[1:] if filled else ()
    if maxlen is None:
        maxlen = max((len(each) for each in sequences), default=0)
    text = np.issubdtype(dtype, np.str_) if dtype is not object else False
    if isinstance(value, str) and dtype is not object and not text:
        raise _mistake(
            "a dtype that holds the value that is padded with",
            f"`dtype` {dtype} is not compatible with `value`'s type: {type(value)}",
            "Set dtype=object for variable length strings.",
        )
    result = np.full((len(sequences), maxlen, *element), value, dtype=dtype)
    for row, each in enumerate(sequences):
        if not len(each) or not maxlen:
            continue
        kept = each[-maxlen:] if truncating == "pre" else each[:maxlen]
        array = np.asarray(kept, dtype=dtype)
        if array.shape[1:] != element:
            raise _mistake(
                f"elements of shape {element}",
                f"Shape of sample {array.shape[1:]} of sequence at position {row}",
                "Make all elements one shape.",
            )
        place = slice(-len(kept), None) if padding == "pre" else slice(0, len(kept))
        result[row, place] = array
    return result


def _mistake(expected: str, received: str, hint: str) -> ValueError:
    return ValueError(message(_NAME, expected=expected, received=received, hint=hint))
