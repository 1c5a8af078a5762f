"""A Functional model as a config, and the model from its config."""

from __future__ import annotations

import copy
from typing import Any

from lamina.engine import nest
from lamina.engine.graph import History, KerasTensor, Node, OpCall, Operation
from lamina.engine.tensor import is_tensor
from lamina.keras.models.graph_walk import make_node_key
from lamina.keras.models.model import is_functional
from lamina.keras.saving.op_calls import keras_form
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


def functional_config(model: Any) -> dict[str, Any]:
    """The layers, their calls and the inputs and outputs of a Functional model."""
    nodes = model._nodes
    new_index: dict[str, int] = {}
    layers = []
    for operation in model.operations:
        calls = []
        kept = 1 if is_functional(operation) else 0
        for index, node in enumerate(operation._inbound_nodes):
            key = make_node_key(operation, index)
            if key not in nodes:
                continue
            new_index[key] = kept
            kept += 1
            if node.inputs:
                calls.append(_serialize_node(node, nodes))
        config = dict(serialize_keras_object(operation))
        config["name"] = operation.name
        config["inbound_nodes"] = calls
        layers.append(config)

    def place_of(tensor: KerasTensor) -> list[Any]:
        operation, index, tensor_index = tensor._keras_history
        return [
            operation.name,
            new_index[make_node_key(operation, index)],
            tensor_index,
        ]

    config = {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": nest.map_structure(place_of, model._inputs_struct),
        "output_layers": nest.map_structure(place_of, model._outputs_struct),
    }
    return copy.deepcopy(config)


def _serialize_node(node: Node, own: set[str]) -> dict[str, Any]:
    def serialize(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        operation, index, tensor_index = leaf._keras_history
        foreign = sum(make_node_key(operation, i) not in own for i in range(index))
        stand_in = KerasTensor(leaf.shape, leaf.dtype)
        stand_in._keras_history = History(operation, index - foreign, tensor_index)
        return _Serialized(serialize_keras_object(stand_in))

    args, kwargs = node.args, node.kwargs
    if isinstance(node.operation, OpCall):
        form = keras_form(node.operation)
        if form is not None:
            args, kwargs = form.tensors, {}
    args, kwargs = nest.map_structure(serialize, (args, kwargs))
    return {
        "args": _open(serialize_keras_object, args),
        "kwargs": _open(serialize_keras_object, kwargs),
    }


class _Serialized:
    """A leaf that is a config already."""

    def __init__(self, config: Any) -> None:
        self.config = config


def _open(function: Any, structure: Any) -> Any:
    if isinstance(structure, _Serialized):
        return structure.config
    if isinstance(structure, dict):
        return {key: _open(function, value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)) and not hasattr(structure, "_fields"):
        return type(structure)(_open(function, value) for value in structure)
    return function(structure)


def functional_from_config(
    cls: Any, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> Any:
    """The Functional model that a config describes.

    Args:
        cls: the class of the model.
        config: what `get_config` returned.
        custom_objects: name to class or function.

    Raises:
        ValueError: the graph in the config has loops or missing parts.
    """
    config = dict(config)
    layers = config.pop("layers")
    input_layers = config.pop("input_layers")
    output_layers = config.pop("output_layers")
    created: dict[str, Any] = {}
    waiting: list[tuple[Any, list[Any]]] = []
    for layer_config in layers:
        layer = deserialize_keras_object(
            layer_config, custom_objects=custom_objects or {}
        )
        if not isinstance(layer, Operation):
            raise ValueError(
                "Unexpected object from deserialization, expected a layer or "
                f"operation, got a {type(layer)}"
            )
        created[layer_config.get("name") or layer.name] = layer
        if layer_config.get("inbound_nodes"):
            waiting.append((layer, list(layer_config["inbound_nodes"])))
    _replay(waiting, created)

    def tensor_at(name: str, index: int, tensor_index: int) -> Any:
        if name not in created:
            raise ValueError(
                f"keras.Model.from_config: expected the name of one of the layers "
                f"{sorted(created)}. Received: {name!r}."
            )
        layer = created[name]
        if is_functional(layer):
            index -= 1
        return layer._inbound_nodes[index].outputs[tensor_index]

    def revive(places: Any) -> Any:
        if isinstance(places, (list, tuple)) and len(places) == 3:
            if isinstance(places[0], str):
                return tensor_at(*places)
        if isinstance(places, dict):
            return {key: revive(value) for key, value in places.items()}
        if isinstance(places, tuple):
            return tuple(revive(value) for value in places)
        return [revive(value) for value in places]

    return cls(
        inputs=revive(input_layers),
        outputs=revive(output_layers),
        name=config.pop("name", None),
        trainable=config.pop("trainable", None),
        **config,
    )


class _NotYet(Exception):
    """A call needs a tensor that is not there yet."""


def _replay(waiting: list[tuple[Any, list[Any]]], created: dict[str, Any]) -> None:
    """Repeat the recorded calls, as soon as their inputs exist."""
    while waiting:
        progress = False
        for entry in list(waiting):
            layer, calls = entry
            while calls:
                try:
                    args, kwargs = _arguments(calls[0], created)
                except _NotYet:
                    break
                layer(*_as_recorded(layer, args), **kwargs)
                calls.pop(0)
                progress = True
            if not calls:
                waiting.remove(entry)
        if not progress:
            raise ValueError(
                "Invalid Functional model configuration. The graph of the Functional "
                "model either has loops or disconnected nodes. The following nodes "
                f"failed to be resolved: {[layer.name for layer, _ in waiting]}"
            )


def _as_recorded(operation: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Positional arguments of an op with tuples where JSON has lists of constants."""
    if not isinstance(operation, OpCall):
        return args
    return tuple(
        tuple(arg)
        if isinstance(arg, list) and not any(is_tensor(x) for x in nest.flatten(arg))
        else arg
        for arg in args
    )


def _arguments(
    node: Any, created: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(node, dict):
        args = _revive(node.get("args") or [], created)
        kwargs = _revive(node.get("kwargs") or {}, created)
        return tuple(args), kwargs
    tensors = []
    kwargs = {}
    for entry in node:
        name, index, tensor_index = entry[:3]
        kwargs = entry[3] if len(entry) > 3 else {}
        tensors.append(_find(name, index, tensor_index, created, legacy=True))
    kwargs = {key: _legacy_tensor(value, created) for key, value in kwargs.items()}
    return (tensors[0] if len(tensors) == 1 else tensors,), kwargs


def _legacy_tensor(value: Any, created: dict[str, Any]) -> Any:
    if isinstance(value, list) and len(value) == 3 and value[0] in created:
        return _find(value[0], value[1], value[2], created, legacy=True)
    return value


def _revive(config: Any, created: dict[str, Any]) -> Any:
    def resolve(leaf: Any) -> Any:
        history = getattr(leaf, "_pre_serialization_keras_history", None)
        if not isinstance(leaf, KerasTensor) or history is None:
            return leaf
        return _find(history[0], history[1], history[2], created)

    return nest.map_structure(resolve, deserialize_keras_object(config))


def _find(
    name: str,
    index: int,
    tensor_index: int,
    created: dict[str, Any],
    legacy: bool = False,
) -> Any:
    if name not in created:
        raise ValueError(
            f"Invalid Functional model configuration. Missing node: {name}"
        )
    layer = created[name]
    if legacy and is_functional(layer):
        index -= 1  # Keras 2 gave each model a node of its own.
    if len(layer._inbound_nodes) <= index:
        raise _NotYet
    return layer._inbound_nodes[index].outputs[tensor_index]
