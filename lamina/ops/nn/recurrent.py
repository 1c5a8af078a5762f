"""Recurrent networks as one operation each: LSTM, GRU and the plain cell.

The product of all inputs with the input kernel is one large matrix product before the
loop; the loop itself holds only what depends on the step before. Time comes first
inside, batch first outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
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


def _product(kernel: Array, drop: Array | None) -> Callable[[Array], Array] | None:
    """`h @ kernel` where each gate drops units of its own; None without dropping."""
    if drop is None:
        return None
    gates = jnp.reshape(kernel, (kernel.shape[0], drop.shape[0], -1))

    def multiply(h: Array) -> Array:
        parts = jnp.einsum("bv,gbv,vgu->bgu", h, drop, gates)
        return jnp.reshape(parts, (h.shape[0], -1))

    return multiply


@dataclass(frozen=True)
class _Loop:
    """A recurrent cell and how it runs.

    Args:
        cell: `(x, product, states) -> (output, states)`, where `product` is
            `states[0] @ recurrent_kernel`.
        backwards: whether to start with the last step.
        sequences: whether all outputs are wanted.
        zero_masked: whether masked steps give zeros instead of the output before.
        unroll: whether to write the loop out.
        product: what stands in for `states[0] @ recurrent_kernel`.
    """

    cell: Callable[[Array, Array, States], tuple[Array, States]]
    backwards: bool
    sequences: bool
    zero_masked: bool
    unroll: bool
    product: Callable[[Array], Array] | None = None

    def run(
        self,
        z: Array,
        extra: Array | None,
        states: States,
        recurrent: Array,
        mask: Array | None,
    ) -> Result:
        """Runs the cell over the first axis of `z`.

        Args:
            z: the projected inputs `(T, B, G * U)`.
            extra: added to the products; `(T, B, G * U)`. None means that the cell
                adds `z` and the product, and uses neither of them elsewhere.
            states: the first states.
            recurrent: the recurrent kernel.
            mask: `(B, T)`; False steps leave states and output as they were.

        Returns:
            `(last_output, outputs, *states)`; `outputs` holds the last one only
            unless `sequences`.
        """
        keep: Any = None if mask is None else jnp.swapaxes(mask, 0, 1) != 0
        if self.backwards:
            # A reverse scan would give outputs in the order of the inputs; they are
            # wanted in the order of the steps.
            z = jnp.flip(z, 0)
            extra, keep = (
                None if part is None else jnp.flip(part, 0) for part in (extra, keep)
            )
        sweep = self._sweep if self.product else self._with_late_gradient()
        (final, last), outputs, _ = sweep(z, extra, states, recurrent, keep)
        outputs = jnp.swapaxes(outputs, 0, 1) if self.sequences else last[:, None]
        return (last, outputs, *final)

    def _sweep(
        self,
        z: Array,
        extra: Array | None,
        states: States,
        recurrent: Array,
        keep: Array | None,
        history: bool = False,
    ) -> Any:
        def body(carry: Any, now: Any) -> tuple[Any, Any]:
            held, before = carry
            x, more, kept = now
            product = self.product(held[0]) if self.product else held[0] @ recurrent
            product = product if more is None else product + more
            output, new = self.cell(x, product, held)
            if kept is not None:
                kept = kept[:, None]
                new = tuple(
                    jnp.where(kept, a, b) for a, b in zip(new, held, strict=True)
                )
                output = jnp.where(kept, output, 0 if self.zero_masked else before)
            outputs = output if self.sequences else None
            return (new, output), (outputs, held[0] if history else None)

        start = (states, jnp.zeros_like(states[0]))
        steps = max(z.shape[0], 1) if self.unroll else 1
        carry, (outputs, seen) = lax.scan(body, start, (z, extra, keep), unroll=steps)
        return carry, outputs, seen

    def _with_late_gradient(self) -> Callable[..., Any]:
        """The loop with the gradient of the recurrent kernel taken after it.

        Inside the loop that gradient is a small product at every step, summed up; all
        steps together are one large product, which is a third faster on processors.
        """

        @jax.custom_vjp
        def sweep(z: Any, extra: Any, states: Any, recurrent: Any, keep: Any) -> Any:
            return self._sweep(z, extra, states, recurrent, keep)

        def forward(
            z: Any, extra: Any, states: Any, recurrent: Any, keep: Any
        ) -> tuple[Any, Any]:
            def run(z: Any, extra: Any, states: Any) -> Any:
                carry, outputs, seen = self._sweep(
                    z, extra, states, recurrent, keep, history=True
                )
                return (carry, outputs, None), seen

            results, pull, seen = jax.vjp(run, z, extra, states, has_aux=True)
            return results, (pull, seen)

        def backward(saved: Any, cotangents: Any) -> tuple[Any, ...]:
            pull, seen = saved
            dz, d_extra, d_states = pull(cotangents)
            d_product = dz if d_extra is None else d_extra
            d_recurrent = jnp.einsum("tbu,tbk->uk", seen, d_product)
            return dz, d_extra, d_states, d_recurrent, None

        sweep.defvjp(forward, backward)
        return sweep


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

    def cell(now: Array, product: Array, states: States) -> tuple[Array, States]:
        new = activation(now + product)
        return new, (new,)

    loop = _Loop(
        cell,
        backwards,
        sequences,
        zero_masked,
        unroll,
        _product(recurrent_kernel, recurrent_drop),
    )
    return loop.run(z, None, (h,), recurrent_kernel, mask)


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

    def cell(now: Array, product: Array, states: States) -> tuple[Array, States]:
        i, f, g, o = jnp.split(now + product, 4, axis=1)
        carry = gate(f) * states[1] + gate(i) * activation(g)
        output = gate(o) * activation(carry)
        return output, (output, carry)

    loop = _Loop(
        cell,
        backwards,
        sequences,
        zero_masked,
        unroll,
        _product(recurrent_kernel, recurrent_drop),
    )
    return loop.run(z, None, (h, c), recurrent_kernel, mask)


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
    product = _product(recurrent_kernel, recurrent_drop)
    extra = None
    if reset_after:
        extra = jnp.zeros_like(inputs) if bias_h is None else bias_h
        extra = jnp.broadcast_to(extra, inputs.shape)
    else:
        # Only two gates use the plain product; the third one waits for the reset.
        outer_drop = None if recurrent_drop is None else recurrent_drop[:2]
        outer = recurrent_kernel[:, : 2 * units]
        product = _product(outer, outer_drop) or (lambda state: state @ outer)

    def cell(now: Array, total: Array, states: States) -> tuple[Array, States]:
        before = states[0]
        x_z, x_r, x_h = jnp.split(now, 3, axis=1)
        z = gate(x_z + total[:, :units])
        r = gate(x_r + total[:, units : 2 * units])
        if reset_after:
            candidate = r * total[:, 2 * units :]
        else:
            kept = before if recurrent_drop is None else before * recurrent_drop[2]
            candidate = (r * kept) @ recurrent_kernel[:, 2 * units :]
        new = z * before + (1 - z) * activation(x_h + candidate)
        return new, (new,)

    loop = _Loop(cell, backwards, sequences, zero_masked, unroll, product)
    return loop.run(inputs, extra, (h,), recurrent_kernel, mask)
