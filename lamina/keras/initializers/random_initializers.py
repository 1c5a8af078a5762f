"""Initializers that draw random values: uniform, normal and truncated normal.

Values are drawn on the host with a counter-based generator (Philox), so that making
the weights of a model compiles nothing. The same integer seed gives the same values.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import init_scope
from lamina.keras.initializers.initializer import Initializer, resolve_dtype
from lamina.keras.random.seed_generator import SeedGenerator
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)

# The standard deviation of a standard normal cut at two deviations.
_TRUNCATED_STDDEV = 0.87962566103423978


class RandomInitializer(Initializer):
    """What the random initializers share: the seed.

    Args:
        seed: An integer, a `keras.random.SeedGenerator`, or None for a seed drawn
            from Python's `random`. With an integer or None, every call gives the
            same values; with a SeedGenerator, each call gives new ones.

    Raises:
        ValueError: `seed` is of another type.
    """

    def __init__(self, seed: Any = None) -> None:
        self._init_seed = seed
        if seed is None:
            seed = random.randint(1, int(1e9))
        elif isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        elif isinstance(seed, np.integer):
            seed = int(seed)
        elif not isinstance(seed, int | SeedGenerator):
            raise ValueError(
                message(
                    f"keras.initializers.{type(self).__name__}",
                    expected="`seed` to be an integer or a keras.random.SeedGenerator",
                    received=f"seed={seed!r}",
                    hint="pass an integer",
                )
            )
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {"seed": serialize_keras_object(self._init_seed)}

    def _generator(self) -> np.random.Generator:
        """A host generator for one call."""
        if isinstance(self.seed, SeedGenerator):
            with init_scope():
                state = np.asarray(self.seed.next().numpy())
            words = [int(word) % 2**32 for word in state.ravel()]
        else:
            words = [self.seed % 2**64, 0]
        return np.random.Generator(np.random.Philox(words))


class RandomNormal(RandomInitializer):
    """Draws from a normal distribution.

    Args:
        mean: The mean.
        stddev: The standard deviation.
        seed: See `RandomInitializer`.

    Reference: `keras.initializers.RandomNormal`. The stream of random numbers is
    Lamina's own.
    """

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None
    ) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed=seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns normal values of `shape` and `dtype`."""
        values = _normal(self._generator(), shape)
        return _finish(values * float(self.stddev) + float(self.mean), dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomInitializer):
    """Draws from a normal distribution cut at two standard deviations.

    Values further than `2 * stddev` from the mean are drawn again.

    Args:
        mean: The mean.
        stddev: The standard deviation before cutting.
        seed: See `RandomInitializer`.

    Reference: `keras.initializers.TruncatedNormal`. The stream of random numbers is
    Lamina's own.
    """

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None
    ) -> None:
        self.mean = mean
        self.stddev = stddev
        super().__init__(seed=seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns truncated normal values of `shape` and `dtype`."""
        values = _truncated_normal(self._generator(), shape)
        return _finish(values * float(self.stddev) + float(self.mean), dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomUniform(RandomInitializer):
    """Draws uniformly from `[minval, maxval)`.

    Args:
        minval: The lower bound, included.
        maxval: The upper bound, excluded.
        seed: See `RandomInitializer`.

    Reference: `keras.initializers.RandomUniform`. The stream of random numbers is
    Lamina's own.
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None
    ) -> None:
        self.minval = minval
        self.maxval = maxval
        super().__init__(seed=seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns uniform values of `shape` and `dtype`."""
        low, high = float(self.minval), float(self.maxval)
        values = self._generator().random(tuple(shape), np.float32)
        return _finish(low + values * (high - low), dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = {"minval": self.minval, "maxval": self.maxval}
        return {**super().get_config(), **config}


class VarianceScaling(RandomInitializer):
    """Draws values whose variance is `scale / n`, with `n` from the weight's shape.

    For a kernel of shape `(..., inputs, outputs)` the fan-in is `inputs` and the
    fan-out is `outputs`, each times the product of the leading (spatial) dimensions.

    Args:
        scale: A positive factor.
        mode: What `n` is: `"fan_in"`, `"fan_out"`, or `"fan_avg"` for their mean.
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`.
        seed: See `RandomInitializer`.
        input_axes: The axes of the weight that count as inputs, instead of the rule
            above. Used only together with `output_axes`.
        output_axes: The axes of the weight that count as outputs.

    Raises:
        ValueError: `scale` is not positive, or `mode` or `distribution` is unknown.

    Reference: `keras.initializers.VarianceScaling`; He et al., "Delving Deep into
    Rectifiers" (2015). The stream of random numbers is Lamina's own.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        distribution = distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if scale <= 0.0:
            raise _invalid(
                "scale",
                "a number above 0: Argument `scale` must be positive float.",
                scale,
            )
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise _invalid("mode", "'fan_in', 'fan_out' or 'fan_avg'", mode)
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise _invalid(
                "distribution",
                "'truncated_normal', 'untruncated_normal' or 'uniform'",
                distribution,
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes
        super().__init__(seed=seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns random values of `shape` and `dtype`."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fans = {
            "fan_in": fan_in,
            "fan_out": fan_out,
            "fan_avg": (fan_in + fan_out) / 2.0,
        }
        variance = self.scale / max(1.0, fans[self.mode])
        rng = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            values = (rng.random(tuple(shape), np.float32) * 2.0 - 1.0) * limit
        elif self.distribution == "untruncated_normal":
            values = _normal(rng, shape) * math.sqrt(variance)
        else:
            stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
            values = _truncated_normal(rng, shape) * stddev
        return _finish(values, dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
        }
        return {**super().get_config(), **config, **self._axes_config()}

    def _axes_config(self) -> dict[str, Any]:
        return {"input_axes": self.input_axes, "output_axes": self.output_axes}


def compute_fans(
    shape: Sequence[int],
    input_axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
) -> tuple[int, int]:
    """Returns `(fan_in, fan_out)` of a weight of `shape`.

    Args:
        shape: The weight's shape.
        input_axes: The axes that count as inputs; used with `output_axes`.
        output_axes: The axes that count as outputs.
    """
    shape = tuple(int(size) for size in shape)
    if input_axes is not None and output_axes is not None:
        return (
            math.prod(shape[axis] for axis in input_axes),
            math.prod(shape[axis] for axis in output_axes),
        )
    if len(shape) < 2:
        fan = shape[0] if shape else 1
        return fan, fan
    receptive_field = math.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


def _invalid(argument: str, expected: str, value: Any) -> ValueError:
    return ValueError(
        message(
            "keras.initializers.VarianceScaling",
            expected=f"`{argument}` to be {expected}",
            received=f"Invalid `{argument}` argument: {argument}={value!r}",
            hint="Choose one of the values above.",
        )
    )


def _normal(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    return rng.standard_normal(tuple(shape), np.float32)


def _truncated_normal(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    values = np.asarray(_normal(rng, shape))
    flat = values.reshape(-1)
    outside = np.flatnonzero(np.abs(flat) > 2.0)
    while outside.size:
        drawn = _normal(rng, (outside.size,))
        flat[outside] = drawn
        outside = outside[np.abs(drawn) > 2.0]
    return flat.reshape(tuple(shape))


def _finish(values: np.ndarray, dtype: Any) -> Tensor:
    return convert_to_tensor(
        np.asarray(values).astype(resolve_dtype(dtype).as_numpy_dtype)
    )
