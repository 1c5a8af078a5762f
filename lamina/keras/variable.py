"""`keras.Variable`: a variable with a path, a regulariser and autocast."""

from __future__ import annotations

from typing import Any

import numpy as np

import lamina.ops.operators  # noqa: F401  (gives tensors their operators)
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import init_scope
from lamina.engine.variable import Variable as EngineVariable
from lamina.engine.variable import VariableAggregation, VariableSynchronization
from lamina.keras import initializers
from lamina.keras.common.autocast import get_autocast_scope
from lamina.keras.common.naming import auto_name, current_path
from lamina.keras.common.standardize import (
    shapes_match,
    standardize_dtype,
    standardize_shape,
)
from lamina.keras.common.stateless import (
    get_stateless_scope,
    in_stateless_scope,
    register_uninitialized_variable,
)
from lamina.keras.ops import arithmetic
from lamina.keras.ops.matrices import matmul
from lamina.ops.array.casting import cast

_AGGREGATIONS = {
    "none": VariableAggregation.NONE,
    "mean": VariableAggregation.MEAN,
    "sum": VariableAggregation.SUM,
    "only_first_replica": VariableAggregation.ONLY_FIRST_REPLICA,
}
_SYNCHRONIZATIONS = {
    "none": VariableSynchronization.NONE,
    "on_read": VariableSynchronization.ON_READ,
    "on_write": VariableSynchronization.ON_WRITE,
    "auto": VariableSynchronization.AUTO,
}


def _operator(function: Any, reflected: bool) -> Any:
    """A Python operator with the dtype rules of `keras.ops`: dtypes are promoted."""

    def method(self: Any, other: Any) -> Any:
        if other is None:
            return NotImplemented
        value = self.read_value()
        if isinstance(other, Variable):
            other = other.read_value()
        return function(other, value) if reflected else function(value, other)

    return method


_PAIRS = {
    "add": arithmetic.add,
    "sub": arithmetic.subtract,
    "mul": arithmetic.multiply,
    "truediv": arithmetic.true_divide,
    "floordiv": arithmetic.floor_divide,
    "mod": arithmetic.mod,
    "pow": arithmetic.power,
    "matmul": matmul,
    "and": arithmetic.logical_and,
    "or": arithmetic.logical_or,
    "xor": arithmetic.logical_xor,
}
_COMPARISONS = {
    "eq": arithmetic.equal,
    "ne": arithmetic.not_equal,
    "lt": arithmetic.less,
    "le": arithmetic.less_equal,
    "gt": arithmetic.greater,
    "ge": arithmetic.greater_equal,
}


class Variable(EngineVariable):
    """A named tensor that can be assigned to.

    Args:
        initializer: the first value, or a function of `shape` and `dtype` that makes
            it, or the name of an initializer.
        shape: the shape, needed with a function or name.
        dtype: the dtype; that of the value, or `floatx` with a function.
        trainable: whether optimizers update it.
        autocast: whether it is read in the compute dtype of the running layer.
        aggregation: how replicas' updates are combined: `"none"`, `"mean"`, `"sum"` or
            `"only_first_replica"`.
        synchronization: how replicas are kept equal: `"auto"`, `"none"`, `"on_read"`
            or `"on_write"`.
        name: the name, without `/`.

    Raises:
        ValueError: a name with `/`, a function without a shape, a shape with `None`,
            or a value given inside a `StatelessScope`.

    Example:

        >>> v = keras.Variable(np.zeros((2, 3)), name="table")
        >>> _ = v.assign(np.ones((2, 3)))

    Reference: `keras.Variable`. It is a `tf.Variable` too; operators promote dtypes
    as `keras.ops` does.
    """

    _tensor: Tensor

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = "none",
        synchronization: str | None = "auto",
        name: str | None = None,
    ) -> None:
        name = name or auto_name(type(self).__name__)
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                "Argument `name` must be a string and cannot contain character `/`. "
                f"Received: name={name}"
            )
        self._keras_aggregation = _choice("aggregation", aggregation, _AGGREGATIONS)
        self._keras_synchronization = _choice(
            "synchronization", synchronization, _SYNCHRONIZATIONS
        )
        self._aggregation = _AGGREGATIONS[self._keras_aggregation]
        self._synchronization = _SYNCHRONIZATIONS[self._keras_synchronization]
        self._name = name
        parent = current_path()
        self._path = f"{parent}/{name}" if parent else name
        self._trainable = bool(trainable)
        self._autocast = bool(autocast)
        self._regularizer: Any = None
        self._constraint = None
        self._overwrite_with_gradient = False
        self._initializer: Any = None
        if isinstance(initializer, str):
            initializer = initializers.get(initializer)
        if callable(initializer) and not hasattr(initializer, "__array__"):
            self._set_up_from_function(initializer, shape, dtype)
        else:
            self._set_up_from_value(initializer, dtype)

    def _set_up_from_function(self, initializer: Any, shape: Any, dtype: Any) -> None:
        if shape is None:
            raise ValueError(
                "When creating a Variable from an initializer, the `shape` argument "
                f"should be specified. Received: initializer={initializer} and "
                f"shape={shape}"
            )
        self._dtype = as_dtype(standardize_dtype(dtype))
        full = standardize_shape(shape)
        if None in full:
            raise ValueError(
                "Shapes used to initialize variables must be fully-defined (no `None` "
                f"dimensions). Received: shape={full} for variable "
                f"path='{self.path}'"
            )
        if in_stateless_scope():
            self._initializer = initializer
            self._shape = TensorShape(full)
            register_uninitialized_variable(self)
            return
        self._initialize(initializer, full)

    def _initialize(self, initializer: Any, shape: Any) -> None:
        with init_scope():
            value = initializer(shape, dtype=self._dtype)
            self._set_value(value)

    def _set_up_from_value(self, value: Any, dtype: Any) -> None:
        if in_stateless_scope():
            raise ValueError(
                "You are attempting to create a variable while in a stateless scope. "
                "This is disallowed. Make sure that all variables are created before "
                "you start using your layer/model objects: in `build(self, "
                "input_shape)`, with `self.add_weight(shape=..., initializer=...)`."
            )
        with init_scope():
            if isinstance(value, EngineVariable):
                value = value.read_value()
            if dtype is None and not hasattr(value, "dtype"):
                value = convert_to_tensor(value)
            self._dtype = as_dtype(
                standardize_dtype(value.dtype if dtype is None else dtype)
            )
            self._set_value(value)

    def _set_value(self, value: Any) -> None:
        tensor = _to_dtype(value, self._dtype)
        EngineVariable.__init__(
            self,
            tensor,
            trainable=self._trainable,
            name=self._name,
            synchronization=self._synchronization,
            aggregation=self._aggregation,
        )
        self._name = self._path.rpartition("/")[2]

    def _deferred_initialize(self) -> None:
        """Give a variable made in a `StatelessScope` its value.

        Raises:
            ValueError: it has one already, or a scope is still open.
        """
        if self._initializer is None:
            raise ValueError(f"Variable {self.path} is already initialized.")
        if in_stateless_scope():
            raise ValueError(
                "You are attempting to initialize a variable while in a stateless "
                "scope. This is disallowed. Make sure that all variables are "
                "initialized before you start using your layer/model objects."
            )
        initializer, self._initializer = self._initializer, None
        self._initialize(initializer, tuple(self._shape))

    # -------------------------------------------------------------- attributes

    @property
    def name(self) -> str:
        """The name, without the path."""
        return self._name

    @property
    def path(self) -> str:
        """The names of the enclosing layers and of the variable, joined with `/`."""
        return self._path

    @property
    def dtype(self) -> DType:
        """The dtype that reading gives: the compute dtype inside an autocast scope."""
        target = self._cast_target()
        return self._dtype if target is None else as_dtype(target)

    @property
    def _stored_dtype(self) -> DType:
        return self._dtype

    def _cast_target(self) -> str | None:
        if not self._autocast or not self._dtype.is_floating:
            return None
        scope = get_autocast_scope()
        return None if scope is None else scope.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    @property
    def trainable(self) -> bool:
        """Whether optimizers update it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)

    @property
    def autocast(self) -> bool:
        """Whether it is read in the compute dtype of the running layer."""
        return self._autocast

    @property
    def aggregation(self) -> str:  # type: ignore[override]
        """How replicas' updates are combined."""
        return self._keras_aggregation

    @property
    def synchronization(self) -> str:  # type: ignore[override]
        """How replicas are kept equal."""
        return self._keras_synchronization

    @property
    def overwrite_with_gradient(self) -> bool:
        """Whether optimizers replace the value by the gradient."""
        return self._overwrite_with_gradient

    @overwrite_with_gradient.setter
    def overwrite_with_gradient(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(
                f"`overwrite_with_gradient` must be a boolean. Received: {value}"
            )
        self._overwrite_with_gradient = value

    @property
    def regularizer(self) -> Any:
        """A function whose value at the variable is added to the losses."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Any) -> None:
        self._regularizer = _callable_or_none("regularizer", "Regularizer", value)

    @property
    def constraint(self) -> Any:
        """A function applied to the variable after an update."""
        return self._constraint

    @constraint.setter
    def constraint(self, value: Any) -> None:
        self._constraint = _callable_or_none("constraint", "Constraint", value)

    # ------------------------------------------------------------------ reading

    def read_value(self) -> Tensor:
        """The current value, in the compute dtype inside an autocast scope."""
        tensor = self._read_stored()
        target = self._cast_target()
        if target is None or tensor.dtype == target:
            return tensor
        return cast(tensor, target)

    def _read_stored(self) -> Tensor:
        scope = get_stateless_scope()
        if scope is not None:
            held = scope.get_current_value(self)
            if held is not None:
                return held
        if self._initializer is not None:
            return convert_to_tensor(
                self._initializer(tuple(self._shape), dtype=self._dtype)
            )
        return super().read_value()

    @property
    def value(self) -> Tensor:  # type: ignore[override]
        """The current value as a tensor."""
        return self.read_value()

    def numpy(self) -> Any:
        """The current value as a NumPy array."""
        return np.array(self.read_value().numpy())

    # ------------------------------------------------------------------ writing

    def assign(  # type: ignore[override]
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Set the value, cast to the variable's dtype.

        Returns:
            The new value as a tensor.

        Raises:
            ValueError: the shape is another.
        """
        tensor = _to_dtype(value, self._dtype)
        if not shapes_match(tensor.shape, self._shape):
            raise ValueError(
                "The shape of the target variable and the shape of the target value "
                "in `variable.assign(value)` must match. "
                f"variable.shape={tuple(self._shape)}, "
                f"Received: value.shape={tuple(tensor.shape)}. "
                f"Target variable: {self!r}"
            )
        scope = get_stateless_scope()
        if scope is not None:
            scope.add_update((self, tensor))
        else:
            self._store(tensor)
        return tensor if read_value else None

    def assign_add(self, delta: Any, *args: Any, **kwargs: Any) -> Any:
        """Add `delta` to the value; return the new value."""
        return self.assign(self._read_stored() + _to_dtype(delta, self._dtype))

    def assign_sub(self, delta: Any, *args: Any, **kwargs: Any) -> Any:
        """Subtract `delta` from the value; return the new value."""
        return self.assign(self._read_stored() - _to_dtype(delta, self._dtype))

    # ---------------------------------------------------------- Python protocol

    def __bool__(self) -> bool:
        raise TypeError("A Keras Variable cannot be used as a boolean.")

    def __int__(self) -> int:
        self._check_scalar()
        return int(self.read_value())

    def __float__(self) -> float:
        self._check_scalar()
        return float(self.read_value())

    def _check_scalar(self) -> None:
        if self.ndim > 0:
            raise TypeError(
                "Only scalar arrays can be converted to Python scalars. "
                f"Got: shape={tuple(self._shape)}"
            )

    def __repr__(self) -> str:
        head = (
            f"<Variable path={self.path}, shape={tuple(self._shape)}, "
            f"dtype={self.dtype.name}"
        )
        if self._initializer is not None:
            return f"{head}>"
        try:
            return f"{head}, value={self.numpy()}>"
        except (NotImplementedError, TypeError):
            return f"{head}>"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {
            key: value
            for key, value in self.__dict__.items()
            if key not in ("_tensor", "_shape")
        }
        return _restore, (type(self), np.asarray(self._tensor), state)


for _name, _function in _PAIRS.items():
    setattr(Variable, f"__{_name}__", _operator(_function, reflected=False))
    setattr(Variable, f"__r{_name}__", _operator(_function, reflected=True))
for _name, _function in _COMPARISONS.items():
    setattr(Variable, f"__{_name}__", _operator(_function, reflected=False))


def _restore(cls: type[Variable], value: Any, state: dict[str, Any]) -> Variable:
    made = cls.__new__(cls)
    made.__dict__.update(state)
    name = made._name
    made._set_value(value)
    made.__dict__.update(state)
    made._name = name
    return made


def _to_dtype(value: Any, dtype: DType) -> Tensor:
    if isinstance(value, EngineVariable):
        value = value.read_value()
    if not isinstance(value, Tensor):
        if hasattr(value, "dtype") or not np.isscalar(value):
            value = convert_to_tensor(value)
        else:
            return convert_to_tensor(value, dtype)
    return value if value.dtype == dtype else cast(value, dtype)


def _choice(argument: str, value: str | None, choices: dict[str, Any]) -> str:
    value = "none" if value is None else value
    if value not in choices:
        names = ", ".join(f"`{choice!r}`" for choice in choices)
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected one of `None`, {names}."
            f" Received: {argument}={value}"
        )
    return value


def _callable_or_none(attribute: str, kind: str, value: Any) -> Any:
    if value is not None and not callable(value):
        raise ValueError(
            f"Invalid value for attribute `{attribute}`. Expected a callable (such as "
            f"a `keras.{attribute}s.{kind}` instance) or `None`. "
            f"Received: {attribute}={value}"
        )
    return value
