"""The state behind random operations: counter-based keys held in Variables.

A key is two uint32 words for JAX's Threefry generator. A state is such a key whose
second word counts the draws, so drawing is "read, then add one"; different keys give
independent streams (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
2011). The state is a ``Variable``: a traced function that draws advances the same
state, and a saved state continues with the same bits.
"""

from __future__ import annotations

import os

import numpy as np

from lamina.engine.tensor import Tensor
from lamina.engine.trace import init_scope
from lamina.engine.variable import Variable

DEFAULT_GRAPH_SEED = 87654321
_STEP = np.array([0, 1], np.uint32)


def key_words(*seeds: int) -> np.ndarray:
    """Two well-mixed uint32 words that depend on every bit of the seeds.

    Args:
        seeds: integers of any sign and size.

    Returns:
        An array of shape ``(2,)`` and dtype uint32.
    """
    entropy: list[int] = []
    for seed in seeds:
        entropy += [int(seed < 0), abs(int(seed))]
    return np.random.SeedSequence(entropy).generate_state(2, np.uint32)


def entropy_seed() -> int:
    """An unpredictable non-negative seed below ``2**63`` from the system."""
    return int.from_bytes(os.urandom(8), "little") >> 1


class KeyState:
    """A stream of keys: a uint32 ``Variable`` whose second word counts the draws.

    Args:
        words: the first key, of shape ``(2,)`` and dtype uint32.
        name: the name of the variable.
    """

    def __init__(self, words: np.ndarray, name: str) -> None:
        with init_scope():
            self.variable = Variable(words, trainable=False, dtype="uint32", name=name)

    def next_key(self) -> Tensor:
        """The next key, of shape ``(2,)``; the stream advances by one."""
        key = self.variable.read_value()
        self.variable.assign_add(_STEP)
        return key

    def reset(self, words: np.ndarray) -> None:
        """Starts the stream again at ``words``."""
        with init_scope():
            self.variable.assign(words)


class _Global:
    """The process-wide seed and the streams that follow from it."""

    seed: int | None = None
    main: KeyState | None = None
    by_op_seed: dict[int, KeyState] = {}


def set_seed(seed: int) -> None:
    """Sets the global seed, from which random operations derive their numbers.

    After the call the same program draws the same numbers. Each operation with a
    ``seed`` of its own has one stream per seed; all others share one stream.

    Args:
        seed: an integer.

    Raises:
        TypeError: if ``seed`` is not an integer.

    Reference: ``tf.random.set_seed``. Known differences: the numbers are not
    TensorFlow's, and functions made by ``tf.function`` continue the shared streams
    instead of starting streams of their own.
    """
    if isinstance(seed, Tensor):
        seed = int(seed)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(
            "tf.random.set_seed: expected an integer seed. Received: "
            f"{seed!r} of type {type(seed).__name__}. Pass an int such as 1234."
        )
    _Global.seed = int(seed)
    if _Global.main is not None:
        _Global.main.reset(key_words(_Global.seed))
    for op_seed, state in _Global.by_op_seed.items():
        state.reset(key_words(_Global.seed, op_seed))


def get_seed() -> int | None:
    """The global seed, or None if ``set_seed`` was not called."""
    return _Global.seed


def global_state() -> KeyState:
    """The stream that operations without a seed of their own share."""
    if _Global.main is None:
        seed = entropy_seed() if _Global.seed is None else _Global.seed
        _Global.main = KeyState(key_words(seed), "random_state")
    return _Global.main


def next_key(op_seed: int | None = None) -> Tensor:
    """The key for one random operation.

    Args:
        op_seed: the ``seed`` argument of the operation, or None.

    Returns:
        A uint32 tensor of shape ``(2,)``, different at each call.
    """
    if op_seed is None:
        return global_state().next_key()
    op_seed = int(op_seed)
    state = _Global.by_op_seed.get(op_seed)
    if state is None:
        base = DEFAULT_GRAPH_SEED if _Global.seed is None else _Global.seed
        state = KeyState(key_words(base, op_seed), f"random_state_{op_seed}")
        _Global.by_op_seed[op_seed] = state
    return state.next_key()
