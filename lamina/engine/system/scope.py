"""Scopes of names and of order: ``name_scope``, ``control_dependencies``, ``group``.

A traced function runs its reads and writes of variables in the order of the program,
so what asks TensorFlow for an order has nothing left to do here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final

import jax

from lamina.engine.context import state
from lamina.engine.errors import message

newaxis: Final = None
"""What adds an axis of size 1 in an index: ``x[tf.newaxis, :]``."""


class name_scope:
    """A context in which names of variables and of traced operations get a prefix.

    Args:
        name: the prefix. Scopes nest: ``"a"`` inside ``"b"`` is ``"b/a/"``. A name
            that ends with ``/`` is taken as it is; an empty name leaves all scopes.

    Raises:
        ValueError: the name is not a string.

    Example:
        >>> import lamina as tf
        >>> with tf.name_scope("layer") as scope:
        ...     print(scope)
        layer/

    Reference: ``tf.name_scope``. Unlike TensorFlow's, names inside a traced function
    are not made unique.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError(
                message(
                    "tf.name_scope",
                    expected="name for name_scope must be a string",
                    received=f"{name!r} of type {type(name).__name__}",
                    hint="Pass a string; an empty one leaves all scopes.",
                )
            )
        self._name = name
        self._exits: list[contextlib.ExitStack] = []

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    def __enter__(self) -> str:
        """Enters the scope; gives its full name, which ends with ``/``."""
        before = state.scopes
        stack = contextlib.ExitStack()
        stack.callback(setattr, state, "scopes", before)
        parts = tuple(part for part in self._name.split("/") if part)
        if not self._name:
            state.scopes = ()
        elif self._name.endswith("/"):
            state.scopes = parts
        else:
            state.scopes = before + parts
        if state.trace is not None and parts:
            stack.enter_context(jax.named_scope("/".join(parts)))
        self._exits.append(stack)
        return "".join(f"{part}/" for part in state.scopes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        """Leaves the scope."""
        self._exits.pop().close()


def executing_eagerly() -> bool:
    """Whether operations run at once, and not into a function being traced.

    Example:
        >>> import lamina as tf
        >>> tf.executing_eagerly()
        True

    Reference: ``tf.executing_eagerly``.
    """
    return state.trace is None


def inside_function() -> bool:
    """Whether a function is being traced.

    Reference: ``tf.inside_function``.
    """
    return state.trace is not None


def control_dependencies(
    control_inputs: Iterable[Any] | None,
) -> contextlib.AbstractContextManager[None]:
    """A context that runs after some operations: the order of a program, always.

    Args:
        control_inputs: tensors, operations or functions of no argument, or None. A
            function is called at once.

    Returns:
        A context manager that does nothing more.

    Reference: ``tf.control_dependencies``.
    """
    for control in control_inputs or ():
        if callable(control) and not hasattr(control, "dtype"):
            control()
    return contextlib.nullcontext()


def no_op(name: str | None = None) -> None:
    """Does nothing; what stands for an operation without a result.

    Args:
        name: accepted for compatibility.

    Reference: ``tf.no_op``; it gives None in a traced function too.
    """


def group(*inputs: Any, **kwargs: Any) -> None:
    """One name for several operations, which have run by now.

    Args:
        *inputs: tensors, operations or structures of them.
        **kwargs: `name`, accepted for compatibility.

    Raises:
        ValueError: another keyword argument is given.

    Reference: ``tf.group``; it gives None in a traced function too.
    """
    kwargs.pop("name", None)
    if kwargs:
        raise ValueError(
            message(
                "tf.group",
                expected="operations, and `name` as the only keyword argument",
                received=f"unknown keyword arguments {', '.join(kwargs)}",
                hint="Pass the operations by position.",
            )
        )
