"""`clone_model`: a model of the same architecture with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.engine import nest
from lamina.engine.graph import KerasTensor, OpCall
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import Input, InputLayer
from lamina.keras.models.functional import Functional, functional_like_constructor
from lamina.keras.models.sequential import Sequential


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model with copies of the layers and new weights.

    Args:
        model: a Sequential or Functional model; a subclassed model is made anew from
            its config.
        input_tensors: symbolic tensors that the copy starts from.
        clone_function: gives the copy of a layer (or the layer itself, to share it).
        call_function: applies a copy, called as `f(layer, *args, **kwargs)`.
        recursive: whether nested models are copied by `clone_function` as well.
        **kwargs: none are known.

    Raises:
        ValueError: an argument does not go with the kind of model, or
            `input_tensors` has another structure.

    Reference: `keras.models.clone_model`.
    """
    if kwargs:
        raise ValueError(
            f"Unexpected keyword argument(s): {tuple(kwargs)}. clone_model takes "
            "model, input_tensors, clone_function, call_function and recursive."
        )
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "`call_function` argument is not supported with Sequential models. In "
                "a Sequential model, layers aren't called at model-construction time "
                f"(they're merely listed). Received: {call_function=}"
            )
        return _clone_sequential(model, clone_function, input_tensors, recursive)
    if isinstance(model, Functional):
        if functional_like_constructor(type(model)) or (
            input_tensors is not None or clone_function or call_function
        ):
            return _clone_functional(
                model, clone_function, call_function, input_tensors, recursive
            )
    for name, value in (
        ("clone_function", clone_function),
        ("input_tensors", input_tensors),
        ("call_function", call_function),
    ):
        if value is not None:
            raise ValueError(
                f"Argument `{name}` is only supported for Functional models"
                f"{'' if name == 'call_function' else ' and Sequential models'}. "
                f"Received model of type '{type(model).__name__}', with {name}={value}"
            )
    if recursive:
        raise ValueError(
            "When `recursive=True`, the model must be a Sequential or Functional model."
            f" Received model of type '{type(model).__name__}'"
        )
    return _clone_layer(model)


def _clone_layer(layer: Any) -> Any:
    if isinstance(layer, OpCall):
        return OpCall(layer.op, name=layer.name)
    return type(layer).from_config(layer.get_config())


def _wrap(
    clone_function: Callable[[Any], Any] | None, recursive: bool
) -> Callable[[Any], Any]:
    if clone_function is None:
        if not recursive:
            return _clone_layer
        clone_function = _clone_layer
    chosen = clone_function

    def clone(layer: Any) -> Any:
        if isinstance(layer, InputLayer):
            return layer
        if recursive and isinstance(layer, (Functional, Sequential)):
            return clone_model(layer, clone_function=chosen, recursive=True)
        if not isinstance(layer, Layer):
            return _clone_layer(layer)
        return chosen(layer)

    return clone


def _clone_sequential(
    model: Sequential, clone_function: Any, input_tensors: Any, recursive: bool
) -> Any:
    clone_layer = _wrap(clone_function, recursive)
    new_layers = [clone_layer(layer) for layer in model.layers]
    first = model._layers[0] if model._layers else None
    source = first if isinstance(first, InputLayer) else None
    if input_tensors is not None:
        if isinstance(input_tensors, (list, tuple)):
            if len(input_tensors) != 1:
                raise ValueError(
                    "Argument `input_tensors` must contain a single tensor. Received: "
                    f"{input_tensors}"
                )
            input_tensors = input_tensors[0]
        if not isinstance(input_tensors, KerasTensor):
            raise ValueError(
                "Argument `input_tensors` must be a KerasTensor. Received invalid "
                f"value: input_tensors={input_tensors}"
            )
        inputs = Input(
            tensor=input_tensors,
            batch_shape=tuple(input_tensors.shape),
            dtype=input_tensors.dtype,
            name=input_tensors.name,
        )
        new_layers = [inputs, *new_layers]
    elif source is not None:
        inputs = Input(
            batch_shape=source.batch_shape,
            dtype=source.dtype,
            sparse=source.sparse,
            ragged=source.ragged,
            optional=source.optional,
            name=source.name,
        )
        new_layers = [inputs, *new_layers]
    kind = type(model) if type(model) is Sequential else Sequential
    return kind(new_layers, name=model.name, trainable=model.trainable)


def _clone_functional(
    model: Functional,
    clone_function: Any,
    call_function: Any,
    input_tensors: Any,
    recursive: bool,
) -> Any:
    clone_layer = _wrap(clone_function, recursive)
    if input_tensors is not None:
        inputs = _match_inputs(model, input_tensors)
    else:
        inputs = nest.map_structure(_copy_input, model._inputs_struct)
    copies: dict[int, Any] = {}

    def copy_of(operation: Any) -> Any:
        if id(operation) not in copies:
            copies[id(operation)] = clone_layer(operation)
        copy = copies[id(operation)]
        if call_function is None:
            return copy
        return lambda *args, **kwargs: call_function(copy, *args, **kwargs)

    outputs = model._run_through_graph(inputs, copy_of)
    kind = type(model) if functional_like_constructor(type(model)) else Functional
    clone = kind(inputs, outputs, name=model.name)
    if clone.trainable != model.trainable:
        clone.trainable = model.trainable
    return clone


def _copy_input(tensor: Any) -> Any:
    layer = tensor._keras_history.operation
    return Input(
        batch_shape=tuple(tensor.shape),
        dtype=tensor.dtype,
        sparse=tensor.sparse,
        ragged=tensor.ragged,
        optional=getattr(layer, "optional", False),
        name=layer.name,
    )


def _match_inputs(model: Functional, input_tensors: Any) -> Any:
    flat = nest.flatten(input_tensors)
    if not all(isinstance(x, KerasTensor) for x in flat):
        raise ValueError(
            "All entries in `input_tensors` must be KerasTensors. Received invalid "
            f"values: input_tensors={input_tensors}"
        )
    try:
        nest.assert_same_structure(input_tensors, model.input, check_types=False)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "`input_tensors` must have the same structure as model.input\nIncompatible "
            f"structure: {input_tensors} vs {model.input}\n{error}"
        ) from None
    if all(getattr(x, "_keras_history", None) is not None for x in flat):
        return input_tensors
    return nest.map_structure(lambda x: Input(tensor=x, name=x.name), input_tensors)
