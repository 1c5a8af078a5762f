"""`Functional`: a model made from symbolic inputs and outputs."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor, Node
from lamina.engine.tensor import convert_to_tensor
from lamina.engine.variable import Variable
from lamina.keras.common.tensors import (
    get_keras_mask,
    is_any_tensor,
    is_composite,
    set_keras_mask,
)
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import Input, InputLayer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.models.function import GraphMixin
from lamina.keras.models.functional_config import functional_config
from lamina.keras.models.graph_walk import is_input_tensor, node_of, sort_nodes
from lamina.keras.models.model import Model, register_functional
from lamina.ops.array.casting import cast


class Functional(GraphMixin, Model):
    """A model made from symbolic inputs and outputs; `keras.Model(inputs, outputs)`.

    Args:
        inputs: a symbolic tensor or a structure of them.
        outputs: a symbolic tensor or a structure of them, computed from `inputs`.
        name: the model's name.
        trainable: whether the weights are trained; `None` leaves the layers as they
            are.

    Raises:
        ValueError: something is no symbolic tensor, or an output does not depend on
            the inputs.

    Reference: `keras.Model`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        trainable = kwargs.pop("trainable", None)
        _check_symbolic("inputs", inputs)
        _check_symbolic("outputs", outputs)
        _warn_names(inputs)
        if not all(is_input_tensor(t) for t in nest.flatten(inputs)):
            inputs, outputs = clone_graph(inputs, outputs)
        Model._init_base(self, name=name, **kwargs)
        self._set_graph(inputs, outputs)
        if trainable is not None:
            self.trainable = trainable
        for layer in self.layers:
            self._tracker.track(layer)
        self.build(None)
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.__dict__["output_names"] = [
            t._keras_history.operation.name for t in self._outputs
        ]
        self.__dict__["input_names"] = [
            t._keras_history.operation.name for t in self._inputs
        ]

    def _lock_state(self) -> None:
        """Layers may be attached after the model is made."""

    def _obj_type(self) -> str:
        return "Functional"

    def build(self, input_shape: Any) -> None:
        """Nothing to do: the layers were built when they were called."""
        self.built = True

    @property
    def layers(self) -> list[Any]:
        """The layers of the graph, those nearest to the inputs first."""
        return [op for op in self._operations if isinstance(op, Layer)]

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Model.layers` attribute is reserved and should not be used. Please use "
            "another name."
        )

    # -------------------------------------------------------------------- call

    def call(
        self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Run the graph on new inputs."""
        flat = self._standardize_inputs(inputs)
        if mask is not None:
            for x, m in zip(flat, nest.flatten(mask)):
                if m is not None:
                    set_keras_mask(x, m)
        context = {"training": training, **kwargs}

        def with_context(operation: Any) -> Any:
            accepted = getattr(operation, "_call_context_args", ())
            extra = {
                k: v for k, v in context.items() if v is not None and k in accepted
            }
            if not extra:
                return operation
            return lambda *args, **kw: operation(*args, **{**kw, **extra})

        return _unpack(self._run_through_graph(flat, with_context))

    def compute_output_spec(
        self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """The outputs' shapes and dtypes."""
        flat = self._standardize_inputs(inputs, warn=False)
        return _unpack(self._graph_output_spec(flat))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for the inputs' shapes."""
        return self._graph_output_shape(input_shape)

    def _known_outputs(self, x: Any) -> Any:
        """The outputs as they were recorded, for the number of rows of `x`."""
        if type(self).call is not Functional.call:
            return None
        rows = {leaf.shape[0] for leaf in nest.flatten(x) if leaf.shape}
        shapes = [tuple(t.shape) for t in self._outputs]
        if len(rows) != 1 or any(not s or s[0] or None in s[1:] for s in shapes):
            return None
        (size,) = rows
        return nest.map_structure(
            lambda t: KerasTensor((size, *t.shape[1:]), t.dtype), self._outputs_struct
        )

    def _pass_mask_on(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        """The layers inside have attached the masks already."""

    def add_loss(self, loss: Any) -> None:
        """Not for Functional models.

        Raises:
            NotImplementedError: always; call `add_loss` in a layer's `call`.
        """
        raise NotImplementedError(
            message(
                "keras.Model.add_loss",
                expected="a call inside the `call()` of a layer or subclassed model",
                received=f"Functional model '{self.name}'",
                hint="Make a small layer whose call() calls self.add_loss(...), and "
                "put it in the graph.",
            )
        )

    # ------------------------------------------------------------------ inputs

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given."""
        return self._outputs_struct

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a structure of shapes."""
        return _shapes_of(self._inputs_struct)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a structure of shapes."""
        return _shapes_of(self._outputs_struct)

    @property
    def input_spec(self) -> Any:
        """One spec for each input, or `None` for deeply nested dicts."""
        if "_manual_input_spec" in self.__dict__:
            return self._manual_input_spec
        struct = self._inputs_struct
        if isinstance(struct, dict):
            if not all(isinstance(x, KerasTensor) for x in struct.values()):
                return None
            return [_spec_of(struct[name], name) for name in sorted(struct)]
        return [_spec_of(x) for x in self._inputs]

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self.__dict__["_manual_input_spec"] = value

    def _assert_input_compatibility(self, first_arg: Any) -> None:
        for x, tensor in zip(nest.flatten(first_arg), self._inputs):
            if x is None:
                _check_optional(tensor)
        super()._assert_input_compatibility(first_arg)

    def _standardize_inputs(self, inputs: Any, warn: bool = True) -> list[Any]:
        struct = self._inputs_struct
        refuse = False
        if isinstance(inputs, dict) and not isinstance(struct, dict):
            names = [t.name for t in self._inputs]
            flat_struct = isinstance(struct, KerasTensor) or all(
                isinstance(t, KerasTensor) for t in struct
            )
            if flat_struct and set(names) <= set(inputs):
                inputs = [inputs[name] for name in names]
                if isinstance(struct, KerasTensor):
                    inputs = inputs[0]
            else:
                refuse = True
        elif isinstance(struct, dict) and not isinstance(inputs, dict):
            refuse = list(struct) != sorted(struct)
        if type(inputs) is not type(struct) or nest.is_nested(inputs):
            inputs = self._match_structure(inputs, refuse, warn)
        if isinstance(inputs, dict) and isinstance(struct, dict):
            inputs = {name: inputs[name] for name in struct if name in inputs}
        flat = nest.flatten(inputs)
        return [
            self._standardize_input(place, x, t)
            for place, (x, t) in enumerate(zip(flat, self._inputs))
        ]

    def _match_structure(self, inputs: Any, refuse: bool, warn: bool) -> Any:
        struct = self._inputs_struct
        if isinstance(struct, (list, tuple)) and len(struct) == 1:
            if not isinstance(inputs, (list, tuple, dict)):
                return [inputs]
        if isinstance(struct, KerasTensor):
            if isinstance(inputs, (list, tuple)) and len(inputs) == 1 and not refuse:
                return inputs[0]
            if not nest.is_nested(inputs):
                return inputs
        try:
            nest.assert_same_structure(_as_tuples(inputs), _as_tuples(struct))
        except (ValueError, TypeError):
            expected = nest.map_structure(lambda x: x.name, struct)
            received = nest.map_structure(_describe, inputs)
            text = (
                "The structure of `inputs` doesn't match the expected structure.\n"
                f"Expected: {expected}\nReceived: inputs={received}"
            )
            has_more = (
                isinstance(inputs, dict)
                and isinstance(struct, dict)
                and set(struct) <= set(inputs)
            )
            enough = has_more or len(nest.flatten(inputs)) == len(self._inputs)
            if refuse or not enough:
                raise ValueError(text) from None
            if warn:
                warnings.warn(text, stacklevel=6)
        return inputs

    def _standardize_input(self, place: int, x: Any, tensor: KerasTensor) -> Any:
        if x is None:
            _check_optional(tensor)
            return None
        original = x
        if isinstance(x, Variable) or not is_any_tensor(x):
            x = _to_tensor(x, tensor)
        if not is_composite(x) and x.dtype != tensor.dtype:
            x = cast(x, tensor.dtype)
        wanted, rank = tensor.shape, len(x.shape)
        if rank != len(wanted):
            if rank == len(wanted) + 1 and x.shape[-1] == 1:
                x = x[..., 0]
            elif rank == len(wanted) - 1 and wanted[-1] == 1:
                x = x[..., None]
            else:
                path = nest.flatten_with_paths(self._inputs_struct)[place][0]
                raise ValueError(
                    f"Invalid input shape for input {_describe(original)} with name "
                    f"'{tensor.name}' and path '{'.'.join(str(p) for p in path)}'. "
                    f"Expected shape {tuple(wanted)}, but input has incompatible shape "
                    f"{tuple(original.shape)}"
                )
        if x is not original:
            mask = get_keras_mask(original)
            if mask is not None:
                set_keras_mask(x, mask)
        return x

    # -------------------------------------------------------------- description

    def get_config(self) -> dict[str, Any]:
        """The layers, their calls, and the model's inputs and outputs."""
        if not functional_like_constructor(type(self)):
            return Model.get_config(self)
        return functional_config(self)


register_functional(Functional)


def functional_like_constructor(cls: type) -> bool:
    """Whether a subclass's constructor takes what `Functional`'s takes."""
    spec = inspect.getfullargspec(cls.__init__)  # type: ignore[misc]
    own = inspect.getfullargspec(Functional.__init__).args[1:]
    return spec.args[1:] == own or (spec.varargs is not None and spec.varkw is not None)


def clone_graph(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """Copy the calls between intermediate tensors, with new `Input`s at their start.

    The layers are shared; each gets one more node for every copied call.
    """
    nodes, _ = sort_nodes(nest.flatten(inputs), nest.flatten(outputs))
    copies: dict[int, Any] = {}
    replaced: dict[int, Any] = {}
    for tensor in nest.flatten(inputs):
        if is_input_tensor(tensor):
            copies[id(tensor)] = tensor
            continue
        new = Input(
            batch_shape=tuple(tensor.shape),
            dtype=tensor.dtype,
            sparse=tensor.sparse,
            name=f"{tensor.name}CLONE",
        )
        copies[id(tensor)] = new
        made_by = node_of(tensor)
        if made_by is not None:
            replaced[id(made_by.operation)] = new._keras_history.operation

    def copy(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        if id(leaf) not in copies:
            copies[id(leaf)] = KerasTensor(
                leaf.shape, leaf.dtype, leaf.sparse, name=f"{leaf.name}_clone"
            )
        return copies[id(leaf)]

    for node in nodes:
        if node.is_input:
            for tensor in node.outputs:
                copies.setdefault(id(tensor), tensor)
            continue
        if all(
            id(t) in copies and is_input_tensor(copies[id(t)]) for t in node.outputs
        ):
            continue
        args, kwargs = nest.map_structure(copy, (node.args, node.kwargs))
        Node(node.operation, args, kwargs, nest.map_structure(copy, node.structure))
    return nest.map_structure(copy, inputs), nest.map_structure(copy, outputs)


def _check_symbolic(kind: str, structure: Any) -> None:
    for x in nest.flatten(structure):
        if not isinstance(x, KerasTensor):
            raise ValueError(
                f"All `{kind}` values must be KerasTensors. Received: "
                f"{kind}={structure} including invalid value {x} of type {type(x)}. "
                "Start from keras.Input(shape=...) and apply layers to it."
            )


def _warn_names(inputs: Any) -> None:
    if not isinstance(inputs, dict):
        return
    for key, tensor in inputs.items():
        if isinstance(tensor, KerasTensor) and key != tensor.name:
            warnings.warn(
                "When providing `inputs` as a dict, all keys in the dict must match "
                "the names of the corresponding tensors. Received key "
                f"'{key}' mapping to value {tensor} which has name '{tensor.name}'. "
                f"Change the tensor name to '{key}' (via `Input(..., name='{key}')`)",
                stacklevel=5,
            )


def _check_optional(tensor: KerasTensor) -> None:
    layer = tensor._keras_history.operation
    if isinstance(layer, InputLayer) and not layer.optional:
        raise ValueError(
            f"The input '{tensor.name}' is not optional, but None was passed. Please "
            "provide a valid tensor."
        )


def _spec_of(tensor: KerasTensor, name: str | None = None) -> InputSpec:
    layer = tensor._keras_history.operation
    shape = tuple(tensor.shape)
    return InputSpec(
        shape=(None, *shape[1:]) if shape else shape,
        allow_last_axis_squeeze=True,
        name=layer.name if name is None else name,
        optional=isinstance(layer, InputLayer) and layer.optional,
    )


def _shapes_of(struct: Any) -> Any:
    shapes = nest.map_structure(lambda x: tuple(x.shape), struct)
    if isinstance(struct, list) and len(struct) == 1:
        return shapes[0]
    return shapes


def _to_tensor(x: Any, tensor: KerasTensor) -> Any:
    if isinstance(x, Variable):
        return x.read_value()
    return convert_to_tensor(x, None if hasattr(x, "dtype") else tensor.dtype)


def _as_tuples(structure: Any) -> Any:
    if isinstance(structure, (list, tuple)) and not hasattr(structure, "_fields"):
        return tuple(_as_tuples(x) for x in structure)
    if isinstance(structure, dict):
        return {key: _as_tuples(value) for key, value in structure.items()}
    return 0


def _describe(x: Any) -> str:
    if x is None:
        return "None"
    return f"Tensor(shape={tuple(x.shape)})" if hasattr(x, "shape") else repr(x)


def _unpack(outputs: Any) -> Any:
    if isinstance(outputs, (list, tuple)) and len(outputs) == 1:
        return outputs[0]
    return outputs


__all__ = ["Functional", "clone_graph", "functional_like_constructor"]
