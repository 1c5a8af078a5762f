"""The order of the operations between given inputs and outputs."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any, NamedTuple

from lamina.engine.graph import KerasTensor, Node


class Graph(NamedTuple):
    """A part of the recorded graph.

    Attributes:
        nodes: the keys of its nodes.
        nodes_by_depth: depth to nodes; the outputs have depth 0.
        operations: the operations, those nearest to the inputs first.
        operations_by_depth: depth to operations.
    """

    nodes: set[str]
    nodes_by_depth: dict[int, list[Node]]
    operations: list[Any]
    operations_by_depth: dict[int, list[Any]]


def make_node_key(operation: Any, node_index: int) -> str:
    """A key for the call number `node_index` of an operation."""
    return f"{id(operation)}_ib-{node_index}"


def node_of(tensor: Any) -> Node | None:
    """The node that made a symbolic tensor, or `None` for a free-standing one."""
    history = getattr(tensor, "_keras_history", None)
    if history is None or history.operation is None:
        return None
    return history.operation._inbound_nodes[history.node_index]


def sort_nodes(
    inputs: Sequence[Any], outputs: Sequence[Any]
) -> tuple[list[Node], dict[Any, int]]:
    """The nodes between inputs and outputs, each after those that it needs.

    Returns:
        The nodes, and for each operation the place at which it was first met.

    Raises:
        ValueError: there is a cycle.
    """
    stops = {id(t) for t in inputs}
    finished: set[Node] = set()
    in_progress: set[Node] = set()
    ordered: list[Node] = []
    places: dict[Any, int] = {}

    def enter(tensor: Any) -> Node | None:
        node = node_of(tensor)
        if node is None or node in finished:
            return None
        if not node.is_input and id(tensor) in stops:
            finished.add(node)
            return None
        if node in in_progress:
            raise ValueError(
                f"Tensor {tensor} from operation '{node.operation.name}' is part of a "
                "cycle."
            )
        places.setdefault(node.operation, len(places))
        in_progress.add(node)
        return node

    for output in outputs:
        node = enter(output)
        if node is None:
            continue
        stack = [(node, iter(node.inputs))]
        while stack:
            current, waiting = stack[-1]
            for tensor in waiting:
                child = enter(tensor)
                if child is not None:
                    stack.append((child, iter(child.inputs)))
                    break
            else:
                stack.pop()
                in_progress.discard(current)
                finished.add(current)
                ordered.append(current)
    return ordered, places


def map_graph(inputs: Sequence[Any], outputs: Sequence[Any]) -> Graph:
    """The graph between inputs and outputs.

    Raises:
        ValueError: a tensor that is needed does not come from the inputs, or two
            operations have one name.
    """
    ordered, places = sort_nodes(inputs, outputs)
    node_depths, operation_depths = _depths(ordered)
    keys = {
        make_node_key(n.operation, n.operation._inbound_nodes.index(n)) for n in ordered
    }
    for tensor in inputs:
        node = node_of(tensor)
        if node is None or not node.is_input or node.operation in operation_depths:
            continue
        operation_depths[node.operation] = 0
        places[node.operation] = -1
        node_depths[node] = 0
        keys.add(make_node_key(node.operation, tensor._keras_history.node_index))
    nodes_by_depth: dict[int, list[Node]] = collections.defaultdict(list)
    for node, depth in node_depths.items():
        nodes_by_depth[depth].append(node)
    operations_by_depth: dict[int, list[Any]] = collections.defaultdict(list)
    for operation, depth in operation_depths.items():
        operations_by_depth[depth].append(operation)
    operations: list[Any] = []
    for depth in sorted(operations_by_depth, reverse=True):
        operations_by_depth[depth].sort(key=lambda op: places[op])
        operations.extend(operations_by_depth[depth])
    _check_connected(inputs, nodes_by_depth)
    _check_names(operations)
    return Graph(keys, nodes_by_depth, operations, operations_by_depth)


def _depths(ordered: list[Node]) -> tuple[dict[Node, int], dict[Any, int]]:
    """The longest way from each node and operation to the outputs."""
    members = set(ordered)
    nodes: dict[Node, int] = {}
    operations: dict[Any, int] = {}
    for node in reversed(ordered):
        depth = max(nodes.setdefault(node, 0), operations.get(node.operation, 0))
        operations[node.operation] = depth
        nodes[node] = depth
        for tensor in node.inputs:
            parent = node_of(tensor)
            if parent is not None and parent in members:
                nodes[parent] = max(depth + 1, nodes.get(parent, 0))
    return nodes, operations


def _check_connected(
    inputs: Sequence[Any], nodes_by_depth: dict[int, list[Node]]
) -> None:
    known = {id(t) for t in inputs}
    passed: list[str] = []
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            for tensor in node.inputs:
                if id(tensor) not in known:
                    raise ValueError(
                        "Graph disconnected: cannot find parent for tensor "
                        f"{tensor} at operation '{node.operation}'. The following "
                        f"previous operations were accessed without issue: {passed}. "
                        "Add the `Input` that it comes from to the model's `inputs`."
                    )
            passed.append(node.operation.name)
            known.update(id(t) for t in node.outputs)


def _check_names(operations: list[Any]) -> None:
    counts = collections.Counter(operation.name for operation in operations)
    for name, count in counts.items():
        if count > 1:
            raise ValueError(
                f'The name "{name}" is used {count} times in the model. All operation '
                "names should be unique."
            )


def is_input_tensor(tensor: KerasTensor) -> bool:
    """Whether a symbolic tensor comes from `Input`."""
    node = node_of(tensor)
    return node is not None and node.is_input


def get_source_inputs(tensor: Any) -> list[Any]:
    """The symbolic inputs that a symbolic tensor is computed from.

    Args:
        tensor: a symbolic tensor.

    Returns:
        The tensors of `keras.Input` (or free-standing ones), each once.

    Reference: `keras.utils.get_source_inputs`.
    """
    found: dict[int, Any] = {}
    seen: set[Node] = set()
    waiting = [tensor]
    while waiting:
        current = waiting.pop()
        node = node_of(current)
        if node is None:
            found[id(current)] = current
        elif node.is_input:
            found.update((id(t), t) for t in node.outputs)
        elif node not in seen:
            seen.add(node)
            waiting.extend(reversed(node.inputs))
    return list(found.values())
