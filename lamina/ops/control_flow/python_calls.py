"""``tf.py_function`` and ``tf.numpy_function``: calling Python from a program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jax.experimental import io_callback

from lamina.autograph.conversion import artifact, status
from lamina.autograph.staging.effects import fail_callback
from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.kernel import HostOpInTrace, Kernel, execute
from lamina.engine.shapes import TensorShape
from lamina.engine.tape import GradientTape, UnconnectedGradients
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import init_scope, is_tracing


def py_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,
    name: str | None = None,
) -> Any:
    """Calls a Python function with eager tensors, also when a traced program runs.

    Args:
        func: takes eager tensors; gives values that convert to tensors of ``Tout``.
            None makes a decorator: the function's calls give ``inp``.
        inp: the arguments: a list of values that convert to tensors.
        Tout: the dtype of the result, or a list of dtypes; ``tf.TensorSpec``s also
            give shapes; None or an empty list for no result.
        name: accepted; used in nothing.

    Returns:
        A tensor, a list of tensors, or None. Differentiable: the function is recorded
        on a tape when its gradient is asked for.

    Raises:
        InvalidArgumentError: if the results do not have the dtypes of ``Tout``.

    Reference: ``tf.py_function``. A program needs the results' shapes: where ``Tout``
    has none, the function is called once on zeros while tracing to find them, and must
    then always return those; if it fails on zeros, the traced function runs op by op.
    Inside a loop of unknown length, the gradient of the loop calls it again.
    """
    del name

    def call(function: Any, values: Any) -> Any:
        return _call("tf.py_function", function, values, Tout, True, True)

    return _decorator(call) if func is None else call(func, inp)


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Sequence[Any] | None = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Calls a Python function with NumPy arrays, also when a traced program runs.

    Args:
        func: takes NumPy arrays; gives NumPy arrays of the dtypes ``Tout``. None makes
            a decorator: the function's calls give ``inp``.
        inp: the arguments: a list of values that convert to tensors.
        Tout: the dtype of the result, or a list of dtypes; ``tf.TensorSpec``s also
            give shapes; None or an empty list for no result.
        stateful: False allows the program to call it fewer times if the results are
            not used or the arguments repeat.
        name: accepted; used in nothing.

    Returns:
        A tensor, a list of tensors, or None. Not differentiable.

    Raises:
        InvalidArgumentError: if the results do not have the dtypes of ``Tout``.

    Example:
        >>> def double(x):
        ...     return 2 * x
        >>> tf.numpy_function(double, [np.float32([1.0])], tf.float32).numpy().tolist()
        [2.0]

    Reference: ``tf.numpy_function``; for shapes see ``tf.py_function``.
    """
    del name

    def call(function: Any, values: Any) -> Any:
        return _call("tf.numpy_function", function, values, Tout, False, stateful)

    return _decorator(call) if func is None else call(func, inp)


def _decorator(call: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """What makes a function whose calls go through ``call``."""

    def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(func)
        def wrapped(*args: Any) -> Any:
            return call(func, args)

        return artifact(wrapped)  # type: ignore[no-any-return]

    return decorate


def _call(
    name: str, func: Any, inp: Any, tout: Any, eager: bool, stateful: bool
) -> Any:
    if not callable(func):
        raise ValueError(
            f"{name}: expected 'func' to be callable. Received: {func!r:.100}. Pass a "
            "Python function."
        )
    given = [] if inp is None else list(inp)
    tensors = [convert_to_tensor(each) for each in nest.flatten(given)]
    specs = _Results(name, tout)
    host = _Host(name, func, given, specs, eager)
    if not is_tracing():
        return specs.pack(host.eagerly(tensors))
    if any(each._value.dtype == object for each in tensors) or specs.has_strings:
        raise HostOpInTrace(f"{name} with strings")
    shapes = specs.shapes or host.probe(tensors)
    results = [
        jax.ShapeDtypeStruct(shape, dtype.np_dtype)
        for shape, dtype in zip(shapes, specs.dtypes, strict=True)
    ]
    lower = _differentiable(host, results, stateful) if eager else None
    if lower is None:
        lower = _plain(host, results, stateful)
    if not results:
        lower([state.trace.use(each) for each in tensors])  # type: ignore[union-attr]
        return specs.pack([])
    kernel = Kernel(name, lambda *arrays: lower(arrays), differentiable=eager)
    # A constant argument must not make the call happen while tracing.
    tensors = [_traced(each) for each in tensors] or [_traced(Tensor(np.zeros(())))]
    return specs.pack(list(execute(kernel, tensors)))


def _traced(tensor: Tensor) -> Tensor:
    if not isinstance(tensor._value, np.ndarray):
        return tensor
    made = Tensor(jnp.array(tensor._value))
    assert state.trace is not None
    state.trace.adopt([made])
    return made


class _Results:
    """What ``Tout`` says about the results."""

    def __init__(self, name: str, tout: Any) -> None:
        self._name = name
        self._tout = tout
        items = [] if tout is None else nest.flatten(tout)
        self.dtypes: list[DType] = [
            as_dtype(getattr(item, "dtype", item)) for item in items
        ]
        shapes = [TensorShape(getattr(item, "shape", None)) for item in items]
        known = all(shape.is_fully_defined() for shape in shapes)
        self.shapes = [tuple(shape) for shape in shapes] if known else None
        self.has_strings = any(dtype == "string" for dtype in self.dtypes)

    def check(self, values: Any) -> list[Any]:
        """What a call gave, as a flat list with the right number of values."""
        if not self.dtypes:
            return []
        flat = nest.flatten(values) if nest.is_nested(self._tout) else [values]
        if len(flat) != len(self.dtypes):
            raise InvalidArgumentError.of(
                self._name,
                expected=f"{len(self.dtypes)} results, as Tout says",
                received=f"{len(flat)}",
                hint="Return one value per entry of Tout.",
            )
        return flat

    def pack(self, tensors: list[Tensor]) -> Any:
        """The results in the structure of ``Tout``."""
        if self._tout is None or not self.dtypes:
            return None if self._tout is None else []
        if not nest.is_nested(self._tout):
            return tensors[0]
        return nest.pack_sequence_as(self._tout, tensors)


class _Host:
    """The Python function and how it is called with arrays.

    Args:
        name: the public function.
        func: the user's function.
        inp: its arguments, for their structure.
        specs: what it must return.
        eager: whether it takes tensors rather than NumPy arrays.
    """

    def __init__(
        self, name: str, func: Any, inp: list[Any], specs: _Results, eager: bool
    ) -> None:
        self._name = name
        self._func = func
        self._inp = inp
        self._specs = specs
        self._eager = eager

    def eagerly(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Calls the function; what it does with tensors is recorded by tapes."""
        arguments: list[Any] = list(tensors)
        if not self._eager:
            arguments = [np.asarray(each._value) for each in tensors]
        packed = nest.pack_sequence_as(self._inp, arguments)
        with status.disabled():
            out = self._func(*packed)
        return [
            self._converted(value, dtype)
            for value, dtype in zip(
                self._specs.check(out), self._specs.dtypes, strict=True
            )
        ]

    def _converted(self, value: Any, dtype: DType) -> Tensor:
        if isinstance(value, Tensor) or hasattr(value, "dtype"):
            tensor = convert_to_tensor(value)
            if tensor.dtype == dtype:
                return tensor
            received = tensor.dtype.name
        else:
            try:
                return convert_to_tensor(value, dtype)
            except (TypeError, ValueError) as error:
                received = f"{value!r:.80}: {error}"
        raise InvalidArgumentError.of(
            self._name,
            expected=f"a {dtype.name} result, as Tout says",
            received=received,
            hint="Return that dtype, or change Tout.",
        )

    def probe(self, tensors: Sequence[Tensor]) -> list[tuple[int, ...]]:
        """The shapes of the results, found by a call on zeros."""
        if not self._specs.dtypes:
            return []
        zeros = [np.zeros(tuple(t.shape), t.dtype.np_dtype) for t in tensors]
        try:
            with init_scope():
                out = self.eagerly([Tensor(each) for each in zeros])
        except Exception as error:
            raise HostOpInTrace(
                f"{self._name} (its result has no known shape: {error!s:.80})"
            ) from None
        return [tuple(each.shape) for each in out]

    def run(self, results: list[Any], arrays: Sequence[Any]) -> list[Any]:
        """Calls the function while a program runs."""
        try:
            tensors = [Tensor(np.asarray(array)) for array in arrays]
            out = self.eagerly(tensors[: len(nest.flatten(self._inp))])
            values = [np.asarray(each._value) for each in out]
            for value, result in zip(values, results, strict=True):
                if value.shape != result.shape:
                    raise InvalidArgumentError.of(
                        self._name,
                        expected=f"a result of shape {result.shape}, as when it was "
                        "traced",
                        received=f"shape {value.shape}",
                        hint="Give the shapes as tf.TensorSpec in Tout, or call it "
                        "outside of tf.function.",
                    )
            return values
        except Exception as error:
            fail_callback(error)

    def pull(
        self, arrays: Sequence[Any], cotangents: Sequence[Any], wanted: Sequence[int]
    ) -> list[Any]:
        """The gradients of the function while a program runs."""
        try:
            tensors = [Tensor(np.asarray(array)) for array in arrays]
            with GradientTape() as tape:
                tape.watch([tensors[at] for at in wanted])
                out = self.eagerly(tensors[: len(nest.flatten(self._inp))])
            floats = [each for each in out if _floating(each._value)]
            given = [
                Tensor(np.asarray(c, each.dtype.np_dtype))
                for c, each in zip(cotangents, floats, strict=True)
            ]
            sources = [tensors[at] for at in wanted]
            gradients = tape.gradient(
                floats,
                sources,
                output_gradients=given,
                unconnected_gradients=UnconnectedGradients.ZERO,
            )
            return [
                np.asarray(g._value, s.dtype.np_dtype)
                for g, s in zip(gradients, sources, strict=True)
            ]
        except Exception as error:
            fail_callback(error)


def _floating(array: Any) -> bool:
    return bool(jnp.issubdtype(array.dtype, jnp.inexact))


def _plain(host: _Host, results: list[Any], stateful: bool) -> Callable[..., Any]:
    def lower(arrays: Sequence[Any]) -> Any:
        def run(*values: Any) -> Any:
            return host.run(results, values)

        stopped = [jax.lax.stop_gradient(jnp.asarray(each)) for each in arrays]
        if stateful:
            return io_callback(run, results, *stopped, ordered=False)
        return jax.pure_callback(run, results, *stopped, vmap_method="sequential")

    return lower


def _differentiable(
    host: _Host, results: list[Any], stateful: bool
) -> Callable[..., Any]:
    plain = _plain(host, results, stateful)

    @jax.custom_vjp
    def call(arrays: list[Any]) -> Any:
        return plain(arrays)

    def forward(arrays: list[Any]) -> Any:
        return plain(arrays), arrays

    def backward(arrays: list[Any], cotangents: Any) -> Any:
        wanted = [at for at, each in enumerate(arrays) if _floating(each)]
        floats = [
            c for c, spec in zip(cotangents, results, strict=True) if _floating(spec)
        ]
        specs = [
            jax.ShapeDtypeStruct(arrays[at].shape, arrays[at].dtype) for at in wanted
        ]
        count = len(arrays)

        def pull(*values: Any) -> Any:
            return host.pull(values[:count], values[count:], wanted)

        found = dict(
            zip(
                wanted,
                jax.pure_callback(
                    pull, specs, *arrays, *floats, vmap_method="sequential"
                ),
                strict=True,
            )
        )
        return ([found.get(at) for at in range(count)],)

    call.defvjp(forward, backward)
    return lambda arrays: call([jnp.asarray(each) for each in arrays])
