"""`MultiHeadAttention`."""

from __future__ import annotations

import math
from typing import Any

from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor
from lamina.keras.common.tensors import get_keras_mask, set_keras_mask
from lamina.keras.config import is_flash_attention_enabled
from lamina.keras.constraints import lookup as constraints
from lamina.keras.initializers import lookup as initializers
from lamina.keras.layers.activation.softmax import Softmax
from lamina.keras.layers.arguments import positive_integer
from lamina.keras.layers.attention.projections import (
    attention_equations,
    combined_mask,
    projection,
)
from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.einsum_dense import EinsumDense
from lamina.keras.layers.regularization.dropout import Dropout
from lamina.keras.ops.attention import dot_product_attention
from lamina.keras.regularizers import lookup as regularizers
from lamina.ops.array.casting import cast
from lamina.ops.array.shaping import expand_dims
from lamina.ops.linalg.products import einsum


class MultiHeadAttention(Layer):
    """Attention of several heads, each with projections of its own.

    Every position of `query` gets the mean of the `value`s, weighted by how well its
    projection matches those of the `key`s: `softmax(Q K^T / sqrt(key_dim)) V`. With
    one tensor for all three it is self-attention.

    Args:
        num_heads: The number of heads N.
        key_dim: The size of a head of query and key.
        value_dim: The size of a head of the value; `key_dim` if None.
        dropout: The share of the attention weights to drop in training.
        use_bias: Whether the projections have biases.
        output_shape: The output's last axis or axes; the query's if None.
        attention_axes: The axes that attend to one another; all but the batch and
            the last one if None.
        sliding_window: How near a position must be to be seen; None for no bound.
        flash_attention: Whether a fused kernel is asked for, which cannot return
            scores; the kernel is the same in either case.
        kernel_initializer: Of the projections' kernels.
        bias_initializer: Of their biases.
        kernel_regularizer: A penalty on the kernels.
        bias_regularizer: A penalty on the biases.
        activity_regularizer: A penalty on the projections' outputs.
        kernel_constraint: A projection of the kernels after each update.
        bias_constraint: A projection of the biases.
        use_gate: Whether a sigmoid of the query gates the heads' outputs.
        seed: An integer that fixes the dropout.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        query: A tensor `(B, T, D)`.
        value: A tensor `(B, S, D)`.
        key: A tensor `(B, S, D)`; `value` if None.
        query_mask: `(B, T)`, True for the positions that count.
        value_mask: `(B, S)`.
        key_mask: `(B, S)`.
        attention_mask: `(B, T, S)`, True for the pairs that count.
        return_attention_scores: Whether to return the weights as well.
        training: Whether to drop.
        use_causal_mask: Whether a position sees itself and earlier ones only.

    Returns:
        A tensor `(B, T, E)` with E as `output_shape` says, and with
        `return_attention_scores` the weights `(B, N, T, S)`.

    Raises:
        ValueError: An argument is out of range, or the shapes do not fit.

    Reference: `keras.layers.MultiHeadAttention`; Vaswani et al., 2017.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        kind = type(self).__name__
        positive_integer(kind, "num_heads", num_heads)
        positive_integer(kind, "key_dim", key_dim)
        for name, value in (
            ("value_dim", value_dim),
            ("sliding_window", sliding_window),
        ):
            if value is not None:
                positive_integer(kind, name, value)
        super().__init__(**kwargs)
        self.supports_masking = True
        self._num_heads = num_heads
        self._key_dim = key_dim
        self._value_dim = value_dim or key_dim
        self._dropout = dropout
        self._use_bias = use_bias
        self._use_gate = use_gate
        self._output_shape = _as_tuple(kind, "output_shape", output_shape)
        self._attention_axes = _as_tuple(kind, "attention_axes", attention_axes)
        self._sliding_window = sliding_window
        self._flash_attention = flash_attention or is_flash_attention_enabled()
        self._kernel_initializer = initializers.get(kernel_initializer)
        self._bias_initializer = initializers.get(bias_initializer)
        self._kernel_regularizer = regularizers.get(kernel_regularizer)
        self._bias_regularizer = regularizers.get(bias_regularizer)
        self._activity_regularizer = regularizers.get(activity_regularizer)
        self._kernel_constraint = constraints.get(kernel_constraint)
        self._bias_constraint = constraints.get(bias_constraint)
        self.seed = seed
        self._inverse_sqrt_key_dim = 1.0 / math.sqrt(float(key_dim))
        if self._flash_attention and dropout > 0:
            raise _problem(
                "no dropout with flash attention",
                "Dropout is not supported when flash attention is enabled: "
                f"dropout={dropout}",
                "Please set dropout to 0.0 to use flash attention.",
            )

    _attention_axes: Any
    num_heads = property(lambda self: self._num_heads, doc="The number of heads.")
    key_dim = property(lambda self: self._key_dim, doc="The size of a query's head.")
    value_dim = property(lambda self: self._value_dim, doc="That of a value's head.")
    dropout = property(lambda self: self._dropout, doc="The share of dropped weights.")
    use_bias = property(lambda self: self._use_bias, doc="Whether there are biases.")
    attention_axes = property(
        lambda self: self._attention_axes, doc="The axes that attend to one another."
    )
    query_dense = property(lambda self: self._query_dense, doc="Projects the query.")
    key_dense = property(lambda self: self._key_dense, doc="Projects the key.")
    value_dense = property(lambda self: self._value_dense, doc="Projects the value.")
    output_dense = property(lambda self: self._output_dense, doc="Projects the output.")

    # ------------------------------------------------------------------- build

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Makes the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        self._check_lengths(value_shape, key_shape)
        heads = self._num_heads
        sizes = {"query": self._key_dim, "key": self._key_dim, "value": self._value_dim}
        shapes = {"query": query_shape, "key": key_shape, "value": value_shape}
        self._query_dense = self._project("query", shapes, heads, sizes["query"])
        self._key_dense = self._project("key", shapes, heads, sizes["key"])
        if self._use_gate:
            self._gate_dense = projection(
                len(query_shape) - 1,
                1,
                (heads, self._value_dim),
                self._use_bias,
                query_shape,
                name="gate",
                activation="sigmoid",
                **self._common(),
            )
        self._value_dense = self._project("value", shapes, heads, sizes["value"])
        rank = len(value_shape) + 1
        axes = self._attention_axes or range(1, rank - 2)
        self._attention_axes = tuple(a if a >= 0 else rank - 1 + a for a in axes)
        found = attention_equations(rank, self._attention_axes)
        self._dot_product_equation, self._combine_equation, scores_rank = found
        last = range(scores_rank - len(self._attention_axes), scores_rank)
        self._softmax = Softmax(axis=tuple(last), dtype=self.dtype_policy)
        self._dropout_layer = Dropout(
            rate=self._dropout, dtype=self.dtype_policy, seed=self.seed
        )
        self._output_dense = projection(
            len(query_shape) - 1,
            2,
            self._output_shape or (query_shape[-1],),
            self._use_bias,
            (*query_shape[:-1], heads, self._value_dim),
            name="attention_output",
            **self._common(),
        )

    def _project(
        self, name: str, shapes: dict[str, Any], heads: int, size: int
    ) -> EinsumDense:
        shape = shapes[name]
        return projection(
            len(shape) - 1,
            1,
            (heads, size),
            self._use_bias,
            shape,
            name=name,
            **self._common(),
        )

    def _common(self) -> dict[str, Any]:
        """The options of a projection; each has initializers of its own."""
        return {
            "kernel_initializer": _clone(self._kernel_initializer),
            "bias_initializer": _clone(self._bias_initializer),
            "kernel_regularizer": self._kernel_regularizer,
            "bias_regularizer": self._bias_regularizer,
            "activity_regularizer": self._activity_regularizer,
            "kernel_constraint": self._kernel_constraint,
            "bias_constraint": self._bias_constraint,
            "dtype": self.dtype_policy,
        }

    def _check_lengths(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise _problem(
                "All dimensions of `value` and `key`, except the last one, must be "
                "equal",
                f"value_shape={tuple(value_shape)} and key_shape={tuple(key_shape)}",
                "Pass keys and values of one length.",
            )

    # -------------------------------------------------------------------- call

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Returns the attended values, and the weights if wanted."""
        key = value if key is None else key
        query_mask = get_keras_mask(query) if query_mask is None else query_mask
        attention_mask = combined_mask(
            query,
            value,
            query_mask,
            value_mask,
            key_mask,
            attention_mask,
            use_causal_mask,
            self._sliding_window,
        )
        gate = self._gate_dense(query) if self._use_gate else None
        output, scores = self._compute_attention(
            self._query_dense(query),
            self._key_dense(key),
            self._value_dense(value),
            attention_mask,
            training,
            return_attention_scores,
        )
        output = self._output_dense(output if gate is None else output * gate)
        if query_mask is not None:
            set_keras_mask(output, query_mask)
        return (output, scores) if return_attention_scores else output

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        if self._flash_attention and return_attention_scores:
            raise _problem(
                "no scores with flash attention",
                "Returning attention scores is not supported when flash attention is "
                "enabled",
                "Please disable flash attention to access attention scores.",
            )
        if use_causal_mask:
            attention_mask = combined_mask(
                query, key, None, None, None, attention_mask, True, None
            )
        mask = self._spread(attention_mask, 2 * len(self._attention_axes))
        if (
            not self._dropout
            and not return_attention_scores
            and len(query.shape or ()) == 4
        ):
            output = dot_product_attention(
                query, key, value, None, mask, self._inverse_sqrt_key_dim
            )
            return output, None
        query = query * cast(self._inverse_sqrt_key_dim, query.dtype)
        scores = einsum(self._dot_product_equation, key, query)
        mask = self._spread(attention_mask, len(scores.shape) - 2)
        scores = self._softmax(scores, mask=mask)
        weights = scores
        if self._dropout > 0:
            weights = self._dropout_layer(scores, training=training)
        return einsum(self._combine_equation, weights, value), scores

    def _spread(self, mask: Any, rank: int) -> Any:
        """The mask with axes of size 1 for the heads and other batch dimensions."""
        if mask is None:
            return None
        axis = -2 * len(self._attention_axes) - 1
        for _ in range(rank + 2 - len(mask.shape)):
            mask = expand_dims(mask, axis)
        return mask

    def compute_output_shape(
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> tuple[int | None, ...]:
        """Returns the output's shape.

        Raises:
            ValueError: Keys and values are of different lengths.
        """
        self._check_lengths(
            value_shape, value_shape if key_shape is None else key_shape
        )
        query_shape = tuple(query_shape)
        return query_shape[:-1] + (self._output_shape or query_shape[-1:])

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Returns symbolic outputs."""
        key_shape = None if key is None else key.shape
        shape = self.compute_output_shape(query.shape, value.shape, key_shape)
        output = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return output
        sizes = (query.shape[0], self._num_heads, query.shape[1], value.shape[1])
        return output, KerasTensor(sizes, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        penalty = regularizers.serialize(self._activity_regularizer)
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "dropout": self._dropout,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
            "sliding_window": self._sliding_window,
            "kernel_initializer": initializers.serialize(self._kernel_initializer),
            "bias_initializer": initializers.serialize(self._bias_initializer),
            "kernel_regularizer": regularizers.serialize(self._kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self._bias_regularizer),
            "activity_regularizer": penalty,
            "kernel_constraint": constraints.serialize(self._kernel_constraint),
            "bias_constraint": constraints.serialize(self._bias_constraint),
            "seed": self.seed,
        }


def _clone(initializer: Any) -> Any:
    if hasattr(initializer, "get_config"):
        return type(initializer).from_config(initializer.get_config())
    return initializer


def _as_tuple(kind: str, name: str, value: Any) -> tuple[int, ...] | None:
    if not value:
        return None
    if isinstance(value, int):
        return (value,)
    if not isinstance(value, list | tuple):
        raise _problem(
            f"`{name}` must be an int, list, or tuple",
            f"Invalid `{name}`: {value!r}",
            f"For example {name}=(1,).",
        )
    return tuple(value)


def _problem(expected: str, received: str, hint: str) -> ValueError:
    return ValueError(
        message(
            "keras.layers.MultiHeadAttention",
            expected=expected,
            received=received,
            hint=hint,
        )
    )
