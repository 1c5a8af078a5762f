"""Rematerialization: values computed again in the backward pass instead of kept.

Reference: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.kernel import Kernel, execute
from lamina.engine.tape import GradientTape, record_custom
from lamina.engine.tensor import Tensor
from lamina.engine.variable import Variable
from lamina.keras.common.state import get_global_attribute

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)
# Keeps the compiler from merging the second computation with the first.
_BARRIER = Kernel("keras.remat", lambda *xs: jax.lax.optimization_barrier(xs))


class RematMode(NamedTuple):
    """The settings of a `RematScope`."""

    mode: str | None
    output_size_threshold: int
    layer_names: list[str]


class RematScope:
    """A scope whose layers compute their values again in the backward pass.

    The mode is taken by layers when they are made.

    Args:
        mode: `"full"` for all layers, `"activations"` for the activation functions of
            layers, `"larger_than"` for layers with large outputs, `"list_of_layers"`
            for layers by name, or `None` for none.
        output_size_threshold: the number of elements for `"larger_than"`.
        layer_names: the names for `"list_of_layers"`.

    Raises:
        ValueError: the mode is unknown.

    Reference: `keras.RematScope`.
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: list[str] | None = None,
    ) -> None:
        if mode not in _MODES:
            raise ValueError(
                f"Invalid mode '{mode}'. Supported modes are: 'full', 'activations', "
                "'larger_than', 'list_of_layers', or None."
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = layer_names or []

    def __enter__(self) -> RematScope:
        get_global_attribute("remat_scope_stack", [], set_to_default=True).append(self)
        return self

    def __exit__(self, *error: object) -> None:
        get_global_attribute("remat_scope_stack").pop()


def get_current_remat_mode() -> RematMode | None:
    """The settings of the innermost open scope, or `None`."""
    stack = get_global_attribute("remat_scope_stack")
    if not stack:
        return None
    scope = stack[-1]
    return RematMode(scope.mode, scope.output_size_threshold, scope.layer_names)


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` without its intermediate values kept for the gradient.

    The backward pass calls `f` a second time. Random numbers come out the same: the
    variables that `f` writes have their former values during that call.

    Args:
        f: a function of tensors.

    Returns:
        A function with the same arguments and results.

    Reference: `keras.remat`.
    """

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        tapes = state.tapes
        if not tapes:
            return f(*args, **kwargs)
        log = _ReadLog()
        state.tapes = ()
        try:
            with log:
                outputs = f(*args, **kwargs)
        finally:
            state.tapes = tapes
            state.refresh()
        call = _Call(f, args, kwargs, log)
        flat = [x for x in nest.flatten(outputs) if isinstance(x, Tensor)]
        record_custom([*call.inputs, *call.values()], flat, call.pullback)
        return outputs

    return wrapper


class _ReadLog(GradientTape):
    """Notes which variables are read, and their first values; keeps no operations."""

    def __init__(self) -> None:
        super().__init__(watch_accessed_variables=False)
        self.reads: dict[int, tuple[Any, Tensor]] = {}

    def variable_read(self, variable: Any, tensor: Tensor) -> None:
        self.reads.setdefault(id(variable), (variable, tensor))


class _Call:
    """One call of a function, and how its gradient is computed."""

    def __init__(self, f: Any, args: Any, kwargs: Any, log: _ReadLog) -> None:
        self.f = f
        self.arguments = (args, kwargs)
        self.inputs = [x for x in nest.flatten((args, kwargs)) if type(x) is Tensor]
        pairs = list(log.reads.values())
        self.trained = [v for v, _ in pairs if v.trainable]
        self.changed = [(v, t) for v, t in pairs if _stored(v) is not t]

    def values(self) -> list[Tensor]:
        """The values of the trained variables, as the tapes outside see them."""
        return [_stored(variable) for variable in self.trained]

    def pullback(self, cotangents: list[Any]) -> list[Any]:
        """The gradients for the inputs and the trained variables."""
        fresh = list(execute(_BARRIER, self.inputs)) if self.inputs else []
        queue = iter(fresh)

        def swap(leaf: Any) -> Any:
            return next(queue) if type(leaf) is Tensor else leaf

        args, kwargs = nest.map_structure(swap, self.arguments)
        now = [(variable, _stored(variable)) for variable, _ in self.changed]
        for variable, before in self.changed:
            variable.assign(before)
        tapes, state.tapes = state.tapes, ()
        try:
            with GradientTape() as tape:
                tape.watch(fresh)
                outputs = self.f(*args, **kwargs)
            flat = [x for x in nest.flatten(outputs) if isinstance(x, Tensor)]
            pairs = [(x, c) for x, c in zip(flat, cotangents) if c is not None]
            return tape.gradient(
                [x for x, _ in pairs],
                [*fresh, *self.trained],
                output_gradients=[c for _, c in pairs],
            )
        finally:
            state.tapes = tapes
            state.refresh()
            for variable, after in now:
                variable.assign(after)


def _stored(variable: Any) -> Tensor:
    """The value of a variable, not cast by an autocast scope."""
    read = getattr(variable, "_read_stored", None)
    return read() if read is not None else Variable.read_value(variable)
