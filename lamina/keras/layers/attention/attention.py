"""`Attention` and `AdditiveAttention`: one head, without projections."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.keras.activations import smooth
from lamina.keras.layers.base import Layer
from lamina.keras.random.draws import dropout as drop_values
from lamina.keras.random.seed_generator import SeedGenerator
from lamina.ops.array.casting import cast
from lamina.ops.array.selection import where
from lamina.ops.array.shaping import expand_dims
from lamina.ops.linalg.products import matmul
from lamina.ops.math.comparison import logical_and
from lamina.ops.math.elementwise import tanh
from lamina.ops.math.reduction import reduce_sum


class Attention(Layer):
    """Attention by dot products: `softmax(Q K^T) V`.

    Args:
        use_scale: Whether a trained scalar multiplies the scores.
        score_mode: `"dot"`, or `"concat"` for `w * sum(tanh(q + k))`.
        dropout: The share of the weights to drop in training.
        seed: An integer that fixes the dropout.
        **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: A list `[query (B, T, D), value (B, S, D), key (B, S, D)]`; the key
            is the value if it is left out.
        mask: A list `[query_mask (B, T), value_mask (B, S)]`.
        training: Whether to drop.
        return_attention_scores: Whether to return the weights as well.
        use_causal_mask: Whether a position sees itself and earlier ones only.

    Returns:
        A tensor `(B, T, D)`, and with `return_attention_scores` the weights
        `(B, T, S)`.

    Raises:
        ValueError: The inputs or masks are no lists of two or three.

    Reference: `keras.layers.Attention`; Luong et al., 2015.
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        kind = type(self).__name__
        if score_mode not in ("dot", "concat"):
            raise _problem(
                kind,
                "Invalid value for argument score_mode. Expected one of {'dot', "
                f"'concat'}}: score_mode={score_mode!r}",
            )
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed=seed)

    def build(self, input_shape: Any) -> None:
        """Makes the scale, and with `"concat"` the weight of the scores."""
        self._check_inputs(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def _calculate_scores(self, query: Any, key: Any) -> Tensor:
        if self.score_mode == "dot":
            scores = matmul(query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        pairs = expand_dims(query, -2) + expand_dims(key, -3)
        pairs = pairs if self.scale is None else pairs * self.scale
        return reduce_sum(tanh(pairs), axis=-1) * self.concat_score_weight

    def _calculate_score_mask(
        self, scores: Any, v_mask: Any, use_causal_mask: bool
    ) -> Any:
        if not use_causal_mask:
            return v_mask
        lower = np.tri(scores.shape[-2], scores.shape[-1], dtype=bool)[None]
        if v_mask is None:
            return convert_to_tensor(lower)
        return logical_and(expand_dims(cast(v_mask, "bool"), -2), lower)

    def _apply_scores(
        self, scores: Any, value: Any, scores_mask: Any = None, training: Any = False
    ) -> tuple[Tensor, Tensor]:
        if scores_mask is not None:
            kept = cast(scores_mask, "bool")
            kept = expand_dims(kept, -2) if len(kept.shape) == 2 else kept
            low = 65504.0 if scores.dtype == "float16" else 1e9
            scores = where(kept, scores, scores - low)
        weights = smooth.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = drop_values(weights, self.dropout, seed=self.seed_generator)
        return matmul(weights, value), weights

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Returns the attended values, and the weights if wanted."""
        self._check_inputs(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        scores = self._calculate_scores(query, key)
        kept = self._calculate_score_mask(scores, value_mask, use_causal_mask)
        output, weights = self._apply_scores(scores, value, kept, training)
        if query_mask is not None:
            output = output * cast(expand_dims(query_mask, -1), output.dtype)
        return (output, weights) if return_attention_scores else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the query's mask."""
        self._check_inputs(inputs, mask)
        if mask is None or mask[0] is None:
            return None
        return convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Returns the query's shape with the value's last axis."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Returns symbolic outputs."""
        self._check_inputs(inputs, mask)
        shape = self.compute_output_shape([x.shape for x in inputs])
        output = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return output
        sizes = (*inputs[0].shape[:-1], inputs[-1].shape[-2])
        return output, KerasTensor(sizes, self.compute_dtype)

    def _check_inputs(self, inputs: Any, mask: Any = None) -> None:
        kind = type(self).__name__
        problem = None
        if not isinstance(inputs, list):
            problem = (
                f"{kind} layer must be called on a list of inputs, namely [query, "
                f"value] or [query, value, key]: inputs={inputs}"
            )
        elif not 2 <= len(inputs) <= 3:
            problem = (
                f"{kind} layer accepts inputs list of length 2 or 3, namely [query, "
                f"value] or [query, value, key]: length {len(inputs)}"
            )
        elif mask is not None and not isinstance(mask, list):
            problem = (
                f"{kind} layer mask must be a list, namely [query_mask, value_mask]: "
                f"mask={mask}"
            )
        elif mask is not None and not 2 <= len(mask) <= 3:
            problem = (
                f"{kind} layer accepts mask list of length 2 or 3. Received: "
                f"inputs={inputs}, mask={mask}"
            )
        if problem is not None:
            raise _problem(kind, problem)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


class AdditiveAttention(Attention):
    """Attention by sums: the score of a pair is `sum(scale * tanh(q + k))`.

    Args:
        use_scale: Whether a trained vector multiplies the tanh.
        dropout: The share of the weights to drop in training.
        **kwargs: `seed`, `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: A list `[query (B, T, D), value (B, S, D), key (B, S, D)]`; the key
            is the value if it is left out.
        mask: A list `[query_mask (B, T), value_mask (B, S)]`.
        training: Whether to drop.
        return_attention_scores: Whether to return the weights as well.
        use_causal_mask: Whether a position sees itself and earlier ones only.

    Reference: `keras.layers.AdditiveAttention`; Bahdanau et al., 2015.
    """

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Makes the scale `(D,)`."""
        self._check_inputs(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(
                name="scale",
                shape=(input_shape[0][-1],),
                initializer="glorot_uniform",
            )

    def _calculate_scores(self, query: Any, key: Any) -> Tensor:
        pairs = tanh(expand_dims(query, -2) + expand_dims(key, -3))
        pairs = pairs if self.scale is None else pairs * self.scale
        return reduce_sum(pairs, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a JSON-able dict."""
        config = super().get_config()
        del config["score_mode"]
        return config


def _problem(kind: str, received: str) -> ValueError:
    about_inputs = "score_mode" not in received
    return ValueError(
        message(
            f"keras.layers.{kind}",
            expected="a list [query, value] or [query, value, key]"
            if about_inputs
            else "'dot' or 'concat' as `score_mode`",
            received=received,
            hint="Pass the tensors as one list." if about_inputs else "",
        )
    )
