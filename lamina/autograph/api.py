"""The public functions of ``tf.autograph``."""

from __future__ import annotations

import ast
import enum
import functools
import logging
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from lamina.autograph import operators, status, transpiler
from lamina.autograph.operators import artifact, convert
from lamina.autograph.source import SourceUnavailable
from lamina.engine.errors import message

_LOGGER = logging.getLogger("lamina.autograph")
_UNSET = object()
_state: dict[str, Any] = {"stdout": None}


class Feature(enum.Enum):
    """Optional parts of the conversion; all of them are always on.

    Reference: ``tf.autograph.experimental.Feature``. Lamina converts asserts, builtin
    functions and loops always; lists stay Python lists.
    """

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"


def to_graph(
    entity: Callable[..., Any],
    recursive: bool = True,
    experimental_optional_features: Any = None,
) -> Callable[..., Any]:
    """Converts a Python function so that it can run on traced tensors.

    Args:
        entity: a Python function, method or lambda with source.
        recursive: whether the functions that it calls are converted too.
        experimental_optional_features: ``Feature`` values; see ``Feature``.

    Returns:
        A function of the same signature. Eagerly it does what ``entity`` does.

    Raises:
        ValueError: if it cannot be converted.

    Example:
        >>> def positive(x):
        ...     return x if x > 0 else -x
        >>> int(tf.autograph.to_graph(positive)(tf.constant(-2)))
        2

    Reference: ``tf.autograph.to_graph``.
    """
    del experimental_optional_features
    function = _function_of(entity, "tf.autograph.to_graph")
    if recursive:
        return convert(entity)  # type: ignore[no-any-return]
    made = transpiler.transform(function, operators)
    owner = getattr(entity, "__self__", None)
    bound = made if owner is None else MethodType(made, owner)

    @functools.wraps(entity)
    def call(*args: Any, **kwargs: Any) -> Any:
        with status.disabled():
            return bound(*args, **kwargs)

    return artifact(call)  # type: ignore[no-any-return]


def to_code(
    entity: Callable[..., Any],
    recursive: bool = True,
    experimental_optional_features: Any = None,
) -> str:
    """The converted source of a Python function, for reading.

    Args:
        entity: a Python function, method or lambda with source.
        recursive: accepted; the code of called functions is not shown either way.
        experimental_optional_features: see ``Feature``.

    Returns:
        Python source; ``ag__`` stands for the operators.

    Raises:
        ValueError: if it cannot be converted.

    Reference: ``tf.autograph.to_code``. The generated code differs from TensorFlow's.
    """
    del recursive, experimental_optional_features
    function = _function_of(entity, "tf.autograph.to_code")
    return ast.unparse(transpiler.converted_tree(function))


def _function_of(entity: Any, name: str) -> FunctionType:
    entity = getattr(entity, "python_function", entity)
    function = entity.__func__ if isinstance(entity, MethodType) else entity
    if not isinstance(function, FunctionType):
        raise ValueError(
            message(
                name,
                expected="a Python function, method or lambda",
                received=f"{entity!r:.100} of type {type(entity).__name__}",
                hint="Pass the function itself.",
            )
        )
    try:
        transpiler.converted_tree(function)
    except SourceUnavailable as error:
        raise ValueError(
            message(
                name,
                expected="a function whose source can be converted",
                received=f"{function.__qualname__}: {error}",
                hint="Define it in a file, or decorate it with "
                "tf.autograph.experimental.do_not_convert.",
            )
        ) from None
    return function


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Keeps a function, and what it calls, from being converted.

    Args:
        func: the function; None makes a decorator.

    Returns:
        A function that does the same.

    Reference: ``tf.autograph.experimental.do_not_convert``.
    """
    if func is None:
        return do_not_convert

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        with status.disabled():
            return func(*args, **kwargs)

    return artifact(call)


def set_loop_options(
    parallel_iterations: Any = _UNSET,
    swap_memory: Any = _UNSET,
    maximum_iterations: Any = _UNSET,
    shape_invariants: Any = _UNSET,
) -> None:
    """Gives options to the loop in whose body it stands, as first statement.

    Args:
        parallel_iterations: accepted; XLA schedules a loop's operations itself.
        swap_memory: accepted; XLA plans memory itself.
        maximum_iterations: the most iterations that a staged loop runs.
        shape_invariants: list of ``(variable, shape)``. Compiled loops need constant
            shapes: where a variable's shape does change, the function runs op by op.

    Reference: ``tf.autograph.experimental.set_loop_options``. AutoGraph reads the call
    when it converts the loop; executed eagerly it does nothing.
    """
    del parallel_iterations, swap_memory, maximum_iterations, shape_invariants


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Sets how much AutoGraph logs.

    Args:
        level: 0 for nothing; larger numbers show more of the conversion.
        alsologtostdout: whether to write the messages to standard output, too.

    Reference: ``tf.autograph.set_verbosity``.
    """
    _LOGGER.setLevel(logging.DEBUG if level > 0 else logging.WARNING)
    handler = _state["stdout"]
    if handler is not None:
        _LOGGER.removeHandler(handler)
        _state["stdout"] = None
    if alsologtostdout:
        handler = _state["stdout"] = logging.StreamHandler(sys.stdout)
        _LOGGER.addHandler(handler)


def trace(*args: Any) -> None:
    """Prints values while a function is traced.

    Args:
        *args: anything printable.

    Reference: ``tf.autograph.trace``.
    """
    print(*args)
