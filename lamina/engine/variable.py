"""``Variable``: a named cell that holds a tensor.

A variable keeps its current value as a ``Tensor``. Reading gives that very object, so
a tensor read before an update keeps its value. Inside a trace, reads and writes go to
the trace, which makes them inputs and outputs of the program.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lamina.engine.context import state
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.errors import ShapeError, message
from lamina.engine.kernel import Kernel, execute
from lamina.engine.operators import TensorOperators
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import (
    Reference,
    Tensor,
    Tracer,
    convert_to_tensor,
    operator_class,
)
from lamina.engine.trace import init_scope


class VariableSynchronization(enum.Enum):
    """How copies of a variable on several replicas are kept equal."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How updates from several replicas are combined."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


_ASSIGN_ADD = Kernel("Variable.assign_add", lambda x, y: x + y)
_ASSIGN_SUB = Kernel("Variable.assign_sub", lambda x, y: x - y)
_IN_PLACE = {
    kernel: jax.jit(kernel.call, donate_argnums=0)
    for kernel in (_ASSIGN_ADD, _ASSIGN_SUB)
}
_ROWS = Kernel("Variable.sparse_read", lambda x, i: jnp.take(x, i, axis=0))
_AT: dict[str, str] = {
    "update": "set",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
}
_SCATTER: dict[str, Kernel] = {
    name: Kernel(
        f"Variable.scatter_{name}",
        lambda x, i, u, at=_AT.get(name, name): getattr(x.at[i], at)(u),
    )
    for name in ("add", "sub", "mul", "div", "min", "max", "update")
}
_SCATTER_ND: dict[str, Kernel] = {
    name: Kernel(
        f"Variable.scatter_nd_{name}",
        lambda x, i, u, at=_AT.get(name, name): getattr(
            x.at[tuple(jnp.moveaxis(i, -1, 0))], at
        )(u),
    )
    for name in ("add", "sub", "min", "max", "update")
}


@operator_class
class Variable(TensorOperators):
    """A mutable tensor of fixed dtype.

    Args:
        initial_value: anything that converts to a tensor, or a function without
            arguments that returns it.
        trainable: whether tapes watch it when it is read.
        validate_shape: False allows assignments of another shape.
        caching_device: accepted for compatibility; values are not cached.
        name: the name; ``"Variable"`` if None.
        variable_def: not supported in TensorFlow 2; must be None.
        dtype: the element type; that of the value if None.
        import_scope: must be None.
        constraint: a function applied by optimizers after an update.
        synchronization: how replicas are kept equal.
        aggregation: how replicas' updates are combined.
        shape: a less specific shape that assignments may have.
        experimental_enable_variable_lifting: accepted; creation is always lifted.

    Raises:
        ValueError: without an initial value, or for a value computed from a traced
            function's inputs.

    Reference: ``tf.Variable``.
    """

    __array_priority__ = 100

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: VariableSynchronization = VariableSynchronization.AUTO,
        aggregation: VariableAggregation = VariableAggregation.NONE,
        shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ) -> None:
        if initial_value is None:
            raise ValueError(
                message(
                    "tf.Variable",
                    expected="an initial_value",
                    received="None",
                    hint="Pass a value, or a function that makes one.",
                )
            )
        tensor = _initial(initial_value, dtype)
        self._name = _scoped(name or "Variable")
        self._trainable = (
            synchronization is not VariableSynchronization.ON_READ
            if trainable is None
            else bool(trainable)
        )
        self._constraint = constraint
        self._synchronization = synchronization
        self._aggregation = aggregation
        self._setup(tensor, shape, validate_shape)

    def _setup(self, tensor: Tensor, shape: Any = None, validate: bool = True) -> None:
        self._tensor = tensor
        self._dtype = tensor.dtype
        self._shape = tensor.shape if shape is None else TensorShape(shape)
        if not validate and shape is None:
            self._shape = TensorShape(None)
        if not self._shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"tf.Variable: the initial value's shape {tensor.shape} is not "
                f"compatible with shape={self._shape}."
            )
        if state.trace is not None:
            _created(self)

    # ------------------------------------------------------ attributes

    @property
    def name(self) -> str:
        """The name, with TensorFlow's ``:0`` at its end."""
        return f"{self._name}:0"

    @property
    def _shared_name(self) -> str:
        return self._name

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The shape that values have."""
        return self._shape

    @property
    def ndim(self) -> int | None:
        """The number of dimensions."""
        return self._shape.rank

    def get_shape(self) -> TensorShape:
        """The same as ``shape``."""
        return self._shape

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it when it is read."""
        return self._trainable

    @property
    def device(self) -> str:
        """The device that holds the value."""
        return self._tensor.device

    @property
    def constraint(self) -> Callable[[Any], Any] | None:
        """The function applied after an optimizer's update."""
        return self._constraint

    @property
    def synchronization(self) -> VariableSynchronization:
        """How replicas are kept equal."""
        return self._synchronization

    @property
    def aggregation(self) -> VariableAggregation:
        """How replicas' updates are combined."""
        return self._aggregation

    @property
    def initial_value(self) -> Tensor:
        """Not kept: raises RuntimeError, as TensorFlow does when eager."""
        raise RuntimeError("This property is not supported when eager execution is on.")

    @property
    def handle(self) -> Variable:
        """The variable itself."""
        return self

    # ------------------------------------------------------ reading

    def read_value(self) -> Tensor:
        """The current value."""
        trace = state.trace
        tensor = self._tensor if trace is None else trace.read(self)
        for tape in state.tapes:
            tape.variable_read(self, tensor)
        return tensor

    def value(self) -> Tensor:
        """The current value."""
        return self.read_value()

    def __lamina_tensor__(self) -> Tensor:
        return self.read_value()

    def owned_value(self) -> Any:
        """The device array, held by nothing but this variable's tensor."""
        if isinstance(self._tensor._value, np.ndarray):
            with init_scope():
                self._tensor = Tensor(jax.device_put(self._tensor._value))
        elif not self.is_sole_owner():
            with init_scope():
                self._tensor = Tensor(jnp.array(self._tensor._value, copy=True))
        return self._tensor._value

    def is_sole_owner(self) -> bool:
        """Whether no one else holds the tensor or its array (so it may be donated)."""
        tensor = self._tensor
        # One reference is the attribute's, one `tensor`, one getrefcount's argument;
        # the array: the tensor's slot and the argument.
        return sys.getrefcount(tensor) <= 3 and sys.getrefcount(tensor._value) <= 2

    def numpy(self) -> Any:
        """The current value as a NumPy array."""
        return self.read_value().numpy()

    def initialized_value(self) -> Tensor:
        """The current value: variables are always initialised."""
        return self.read_value()

    def eval(self, session: Any = None) -> Any:
        """The current value as a NumPy array."""
        return self.numpy()

    def ref(self) -> Reference:
        """A hashable reference, usable as a dictionary key."""
        return Reference(self)

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows at ``indices``."""
        found = execute(_ROWS, [self.read_value(), convert_to_tensor(indices)])
        return found  # type: ignore[no-any-return]

    # ------------------------------------------------------ writing

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Sets the value.

        Args:
            value: anything that converts to the variable's dtype and has its shape.
            use_locking: has no effect; updates are ordered as in the program.
            name: an optional name.
            read_value: whether to return the variable.

        Returns:
            The variable itself.

        Raises:
            ValueError: if the shape does not fit.

        Reference: ``tf.Variable.assign``.
        """
        tensor = convert_to_tensor(value, self._dtype)
        if not self._shape.is_compatible_with(tensor.shape):
            raise ShapeError.of(
                f"Variable.assign ('{self._name}')",
                expected=f"a value of shape {self._shape}",
                received=f"shape {tensor.shape}",
                hint="Cannot assign value to variable: Shape mismatch. Reshape the "
                "value, or create the variable with shape=tf.TensorShape(None).",
            )
        self._store(tensor)
        return self if read_value else None

    def _store(self, tensor: Tensor) -> None:
        trace = state.trace
        if trace is not None:
            trace.write(self, tensor)
        elif isinstance(tensor._value, Tracer):
            raise ValueError(
                f"Variable.assign ('{self._name}'): the value belongs to a traced "
                "function. Received: a symbolic tensor outside of its function. "
                "Assign inside the function, or return the tensor from it."
            )
        else:
            self._tensor = tensor

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Adds ``delta`` to the value; returns the variable."""
        return self._update(_ASSIGN_ADD, "assign_add", delta, read_value)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtracts ``delta`` from the value; returns the variable."""
        return self._update(_ASSIGN_SUB, "assign_sub", delta, read_value)

    def _update(self, kernel: Kernel, name: str, delta: Any, read_value: bool) -> Any:
        tensor = convert_to_tensor(delta, self._dtype)
        now = self._tensor._value
        if (
            state.trace is None
            and tensor._value.shape == now.shape
            and not isinstance(now, np.ndarray)
        ):
            del now
            self._set_in_place(kernel, tensor)
            return self if read_value else None
        if not _broadcasts(tensor.shape, self.shape):
            raise ShapeError.of(
                f"Variable.{name} ('{self._name}')",
                expected=f"a value of shape {self.shape}",
                received=f"shape {tensor.shape}",
            )
        with _untaped():
            self._store(execute(kernel, [self.read_value(), tensor]))
        return self if read_value else None

    def _set_in_place(self, kernel: Kernel, delta: Tensor) -> None:
        """Updates the value where it lies, unless someone else holds it."""
        run = _IN_PLACE[kernel] if self.is_sole_owner() else kernel.jit
        array = delta._value
        if isinstance(array, np.ndarray):
            array = delta.placed()
        self._tensor = Tensor(run(self._tensor._value, array))

    def _scatter(self, kernel: Kernel, slices: Any) -> Variable:
        indices = convert_to_tensor(slices.indices)
        values = convert_to_tensor(slices.values, self._dtype)
        with _untaped():
            self._store(execute(kernel, [self.read_value(), indices, values]))
        return self

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Adds ``IndexedSlices`` to the rows that they name."""
        return self._scatter(_SCATTER["add"], sparse_delta)

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Subtracts ``IndexedSlices`` from the rows that they name."""
        return self._scatter(_SCATTER["sub"], sparse_delta)

    def scatter_mul(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Multiplies the rows that ``IndexedSlices`` name."""
        return self._scatter(_SCATTER["mul"], sparse_delta)

    def scatter_div(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Divides the rows that ``IndexedSlices`` name."""
        return self._scatter(_SCATTER["div"], sparse_delta)

    def scatter_min(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Takes the minimum in the rows that ``IndexedSlices`` name."""
        return self._scatter(_SCATTER["min"], sparse_delta)

    def scatter_max(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Takes the maximum in the rows that ``IndexedSlices`` name."""
        return self._scatter(_SCATTER["max"], sparse_delta)

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Sets the rows that ``IndexedSlices`` name."""
        return self._scatter(_SCATTER["update"], sparse_delta)

    def _scatter_nd(self, kernel: Kernel, indices: Any, updates: Any) -> Variable:
        values = convert_to_tensor(updates, self._dtype)
        with _untaped():
            at = convert_to_tensor(indices)
            self._store(execute(kernel, [self.read_value(), at, values]))
        return self

    def scatter_nd_add(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Variable:
        """Adds ``updates`` at ``indices`` of shape ``(..., K)``."""
        return self._scatter_nd(_SCATTER_ND["add"], indices, updates)

    def scatter_nd_sub(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Variable:
        """Subtracts ``updates`` at ``indices`` of shape ``(..., K)``."""
        return self._scatter_nd(_SCATTER_ND["sub"], indices, updates)

    def scatter_nd_update(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Variable:
        """Sets ``updates`` at ``indices`` of shape ``(..., K)``."""
        return self._scatter_nd(_SCATTER_ND["update"], indices, updates)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Always True."""
        return convert_to_tensor(True)

    def set_shape(self, shape: Any) -> None:
        """Makes the static shape more specific."""
        self._shape = self._shape.merge_with(shape)

    # ------------------------------------------------------ Python protocol

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.read_value().__array__(dtype, copy)

    def __jax_array__(self) -> Any:
        return self.read_value()._value

    def __len__(self) -> int:
        return len(self.read_value())

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.read_value())

    def __bool__(self) -> bool:
        return bool(self.read_value())

    def __int__(self) -> int:
        return int(self.read_value())

    def __float__(self) -> float:
        return float(self.read_value())

    def __complex__(self) -> complex:
        return complex(self.read_value())

    def __index__(self) -> int:
        return self.read_value().__index__()

    def __format__(self, spec: str) -> str:
        return format(self.read_value(), spec) if spec else str(self)

    def __hash__(self) -> int:
        raise TypeError(
            "Variable is unhashable. Instead, use variable.ref() as the key."
        )

    def __repr__(self) -> str:
        head = f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}"
        if isinstance(self._tensor._value, Tracer) or state.trace is not None:
            return f"{head}>"
        return f"{head}, numpy={self._tensor._text(repr)}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        for key, value in self.__dict__.items():
            copied.__dict__[key] = value
        copied._tensor = Tensor(jnp.array(self._tensor._value, copy=True))
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.numpy(), self._name, self._trainable)


def _rebuild(cls: type[Variable], value: Any, name: str, trainable: bool) -> Variable:
    made = Variable.__new__(cls)
    Variable.__init__(made, value, trainable=trainable, name=name)
    return made


def _initial(value: Any, dtype: Any) -> Tensor:
    trace = state.trace
    with init_scope():
        if callable(value) and not isinstance(value, Tensor | Variable):
            value = value()
    if hasattr(value, "__tensor_value__"):
        value = value.__tensor_value__()
    tensor = convert_to_tensor(value, None if dtype is None else as_dtype(dtype))
    if isinstance(tensor._value, Tracer):
        try:
            if trace is None:
                raise KeyError(tensor)
            return Tensor(trace.value_now(tensor))
        except KeyError:
            raise ValueError(
                message(
                    "tf.Variable",
                    expected="an initial value that is known when the variable is made",
                    received="a tensor computed from a traced function's inputs",
                    hint="Pass a function that makes the value, such as `lambda: "
                    "tf.zeros(shape)`, or create the variable outside.",
                )
            ) from None
    if isinstance(tensor._value, np.ndarray) and tensor._value.dtype != object:
        with init_scope():
            return Tensor(jax.device_put(tensor._value))
    return Tensor(tensor._value)


def _created(variable: Variable) -> None:
    """A variable made while tracing: allowed on the first call of the function."""
    trace = state.trace
    while trace is not None:
        trace.created.append(variable)
        trace = trace.parent


def _scoped(name: str) -> str:
    return "/".join((*state.scopes, name))


def _broadcasts(shape: TensorShape, onto: TensorShape) -> bool:
    if shape == onto:
        return True
    try:
        return np.broadcast_shapes(tuple(shape), tuple(onto)) == tuple(onto)
    except ValueError:
        return False


class _untaped:
    """Updates are not recorded: a variable's history is not differentiated."""

    def __enter__(self) -> None:
        self._saved = state.tapes
        if self._saved:
            state.tapes = ()

    def __exit__(self, *_: Any) -> None:
        state.tapes = self._saved
