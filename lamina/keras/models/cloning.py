"""`clone_model`: a model of the same architecture with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.engine import nest
from lamina.engine.graph import KerasTensor, OpCall
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import Input, InputLayer
from lamina.keras.models.functional import Functional, functional_like_constructor
from lamina.keras.models.model import Model
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

    Reference: `keras.models.clone_model`. A compiled model gives a compiled copy; here
    also if its losses and metrics are functions that no file could name.
    """
    if kwargs:
        raise ValueError(
            f"Unexpected keyword argument(s): {tuple(kwargs)}. clone_model takes "
            "model, input_tensors, clone_function, call_function and recursive."
        )
    return _clone(model, input_tensors, clone_function, call_function, recursive, {})


def _clone(
    model: Any,
    input_tensors: Any,
    clone_function: Callable[[Any], Any] | None,
    call_function: Callable[..., Any] | None,
    recursive: bool,
    copies: dict[int, Any],
) -> Any:
    """`clone_model` with the copies made so far, by the id of the original."""
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "`call_function` argument is not supported with Sequential models. In "
                "a Sequential model, layers aren't called at model-construction time "
                f"(they're merely listed). Received: {call_function=}"
            )
        clone_layer = _wrap(clone_function, None, recursive, copies)
        return _compiled_like(
            model, _clone_sequential(model, clone_layer, input_tensors)
        )
    if isinstance(model, Functional):
        if functional_like_constructor(type(model)) or (
            input_tensors is not None or clone_function or call_function
        ):
            clone_layer = _wrap(clone_function, call_function, recursive, copies)
            return _compiled_like(
                model,
                _clone_functional(model, clone_layer, call_function, input_tensors),
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
    return _compiled_like(model, _clone_layer(model))


def _compiled_like(model: Any, clone: Any) -> Any:
    """The clone, compiled with copies of what the model was compiled with."""
    if model.compiled and not clone.compiled and type(model).compile is Model.compile:
        arguments = {
            name: nest.map_structure(_fresh, value)
            for name, value in model._compile_args.items()
        }
        clone.compile(**arguments)
    return clone


def _fresh(value: Any) -> Any:
    """A copy of an optimizer, a loss or a metric; other values are shared."""
    if hasattr(value, "get_config") and hasattr(type(value), "from_config"):
        return type(value).from_config(value.get_config())
    return value


def _clone_layer(layer: Any) -> Any:
    if isinstance(layer, OpCall):
        return OpCall(layer.op, name=layer.name)
    return type(layer).from_config(layer.get_config())


def _wrap(
    clone_function: Callable[[Any], Any] | None,
    call_function: Callable[..., Any] | None,
    recursive: bool,
    copies: dict[int, Any],
) -> Callable[[Any], Any]:
    """What gives the copy of an operation, one for each original."""
    chosen = clone_function or _clone_layer

    def make(layer: Any) -> Any:
        if isinstance(layer, InputLayer):
            return layer
        if recursive and isinstance(layer, Sequential):
            return _clone(layer, None, chosen, None, True, copies)
        if recursive and isinstance(layer, Functional):
            return _clone(layer, None, chosen, call_function, True, copies)
        return chosen(layer) if isinstance(layer, Layer) else _clone_layer(layer)

    def clone(layer: Any) -> Any:
        if id(layer) not in copies:
            copies[id(layer)] = make(layer)
        return copies[id(layer)]

    return clone


def _clone_sequential(
    model: Sequential, clone_layer: Callable[[Any], Any], input_tensors: Any
) -> Any:
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
    clone_layer: Callable[[Any], Any],
    call_function: Any,
    input_tensors: Any,
) -> Any:
    if input_tensors is not None:
        inputs = _match_inputs(model, input_tensors)
    else:
        inputs = nest.map_structure(_copy_input, model._inputs_struct)

    def copy_of(operation: Any) -> Any:
        copy = clone_layer(operation)
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
        nest.assert_same_structure(input_tensors, model.input)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "`input_tensors` must have the same structure as model.input\nIncompatible "
            f"structure: {input_tensors} vs {model.input}\n{error}"
        ) from None
    if all(getattr(x, "_keras_history", None) is not None for x in flat):
        return input_tensors
    return nest.map_structure(lambda x: Input(tensor=x, name=x.name), input_tensors)
