"""``tf.random.Algorithm``: the names of generators that callers may ask for."""

from __future__ import annotations

import enum
from typing import Any

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.tensor import is_tensor


class Algorithm(enum.Enum):
    """Names of random-number algorithms; Lamina computes Threefry for each of them.

    Reference: ``tf.random.Algorithm``.
    """

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


STATE_SIZES = {1: 3, 2: 2}
"""How many integers the state of a generator has, by algorithm."""

_NAMES = {"philox": 1, "threefry": 2, "auto_select": 1}


def algorithm_number(name: str, alg: Any) -> int:
    """The number of an algorithm, 1 or 2.

    Args:
        name: the public name for errors.
        alg: an `Algorithm`, its name or number, or None for the default.

    Raises:
        InvalidArgumentError: if it is unknown.
    """
    found = alg.value if isinstance(alg, Algorithm) else alg
    if isinstance(found, str):
        found = _NAMES.get(found.lower(), found)
    if is_tensor(found):
        found = int(found)
    found = 1 if found in (None, 3) else found
    if found not in STATE_SIZES:
        raise InvalidArgumentError.of(
            name,
            expected="alg 'philox', 'threefry' or 'auto_select'",
            received=f"alg={alg!r}",
            hint="Leave it out to take the default.",
        )
    return int(found)
