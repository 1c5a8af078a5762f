"""The named variance-scaling rules (Glorot, He, LeCun) and the orthogonal one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.initializers.initializer import resolve_dtype
from lamina.keras.initializers.random_initializers import (
    RandomInitializer,
    VarianceScaling,
)


class _NamedScaling(VarianceScaling):
    """A VarianceScaling whose scale, mode and distribution the class fixes."""

    _rule: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._rule, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**RandomInitializer.get_config(self), **self._axes_config()}


class GlorotUniform(_NamedScaling):
    """Uniform in `±sqrt(6 / (fan_in + fan_out))`.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Reference: `keras.initializers.GlorotUniform`; Glorot and Bengio, 2010.
    """

    _rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(_NamedScaling):
    """Truncated normal of variance `2 / (fan_in + fan_out)`.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Reference: `keras.initializers.GlorotNormal`; Glorot and Bengio, 2010.
    """

    _rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_NamedScaling):
    """Uniform in `±sqrt(6 / fan_in)`.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Reference: `keras.initializers.HeUniform`; He et al., 2015.
    """

    _rule = (2.0, "fan_in", "uniform")


class HeNormal(_NamedScaling):
    """Truncated normal of variance `2 / fan_in`.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Reference: `keras.initializers.HeNormal`; He et al., 2015.
    """

    _rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_NamedScaling):
    """Uniform in `±sqrt(3 / fan_in)`.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Reference: `keras.initializers.LecunUniform`; Klambauer et al., 2017.
    """

    _rule = (1.0, "fan_in", "uniform")


class LecunNormal(_NamedScaling):
    """Truncated normal of variance `1 / fan_in`.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.

    Reference: `keras.initializers.LecunNormal`; Klambauer et al., 2017.
    """

    _rule = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """Draws an orthogonal matrix, uniformly over all of them.

    The matrix comes from the QR decomposition of a normal matrix, with the signs of
    R's diagonal moved into Q. A weight of rank above 2 is seen as the matrix
    `(prod(shape[:-1]), shape[-1])`. With fewer rows than columns the rows are
    orthogonal, otherwise the columns.

    Args:
        gain: A factor for the matrix.
        seed: See `RandomInitializer`.

    Raises:
        ValueError: The weight has fewer than two dimensions.

    Reference: `keras.initializers.Orthogonal`; Saxe et al., 2014.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed=seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """Returns `gain` times an orthogonal matrix, of `shape` and `dtype`."""
        if len(shape) < 2:
            raise ValueError(
                message(
                    "keras.initializers.Orthogonal",
                    expected="a shape of at least two-dimensional weights",
                    received=f"shape={tuple(shape)} of rank {len(shape)}",
                    hint="use another initializer for vectors",
                )
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        size = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(self._generator().standard_normal(size))
        q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
        matrix = self.gain * (q.T if rows < columns else q)
        dtype = resolve_dtype(dtype).as_numpy_dtype
        return convert_to_tensor(matrix.reshape(tuple(shape)).astype(dtype))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), "gain": self.gain}
