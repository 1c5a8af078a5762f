"""Calls of functions from converted code.

User functions are converted when they are called; library functions, classes and
builtins are called as they are. ``range``, ``enumerate``, ``zip`` and a few other
builtins understand tensors.
"""

from __future__ import annotations

import contextlib
import functools
import operator
import sys
import types
import weakref
from collections.abc import Callable
from types import CodeType, FunctionType, MethodType
from typing import Any

from lamina.autograph import source, status, transpiler
from lamina.autograph.operators.builtins import OVERLOADS, is_range, range_of
from lamina.engine.context import state
from lamina.engine.errors import OperatorNotAllowedInGraphError

ARTIFACT = "__lamina_autograph__"
# Libraries whose functions never branch on tensors of ours.
_LIBRARY_NAMES = (
    "absl h5py jax jaxlib keras lamina malt matplotlib ml_dtypes numpy optree "
    "packaging pandas PIL pkg_resources psutil pytest _pytest pluggy rich scipy six "
    "sklearn tensorflow tensorflow_datasets torch tqdm typing_extensions wrapt"
)
LIBRARIES = frozenset(_LIBRARY_NAMES.split()) | (sys.stdlib_module_names - {"__main__"})

_wanted: weakref.WeakKeyDictionary[CodeType, bool] = weakref.WeakKeyDictionary()
_runtime: list[Any] = []
_CALL = operator.attrgetter("__call__")
_HOLDERS: set[type] = set()


def register_holder(kind: type) -> None:
    """Registers a library class that stands for the user function ``x.bound()``."""
    _HOLDERS.add(kind)


def set_runtime(runtime: Any) -> None:
    """Sets the object whose attributes converted code uses as operators."""
    _runtime[:] = [runtime]


def artifact(fn: Any) -> Any:
    """Marks a function as converted (or not to be converted)."""
    function = fn.__func__ if type(fn) is MethodType else fn
    if type(function) is FunctionType:
        # The code object, so that functools.wraps does not spread the mark.
        function.__dict__[ARTIFACT] = function.__code__
    return fn


def is_artifact(fn: Any) -> bool:
    """Whether a function was marked by ``artifact``."""
    function = fn.__func__ if type(fn) is MethodType else fn
    if type(function) is not FunctionType:
        return False
    return function.__dict__.get(ARTIFACT) is function.__code__


def converted_call(fn: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Calls ``fn(*args, **kwargs)``, converted if it is a user function."""
    kind = type(fn)
    if kind is FunctionType:
        return converted_function(fn)(*args, **kwargs)
    if kind is MethodType:
        function = fn.__func__
        if type(function) is FunctionType:
            return converted_function(function)(fn.__self__, *args, **kwargs)
        return fn(*args, **kwargs)
    if kind is types.BuiltinFunctionType or kind is type:
        overload = OVERLOADS.get(fn)
        return (overload or fn)(*args, **kwargs)
    if kind is functools.partial:
        merged = {**fn.keywords, **kwargs}
        return converted_call(fn.func, *fn.args, *args, **merged)
    if kind in _HOLDERS:
        return converted_call(fn.bound(), *args, **kwargs)
    if not isinstance(fn, type) and callable(fn):
        call = _CALL(kind)
        if type(call) is FunctionType and _is_user_code(call):
            return converted_function(call)(fn, *args, **kwargs)
    return fn(*args, **kwargs)


def iterated_call(fn: Any, /, *args: Any, **kwargs: Any) -> Any:
    """``converted_call`` for the head of a ``for`` loop, where ranges may be lazy."""
    if is_range(fn):
        found = range_of(fn, *args, **kwargs)
        if found is not None:
            return found
    return converted_call(fn, *args, **kwargs)


def converted_function(fn: FunctionType) -> Callable[..., Any]:
    """The function to call in place of ``fn``: converted, or ``fn`` itself."""
    if status.converting() is False:
        return fn
    if is_artifact(fn) or not _is_user_code(fn):
        return fn
    code = fn.__code__
    wanted = _wanted.get(code)
    if wanted is None:
        wanted = not transpiler.is_generator(fn) and source.needs_conversion(code)
        _wanted[code] = wanted
    if not wanted:
        return fn
    try:
        return transpiler.transform(fn, _runtime[0])
    except source.SourceUnavailable as error:
        return _unconverted(fn, str(error))


def _unconverted(fn: FunctionType, reason: str) -> Callable[..., Any]:
    """The function as it is; an error over a tensor's truth value says why."""

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except OperatorNotAllowedInGraphError as error:
            note = f"AutoGraph did not convert {fn.__qualname__}: {reason}."
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
            raise

    return call


def _is_user_code(fn: FunctionType) -> bool:
    module = fn.__globals__.get("__name__") or ""
    if module.partition(".")[0] in LIBRARIES:
        return False
    return not fn.__code__.co_filename.startswith("<frozen")


def convert(fn: Any) -> Any:
    """What to call in place of a user function inside a trace.

    Args:
        fn: any callable.

    Returns:
        A callable of the same signature that runs the converted function and converts
        what it calls; ``fn`` itself if it must not be converted.
    """
    if is_artifact(fn):
        return fn

    def call(*args: Any, **kwargs: Any) -> Any:
        return _run(fn, *args, **kwargs)

    with contextlib.suppress(AttributeError, TypeError):
        functools.update_wrapper(call, fn)
    return artifact(call)


def tf_convert(fn: Any) -> Any:
    """What library code calls in place of a function that a user gave it.

    Args:
        fn: any callable.

    Returns:
        While a function is being traced, a callable that converts ``fn``, unless
        conversion is switched off; eagerly ``fn`` itself.
    """
    if state.trace is None and not status.converting():
        return fn
    return fn if status.converting() is False else functools.partial(_run, fn)


def _run(fn: Any, /, *args: Any, **kwargs: Any) -> Any:
    with status.enabled():
        return converted_call(fn, *args, **kwargs)
