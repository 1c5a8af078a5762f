"""`keras.Function`: the computation between symbolic inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.engine import nest
from lamina.engine.graph import KerasTensor, Node, any_symbolic
from lamina.keras.common.standardize import map_shapes
from lamina.keras.layers.operation import Operation
from lamina.keras.models.graph_walk import Graph, map_graph


class GraphMixin:
    """Runs the recorded graph between `inputs` and `outputs`."""

    _graph: Graph
    _inputs: list[Any]
    _outputs: list[Any]
    _inputs_struct: Any
    _outputs_struct: Any
    _plan: list[Node]

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        state = self.__dict__
        state["_inputs_struct"] = nest.map_structure(lambda x: x, inputs)
        state["_outputs_struct"] = nest.map_structure(lambda x: x, outputs)
        state["_inputs"] = nest.flatten(inputs)
        state["_outputs"] = nest.flatten(outputs)
        for kind, given in (("inputs", self._inputs), ("outputs", self._outputs)):
            if not given:
                raise ValueError(
                    f"`{kind}` argument cannot be empty. Received:\ninputs={inputs}\n"
                    f"outputs={outputs}"
                )
        graph = map_graph(self._inputs, self._outputs)
        state["_graph"] = graph
        given_ids = {id(t) for t in self._inputs}
        state["_plan"] = [
            node
            for depth in sorted(graph.nodes_by_depth, reverse=True)
            for node in graph.nodes_by_depth[depth]
            if not node.is_input and not all(id(t) in given_ids for t in node.outputs)
        ]
        self._check_outputs()

    def _check_outputs(self) -> None:
        known = {id(t) for t in self._inputs}
        for node in self._plan:
            if all(id(t) in known for t in node.inputs):
                known.update(id(t) for t in node.outputs)
        paths = nest.flatten_with_paths(self._outputs_struct)
        for place, (path, _) in enumerate(paths):
            if id(self._outputs[place]) not in known:
                text = ".".join(str(part) for part in path)
                raise ValueError(
                    f"Output with path `{text}` is not connected to `inputs`"
                )

    @property
    def operations(self) -> list[Any]:
        """The layers and op calls, those nearest to the inputs first."""
        return list(self._graph.operations)

    @property
    def _operations(self) -> list[Any]:
        return self._graph.operations

    @property
    def _nodes(self) -> set[str]:
        return self._graph.nodes

    @property
    def _nodes_by_depth(self) -> dict[int, list[Node]]:
        return self._graph.nodes_by_depth

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs as a flat list."""
        return self._inputs

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs as a flat list."""
        return self._outputs

    def _run_through_graph(
        self, inputs: Any, operation_fn: Callable[[Any], Any] = lambda op: op
    ) -> Any:
        """Run every operation of the graph on new inputs."""
        values: dict[int, Any] = {
            id(t): x for t, x in zip(self._inputs, nest.flatten(inputs))
        }

        def fill_in(leaf: Any) -> Any:
            return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

        for node in self._plan:
            if any(id(t) not in values for t in node.inputs):
                continue
            args = _map(fill_in, node.args)
            kwargs = _map(fill_in, node.kwargs) if node.kwargs else {}
            result = operation_fn(node.operation)(*args, **kwargs)
            outputs = node.outputs
            if len(outputs) == 1 and not isinstance(result, (list, tuple, dict)):
                values[id(outputs[0])] = result
                continue
            flat = [x for x in nest.flatten(result) if x is not None]
            values.update((id(t), x) for t, x in zip(outputs, flat))
        found = [values[id(t)] for t in self._outputs]
        return nest.pack_sequence_as(self._outputs_struct, found)

    def _graph_output_spec(self, inputs: Any) -> Any:
        """The outputs' shapes and dtypes for inputs of other shapes."""
        flat = nest.flatten(inputs)
        if all(
            x is None or tuple(x.shape) == tuple(t.shape)
            for x, t in zip(flat, self._inputs)
        ):
            return nest.map_structure(
                lambda x: KerasTensor(x.shape, dtype=x.dtype), self._outputs_struct
            )
        return self._run_through_graph(flat, lambda op: op.compute_output_spec)

    def _graph_output_shape(self, input_shape: Any) -> Any:
        shapes = nest.flatten(
            map_shapes(lambda s: _Shape(s), input_shape),
        )
        tensors = [
            KerasTensor(s.shape, dtype=t.dtype, sparse=t.sparse)
            for s, t in zip(shapes, self._inputs)
        ]
        spec = self._graph_output_spec(tensors)
        return nest.map_structure(lambda x: tuple(x.shape), spec)

    def _check_graph_inputs(self, inputs: Any) -> None:
        """Compare the structure and shapes of inputs with those of the graph."""
        try:
            nest.assert_same_structure(inputs, self._inputs_struct, check_types=False)
        except (ValueError, TypeError):
            raise ValueError(
                "Function was called with an invalid input structure. Expected input "
                f"structure: {self._inputs_struct}\nReceived input structure: {inputs}"
            ) from None
        for x, t in zip(nest.flatten(inputs), self._inputs):
            own = tuple(x.shape)
            if len(own) != len(t.shape) or any(
                a is not None and b is not None and a != b for a, b in zip(own, t.shape)
            ):
                raise ValueError(
                    f"{type(self).__name__} was passed incompatible inputs. For input "
                    f"'{t.name}', expected shape {tuple(t.shape)}, but received "
                    f"instead a tensor with shape {own}."
                )


class _Shape:
    """A shape that `nest` takes for a leaf."""

    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def _map(function: Callable[[Any], Any], structure: Any) -> Any:
    if isinstance(structure, tuple) and all(
        isinstance(x, KerasTensor) for x in structure
    ):
        return tuple(function(x) for x in structure)
    return nest.map_structure(function, structure)


class Function(GraphMixin, Operation):
    """The computation from symbolic inputs to outputs, applied to new values.

    Unlike a Functional model it keeps no list of weights.

    Args:
        inputs: a `KerasTensor` or a structure of them.
        outputs: a `KerasTensor` or a structure of them, computed from `inputs`.
        name: the name.

    Raises:
        ValueError: a structure is empty, or an output does not depend on the inputs.

    Reference: `keras.Function`.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self._set_graph(inputs, outputs)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The outputs' shapes and dtypes."""
        self._check_graph_inputs(inputs)
        return self._graph_output_spec(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for the inputs' shapes."""
        return self._graph_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        """The outputs for new inputs."""
        self._check_graph_inputs(inputs)
        return self._run_through_graph(inputs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)
