"""The error classes of ``tf.errors`` and the one way in which messages are built.

Each class also inherits the Python class that a user would catch for the same
mistake, so ``except ValueError`` and ``except tf.errors.InvalidArgumentError`` both
work. A message has four parts: the public name that was called, what was expected,
what came, and what to do.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


def message(name: str, *, expected: str, received: str, hint: str = "") -> str:
    """The four-part text: public name, expectation, what came, what to do."""
    text = f"{name}: expected {expected.rstrip('.')}. Received: {received.rstrip('.')}."
    return f"{text} {hint}" if hint else text


class OpError(Exception):
    """The base of the errors that operations raise.

    Args:
        node_def: the description of the node, or None.
        op: the operation, or None.
        message: the text.
        error_code: the number of the class in ``tf.errors``.

    Reference: ``tf.errors.OpError``.
    """

    code: ClassVar[int] = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, *error_code: Any) -> None:
        Exception.__init__(self, message)
        self.node_def = node_def
        self.op = op
        self.message = message
        self.error_code = error_code[0] if error_code else self.code
        self.experimental_payloads: dict[str, bytes] = {}

    @classmethod
    def of(cls, name: str, *, expected: str, received: str, hint: str = "") -> Self:
        """An error with the four-part message."""
        text = message(name, expected=expected, received=received, hint=hint)
        return cls(None, None, text)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, None, self.message)


class CancelledError(OpError):
    """The operation was cancelled."""

    code = CANCELLED


class UnknownError(OpError):
    """An error of unknown kind."""

    code = UNKNOWN


class InvalidArgumentError(OpError, ValueError):
    """An argument has a wrong value, shape or dtype."""

    code = INVALID_ARGUMENT


class ShapeError(InvalidArgumentError):
    """A tensor has a shape that the operation cannot take."""


class DTypeError(InvalidArgumentError, TypeError):
    """A tensor has a dtype that the operation cannot take."""


class DeadlineExceededError(OpError, TimeoutError):
    """A deadline passed before the operation ended."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError, FileNotFoundError):
    """A file or another entity was not found."""

    code = NOT_FOUND


class AlreadyExistsError(OpError, FileExistsError):
    """An entity that was to be made exists already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError, PermissionError):
    """The caller may not do this."""

    code = PERMISSION_DENIED


class UnauthenticatedError(OpError):
    """The caller did not say who it is."""

    code = UNAUTHENTICATED


class ResourceExhaustedError(OpError, MemoryError):
    """Memory, disk or a quota ran out."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError, RuntimeError):
    """The system is not in the state that the operation needs."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted."""

    code = ABORTED


class OutOfRangeError(OpError, IndexError):
    """The operation went past the end, as of a sequence."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError, NotImplementedError):
    """The operation does not exist for these arguments."""

    code = UNIMPLEMENTED


class InternalError(OpError, RuntimeError):
    """An invariant inside Lamina or XLA was broken."""

    code = INTERNAL


class UnavailableError(OpError, ConnectionError):
    """A service cannot be reached now."""

    code = UNAVAILABLE


class DataLossError(OpError, OSError):
    """Data was lost or is corrupt."""

    code = DATA_LOSS


class OperatorNotAllowedInGraphError(TypeError):
    """A Python operator needs a value that a traced tensor does not have."""


class InaccessibleTensorError(ValueError, TypeError):
    """A tensor of one trace was used outside of it."""


_BY_CODE: dict[int, type[OpError]] = {
    cls.code: cls
    for cls in (
        CancelledError,
        UnknownError,
        InvalidArgumentError,
        DeadlineExceededError,
        NotFoundError,
        AlreadyExistsError,
        PermissionDeniedError,
        ResourceExhaustedError,
        FailedPreconditionError,
        AbortedError,
        OutOfRangeError,
        UnimplementedError,
        InternalError,
        UnavailableError,
        DataLossError,
        UnauthenticatedError,
    )
}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class for a code of ``tf.errors``."""
    return _BY_CODE[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """The code of a class of ``tf.errors``."""
    return cls.code
