"""`TimeDistributed`: a layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from lamina.autograph.staging import loops
from lamina.engine.errors import message
from lamina.engine.trace import is_tracing
from lamina.keras.layers.core.wrapper import Wrapper
from lamina.keras.layers.rnn.rows import only_writes_variables, treats_rows_alone
from lamina.ops.array.joining import stack
from lamina.ops.array.shaping import reshape, transpose


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

    Layers that treat each row by itself run once, on all steps as one batch; others
    step by step.

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
        masks = [mask] if by_step else []
        if treats_rows_alone(self.layer, training):
            return self._folded(inputs, masks, options)
        if is_tracing() and only_writes_variables(self.layer):
            return self._looped(inputs, masks, options)
        steps = [
            self._step(options, inputs[:, at], *(part[:, at] for part in masks))
            for at in range(inputs.shape[1])
        ]
        return stack(steps, axis=1)

    def _step(self, options: dict[str, Any], x: Any, mask: Any = None) -> Any:
        if mask is not None:
            options = {**options, "mask": mask}
        return self.layer.call(x, **options)

    def _folded(self, inputs: Any, masks: list[Any], options: dict[str, Any]) -> Any:
        """All steps at once, as rows of one batch."""
        batch, steps = inputs.shape[:2]
        rows = [
            reshape(part, (batch * steps, *part.shape[2:])) for part in (inputs, *masks)
        ]
        outputs = self._step(options, *rows)
        return reshape(outputs, (batch, steps, *outputs.shape[1:]))

    def _looped(self, inputs: Any, masks: list[Any], options: dict[str, Any]) -> Any:
        """One step after the other, in a compiled loop."""

        def body(*now: Any) -> Any:
            return (), self._step(options, *now)

        by_time = [_swapped(part) for part in (inputs, *masks)]
        length = inputs.shape[1]
        _, stacked = loops.scan(
            body, (), by_time, (), length=length, outputs=lambda output: [output]
        )
        return _swapped(stacked[0])


def _swapped(x: Any) -> Any:
    return transpose(x, (1, 0, *range(2, len(x.shape))))


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
