"""`GaussianNoise`, `GaussianDropout`, `AlphaDropout` and `ActivityRegularization`."""

from __future__ import annotations

import math
from typing import Any

from lamina.keras.layers.arguments import arguments_config, unit_rate
from lamina.keras.layers.base import Layer
from lamina.keras.random.draws import normal, uniform
from lamina.keras.random.seed_generator import SeedGenerator
from lamina.keras.regularizers.penalties import L1L2
from lamina.ops.array.casting import cast
from lamina.ops.math.comparison import greater_equal

# The limit of SELU for large negative values.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


class GaussianNoise(Layer):
    """Adds normal noise in training.

    Args:
        stddev: The noise's standard deviation, from 0 to 1.
        seed: An integer that fixes the random numbers.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A floating tensor of any shape.
        training: Whether to add noise.

    Raises:
        ValueError: `stddev` is out of range.

    Reference: `keras.layers.GaussianNoise`.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = unit_rate("GaussianNoise", "stddev", stddev)
        self.seed = seed
        if stddev > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Returns the inputs, in training with noise."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + normal(
            tuple(inputs.shape),
            stddev=self.stddev,
            dtype=self.compute_dtype,
            seed=self.seed_generator,
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(GaussianNoise, self)}


class GaussianDropout(Layer):
    """Multiplies by normal noise of mean 1 in training.

    Args:
        rate: The noise has the standard deviation `sqrt(rate / (1 - rate))`.
        seed: An integer that fixes the random numbers.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A floating tensor of any shape.
        training: Whether to multiply.

    Raises:
        ValueError: `rate` is out of range.

    Reference: `keras.layers.GaussianDropout`; Srivastava et al., 2014.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = unit_rate("GaussianDropout", "rate", rate)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Returns the inputs, in training with noise."""
        if not training or self.rate == 0:
            return inputs
        return inputs * normal(
            tuple(inputs.shape),
            mean=1.0,
            stddev=math.sqrt(self.rate / (1.0 - self.rate)),
            dtype=self.compute_dtype,
            seed=self.seed_generator,
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(GaussianDropout, self)}


class AlphaDropout(Layer):
    """Dropout that keeps the mean and variance of SELU activations.

    Dropped values take SELU's lower limit instead of 0.

    Args:
        rate: The share to drop, from 0 to 1.
        noise_shape: The shape of the random decisions, which broadcast to the
            inputs; None entries take the input's size.
        seed: An integer that fixes the random numbers.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A floating tensor of any shape.
        training: Whether to drop.

    Raises:
        ValueError: `rate` is out of range.

    Reference: `keras.layers.AlphaDropout`; Klambauer et al., 2017.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = unit_rate("AlphaDropout", "rate", rate)
        self.noise_shape = noise_shape
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Returns the inputs, in training with some at SELU's lower limit."""
        if not training or self.rate == 0:
            return inputs
        sizes = tuple(inputs.shape)
        if self.noise_shape is not None:
            wanted = zip(self.noise_shape, sizes, strict=True)
            sizes = tuple(size if want is None else want for want, size in wanted)
        draw = uniform(sizes, seed=self.seed_generator)
        kept = cast(greater_equal(draw, self.rate), inputs.dtype)
        variance = (1 - self.rate) * (1 + self.rate * _SELU_FLOOR**2)
        factor = variance**-0.5
        offset = -factor * _SELU_FLOOR * self.rate
        return (inputs * kept + (1 - kept) * _SELU_FLOOR) * factor + offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(AlphaDropout, self)}


class ActivityRegularization(Layer):
    """Adds `l1 * sum(|x|) + l2 * sum(x ** 2)` of its input to the losses.

    Args:
        l1: A non-negative factor.
        l2: A non-negative factor.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: A tensor of any shape, which is returned as it is.

    Reference: `keras.layers.ActivityRegularization`.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        kwargs.setdefault("activity_regularizer", L1L2(l1=l1, l2=l2))
        super().__init__(**kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        """Returns `inputs`."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, **arguments_config(ActivityRegularization, self)}
