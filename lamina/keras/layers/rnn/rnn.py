"""`RNN`: any cell run over a sequence."""

from __future__ import annotations

from typing import Any

from lamina.autograph.staging import loops
from lamina.engine import nest
from lamina.engine.errors import message
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import is_tracing
from lamina.keras.layers.arguments import arguments_config, floating
from lamina.keras.layers.base import Layer
from lamina.keras.layers.rnn.cells import RecurrentCell
from lamina.keras.layers.rnn.stacked_rnn_cells import StackedRNNCells
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)
from lamina.keras.variable import Variable
from lamina.ops.array.casting import cast
from lamina.ops.array.creation import zeros, zeros_like
from lamina.ops.array.joining import stack
from lamina.ops.array.padding import reverse
from lamina.ops.array.selection import where
from lamina.ops.array.shaping import expand_dims, transpose


class RNN(Layer):
    """Runs a cell over the steps of a sequence.

    A cell is a layer with `call(inputs, states) -> (output, states)`, `state_size`
    (an integer or one for each state), and perhaps `output_size` and
    `get_initial_state(batch_size)`.

    Args:
        cell: The cell, or a list of cells to be stacked.
        return_sequences: Whether to return the outputs of all steps.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to start with the last step; the outputs then come in
            that order.
        stateful: Whether a batch starts with the states that the one before ended
            with. The batch size is then fixed.
        unroll: Whether to write the loop out, for short sequences.
        zero_output_for_mask: Whether masked steps give zeros instead of the output
            before.
        **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`.

    Call arguments:
        sequences: A tensor `(B, T, ...)`.
        initial_state: The first states; zeros by default.
        mask: `(B, T)`; False steps leave the states as they were.
        training: Passed on to the cell.

    Returns:
        The last output `(B, U)`, or all outputs `(B, T, U)`; with `return_state` a
        tuple with the states after it.

    Raises:
        ValueError: `cell` is no cell.

    Reference: `keras.layers.RNN`.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        _check_cell(cell)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        object.__setattr__(self, "states", None)
        sizes = cell.state_size
        self.single_state = isinstance(sizes, int)
        self.state_size = [sizes] if self.single_state else list(sizes)

    # ------------------------------------------------------------------ shapes

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds the cell, and with `stateful` makes the states."""
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if not self.stateful:
            return
        if self.states is not None:
            self.reset_state()
            return
        if sequences_shape[0] is None:
            raise self._problem(
                "When using `stateful=True` in a RNN, the batch size must be static. "
                f"Found dynamic batch size: sequence.shape={sequences_shape}",
                "a fixed batch size",
                "Give the first layer a batch_shape.",
            )
        first = self.get_initial_state(sequences_shape[0])
        states = nest.map_structure(self._state_variable, first)
        # States are no weights of the layer.
        object.__setattr__(self, "states", states)

    def _state_variable(self, value: Any) -> Variable:
        return Variable(
            value, trainable=False, dtype=self.variable_dtype, name="rnn_state"
        )

    def compute_output_shape(
        self, sequences_shape: Any, initial_state_shape: Any = None
    ) -> Any:
        """Returns the shape of the outputs, with `return_state` and of the states."""
        batch, steps = sequences_shape[:2]
        size = getattr(self.cell, "output_size", None) or self.state_size[0]
        if not isinstance(size, int):
            raise self._problem(f"output_size={size}", "an integer `output_size`", "")
        output = (batch, steps, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return output
        states = [
            (batch, n) if isinstance(n, int) else [(batch, m) for m in n]
            for n in self.state_size
        ]
        return (output, *states)

    def compute_mask(self, sequences: Any, mask: Any = None) -> Any:
        """Returns the mask of the outputs: the input's, if all steps are returned."""
        mask = nest.flatten(mask)[0]
        output = mask if self.return_sequences else None
        if self.return_state:
            return [output, *(None for _ in self.state_size)]
        return output

    # ------------------------------------------------------------------ states

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """Returns the first states of a batch: the cell's own, or zeros."""
        make = getattr(self.cell, "get_initial_state", None)
        if make is not None:
            found = make(batch_size=batch_size)
            return list(found) if nest.is_nested(found) else [found]
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return [zeros((batch_size, size), dtype) for size in self.state_size]

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zero."""
        for state in nest.flatten(self.states) if self.states is not None else ():
            state.assign(zeros_like(convert_to_tensor(state)))

    def reset_states(self) -> None:
        """The same as `reset_state`, as Keras 2 called it."""
        self.reset_state()

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        batch = sequences.shape[0]
        if initial_state is None and self.stateful:
            initial_state = self.states
            expected = nest.flatten(self.states)[0].shape[0]
            if batch != expected:
                raise self._problem(
                    "If an RNN is stateful, the batch size of the input sequences "
                    "must be the same as the batch size of the initial state: "
                    f"expected {expected}, got {batch}",
                    "batches of one size",
                    "Drop the last partial batch.",
                )
        if initial_state is None:
            initial_state = self.get_initial_state(batch)
        if not nest.is_nested(initial_state):
            initial_state = [initial_state]
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return [
            nest.map_structure(lambda x: cast(convert_to_tensor(x), dtype), state)
            for state in initial_state
        ]

    # -------------------------------------------------------------------- call

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = False,
    ) -> Any:
        """Returns the outputs, and the states with `return_state`."""
        sequences = floating(sequences, self.compute_dtype)
        states = self._first_states(sequences, initial_state)
        mask = nest.flatten(mask)[0]
        last, outputs, states = self.inner_loop(sequences, states, mask, training)
        states = nest.map_structure(lambda x: cast(x, self.compute_dtype), states)
        if self.stateful:
            for variable, value in zip(
                nest.flatten(self.states), nest.flatten(states), strict=True
            ):
                variable.assign(cast(value, variable.dtype))
        output = cast(outputs if self.return_sequences else last, self.compute_dtype)
        return (output, *states) if self.return_state else output

    def inner_loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: Any = False
    ) -> tuple[Any, Any, list[Any]]:
        """Runs the cell over the sequence.

        Args:
            sequences: `(B, T, ...)`.
            initial_state: A list of states.
            mask: `(B, T)` or None.
            training: Passed on to the cell.

        Returns:
            The last output, all outputs (or None), and the list of states.
        """
        if _is_fused(self.cell):
            last, outputs, *states = self.cell.run(
                sequences,
                initial_state,
                mask,
                training,
                backwards=self.go_backwards,
                sequences=self.return_sequences,
                zero_masked=self.zero_output_for_mask,
                unroll=self.unroll,
            )
            return last, outputs, states
        _hold_masks(self.cell, sequences, training)
        try:
            return self._loop(sequences, initial_state, mask, training)
        finally:
            _release_masks(self.cell)

    def _loop(
        self, sequences: Any, initial_state: Any, mask: Any, training: Any
    ) -> tuple[Any, Any, list[Any]]:
        options: dict[str, Any] = {}
        if getattr(self.cell, "_call_has_training_arg", False):
            options["training"] = training
        by_time = [_time_first(sequences)]
        if mask is not None:
            by_time.append(_time_first(mask))
        if self.go_backwards:
            by_time = [reverse(part, [0]) for part in by_time]

        def step(states: Any, before: Any, x: Any, keep: Any = None) -> Any:
            output, new = self.cell(x, states, **options)
            new = list(new) if nest.is_nested(new) else [new]
            if keep is None:
                return new, output
            keep = cast(keep, "bool")
            held = zeros_like(output) if self.zero_output_for_mask else before
            output = where(_like(keep, output), output, held)
            kept = nest.map_structure(
                lambda a, b: where(_like(keep, a), a, b), new, states
            )
            return kept, output

        size = getattr(self.cell, "output_size", None) or self.state_size[0]
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        empty = zeros((sequences.shape[0], size), dtype)
        if self.unroll or not is_tracing():
            return self._python_loop(step, initial_state, empty, by_time)
        return self._traced_loop(step, initial_state, empty, by_time)

    def _python_loop(
        self, step: Any, states: Any, output: Any, by_time: list[Any]
    ) -> tuple[Any, Any, list[Any]]:
        outputs = []
        for at in range(by_time[0].shape[0]):
            states, output = step(states, output, *(part[at] for part in by_time))
            outputs.append(output)
        stacked = stack(outputs, axis=1) if self.return_sequences else None
        return output, stacked, states

    def _traced_loop(
        self, step: Any, states: Any, output: Any, by_time: list[Any]
    ) -> tuple[Any, Any, list[Any]]:
        def body(states: Any, output: Any, *now: Any) -> Any:
            after = step(states, output, *now)
            return after, after[1]

        def collect(output: Any) -> list[Tensor]:
            return [output] if self.return_sequences else []

        (states, output), stacked = loops.scan(
            body,
            (states, output),
            by_time,
            ("the states", "the output"),
            length=by_time[0].shape[0],
            outputs=collect,
        )
        return output, _time_first(stacked[0]) if stacked else None, states

    # ------------------------------------------------------------------ config

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **super().get_config(),
            **arguments_config(RNN, self, ("cell",)),
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """Makes the layer from the dict that `get_config` returned."""
        config = dict(config)
        cell = deserialize_keras_object(config.pop("cell"), custom_objects)
        return cls(cell, **config)

    def _problem(self, received: str, expected: str, hint: str) -> ValueError:
        return ValueError(
            message(
                f"keras.layers.{type(self).__name__}",
                expected=expected,
                received=received,
                hint=hint,
            )
        )


def _check_cell(cell: Any) -> None:
    problem = None
    if not callable(getattr(cell, "call", None)):
        problem = f"Argument `cell` should have a `call` method: cell={cell}"
    elif not hasattr(cell, "state_size"):
        problem = (
            "The RNN cell should have a `state_size` attribute (single integer or "
            f"list of integers, one integer per RNN state): cell={cell}"
        )
    elif not isinstance(cell.state_size, list | tuple | int):
        problem = (
            "state_size must be an integer, or a list/tuple of integers (one for each "
            f"state tensor): state_size={cell.state_size}"
        )
    if problem is not None:
        raise ValueError(
            message(
                "keras.layers.RNN",
                expected="a cell with `call` and `state_size`",
                received=problem,
                hint="For example SimpleRNNCell(8).",
            )
        )


def _is_fused(cell: Any) -> bool:
    """Whether the cell's step is still the one of its operation."""
    return isinstance(cell, RecurrentCell) and type(cell).call is RecurrentCell.call


def _hold_masks(cell: Any, x: Any, training: Any) -> None:
    if isinstance(cell, RecurrentCell):
        cell.hold_masks(x, training)
    elif isinstance(cell, StackedRNNCells):
        for inner in cell.cells:
            _hold_masks(inner, x, training)
            size = getattr(inner, "output_size", None)
            if size is not None:
                x = zeros((x.shape[0], size), x.dtype)


def _release_masks(cell: Any) -> None:
    if isinstance(cell, RecurrentCell):
        cell.release_masks()
    elif isinstance(cell, StackedRNNCells):
        for inner in cell.cells:
            _release_masks(inner)


def _time_first(x: Any) -> Any:
    return transpose(x, (1, 0, *range(2, len(x.shape))))


def _like(keep: Any, x: Any) -> Any:
    """A vector `(B,)`, shaped to broadcast with `x`."""
    for _ in range(len(x.shape) - 1):
        keep = expand_dims(keep, -1)
    return keep
