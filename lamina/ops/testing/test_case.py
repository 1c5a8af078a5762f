"""``tf.test.TestCase`` and ``tf.test.main``."""

from __future__ import annotations

import contextlib
import tempfile
import unittest
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lamina.engine import nest
from lamina.engine.random_state import set_seed
from lamina.engine.tape import GradientTape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.ops.testing.arrays import ArrayAssertions
from lamina.ops.testing.containers import ContainerAssertions

_SEED = 87654321


class TestCase(ArrayAssertions, ContainerAssertions):
    """A unit test with comparisons of tensors; its random numbers repeat.

    Args:
        methodName: the method that is the test.

    Example:
        >>> import lamina as tf
        >>> case = tf.test.TestCase()
        >>> case.assertAllClose(tf.constant([1.0, 2.0]), [1.0, 2.0])

    Reference: ``tf.test.TestCase``. What it has for graphs and protocol buffers is
    left out.
    """

    def setUp(self) -> None:
        """Sets the seeds."""
        super().setUp()
        self._folder: str | None = None
        set_seed(_SEED)
        np.random.seed(_SEED % 2**32)

    def get_temp_dir(self) -> str:
        """A folder that is removed after the test."""
        if getattr(self, "_folder", None) is None:
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            self._folder = folder.name
        return self._folder or ""

    @contextlib.contextmanager
    def session(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """A context whose value has `run`, which gives values of tensors.

        Args:
            *args: accepted for compatibility; there is nothing to configure.
            **kwargs: accepted for compatibility.
        """
        yield _Session(self)

    cached_session = session
    test_session = session


class _Session:
    """What stands for a session when everything runs at once."""

    def __init__(self, case: TestCase) -> None:
        self._case = case

    def run(self, fetches: Any) -> Any:
        """The values of tensors."""
        return self._case.evaluate(fetches)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the tests of the program and exits.

    Args:
        argv: arguments of unittest, the program's name first; the process's if None.

    Reference: ``tf.test.main``.
    """
    unittest.main(argv=None if argv is None else list(argv))


def compute_gradient(
    f: Any, x: Sequence[Any], delta: float | None = None
) -> tuple[list[Any], list[Any]]:
    """The Jacobians of a function, from its gradient and from differences.

    Args:
        f: a function of as many tensors as `x` has.
        x: values of the arguments.
        delta: the step of the differences; 2**-10 if None.

    Returns:
        Two lists of matrices, one for each argument, of shape
        ``(size of the result, size of the argument)``.

    Reference: ``tf.test.compute_gradient``.
    """
    step = 2.0**-10 if delta is None else delta
    arguments = [convert_to_tensor(value) for value in x]
    with GradientTape(persistent=True) as tape:
        tape.watch(arguments)
        result = f(*arguments)
    size = int(np.prod(result.shape))
    exact = []
    for argument in arguments:
        rows = []
        for index in range(size):
            seed = np.zeros(size, result.dtype.as_numpy_dtype)
            seed[index] = 1
            seed = seed.reshape(tuple(result.shape))
            row = tape.gradient(result, argument, output_gradients=Tensor(seed))
            rows.append(np.zeros(argument.shape) if row is None else row.numpy())
        exact.append(np.reshape(rows, (size, -1)))
    numeric = [_differences(f, arguments, index, step) for index in range(len(x))]
    return exact, numeric


def _differences(f: Any, arguments: list[Tensor], index: int, step: float) -> Any:
    """The Jacobian of one argument by central differences."""
    values = nest.map_structure(lambda each: np.array(each.numpy()), arguments)
    columns = []
    for place in np.ndindex(values[index].shape):
        ends = []
        for sign in (1, -1):
            moved = [np.array(value) for value in values]
            moved[index][place] += sign * step
            ends.append(np.asarray(f(*map(convert_to_tensor, moved)).numpy(), float))
        columns.append(np.ravel((ends[0] - ends[1]) / (2 * step)))
    matrix = np.stack(columns, 1) if columns else np.zeros((0, 0))
    return matrix.astype(values[index].dtype)
