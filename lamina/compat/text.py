"""Text and bytes: the helpers of ``tf.compat``."""

from __future__ import annotations

import os
from typing import Any

from lamina.engine.errors import message


def as_bytes(bytes_or_text: str | bytes | bytearray, encoding: str = "utf-8") -> bytes:
    """The bytes of a text; bytes are given back.

    Args:
        bytes_or_text: a text or bytes.
        encoding: how a text is encoded.

    Raises:
        TypeError: the value is neither.

    Example:
        >>> import lamina as tf
        >>> tf.compat.as_bytes("é")
        b'\\xc3\\xa9'

    Reference: ``tf.compat.as_bytes``.
    """
    if isinstance(bytes_or_text, bytearray):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    raise _not_text("tf.compat.as_bytes", bytes_or_text)


def as_text(bytes_or_text: str | bytes | bytearray, encoding: str = "utf-8") -> str:
    """The text that bytes encode; a text is given back.

    Args:
        bytes_or_text: a text or bytes.
        encoding: how the bytes are decoded.

    Raises:
        TypeError: the value is neither.

    Example:
        >>> import lamina as tf
        >>> tf.compat.as_text(b"a")
        'a'

    Reference: ``tf.compat.as_text``; ``tf.compat.as_str`` is the same function.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes_or_text.decode(encoding)
    raise _not_text("tf.compat.as_text", bytes_or_text)


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """The text of any value: bytes are decoded, everything else goes through `str`.

    Args:
        value: any value.
        encoding: how bytes are decoded.

    Reference: ``tf.compat.as_str_any``.
    """
    if isinstance(value, (bytes, bytearray)):
        return value.decode(encoding)
    return str(value)


def path_to_str(path: Any) -> Any:
    """The text of a path object; other values are given back.

    Reference: ``tf.compat.path_to_str``.
    """
    return as_str_any(os.fspath(path)) if isinstance(path, os.PathLike) else path


def _not_text(name: str, value: Any) -> TypeError:
    return TypeError(
        message(
            name,
            expected="binary or unicode string",
            received=f"{value!r} of type {type(value).__name__}",
            hint="Convert it with str() first.",
        )
    )
