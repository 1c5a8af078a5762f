"""Poolings over all positions: `GlobalMaxPooling*` and `GlobalAveragePooling*`."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.layers.pooling.base_pooling import GlobalPooling
from lamina.ops.array.casting import cast
from lamina.ops.array.shaping import expand_dims
from lamina.ops.math.reduction import reduce_max, reduce_mean, reduce_sum


class GlobalMaxPooling1D(GlobalPooling):
    """The largest value over one dimension, such as time.

    Reference: `keras.layers.GlobalMaxPooling1D`.
    """

    rank = 1
    reduce = reduce_max


class GlobalMaxPooling2D(GlobalPooling):
    """The largest value over two dimensions, such as those of images.

    Reference: `keras.layers.GlobalMaxPooling2D`.
    """

    rank = 2
    reduce = reduce_max


class GlobalMaxPooling3D(GlobalPooling):
    """The largest value over three dimensions, such as those of volumes.

    Reference: `keras.layers.GlobalMaxPooling3D`.
    """

    rank = 3
    reduce = reduce_max


class GlobalAveragePooling1D(GlobalPooling):
    """The mean over one dimension, such as time.

    Reference: `keras.layers.GlobalAveragePooling1D`.
    """

    rank = 1
    reduce = reduce_mean

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Tensor:
        """Returns the mean over the steps, of those that `mask` keeps."""
        if mask is None:
            return super().call(inputs)
        last = self.data_format == "channels_last"
        weights = expand_dims(cast(mask, inputs.dtype), 2 if last else 1)
        total = reduce_sum(inputs * weights, axis=self._axes, keepdims=self.keepdims)
        count = reduce_sum(weights, axis=self._axes, keepdims=self.keepdims)
        return total / count

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Returns None: the steps are gone."""
        return None


class GlobalAveragePooling2D(GlobalPooling):
    """The mean over two dimensions, such as those of images.

    Reference: `keras.layers.GlobalAveragePooling2D`.
    """

    rank = 2
    reduce = reduce_mean


class GlobalAveragePooling3D(GlobalPooling):
    """The mean over three dimensions, such as those of volumes.

    Reference: `keras.layers.GlobalAveragePooling3D`.
    """

    rank = 3
    reduce = reduce_mean
