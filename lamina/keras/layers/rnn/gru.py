"""`GRU` and `GRUCell`."""

from __future__ import annotations

from typing import Any

from lamina.keras.activations import lookup as activations
from lamina.keras.activations.lowering import lowering_of
from lamina.keras.layers.arguments import arguments_config, one_of
from lamina.keras.layers.rnn.cells import RecurrentCell
from lamina.keras.layers.rnn.fused import FusedRNN, of_cell
from lamina.ops.nn.recurrent import gru


class GRUCell(RecurrentCell):
    """One step of a gated recurrent unit.

    Args:
        units: The size of the output and of each state, U.
        activation: A function, its name, or None for none.
        recurrent_activation: The function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Of the kernel `(D, 3 * U)`.
        recurrent_initializer: Of the recurrent kernel `(U, 3 * U)`.
        bias_initializer: Of the bias.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: A projection of the kernel after each update.
        recurrent_constraint: A projection of the recurrent kernel.
        bias_constraint: A projection of the bias.
        dropout: The share of the inputs to drop in training, the same at all steps.
        recurrent_dropout: The share of the state to drop in training.
        reset_after: Whether the reset gate works after the matrix product.
        seed: An integer that fixes the random numbers.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: A tensor `(B, D)`.
        states: A list of 1 tensor `(B, U)`.
        training: Whether to drop.

    Returns:
        The output `(B, U)` and the list of new states.

    Raises:
        ValueError: `units` is not a positive integer.

    Reference: `keras.layers.GRUCell`; Cho et al., 2014.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def run(
        self, x: Any, states: Any, mask: Any, training: Any, **options: Any
    ) -> tuple[Any, ...]:
        """Runs the cell over a sequence; see `RecurrentCell.run`."""
        drop, recurrent_drop = self.masks(x, training)
        return gru(
            x,
            states[0],
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            mask,
            drop,
            recurrent_drop,
            lowering_of(self.activation),
            lowering_of(self.recurrent_activation),
            self.reset_after,
            **options,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {**super().get_config(), **arguments_config(GRUCell, self)}


class GRU(FusedRNN):
    """A gated recurrent unit.

    Args:
        units: The size of the output and of each state, U.
        activation: A function, its name, or None for none.
        recurrent_activation: The function of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Of the kernel `(D, 3 * U)`.
        recurrent_initializer: Of the recurrent kernel `(U, 3 * U)`.
        bias_initializer: Of the bias.
        kernel_regularizer: A penalty on the kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: A projection of the kernel after each update.
        recurrent_constraint: A projection of the recurrent kernel.
        bias_constraint: A projection of the bias.
        dropout: The share of the inputs to drop in training, the same at all steps.
        recurrent_dropout: The share of the state to drop in training.
        seed: An integer that fixes the random numbers.
        return_sequences: Whether to return the outputs of all steps.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to start with the last step; the outputs then come in
            that order.
        stateful: Whether a batch starts with the states that the one before ended
            with.
        unroll: Whether to write the loop out, for short sequences.
        reset_after: Whether the reset gate works after the matrix product.
        use_cudnn: Accepted: each device has its own way to run the loop.
        **kwargs: `name`, `dtype`, `trainable`, `zero_output_for_mask`, `input_shape`.

    Call arguments:
        sequences: A tensor `(B, T, D)`.
        initial_state: A list of 1 tensor `(B, U)`; zeros by default.
        mask: `(B, T)`; False steps leave the states as they were.
        training: Whether to drop.

    Returns:
        The last output `(B, U)`, or all outputs `(B, T, U)`; with `return_state` a
        tuple with the states after it.

    Raises:
        ValueError: An argument is out of range.

    Reference: `keras.layers.GRU`; Cho et al., 2014.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        one_of("GRU", "use_cudnn", use_cudnn, ("auto", True, False))
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            reset_after=reset_after,
            seed=seed,
            name="gru_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            implementation=kwargs.pop("implementation", 2),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.use_cudnn = use_cudnn

    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        skip = ("use_cudnn",)
        return {**super().get_config(), **arguments_config(GRU, self, skip)}
