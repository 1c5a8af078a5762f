"""What padding, cropping and enlarging share: per-side arguments and layouts."""

from __future__ import annotations

from typing import Any, ClassVar

from lamina.engine.errors import message
from lamina.keras.config import standardize_data_format
from lamina.keras.layers.arguments import integer_tuple
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec

Sides = tuple[tuple[int, int], ...]


class SpatialLayer(Layer):
    """A layer over `rank` spatial dimensions without weights."""

    rank: ClassVar[int]

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    @property
    def _first_axis(self) -> int:
        """The first spatial axis."""
        return 1 if self.data_format == "channels_last" else 2


def sides(layer: str, name: str, value: Any, rank: int) -> Sides:
    """Amounts for the two sides of each spatial dimension.

    Args:
        layer: the class, for messages.
        name: the argument, for messages.
        value: one integer, one for each dimension, or pairs `(before, after)`.
        rank: the number of dimensions.

    Raises:
        ValueError: the amounts are negative or their number is another.
    """
    if hasattr(value, "__index__"):
        if value < 0:
            raise _problem(layer, name, value, f"`{name}` cannot be negative")
        return ((int(value), int(value)),) * rank
    if not hasattr(value, "__len__"):
        raise _problem(layer, name, value, f"`{name}` should be an int or a tuple")
    if len(value) != rank:
        words = {2: "two", 3: "three"}.get(rank, str(rank))
        problem = f"`{name}` should have {words} elements"
        raise _problem(layer, name, value, problem)
    ordinals = ("1st", "2nd", "3rd")
    pairs = [
        integer_tuple(
            layer, f"{ordinals[i]} entry of {name}", value[i], 2, allow_zero=True
        )
        for i in range(rank)
    ]
    return tuple((low, high) for low, high in pairs)


def _problem(layer: str, name: str, value: Any, problem: str) -> ValueError:
    return ValueError(
        message(
            f"keras.layers.{layer}",
            expected=f"`{name}` as one integer, one for each dimension, or pairs",
            received=f"{problem}. Received: {name}={value!r}",
            hint=f"For example {name}=1.",
        )
    )
