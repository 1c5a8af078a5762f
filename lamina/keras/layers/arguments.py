"""Constructor arguments of the built-in layers: reading them in, writing configs.

The suffix of an argument's name says what it is: `*_initializer`, `*_regularizer`,
`*_constraint` and `*activation` hold objects, all others plain data.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from lamina.engine.errors import message
from lamina.keras.activations import lookup as activations
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.casting import cast

_WRITERS: dict[str, Callable[[Any], Any]] = {
    "initializer": initializers.serialize,
    "regularizer": regularizers.serialize,
    "constraint": constraints.serialize,
    "activation": activations.serialize,
}
_SKIPPED = frozenset({"self", "name", "dtype", "trainable", "kwargs"})


@cache
def _argument_names(cls: type) -> tuple[str, ...]:
    names = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    return tuple(name for name in names if name not in _SKIPPED)


def arguments_config(cls: type, layer: Any, skip: Sequence[str] = ()) -> dict[str, Any]:
    """The constructor's arguments of `cls`, read from the attributes of `layer`.

    Args:
        cls: the built-in class whose `__init__` names the arguments.
        layer: an instance of it.
        skip: arguments that stay out of the config.

    Returns:
        A JSON-able dict.
    """
    config = {}
    for name in _argument_names(cls):
        if name in skip:
            continue
        value = getattr(layer, name)
        write = _WRITERS.get(name.rpartition("_")[2])
        config[name] = value if write is None or value is None else write(value)
    return config


def floating(x: Any, dtype: Any) -> Any:
    """`x`, with integers and booleans cast to `dtype`."""
    return x if x.dtype.is_floating or x.dtype.is_complex else cast(x, dtype)


def positive_integer(layer: str, name: str, value: Any) -> int:
    """`value`, if it is a positive integer.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value <= 0:
        what = f"`{name}`" if layer == "Dense" else f"argument `{name}`"
        problem = f"Received an invalid value for {what}, expected a positive integer:"
        if name == "size":
            problem = "`size` should be a positive integer:"
        if name in ("filters", "groups", "depth_multiplier"):
            problem = (
                f"Invalid value for argument `{name}`. Expected a strictly positive "
                "value. Received"
            )
        raise ValueError(
            message(
                f"keras.layers.{layer}",
                expected=f"a positive integer as `{name}`",
                received=f"{problem} {name}={value!r}",
                hint=f"`{name}` must be a positive integer; pass {name}=1 or more.",
            )
        )
    return int(value)


def integer_tuple(
    layer: str, name: str, value: Any, rank: int, *, allow_zero: bool = False
) -> tuple[int, ...]:
    """`value` as `rank` integers; one integer stands for `rank` equal ones.

    Raises:
        ValueError: the number of integers is another, or one is not positive (with
            `allow_zero`: negative).
    """
    found: Any = (value,) * rank if hasattr(value, "__index__") else value
    least = 0 if allow_zero else 1
    valid = isinstance(found, Sequence) and len(found) == rank
    if not valid or any(not hasattr(v, "__index__") or v < least for v in found):
        raise ValueError(
            message(
                f"keras.layers.{layer}",
                expected=f"`{name}` to be an integer or a tuple of {rank} integers, "
                f"each {'>= 0' if allow_zero else '> 0'}",
                received=f"The `{name}` argument must be a tuple of {rank} "
                f"integers. Received {name}={value!r}{_offending(found, least)}",
                hint=f"For example {name}={(least + 1,) * rank}.",
            )
        )
    return tuple(int(v) for v in found)


def _offending(value: Any, least: int) -> str:
    """Which values are too small, as Keras words it."""
    if not isinstance(value, Sequence):
        return ""
    low = {v for v in value if hasattr(v, "__index__") and v < least}
    rule = "value >= 0" if least == 0 else "value > 0"
    return f", including values {low} that do not satisfy `{rule}`" if low else ""


def one_of(layer: str, name: str, value: Any, choices: Sequence[Any]) -> Any:
    """`value` (in lower case if it is a string), if it is one of `choices`.

    Raises:
        ValueError: it is not.
    """
    found = value.lower() if isinstance(value, str) else value
    if found not in choices:
        raise ValueError(
            message(
                f"keras.layers.{layer}",
                expected=f"`{name}` to be one of {tuple(choices)}",
                received=f"Invalid `{name}` argument: {name}={value!r}",
                hint="",
            )
        )
    return found


def unit_rate(layer: str, name: str, value: Any) -> float:
    """`value`, if it is a number from 0 to 1.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, float | int) or not 0 <= value <= 1:
        raise ValueError(
            message(
                f"keras.layers.{layer}",
                expected=f"`{name}` from 0 to 1",
                received=f"Invalid value received for argument `{name}`. Expected a "
                f"float value between 0 and 1. {name}={value!r}",
                hint="Pass a number such as 0.5.",
            )
        )
    return value
