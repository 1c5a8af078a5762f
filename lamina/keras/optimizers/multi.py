"""Several optimizers for one model, chosen by the variables' paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any, Self

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.variable import Variable
from lamina.keras.optimizers.base import Optimizer
from lamina.keras.optimizers.loss_scale import LossScaleOptimizer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class OptimizerMap(MutableMapping[str, Optimizer]):
    """Optimizers by patterns of variable paths.

    Args:
        default_optimizer: The optimizer of variables that no pattern matches.
        optimizer_map: A dict from regular expressions, which match whole paths, to
            optimizers.

    Raises:
        TypeError: An argument of another type.

    Example:
        >>> optimizers = tf.keras.optimizers.OptimizerMap(tf.keras.optimizers.SGD())
        >>> optimizers["dense/.*"] = tf.keras.optimizers.Adam()
        >>> type(optimizers["dense/kernel"]).__name__
        'Adam'

    Reference: `keras.optimizers.OptimizerMap`.
    """

    def __init__(
        self,
        default_optimizer: Optimizer,
        optimizer_map: dict[str, Optimizer] | None = None,
    ) -> None:
        title = "keras.optimizers.OptimizerMap"
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                f"{title}: default_optimizer must be a Keras Optimizer instance. "
                f"Received: {default_optimizer!r}. For example keras.optimizers.SGD()."
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(
                f"{title}: optimizer_map must be a dictionary. Received: "
                f"{optimizer_map!r}. Map patterns of paths to optimizers."
            )
        self._default = default_optimizer
        self._optimizer_map: dict[str, Optimizer] = optimizer_map or {}

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of variables that no pattern matches."""
        return self._default

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        found = [name for name in self._optimizer_map if re.fullmatch(name, key)]
        if len(found) > 1:
            raise self._wrong(
                "one optimizer for each variable",
                f"Multiple optimizers assigned to variable {key}: {found}",
            )
        return self._optimizer_map[found[0]] if found else self._default

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self._optimizer_map:
            raise self._wrong(
                "a new pattern", f"'{key}' already exists in the OptimizerMap"
            )
        if not isinstance(key, str) or not isinstance(optimizer, Optimizer):
            raise self._wrong(
                "a string as key and a Keras Optimizer instance",
                f"key={key!r}, optimizer={optimizer!r}",
            )
        _check_inner(optimizer)
        self._optimizer_map[key] = optimizer

    def _wrong(self, expected: str, received: str) -> InvalidArgumentError:
        return InvalidArgumentError.of(
            "keras.optimizers.OptimizerMap",
            expected=expected,
            received=received,
            hint="Write patterns of which only one matches a path.",
        )

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimizer of a variable."""
        return self[getattr(variable, "path", variable.name)]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "default_optimizer": serialize_keras_object(self._default),
            "optimizer_map": serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Self:
        """A map from what `get_config` gave."""
        default, optimizers = (
            deserialize_keras_object(config[key], custom_objects=custom_objects)
            for key in ("default_optimizer", "optimizer_map")
        )
        return cls(default, optimizers)


class MultiOptimizer(Optimizer):
    """Updates each variable by the optimizer that a map gives for it.

    Args:
        optimizer_map: An `OptimizerMap`, or a function from a variable to its
            optimizer.
        loss_scale_factor: See `Optimizer`; it is given to the inner optimizers.
        name: Name of the optimizer.

    Reference: `keras.optimizers.MultiOptimizer`.
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        self._inner: list[Optimizer] = []
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add(optimizer)

    def _add(self, optimizer: Optimizer) -> int:
        """The number of an inner optimizer, which is added if it is new."""
        for index, known in enumerate(self._inner):
            if known is optimizer:
                return index
        optimizer.loss_scale_factor = self.loss_scale_factor
        self._inner.append(optimizer)
        return len(self._inner) - 1

    def build(self, variables: Sequence[Variable]) -> None:
        """Builds each inner optimizer on its variables."""
        if self.built:
            return
        self._var_to_optimizer_idx: dict[int, int] = {}
        for variable in variables:
            optimizer = self._optimizer_map(variable)
            _check_inner(optimizer)
            self._var_to_optimizer_idx[id(variable)] = self._add(optimizer)
        for optimizer, own in zip(self._inner, self._split(variables), strict=True):
            if own:
                optimizer.build([variables[i] for i in own])
        super().build(variables)

    def _split(self, variables: Sequence[Variable]) -> list[list[int]]:
        """The places of each inner optimizer's variables."""
        found: list[list[int]] = [[] for _ in self._inner]
        for place, variable in enumerate(variables):
            found[self._var_to_optimizer_idx[id(variable)]].append(place)
        return found

    @property
    def optimizers(self) -> list[Optimizer]:
        """The inner optimizers."""
        return self._inner

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then those of the inner optimizers."""
        inner = [v for optimizer in self._inner for v in optimizer.variables]
        return [*self._variables, *inner]

    @property
    def learning_rate(self) -> Any:
        """There is none: each inner optimizer has its own."""
        raise AttributeError(
            "Learning rate cannot be accessed on a MultiOptimizer. Access the learning "
            "rate on the individual sub-optimizers instead."
        )

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        raise AttributeError(
            "Learning rate cannot be set on a MultiOptimizer. Set the learning rate on "
            "the individual sub-optimizers instead."
        )

    @property
    def loss_scale_factor(self) -> float | None:  # type: ignore[override]
        """The factor of the loss, the same for all inner optimizers."""
        return self.__dict__.get("_loss_scale_factor")

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self._loss_scale_factor = value
        for optimizer in self._inner:
            optimizer.loss_scale_factor = value

    def _is_pure(self) -> bool:
        return all(optimizer._is_pure() for optimizer in self._inner)

    def _settings(self) -> tuple[Any, ...]:
        inner = tuple(optimizer._settings() for optimizer in self._inner)
        return (*super()._settings(), inner)

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        for optimizer, own in zip(self._inner, self._split(variables), strict=True):
            if own:
                optimizer._apply([grads[i] for i in own], [variables[i] for i in own])
        self._iterations.assign_add(1)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Lets each inner optimizer set the final values of its variables."""
        for optimizer, own in zip(self._inner, self._split(var_list), strict=True):
            if own:
                optimizer.finalize_variable_values([var_list[i] for i in own])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> MultiOptimizer:
        """An optimizer from what `get_config` gave."""
        found = deserialize_keras_object(
            config["optimizer_map"], custom_objects=custom_objects
        )
        return cls(**(config | {"optimizer_map": found}))


def _check_inner(optimizer: Any) -> None:
    """Raises unless an optimizer may be one of several."""
    wrong = isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer))
    if wrong or not isinstance(optimizer, Optimizer):
        kind = type(optimizer).__name__
        raise InvalidArgumentError.of(
            "keras.optimizers.MultiOptimizer",
            expected=f"an inner optimizer (an optimizer cannot be {kind})",
            received=f"{kind} cannot be used inside an MultiOptimizer",
            hint="Put a LossScaleOptimizer around the MultiOptimizer instead.",
        )
