"""`Dropout` and the layers that drop whole feature maps."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.keras.config import standardize_data_format
from lamina.keras.layers.arguments import arguments_config, unit_rate
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.random.draws import dropout
from lamina.keras.random.seed_generator import SeedGenerator


class Dropout(Layer):
    """Sets a random share of the inputs to 0 in training.

    The others are divided by `1 - rate`, so that the expected sum stays the same. In
    inference nothing happens.

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
        ValueError: `rate` or `noise_shape` is out of range.

    Reference: `keras.layers.Dropout`; Srivastava et al., 2014.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = unit_rate(type(self).__name__, "rate", rate)
        self.noise_shape = _checked_noise_shape(noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any, training: Any = False) -> Any:
        """Returns the inputs, in training with some set to 0."""
        if not training or self.rate == 0:
            return inputs
        noise_shape = self._noise_shape(inputs)
        return dropout(inputs, self.rate, noise_shape, self.seed_generator)

    def _noise_shape(self, inputs: Any) -> Any:
        return self.noise_shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(Dropout, self)}


class SpatialDropout1D(Dropout):
    """Drops whole channels of sequences in training.

    Args:
        rate: The share to drop, from 0 to 1.
        seed: An integer that fixes the random numbers.
        name: The layer's name.
        dtype: The layer's dtype or policy.

    Call arguments:
        inputs: A tensor `(B, T, C)`.
        training: Whether to drop.

    Reference: `keras.layers.SpatialDropout1D`; Tompson et al., 2014.
    """

    def __init__(
        self,
        rate: float,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=3)

    def _noise_shape(self, inputs: Any) -> Any:
        return (None, 1, None)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return _spatial_config(self)


class SpatialDropout2D(Dropout):
    """Drops whole channels of images in training.

    Args:
        rate: The share to drop, from 0 to 1.
        data_format: `"channels_last"` for inputs `(B, H, W, C)`, `"channels_first"`
            for `(B, C, H, W)`, None for the global setting.
        seed: An integer that fixes the random numbers.
        name: The layer's name.
        dtype: The layer's dtype or policy.

    Call arguments:
        inputs: A tensor of rank 4.
        training: Whether to drop.

    Reference: `keras.layers.SpatialDropout2D`; Tompson et al., 2014.
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=4)

    def _noise_shape(self, inputs: Any) -> Any:
        ones = (1,) * (len(inputs.shape) - 2)
        if self.data_format == "channels_first":
            return (None, None, *ones)
        return (None, *ones, None)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = _spatial_config(self)
        return {**config, "data_format": self.data_format}


class SpatialDropout3D(SpatialDropout2D):
    """Drops whole channels of volumes in training.

    Args:
        rate: The share to drop, from 0 to 1.
        data_format: `"channels_last"` for inputs `(B, D, H, W, C)`,
            `"channels_first"` for `(B, C, D, H, W)`, None for the global setting.
        seed: An integer that fixes the random numbers.
        name: The layer's name.
        dtype: The layer's dtype or policy.

    Call arguments:
        inputs: A tensor of rank 5.
        training: Whether to drop.

    Reference: `keras.layers.SpatialDropout3D`; Tompson et al., 2014.
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype)
        self.input_spec = InputSpec(ndim=5)


def _spatial_config(layer: Dropout) -> dict[str, Any]:
    """What the constructors of the spatial layers take."""
    return {
        "rate": layer.rate,
        "seed": layer.seed,
        "name": layer.name,
        "dtype": layer.dtype,
    }


def _checked_noise_shape(noise_shape: Any) -> Any:
    if noise_shape is None:
        return None
    problem = None
    if isinstance(noise_shape, str):
        problem = "Expected a tuple or list of integers"
    elif not hasattr(noise_shape, "__iter__"):
        problem = "Expected an iterable of integers (e.g., a tuple or list)"
    else:
        noise_shape = tuple(noise_shape)
        for size in noise_shape:
            if size is not None and not isinstance(size, int):
                problem = "Expected all elements to be integers or None"
            elif size is not None and size <= 0:
                problem = "Expected all dimensions to be positive integers or None"
    if problem is not None:
        raise ValueError(
            message(
                "keras.layers.Dropout",
                expected="`noise_shape` to be a tuple of positive integers or None",
                received="Invalid value received for argument `noise_shape`. "
                f"{problem}. noise_shape={noise_shape!r}",
                hint="None entries take the input's size.",
            )
        )
    return noise_shape
