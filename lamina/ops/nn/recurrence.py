"""How a recurrent cell runs over time, forwards and backwards.

What does not depend on the step before is computed for all steps at once: the
products with the inputs, and in the backward pass the gates, their derivatives and
every gradient of a weight. The loops hold one matrix product and a few element-wise
operations a step. The backward pass keeps only the states and computes the gates
again, which is cheaper than storing them.

Shapes: T steps, B rows, D features, U units, G gates; time comes first in here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jax import lax

from lamina.engine.op import Array

Function = Callable[[Array], Array]
States = tuple[Array, ...]
Gates = Sequence[Array]


class Cell:
    """What happens at one step, element by element.

    Its gates are sums of a part of the inputs' product and a part of the state's:
    `x_gates` and `h_gates` name the gate that each part belongs to.
    """

    x_gates: ClassVar[tuple[int, ...]]
    h_gates: ClassVar[tuple[int, ...]]
    functions: tuple[Function, ...]

    def advance(self, gates: Gates, states: States) -> States:
        """The states after a step."""
        raise NotImplementedError

    def partials(self, gates: Gates, states: States) -> Any:
        """The derivatives that `pull` multiplies by."""
        raise NotImplementedError

    def pull(self, partials: Any, states: States) -> tuple[Gates, list[Any]]:
        """From gradients of the new states to those of gates and old states.

        A gradient that is zero by construction is None.
        """
        raise NotImplementedError

    def gates(self, z: Gates | None, product: Array) -> list[Array]:
        """The gates of the inputs' parts `z` and of the state's `product`."""
        found: dict[int, Array] = dict(
            zip(
                self.h_gates,
                jnp.split(product, len(self.h_gates), axis=-1),
                strict=True,
            )
        )
        for index, part in zip(self.x_gates, z or (), strict=z is not None):
            found[index] = part + found[index] if index in found else part
        return [found[index] for index in range(len(found))]


def _slopes(function: Callable[..., Array], *args: Array) -> tuple[Array, Any]:
    """The value of an element-wise function, and its derivative by each argument."""
    value, pull = jax.vjp(function, *args)
    return value, pull(jnp.ones_like(value))


@dataclass(frozen=True)
class PlainCell(Cell):
    """`h = activation(gate)`."""

    activation: Function
    x_gates: ClassVar[tuple[int, ...]] = (0,)
    h_gates: ClassVar[tuple[int, ...]] = (0,)

    @property
    def functions(self) -> tuple[Function, ...]:  # type: ignore[override]
        """The activations."""
        return (self.activation,)

    def advance(self, gates: Gates, states: States) -> States:
        """The states after a step."""
        return (self.activation(gates[0]),)

    def partials(self, gates: Gates, states: States) -> Any:
        """The derivative of the activation."""
        return _slopes(self.activation, gates[0])[1]

    def pull(self, partials: Any, states: States) -> tuple[Gates, list[Any]]:
        """See `Cell.pull`."""
        return [states[0] * partials[0]], [None]


@dataclass(frozen=True)
class MemoryCell(Cell):
    """An LSTM's: `c = s(f) * c + s(i) * activation(g)`, `h = s(o) * activation(c)`."""

    activation: Function
    gate: Function
    x_gates: ClassVar[tuple[int, ...]] = (0, 1, 2, 3)
    h_gates: ClassVar[tuple[int, ...]] = (0, 1, 2, 3)

    @property
    def functions(self) -> tuple[Function, ...]:  # type: ignore[override]
        """The activations."""
        return (self.activation, self.gate)

    def _memory(self, i: Array, f: Array, g: Array, c: Array) -> Array:
        return self.gate(f) * c + self.gate(i) * self.activation(g)

    def _output(self, o: Array, c: Array) -> Array:
        return self.gate(o) * self.activation(c)

    def advance(self, gates: Gates, states: States) -> States:
        """The states after a step."""
        i, f, g, o = gates
        carry = self._memory(i, f, g, states[1])
        return self._output(o, carry), carry

    def partials(self, gates: Gates, states: States) -> Any:
        """The derivatives of the memory and of the output."""
        i, f, g, o = gates
        carry, memory = _slopes(self._memory, i, f, g, states[1])
        return memory, _slopes(self._output, o, carry)[1]

    def pull(self, partials: Any, states: States) -> tuple[Gates, list[Any]]:
        """See `Cell.pull`."""
        (by_i, by_f, by_g, by_c), (by_o, by_carry) = partials
        d_carry = states[1] + states[0] * by_carry
        gates = [d_carry * by_i, d_carry * by_f, d_carry * by_g, states[0] * by_o]
        return gates, [None, d_carry * by_c]


@dataclass(frozen=True)
class UpdateCell(Cell):
    """A GRU's with its reset gate behind the matrix product.

    The candidate's two parts, of the inputs and of the state, are gates of their own.
    """

    activation: Function
    gate: Function
    x_gates: ClassVar[tuple[int, ...]] = (0, 1, 2)
    h_gates: ClassVar[tuple[int, ...]] = (0, 1, 3)

    @property
    def functions(self) -> tuple[Function, ...]:  # type: ignore[override]
        """The activations."""
        return (self.activation, self.gate)

    def _update(self, z: Array, r: Array, new: Array, old: Array, h: Array) -> Array:
        z = self.gate(z)
        return z * h + (1 - z) * self.activation(new + self.gate(r) * old)

    def advance(self, gates: Gates, states: States) -> States:
        """The states after a step."""
        z, r, new, old = gates
        return (self._update(z, r, new, old, states[0]),)

    def partials(self, gates: Gates, states: States) -> Any:
        """The derivatives of the update."""
        return _slopes(self._update, *gates, states[0])[1]

    def pull(self, partials: Any, states: States) -> tuple[Gates, list[Any]]:
        """See `Cell.pull`."""
        *by_gates, by_h = partials
        return [states[0] * part for part in by_gates], [states[0] * by_h]


@dataclass(frozen=True)
class Sweep:
    """A cell run over all steps, with a gradient of its own.

    Args:
        cell: the cell; its functions are element-wise.
        history: whether the outputs of all steps are wanted.
        unroll: whether to write the loops out.
    """

    cell: Cell
    history: bool
    unroll: bool

    def run(
        self,
        x: Array | None,
        z: Gates | None,
        weights: Array,
        bias: Array | None,
        states: States,
        keep: Array | None,
    ) -> tuple[States, Array | None]:
        """Runs the cell.

        Args:
            x: inputs that the loop multiplies itself, `(T, B, D)`; None where `z` has
                the products.
            z: the products of the inputs, `(T, B, U)` for each of the cell's
                `x_gates`; None where `x` is given. Each is an array of its own: XLA's
                CPU code is not vectorised where one slice is read in several places.
            weights: `(D + U, G * U)` with `x`, else the recurrent `(U, G * U)`.
            bias: `(G * U,)`, added to the product; or None.
            states: the first states.
            keep: `(T, B, 1)`; False leaves the states as they were.

        Returns:
            The last states, and the outputs `(T, B, U)` (None without `history`).
        """

        @jax.custom_vjp
        def sweep(*args: Any) -> Any:
            final, seen = self._forward(args, self.history)
            return final, seen[0] if seen else None

        def forward(*args: Any) -> Any:
            final, seen = self._forward(args, True)
            outputs = seen[0] if seen and self.history else None
            return (final, outputs), (args, seen)

        sweep.defvjp(forward, self._backward)
        return sweep(x, z, weights, bias, states, keep)  # type: ignore[no-any-return]

    def _scan(self, body: Any, start: Any, steps: Any, reverse: bool = False) -> Any:
        length = jax.tree.leaves(steps)[0].shape[0]
        unroll = max(length, 1) if self.unroll else 1
        return lax.scan(body, start, steps, reverse=reverse, unroll=unroll)

    def _forward(
        self, args: tuple[Any, ...], history: bool
    ) -> tuple[States, States | None]:
        x, z, weights, bias, states, keep = args

        def body(held: States, now: Any) -> tuple[States, States | None]:
            x, z, keep = now
            row = held[0] if x is None else jnp.concatenate([x, held[0]], 1)
            product = row @ weights
            product = product if bias is None else product + bias
            new = self.cell.advance(self.cell.gates(z, product), held)
            if keep is not None:
                new = tuple(
                    jnp.where(keep, a, b) for a, b in zip(new, held, strict=True)
                )
            return new, new if history else None

        return self._scan(body, states, (x, z, keep))  # type: ignore[no-any-return]

    def _backward(self, saved: Any, cotangents: Any) -> tuple[Any, ...]:
        (x, z, weights, bias, states, keep), seen = saved
        d_final, d_outputs = cotangents
        steps = seen[0].shape[0]
        before = tuple(
            jnp.concatenate([first[None], later])[:steps]
            for first, later in zip(states, seen, strict=True)
        )
        rows = before[0] if x is None else jnp.concatenate([x, before[0]], 2)
        product = _rows_product(rows, weights)
        product = product if bias is None else product + bias
        partials = self.cell.partials(self.cell.gates(z, product), before)
        # Turned around once here, not by the product of every step.
        features = 0 if x is None else x.shape[-1]
        back = lax.optimization_barrier(weights[features:].T)

        def body(d_states: States, now: Any) -> tuple[States, States]:
            partials, d_output, keep = now
            d_states = (_sum(d_states[0], d_output), *d_states[1:])
            active = d_states
            if keep is not None:
                active = tuple(jnp.where(keep, part, 0) for part in d_states)
            d_gates, d_before = self.cell.pull(partials, active)
            d_before[0] = _sum(self._joined(d_gates, 1) @ back, d_before[0])
            if keep is not None:
                d_before = [
                    jnp.where(keep, a, b)
                    for a, b in zip(d_before, d_states, strict=True)
                ]
            return tuple(d_before), active

        d_states, active = self._scan(
            body, d_final, (partials, d_outputs, keep), reverse=True
        )
        d_gates, _ = self.cell.pull(partials, active)
        d_product = self._joined(d_gates, 2)
        flat = d_product.reshape(-1, d_product.shape[-1])
        d_weights = rows.reshape(-1, rows.shape[-1]).T @ flat
        d_bias = None if bias is None else jnp.sum(flat, 0)
        d_x = None if x is None else _rows_product(d_product, weights[:features].T)
        d_z = None if z is None else [d_gates[index] for index in self.cell.x_gates]
        return d_x, d_z, d_weights, d_bias, d_states, None

    def _joined(self, gates: Gates, axis: int) -> Array:
        return jnp.concatenate([gates[index] for index in self.cell.h_gates], axis)


def _sum(a: Array, b: Array | None) -> Array:
    return a if b is None else a + b


def _rows_product(x: Array, kernel: Array) -> Array:
    """`x @ kernel` of `(T, B, D)`, as one product of a matrix."""
    product = x.reshape(-1, x.shape[-1]) @ kernel
    return product.reshape(*x.shape[:2], -1)


@lru_cache(maxsize=1024)
def elementwise(function: Function) -> bool:
    """Whether each element of the result depends on its own argument only."""
    probe = jax.ShapeDtypeStruct((2, 3), jnp.float32)
    return _local(jax.make_jaxpr(function)(probe).jaxpr, (2, 3))


_MIXING = ("cum", "sort", "rev", "scan", "while", "dot", "fft")


def _local(jaxpr: Any, shape: tuple[int, ...]) -> bool:
    for equation in jaxpr.eqns:
        if equation.primitive.name.startswith(_MIXING):
            return False
        if any(v.aval.shape not in ((), shape) for v in equation.outvars):
            return False
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns") and not _local(inner, shape):
                return False
    return True
