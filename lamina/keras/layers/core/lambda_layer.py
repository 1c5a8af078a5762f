"""`Lambda`: a layer made of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from lamina.autograph.conversion import tf_convert
from lamina.engine.graph import abstract_call
from lamina.keras.common.standardize import map_shapes
from lamina.keras.layers.base import Layer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Lambda(Layer):
    """Applies a function to its inputs.

    The function must not use variables of its own: they would not be tracked.

    Args:
        function: Called as `function(inputs, **arguments)`, with `mask` and
            `training` if it takes them.
        output_shape: The output's shape without the batch, or a function of the
            input's shape; worked out from `function` if None.
        mask: The output's mask, or a function `(inputs, mask)` that returns it.
        arguments: More keyword arguments for `function`.
        **kwargs: `name`, `dtype`.

    Reference: `keras.layers.Lambda`. Difference: a Python lambda is not stored in a
    file, and one found in a file is refused. Use a named function, registered with
    `keras.saving.register_keras_serializable` or passed in `custom_objects`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        taken = _parameter_names(function)
        self._fn_expects_mask_arg = "mask" in taken
        self._fn_expects_training_arg = "training" in taken

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Returns `function(inputs, **arguments)`."""
        arguments = dict(self.arguments)
        if self._fn_expects_mask_arg:
            arguments["mask"] = mask
        if self._fn_expects_training_arg:
            arguments["training"] = training
        return tf_convert(self.function)(inputs, **arguments)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Returns symbolic outputs, from `function` itself if it tells the shape."""
        if self._output_shape is None:
            return abstract_call(self.call, args, kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the output's shape for the input's.

        Raises:
            NotImplementedError: `function` cannot be evaluated on shapes only.
        """
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        if self._output_shape is not None:
            first = input_shape
            while first and isinstance(first[0], list | tuple):
                first = first[0]
            return map_shapes(lambda s: (first[0], *s), self._output_shape)
        try:
            return super().compute_output_shape(input_shape)
        except Exception as error:
            raise NotImplementedError(
                "keras.layers.Lambda: We could not automatically infer the shape of "
                f"the Lambda's output for input_shape={input_shape}: {error} Please "
                "specify the `output_shape` argument."
            ) from error

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask given to the constructor, or what it computes."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = {"function": serialize_keras_object(self.function)}
        if self._output_shape is not None:
            config["output_shape"] = serialize_keras_object(self._output_shape)
        if callable(self.mask):
            config["mask"] = serialize_keras_object(self.mask)
        elif self.mask is not None:
            config["mask"] = self.mask
        config["arguments"] = serialize_keras_object(self.arguments)
        return {**super().get_config(), **config}

    @classmethod
    def from_config(
        cls,
        config: dict[str, Any],
        custom_objects: dict[str, Any] | None = None,
        safe_mode: bool | None = None,
    ) -> Any:
        """Makes the layer from the dict that `get_config` returned.

        Args:
            config: The dict.
            custom_objects: Functions by name.
            safe_mode: Accepted; code in a config is refused in either case.

        Raises:
            ValueError: The config holds the code of a Python lambda.
        """
        config = dict(config)
        for name in ("function", "output_shape", "mask", "arguments"):
            if name in config:
                config[name] = deserialize_keras_object(config[name], custom_objects)
        if isinstance(config.get("output_shape"), list):
            config["output_shape"] = tuple(config["output_shape"])
        return cls(**config)


def _parameter_names(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()
