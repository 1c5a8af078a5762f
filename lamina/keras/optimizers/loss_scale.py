"""Loss scaling that finds its own scale, for training in float16."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from lamina.engine.errors import InvalidArgumentError
from lamina.engine.tensor import convert_to_tensor
from lamina.engine.variable import Variable
from lamina.keras.initializers.constant_initializers import Constant
from lamina.keras.optimizers.base import Optimizer
from lamina.keras.optimizers.gradients import all_finite, array_of, only_if, tensor_of
from lamina.keras.optimizers.options import DEFAULTS
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class LossScaleOptimizer(Optimizer):
    """Multiplies the loss by a scale so that small float16 gradients survive.

    `apply` divides the gradients again. When one of them is not finite the update
    is left out and the scale halved; after `dynamic_growth_steps` good updates in a
    row it is doubled.

    Args:
        inner_optimizer: The optimizer that updates the weights.
        initial_scale: The scale to start from.
        dynamic_growth_steps: Good updates until the scale is doubled.
        name: Name of the optimizer.
        **kwargs: Options of `Optimizer` at their defaults, which old files hold, and
            Keras 2's `dynamic=True`.

    Raises:
        InvalidArgumentError: Options that belong to the inner optimizer.

    Example:
        >>> w = tf.Variable(1.0)
        >>> optimizer = tf.keras.optimizers.LossScaleOptimizer(
        ...     tf.keras.optimizers.SGD(0.5), initial_scale=4.0)
        >>> _ = optimizer.apply_gradients([(4.0, w)])
        >>> float(w)
        0.5

    Reference: `keras.optimizers.LossScaleOptimizer`.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        _check_arguments(kwargs)
        if not isinstance(inner_optimizer, Optimizer):
            raise InvalidArgumentError.of(
                "keras.optimizers.LossScaleOptimizer",
                expected="a keras Optimizer as `inner_optimizer`",
                received=repr(inner_optimizer),
                hint="For example LossScaleOptimizer(keras.optimizers.Adam()).",
            )
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Sequence[Variable]) -> None:
        """Creates the scale, its counter, and the inner optimizer's variables."""
        if self.built:
            return
        self.step_counter = self.add_variable(
            (), "zeros", dtype="int64", name="step_counter"
        )
        self.dynamic_scale = self.add_variable(
            (), Constant(self.initial_scale), dtype="float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(list(variables))
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own variables, then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        self.inner_optimizer.learning_rate = rate

    @property
    def iterations(self) -> Any:
        """The inner optimizer's number of updates."""
        return self.inner_optimizer.iterations

    def _is_pure(self) -> bool:
        return type(self) is LossScaleOptimizer and self.inner_optimizer._is_pure()

    def _settings(self) -> tuple[Any, ...]:
        return (*super()._settings(), self.inner_optimizer._settings())

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        arrays = [array_of(g) for g in grads]
        finite = all_finite(arrays)
        scale = array_of(self.dynamic_scale)
        unscaled = [
            tensor_of(
                g if getattr(v, "overwrite_with_gradient", False) else _over(g, scale)
            )
            for g, v in zip(arrays, variables, strict=True)
        ]
        with only_if(finite, [*variables, *self.inner_optimizer.variables]):
            self.inner_optimizer._apply(unscaled, variables)
        count = array_of(self.step_counter)
        grown = count == self.dynamic_growth_steps - 1
        factor = jnp.where(finite, jnp.where(grown, 2.0, 1.0), 0.5)
        self.dynamic_scale.assign(tensor_of(scale * factor.astype(scale.dtype)))
        self.step_counter.assign(tensor_of(jnp.where(finite & ~grown, count + 1, 0)))

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the current scale."""
        loss = convert_to_tensor(loss)
        scale = array_of(self.dynamic_scale) if self.built else self.initial_scale
        return loss * tensor_of(jnp.asarray(scale).astype(loss.dtype.np_dtype))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Lets the inner optimizer set its final values."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> LossScaleOptimizer:
        """An optimizer from what `get_config` gave."""
        config = dict(config)
        inner = deserialize_keras_object(
            config.pop("inner_optimizer"), custom_objects=custom_objects
        )
        return cls(inner, **config)


def _over(gradient: Any, scale: Any) -> Any:
    return gradient / scale.astype(gradient.dtype)


def _check_arguments(arguments: dict[str, Any]) -> None:
    """Raises for options that belong to the inner optimizer."""
    title = "keras.optimizers.LossScaleOptimizer"
    if not arguments.pop("dynamic", True):
        raise InvalidArgumentError.of(
            title,
            expected="a scale that changes: LossScaleOptimizer no longer supports "
            "`dynamic=False`",
            received="dynamic=False",
            hint="Instead, simply set `loss_scale_factor` directly on the "
            "`inner_optimizer`.",
        )
    unknown = [name for name in arguments if name not in DEFAULTS]
    if unknown:
        listed = ", ".join(f"`{name}`" for name in unknown)
        raise InvalidArgumentError.of(
            title,
            expected="`initial_scale`, `dynamic_growth_steps` and `name`",
            received=f"LossScaleOptimizer does not support arguments: {listed}",
            hint="Check the spelling.",
        )
    for name, value in arguments.items():
        if value != DEFAULTS[name]:
            raise InvalidArgumentError.of(
                title,
                expected="options of its own",
                received=f"LossScaleOptimizer does not support `{name}`",
                hint=f"Instead, set `{name}` on the `inner_optimizer`.",
            )
