"""Means and sums over everything seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from lamina.autograph.conversion import tf_convert
from lamina.engine.tensor import Tensor
from lamina.keras.common.tensors import get_keras_mask
from lamina.keras.metrics.arithmetic import (
    mask_to_weight,
    quotient,
    samplewise_total,
)
from lamina.keras.metrics.base import Metric
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Sum(Metric):
    """The weighted sum of all values.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Example:
        >>> metric = tf.keras.metrics.Sum()
        >>> metric.update_state([1.0, 3.0, 5.0])
        >>> float(metric.result())
        9.0

    Reference: `keras.metrics.Sum`.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values.

        Args:
            values: The values.
            sample_weight: A weight for each sample, or for each value.
        """
        total, _ = samplewise_total(
            values, sample_weight, get_keras_mask(values), False, self.dtype
        )
        self.total.assign_add(total)

    def result(self) -> Tensor:
        """The sum so far, a scalar."""
        return self.total.value


class Mean(Metric):
    """The weighted mean of all values.

    Args:
        name: Name of the metric.
        dtype: See `Metric`.

    Example:
        >>> metric = tf.keras.metrics.Mean()
        >>> metric.update_state([1.0, 3.0, 5.0])
        >>> float(metric.result())
        3.0

    Reference: `keras.metrics.Mean`.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Adds values.

        Args:
            values: The values; those of one sample are averaged first.
            sample_weight: A weight for each sample, or for each value.
        """
        total, count = samplewise_total(
            values, sample_weight, get_keras_mask(values), True, self.dtype
        )
        self.total.assign_add(total)
        self.count.assign_add(count)

    def result(self) -> Tensor:
        """The mean so far, a scalar; 0 before the first value."""
        return quotient(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function `fn(y_true, y_pred, **kwargs)`.

    Args:
        fn: Gives a value per sample.
        name: Name of the metric.
        dtype: See `Metric`.
        **kwargs: Passed on to `fn`.

    Reference: `keras.metrics.MeanMetricWrapper`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        module = getattr(fn, "__module__", None) or type(fn).__module__
        if module.startswith("lamina.keras.losses."):
            self._direction = "down"

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions; where their mask is false they do not count.
            sample_weight: A weight for each sample.
        """
        mask = get_keras_mask(y_pred)
        values = tf_convert(self._fn)(y_true, y_pred, **self._fn_kwargs)
        if mask is not None:
            sample_weight = mask_to_weight(mask, sample_weight, self.dtype)
        super().update_state(values, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the function among them."""
        own = {"fn": serialize_keras_object(self._fn)}
        return super().get_config() | own | serialize_keras_object(self._fn_kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A metric from what `get_config` gave."""
        if "fn" in config:
            config = deserialize_keras_object(config)
        return cls(**config)


class BuiltinMean(MeanMetricWrapper):
    """A built-in mean: its config holds its parameters instead of the function."""

    _direction = "down"
    _unsaved: ClassVar[dict[str, Any]] = {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {
            key: value
            for key, value in self._fn_kwargs.items()
            if key not in self._unsaved or self._unsaved[key] != value
        }
        return Metric.get_config(self) | own

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A metric from what `get_config` gave."""
        return cls(**config)

    def __getattr__(self, name: str) -> Any:
        parameters = self.__dict__.get("_fn_kwargs", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(
            f"'{type(self).__name__}' object has no attribute '{name}'"
        )
