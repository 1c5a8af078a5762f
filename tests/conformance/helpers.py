"""Helpers for the bodies of cases: seeded inputs, gradients, caught errors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

CAUGHT = frozenset(
    """ArithmeticError AssertionError AttributeError FileExistsError FileNotFoundError
    ImportError IndexError KeyError NameError NotImplementedError OSError OverflowError
    PermissionError RuntimeError StopIteration TypeError UnicodeError ValueError
    ZeroDivisionError RecursionError AbortedError AlreadyExistsError CancelledError
    DataLossError DeadlineExceededError FailedPreconditionError InternalError
    InvalidArgumentError NotFoundError OutOfRangeError PermissionDeniedError
    ResourceExhaustedError UnauthenticatedError UnavailableError UnimplementedError
    UnknownError""".split()
)


@dataclass(frozen=True)
class Raised:
    """An error that was caught: the names of the classes that catch it."""

    names: tuple[str, ...]
    text: str = ""


def rng(seed: int) -> np.random.Generator:
    """NumPy's generator for this seed; the only source of inputs in a case."""
    return np.random.default_rng(seed)


def raises(fn: Callable[[], Any]) -> Raised:
    """Calls `fn` and returns what it raised; `names` is empty if it returned."""
    try:
        fn()
    except Exception as error:
        return caught(error)
    return Raised(())


def caught(error: BaseException) -> Raised:
    """The classes of an error that users write in `except`."""
    names = {cls.__name__ for cls in type(error).__mro__} & CAUGHT
    return Raised(tuple(sorted(names)), str(error))


def spec(value: Any) -> dict[str, Any]:
    """Shape and dtype only, for results whose values are random."""
    return {"shape": list(value.shape), "dtype": np.dtype(_dtype_name(value)).name}


def grads(
    tf: Any,
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    output_gradients: Any = None,
) -> list[Any]:
    """The tape's gradients of `fn(*inputs)` with respect to each input.

    Inputs are arrays or tensors (watched) or variables; an unconnected one gives None.
    """
    sources = [
        value if hasattr(value, "assign") else tf.convert_to_tensor(value)
        for value in inputs
    ]
    with tf.GradientTape() as tape:
        for source in sources:
            tape.watch(source)
        target = fn(*sources)
    found = tape.gradient(target, sources, output_gradients=output_gradients)
    return [None if g is None else tf.convert_to_tensor(g) for g in found]


def _dtype_name(value: Any) -> str:
    return str(getattr(value.dtype, "name", value.dtype))
