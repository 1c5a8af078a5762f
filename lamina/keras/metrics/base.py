"""The base class of metrics: state in variables, an update, a result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from lamina.engine.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from lamina.engine.tensor import Tensor
from lamina.engine.variable import Variable as EngineVariable
from lamina.keras import dtype_policies, initializers
from lamina.keras.common.naming import auto_name, name_scope
from lamina.keras.common.stateless import StatelessScope
from lamina.keras.common.tracking import Tracker
from lamina.keras.config import floatx
from lamina.keras.variable import Variable


class Metric:
    """Base class of the metrics.

    A subclass makes its state with `add_variable`, and defines `update_state` and
    `result`. The state stays on the device until someone reads the result.

    Args:
        dtype: Dtype of the computation, or a dtype policy; Keras's `floatx` by
            default.
        name: Name of the metric.

    Example:
        >>> class Largest(tf.keras.metrics.Metric):
        ...     def __init__(self, name="largest"):
        ...         super().__init__(name=name)
        ...         self.most = self.add_variable((), "zeros", name="most")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.most.assign(tf.maximum(self.most, tf.reduce_max(y_pred)))
        ...     def result(self):
        ...         return self.most.value
        >>> metric = Largest()
        >>> metric.update_state([0.0], [3.0])
        >>> float(metric.result())
        3.0

    Reference: `keras.metrics.Metric`.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype_policy = dtype_policies.get(dtype or floatx())
        self._dtype = self._dtype_policy.compute_dtype
        self._metrics: list[Metric] = []
        self._variables: list[Any] = []
        self._tracker = Tracker(
            {
                "variables": (_is_variable, self._variables),
                "metrics": (_is_metric, self._metrics),
            }
        )

    def __setattr__(self, name: str, value: Any) -> None:
        tracker = self.__dict__.get("_tracker")
        if tracker is not None:
            value = tracker.track(value)
        object.__setattr__(self, name, value)

    @property
    def dtype(self) -> str:
        """The dtype in which the metric is computed."""
        return self._dtype

    @property
    def variables(self) -> list[Any]:
        """The state, that of metrics inside included."""
        found = list(self._variables)
        for metric in self._metrics:
            found.extend(metric.variables)
        return found

    @property
    def weights(self) -> list[Any]:
        """Keras 2's name of `variables`."""
        return self.variables

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Adds one variable to the state.

        Args:
            shape: Its shape.
            initializer: An initializer or its name.
            dtype: Its dtype, Keras's `floatx` by default.
            aggregation: How replicas' values join: "sum", "mean", "none" or
                "only_first_replica".
            name: Its name.

        Returns:
            The variable.
        """
        if "_tracker" not in self.__dict__:
            raise FailedPreconditionError.of(
                f"keras.metrics.{type(self).__name__}",
                expected="a constructor that calls its base class",
                received="You forgot to call `super().__init__()` in the "
                "`__init__()` method",
                hint="Make it the first statement.",
            )
        with name_scope(self.name.replace("/", ">"), caller=self):
            variable = Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        self._tracker.add_to_store("variables", variable)
        return variable

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Variable:
        """`add_variable`, also in Keras 2's form `add_weight(name, ...)`."""
        if isinstance(shape, str):
            shape, name = (), shape
        kwargs.pop("aggregation", None)
        kwargs.pop("synchronization", None)
        if kwargs:
            raise TypeError(
                f"{type(self).__name__}.add_weight() got unexpected keyword arguments "
                f"{sorted(kwargs)}."
            )
        return self.add_variable(shape, initializer or "zeros", dtype, name=name)

    def reset_state(self) -> None:
        """Sets the state back to zero."""
        for variable in self.variables:
            zeros = np.zeros(variable.shape, variable.dtype.np_dtype)
            variable.assign(Tensor(zeros))  # programs take NumPy's arrays cheaply

    def reset_states(self) -> None:
        """Keras 2's name of `reset_state`."""
        self.reset_state()

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch to the state."""
        raise UnimplementedError.of(
            f"keras.metrics.{type(self).__name__}",
            expected="a method `update_state`",
            received="a metric without it",
            hint="Override `update_state` in your metric.",
        )

    def result(self) -> Any:
        """The metric's value, a scalar tensor or a dict of them."""
        raise UnimplementedError.of(
            f"keras.metrics.{type(self).__name__}",
            expected="a method `result`",
            received="a metric without it",
            hint="Override `result` in your metric.",
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Updates the state and returns the result."""
        if "_tracker" not in self.__dict__:
            self.add_variable((), "zeros")
        self.update_state(*args, **kwargs)
        return self.result()

    def merge_state(self, metrics: Iterable[Metric]) -> None:
        """Adds the states of other metrics of this kind to this one's.

        Args:
            metrics: Metrics with the same variables.

        Raises:
            InvalidArgumentError: One has other variables.
        """
        for metric in metrics:
            mine, other = self.variables, metric.variables
            if [tuple(v.shape) for v in mine] != [tuple(v.shape) for v in other]:
                raise InvalidArgumentError.of(
                    f"keras.metrics.{type(self).__name__}.merge_state",
                    expected="a metric with the same variables",
                    received=f"{metric!r}",
                    hint="Merge metrics made with the same arguments.",
                )
            for variable, added in zip(mine, other, strict=True):
                variable.assign_add(added.read_value())

    def _mapping(self, values: Sequence[Any]) -> list[tuple[Any, Any]]:
        variables = self.variables
        if len(values) != len(variables):
            raise InvalidArgumentError.of(
                f"keras.metrics.{type(self).__name__}",
                expected="Argument `metric_variables` must be a list of tensors "
                f"corresponding 1:1 to its {len(variables)} variables",
                received=f"a list with length {len(values)}",
                hint="Pass values in the order of `variables`.",
            )
        return list(zip(variables, values, strict=True))

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """`update_state` as a function: returns the new state.

        Args:
            metric_variables: Values of `variables`.
            *args: Passed on to `update_state`.
            **kwargs: Passed on to `update_state`.
        """
        with StatelessScope(self._mapping(metric_variables)) as scope:
            self.update_state(*args, **kwargs)
        return self._collect(scope)

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """`result` for the given state."""
        with StatelessScope(self._mapping(metric_variables)):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """The state after `reset_state`."""
        with StatelessScope() as scope:
            self.reset_state()
        return self._collect(scope)

    def _collect(self, scope: StatelessScope) -> list[Any]:
        found = [(v, scope.get_current_value(v)) for v in self.variables]
        return [v if value is None else value for v, value in found]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as values that JSON can hold."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A metric from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __str__(self) -> str:
        return repr(self)


def _is_variable(item: Any) -> bool:
    return isinstance(item, EngineVariable)


def _is_metric(item: Any) -> bool:
    return isinstance(item, Metric)
