"""The optimizer's shared half: state, learning rate, and all that surrounds a rule.

An optimizer class declares its slots and one pure update of arrays. Clipping,
weight decay, moving averages, accumulation, loss scaling and constraints are
applied here, around any rule. An eager `apply_gradients` runs one compiled
program for all variables; inside a trace the update is inlined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.errors import (
    InvalidArgumentError,
    UnimplementedError,
)
from lamina.engine.function import function
from lamina.engine.tape import GradientTape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import is_tracing
from lamina.engine.variable import Variable
from lamina.keras.common.naming import auto_name, name_scope
from lamina.keras.optimizers.gradients import (
    array_of,
    only_if,
    tensor_of,
    without_missing,
)
from lamina.keras.optimizers.options import (
    OPTION_NAMES,
    check_options,
    full_signature,
)
from lamina.keras.optimizers.schedules.decay import InverseTimeDecay
from lamina.keras.optimizers.state import Slot as Slot
from lamina.keras.optimizers.state import overwrites
from lamina.keras.optimizers.surroundings import Surroundings
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.keras.variable import Variable as KerasVariable


class Step(NamedTuple):
    """What a rule may know of the moment: both cast to the variable's dtype."""

    learning_rate: jax.Array
    count: jax.Array  # type: ignore[assignment]


class Optimizer(Surroundings):
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
        step = self._step(learning_rate, value.dtype)
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

    def _step(self, learning_rate: Any, dtype: Any) -> Step:
        count = array_of(self.iterations) + 1
        return Step(array_of(learning_rate).astype(dtype), count.astype(dtype))

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

    def _settings(self) -> tuple[Any, ...]:
        """The settings that a compiled update was made for."""
        return tuple(
            (key, value)
            for key, value in self.__dict__.items()
            if value.__class__ in _SETTING_TYPES
        )

    def _program(self, variables: Sequence[Variable]) -> Callable[..., Any]:
        """The compiled update for these variables and these settings."""
        key = (tuple(map(id, variables)), self._settings())
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
                [s / (self.gradient_accumulation_steps or 1) for s in sums], variables
            )
        for total, added in zip(totals, sums, strict=True):
            total.assign(tensor_of(jnp.where(ready, jnp.zeros_like(added), added)))

    def _overwrite(
        self, grads: list[Any], variables: list[Variable], ready: jax.Array | None
    ) -> tuple[list[Any], list[Variable]]:
        """Replaces marked variables by their gradients (scales of float8)."""
        if not any(map(overwrites, variables)):
            return grads, variables
        rest = []
        for gradient, variable in zip(grads, variables, strict=True):
            if not overwrites(variable):
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


_SETTING_TYPES = (bool, int, float, str, type(None))
_OLD_CONFIG_KEYS = {"is_legacy_optimizer", "jit_compile"}


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
