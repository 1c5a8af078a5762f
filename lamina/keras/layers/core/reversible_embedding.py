"""`ReversibleEmbedding`: a table of vectors that also maps vectors back to scores."""

from __future__ import annotations

from typing import Any

from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.common.tensors import get_keras_mask, set_keras_mask
from lamina.keras.layers.core.embedding import Embedding
from lamina.ops.array.casting import cast
from lamina.ops.linalg.products import matmul
from lamina.ops.math.elementwise import tanh


class ReversibleEmbedding(Embedding):
    """An `Embedding` that also projects vectors back onto the integers.

    Called as usual it looks integers up in a table; with `reverse=True` it multiplies
    vectors by the transposed table, or by a matrix of its own, which gives one score
    an integer.

    Args:
        input_dim: The number of rows: one more than the largest integer.
        output_dim: The size of a row.
        tie_weights: Whether the way back uses the table; else it has its own matrix
            `(output_dim, input_dim)`.
        embeddings_initializer: Of the table `(input_dim, output_dim)`.
        embeddings_regularizer: A penalty on the table.
        embeddings_constraint: A projection of the table after each update.
        mask_zero: Whether 0 is padding: a looked-up output then carries the mask
            `inputs != 0`.
        reverse_dtype: The dtype of the way back; by default the compute dtype.
        logit_soft_cap: A bound `c` of the scores: they become `c * tanh(x / c)`.
        **kwargs: Further arguments of `Embedding`.

    Call arguments:
        inputs: Integers of any shape, or vectors `(..., output_dim)` on the way back.
        reverse: Whether this is the way back.

    Returns:
        A tensor `(*inputs.shape, output_dim)`, or `(..., input_dim)` on the way back.

    Example:

        >>> layer = keras.layers.ReversibleEmbedding(100, 16)
        >>> layer(layer(np.array([[1, 2, 3]])), reverse=True).shape
        TensorShape([1, 3, 100])

    Reference: `keras.layers.ReversibleEmbedding`. Not here: quantisation.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """Makes the table, and the matrix of the way back if it is not tied."""
        if self.built:
            return
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: Any, reverse: bool = False) -> Tensor:
        """Returns the rows at `inputs`, or the scores of vectors."""
        if not reverse:
            rows = super().call(inputs)
            mask = super().compute_mask(inputs)
            if mask is not None and get_keras_mask(rows) is None:
                set_keras_mask(rows, mask)
            return rows
        dtype = self.reverse_dtype or self.compute_dtype
        matrix = self.embeddings if self.tie_weights else self.reverse_embeddings
        matrix = cast(convert_to_tensor(matrix), dtype)
        scores = matmul(cast(inputs, dtype), matrix, transpose_b=self.tie_weights)
        if self.logit_soft_cap is not None:
            scores = tanh(scores / self.logit_soft_cap) * self.logit_soft_cap
        return scores

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Returns None: the call itself marks what it looked up."""
        return

    def compute_output_shape(
        self, input_shape: Any, reverse: bool = False
    ) -> tuple[int | None, ...]:
        """Returns `(*input_shape, output_dim)`, or the shape of the scores."""
        if reverse:
            return (*input_shape[:-1], self.input_dim)
        return (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> KerasTensor:
        """Returns the symbolic output."""
        dtype = self.reverse_dtype if reverse else None
        return KerasTensor(
            self.compute_output_shape(tuple(inputs.shape), reverse=reverse),
            dtype=dtype or self.compute_dtype,
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
