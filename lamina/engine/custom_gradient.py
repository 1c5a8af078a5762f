"""Functions whose gradient the user gives: ``custom_gradient`` and what stands on it.

Eagerly the user's gradient function goes on the tape as it is. Inside a trace the pair
becomes a ``jax.custom_vjp``, so the gradient is also used when the whole traced
function is differentiated from outside.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.errors import message
from lamina.engine.graph import Operation, any_symbolic
from lamina.engine.kernel import Kernel, execute, inexact
from lamina.engine.tape import GradientTape, record_custom
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import Captured, capture

_COPY = Kernel("identity", lambda x: jnp.array(x, copy=True), differentiable=False)
_ZEROS = Kernel("zeros", jnp.zeros_like, differentiable=False)


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """Gives a function a gradient of its own.

    Args:
        f: takes tensors and returns ``(y, grad_fn)``. ``grad_fn(*upstream)`` gets one
            upstream gradient per output and returns one gradient per argument of
            ``f``. If ``f`` reads trainable variables, ``grad_fn`` takes a keyword
            ``variables`` and returns ``(argument gradients, variable gradients)``.

    Returns:
        A function of the same arguments that returns ``y``.

    Raises:
        TypeError: if ``f`` uses variables and ``grad_fn`` does not take ``variables``.
        ValueError: if ``grad_fn`` returns another number of gradients.

    Example:
        >>> @tf.custom_gradient
        ... def log1pexp(x):
        ...     e = tf.exp(x)
        ...     def grad(upstream):
        ...         return upstream * (1.0 - 1.0 / (1.0 + e))
        ...     return tf.math.log(1.0 + e), grad
        >>> x = tf.constant(100.0)
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = log1pexp(x)
        >>> float(tape.gradient(y, x))
        1.0

    Reference: ``tf.custom_gradient``.
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return _SymbolicCall(decorated, _name(f))(*args, **kwargs)
        if state.trace is None:
            return _run_eagerly(f, args, kwargs)
        return _run_traced(f, args, kwargs)

    return decorated


class _SymbolicCall(Operation):
    """A call of a function with a custom gradient in a Functional model."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__()
        self.function = function
        self.function_name = name

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function."""
        return self.function(*args, **kwargs)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", "function")


def _tensors(args: Any) -> list[Tensor]:
    return [convert_to_tensor(leaf) for leaf in nest.flatten(args)]


def _call(f: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, Any]:
    returned = f(*args, **kwargs)
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        raise TypeError(
            message(
                "tf.custom_gradient",
                expected=f"'{_name(f)}' to return (y, grad_fn)",
                received=f"{type(returned)}",
            )
        )
    return returned[0], returned[1]


def _run_eagerly(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    inputs = _tensors(args)
    given = nest.pack_sequence_as(args, inputs)
    outer = state.tapes
    probe = GradientTape()
    state.tapes = ()
    try:
        with probe:
            result, grad_fn = _call(f, given, kwargs)
    finally:
        state.tapes = outer
        state.refresh()
    outputs = [
        execute(_COPY, [leaf]) if any(leaf is other for other in inputs) else leaf
        for leaf in map(convert_to_tensor, nest.flatten(result))
    ]
    variables = list(probe.watched_variables())
    read = [variable.read_value() for variable in variables]

    def pullback(cotangents: list[Any]) -> Sequence[Any]:
        floating = iter(cotangents)
        upstream = [
            _or_zeros(next(floating) if inexact(out) else None, out) for out in outputs
        ]
        return _gradients(f, grad_fn, upstream, len(inputs), variables)

    record_custom([*inputs, *read], outputs, pullback)
    return nest.pack_sequence_as(result, outputs)


def _or_zeros(cotangent: Any, output: Tensor) -> Any:
    return execute(_ZEROS, [output]) if cotangent is None else cotangent


def _gradients(
    f: Callable[..., Any],
    grad_fn: Callable[..., Any],
    upstream: list[Any],
    count: int,
    variables: list[Any],
) -> list[Any]:
    """Calls the user's gradient function: gradients of inputs, then of variables."""
    more: list[Any] = []
    if variables and _takes_variables(grad_fn):
        found, more = grad_fn(*upstream, variables=variables)
        more = nest.flatten(more)
    elif variables:
        raise TypeError(
            message(
                "tf.custom_gradient",
                expected=f"the gradient function of '{_name(f)}' to take a keyword "
                "'variables', since the function reads trainable variables",
                received=f"{[variable.name for variable in variables]} without it",
                hint="Write `def grad(*upstream, variables=None)` and return "
                "(argument gradients, variable gradients).",
            )
        )
    else:
        found = grad_fn(*upstream)
    flat = nest.flatten(found) if isinstance(found, tuple | list) else [found]
    if len(flat) != count or len(more) != len(variables):
        raise ValueError(
            message(
                "tf.custom_gradient",
                expected=f"{count} gradients of arguments and {len(variables)} of "
                f"variables from the gradient function of '{_name(f)}'",
                received=f"{len(flat)} and {len(more)}",
            )
        )
    return [None if g is None else convert_to_tensor(g) for g in (*flat, *more)]


def _takes_variables(grad_fn: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(grad_fn).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters)


# ---------------------------------------------------------------- inside a trace


def _run_traced(f: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    inputs = _tensors(args)

    def forward(*tensors: Tensor) -> Any:
        return _call(f, nest.pack_sequence_as(args, list(tensors)), kwargs)[0]

    program = capture(forward, inputs)
    watched = [v for v in program.reads if v.trainable]
    backward = _capture_backward(f, args, kwargs, inputs, program, watched)
    pair = _Pair(program, backward, len(inputs), watched)
    out = execute(
        Kernel(f"custom gradient of {_name(f)}", pair.run), pair.inputs(inputs)
    )
    for variable, tensor in zip(
        program.written, out[program.num_outputs :], strict=True
    ):
        variable._store(tensor)
    return program.pack(out[: program.num_outputs])


def _capture_backward(
    f: Callable[..., Any],
    args: Any,
    kwargs: Any,
    inputs: list[Tensor],
    program: Captured,
    watched: list[Any],
) -> Captured:
    count = len(inputs)
    upstream = [
        jax.ShapeDtypeStruct(aval.shape, aval.dtype)
        for aval in program.out_avals[: program.num_outputs]
    ]

    def run(*tensors: Tensor) -> Any:
        given = nest.pack_sequence_as(args, list(tensors[:count]))
        _, grad_fn = _call(f, given, kwargs)
        found = _gradients(f, grad_fn, list(tensors[count:]), count, watched)
        like = [*tensors[:count], *(variable.read_value() for variable in watched)]
        return [_or_zeros(g, t) for g, t in zip(found, like, strict=True)]

    return capture(run, [*inputs, *upstream])


class _Pair:
    """A program and the program of its gradient, as one ``jax.custom_vjp``."""

    def __init__(
        self, forward: Captured, backward: Captured, count: int, watched: list[Any]
    ) -> None:
        self.forward = forward
        self.backward = backward
        self.count = count
        self.watched = watched
        self.captures = [*forward.captures, *backward.captures]
        variables = (*forward.variables, *backward.variables)
        self.variables = list({id(v): v for v in variables}.values())
        self.run = jax.custom_vjp(self._primal)
        self.run.defvjp(self._forward, self._backward)

    def inputs(self, tensors: list[Tensor]) -> list[Tensor]:
        """All inputs: the arguments, captured tensors and variables."""
        read = [variable.read_value() for variable in self.variables]
        return [*tensors, *self.captures, *read]

    def _parts(self, arrays: Sequence[Any]) -> tuple[Any, Any, dict[int, Any]]:
        split = self.count + len(self.captures)
        values = {
            id(v): array
            for v, array in zip(self.variables, arrays[split:], strict=True)
        }
        return arrays[: self.count], arrays[self.count : split], values

    def _primal(self, *arrays: Any) -> list[Any]:
        args, captures, values = self._parts(arrays)
        out, news = self.forward.call(
            args,
            captures[: len(self.forward.captures)],
            [values[id(v)] for v in self.forward.variables],
        )
        return [jnp.asarray(array) for array in (*out, *news)]

    def _forward(self, *arrays: Any) -> tuple[list[Any], Any]:
        return self._primal(*arrays), arrays

    def _backward(self, arrays: Any, cotangents: Any) -> tuple[Any, ...]:
        args, captures, values = self._parts(arrays)
        upstream = [
            _conjugate(_plain(cotangent, aval))
            for cotangent, aval in zip(
                cotangents[: self.forward.num_outputs],
                self.forward.out_avals,
                strict=False,
            )
        ]
        found, _ = self.backward.call(
            [*args, *upstream],
            captures[len(self.forward.captures) :],
            [values[id(v)] for v in self.backward.variables],
        )
        places = [*range(self.count), *map(self._place, self.watched)]
        results = [_zero(array) for array in arrays]
        for place, gradient in zip(places, found, strict=True):
            if arrays[place].dtype.kind in "fcV":
                results[place] = _conjugate(gradient.astype(arrays[place].dtype))
        return tuple(results)

    def _place(self, variable: Any) -> int:
        index = [id(v) for v in self.variables].index(id(variable))
        return self.count + len(self.captures) + index


def _conjugate(array: Any) -> Any:
    """TensorFlow's and JAX's gradients of complex numbers are conjugates."""
    return jnp.conj(array) if array.dtype.kind == "c" else array


def _plain(cotangent: Any, aval: Any) -> Any:
    if cotangent.dtype == jax.dtypes.float0:
        return jnp.zeros(aval.shape, aval.dtype)
    return cotangent


def _zero(array: Any) -> Any:
    if array.dtype.kind in "fcV":
        return jnp.zeros(array.shape, array.dtype)
    return np.zeros(array.shape, jax.dtypes.float0)


# ---------------------------------------------------------------- on top of it


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Computes a function again in the backward pass instead of keeping its values.

    Args:
        f: a function of tensors; it may read variables.

    Returns:
        A function of the same arguments and results, which needs less memory and more
        time when it is differentiated.

    Reference: ``tf.recompute_grad``.
    """

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        @custom_gradient
        def inner(*tensors: Any) -> Any:
            result = f(*tensors, **kwargs)

            def grad(*upstream: Any, variables: Any = None) -> Any:
                with GradientTape() as tape:
                    tape.watch([t for t in tensors if inexact(t)])
                    again = f(*tensors, **kwargs)
                sources = [list(tensors), list(variables or [])]
                found, more = tape.gradient(again, sources, list(upstream))
                return (found, more) if variables else found

            return result, grad

        return inner(*args)

    return wrapper


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Lets the gradient through a function as if it were the identity.

    Args:
        f: a function whose results have the shapes of its arguments.

    Returns:
        A function with the values of ``f`` and the gradient of the identity.

    Reference: ``tf.grad_pass_through``.
    """

    @custom_gradient
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        def grad(*upstream: Any, variables: Any = None) -> Any:
            if variables:
                return list(upstream), [None] * len(variables)
            return list(upstream)

        return f(*args, **kwargs), grad

    return functools.wraps(f)(wrapper)
