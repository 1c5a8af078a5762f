"""`Embedding`: a table of vectors, looked up by integer."""

from __future__ import annotations

from typing import Any

from lamina.engine.tensor import Tensor
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.arguments import arguments_config, positive_integer
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.lora import LoraMixin
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.casting import cast
from lamina.ops.array.gather import gather
from lamina.ops.math.comparison import not_equal


class Embedding(LoraMixin, Layer):
    """Replaces each integer by its row of a trainable table.

    Args:
        input_dim: The number of rows: one more than the largest integer.
        output_dim: The size of a row.
        embeddings_initializer: Of the table `(input_dim, output_dim)`.
        embeddings_regularizer: A penalty on the table.
        embeddings_constraint: A projection of the table after each update.
        mask_zero: Whether 0 is padding: the output then carries the mask
            `inputs != 0`, and 0 counts in `input_dim`.
        weights: Initial weights: the table, or a list that holds it.
        lora_rank: The rank of a low-rank update that is trained instead of the
            table; see `enable_lora`.
        lora_alpha: The factor of that update is `lora_alpha / lora_rank`.
        quantization_config: Only None; see below.
        **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`,
            `input_length`.

    Call arguments:
        inputs: Integers of any shape, such as `(B, T)`.

    Returns:
        A tensor `(*inputs.shape, output_dim)` in the compute dtype.

    Raises:
        ValueError: A dimension is not positive.

    Reference: `keras.layers.Embedding`. Not here: quantisation, and sparse inputs.
    """

    _lora_target = "_embeddings"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if length is not None and "input_shape" not in kwargs:
            kwargs["input_shape"] = (length,) if isinstance(length, int) else length
        if weights is not None:
            single = not isinstance(weights, list | tuple)
            kwargs["weights"] = [weights] if single else weights
        super().__init__(**kwargs)
        self.input_dim = positive_integer("Embedding", "input_dim", input_dim)
        self.output_dim = positive_integer("Embedding", "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        # Indices must not lose digits in a narrow float dtype.
        self.autocast = False
        self._set_lora(lora_rank, lora_alpha, quantization_config)
        if weights is not None:
            self.build()

    def build(self, input_shape: Any = None) -> None:
        """Makes the table `(input_dim, output_dim)`."""
        if self.built:
            return
        self._embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    @property
    def embeddings(self) -> Any:
        """The table in use, with the low-rank update where LoRA is on.

        Raises:
            AttributeError: The layer is not built.
        """
        return self._adapted()

    def call(self, inputs: Any) -> Tensor:
        """Returns the rows of the table at `inputs`."""
        if inputs.dtype not in ("int32", "int64"):
            inputs = cast(inputs, "int32")
        return cast(gather(self.embeddings, inputs), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Tensor | None:
        """Returns `inputs != 0` with `mask_zero`, else None."""
        return not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns `(*input_shape, output_dim)`."""
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = arguments_config(Embedding, self, ("weights", *self._lora_skip()))
        penalty = regularizers.serialize(self.activity_regularizer)
        return {**super().get_config(), **config, "activity_regularizer": penalty}
