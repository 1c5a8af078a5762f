"""`Normalization`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina.data.dataset import Dataset
from lamina.engine.errors import InvalidArgumentError, message
from lamina.engine.tensor import Tensor
from lamina.keras.config import epsilon
from lamina.keras.layers.base import Layer
from lamina.keras.trainers.py_dataset import PyDataset
from lamina.ops.array.casting import cast
from lamina.ops.array.shaping import reshape
from lamina.ops.math.arithmetic import maximum
from lamina.ops.math.elementwise import sqrt

_NAME = "keras.layers.Normalization"
_BATCH = 128  # rows at a time of a dataset that is not batched


class Normalization(Layer):
    """Shifts and scales each feature to a mean of 0 and a variance of 1.

    The moments are given, or measured once by `adapt`; training does not move them.
    `(inputs - mean) / sqrt(variance)`, or with `invert` the way back.

    Args:
        axis: The axis or axes that keep moments of their own, such as the features;
            `None` for one mean and one variance over everything.
        mean: The mean: a number, or an array that fits `axis`. Needs `variance`.
        variance: The variance, of the shape of `mean`.
        invert: Whether to turn normalised inputs into the original ones.
        **kwargs: `name`, `dtype`, `input_shape`.

    Call arguments:
        inputs: A tensor of any rank; integers become the compute dtype.

    Raises:
        ValueError: only one of `mean` and `variance`, moments of other shapes, or an
            axis that the inputs lack or whose size is unknown.

    Example:
        >>> layer = tf.keras.layers.Normalization(axis=None)
        >>> layer.adapt(np.array([1.0, 3.0], "float32"))
        >>> layer(np.array([1.0, 2.0, 5.0], "float32")).numpy()
        array([-1.,  0.,  3.], dtype=float32)

    Reference: `keras.layers.Normalization`. Known differences: `adapt` sums in float64
    whatever the data's type is, leaves out empty batches, and raises ValueError, not
    AttributeError, where the moments were given.
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if axis is None:
            axis = ()
        self.axis = (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.supports_masking = True
        self._build_input_shape: tuple[int | None, ...] | None = None
        self._check_moments()

    def _check_moments(self) -> None:
        mean, variance = self.input_mean, self.input_variance
        if (mean is None) != (variance is None):
            raise _problem(
                "both `mean` and `variance`, or neither",
                f"both `mean` and `variance` must be set: {mean=}, {variance=}",
                "Pass the other one, or call adapt().",
            )
        if mean is None:
            return
        if np.shape(mean) != np.shape(variance):
            raise _problem(
                "`mean` and `variance` of the same shape",
                f"shapes {np.shape(mean)} and {np.shape(variance)}",
                "Give both one number per kept position.",
            )
        if np.ndim(mean) > len(self.axis):
            raise _problem(
                f"a `mean` of at most {len(self.axis)} axes",
                f"shape {np.shape(mean)} with axis={self.axis}",
                "Name each axis of the moments in `axis`.",
            )

    def build(self, input_shape: Any) -> None:
        """Makes the weights `mean`, `variance` and `count`, if none were given."""
        if input_shape is None:
            return
        shape = tuple(input_shape)
        rank = len(shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise _problem(
                "All `axis` values must be in the range [-ndim, ndim)",
                f"inputs with ndim={rank}, while axis={self.axis}",
                "Choose axes that the inputs have.",
            )
        keep = tuple(sorted(axis % rank for axis in self.axis))
        if any(shape[axis] is None for axis in keep):
            raise _problem(
                "All `axis` values to be kept must have a known shape",
                f"axis={self.axis}, inputs.shape={shape}",
                "Give the inputs a fixed size there.",
            )
        self._build_input_shape = shape
        self._keep_axis = keep
        self._reduce_axis = tuple(i for i in range(rank) if i not in keep)
        self._broadcast_shape = [shape[i] if i in keep else 1 for i in range(rank)]
        if self.input_mean is not None:
            self._given = [
                self._spread(value) for value in (self.input_mean, self.input_variance)
            ]
            return
        sizes = tuple(shape[axis] for axis in keep)
        self.adapt_mean = self._moment("mean", sizes, "zeros")
        self.adapt_variance = self._moment("variance", sizes, "ones")
        self.count = self._moment("count", (), "zeros", dtype="int64")

    def _moment(self, name: str, shape: Any, initializer: str, **options: Any) -> Any:
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False, **options
        )

    def _spread(self, value: Any) -> np.ndarray[Any, Any]:
        """`value` with one axis per axis of the inputs; its own fill the last kept."""
        host = np.asarray(value, np.float64)
        sizes = [1] * len(self._broadcast_shape)
        for place in range(1, host.ndim + 1):
            sizes[self._keep_axis[-place]] = host.shape[-place]
        if any(size not in (1, n) for size, n in zip(sizes, self._broadcast_shape)):
            raise InvalidArgumentError.of(
                _NAME,
                expected=f"moments that fit the sizes {self._broadcast_shape}",
                received=f"a `mean` of shape {host.shape} with axis={self.axis}",
                hint="Give one number per kept position, or a single one.",
            )
        return np.broadcast_to(host.reshape(sizes), self._broadcast_shape)

    @property
    def mean(self) -> Tensor | None:
        """The mean, shaped to broadcast against the inputs; `None` before `build`."""
        return self._read(0)

    @property
    def variance(self) -> Tensor | None:
        """The variance, shaped like `mean`; `None` before `build`."""
        return self._read(1)

    def _read(self, which: int) -> Tensor | None:
        if self._build_input_shape is None:
            return None
        if self.input_mean is not None:
            return cast(self._given[which], self.compute_dtype)
        weight = self.adapt_variance if which else self.adapt_mean
        return cast(reshape(weight, self._broadcast_shape), self.compute_dtype)

    def adapt(self, data: Any) -> None:
        """Measures the mean and the variance of `data` and keeps them.

        Args:
            data: An array, a tensor, a `tf.data.Dataset`, a `PyDataset`, or an
                iterable of batches. Of elements that are tuples the first counts.

        Raises:
            ValueError: no data, a shape that does not fit the one built for, or a
                layer whose moments were given.
            TypeError: elements that are no arrays.
        """
        if self.input_mean is not None:
            raise _problem(
                "a layer without given moments in adapt()",
                f"mean={self.input_mean}, variance={self.input_variance}",
                "Leave out `mean` and `variance` to measure them.",
            )
        batches = (batch for batch in _batches(data) if math.prod(batch.shape))
        first = next(batches, None)
        if first is None:
            raise _problem(
                "at least one batch in adapt()",
                "no data",
                "Pass data that is not empty.",
            )
        if self._build_input_shape is None:
            self.build(first.shape)
            self.built = True
        count, mean, variance = 0, np.float64(0.0), np.float64(0.0)
        for batch in itertools.chain([first], batches):
            self._check_batch(batch.shape)
            wide = np.asarray(batch, np.float64)
            size = math.prod(wide.shape[axis] for axis in self._reduce_axis)
            count += size
            share = size / count
            moved = wide.mean(self._reduce_axis) - mean
            spread = wide.var(self._reduce_axis)
            variance = variance + (spread - variance) * share
            variance = variance + moved**2 * share * (1 - share)
            mean = mean + moved * share
        self.adapt_mean.assign(mean.astype(self.adapt_mean.dtype))
        self.adapt_variance.assign(variance.astype(self.adapt_variance.dtype))

    def _check_batch(self, shape: tuple[int, ...]) -> None:
        built = self._build_input_shape or ()
        if len(shape) != len(built) or any(
            shape[axis] != built[axis] for axis in self._keep_axis
        ):
            raise _problem(
                f"data for adapt() of the shape that the layer was built for, {built}",
                f"an incompatible shape, data.shape={tuple(shape)}",
                "Adapt with data shaped like the inputs.",
            )

    def call(self, inputs: Any) -> Tensor:
        """Returns the normalised inputs, or with `invert` the original ones."""
        x = cast(inputs, self.compute_dtype)
        mean, deviation = self.mean, maximum(sqrt(self.variance), epsilon())
        return x * deviation + mean if self.invert else (x - mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": np.array(self.input_mean).tolist(),
            "variance": np.array(self.input_variance).tolist(),
        }

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape that the weights were made for, or `None`."""
        if self._build_input_shape is None:
            return None
        return {"input_shape": self._build_input_shape}


def _batches(data: Any) -> Iterator[Any]:
    """The arrays in `data`, one after the other."""
    if hasattr(data, "shape"):
        return iter([_array(data)])
    if isinstance(data, Dataset):
        spec = data.element_spec
        spec = spec[0] if isinstance(spec, tuple) else spec
        if len(spec.shape) == 1:
            data = data.batch(_BATCH)
        return (_array(_inputs(element)) for element in data)
    if isinstance(data, PyDataset):
        return (_array(_inputs(data[index])) for index in range(data.num_batches or 0))
    if hasattr(data, "__iter__"):
        return (_array(_inputs(element)) for element in data)
    raise TypeError(_no_array(data))


def _inputs(element: Any) -> Any:
    return element[0] if isinstance(element, tuple | list) and element else element


def _array(value: Any) -> Any:
    if not hasattr(value, "shape"):
        raise TypeError(_no_array(value))
    return np.asarray(value)


def _no_array(value: Any) -> str:
    return message(
        f"{_NAME}.adapt",
        expected="an array, a tensor, a dataset, or an iterable of arrays",
        received=f"Unsupported data type: {type(value)}",
        hint="Convert the data with np.asarray, or wrap it in a list of batches.",
    )


def _problem(expected: str, received: str, hint: str) -> ValueError:
    return ValueError(
        message(
            _NAME,
            expected=expected,
            received=received,
            hint=hint,
        )
    )
