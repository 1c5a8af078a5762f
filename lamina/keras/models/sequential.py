"""`Sequential`: a model that is a stack of layers."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from lamina.engine import nest
from lamina.keras.common.standardize import standardize_shape
from lamina.keras.common.tensors import get_keras_mask
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import InputLayer
from lamina.keras.models.functional import Functional
from lamina.keras.models.model import Model
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Sequential(Model):
    """A stack of layers, each with one input and one output.

    Args:
        layers: the layers, from the input on. The first may be a `keras.Input`, or a
            layer with `input_shape=`; without either the model is built at its first
            call.
        trainable: whether the weights are trained.
        name: the model's name.

    Example:

        >>> model = keras.Sequential([
        ...     keras.Input(shape=(16,)),
        ...     keras.layers.Dense(8, activation="relu"),
        ...     keras.layers.Dense(1),
        ... ])

    Reference: `keras.Sequential`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(
        self, layers: Any = None, trainable: bool = True, name: str | None = None
    ) -> None:
        self._init_base(trainable=trainable, name=name)
        self.__dict__["_functional"] = None
        self.__dict__["_layers"] = []
        if layers:
            if not isinstance(layers, (list, tuple)):
                layers = [layers]
            for layer in layers:
                self.add(layer, rebuild=False)
            self._maybe_rebuild()

    # ----------------------------------------------------------------- layers

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top of the stack.

        Args:
            layer: a layer, or a `keras.Input` at the bottom.
            rebuild: whether the model is built anew at once.

        Raises:
            ValueError: it is no layer, its name is taken, or it is a second input.
        """
        if not self._layers:
            shape = getattr(layer, "__dict__", {}).get("_input_shape_arg")
            if shape is not None:
                size = layer.__dict__.get("_input_batch_size_arg")
                self.add(InputLayer(shape=shape, batch_size=size), rebuild=False)
        history = getattr(layer, "_keras_history", None)
        if history is not None and isinstance(history.operation, InputLayer):
            layer = history.operation
        if not isinstance(layer, Layer):
            raise ValueError(
                "Only instances of `keras.Layer` can be added to a Sequential model. "
                f"Received: {layer} (of type {type(layer)}). Make an instance of a "
                "class, and wrap a function in keras.layers.Lambda."
            )
        if any(layer.name == x.name and layer is not x for x in self._layers):
            raise ValueError(
                "All layers added to a Sequential model should have unique names. Name "
                f"'{layer.name}' is already the name of a layer in this model. Update "
                "the `name` argument to pass a unique name."
            )
        if (
            isinstance(layer, InputLayer)
            and self._layers
            and isinstance(self._layers[0], InputLayer)
        ):
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use "
                f"input shape {self._layers[0].batch_shape}. You cannot add a "
                "different Input layer to it."
            )
        self._layers.append(layer)
        if rebuild:
            self._maybe_rebuild()
        else:
            self._forget_graph()

    def pop(self, rebuild: bool = True) -> Any:
        """Take the last layer off and return it.

        Args:
            rebuild: whether the model is built anew at once.
        """
        layer = self._layers.pop()
        self._forget_graph()
        if rebuild:
            self._maybe_rebuild()
        return layer

    def _forget_graph(self) -> None:
        self.built = False
        self.__dict__["_functional"] = None

    def _maybe_rebuild(self) -> None:
        self._forget_graph()
        if len(self._layers) < 2:
            return
        first = self._layers[0]
        if isinstance(first, InputLayer):
            self.build(first.batch_shape)
        elif isinstance(first, Model):
            shape = getattr(first, "input_shape", None)
            if shape is not None:
                self.build(shape)

    def _lock_state(self) -> None:
        """Layers may be added after the model is built."""

    def _obj_type(self) -> str:
        return "Sequential"

    # --------------------------------------------------------------- building

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of this shape.

        Args:
            input_shape: the shape with the batch size.

        Raises:
            ValueError: the model has no layers, or has another input shape already.
        """
        try:
            shape = standardize_shape(input_shape)
        except (ValueError, TypeError):
            return
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no "
                "layers. Call `model.add(layer)`."
            )
        first = self._layers[0]
        if isinstance(first, InputLayer):
            if first.batch_shape != shape:
                raise ValueError(
                    f"Sequential model '{self.name}' has already been configured to "
                    f"use input shape {first.batch_shape}. You cannot build it with "
                    f"input_shape {shape}"
                )
        else:
            dtype = first.compute_dtype
            self._layers.insert(0, InputLayer(batch_shape=shape, dtype=dtype))
        inputs = x = self._layers[0].output
        for layer in self._layers[1:]:
            try:
                x = layer(x)
            except NotImplementedError:
                return
            except TypeError:
                _check_arguments(layer)
                raise
        self.__dict__["_functional"] = Functional(inputs=inputs, outputs=x)

    # -------------------------------------------------------------------- call

    def call(
        self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Apply the layers one after the other."""
        if self._functional is not None:
            return self._functional.call(inputs, training=training, mask=mask, **kwargs)
        outputs = inputs
        for layer in self.layers:
            extra = {
                name: kwargs[name]
                for name in layer._call_has_context_arg
                if name in kwargs
            }
            if layer._call_has_mask_arg:
                extra["mask"] = mask
            if layer._call_has_training_arg and training is not None:
                extra["training"] = training
            outputs = layer(outputs, **extra)
            mask = nest.map_structure(get_keras_mask, outputs)
        return outputs

    def _known_outputs(self, x: Any) -> Any:
        """The outputs as they were recorded, for the number of rows of `x`."""
        if type(self).call is not Sequential.call or self._functional is None:
            return None
        return self._functional._known_outputs(x)

    def _pass_mask_on(self, inputs: Any, outputs: Any, previous_mask: Any) -> None:
        """The layers inside have attached the masks already."""

    def compute_output_spec(
        self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """The outputs' shapes and dtypes."""
        if self._functional is not None:
            return self._functional.compute_output_spec(
                inputs, training=training, mask=mask, **kwargs
            )
        outputs = inputs
        for layer in self.layers:
            outputs = layer.compute_output_spec(outputs)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shape for the inputs' shape."""
        if self._functional is not None:
            return self._functional.compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    # -------------------------------------------------------------- attributes

    @property
    def layers(self) -> list[Any]:
        """The layers that were added, without the input layer."""
        layers = list(self._layers)
        return layers[1:] if layers and isinstance(layers[0], InputLayer) else layers

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Sequential.layers` attribute is reserved and should not be used. Use "
            "`add()` and `pop()` to change the layers in this model."
        )

    def _from_graph(self, name: str, what: str) -> Any:
        if self._functional is not None:
            return getattr(self._functional, name)
        raise AttributeError(
            f"Sequential model '{self.name}' has no defined {what} yet. Give it an "
            "input shape with keras.Input, or call it on data first."
        )

    @property
    def input_shape(self) -> Any:
        """The shape of the input."""
        return self._from_graph("input_shape", "input shape")

    @property
    def output_shape(self) -> Any:
        """The shape of the output."""
        return self._from_graph("output_shape", "output shape")

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs."""
        return self._from_graph("inputs", "inputs")

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs."""
        return self._from_graph("outputs", "outputs")

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return self._from_graph("input_names", "inputs")

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs."""
        return self._from_graph("output_names", "outputs")

    @property
    def input(self) -> Any:
        """The symbolic input."""
        if self._functional is None and self._inbound_nodes:
            return super().input
        return self._from_graph("inputs", "input")[0]

    @property
    def output(self) -> Any:
        """The symbolic output."""
        if self._functional is None and self._inbound_nodes:
            return super().output
        return self._from_graph("output", "output")

    @property
    def input_dtype(self) -> str:
        """The dtype that inputs are cast to."""
        if self._layers and isinstance(self._layers[0], InputLayer):
            return self._layers[0].dtype
        return super().input_dtype

    # -------------------------------------------------------------- description

    def get_config(self) -> dict[str, Any]:
        """The layers' configs."""
        config = Model.get_config(self)
        config["name"] = self.name
        config["layers"] = copy.deepcopy(
            [serialize_keras_object(layer) for layer in self._layers]
        )
        if self._functional is not None:
            config["build_input_shape"] = self._layers[0].batch_shape
        return config

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """The model that `get_config` describes.

        Raises:
            ValueError: the config has no `name` or `layers`.
        """
        if "name" not in config or "layers" not in config:
            raise ValueError(
                "A Sequential model configuration must be a dictionary containing the "
                f"'name' and 'layers' keys. Received: config={config}"
            )
        model = cls(name=config["name"])
        for layer_config in config["layers"]:
            model.add(
                deserialize_keras_object(layer_config, custom_objects=custom_objects)
            )
        shape = config.get("build_input_shape")
        if model._functional is None and isinstance(shape, (tuple, list)) and shape:
            model.build(tuple(shape))
        return model


def _check_arguments(layer: Any) -> None:
    """Say so where a layer does not take exactly one tensor."""
    positional = [
        parameter
        for parameter in inspect.signature(layer.call).parameters.values()
        if parameter.kind
        in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        )
    ]
    required = [p for p in positional if p.default is inspect.Parameter.empty]
    name = type(layer).__name__
    if not positional:
        raise ValueError(
            "Layers added to a Sequential model should have a single positional "
            f"argument, the input tensor. Layer {name} has no positional arguments."
        )
    if len(required) > 1:
        raise ValueError(
            "Layers added to a Sequential model can only have a single required "
            f"positional argument, the input tensor. Layer {name} has multiple "
            f"required positional arguments: {required}"
        )
