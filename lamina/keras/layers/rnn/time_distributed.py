"""`TimeDistributed`: a layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from lamina.engine.errors import message
from lamina.keras.layers.core.wrapper import Wrapper
from lamina.ops.array.joining import stack


class TimeDistributed(Wrapper):
    """Applies a layer to each step of a sequence, with the same weights.

    Args:
        layer: The layer.
        **kwargs: `name`, `dtype`, `trainable`, `input_shape`.

    Call arguments:
        inputs: A tensor `(B, T, ...)`.
        training: Passed on to the layer.
        mask: `(B, T, ...)`; passed on to the layer step by step.

    Returns:
        A tensor `(B, T, ...)` of what the layer gives for each step.

    Raises:
        ValueError: `layer` is not a layer, or the inputs or the mask do not fit.

    Reference: `keras.layers.TimeDistributed`.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        if not isinstance(input_shape, tuple | list) or len(input_shape) < 3:
            raise _problem(
                "`TimeDistributed` Layer should be passed an `input_shape` with at "
                f"least 3 dimensions, received: {input_shape}"
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any) -> None:  # type: ignore[override]
        """Builds the layer for one step."""
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the layer's output shape with the steps after the batch."""
        shape = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (shape[0], input_shape[1], *shape[1:])

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """Returns the layer's outputs for all steps."""
        options: dict[str, Any] = {}
        if self.layer._call_has_training_arg:
            options["training"] = training
        by_step = mask is not None and self.layer._call_has_mask_arg
        if mask is not None:
            _check_mask(tuple(inputs.shape), tuple(mask.shape))
        outputs = []
        for at in range(inputs.shape[1]):
            if by_step:
                options["mask"] = mask[:, at]
            outputs.append(self.layer.call(inputs[:, at], **options))
        return stack(outputs, axis=1)


def _check_mask(inputs: tuple[int, ...], mask: tuple[int, ...]) -> None:
    if len(mask) < 2:
        raise _problem(
            "The `mask` passed to the `TimeDistributed` layer must be at least 2D "
            f"(e.g., `(batch_size, timesteps)`), but it has {len(mask)} dimension(s) "
            f"with shape {mask}"
        )
    if mask[:2] != inputs[:2]:
        raise _problem(
            f"The `mask` passed to the `TimeDistributed` layer has a shape {mask} that "
            f"is incompatible with the input shape {inputs}. Expected mask shape "
            f"prefix: {inputs[:2]}"
        )


def _problem(received: str) -> ValueError:
    return ValueError(
        message(
            "keras.layers.TimeDistributed",
            expected="inputs (batch, steps, ...) and a mask of the same first two axes",
            received=received,
            hint="Add the missing axis to the inputs.",
        )
    )
