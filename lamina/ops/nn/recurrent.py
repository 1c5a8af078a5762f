"""Recurrent networks as one operation each: LSTM, GRU and the plain cell.

The product of all inputs with the input kernel is one large matrix product before the
loop; the loop itself holds only what depends on the step before. Time comes first
inside, batch first outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.engine.errors import ShapeError
from lamina.engine.op import Array, TensorLike, op

Function = Callable[[Array], Array]
States = tuple[Array, ...]
Result = tuple[Array, ...]


def _project(x: Array, kernel: Array, bias: Array | None, drop: Array | None) -> Array:
    """`x @ kernel + bias` of all steps: `(B, T, D)` to `(T, B, G * U)`.

    `drop` multiplies the inputs, `(1, B, D)` for all gates or `(G, B, D)` for each.
    """
    if drop is None:
        z = jnp.einsum("btd,dk->tbk", x, kernel)
    elif drop.shape[0] == 1:
        z = jnp.einsum("btd,dk->tbk", x * drop[0][:, None], kernel)
    else:
        gates = jnp.reshape(kernel, (kernel.shape[0], drop.shape[0], -1))
        z = jnp.einsum("btd,gbd,dgu->tbgu", x, drop, gates)
        z = jnp.reshape(z, (*z.shape[:2], -1))
    return z if bias is None else z + bias


def _recur(h: Array, kernel: Array, drop: Array | None) -> Array:
    """`h @ kernel`, each gate with its own dropped units if `drop` is given."""
    if drop is None:
        return h @ kernel
    gates = jnp.reshape(kernel, (kernel.shape[0], drop.shape[0], -1))
    return jnp.reshape(jnp.einsum("bv,gbv,vgu->bgu", h, drop, gates), (h.shape[0], -1))


def _run(
    step: Callable[[Array, States], tuple[Array, States]],
    z: Array,
    states: States,
    mask: Array | None,
    *,
    backwards: bool,
    sequences: bool,
    zero_masked: bool,
    unroll: bool,
) -> Result:
    """Runs `step` over the first axis of `z`.

    Where the mask is False the states stay, and the output is the one before (zeros
    with `zero_masked`).

    Returns:
        `(last_output, outputs, *states)`; `outputs` holds the last one only unless
        `sequences`.
    """
    steps = z.shape[0]
    inputs: Any = z if mask is None else (z, jnp.swapaxes(mask, 0, 1) != 0)

    def body(carry: Any, now: Any) -> tuple[Any, Any]:
        held, before = carry
        if mask is None:
            output, new = step(now, held)
        else:
            value, keep = now
            output, new = step(value, held)
            keep = keep[:, None]
            new = tuple(jnp.where(keep, a, b) for a, b in zip(new, held, strict=True))
            output = jnp.where(keep, output, 0 if zero_masked else before)
        return (new, output), output if sequences else None

    # The reverse scan would give outputs in the order of the inputs; they are wanted
    # in the order of the steps.
    if backwards:
        inputs = (
            jnp.flip(inputs, 0)
            if mask is None
            else tuple(jnp.flip(part, 0) for part in inputs)
        )
    start = (states, jnp.zeros_like(states[0]))
    (final, last), outputs = lax.scan(
        body, start, inputs, unroll=max(steps, 1) if unroll else 1
    )
    outputs = jnp.swapaxes(outputs, 0, 1) if sequences else last[:, None]
    return (last, outputs, *final)


def _check(name: str, x: Array, kernel: Array, recurrent: Array, gates: int) -> None:
    fits = x.ndim == 3 and kernel.shape[0] == x.shape[-1]
    if not fits or recurrent.shape[0] * gates != recurrent.shape[1]:
        raise ShapeError.of(
            name,
            expected=f"x (B, T, D), kernel (D, {gates} * U) and recurrent_kernel "
            f"(U, {gates} * U)",
            received=f"{tuple(x.shape)}, {tuple(kernel.shape)} and "
            f"{tuple(recurrent.shape)}",
            hint="Check the number of features and units.",
        )


@op("keras.layers.SimpleRNN", dtypes="real_floating")
def simple_rnn(
    x: TensorLike,
    h: TensorLike,
    kernel: TensorLike,
    recurrent_kernel: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    drop: TensorLike | None = None,
    recurrent_drop: TensorLike | None = None,
    activation: Any = jnp.tanh,
    backwards: bool = False,
    sequences: bool = True,
    zero_masked: bool = False,
    unroll: bool = False,
    name: str | None = None,
) -> Result:
    """`h = activation(x_t @ kernel + bias + h @ recurrent_kernel)` over time.

    Args:
        x: the inputs `(B, T, D)`.
        h: the first state `(B, U)`.
        kernel: `(D, U)`.
        recurrent_kernel: `(U, U)`.
        bias: `(U,)`.
        mask: `(B, T)`; False steps leave state and output as they were.
        drop: factors `(1, B, D)` of the inputs.
        recurrent_drop: factors `(1, B, U)` of the state.
        activation: a function of arrays.
        backwards: whether to start with the last step.
        sequences: whether all outputs are wanted.
        zero_masked: whether masked steps give zeros.
        unroll: whether to write the loop out.
        name: a name scope.

    Returns:
        `(last_output, outputs, h)`; `outputs` is `(B, T, U)`, or `(B, 1, U)` without
        `sequences`.
    """
    _check("keras.layers.SimpleRNN", x, kernel, recurrent_kernel, 1)
    z = _project(x, kernel, bias, drop)

    def step(now: Array, states: States) -> tuple[Array, States]:
        new = activation(now + _recur(states[0], recurrent_kernel, recurrent_drop))
        return new, (new,)

    return _run(
        step,
        z,
        (h,),
        mask,
        backwards=backwards,
        sequences=sequences,
        zero_masked=zero_masked,
        unroll=unroll,
    )


@op("keras.layers.LSTM", dtypes="real_floating")
def lstm(
    x: TensorLike,
    h: TensorLike,
    c: TensorLike,
    kernel: TensorLike,
    recurrent_kernel: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    drop: TensorLike | None = None,
    recurrent_drop: TensorLike | None = None,
    activation: Any = jnp.tanh,
    recurrent_activation: Any = None,
    backwards: bool = False,
    sequences: bool = True,
    zero_masked: bool = False,
    unroll: bool = False,
    name: str | None = None,
) -> Result:
    """A long short-term memory over time.

    With `i, f, g, o` the four parts of `x_t @ kernel + bias + h @ recurrent_kernel`:
    `c = s(f) * c + s(i) * activation(g)` and `h = s(o) * activation(c)`.

    Args:
        x: the inputs `(B, T, D)`.
        h: the first output state `(B, U)`.
        c: the first cell state `(B, U)`.
        kernel: `(D, 4 * U)`.
        recurrent_kernel: `(U, 4 * U)`.
        bias: `(4 * U,)`.
        mask: `(B, T)`; False steps leave states and output as they were.
        drop: factors of the inputs, `(1, B, D)`, or `(4, B, D)` for each gate.
        recurrent_drop: factors of the state for each gate, `(4, B, U)`.
        activation: a function of arrays.
        recurrent_activation: a function of arrays, `s` above.
        backwards: whether to start with the last step.
        sequences: whether all outputs are wanted.
        zero_masked: whether masked steps give zeros.
        unroll: whether to write the loop out.
        name: a name scope.

    Returns:
        `(last_output, outputs, h, c)`; `outputs` is `(B, T, U)`, or `(B, 1, U)`
        without `sequences`.

    Reference: Hochreiter and Schmidhuber, 1997.
    """
    _check("keras.layers.LSTM", x, kernel, recurrent_kernel, 4)
    gate: Function = recurrent_activation
    z = _project(x, kernel, bias, drop)

    def step(now: Array, states: States) -> tuple[Array, States]:
        before, cell = states
        total = now + _recur(before, recurrent_kernel, recurrent_drop)
        i, f, g, o = jnp.split(total, 4, axis=1)
        cell = gate(f) * cell + gate(i) * activation(g)
        output = gate(o) * activation(cell)
        return output, (output, cell)

    return _run(
        step,
        z,
        (h, c),
        mask,
        backwards=backwards,
        sequences=sequences,
        zero_masked=zero_masked,
        unroll=unroll,
    )


@op("keras.layers.GRU", dtypes="real_floating")
def gru(
    x: TensorLike,
    h: TensorLike,
    kernel: TensorLike,
    recurrent_kernel: TensorLike,
    bias: TensorLike | None = None,
    mask: TensorLike | None = None,
    drop: TensorLike | None = None,
    recurrent_drop: TensorLike | None = None,
    activation: Any = jnp.tanh,
    recurrent_activation: Any = None,
    reset_after: bool = True,
    backwards: bool = False,
    sequences: bool = True,
    zero_masked: bool = False,
    unroll: bool = False,
    name: str | None = None,
) -> Result:
    """A gated recurrent unit over time.

    `h = z * h + (1 - z) * activation(x_h + r * (h @ R_h))`, with the update gate `z`
    and the reset gate `r`; without `reset_after` the last term is `(r * h) @ R_h`.

    Args:
        x: the inputs `(B, T, D)`.
        h: the first state `(B, U)`.
        kernel: `(D, 3 * U)`.
        recurrent_kernel: `(U, 3 * U)`.
        bias: `(3 * U,)`, or `(2, 3 * U)` with `reset_after`: one for the inputs, one
            for the state.
        mask: `(B, T)`; False steps leave state and output as they were.
        drop: factors of the inputs, `(1, B, D)`, or `(3, B, D)` for each gate.
        recurrent_drop: factors of the state for each gate, `(3, B, U)`.
        activation: a function of arrays.
        recurrent_activation: a function of arrays, for the gates.
        reset_after: whether the reset gate works after the matrix product.
        backwards: whether to start with the last step.
        sequences: whether all outputs are wanted.
        zero_masked: whether masked steps give zeros.
        unroll: whether to write the loop out.
        name: a name scope.

    Returns:
        `(last_output, outputs, h)`; `outputs` is `(B, T, U)`, or `(B, 1, U)` without
        `sequences`.

    Reference: Cho et al., 2014.
    """
    _check("keras.layers.GRU", x, kernel, recurrent_kernel, 3)
    gate: Function = recurrent_activation
    units = h.shape[-1]
    bias_x, bias_h = bias, None
    if bias is not None and reset_after:
        bias_x, bias_h = bias[0], bias[1]
    inputs = _project(x, kernel, bias_x, drop)
    outer, inner = recurrent_kernel, recurrent_kernel
    if not reset_after:
        outer, inner = outer[:, : 2 * units], outer[:, 2 * units :]
    outer_drop = recurrent_drop
    if outer_drop is not None and not reset_after:
        outer_drop = outer_drop[:2]

    def step(now: Array, states: States) -> tuple[Array, States]:
        before = states[0]
        x_z, x_r, x_h = jnp.split(now, 3, axis=1)
        total = _recur(before, outer, outer_drop)
        total = total if bias_h is None else total + bias_h
        z = gate(x_z + total[:, :units])
        r = gate(x_r + total[:, units : 2 * units])
        if reset_after:
            candidate = r * total[:, 2 * units :]
        else:
            kept = before if recurrent_drop is None else before * recurrent_drop[2]
            candidate = (r * kept) @ inner
        new = z * before + (1 - z) * activation(x_h + candidate)
        return new, (new,)

    return _run(
        step,
        inputs,
        (h,),
        mask,
        backwards=backwards,
        sequences=sequences,
        zero_masked=zero_masked,
        unroll=unroll,
    )
