"""Gradient arithmetic that is independent of the update rule."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.context import state
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.variable import Variable


def array_of(value: Any) -> jax.Array:
    """The raw array of a tensor, variable or number, usable in the current trace."""
    tensor = convert_to_tensor(value)
    trace = state.trace
    return jnp.asarray(tensor._value if trace is None else trace.use(tensor))


def tensor_of(array: jax.Array) -> Tensor:
    """A tensor of an array that was computed in the current trace, or eagerly."""
    tensor = Tensor(array)
    if state.trace is not None:
        state.trace.adopt((tensor,))
    return tensor


def clip_by_norm(gradient: jax.Array, limit: float) -> jax.Array:
    """Scales one gradient so that its Euclidean norm is at most `limit`."""
    squares = jnp.sum(jnp.square(gradient))
    positive = squares > 0
    norm = jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1)), squares)
    return gradient * limit / jnp.maximum(norm, limit)


def clip_by_global_norm(
    gradients: Sequence[jax.Array], limit: float
) -> list[jax.Array]:
    """Scales all gradients so that their joint norm is at most `limit`.

    A NaN or infinity in one gradient makes them all NaN, as in TensorFlow.
    """
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in gradients))
    scale = limit * jnp.minimum(1.0 / norm, 1.0 / limit) + (norm - norm)
    return [g * scale.astype(g.dtype) for g in gradients]


def all_finite(gradients: Sequence[jax.Array]) -> jax.Array:
    """A boolean scalar: no gradient holds a NaN or an infinity."""
    return jnp.stack([jnp.all(jnp.isfinite(g)) for g in gradients]).all()


@contextmanager
def only_if(condition: jax.Array, variables: Sequence[Variable]) -> Iterator[None]:
    """Undoes the assignments made inside the block where `condition` is false.

    The selection fuses with the update that precedes it, and works for any
    update rule without branching.
    """
    before = [array_of(variable) for variable in variables]
    yield
    for variable, old in zip(variables, before, strict=True):
        new = array_of(variable)
        if new is not old:
            variable.assign(tensor_of(jnp.where(condition, new, old)))


def without_missing(
    name: str, gradients: Sequence[Any], variables: Sequence[Variable]
) -> tuple[list[Any], list[Variable]]:
    """Drops the pairs whose gradient is None, with a warning that names them.

    Raises:
        InvalidArgumentError: Every gradient is None.
    """
    pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    if len(pairs) == len(gradients):
        return list(gradients), list(variables)
    missing = [
        getattr(v, "path", v.name)
        for g, v in zip(gradients, variables, strict=True)
        if g is None
    ]
    if not pairs:
        raise InvalidArgumentError.of(
            f"{name}.apply_gradients",
            expected="a gradient for at least one variable",
            received=f"No gradients provided for any variable: {missing}",
            hint="Compute the loss inside the GradientTape, from these variables, "
            "with differentiable operations only.",
        )
    warnings.warn(
        f"Gradients do not exist for variables {missing} when minimizing the loss. "
        "If using `model.compile()`, did you forget to provide a `loss` argument?",
        stacklevel=4,
    )
    return [g for g, _ in pairs], [v for _, v in pairs]
