"""The state of a loop: what is carried at run time and what stays a Python object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.autograph.staging.values import is_variable, stageable, to_tensor
from lamina.autograph.undefined import UndefinedReturnValue, is_undefined
from lamina.engine import nest
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor
from lamina.engine.trace import Captured, capture

Values = tuple[Any, ...]


class ShapeChanged(ValueError):
    """A loop variable has another shape after an iteration."""


class Carry:
    """A loop state sorted into arrays and Python objects.

    Args:
        state: the values before the loop.
        names: their names.
        invariants: None, or for each value None or a nest of partial shapes.
    """

    def __init__(
        self, state: Values, names: Sequence[str], invariants: Sequence[Any] | None
    ) -> None:
        self._state = state
        self._names = names
        self._invariants = invariants
        self._leaves = [nest.flatten(value, expand_composites=True) for value in state]
        flat = [leaf for leaves in self._leaves for leaf in leaves]
        self._carried = [stageable(leaf) and not is_variable(leaf) for leaf in flat]
        self._flat = flat
        self._first = [
            to_tensor(leaf) for leaf, ok in zip(flat, self._carried, strict=True) if ok
        ]

    @property
    def width(self) -> int:
        """How many arrays are carried."""
        return len(self._first)

    def tensors(self) -> list[Tensor]:
        """The carried values before the loop."""
        return self._first

    def pack(self, tensors: Sequence[Any]) -> Values:
        """A state from carried values."""
        ready = iter(tensors)
        pairs = zip(self._flat, self._carried, strict=True)
        leaves = iter([next(ready) if ok else leaf for leaf, ok in pairs])
        return tuple(
            nest.pack_sequence_as(
                value, [next(leaves) for _ in mine], expand_composites=True
            )
            for value, mine in zip(self._state, self._leaves, strict=True)
        )

    def like(self, arrays: Sequence[Any]) -> list[Any]:
        """Arrays with exactly the dtypes of the carried ones."""
        return [
            jnp.asarray(array, first._value.dtype)
            for array, first in zip(arrays, self._first, strict=True)
        ]

    def capture(
        self, function: Callable[..., Any], results: Callable[[Any], list[Tensor]]
    ) -> Captured:
        """Traces ``results(function(*state))``."""

        def run(*tensors: Tensor) -> list[Tensor]:
            return results(function(*self.pack(tensors)))

        return capture(run, self._first)

    def capture_step(
        self,
        body: Callable[..., Any],
        slices: Sequence[Any] = (),
        outputs: Callable[..., Any] | None = None,
    ) -> Captured:
        """Traces one iteration and checks that it gives a state like the first.

        The results are the carried values, then what ``outputs`` makes of the second
        part of the body's result.
        """

        def run(*tensors: Tensor) -> list[Tensor]:
            state = self.pack(tensors[: self.width])
            result = body(*state, *tensors[self.width :])
            extra: list[Tensor] = []
            if outputs is not None:
                result, collected = result
                extra = outputs(collected)
            return [*self._matched(result), *extra]

        return capture(run, [*self._first, *slices])

    def _matched(self, after: Values) -> list[Tensor]:
        """The carried values of a new state, checked against the first."""
        carried: list[Tensor] = []
        first, flags = iter(self._first), iter(self._carried)
        rows = zip(self._names, self._state, after, self._leaves, strict=True)
        for index, (name, before, now, leaves) in enumerate(rows):
            try:
                nest.assert_same_structure(before, now, expand_composites=True)
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"'{name}' does not have the same nested structure after one "
                    f"iteration.\n\n{error}"
                ) from None
            new = nest.flatten(now, expand_composites=True)
            for old_leaf, leaf in zip(leaves, new, strict=True):
                if next(flags):
                    carried.append(self._checked(index, name, next(first), leaf))
                elif leaf is not old_leaf and not _equal(leaf, old_leaf):
                    raise TypeError(_changed_object(name, old_leaf, leaf))
        return carried

    def _checked(self, index: int, name: str, first: Tensor, leaf: Any) -> Tensor:
        if not stageable(leaf):
            raise ValueError(f"'{name}' is {leaf!r:.80} at the end of the iteration.")
        now = to_tensor(leaf)
        if now.dtype != first.dtype:
            raise TypeError(
                f"'{name}' has dtype {first.dtype.name} before the loop, but dtype "
                f"{now.dtype.name} after one iteration. Give it its final dtype before "
                "the loop, or use tf.cast in the body."
            )
        if now.shape == first.shape:
            return now
        self._refuse_shape(index, name, first.shape, now.shape)
        return now

    def _refuse_shape(
        self, index: int, name: str, before: TensorShape, after: TensorShape
    ) -> None:
        shapes = None if self._invariants is None else self._invariants[index]
        if shapes is not None:
            for shape in nest.flatten(shapes):
                shape = TensorShape(getattr(shape, "shape", shape))
                if shape.is_compatible_with(before) and shape.is_compatible_with(after):
                    # Shapes that change need the op-by-op execution.
                    raise HostOpInTrace(
                        f"a loop whose variable '{name}' changes its shape"
                    )
            raise ValueError(
                f"'{name}' has shape {after} after one iteration, which does not "
                f"conform with the shape invariant {shapes}."
            )
        raise ShapeChanged(
            f"'{name}' has shape {before} before the loop, but shape {after} after one "
            "iteration. Use tf.autograph.experimental.set_loop_options to set shape "
            "invariants (the loop then runs op by op), or write into a tensor of the "
            "final shape or a tf.TensorArray."
        )


def prepare(
    body: Callable[..., Values],
    slices: Sequence[Any],
    state: Values,
    names: Sequence[str],
    invariants: Sequence[Any] | None,
    length: int | None = None,
) -> tuple[Values, list[bool]]:
    """Gives a first value to what the body assigns before it reads it.

    Args:
        body: one iteration.
        slices: specs of the further arguments of ``body``.
        state: the values before the loop; undefined ones, None, and tensor arrays
            whose element shape is not known are filled in.
        names: their names.
        invariants: as in `Carry`.
        length: how many iterations there will be, if that is known.

    Returns:
        The new values, and for each whether it was made up.
    """
    made = [False] * len(state)
    open_parts = [
        value is None or is_undefined(value) or bool(_growing(value)) for value in state
    ]
    if not any(open_parts):
        return state, made
    carry = Carry(state, names, invariants)
    specs: list[Any] = []
    after: list[Any] = []

    def run(*tensors: Tensor) -> list[Tensor]:
        result = body(*carry.pack(tensors[: carry.width]), *tensors[carry.width :])
        after.extend(result)
        leaves = nest.flatten(result, expand_composites=True)
        kept = [to_tensor(leaf) for leaf in leaves if stageable(leaf)]
        specs.extend(jax.ShapeDtypeStruct(t.shape, t._value.dtype) for t in kept)
        return kept

    capture(run, [*carry.tensors(), *slices])
    ready = iter(specs)
    filled: list[Any] = []
    for index, (value, now) in enumerate(zip(state, after, strict=True)):
        zeros = _zeros_like(now, ready)
        if not open_parts[index]:
            filled.append(value)
        elif value is None or is_undefined(value):
            filled.append(zeros if _definite(now) else value)
            made[index] = _definite(now) and not isinstance(value, UndefinedReturnValue)
        else:
            filled.append(_grown(value, now, length))
    return tuple(filled), made


def _definite(value: Any) -> bool:
    leaves = nest.flatten(value, expand_composites=True)
    return any(stageable(leaf) for leaf in leaves)


def _zeros_like(value: Any, specs: Any) -> Any:
    leaves = [
        _zero(next(specs), leaf) if stageable(leaf) else leaf
        for leaf in nest.flatten(value, expand_composites=True)
    ]
    return nest.pack_sequence_as(value, leaves, expand_composites=True)


def _zero(spec: Any, leaf: Any) -> Any:
    if is_variable(leaf):
        return leaf
    return Tensor(np.zeros(spec.shape, spec.dtype))


def _growing(value: Any) -> list[Any]:
    """The parts of a value that take their final form from the first iteration."""
    return [
        leaf for leaf in nest.flatten(value) if getattr(leaf, "__lamina_open__", False)
    ]


def _grown(value: Any, after: Any, length: int | None) -> Any:
    try:
        nest.assert_same_structure(value, after)
    except (TypeError, ValueError):
        return value
    return nest.map_structure(
        lambda old, new: (
            old.__lamina_fill__(new, length)
            if getattr(old, "__lamina_open__", False)
            else old
        ),
        value,
        after,
    )


def _equal(one: Any, two: Any) -> bool:
    return type(one) is type(two) and (
        is_undefined(one) or (isinstance(one, (str, bytes)) and one == two)
    )


def _changed_object(name: str, before: Any, after: Any) -> str:
    return (
        f"'{name}' is {before!r:.80} before the loop, but {after!r:.80} after one "
        "iteration: the loop depends on a tensor, so it is traced once, and only "
        "tensors, numbers and nests of them can change in it."
    )
