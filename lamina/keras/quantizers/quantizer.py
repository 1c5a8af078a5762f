"""`Quantizer` objects: a way to round, with its settings."""

from __future__ import annotations

from typing import Any, Self

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor
from lamina.keras.quantizers.integers import abs_max_quantize


class Quantizer:
    """A function that maps a tensor to its quantised form.

    Subclass it, write `__call__(self, x)`, and return the constructor's arguments
    from `get_config`.

    Args:
        output_dtype: The dtype of the quantised values.

    Reference: `keras.Quantizer`.
    """

    def __init__(self, output_dtype: str = "int8") -> None:
        self.output_dtype = output_dtype

    def __call__(self, x: Any) -> Any:
        """Returns the quantised form of `x`; here `x` itself."""
        return x

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a quantizer from the dict that `get_config` returned."""
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict.

        Raises:
            NotImplementedError: A subclass does not define it.
        """
        raise NotImplementedError(
            message(
                type(self).__name__,
                expected="a `get_config(self)` method",
                received="a Quantizer subclass without one",
                hint=f"{self} does not implement get_config(): return the "
                "constructor's arguments from it",
            )
        )


class AbsMaxQuantizer(Quantizer):
    """Rounds to integers, scaled by the largest magnitude.

    Args:
        axis: The axis or axes over which the maximum is taken, unless the call
            names others.
        value_range: The least and the greatest integer.
        epsilon: Added to the maximum, against a division by zero.
        output_dtype: The dtype of the integers.

    Raises:
        ValueError: `value_range` does not fit in an `output_dtype` of int8.

    Example:

        >>> values, scale = keras.quantizers.AbsMaxQuantizer()(np.array([[-1.0, 0.4]]))
        >>> values.numpy().tolist()
        [[-127, 51]]

    Reference: `keras.quantizers.AbsMaxQuantizer`.
    """

    def __init__(
        self,
        axis: Any = None,
        value_range: tuple[int, int] = (-127, 127),
        epsilon: float = 1e-7,
        output_dtype: str = "int8",
    ) -> None:
        super().__init__(output_dtype=output_dtype)
        if axis is not None:
            axis = (axis,) if isinstance(axis, int) else tuple(axis)
        self.axis = axis
        self.value_range = (value_range[0], value_range[1])
        self.epsilon = epsilon
        if output_dtype == "int8" and not -128 <= min(value_range) <= max(
            value_range
        ) <= (127):
            raise ValueError(
                message(
                    "keras.quantizers.AbsMaxQuantizer",
                    expected="value_range within the interval [-128, 127] of int8",
                    received=f"value_range={value_range}",
                    hint="Quantizer with output_dtype='int8' requires value_range "
                    "to be within the interval [-128, 127].",
                )
            )

    def __call__(
        self, x: Any, axis: Any = None, to_numpy: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Returns the integers and the scale of `x`.

        Args:
            x: A floating tensor.
            axis: The axis or axes of the maximum; by default those of the
                constructor, or else the last.
            to_numpy: Computes on the host.
        """
        if axis is None:
            axis = -1 if self.axis is None else self.axis
        return abs_max_quantize(
            x, axis, self.value_range, self.output_dtype, self.epsilon, to_numpy
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config: dict[str, Any] = {
            "value_range": self.value_range,
            "epsilon": self.epsilon,
            "output_dtype": self.output_dtype,
        }
        if self.axis is not None:
            config["axis"] = self.axis
        return config
