"""A ``while`` loop that can be differentiated backwards.

XLA's loop has no fixed trip count, so the states of its iterations cannot simply be
kept. The forward pass here keeps a bounded number of them: when the store is full,
every other one is dropped and the distance between kept states doubles. The backward
pass walks the iterations in reverse, computing each state again from the nearest kept
one. Up to ``slots`` iterations cost one extra evaluation of the body each; n of them
cost about n / (2 slots) more.

Reference: Stumm and Walther, "New algorithms for optimal online checkpointing", 2010.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from lamina.autograph.staging.effects import silence, speak

Arrays = list[Any]
Body = Callable[[Arrays, Arrays], Arrays]
Test = Callable[[Arrays, Arrays], Any]

_STORE_BYTES = 64 << 20
_MOST_SLOTS = 256


def while_loop(
    test: Test,
    body: Body,
    state: Sequence[Any],
    consts: Sequence[Any],
    speaks: bool = False,
) -> Arrays:
    """Repeats ``state = body(state, consts)`` while ``test(state, consts)``.

    Args:
        test: gives a bool scalar.
        body: gives the next state, of the same shapes and dtypes.
        state: arrays.
        consts: arrays that the loop reads; everything traced must come through here
            or ``state``.
        speaks: whether the body prints, which the backward pass must not do again.

    Returns:
        The last state. Reverse-mode differentiable in both, to any order.
    """
    state = [jnp.asarray(each) for each in state]
    consts = [jnp.asarray(each) for each in consts]
    slots = _slots(state)

    @jax.custom_vjp
    def run(state: Arrays, consts: Arrays) -> Arrays:
        return lax.while_loop(
            lambda s: test(s, consts), lambda s: body(s, consts), state
        )

    def forward(state: Arrays, consts: Arrays) -> tuple[Arrays, Any]:
        last, *kept = _run_and_keep(test, body, state, consts, slots)
        return last, (*kept, consts)

    def backward(kept: Any, cotangents: Arrays) -> tuple[Arrays, Arrays]:
        count, stride, stores, consts = kept
        if speaks:
            jax.debug.callback(silence, ordered=True)
        found = _walk_back(body, count, stride, stores, consts, cotangents)
        if speaks:
            jax.debug.callback(speak, ordered=True)
        return found

    run.defvjp(forward, backward)
    return run(state, consts)


def _slots(state: Sequence[Any]) -> int:
    size = sum(each.size * each.dtype.itemsize for each in state) or 1
    return max(4, min(_MOST_SLOTS, _STORE_BYTES // size) // 2 * 2)


def _run_and_keep(
    test: Test, body: Body, state: Arrays, consts: Arrays, slots: int
) -> tuple[Arrays, Any, Any, list[Any]]:
    """The last state, the number of iterations, the stride, the kept states."""
    stores = [jnp.zeros((slots, *each.shape), each.dtype) for each in state]

    def thin(operands: Any) -> Any:
        stores, stride = operands
        thinned = [
            jnp.concatenate([store[::2], jnp.zeros_like(store[::2])])
            for store in stores
        ]
        return thinned, stride * 2

    size = len(state)

    def step(carry: Arrays, consts: Arrays) -> Arrays:
        count, stride, *rest = carry
        state, stores = rest[:size], rest[size:]
        full = count == stride * slots
        stores, stride = lax.cond(full, thin, lambda both: both, (stores, stride))

        def keep(stores: list[Any]) -> list[Any]:
            return [
                lax.dynamic_update_index_in_dim(store, each, count // stride, 0)
                for store, each in zip(stores, state, strict=True)
            ]

        stores = lax.cond(count % stride == 0, keep, lambda same: same, stores)
        return [count + 1, stride, *body(state, consts), *stores]

    zero, one = jnp.zeros((), jnp.int32), jnp.ones((), jnp.int32)
    # Our own loop again, so that second derivatives exist.
    count, stride, *rest = while_loop(
        lambda carry, consts: test(carry[2 : 2 + size], consts),
        step,
        [zero, one, *state, *stores],
        consts,
    )
    return rest[:size], count, stride, rest[size:]


def _walk_back(
    body: Body,
    count: Any,
    stride: Any,
    stores: list[Any],
    consts: Arrays,
    cotangents: Arrays,
) -> tuple[Arrays, Arrays]:
    """The cotangents of the first state and of the constants."""
    like = [store[0] for store in stores]
    floating = [_inexact(each) for each in like]
    float_consts = [_inexact(each) for each in consts]
    start = [
        cotangent
        for cotangent, wanted in zip(cotangents, floating, strict=True)
        if wanted
    ]
    sums = [
        jnp.zeros(each.shape, each.dtype)
        for each, wanted in zip(consts, float_consts, strict=True)
        if wanted
    ]
    n_stores, n_sums = len(stores), len(sums)

    def state_before(step: Any, stores: Arrays, stride: Any, consts: Arrays) -> Arrays:
        slot = step // stride
        near = [lax.dynamic_index_in_dim(s, slot, 0, keepdims=False) for s in stores]

        def again(carry: Arrays, consts: Arrays) -> Arrays:
            return [carry[0] + 1, carry[1], *body(carry[2:], consts)]

        out = while_loop(
            lambda carry, _: carry[0] < carry[1],
            again,
            [slot * stride, step, *near],
            consts,
        )
        return out[2:]

    def step_back(carry: Arrays, held: Arrays) -> Arrays:
        step = carry[0] - 1
        sums, flow = carry[1 : 1 + n_sums], carry[1 + n_sums :]
        stores, stride, consts = held[:n_stores], held[n_stores], held[n_stores + 1 :]
        state = state_before(step, stores, stride, consts)

        def floats(chosen: Arrays, chosen_consts: Arrays) -> Arrays:
            full = _merge(state, chosen, floating)
            out = body(full, _merge(consts, chosen_consts, float_consts))
            return [each for each, ok in zip(out, floating, strict=True) if ok]

        _, pull = jax.vjp(
            floats,
            [each for each, ok in zip(state, floating, strict=True) if ok],
            [each for each, ok in zip(consts, float_consts, strict=True) if ok],
        )
        flow, more = pull(flow)
        sums = [one + two for one, two in zip(sums, more, strict=True)]
        return [step, *sums, *flow]

    out = while_loop(
        lambda carry, _: carry[0] > 0,
        step_back,
        [count, *sums, *start],
        [*stores, stride, *consts],
    )
    d_consts, d_state = out[1 : 1 + n_sums], out[1 + n_sums :]
    return (
        _merge([None] * len(like), d_state, floating),
        _merge([None] * len(consts), d_consts, float_consts),
    )


def _inexact(array: Any) -> bool:
    return bool(jnp.issubdtype(array.dtype, jnp.inexact))


def _merge(full: Sequence[Any], chosen: Sequence[Any], where: Sequence[bool]) -> Arrays:
    ready = iter(chosen)
    return [next(ready) if ok else each for each, ok in zip(full, where, strict=True)]
