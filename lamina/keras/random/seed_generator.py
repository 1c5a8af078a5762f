"""`keras.random.SeedGenerator`: a stream of seeds whose position is a variable."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor, is_tensor
from lamina.keras.common.naming import auto_name, name_scope
from lamina.keras.common.state import get_global_attribute, set_global_attribute
from lamina.keras.variable import Variable

_STEP = np.array([0, 1], np.int64)


class SeedGenerator:
    """A stream of seeds for the functions of `keras.random`.

    Its state is a variable of two integers: the seed, and how often `next` was
    called. A layer that holds one saves and restores its position.

    Args:
        seed: An integer, or None for one drawn from Python's `random`.
        name: The name, which is part of the variable's path.
        **kwargs: Only `backend`, which is accepted for compatibility.

    Raises:
        ValueError: `seed` is not an integer.

    Example:
        >>> generator = SeedGenerator(seed=1)
        >>> keras.random.normal((2,), seed=generator).shape
        TensorShape([2])

    Reference: `keras.random.SeedGenerator`.
    """

    def __init__(
        self, seed: int | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        kwargs.pop("backend", None)
        if kwargs:
            raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
        self.name = auto_name(type(self).__name__) if name is None else name
        self._initial_seed = seed
        if seed is None:
            seed = make_default_seed()
        if not isinstance(seed, int | np.integer):
            raise ValueError(
                message(
                    "keras.random.SeedGenerator",
                    expected="Argument `seed` must be an integer",
                    received=f"seed={seed!r}",
                    hint="Pass an integer, or None for a random one.",
                )
            )
        with name_scope(self.name, caller=self):
            self.state = Variable(
                np.array([seed, 0], np.int64),
                dtype="int64",
                trainable=False,
                autocast=False,
                name="seed_generator_state",
            )

    def next(self, ordered: bool = True) -> Tensor:
        """Returns the next seed, shape `(2,)`, and moves on.

        Args:
            ordered: Whether to count up; False jumps about instead.
        """
        seed = convert_to_tensor(self.state)
        if ordered:
            self.state.assign(seed + _STEP)
        else:
            self.state.assign((seed + 1) * 5387 % 933199)
        return seed

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Makes a generator from the dict that `get_config` returned."""
        return cls(**config)


def make_default_seed() -> int:
    """A seed from Python's `random`, which `keras.utils.set_random_seed` fixes."""
    return random.randint(1, int(1e9))


def global_seed_generator() -> SeedGenerator:
    """The generator behind calls without a seed."""
    found = get_global_attribute("global_seed_generator")
    if found is None:
        found = SeedGenerator(name="global_seed_generator")
        set_global_attribute("global_seed_generator", found)
    return found


def draw_seed(seed: Any) -> Tensor:
    """A seed tensor of shape `(2,)` for one draw.

    Args:
        seed: A SeedGenerator, an integer, a seed tensor, or None for the global
            generator.

    Raises:
        ValueError: `seed` is something else.
    """
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, int | np.integer):
        return convert_to_tensor(np.array([seed, 0], np.int64))
    if is_tensor(seed) or isinstance(seed, np.ndarray):
        return convert_to_tensor(seed)
    if seed is None:
        return global_seed_generator().next(ordered=False)
    raise ValueError(
        message(
            "keras.random",
            expected="Argument `seed` must be either an integer or an instance of "
            "`SeedGenerator`",
            received=f"seed={seed!r} (of type {type(seed)})",
            hint="Pass keras.random.SeedGenerator(1).",
        )
    )
