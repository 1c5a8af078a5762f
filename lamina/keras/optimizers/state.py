"""An optimizer's state: learning rate, counter, and variables beside the model's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.engine.errors import FailedPreconditionError, InvalidArgumentError
from lamina.engine.tensor import Tensor
from lamina.engine.variable import Variable
from lamina.keras.common.naming import name_scope
from lamina.keras.config import floatx
from lamina.keras.initializers import lookup as initializers
from lamina.keras.initializers.constant_initializers import Constant
from lamina.keras.optimizers.schedules.base import LearningRateSchedule
from lamina.keras.variable import Variable as KerasVariable


class Slot(NamedTuple):
    """One optimizer variable that stands beside a model variable.

    `initial` is the number it starts from; shape and dtype default to the
    variable's.
    """

    initial: float = 0.0
    shape: tuple[int, ...] | None = None
    dtype: str | None = None


class OptimizerState:
    """The half of an optimizer that holds values; `Optimizer` adds the updates."""

    name: str
    built: bool
    use_ema: bool
    gradient_accumulation_steps: int | None
    _trainable_variables: list[Variable]
    _indices: dict[int, int]
    _slots: list[dict[str, Variable]]
    _averages: list[Variable | None]
    _accumulated: list[Variable]
    _variables: list[Variable]
    _programs: dict[Any, Any]
    _iterations: KerasVariable
    _learning_rate: Any

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__.get("_variables")
        if known is not None and name not in _UNTRACKED:
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(item, Variable) and not any(item is v for v in known):
                    known.append(item)
        object.__setattr__(self, name, value)

    def _as_rate(self, rate: Any) -> Any:
        """What `self._learning_rate` holds for a user's `rate`."""
        if isinstance(rate, LearningRateSchedule) or (
            callable(rate) and not isinstance(rate, (Tensor, Variable))
        ):
            return rate
        if isinstance(rate, bool) or not _is_number(rate):
            raise InvalidArgumentError.of(
                f"keras.optimizers.{type(self).__name__}",
                expected="Argument `learning_rate` should be float, or an instance "
                "of LearningRateSchedule, or a callable without arguments",
                received=f"learning_rate={rate!r}",
                hint="For example learning_rate=0.001.",
            )
        return KerasVariable(
            np.asarray(rate, dtype=floatx()),
            dtype=floatx(),
            trainable=False,
            aggregation="only_first_replica",
            name="learning_rate",
        )

    @property
    def learning_rate(self) -> Any:
        """The current rate: a Variable, or the schedule's value at this step."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        old = self._learning_rate
        if callable(rate) and not isinstance(rate, (Tensor, Variable)):
            self._learning_rate = rate
            if isinstance(old, Variable):
                self._variables = [v for v in self._variables if v is not old]
            self._programs.clear()
        elif isinstance(old, Variable):
            old.assign(_rate_value(rate))
        elif isinstance(old, LearningRateSchedule):
            raise TypeError(
                f"keras.optimizers.{type(self).__name__}.learning_rate: This "
                "optimizer was created with a `LearningRateSchedule` object as its "
                "`learning_rate`, hence its learning rate is not settable. Received: "
                f"{rate!r}. Create the optimizer with a float, or assign another "
                "schedule."
            )
        else:
            self._learning_rate = self._as_rate(rate)
            self._programs.clear()

    @property
    def lr(self) -> Any:
        """Keras 2's name of `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, rate: Any) -> None:
        self.learning_rate = rate

    def _get_current_learning_rate(self) -> Any:
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @property
    def iterations(self) -> Any:
        """Number of updates made, an int64 scalar.

        With gradient accumulation, calls divided by the accumulation steps.
        """
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables, in the order in which files hold them."""
        return list(self._variables)

    @property
    def weights(self) -> list[Variable]:
        """Keras 2's name of `variables`."""
        return self.variables

    def slots(self, variable: Variable) -> list[dict[str, Slot]]:
        """Groups of slots that `variable` needs: `{name: Slot(...)}`.

        The order of the groups and names is the order in files: first the first
        group of every variable, then the second of every variable.
        """
        return []

    def build(self, variables: Sequence[Variable]) -> None:
        """Creates the optimizer's variables for these model variables."""
        self._check_super_called()
        if self.built:
            return
        variables = list(variables)
        self._trainable_variables = variables
        self._indices = {id(v): i for i, v in enumerate(variables)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = [
                self.add_variable_from_reference(v, "gradient_accumulator")
                for v in variables
            ]
        self._slots = [{} for _ in variables]
        groups = [[] if overwrites(v) else self.slots(v) for v in variables]
        for level in range(max(map(len, groups), default=0)):
            for variable, mine, made in zip(
                variables, groups, self._slots, strict=True
            ):
                for name, slot in mine[level].items() if level < len(mine) else ():
                    made[name] = self._add_slot(variable, name, slot)
        self.built = True

    def _add_slot(self, variable: Variable, name: str, slot: Slot) -> Variable:
        return self.add_variable(
            variable.shape if slot.shape is None else slot.shape,
            initializer=Constant(slot.initial),
            dtype=slot.dtype or variable.dtype,
            name=f"{_reference_name(variable)}_{name}",
        )

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Adds one variable to the optimizer's state.

        Args:
            shape: Its shape, fully known.
            initializer: An initializer or its name.
            dtype: Its dtype, by default Keras's `floatx`.
            aggregation: How replicas' values join: "none", "mean", "sum" or
                "only_first_replica".
            layout: Placement over a device mesh, None for the default.
            name: Its name.

        Returns:
            The new Variable.
        """
        self._check_super_called()
        with name_scope(self.name, caller=self):
            variable = KerasVariable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype or floatx(),
                trainable=False,
                aggregation=aggregation,
                name=name,
            )
        if layout is not None:
            variable._layout = layout  # type: ignore[attr-defined]
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self,
        reference_variable: Variable,
        name: str | None = None,
        initializer: Any = "zeros",
    ) -> Variable:
        """Adds a variable with the shape and dtype of a model variable."""
        return self.add_variable(
            reference_variable.shape,
            initializer=initializer,
            dtype=reference_variable.dtype,
            layout=getattr(reference_variable, "_layout", None),
            name=f"{_reference_name(reference_variable)}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self,
        trainable_variables: Sequence[Variable],
        name: str | Sequence[str],
        initializer: Any = "zeros",
    ) -> Any:
        """Adds one variable (or one per name) beside each model variable.

        Returns:
            A list aligned with `trainable_variables`; for several names, a tuple
            of lists. A variable that is overwritten by its gradient gets None.

        Raises:
            InvalidArgumentError: Names and initializers differ in number.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = initializer if isinstance(initializer, (list, tuple)) else None
        starts = [initializer] * len(names) if starts is None else list(starts)
        if len(starts) != len(names):
            raise InvalidArgumentError.of(
                "keras.optimizers.Optimizer.add_optimizer_variables",
                expected="The number of provided names must match the number of "
                "provided initializers",
                received=f"name={name!r}, initializer={initializer!r}",
                hint="Give one initializer for all, or one per name.",
            )
        made: tuple[list[Variable | None], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for column, slot, start in zip(made, names, starts, strict=True):
                column.append(
                    None
                    if overwrites(variable)
                    else self.add_variable_from_reference(variable, slot, start)
                )
        return made[0] if isinstance(name, str) else made

    def _get_variable_index(self, variable: Variable) -> int:
        return self._indices[id(variable)]

    def _var_key(self, variable: Variable) -> int:
        return id(variable)

    @property
    def _accumulated_gradients(self) -> list[Variable]:
        return self._accumulated

    @property
    def _model_variables_moving_average(self) -> list[Variable | None]:
        return self._averages

    def _check_super_called(self) -> None:
        if "_variables" not in self.__dict__:
            raise FailedPreconditionError.of(
                f"keras.optimizers.{type(self).__name__}",
                expected="a constructor that calls its base class",
                received="you forgot to call `super().__init__()`",
                hint="Make `super().__init__(learning_rate)` the first statement "
                "of `__init__`.",
            )

    def assign(self, variable: Variable, value: Any) -> None:
        """Assigns a value to a variable; for use in `update_step`."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Adds a value to a variable; for use in `update_step`."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtracts a value from a variable; for use in `update_step`."""
        variable.assign_sub(value)

    def get_weights(self) -> list[np.ndarray]:
        """The values of `variables` as NumPy arrays (Keras 2)."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of `variables`, in their order.

        Raises:
            InvalidArgumentError: Not built, or a shape that differs.
        """
        name = f"keras.optimizers.{type(self).__name__}.set_weights"
        if not self.built:
            raise InvalidArgumentError.of(
                name,
                expected="a built optimizer",
                received="You are calling `set_weights()` on an optimizer that has "
                "not yet been built",
                hint="Call `optimizer.build(trainable_variables)` first.",
            )
        for variable, value in zip(self.variables, weights, strict=False):
            if tuple(variable.shape) != tuple(np.shape(value)):
                raise InvalidArgumentError.of(
                    name,
                    expected=f"shape {tuple(variable.shape)} for {variable.name}",
                    received=f"shape {tuple(np.shape(value))}, not compatible with "
                    "provided weight shape",
                    hint="Pass what `get_weights()` gave for the same model.",
                )
        for variable, value in zip(self.variables, weights, strict=False):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Writes the variables into `store` under "0", "1", …"""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Reads the variables from `store`; a different number only warns."""
        if len(store.keys()) != len(self.variables):
            warnings.warn(
                f"Skipping variable loading for optimizer '{self.name}', because it "
                f"has {len(self.variables)} variables whereas the saved optimizer has "
                f"{len(store.keys())} variables.",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(self.variables):
            variable.assign(np.asarray(store[str(i)]))


_UNTRACKED = {
    "_trainable_variables",
    "_indices",
    "_slots",
    "_averages",
    "_accumulated",
    "_variables",
}


def overwrites(variable: Variable) -> bool:
    """Whether a variable is replaced by its gradient (scales of float8)."""
    return bool(getattr(variable, "overwrite_with_gradient", False))


def _reference_name(variable: Variable) -> str:
    name = getattr(variable, "path", None) or str(variable.name).replace(":", "_")
    return name.replace("/", "_")


def _is_number(value: Any) -> bool:
    if isinstance(value, (int, float, np.number, Tensor, Variable)):
        return True
    return isinstance(value, np.ndarray) and value.ndim == 0


def _rate_value(rate: Any) -> Any:
    return rate.read_value() if isinstance(rate, Variable) else rate
