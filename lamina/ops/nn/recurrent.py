"""Recurrent networks as one operation each: LSTM, GRU and the plain cell.

The product of all inputs with the input kernel is one large matrix product before the
loop; the loop itself holds only what depends on the step before. Time comes first
inside, batch first outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
from jax import lax

from lamina.engine.errors import ShapeError
from lamina.engine.op import Array, TensorLike, op
from lamina.kernels import recurrence
from lamina.ops.linalg.products import contract_axes
from lamina.ops.nn.recurrence import (
    Cell,
    Function,
    MemoryCell,
    PlainCell,
    States,
    Sweep,
    UpdateCell,
    elementwise,
)

Result = tuple[Array, ...]


def _dropped(x: Array, drop: Array | None) -> Array:
    return x if drop is None else x * drop[0][:, None]


def _product(kernel: Array, drop: Array | None) -> Callable[[Array], Array]:
    """`h @ kernel`, where each gate drops units of its own."""
    if drop is None:
        return lambda h: h @ kernel
    gates = jnp.reshape(kernel, (kernel.shape[0], drop.shape[0], -1))

    def multiply(h: Array) -> Array:
        parts = jnp.einsum("bv,gbv,vgu->bgu", h, drop, gates)
        return jnp.reshape(parts, (h.shape[0], -1))

    return multiply


@dataclass(frozen=True)
class _Sequence:
    """Inputs with their weights, and how they are run through a cell.

    Args:
        x: the inputs `(B, T, D)`.
        kernel: `(D, G * U)`.
        recurrent: `(U, G * U)`.
        bias: of the inputs, or None.
        mask: `(B, T)` or None; False steps leave states and output as they were.
        drop: factors of the inputs, or None.
        recurrent_drop: factors of the state, or None.
        backwards: whether to start with the last step.
        sequences: whether all outputs are wanted.
        zero_masked: whether masked steps give zeros instead of the output before.
        unroll: whether to write the loop out.
    """

    x: Array
    kernel: Array
    recurrent: Array
    bias: Array | None
    mask: Array | None
    drop: Array | None
    recurrent_drop: Array | None
    backwards: bool
    sequences: bool
    zero_masked: bool
    unroll: bool

    def _by_time(self, x: Array) -> Array:
        return jnp.swapaxes(jnp.flip(x, 1) if self.backwards else x, 0, 1)

    def _projected(self) -> Array:
        """`x @ kernel + bias` of all steps, `(T, B, G * U)`."""
        if self.drop is None or self.drop.shape[0] == 1:
            z = contract_axes(_dropped(self.x, self.drop), self.kernel, 1)
        else:
            gates = self.kernel.reshape(self.kernel.shape[0], self.drop.shape[0], -1)
            z = jnp.einsum("btd,gbd,dgu->btgu", self.x, self.drop, gates)
            z = jnp.reshape(z, (*z.shape[:2], -1))
        return self._by_time(z if self.bias is None else z + self.bias)

    def _keep(self) -> Array | None:
        return None if self.mask is None else self._by_time(self.mask != 0)[..., None]

    def through(
        self, cell: Cell, states: States, state_bias: Array | None = None
    ) -> Result:
        """Runs the cell: `(last_output, outputs, *states)`.

        Args:
            cell: the cell.
            states: the first states.
            state_bias: added to the products of the state, or None.
        """
        if self.recurrent_drop is not None or not all(map(elementwise, cell.functions)):
            product = _product(self.recurrent, self.recurrent_drop)

            def step(now: Array, held: States) -> States:
                total = product(held[0])
                total = total if state_bias is None else total + state_bias
                parts = jnp.split(now, len(cell.x_gates), axis=1)
                return cell.advance(cell.gates(parts, total), held)

            return self.stepwise(step, states)
        shared = self.drop is None or self.drop.shape[0] == 1
        types = {a.dtype for a in (self.x, self.kernel, self.recurrent, *states)}
        if (
            shared
            and self.mask is None
            and len(types) == 1
            and isinstance(cell, MemoryCell | UpdateCell)
            and recurrence.fits(self.x, states[0].shape[-1], cell.functions)
        ):
            return self._natively(cell, states, state_bias)
        keep = self._keep()
        return self._results(*self._swept(cell, states, state_bias, keep), keep)

    def _natively(self, cell: Cell, states: States, state_bias: Array | None) -> Result:
        """Runs the cell in the native kernel, whose state's bias is one with `bias`."""
        columns, units = self.kernel.shape[1], states[0].shape[-1]
        x = _dropped(self.x, self.drop)
        x = jnp.flip(x, 1) if self.backwards else x
        bias = jnp.zeros(columns, x.dtype) if self.bias is None else self.bias
        bias = jnp.pad(bias, (0, 4 * units - columns))
        if state_bias is not None:
            gates, candidate = state_bias[: 2 * units], state_bias[2 * units :]
            bias += jnp.concatenate([gates, jnp.zeros_like(candidate), candidate])

        def formula(
            x: Array, kernel: Array, recurrent: Array, bias: Array, *states: Array
        ) -> tuple[States, Array | None]:
            plain = replace(
                self,
                x=x,
                kernel=kernel,
                recurrent=recurrent,
                bias=bias[:columns],
                drop=None,
                backwards=False,
                sequences=True,
            )
            more = bias[columns:]
            inner = jnp.pad(more, (2 * units, 0)) if more.size else None
            final, outputs = plain._swept(cell, states, inner, None)
            return final, None if outputs is None else jnp.swapaxes(outputs, 0, 1)

        final, outputs = recurrence.run(
            formula, x, self.kernel, self.recurrent, bias, states, self.sequences
        )
        last = final[0]
        return (last, last[:, None] if outputs is None else outputs, *final)

    def _swept(
        self,
        cell: Cell,
        states: States,
        state_bias: Array | None,
        keep: Array | None,
    ) -> tuple[States, Array | None]:
        """The last states and all outputs, time first."""
        sweep = Sweep(cell, self.sequences, self.unroll)
        # Few features: one product for inputs and state, inside the loop, is faster
        # than a pass over the memory that the inputs' products fill.
        few = self.x.shape[-1] <= self.recurrent.shape[0] and (
            self.drop is None or self.drop.shape[0] == 1
        )
        if few and cell.x_gates == cell.h_gates:
            weights = jnp.concatenate([self.kernel, self.recurrent])
            x = self._by_time(_dropped(self.x, self.drop))
            return sweep.run(x, None, weights, self.bias, states, keep)
        parts = jnp.split(self._projected(), len(cell.x_gates), axis=2)
        return sweep.run(None, parts, self.recurrent, state_bias, states, keep)

    def stepwise(self, step: Callable[[Array, States], States], states: States) -> Any:
        """Runs any `step(z, states) -> states`, `z` the product of one step's inputs.

        The gradient is that of the loop as it stands.
        """
        keep = self._keep()

        def body(held: States, now: Any) -> tuple[States, Array | None]:
            z, keep = now
            new = step(z, held)
            if keep is not None:
                new = tuple(
                    jnp.where(keep, a, b) for a, b in zip(new, held, strict=True)
                )
            return new, new[0] if self.sequences else None

        z = self._projected()
        unroll = max(z.shape[0], 1) if self.unroll else 1
        final, outputs = lax.scan(body, states, (z, keep), unroll=unroll)
        return self._results(final, outputs, keep)

    def _results(
        self, final: States, outputs: Array | None, keep: Array | None
    ) -> Result:
        """Hides the states that masked steps only passed on."""
        last = final[0]
        if keep is not None:
            # A step shows the output of the last step kept up to it, or zeros.
            shown = (
                keep if self.zero_masked else lax.cummax(jnp.asarray(keep, jnp.int8))
            )
            last = jnp.where(shown[-1] != 0, last, 0)
            if outputs is not None:
                outputs = jnp.where(shown != 0, outputs, 0)
        outputs = last[:, None] if outputs is None else jnp.swapaxes(outputs, 0, 1)
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
    sequence = _Sequence(
        x,
        kernel,
        recurrent_kernel,
        bias,
        mask,
        drop,
        recurrent_drop,
        backwards,
        sequences,
        zero_masked,
        unroll,
    )
    return sequence.through(PlainCell(activation), (h,))


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
    sequence = _Sequence(
        x,
        kernel,
        recurrent_kernel,
        bias,
        mask,
        drop,
        recurrent_drop,
        backwards,
        sequences,
        zero_masked,
        unroll,
    )
    return sequence.through(MemoryCell(activation, recurrent_activation), (h, c))


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
    bias_x, bias_h = bias, None
    if bias is not None and reset_after:
        bias_x, bias_h = bias[0], bias[1]
    sequence = _Sequence(
        x,
        kernel,
        recurrent_kernel,
        bias_x,
        mask,
        drop,
        recurrent_drop,
        backwards,
        sequences,
        zero_masked,
        unroll,
    )
    if reset_after:
        return sequence.through(
            UpdateCell(activation, recurrent_activation), (h,), bias_h
        )
    # Only two gates use the plain product; the third one waits for the reset.
    units = h.shape[-1]
    outer_drop = None if recurrent_drop is None else recurrent_drop[:2]
    product = _product(recurrent_kernel[:, : 2 * units], outer_drop)
    gate: Function = recurrent_activation

    def step(now: Array, states: States) -> States:
        x_z, x_r, x_h = jnp.split(now, 3, axis=1)
        h_z, h_r = jnp.split(product(states[0]), 2, axis=1)
        z, r = gate(x_z + h_z), gate(x_r + h_r)
        kept = states[0] if recurrent_drop is None else states[0] * recurrent_drop[2]
        candidate = (r * kept) @ recurrent_kernel[:, 2 * units :]
        return (z * states[0] + (1 - z) * activation(x_h + candidate),)

    return sequence.stepwise(step, (h,))
