"""`Model`: layers grouped into an object that can be trained and saved."""

from __future__ import annotations

import importlib
import inspect
import json
import warnings
from typing import Any

from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.keras.common.defaults import is_default
from lamina.keras.common.standardize import is_shape, map_shapes
from lamina.keras.layers.base import Layer
from lamina.keras.layers.call_spec import evaluate_abstractly
from lamina.keras.models.saving_methods import SavingMethods
from lamina.keras.models.state_tree import StateTree
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.keras.trainers.trainer import Trainer
from lamina.keras.utils.summary import print_summary

_CLASSES: dict[str, Any] = {}


def register_functional(cls: type) -> None:
    """Name the class that `Model(inputs, outputs)` makes."""
    _CLASSES["functional"] = cls


def functional_class() -> Any:
    """The class that `Model(inputs, outputs)` makes."""
    if "functional" not in _CLASSES:
        importlib.import_module("lamina.keras.models.functional")
    return _CLASSES["functional"]


def is_functional(model: Any) -> bool:
    """Whether `model` was made from symbolic inputs and outputs."""
    return "functional" in _CLASSES and isinstance(model, _CLASSES["functional"])


class Model(Trainer, SavingMethods, StateTree, Layer):
    """Layers grouped into an object with training, evaluation and saving.

    Three ways to make one: `keras.Model(inputs, outputs)` from symbolic tensors, a
    `keras.Sequential` of layers, or a subclass with layers as attributes and a `call`.

    Args:
        *args: `inputs, outputs` for a Functional model.
        **kwargs: `inputs`, `outputs`, `name`, `trainable`, `dtype`.

    Example:

        >>> inputs = keras.Input(shape=(37,))
        >>> x = keras.layers.Dense(32, activation="relu")(inputs)
        >>> outputs = keras.layers.Dense(5, activation="softmax")(x)
        >>> model = keras.Model(inputs=inputs, outputs=outputs)

    Reference: `keras.Model`.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and is_functional_call(args, kwargs):
            return functional_class().__new__(functional_class(), *args, **kwargs)
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if is_functional_call(args, kwargs):
            _become_functional(type(self))
            functional_class().__init__(self, *args, **kwargs)
        else:
            self._init_base(*args, **kwargs)

    def _init_base(self, *args: Any, **kwargs: Any) -> None:
        """Set up training and the layer, without a graph."""
        self.__dict__["_lock"] = False
        self._initialize_tracker()
        Trainer.__init__(self)
        Layer.__init__(self, *args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs; a subclass has its own."""
        raise NotImplementedError(
            f"Model {type(self).__name__} does not have a `call()` method implemented."
        )

    @property
    def layers(self) -> list[Any]:
        """The layers directly in this model."""
        return self._flatten_layers(include_self=False, recursive=False)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Model.layers` attribute is reserved and should not be used. Please use "
            "another name."
        )

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer with this name or place.

        Args:
            name: the name.
            index: the place in `layers`.

        Raises:
            ValueError: both or neither were given, or there is no such layer.
        """
        layers = self.layers
        if index is not None and name is not None:
            raise ValueError(
                "Provide only a layer name or a layer index. Received: "
                f"index={index}, name={name}."
            )
        if index is not None:
            if len(layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has "
                    f"{len(layers)} layers."
                )
            return layers[index]
        if name is None:
            raise ValueError(
                "Provide either a layer name or layer index at `get_layer`."
            )
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"No such layer: {name}. Existing layers are: "
            f"{[layer.name for layer in layers]}."
        )

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their output shapes and weights.

        Args:
            line_length: the width in characters.
            positions: where the columns end, as parts of the width.
            print_fn: called with the text instead of printing it.
            expand_nested: whether the layers of nested models are listed.
            show_trainable: whether a column says which layers are trained.
            layer_range: names (or patterns) of the first and last layer to list.

        Raises:
            ValueError: `layer_range` is malformed or the width is too small.
        """
        print_summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    # ------------------------------------------------------------ description

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights for the shapes that `get_build_config` recorded."""
        if not config:
            return
        done = False
        if "input_shape" in config:
            shape = config["input_shape"]
            if is_default(self.build):
                done = self._build_by_call((map_shapes(KerasTensor, shape),), {})
            else:
                done = self._try_build(shape)
            self.__dict__["_build_shapes_dict"] = config
        elif "shapes_dict" in config:
            shapes = config["shapes_dict"]
            if not is_default(self.build):
                done = self._try_build(**shapes)
            elif all(is_shape(s) for s in shapes.values()):
                tensors = {
                    name.removesuffix("_shape"): KerasTensor(tuple(shape))
                    for name, shape in shapes.items()
                }
                done = self._build_by_call((), tensors)
            self.__dict__["_build_shapes_dict"] = shapes
        if not done:
            warnings.warn(
                f"Model '{self.name}' had a build config, but the model cannot be "
                "built automatically in `build_from_config(config)`. Implement "
                "`def build_from_config(self, config)`, and `def "
                "get_build_config(self)` for the config that it gets.",
                stacklevel=2,
            )

    def _try_build(self, *args: Any, **kwargs: Any) -> bool:
        try:
            self.build(*args, **kwargs)
        except Exception:  # the user's code, which may raise anything; the caller warns
            return False
        return True

    def _build_by_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        try:
            evaluate_abstractly(self.call, args, kwargs)
        except Exception:  # the user's code, which may raise anything; the caller warns
            return False
        return True

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON, for `keras.models.model_from_json`.

        Args:
            **kwargs: for `json.dumps`.
        """
        return json.dumps(serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """The model that `get_config` describes.

        Raises:
            TypeError: the constructor does not accept the config.
        """
        functional = functional_class()
        graph_keys = ("name", "layers", "input_layers", "output_layers")
        spec = inspect.getfullargspec(cls.__init__)
        own = inspect.getfullargspec(functional.__init__).args[1:]
        revivable = (
            cls in (functional, Model)
            or spec.args[1:] == own
            or (spec.varargs == "args" and spec.varkw == "kwargs")
        )
        if revivable and all(key in config for key in graph_keys):
            from_graph = importlib.import_module(
                "lamina.keras.models.functional_config"
            ).functional_from_config
            return from_graph(cls, config, custom_objects)
        try:
            return cls(**config)
        except TypeError as error:
            raise TypeError(
                "Unable to revive model from config. When overriding `get_config()`, "
                "make sure that the returned config contains all items used as "
                f"arguments in the constructor to {cls}, or override "
                "`from_config(cls, config)` too.\n\n"
                f"Received config={config}\n\n"
                f"Error encountered during deserialization: {error}"
            ) from error


def is_functional_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether constructor arguments are inputs and outputs."""
    return (
        len(args) == 2
        or (len(args) == 1 and "outputs" in kwargs)
        or ("inputs" in kwargs and "outputs" in kwargs)
    )


def _become_functional(cls: type) -> Any:
    """Put the functional class in the place of `Model` among the bases of `cls`."""
    functional = functional_class()
    if cls is Model:
        return functional
    if cls is object or issubclass(cls, functional) or not issubclass(cls, Model):
        return cls
    cls.__bases__ = tuple(_become_functional(base) for base in cls.__bases__)
    return cls


def model_from_json(
    json_string: str, custom_objects: dict[str, Any] | None = None
) -> Any:
    """The model that `to_json` described, with new weights.

    Args:
        json_string: the JSON.
        custom_objects: name to class or function.

    Raises:
        ValueError: the text is no JSON.

    Reference: `keras.models.model_from_json`.
    """
    try:
        config = json.loads(json_string)
    except ValueError as error:
        raise ValueError(
            message(
                "keras.models.model_from_json",
                expected="JSON that `model.to_json()` gave",
                received=f"{json_string[:80]!r} ({error})",
            )
        ) from None
    return deserialize_keras_object(config, custom_objects=custom_objects)
