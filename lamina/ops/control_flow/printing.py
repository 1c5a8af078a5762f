"""``tf.print``."""

from __future__ import annotations

import logging
import pprint
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina.autograph.staging.effects import emit
from lamina.autograph.staging.text import array_text
from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.tensor import convert_to_tensor, is_tensor

_LEVELS = {
    "log(info)": logging.INFO,
    "log(warning)": logging.WARNING,
    "log(error)": logging.ERROR,
}
_LOGGER = logging.getLogger("lamina")
_OPTIONS = frozenset(("output_stream", "summarize", "sep", "end", "name"))


def print_v2(*inputs: Any, **kwargs: Any) -> None:
    """Prints values, also from inside a traced function when it runs.

    Args:
        *inputs: strings, tensors, and Python objects and nests that may hold tensors.
        **kwargs: ``output_stream`` (``sys.stderr``, ``sys.stdout``, a logging function
            or level, or ``"file://path"`` to append to a file); ``summarize`` (how many
            items to show at each end of a dimension: 3, or -1 for all); ``sep`` (a
            space); ``end`` (a line end); ``name``.

    Raises:
        ValueError: for an unknown output stream.
        TypeError: for an unknown keyword.

    Example:
        >>> tf.print("x:", tf.constant([1, 2]), output_stream=sys.stdout)
        x: [1 2]

    Reference: ``tf.print``.
    """
    unknown = set(kwargs) - _OPTIONS
    if unknown:
        raise TypeError(
            message(
                "tf.print",
                expected=f"keywords among {sorted(_OPTIONS)}",
                received=f"{sorted(unknown)}",
                hint="Remove them.",
            )
        )
    write = _writer(kwargs.get("output_stream", sys.stderr))
    summarize = kwargs.get("summarize")
    sep, end = kwargs.get("sep", " "), kwargs.get("end")
    end = "\n" if end is None else end
    tensors = [
        convert_to_tensor(leaf)
        for leaf in nest.flatten(list(inputs), expand_composites=True)
        if is_tensor(leaf)
    ]
    host = [each for each in tensors if each._value.dtype == object]
    traced = [each for each in tensors if each._value.dtype != object]

    def show(*arrays: Any) -> None:
        # Strings are known while tracing; the program hands over the others.
        known, given = iter(host), iter(arrays)
        values = [
            np.asarray(next(known)._value)
            if each._value.dtype == object
            else np.asarray(next(given))
            for each in tensors
        ]
        write(sep.join(_texts(inputs, values, summarize)) + end)

    emit(None, traced, show, ordered=True)


def _texts(
    inputs: Sequence[Any], values: Sequence[Any], summarize: int | None
) -> list[str]:
    ready = iter(values)
    if len(inputs) == 1 and is_tensor(inputs[0]):
        value = next(ready)
        if value.dtype == object and value.ndim == 0:
            item = value[()]
            return [item.decode("utf-8", "replace") if type(item) is bytes else item]
        return [array_text(value, summarize)]
    return [_text(each, ready, summarize) for each in inputs]


def _text(value: Any, ready: Any, summarize: int | None) -> str:
    if isinstance(value, str):
        return value

    def shown(leaf: Any) -> Any:
        return _Text(array_text(next(ready), summarize)) if is_tensor(leaf) else leaf

    if is_tensor(value):
        return str(shown(value))
    if hasattr(type(value), "_type_spec"):
        return repr(nest.map_structure(shown, value, expand_composites=True))
    return pprint.pformat(nest.map_structure(shown, value))


class _Text:
    """Text that prints without quotes inside a nest."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _writer(stream: Any) -> Callable[[str], None]:
    if stream is None or stream is sys.stderr or stream is sys.__stderr__:
        return lambda text: _to_stream("stderr", text)
    if stream is sys.stdout or stream is sys.__stdout__:
        return lambda text: _to_stream("stdout", text)
    if isinstance(stream, str):
        if stream in ("stdout", "stderr"):
            return lambda text: _to_stream(stream, text)
        if stream.startswith("file://"):
            return lambda text: _append(stream[len("file://") :], text)
        if stream in _LEVELS:
            return lambda text: _LOGGER.log(_LEVELS[stream], "%s", text.rstrip("\n"))
    elif isinstance(stream, int) and not isinstance(stream, bool):
        return lambda text: _LOGGER.log(stream, "%s", text.rstrip("\n"))
    elif callable(stream):
        return lambda text: stream(text.rstrip("\n"))
    elif hasattr(stream, "write"):
        return lambda text: _to_file(stream, text)
    raise ValueError(
        message(
            "tf.print",
            expected="output_stream to be sys.stdout, sys.stderr, a logging level or "
            "function, or 'file://' with a path (Unknown output stream)",
            received=f"{stream!r:.100}",
            hint="Use one of these.",
        )
    )


def _to_stream(name: str, text: str) -> None:
    # Looked up when printing: notebooks and tests replace the streams.
    _to_file(getattr(sys, name), text)


def _to_file(stream: Any, text: str) -> None:
    stream.write(text)
    stream.flush()


def _append(path: str, text: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)
