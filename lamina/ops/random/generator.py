"""``tf.random.Generator``: a random-number generator whose state is a Variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.dtypes import as_dtype
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.random_state import entropy_seed, get_seed
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import init_scope
from lamina.engine.variable import Variable
from lamina.ops.random import counts, stateless
from lamina.ops.random.algorithms import STATE_SIZES, algorithm_number
from lamina.ops.random.generator_state import counter_key


def create_rng_state(seed: Any, alg: Any) -> np.ndarray[Any, Any]:
    """The first state of a generator.

    Args:
        seed: an integer, or a vector of integers that is the state itself, padded
            with zeros.
        alg: the algorithm.

    Returns:
        An int64 vector: the counter, then the key.

    Raises:
        ValueError: if the seed has more integers than the state.

    Reference: ``tf.random.create_rng_state``.
    """
    size = STATE_SIZES[algorithm_number("tf.random.Generator", alg)]
    values = np.asarray(seed, dtype=object).reshape(-1)
    if len(values) > size:
        raise InvalidArgumentError.of(
            "tf.random.create_rng_state",
            expected=f"a seed of at most {size} integers",
            received=f"{len(values)} integers",
            hint="Use tf.random.Generator.from_seed with one integer.",
        )
    state = np.zeros(size, np.int64)
    for index, value in enumerate(values):
        word = int(value) & 0xFFFFFFFFFFFFFFFF
        state[index] = word - (1 << 64) if word >> 63 else word
    return state


class Generator:
    """A generator of random numbers with a state of its own.

    Make it with ``from_seed``, ``from_non_deterministic_state``, ``from_state`` or
    ``from_key_counter``. Each draw advances the counter in the state, a ``Variable``
    that checkpoints save.

    Args:
        copy_from: a generator whose state and algorithm are copied.
        state: the state vector.
        alg: the algorithm.

    Raises:
        ValueError: if neither a generator nor a state is given.

    Example:
        >>> g = tf.random.Generator.from_seed(1)
        >>> g.normal([2]).shape
        TensorShape([2])

    Reference: ``tf.random.Generator``. Known difference: the numbers are not
    TensorFlow's.
    """

    def __init__(
        self, copy_from: Generator | None = None, state: Any = None, alg: Any = None
    ) -> None:
        if copy_from is not None:
            if state is not None or alg is not None:
                raise ValueError(
                    "tf.random.Generator: expected either copy_from, or state and alg."
                    " Received: both. Leave one out."
                )
            state, alg = copy_from.state.numpy(), copy_from.algorithm
        if state is None or alg is None:
            raise ValueError(
                "tf.random.Generator: expected a state and an algorithm. Received: "
                f"state={state}, alg={alg}. Use tf.random.Generator.from_seed(seed)."
            )
        self._alg = algorithm_number("tf.random.Generator", alg)
        if isinstance(state, Variable):
            state = state.numpy()
        words = create_rng_state(np.asarray(state), self._alg)
        with init_scope():
            self._state_var = Variable(
                words, trainable=False, dtype="int64", name="StateVar"
            )

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator with a given state vector.

        Reference: ``tf.random.Generator.from_state``.
        """
        return cls(state=state, alg=alg)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator whose state follows from an integer.

        Reference: ``tf.random.Generator.from_seed``.
        """
        number = algorithm_number("tf.random.Generator", alg)
        return cls(state=create_rng_state(seed, number), alg=number)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator whose state comes from the system's entropy.

        Reference: ``tf.random.Generator.from_non_deterministic_state``.
        """
        number = algorithm_number("tf.random.Generator", alg)
        words = [entropy_seed() for _ in range(STATE_SIZES[number])]
        return cls(state=np.array(words, np.int64), alg=number)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator from a key (a scalar) and a counter (a vector).

        Reference: ``tf.random.Generator.from_key_counter``.
        """
        number = algorithm_number("tf.random.Generator", alg)
        return cls(state=_join(key, counter, number), alg=number)

    @property
    def state(self) -> Variable:
        """The state, an int64 variable: the counter, then the key."""
        return self._state_var

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""
        return self._alg

    @property
    def key(self) -> Tensor:
        """The key, the last element of the state."""
        return self._state_var.read_value()[-1]  # type: ignore[index]

    def reset(self, state: Any) -> None:
        """Takes over a new state vector."""
        self._state_var.assign(create_rng_state(np.asarray(state), self._alg))

    def reset_from_seed(self, seed: Any) -> None:
        """Takes over the state that follows from an integer."""
        self._state_var.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Takes over a key and a counter."""
        self._state_var.assign(_join(key, counter, self._alg))

    def skip(self, delta: int) -> Tensor:
        """Advances the counter by ``delta`` draws; returns the state before."""
        before = self._state_var.read_value()
        step = np.zeros(STATE_SIZES[self._alg], np.int64)
        step[0] = int(delta)
        self._state_var.assign_add(step)
        return before

    def _next_key(self) -> Tensor:
        return counter_key(self.skip(1))

    def make_seeds(self, count: int = 1) -> Tensor:
        """Seeds for the stateless samplers: an int64 tensor ``(2, count)``.

        Reference: ``tf.random.Generator.make_seeds``.
        """
        drawn = self.uniform_full_int([int(count)], "int64")
        return stateless_pair(drawn)

    def split(self, count: int = 1) -> list[Generator]:
        """New generators with independent streams.

        Args:
            count: how many.

        Reference: ``tf.random.Generator.split``.
        """
        drawn = np.asarray(self.uniform_full_int([int(count)], "int64"))
        return [
            type(self).from_key_counter(
                word, [0] * (STATE_SIZES[self._alg] - 1), self._alg
            )
            for word in drawn
        ]

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = "float32",
        name: str | None = None,
    ) -> Tensor:
        """Draws from the normal distribution, as ``tf.random.normal``."""
        return stateless.stateless_normal(
            shape, self._next_key(), mean, stddev, dtype, name
        )

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = "float32",
        name: str | None = None,
    ) -> Tensor:
        """Draws as ``tf.random.truncated_normal``."""
        return stateless.stateless_truncated_normal(
            shape, self._next_key(), mean, stddev, dtype, name
        )

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = "float32",
        name: str | None = None,
    ) -> Tensor:
        """Draws from the uniform distribution on ``[minval, maxval)``.

        Raises:
            ValueError: for an integer dtype without ``maxval``.
        """
        if maxval is None and as_dtype(dtype).is_integer:
            raise InvalidArgumentError.of(
                "tf.random.Generator.uniform",
                expected=f"maxval for the integer dtype {as_dtype(dtype).name}",
                received="maxval=None",
                hint="Pass maxval, or use uniform_full_int.",
            )
        return stateless.stateless_uniform(
            shape, self._next_key(), minval, maxval, dtype, name
        )

    def uniform_full_int(
        self, shape: Any, dtype: Any = "uint64", name: str | None = None
    ) -> Tensor:
        """Draws from all integers of a dtype with equal probability."""
        return stateless.stateless_uniform(
            shape, self._next_key(), None, None, dtype, name
        )

    def binomial(
        self,
        shape: Any,
        counts_: Any = None,
        probs: Any = None,
        dtype: Any = "int32",
        name: str | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Draws numbers of successes, as ``tf.random.stateless_binomial``."""
        trials = kwargs.pop("counts", counts_)
        if kwargs or trials is None or probs is None:
            raise TypeError(
                "tf.random.Generator.binomial: expected shape, counts and probs. "
                f"Received: {sorted(kwargs) or 'too few arguments'}. Pass "
                "g.binomial(shape, counts, probs)."
            )
        return counts.stateless_binomial(
            shape, self._next_key(), trials, probs, dtype, name
        )


def stateless_pair(words: Tensor) -> Tensor:
    """A row of words over a row of zeros: seeds in columns."""
    host = words._value
    return convert_to_tensor(np.stack([np.asarray(host), np.zeros_like(host)]))


def _join(key: Any, counter: Any, alg: int) -> np.ndarray[Any, Any]:
    counter = np.asarray(counter, np.int64).reshape(-1)
    state = np.zeros(STATE_SIZES[alg], np.int64)
    state[: len(counter)] = counter
    state[-1] = np.asarray(key).astype(np.int64)
    return state


class _Shared:
    generator: Generator | None = None


def get_global_generator() -> Generator:
    """The generator that the whole process shares; made on first use.

    Reference: ``tf.random.get_global_generator``.
    """
    if _Shared.generator is None:
        seed = get_seed()
        _Shared.generator = (
            Generator.from_non_deterministic_state()
            if seed is None
            else Generator.from_seed(seed)
        )
    return _Shared.generator


def set_global_generator(generator: Generator) -> None:
    """Replaces the generator that the whole process shares.

    Args:
        generator: the new one.

    Reference: ``tf.random.set_global_generator``.
    """
    _Shared.generator = generator


__all__ = [
    "Generator",
    "create_rng_state",
    "get_global_generator",
    "set_global_generator",
]
