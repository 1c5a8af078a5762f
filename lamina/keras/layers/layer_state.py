"""The state of a layer: its weights, inner layers, metrics and seed generators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.engine.variable import Variable as EngineVariable
from lamina.keras import constraints, initializers, regularizers
from lamina.keras.common.naming import name_scope
from lamina.keras.common.standardize import standardize_dtype
from lamina.keras.common.tracking import Tracker
from lamina.keras.variable import Variable

_LOCKED = (
    "You cannot add new elements of state (variables or sub-layers) to a layer that is "
    "already built. All state must be created in the `__init__()` method or in the "
    "`build()` method."
)


def _is_metric(value: Any) -> bool:
    cls = type(value)
    return hasattr(cls, "update_state") and hasattr(cls, "result")


def _is_seed_generator(value: Any) -> bool:
    return any(cls.__name__ == "SeedGenerator" for cls in type(value).__mro__)


class StateMixin:
    """Weights and everything else that a layer tracks."""

    name: str
    built: bool
    _trainable: bool
    _tracker: Tracker
    _layers: list[Any]
    _metrics: list[Any]
    _seed_generators: list[Any]
    _trainable_variables: list[Any]
    _non_trainable_variables: list[Any]

    def _initialize_tracker(self) -> None:
        if "_tracker" in self.__dict__:
            return
        stores: dict[str, list[Any]] = {
            "_trainable_variables": [],
            "_non_trainable_variables": [],
            "_metrics": [],
            "_layers": [],
            "_seed_generators": [],
        }

        def is_layer(value: Any) -> bool:
            return isinstance(value, StateMixin) and not _is_metric(value)

        tracker = Tracker(
            {
                "trainable_variables": (
                    lambda x: isinstance(x, EngineVariable) and bool(x.trainable),
                    stores["_trainable_variables"],
                ),
                "non_trainable_variables": (
                    lambda x: isinstance(x, EngineVariable) and not x.trainable,
                    stores["_non_trainable_variables"],
                ),
                "metrics": (_is_metric, stores["_metrics"]),
                "layers": (is_layer, stores["_layers"]),
                "seed_generators": (_is_seed_generator, stores["_seed_generators"]),
            },
            exclusions={"non_trainable_variables": ["trainable_variables"]},
        )
        object.__setattr__(self, "_tracker", tracker)
        for name, store in stores.items():
            object.__setattr__(self, name, store)

    def _lock_state(self) -> None:
        """Refuse further state; called when `build` is done."""
        if not self._tracker.locked:
            self._tracker.lock(_LOCKED)

    # ------------------------------------------------------------- creation

    def add_weight(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            *args: `shape, initializer, dtype`, or with a string first, as in Keras 2,
                `name, shape, dtype, initializer, regularizer, trainable, constraint`.
            shape: the shape, without `None`; a scalar by default.
            initializer: an initializer or its name; by default Glorot-uniform for
                floats and zeros for other types.
            dtype: the dtype; the layer's variable dtype by default.
            trainable: whether optimizers update the weight.
            autocast: whether it is read in the layer's compute dtype.
            regularizer: adds a penalty to the layer's losses.
            constraint: applied after each update.
            aggregation: how replicas' updates are combined.
            overwrite_with_gradient: whether its gradient replaces its value.
            name: the weight's name.

        Returns:
            The variable, which is also in `weights` from now on.

        Raises:
            TypeError: too many positional arguments.
            ValueError: an argument was passed twice, or the layer is built already.

        Reference: `keras.Layer.add_weight`. The Keras 2 order is accepted too.
        """
        self._check_super_called()  # type: ignore[attr-defined]
        given = {
            "shape": shape,
            "initializer": initializer,
            "dtype": dtype,
            "name": name,
            "regularizer": regularizer,
            "trainable": trainable,
            "constraint": constraint,
        }
        given = _merge_positional(args, given)
        wanted = given["dtype"]
        wanted = self.variable_dtype if wanted is None else standardize_dtype(wanted)  # type: ignore[attr-defined]
        initializer = given["initializer"]
        if initializer is None:
            initializer = "glorot_uniform" if "float" in wanted else "zeros"
        with name_scope(self.name, caller=self):
            variable = Variable(
                initializer=initializers.get(initializer),
                shape=() if given["shape"] is None else given["shape"],
                dtype=wanted,
                trainable=given["trainable"],
                autocast=autocast,
                aggregation=aggregation,
                name=given["name"],
            )
        variable.regularizer = regularizers.get(given["regularizer"])
        variable.constraint = constraints.get(given["constraint"])
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._track_variable(variable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Variable:
        """The same as `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def _track_variable(self, variable: Any) -> None:
        store = (
            "trainable_variables" if variable.trainable else ("non_trainable_variables")
        )
        self._tracker.add_to_store(store, variable)
        if not self.trainable and variable.trainable:
            variable.trainable = False

    def _untrack_variable(self, variable: Any) -> None:
        locked = self._tracker.locked
        self._tracker.unlock()
        self._tracker.untrack(variable)
        if locked:
            self._tracker.lock()

    # ------------------------------------------------------------ trainable

    @property
    def trainable(self) -> bool:
        """Whether the weights of this layer and its inner layers are trained."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self._trainable = value
        for variable in self._trainable_variables:
            variable.trainable = value
        for layer in self._layers:
            layer.trainable = value

    # ----------------------------------------------------------- collections

    @property
    def variables(self) -> list[Any]:
        """All state: the weights and the states of seed generators, each once."""
        found = _unique(self._trainable_variables + self._non_trainable_variables)
        seen = {id(v) for v in found}
        found.extend(generator.state for generator in self._seed_generators)
        for layer in self._layers:
            for variable in layer.variables:
                if id(variable) not in seen:
                    seen.add(id(variable))
                    found.append(variable)
        return found

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables that optimizers update."""
        if not self.trainable:
            return []
        return [v for v in self.variables if v.trainable]

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The variables that optimizers leave alone."""
        if not self.trainable:
            return self.variables
        return [v for v in self.variables if not v.trainable]

    @property
    def weights(self) -> list[Any]:
        """The weights of this layer and its inner layers, each once."""
        found = self._trainable_variables + self._non_trainable_variables
        for layer in self._layers:
            found.extend(layer.weights)
        return _unique(found)

    @property
    def trainable_weights(self) -> list[Any]:
        """The weights that optimizers update."""
        if not self.trainable:
            return []
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The weights that optimizers leave alone."""
        if not self.trainable:
            return self.weights
        return [v for v in self.weights if not v.trainable]

    @property
    def metrics(self) -> list[Any]:
        """The metrics of this layer and its inner layers."""
        found = list(self._metrics)
        for layer in self._layers:
            found.extend(layer.metrics)
        return found

    @property
    def metrics_variables(self) -> list[Any]:
        """The variables of the metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    # ---------------------------------------------------------------- values

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """The values of `weights`."""
        return [np.asarray(v.numpy()) for v in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Set the values of `weights`.

        Raises:
            ValueError: the number of arrays or a shape is another.
        """
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a "
                f"weight list of length {len(weights)}, but the layer was expecting "
                f"{len(own)} weights."
            )
        for variable, value in zip(own, weights):
            if tuple(variable.shape) != tuple(np.shape(value)):
                raise ValueError(
                    f"Layer {self.name} weight shape {tuple(variable.shape)} is not "
                    f"compatible with provided weight shape {np.shape(value)}."
                )
        for variable, value in zip(own, weights):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of scalars in the weights.

        Raises:
            ValueError: the layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer '{self.name}', but the "
                "layer isn't built. You can build it manually via: "
                "`layer.build(input_shape)`."
            )
        return sum(math.prod(v.shape) for v in self.weights)

    def save_own_variables(self, store: Any) -> None:
        """Put this layer's own variables into `store`, under their numbers."""
        own = self._trainable_variables + self._non_trainable_variables
        for index, variable in enumerate(own):
            store[f"{index}"] = variable

    def load_own_variables(self, store: Any) -> None:
        """Set this layer's own variables from `store`.

        Raises:
            ValueError: the store has another number of variables.
        """
        own = self._trainable_variables + self._non_trainable_variables
        self._check_load_own_variables(store)
        for index, variable in enumerate(own):
            variable.assign(store[f"{index}"])

    def _check_load_own_variables(self, store: Any) -> None:
        own = self._trainable_variables + self._non_trainable_variables
        count = len(store.keys())
        if count == len(own):
            return
        if not own and not self.built:
            raise ValueError(
                f"Layer '{self.name}' was never built and thus it doesn't have any "
                f"variables. However the weights file lists {count} variables for "
                "this layer.\nEither the layer belongs to one whose `build()` does not "
                "build it too, or it needs `build_from_config(self, config)` (and "
                "`get_build_config(self)`) to say how it is rebuilt when it is loaded."
            )
        raise ValueError(
            f"Layer '{self.name}' expected {len(own)} variables, but received {count} "
            f"variables during loading. Expected: {[v.name for v in own]}"
        )


def _unique(variables: list[Any]) -> list[Any]:
    return list({id(v): v for v in variables}.values())


def _merge_positional(args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Positional arguments of `add_weight` put among those given by keyword."""
    order = ("shape", "initializer", "dtype")
    if args and isinstance(args[0], str):
        order = (  # type: ignore[assignment]
            "name",
            "shape",
            "dtype",
            "initializer",
            "regularizer",
            "trainable",
            "constraint",
        )
    if len(args) > len(order):
        raise TypeError(
            f"add_weight() takes at most {len(order)} positional arguments "
            f"{order} but {len(args)} were given."
        )
    merged = dict(given)
    for name, value in zip(order, args):
        if name != "trainable" and given[name] is not None:
            raise ValueError(
                f"`{name}` was passed both positionally and as a keyword argument."
            )
        merged[name] = value
    return merged
