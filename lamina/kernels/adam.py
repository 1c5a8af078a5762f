"""Adam's step for many variables in one native kernel.

XLA makes three loops of each variable's step, which read the running means again, and
a model of many small variables spends more time between the loops than in them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from lamina.engine.op import Array
from lamina.kernels.choices import chosen

Arrays = tuple[Array, ...]


class Rule(NamedTuple):
    """The constants of a step; see `lamina.keras.optimizers.adam`."""

    beta_1: float
    beta_2: float
    epsilon: float


def fits(values: Sequence[Array]) -> bool:
    """Whether the kernel updates these variables."""
    return all(v.dtype == jnp.float32 for v in values) and chosen(
        "adam", sum(v.size for v in values), "float32"
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def step(
    rule: Rule,
    scale: Array,
    gradients: Arrays,
    values: Arrays,
    means: Arrays,
    squares: Arrays,
) -> tuple[Arrays, Arrays, Arrays]:
    """The new values, means and means of squares, in place where XLA can.

    Args:
        rule: the constants.
        scale: the learning rate with its correction, a float32 scalar.
        gradients: one for each variable, float32 like all that follow.
        values: the variables.
        means: the running means of the gradients.
        squares: those of their squares.
    """
    count = len(values)
    state = (*values, *means, *squares)
    call = jax.ffi.ffi_call(
        "lamina_adam",
        tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in state),
        vmap_method="sequential",
        input_output_aliases={1 + count + i: i for i in range(len(state))},
    )
    out = call(
        *(scale, *gradients, *state),
        rest_1=np.float32(1 - rule.beta_1),
        rest_2=np.float32(1 - rule.beta_2),
        epsilon=np.float32(rule.epsilon),
    )
    return tuple(out[:count]), tuple(out[count : 2 * count]), tuple(out[2 * count :])


@step.defjvp
def _step_jvp(rule: Rule, primals: Any, tangents: Any) -> Any:
    return jax.jvp(functools.partial(_formula, rule), primals, tangents)


def _formula(rule: Rule, scale: Array, *states: Arrays) -> tuple[Arrays, ...]:
    """The step in XLA's operations."""
    new = [_one(rule, scale, *arrays) for arrays in zip(*states, strict=True)]
    values, means, squares = zip(*new, strict=True)
    return values, means, squares


def _one(rule: Rule, scale: Array, g: Array, w: Array, m: Array, v: Array) -> Arrays:
    m = m + (g - m) * (1 - rule.beta_1)
    v = v + (jnp.square(g) - v) * (1 - rule.beta_2)
    return w - m * scale / (jnp.sqrt(v) + rule.epsilon), m, v
