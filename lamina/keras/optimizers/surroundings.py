"""What surrounds any update rule: clipping, weight decay and moving averages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.variable import Variable
from lamina.keras.optimizers.gradients import (
    array_of,
    clip_by_global_norm,
    clip_by_norm,
    tensor_of,
)
from lamina.keras.optimizers.state import OptimizerState


class Surroundings(OptimizerState):
    """Clipping, weight decay and moving averages, for any rule."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    ema_momentum: float
    ema_overwrite_frequency: int | None
    _decay_excluded: set[int]
    _decay_excluded_names: re.Pattern[str] | None

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
