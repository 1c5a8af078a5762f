"""The optimizer's shared half: state, learning rate, and all that surrounds a rule.

An optimizer class declares its slots and one pure update of arrays. Clipping,
weight decay, moving averages, accumulation, loss scaling and constraints are
applied here, around any rule. An eager `apply_gradients` runs one compiled
program for all variables; inside a trace the update is inlined.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from lamina.engine.function import function
from lamina.engine.tape import GradientTape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import init_scope, is_tracing
from lamina.engine.variable import Variable
from lamina.keras.common.naming import auto_name, name_scope
from lamina.keras.config import floatx
from lamina.keras.initializers import lookup as initializers
from lamina.keras.initializers.constant_initializers import Constant
from lamina.keras.optimizers.gradients import (
    array_of,
    clip_by_global_norm,
    clip_by_norm,
    only_if,
    tensor_of,
    without_missing,
)
from lamina.keras.optimizers.options import (
    OPTION_NAMES,
    check_options,
    full_signature,
)
from lamina.keras.optimizers.schedules.base import LearningRateSchedule
from lamina.keras.optimizers.schedules.decay import InverseTimeDecay
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.keras.variable import Variable as KerasVariable


class Slot(NamedTuple):
    """One optimizer variable that stands beside a model variable.

    `initial` is the number it starts from; shape and dtype default to the
    variable's.
    """

    initial: float = 0.0
    shape: tuple[int, ...] | None = None
    dtype: str | None = None


class Step(NamedTuple):
    """What a rule may know of the moment: both cast to the variable's dtype."""

    learning_rate: jax.Array
    count: jax.Array


class Optimizer:
    """Base class of the optimizers.

    A rule of your own overrides either `pure_update` (with `slots`), or, as in
    Keras, `build` and `update_step`.

    Args:
        learning_rate: A number, a `LearningRateSchedule`, or a callable without
            arguments that returns the rate.
        weight_decay: Fraction of each weight taken off per step and unit of
            learning rate, before the update.
        clipnorm: Largest norm of each gradient.
        clipvalue: Largest absolute value of a gradient's elements.
        global_clipnorm: Largest joint norm of all gradients.
        use_ema: Whether to keep an exponential moving average of the weights.
        ema_momentum: Share of the old average kept at each step, in [0, 1].
        ema_overwrite_frequency: The weights are replaced by their averages
            every so many steps; None leaves that to `finalize_variable_values`.
        loss_scale_factor: `scale_loss` multiplies by it, `apply` divides.
        gradient_accumulation_steps: Update once in so many calls, with the mean
            of the gradients since the last update.
        name: Name of the optimizer, the prefix of its variables.
        **kwargs: The Keras 2 spellings `lr` and `decay` (an inverse time decay
            of the rate); `jit_compile` is accepted, every update is compiled.

    Raises:
        InvalidArgumentError: Options that contradict each other.

    Example:
        >>> w = tf.Variable([1.0, 2.0])
        >>> optimizer = tf.keras.optimizers.SGD(0.5)
        >>> _ = optimizer.apply_gradients([(tf.constant([1.0, 1.0]), w)])
        >>> w.numpy().tolist()
        [0.5, 1.5]

    Reference: Keras 3's `keras.Optimizer`. Differences: `minimize`, `lr=`,
    `decay=` and `get_weights` of Keras 2 are kept.
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        learning_rate = _old_spellings(type(self).__name__, learning_rate, kwargs)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        check_options(
            type(self).__name__, {key: getattr(self, key) for key in OPTION_NAMES}
        )
        self.name = name or auto_name(type(self).__name__)
        self.built = False
        self._trainable_variables: list[Variable] = []
        self._indices: dict[int, int] = {}
        self._slots: list[dict[str, Variable]] = []
        self._averages: list[Variable | None] = []
        self._accumulated: list[Variable] = []
        self._decay_excluded: set[int] = set()
        self._decay_excluded_names: re.Pattern[str] | None = None
        self._programs: dict[Any, Callable[..., Any]] = {}
        self._variables: list[Variable] = []
        with name_scope(self.name, caller=self):
            self._iterations = KerasVariable(
                np.int64(0),
                dtype="int64",
                trainable=False,
                aggregation="only_first_replica",
                name="iteration",
            )
            self._learning_rate = self._as_rate(learning_rate)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        init = cls.__dict__.get("__init__")
        if init is not None:
            cls.__signature__ = full_signature(init)  # type: ignore[attr-defined]

    def __setattr__(self, name: str, value: Any) -> None:
        known = self.__dict__.get("_variables")
        if known is not None and name not in _UNTRACKED:
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(item, Variable) and not any(item is v for v in known):
                    known.append(item)
        object.__setattr__(self, name, value)

    # -- learning rate ---------------------------------------------------------

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

    # -- state -----------------------------------------------------------------

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
        groups = [[] if _overwrites(v) else self.slots(v) for v in variables]
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
        dtype = dtype or floatx()
        with init_scope():
            value = initializers.get(initializer)(tuple(shape), dtype=dtype)
        variable = Variable(
            value, trainable=False, name=name, dtype=dtype, aggregation=aggregation
        )
        if layout is not None:
            variable._layout = layout
        variable.path = f"{self.name}/{name or 'variable'}"
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
                    if _overwrites(variable)
                    else self.add_variable_from_reference(variable, slot, start)
                )
        return made[0] if isinstance(name, str) else made

    def _get_variable_index(self, variable: Variable) -> int:
        return self._indices[id(variable)]

    def _var_key(self, variable: Variable) -> int:
        return id(variable)

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

    # -- the update ------------------------------------------------------------

    def pure_update(
        self,
        value: jax.Array,
        gradient: jax.Array,
        slots: dict[str, jax.Array],
        step: Step,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The rule: new value and new slots of one variable, on arrays.

        Args:
            value: The variable's value.
            gradient: Its gradient, in the same shape and dtype.
            slots: The variable's slots by name.
            step: The learning rate and the number of this update, from one.

        Returns:
            The new value and the slots that changed.
        """
        raise UnimplementedError.of(
            f"keras.optimizers.{type(self).__name__}",
            expected="a method `update_step(gradient, variable, learning_rate)` or "
            "`pure_update(value, gradient, slots, step)`",
            received="a class with neither",
            hint="Override one of them in your optimizer.",
        )

    def update_step(
        self, gradient: Any, variable: Variable, learning_rate: Any
    ) -> None:
        """Updates one variable, and its slots, by its gradient."""
        value = array_of(variable)
        step = Step(
            array_of(learning_rate).astype(value.dtype),
            (array_of(self.iterations) + 1).astype(value.dtype),
        )
        slots = self._slots[self._get_variable_index(variable)]
        new_value, new_slots = self.pure_update(
            value,
            array_of(gradient).astype(value.dtype),
            {name: array_of(slot) for name, slot in slots.items()},
            step,
        )
        variable.assign(tensor_of(new_value.astype(value.dtype)))
        for name, array in new_slots.items():
            slots[name].assign(tensor_of(array.astype(slots[name].dtype.np_dtype)))

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Any, Variable]],
        name: str | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Applies gradients to variables.

        Args:
            grads_and_vars: Pairs of gradient and variable. Pairs without a
                gradient are skipped with a warning.
            name: Accepted for Keras 2.
            **kwargs: Keras 2's `skip_gradients_aggregation` and
                `experimental_aggregate_gradients`: gradients are summed over
                replicas by the strategy that made them, so nothing depends on
                these here.

        Returns:
            The counter of calls, as a Variable.

        Raises:
            InvalidArgumentError: No gradient at all, or an unknown variable.
        """
        unknown = set(kwargs) - {
            "skip_gradients_aggregation",
            "experimental_aggregate_gradients",
        }
        if unknown:
            raise TypeError(
                f"{type(self).__name__}.apply_gradients() got unexpected keyword "
                f"arguments {sorted(unknown)}; it takes `grads_and_vars` and `name`."
            )
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def minimize(
        self,
        loss: Any,
        var_list: Any,
        grad_loss: Any = None,
        name: str | None = None,
        tape: GradientTape | None = None,
    ) -> Variable:
        """Computes the gradients of `loss` and applies them (Keras 2).

        Args:
            loss: A callable without arguments, or a tensor recorded on `tape`.
            var_list: The variables, or a callable that returns them.
            grad_loss: Gradient with respect to the loss, one by default.
            name: Accepted for Keras 2.
            tape: The tape, if `loss` is a tensor.

        Returns:
            The counter of calls, as a Variable.
        """
        if not callable(loss) and tape is None:
            raise InvalidArgumentError.of(
                f"keras.optimizers.{type(self).__name__}.minimize",
                expected="`tape` is required when a `Tensor` loss is passed",
                received=f"loss={type(loss).__name__}, tape=None",
                hint="Pass a function that computes the loss, or the GradientTape "
                "that recorded it.",
            )
        if callable(loss):
            with GradientTape() as tape:
                value = loss()
        else:
            value = loss
        variables = list(var_list() if callable(var_list) else var_list)
        gradients = tape.gradient(value, variables, grad_loss)  # type: ignore[union-attr]
        return self.apply_gradients(zip(gradients, variables, strict=True))

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
    ) -> None:
        """Applies gradients, one per variable, in the order of the variables.

        Args:
            grads: The gradients; None where there is none.
            trainable_variables: Their variables; by default those that the
                optimizer was built with. The first call builds the optimizer.

        Raises:
            InvalidArgumentError: Unknown variables, or numbers that differ.
        """
        self._check_super_called()
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_for(grads, trainable_variables)
        grads, variables = without_missing(self.name, grads, variables)
        if is_tracing() or not self._is_pure():
            self._apply(grads, variables)
            return
        tensors = [convert_to_tensor(g) for g in grads]
        self._program(variables)(*tensors)

    def _variables_for(
        self, grads: Sequence[Any], given: Sequence[Variable] | None
    ) -> list[Variable]:
        name = f"keras.optimizers.{type(self).__name__}.apply"
        if given is None:
            if not self.built:
                raise InvalidArgumentError.of(
                    name,
                    expected="variables, or an optimizer that is built on them: When "
                    "passing `grads` without `variables`, the optimizer must "
                    "already be built on a list of variables",
                    received=f"{len(grads)} gradients and no variables",
                    hint="Call `optimizer.build(trainable_variables)` first.",
                )
            given = self._trainable_variables
            if len(grads) != len(given):
                raise InvalidArgumentError.of(
                    name,
                    expected="When passing `grads` as a list of gradient tensors, "
                    f"one gradient for each of the {len(given)} variables",
                    received=f"{len(grads)} gradients",
                    hint="Pass None for a variable without gradient.",
                )
        variables = list(given)
        if not self.built:
            self.build(variables)
            self.built = True
        for variable in variables:
            if id(variable) not in self._indices:
                raise InvalidArgumentError.of(
                    name,
                    expected="the variables that the optimizer was built with",
                    received=f"Unknown variable: {variable!r}",
                    hint="This optimizer can only be called for the variables it was "
                    "originally built with. Create a new optimizer for a new set of "
                    "variables.",
                )
        return variables

    def _is_pure(self) -> bool:
        """Whether an eager call may run as one compiled program."""
        own = type(self)
        return (
            own.update_step is Optimizer.update_step
            and own.build is Optimizer.build
            and not callable(self._learning_rate)
        ) or (own.__module__.startswith("lamina.") and self._rate_is_pure())

    def _rate_is_pure(self) -> bool:
        rate = self._learning_rate
        return isinstance(rate, Variable) or type(rate).__module__.startswith("lamina.")

    def _program(self, variables: Sequence[Variable]) -> Callable[..., Any]:
        """The compiled update for these variables and these settings."""
        settings = tuple(
            (key, value)
            for key, value in self.__dict__.items()
            if value.__class__ in _SETTING_TYPES
        )
        key = (tuple(map(id, variables)), settings)
        program = self._programs.get(key)
        if program is None:
            listed = list(variables)

            def optimizer_update(*gradients: Tensor) -> None:
                self._apply(list(gradients), listed)

            program = function(optimizer_update, autograph=False)
            self._programs[key] = program
        return program

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        """Everything that one call does, on tensors or inside a trace."""
        steps = self.gradient_accumulation_steps
        ready = None
        if steps:
            ready = (array_of(self._iterations) + 1) % steps == 0
        grads, variables = self._overwrite(grads, variables, ready)
        if grads:
            arrays = [array_of(g) for g in grads]
            if self.loss_scale_factor is not None:
                arrays = [g / self.loss_scale_factor for g in arrays]
            if ready is None:
                self._update(arrays, variables)
            else:
                self._accumulate(arrays, variables, ready)
            if self.use_ema:
                self._update_averages()
            for variable in variables:
                constraint = getattr(variable, "constraint", None)
                if constraint is not None:
                    variable.assign(constraint(variable.read_value()))
        self._iterations.assign_add(1)

    def _update(self, grads: list[jax.Array], variables: list[Variable]) -> None:
        grads = self._clip_gradients(grads)
        self._apply_weight_decay(variables)
        self._backend_update_step(
            [tensor_of(g) for g in grads], variables, self.learning_rate
        )

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable], rate: Any
    ) -> None:
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, variable, rate)

    def _accumulate(
        self, grads: list[jax.Array], variables: list[Variable], ready: jax.Array
    ) -> None:
        """Adds the gradients up; updates with their mean when `ready`."""
        totals = [self._accumulated[self._get_variable_index(v)] for v in variables]
        sums = [
            array_of(total) + g.astype(total.dtype.np_dtype)
            for total, g in zip(totals, grads, strict=True)
        ]
        own = [v for v in self._variables if not any(v is t for t in totals)]
        with only_if(ready, [*variables, *own]):
            self._update(
                [s / self.gradient_accumulation_steps for s in sums], variables
            )
        for total, added in zip(totals, sums, strict=True):
            total.assign(tensor_of(jnp.where(ready, jnp.zeros_like(added), added)))

    def _overwrite(
        self, grads: list[Any], variables: list[Variable], ready: jax.Array | None
    ) -> tuple[list[Any], list[Variable]]:
        """Replaces marked variables by their gradients (scales of float8)."""
        if not any(map(_overwrites, variables)):
            return grads, variables
        rest = []
        for gradient, variable in zip(grads, variables, strict=True):
            if not _overwrites(variable):
                rest.append((gradient, variable))
            elif ready is None:
                variable.assign(gradient)
            else:
                total = self._accumulated[self._get_variable_index(variable)]
                most = jnp.maximum(array_of(gradient), array_of(total))
                old = array_of(variable)
                variable.assign(tensor_of(jnp.where(ready, most, old)))
                total.assign(tensor_of(jnp.where(ready, jnp.zeros_like(most), most)))
        return [g for g, _ in rest], [v for _, v in rest]

    def _clip_gradients(self, grads: Sequence[Any]) -> list[Any]:
        """Clips gradients as the options say; None stays None."""
        present = [array_of(g) for g in grads if g is not None]
        if self.clipnorm and self.clipnorm > 0:
            clipped = [clip_by_norm(g, self.clipnorm) for g in present]
        elif self.global_clipnorm and self.global_clipnorm > 0:
            clipped = clip_by_global_norm(present, self.global_clipnorm)
        elif self.clipvalue and self.clipvalue > 0:
            clipped = [jnp.clip(g, -self.clipvalue, self.clipvalue) for g in present]
        else:
            return list(grads)
        done = iter(clipped)
        return [None if g is None else next(done) for g in grads]

    # -- weight decay ----------------------------------------------------------

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Keeps variables from weight decay; call it before `build`.

        Args:
            var_list: The variables.
            var_names: Patterns; a variable whose name holds one is excluded.

        Raises:
            InvalidArgumentError: The optimizer is built already.
        """
        if self.built:
            raise InvalidArgumentError.of(
                f"keras.optimizers.{type(self).__name__}.exclude_from_weight_decay",
                expected="`exclude_from_weight_decay()` can only be configured before "
                "the optimizer is built",
                received="a built optimizer",
                hint="Call it right after the constructor.",
            )
        self._decay_excluded = {id(v) for v in var_list or ()}
        names = list(var_names or ())
        self._decay_excluded_names = re.compile("|".join(names)) if names else None

    def _use_weight_decay(self, variable: Variable) -> bool:
        pattern = self._decay_excluded_names
        return id(variable) not in self._decay_excluded and not (
            pattern is not None and pattern.search(variable.name)
        )

    def _decay_of(self, variable: Variable) -> float | None:
        """The decay of one variable."""
        return self.weight_decay if self._use_weight_decay(variable) else None

    def _apply_weight_decay(self, variables: Sequence[Variable]) -> None:
        rate = None
        for variable in variables:
            decay = self._decay_of(variable)
            if decay is None:
                continue
            rate = array_of(self.learning_rate) if rate is None else rate
            value = array_of(variable)
            taken = value * decay * rate.astype(value.dtype)
            variable.assign(tensor_of(value - taken))

    # -- moving averages -------------------------------------------------------

    def _update_averages(self) -> None:
        """Moves the averages, and writes them back when their turn has come."""
        done = array_of(self.iterations)
        momentum = jnp.where(done != 0, self.ema_momentum, 0.0)
        every = self.ema_overwrite_frequency
        for variable, average in zip(
            self._trainable_variables, self._averages, strict=True
        ):
            if average is None:
                continue
            value = array_of(variable)
            share = momentum.astype(value.dtype)
            new = share * array_of(average) + (1 - share) * value
            average.assign(tensor_of(new))
            if every:
                due = (done + 1) % every == 0
                variable.assign(tensor_of(jnp.where(due, new, value)))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Replaces the weights by their moving averages, if there are any.

        Args:
            var_list: The model's trainable variables.

        Raises:
            InvalidArgumentError: The optimizer was built on another number of
                variables.
        """
        if not self.use_ema:
            return
        if len(var_list) != len(self._averages):
            raise InvalidArgumentError.of(
                f"keras.optimizers.{type(self).__name__}.finalize_variable_values",
                expected=f"the {len(self._averages)} variables that have averages",
                received=f"The length of model variables ({len(var_list)})",
                hint="Pass the variables of the model that this optimizer trained.",
            )
        for variable, average in zip(var_list, self._averages, strict=True):
            if average is not None:
                variable.assign(average.read_value())

    # -- loss scale, stateless use ---------------------------------------------

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, to call before the gradients."""
        if self.loss_scale_factor is None:
            return loss
        return loss * self.loss_scale_factor

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:
        """`apply` as a function of values: nothing is changed in place.

        Args:
            optimizer_variables: Values of `self.variables`.
            grads: Gradients of the trainable variables.
            trainable_variables: Values of the trainable variables.

        Returns:
            New values of the trainable variables, and of the optimizer's.

        Raises:
            InvalidArgumentError: Not built, or numbers that differ.
        """
        self._check_super_called()
        own, weights = self.variables, self._trainable_variables
        name = f"keras.optimizers.{type(self).__name__}.stateless_apply"
        if not self.built:
            raise InvalidArgumentError.of(
                name,
                expected=f"To call `stateless_apply`, {type(self).__name__} must be "
                "built (i.e. its variables must have been created)",
                received="an optimizer that is not built",
                hint="Call `optimizer.build(trainable_variables)` first.",
            )
        for label, values, variables in (
            ("optimizer_variables", optimizer_variables, own),
            ("trainable_variables", trainable_variables, weights),
        ):
            if len(values) != len(variables):
                raise InvalidArgumentError.of(
                    name,
                    expected=f"Argument `{label}` must be a list of tensors "
                    f"corresponding 1:1 to the {len(variables)} variables",
                    received=f"{len(values)} values",
                    hint="Pass the values in the order of the variables.",
                )
        everything = [*weights, *own]
        saved = [v.read_value() for v in everything]
        try:
            for variable, value in zip(
                everything, [*trainable_variables, *optimizer_variables], strict=True
            ):
                variable.assign(value)
            self.apply(grads)
            new = [v.read_value() for v in everything]
        finally:
            for variable, value in zip(everything, saved, strict=True):
                variable.assign(value)
        return new[: len(weights)], new[len(weights) :]

    # -- values and configuration ----------------------------------------------

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

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as values that JSON can hold."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.numpy())
        else:
            rate = serialize_keras_object(rate)
        config = {"name": self.name, "learning_rate": rate}
        return config | {key: getattr(self, key) for key in OPTION_NAMES}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Optimizer:
        """An optimizer from what `get_config` gave (also Keras 2's)."""
        config = {k: v for k, v in config.items() if k not in _OLD_CONFIG_KEYS}
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize_keras_object(
                config["learning_rate"], custom_objects=custom_objects
            )
        return cls(**config)


_UNTRACKED = {
    "_trainable_variables",
    "_indices",
    "_slots",
    "_averages",
    "_accumulated",
    "_variables",
}
_SETTING_TYPES = (bool, int, float, str, type(None))
_OLD_CONFIG_KEYS = {"is_legacy_optimizer", "jit_compile"}


def _overwrites(variable: Variable) -> bool:
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


def _old_spellings(name: str, rate: Any, kwargs: dict[str, Any]) -> Any:
    """Applies Keras 2's `lr` and `decay`; complains about anything else."""
    rate = kwargs.pop("lr", rate)
    decay = kwargs.pop("decay", None)
    for key in _OLD_CONFIG_KEYS:
        kwargs.pop(key, None)
    if kwargs:
        raise InvalidArgumentError.of(
            f"keras.optimizers.{name}",
            expected="the options that its documentation lists",
            received=f"Argument(s) not recognized: {kwargs}",
            hint="Check the spelling of the keyword.",
        )
    if decay:
        return InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
    return rate
