"""All steps of an LSTM or a GRU in one native kernel.

It takes the plain case: tanh and the logistic function, no mask, float32. The formula
in XLA's operations, which the caller brings, gives the second derivatives.

Shapes: B rows, T steps, D features, U units; P and H columns of the kernels, `4 * U`
or, for a GRU, `3 * U`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lamina.engine.op import Array
from lamina.kernels.choices import chosen

States = tuple[Array, ...]
Formula = Callable[..., tuple[States, Array | None]]

_LANES = 16  # the kernel's loops over units have no remainder
_LEAST_STEPS = 4  # weights are put in order in each call


def fits(x: Array, units: int, functions: tuple[Callable[[Array], Array], ...]) -> bool:
    """Whether the kernel runs a network.

    Args:
        x: the inputs `(B, T, D)`.
        units: the number of units.
        functions: the activation, and that of the gates.
    """
    return (
        x.size > 0
        and x.shape[1] >= _LEAST_STEPS
        and units % _LANES == 0
        and chosen("recurrence", x.shape[0] * x.shape[1] * units, x.dtype.name)
        and tuple(map(_primitive, functions)) == ("tanh", "logistic")
    )


@functools.lru_cache(maxsize=1024)
def _primitive(function: Callable[[Array], Array]) -> str | None:
    """The name of the one primitive that a function consists of, if it does."""
    jaxpr = jax.make_jaxpr(function)(jax.ShapeDtypeStruct((2,), jnp.float32)).jaxpr
    while len(jaxpr.eqns) == 1:
        inner = jaxpr.eqns[0].params.get("jaxpr")
        if inner is None:
            return str(jaxpr.eqns[0].primitive.name)
        jaxpr = getattr(inner, "jaxpr", inner)
    return None


def run(
    formula: Formula,
    x: Array,
    kernel: Array,
    recurrent: Array,
    bias: Array,
    states: States,
    history: bool,
) -> tuple[States, Array | None]:
    """Runs an LSTM (two states) or a GRU (one).

    Args:
        formula: the same in XLA's operations: takes the next four arguments and the
            states one by one, and returns all outputs.
        x: the inputs `(B, T, D)`.
        kernel: `(D, P)`.
        recurrent: `(U, H)`.
        bias: `(4 * U,)`; the last quarter of a GRU's belongs to the state's part of
            the candidate.
        states: the first states `(B, U)`.
        history: whether the outputs of all steps are wanted.

    Returns:
        The last states, and the outputs `(B, T, U)` (None without `history`).
    """
    return _network((formula, history), x, kernel, recurrent, bias, *states)


_Static = tuple[Formula, bool]  # the formula, and whether all outputs are wanted


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _network(static: _Static, *args: Array) -> tuple[States, Array | None]:
    final, (outputs, *_) = _forward(args, static[1], False)
    return final, outputs if static[1] else None


def _network_forward(static: _Static, *args: Array) -> Any:
    final, seen = _kept(static, *args)
    return (final, seen[0] if static[1] else None), (args, seen)


def _network_backward(static: _Static, saved: Any, cotangents: Any) -> Any:
    return _gradient(static, *saved, cotangents)


_network.defvjp(_network_forward, _network_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _kept(static: _Static, *args: Array) -> tuple[States, tuple[Array, ...]]:
    """The last states, and what the way back needs: outputs, gates and memory."""
    return _forward(args, True, True)


def _kept_forward(static: _Static, *args: Array) -> Any:
    final, seen = _kept(static, *args)
    return (final, seen), (args, seen)


def _kept_backward(static: _Static, saved: Any, cotangents: Any) -> Any:
    # Nothing flows through gates and memory: `_gradient` says so.
    d_final, (d_outputs, *_) = cotangents
    return _gradient(static, *saved, (d_final, d_outputs))


_kept.defvjp(_kept_forward, _kept_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _gradient(static: _Static, args: Any, seen: Any, cotangents: Any) -> Any:
    """The gradients by the arguments; what was seen counts as a function of them."""
    return _backward(args, seen, cotangents)


def _gradient_forward(static: _Static, *saved: Any) -> Any:
    return _gradient(static, *saved), saved


def _gradient_backward(static: _Static, saved: Any, by: Any) -> Any:
    args, seen, cotangents = saved

    def formula(*args: Array) -> Any:
        final, outputs = static[0](*args)
        return final, None if cotangents[1] is None else outputs

    def gradient(args: Any, cotangents: Any) -> Any:
        return jax.vjp(formula, *args)[1](cotangents)

    by_args, by_cotangents = jax.vjp(gradient, args, cotangents)[1](by)
    return by_args, jax.tree.map(jnp.zeros_like, seen), by_cotangents


_gradient.defvjp(_gradient_forward, _gradient_backward)


def _call(name: str, out: Any, args: Any, states: States) -> Any:
    call = jax.ffi.ffi_call(name, out, vmap_method="sequential")
    return call(*args, update=len(states) == 1)


def _none() -> Array:
    """What stands where a GRU has no second state."""
    return jnp.zeros((0,), jnp.float32)


def _like(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def _forward(args: tuple[Array, ...], history: bool, saving: bool) -> Any:
    """The last states, and `(outputs, gates, memory)` as far as they are wanted."""
    x, _, _, _, *states = args
    series, units = x.shape[:2], states[0].shape[-1]
    absent, state = _like(0), _like(*states[0].shape)
    memory = len(states) > 1
    out = (
        _like(*series, units) if history else absent,
        _like(*series, 4 * units) if saving else absent,
        _like(*series, units) if saving and memory else absent,
        state,
        state if memory else absent,
    )
    args = (*args, *(() if memory else (_none(),)))
    *seen, last_h, last_c = _call("lamina_recurrence", out, args, tuple(states))
    return (last_h, last_c)[: len(states)], tuple(seen)


def _backward(args: Any, seen: Any, cotangents: Any) -> Any:
    x, kernel, recurrent, bias, *states = args
    d_final, d_outputs = cotangents
    rest = () if len(states) > 1 else (_none(),)
    d_outputs = _none() if d_outputs is None else d_outputs
    sized = (seen[1], kernel, recurrent, bias, *states, *rest)
    d_gates, *d_weights, d_h, d_c = _call(
        "lamina_recurrence_gradient",
        tuple(_like(*array.shape) for array in sized),
        (x, recurrent, *states, *rest, *seen, d_outputs, *d_final, *rest),
        tuple(states),
    )
    # Left to XLA, which drops it where nobody asks for it: in a first layer.
    d_x = d_gates[..., : kernel.shape[1]] @ kernel.T
    return (d_x, *d_weights, *(d_h, d_c)[: len(states)])
