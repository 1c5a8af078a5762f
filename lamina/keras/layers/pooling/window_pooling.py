"""Poolings over windows: `MaxPooling*` and `AveragePooling*`."""

from __future__ import annotations

from typing import Any

from lamina.keras.layers.pooling.base_pooling import Pooling
from lamina.keras.ops.pooling import average_pool, max_pool


class _MaxPooling(Pooling):
    pool = max_pool

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class MaxPooling1D(_MaxPooling):
    """The largest value in each window of one dimension, such as time.

    Reference: `keras.layers.MaxPooling1D`.
    """

    rank = 1


class MaxPooling2D(_MaxPooling):
    """The largest value in each window of two dimensions, such as those of images.

    Reference: `keras.layers.MaxPooling2D`.
    """

    rank = 2


class MaxPooling3D(_MaxPooling):
    """The largest value in each window of three dimensions, such as those of volumes.

    Reference: `keras.layers.MaxPooling3D`.
    """

    rank = 3


class AveragePooling1D(Pooling):
    """The mean of each window of one dimension, such as time.

    Reference: `keras.layers.AveragePooling1D`.
    """

    rank = 1
    pool = average_pool


class AveragePooling2D(Pooling):
    """The mean of each window of two dimensions, such as those of images.

    Reference: `keras.layers.AveragePooling2D`.
    """

    rank = 2
    pool = average_pool


class AveragePooling3D(Pooling):
    """The mean of each window of three dimensions, such as those of volumes.

    Reference: `keras.layers.AveragePooling3D`.
    """

    rank = 3
    pool = average_pool
