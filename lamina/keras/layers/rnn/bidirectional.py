"""`Bidirectional`: a recurrent layer run in both directions."""

from __future__ import annotations

import copy
from typing import Any

from lamina.engine.errors import message
from lamina.keras.layers.base import Layer
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.ops.array.casting import cast
from lamina.ops.array.joining import concat
from lamina.ops.array.padding import reverse

_MODES = ("sum", "mul", "ave", "concat", None)
_SHARED = ("stateful", "return_sequences", "return_state")


class Bidirectional(Layer):
    """Runs a copy of a recurrent layer forwards and another one backwards.

    Args:
        layer: A recurrent layer, such as `LSTM(8)`. It is copied, not used.
        merge_mode: How the two outputs are joined: `"concat"`, `"sum"`, `"mul"`,
            `"ave"`, or None for a pair.
        weights: Initial weights, those of the forward layer first.
        backward_layer: The layer for the other direction, with `go_backwards`; by
            default a copy of `layer` with the opposite direction.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`.

    Call arguments:
        sequences: A tensor `(B, T, D)`.
        initial_state: The forward layer's states, then the backward layer's.
        mask: `(B, T)`; passed on to both layers.
        training: Passed on to both layers.

    Raises:
        ValueError: The layers do not fit each other, or `merge_mode` is unknown.

    Reference: `keras.layers.Bidirectional`; Schuster and Paliwal, 1997.
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(layer, Layer):
            raise _problem(
                "Please initialize `Bidirectional` layer with a `keras.layers.Layer` "
                f"instance: {layer}"
            )
        if backward_layer is not None and not isinstance(backward_layer, Layer):
            raise _problem(
                "`backward_layer` need to be a `keras.layers.Layer` instance: "
                f"{backward_layer}"
            )
        if merge_mode not in _MODES:
            raise _problem(
                f"Invalid merge mode: {merge_mode}. Merge mode should be one of "
                f"{_MODES}"
            )
        super().__init__(weights=weights, **kwargs)
        self.forward_layer: Any = _copy(layer, "forward_")
        self.backward_layer: Any = backward_layer
        if backward_layer is None:
            self.backward_layer = _copy(layer, "backward_", go_backwards=True)
        self._check_layers()
        for inner in (self.forward_layer, self.backward_layer):
            if getattr(inner, "zero_output_for_mask", None) is not None:
                inner.zero_output_for_mask = inner.return_sequences
            if hasattr(layer, "use_cudnn"):
                inner.use_cudnn = layer.use_cudnn
        self.merge_mode = merge_mode
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_layers(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise _problem(
                "Forward layer and backward layer should have different "
                "`go_backwards` value: forward_layer.go_backwards="
                f"{forward.go_backwards}, backward_layer.go_backwards="
                f"{backward.go_backwards}"
            )
        for name in _SHARED:
            values = getattr(forward, name), getattr(backward, name)
            if values[0] != values[1]:
                raise _problem(
                    "Forward layer and backward layer are expected to have the same "
                    f'value for attribute "{name}", got "{values[0]}" for forward '
                    f'layer and "{values[1]}" for backward layer'
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds both layers."""
        for inner in (self.forward_layer, self.backward_layer):
            if not inner.built:
                inner.build(sequences_shape)

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
    ) -> Any:
        """Returns the joined outputs, and the states of both with `return_state`."""
        options: dict[str, Any] = {}
        if self.forward_layer._call_has_training_arg:
            options["training"] = training
        if self.forward_layer._call_has_mask_arg:
            options["mask"] = mask
        forward_state = backward_state = None
        if initial_state is not None:
            half = len(initial_state) // 2
            forward_state, backward_state = initial_state[:half], initial_state[half:]
        y = self.forward_layer(sequences, initial_state=forward_state, **options)
        z = self.backward_layer(sequences, initial_state=backward_state, **options)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*y[1:], *z[1:])
            y, z = y[0], z[0]
        y, z = cast(y, self.compute_dtype), cast(z, self.compute_dtype)
        if self.return_sequences:
            z = reverse(z, [1])
        output = self._merge(y, z)
        if not self.return_state:
            return output
        return (*output, *states) if self.merge_mode is None else (output, *states)

    def _merge(self, y: Any, z: Any) -> Any:
        if self.merge_mode == "concat":
            return concat([y, z], -1)
        if self.merge_mode == "sum":
            return y + z
        if self.merge_mode == "ave":
            return (y + z) / 2
        if self.merge_mode == "mul":
            return y * z
        return y, z

    def compute_output_shape(
        self, sequences_shape: Any, initial_state_shape: Any = None
    ) -> Any:
        """Returns the shapes of the joined outputs and, if wanted, of the states."""
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        states: tuple[Any, ...] = ()
        if self.return_state:
            shape, states = shape[0], tuple(shape[1:])
        if self.merge_mode == "concat":
            shape = (*shape[:-1], shape[-1] * 2)
        if self.merge_mode is None:
            return (shape, shape, *states, *states)
        return (shape, *states, *states) if self.return_state else shape

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        """Returns the mask of the outputs: the input's, if all steps are returned."""
        if isinstance(mask, list):
            mask = mask[0]
        if not self.return_sequences:
            mask = None
        output = (mask, mask) if self.merge_mode is None else mask
        if not self.return_state:
            return output
        count = 2 * len(self.forward_layer.state_size)
        first = output if isinstance(output, tuple) else (output,)
        return (*first, *(None for _ in range(count)))

    @property
    def states(self) -> Any:
        """The states of both layers, if they are stateful."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def reset_state(self) -> None:
        """Sets the states of both layers to zero.

        Raises:
            AttributeError: The layer is not stateful.
        """
        if not self.stateful:
            raise AttributeError(
                "keras.layers.Bidirectional.reset_state: Layer must be stateful. "
                "Received: stateful=False. Make the inner layer with stateful=True."
            )
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """The same as `reset_state`, as Keras 2 called it."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Makes the layer from the dict that `get_config` returned."""
        config = copy.deepcopy(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = deserialize_keras_object(config[name], custom_objects)
        return cls(**config)


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    config = serialize_keras_object(layer)
    name = f"{prefix}{layer.name.removeprefix(prefix)}"
    config["config"] = {**config["config"], **changes, "name": name}
    config.pop("build_config", None)
    return deserialize_keras_object(
        config, custom_objects={type(layer).__name__: type(layer)}
    )


def _problem(received: str) -> ValueError:
    return ValueError(
        message(
            "keras.layers.Bidirectional",
            expected="a recurrent layer, and another one of the opposite direction",
            received=received,
            hint="For example Bidirectional(LSTM(8)).",
        )
    )
