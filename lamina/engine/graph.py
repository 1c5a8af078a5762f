"""The recorded graph: symbolic tensors, and the operations that connect them.

A ``KerasTensor`` stands for a value that a model will compute. Calling any op or layer
on it evaluates the call abstractly and records a ``Node``. Functional models, export
and ``plot_model`` all walk these nodes.

Sizes may be unknown (None). To find which sizes of a result are unknown, a call is
evaluated with two different stand-in sizes; those that differ depend on the unknown
ones. Shape arithmetic (``tf.shape(x)[0] * 2``) keeps both values, so it works on
symbolic tensors too.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import jax
import numpy as np

from lamina.engine import nest
from lamina.engine.context import state
from lamina.engine.dtypes import DType, as_dtype
from lamina.engine.errors import InvalidArgumentError
from lamina.engine.kernel import HostOpInTrace
from lamina.engine.op import Op, register_dispatcher
from lamina.engine.shapes import TensorShape
from lamina.engine.tensor import Tensor, Tracer, convert_to_tensor
from lamina.engine.trace import Trace

# Two stand-ins for an unknown size. Many small factors, so that sizes divide.
PROBES = (120, 180)


class KerasTensor(Tensor):
    """A symbolic tensor: shape and dtype, no value.

    Args:
        shape: the shape; unknown sizes are None.
        dtype: the element type.
        sparse: whether it stands for a sparse tensor.
        ragged: whether it stands for a ragged tensor.
        record_history: accepted for compatibility; histories are always recorded.
        name: the name; made up if None.
        ragged_rank: the number of ragged dimensions.
        row_splits_dtype: the dtype of row partitions of a ragged tensor.

    Reference: ``keras.KerasTensor``.
    """

    _keras_history: Any

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = None,
    ) -> None:
        if sparse and ragged:
            raise ValueError(
                "KerasTensor cannot have `sparse=True` and `ragged=True` at the same "
                "time."
            )
        super().__init__(None)
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._sparse = bool(sparse)
        self._ragged = bool(ragged)
        self.ragged_rank = ragged_rank
        self.row_splits_dtype = row_splits_dtype
        self.record_history = record_history
        self._name = name or make_name("keras_tensor")
        self.probes: tuple[Any, Any] | None = None

    @property
    def shape(self) -> TensorShape:
        """The shape, with None for unknown sizes."""
        return self._shape

    @shape.setter
    def shape(self, value: Any) -> NoReturn:
        raise AttributeError(
            "The `shape` attribute of KerasTensor is immutable. One should create a "
            "new instance of KerasTensor for this."
        )

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def sparse(self) -> bool:
        """Whether it stands for a sparse tensor."""
        return self._sparse

    @property
    def ragged(self) -> bool:
        """Whether it stands for a ragged tensor."""
        return self._ragged

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    @property
    def device(self) -> str:
        """Symbolic tensors are on no device: the empty string."""
        return ""

    @property
    def is_symbolic(self) -> bool:
        """Always True."""
        return True

    def get_shape(self) -> TensorShape:
        """The same as ``shape``."""
        return self._shape

    def set_shape(self, shape: Any) -> None:
        """Makes the shape more specific."""
        self._shape = self._shape.merge_with(shape)

    def _refuse(self, what: str) -> NoReturn:
        raise ValueError(
            f"A KerasTensor cannot be used as input to {what}. A KerasTensor is a "
            "symbolic placeholder for a shape and dtype, used when constructing Keras "
            "Functional models: it has no value. Apply Keras layers or tf/keras.ops "
            f"operations to it instead. Received: {self!r}"
        )

    def _host(self, what: str) -> NoReturn:
        self._refuse("a NumPy function")

    def _scalar(self, what: str) -> NoReturn:
        raise TypeError(
            f"Cannot convert a symbolic KerasTensor to a Python {what}: its value is "
            f"not known until the model runs. Received: {self!r}. Use keras.ops.cond, "
            "keras.ops.where, or write the logic inside a custom Layer's call()."
        )

    def __jax_array__(self) -> NoReturn:
        self._refuse("a JAX function")

    def __iter__(self) -> Iterator[Tensor]:
        if not self._shape.rank or self._shape[0] is None:
            raise NotImplementedError(
                "Iterating over a symbolic KerasTensor is not supported when its first "
                f"dimension is unknown. Received: {self!r}."
            )
        return (self[i] for i in range(self._shape[0]))  # type: ignore[index]

    def __len__(self) -> int:
        if not self._shape.rank or self._shape[0] is None:
            raise TypeError(f"len() of a KerasTensor of unknown size: {self!r}.")
        return self._shape[0]

    def __copy__(self) -> KerasTensor:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"A KerasTensor cannot be pickled: {self!r}. Save the model.")

    def __repr__(self) -> str:
        return (
            f"<KerasTensor shape={self.shape}, dtype={self.dtype.name}, "
            f"sparse={self.sparse}, ragged={self.ragged}, name={self.name}>"
        )

    __str__ = __repr__


class Node:
    """One call of an operation on symbolic tensors.

    Attributes:
        operation: the layer or op call.
        args: positional arguments, with the KerasTensors in place.
        kwargs: keyword arguments.
        inputs: the KerasTensors among the arguments, flat.
        outputs: the KerasTensors that it gave, flat.
        structure: the outputs as they were returned.
    """

    def __init__(
        self, operation: Operation, args: Any, kwargs: Any, structure: Any
    ) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.structure = structure
        self.inputs: list[Any] = symbolic_leaves((args, kwargs))
        self.outputs = [t for t in nest.flatten(structure) if t is not None]
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for place, tensor in enumerate(self.outputs):
            tensor._keras_history = History(operation, index, place)
        for tensor in self.inputs:
            history = getattr(tensor, "_keras_history", None)
            if history is not None:
                history.operation._outbound_nodes.append(self)

    @property
    def is_input(self) -> bool:
        """Whether it is the node of an ``Input``."""
        return not self.inputs

    @property
    def parent_nodes(self) -> list[Node]:
        """The nodes that made the inputs."""
        return [
            history.operation._inbound_nodes[history.node_index]
            for history in (t._keras_history for t in self.inputs)
        ]

    @property
    def input_tensors(self) -> list[KerasTensor]:
        """The same as ``inputs``."""
        return self.inputs

    @property
    def output_tensors(self) -> list[KerasTensor]:
        """The same as ``outputs``."""
        return self.outputs

    def __repr__(self) -> str:
        return f"<Node operation={self.operation!r}>"


History = collections.namedtuple("History", ["operation", "node_index", "tensor_index"])


class Operation:
    """Something that can be called on symbolic tensors: a layer, or one call of an op.

    Args:
        name: the name; made from the class's name if None.

    Reference: ``keras.Operation``.
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = make_name(type(self).__name__)
        if not isinstance(name, str) or "/" in name:
            raise ValueError(
                "Argument `name` must be a string and cannot contain character `/`. "
                f"Received: name={name!r} (of type {type(name)})"
            )
        self.name = name
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the outputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define call().")

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs' KerasTensors, found by abstract evaluation of ``call``."""
        return abstract_call(self.call, args, kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Records a call on KerasTensors."""
        return record(self, args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def _only_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"The layer {self.name} has never been called and thus has no defined "
                f"{what}."
            )
        if len(self._inbound_nodes) > 1:
            raise AttributeError(
                f"The layer {self.name} has multiple inbound nodes, hence the notion "
                f"of '{what}' is ill-defined."
            )
        return self._inbound_nodes[0]

    @property
    def input(self) -> Any:
        """The symbolic input of the operation's only call."""
        node = self._only_node("input")
        return node.inputs[0] if len(node.inputs) == 1 else list(node.inputs)

    @property
    def output(self) -> Any:
        """The symbolic output of the operation's only call."""
        outputs = self._only_node("output").structure
        flat = nest.flatten(outputs)
        return flat[0] if len(flat) == 1 else outputs


class OpCall(Operation):
    """One call of an op on symbolic tensors."""

    def __init__(self, op: Op[..., Any], name: str | None = None) -> None:
        super().__init__(name=name or make_name(op.__name__))  # type: ignore[attr-defined]
        self.op = op

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the op."""
        return self.op(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"


def record(operation: Operation, args: Any, kwargs: Any) -> Any:
    """Evaluates a call abstractly, records its node and gives its KerasTensors."""
    outputs = operation.compute_output_spec(*args, **kwargs)
    Node(operation, args, kwargs, outputs)
    return outputs


def symbolic_leaves(structure: Any) -> list[KerasTensor]:
    """The KerasTensors in a nest, in order."""
    return [leaf for leaf in nest.flatten(structure) if isinstance(leaf, KerasTensor)]


def any_symbolic(args: Any = (), kwargs: Any = None) -> bool:
    """Whether a KerasTensor is among the arguments."""
    if kwargs and any(isinstance(v, KerasTensor) for v in kwargs.values()):
        return True
    if any(isinstance(arg, KerasTensor) for arg in args):
        return True
    return bool(symbolic_leaves((args, kwargs or {})))


def abstract_call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The KerasTensors that a call would give.

    Nothing is computed: variables that the call makes are made, those that it updates
    keep their values.
    """
    leaves = symbolic_leaves((args, kwargs))
    first = _evaluate(function, args, kwargs, 0)
    if not any(None in tuple(leaf.shape) or leaf.probes for leaf in leaves):
        return nest.map_structure(lambda spec: _symbol(spec, spec), first)
    second = _evaluate(function, args, kwargs, 1)
    flat = [
        _symbol(a, b)
        for a, b in zip(nest.flatten(first), nest.flatten(second), strict=True)
    ]
    return nest.pack_sequence_as(first, flat)


class _Spec:
    """The shape and dtype of one result, and its value if it is known."""

    __slots__ = ("dtype", "shape", "value")

    def __init__(self, value: Any) -> None:
        self.shape = tuple(value.shape)
        self.dtype = value.dtype
        self.value = value if isinstance(value, np.ndarray) else None


def _symbol(one: _Spec | None, two: _Spec | None) -> KerasTensor | None:
    if one is None or two is None:
        return None
    if len(one.shape) != len(two.shape):
        shape = TensorShape(None)
    else:
        pairs = zip(one.shape, two.shape, strict=True)
        shape = TensorShape([a if a == b else None for a, b in pairs])
    dtype = "string" if one.dtype == object else one.dtype
    tensor = KerasTensor(shape, dtype)
    if one.value is not None and two.value is not None and one.value.dtype != object:
        tensor.probes = (one.value, two.value)
    return tensor


def _evaluate(function: Callable[..., Any], args: Any, kwargs: Any, probe: int) -> Any:
    trace = Trace(state.trace)
    result: Any = None
    specs: list[Any] = []
    places: dict[int, int] = {}
    for leaf in symbolic_leaves((args, kwargs)):
        if leaf.probes is None and leaf.dtype != "string" and id(leaf) not in places:
            places[id(leaf)] = len(specs)
            specs.append(jax.ShapeDtypeStruct(_fill(leaf, probe), leaf.dtype.np_dtype))

    def run(*tracers: Any) -> list[Any]:
        nonlocal result
        with trace.active():
            inner = [Tensor(tracer) for tracer in tracers]
            trace.adopt(inner)

            def stand_in(leaf: Any) -> Any:
                if not isinstance(leaf, KerasTensor):
                    return leaf
                if leaf.probes is not None:
                    return Tensor(leaf.probes[probe])
                if leaf.dtype == "string":
                    return Tensor(np.full(_fill(leaf, probe), b"", object))
                return inner[places[id(leaf)]]

            new_args, new_kwargs = nest.map_structure(stand_in, (args, kwargs))
            outputs = function(*new_args, **new_kwargs)
            result = nest.map_structure(
                lambda leaf: None if leaf is None else _Spec(_value(leaf)), outputs
            )
        return []

    try:
        jax.eval_shape(run, *specs)
    except HostOpInTrace as reason:
        raise InvalidArgumentError.of(
            reason.name,
            expected="tensors with values: its result depends on them (strings, or a "
            "shape known only at run time)",
            received="a symbolic KerasTensor",
            hint="Apply it in the input pipeline (Dataset.map), or in a layer of a "
            "model that runs eagerly.",
        ) from None
    return result


def _value(leaf: Any) -> Any:
    value = convert_to_tensor(leaf)._value
    return value if isinstance(value, np.ndarray | Tracer) else np.asarray(value)


def _fill(leaf: KerasTensor, probe: int) -> tuple[int, ...]:
    if leaf.shape.rank is None:
        raise ValueError(
            "A symbolic tensor of unknown rank cannot be an input here. Received: "
            f"{leaf!r}. Give Input a shape with None for each unknown size."
        )
    return tuple(PROBES[probe] if size is None else size for size in leaf.shape)


_counts: collections.Counter[str] = collections.Counter()


def _default_namer(prefix: str) -> str:
    number = _counts[prefix]
    _counts[prefix] += 1
    return f"{prefix}_{number}" if number else prefix


_namer: Callable[[str], str] = _default_namer


def set_namer(function: Callable[[str], str]) -> None:
    """Registers how unique names are made from a class's name."""
    global _namer
    _namer = function


def make_name(prefix: str) -> str:
    """A name that no other operation of this session has."""
    return _namer(prefix)


def _symbolic_op(op: Op[..., Any], args: Any, kwargs: Any) -> Any:
    kwargs = dict(kwargs)
    name = kwargs.get("name")
    operation = OpCall(op, name=make_name(name) if isinstance(name, str) else None)
    return record(operation, args, kwargs)


register_dispatcher(KerasTensor, _symbolic_op)
