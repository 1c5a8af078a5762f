"""What the built-in recurrent cells share: weights, dropout masks, first states."""

from __future__ import annotations

from typing import Any, ClassVar

from lamina.engine.tensor import Tensor
from lamina.keras.activations import lookup as activations
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import positive_integer
from lamina.keras.layers.base import Layer
from lamina.keras.random.draws import dropout as drop_values
from lamina.keras.random.seed_generator import SeedGenerator
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.creation import ones, zeros


class RecurrentCell(Layer):
    """A cell whose step is one of the operations in `lamina.ops.nn.recurrent`.

    Subclasses set `gates`, the number of gates, and `state_count`, and run the
    operation over a sequence in `run`.
    """

    gates: ClassVar[int]
    state_count: ClassVar[int] = 1
    bias: Any

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        self.units = positive_integer(type(self).__name__, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        # 1: each gate drops inputs of its own, which recurrent dropout asks for.
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.seed = seed
        self.seed_generator = SeedGenerator(seed=seed)
        many = [self.units] * self.state_count
        self.state_size = many if self.state_count > 1 else self.units
        self.output_size = self.units
        self._held: tuple[Any, Any] | None = None

    def build(self, input_shape: Any) -> None:
        """Makes the kernel `(D, G * U)`, the recurrent one `(U, G * U)`, the bias."""
        width = self.units * self.gates
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], width),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, width),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(),
                initializer=self._first_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self.gates,)

    def _first_bias(self, shape: Any, dtype: Any = None) -> Tensor:
        return self.bias_initializer(shape, dtype=dtype)

    def run(
        self, x: Any, states: Any, mask: Any, training: Any, **options: Any
    ) -> tuple[Any, ...]:
        """Runs the cell over a sequence.

        Args:
            x: the inputs `(B, T, D)`.
            states: the first states.
            mask: `(B, T)` or None.
            training: whether to drop.
            **options: of the operation: `backwards`, `sequences`, `zero_masked` and
                `unroll`.

        Returns:
            `(last_output, outputs, *states)`.
        """
        raise NotImplementedError

    def call(
        self, inputs: Any, states: Any, training: Any = False
    ) -> tuple[Tensor, Any]:
        """Returns the output and the new states of one step."""
        many = isinstance(states, list | tuple)
        before = list(states) if many else [states]
        found = self.run(inputs[:, None], before, None, training, sequences=False)
        after = list(found[2:])
        return found[0], after if many else after[0]

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Returns zeros `(batch_size, units)` for each state."""
        shape = (batch_size, self.units)
        return [zeros(shape, self.compute_dtype) for _ in range(self.state_count)]

    def masks(self, x: Any, training: Any) -> tuple[Any, Any]:
        """The dropout factors of the inputs and of the state, each or None.

        Args:
            x: inputs `(B, ..., D)`.
            training: whether to drop.
        """
        if not training or not (self.dropout or self.recurrent_dropout):
            return None, None
        if self._held is not None:
            return self._held
        count = self.gates if self.implementation == 1 else 1
        batch, features = x.shape[0], x.shape[-1]
        inputs = self._factors((count, batch, features), self.dropout)
        state = self._factors((self.gates, batch, self.units), self.recurrent_dropout)
        return inputs, state

    def _factors(self, shape: tuple[int, ...], rate: float) -> Any:
        if not 0.0 < rate < 1.0:
            return None
        values = ones(shape, self.compute_dtype)
        return drop_values(values, rate, seed=self.seed_generator)

    def hold_masks(self, x: Any, training: Any) -> None:
        """Draws dropout factors that all steps use until `release_masks`."""
        self._held = self.masks(x, training) if training else None

    def release_masks(self) -> None:
        """Lets the next step draw factors of its own."""
        self._held = None
