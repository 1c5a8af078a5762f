"""One seed for Python, NumPy and the engine."""

from __future__ import annotations

import random

import numpy as np

from lamina.engine.random_state import set_seed
from lamina.keras.common.state import set_global_attribute


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy and all random operations.

    Args:
        seed: a whole number from 0 on.

    Raises:
        ValueError: `seed` is no int.

    Reference: `keras.utils.set_random_seed`.
    """
    if not isinstance(seed, int):
        raise ValueError(
            "Expected `seed` argument to be an integer. "
            f"Received: seed={seed} (of type {type(seed)})"
        )
    random.seed(seed)
    np.random.seed(seed % 2**32)
    set_seed(seed)
    set_global_attribute("rng_seed", seed)
    set_global_attribute("global_seed_generator", None)
