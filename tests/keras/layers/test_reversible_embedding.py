"""ReversibleEmbedding: looking up, and the way back."""

import numpy as np
import pytest

import lamina as tf

TABLE = np.array([[0.0, 0.0], [2.0, 2.0], [3.0, 3.0]], "float32")


@pytest.mark.parametrize("tied", [True, False])
def test_both_ways(tied: bool) -> None:
    layer = tf.keras.layers.ReversibleEmbedding(3, 2, tie_weights=tied)
    layer.build()
    assert len(layer.weights) == (1 if tied else 2)
    layer.set_weights([TABLE] if tied else [TABLE, 2 * TABLE.T])
    np.testing.assert_array_equal(layer(np.array([2, 0])), TABLE[[2, 0]])
    scores = layer(np.ones((1, 2)), reverse=True)
    np.testing.assert_allclose(scores, [[0.0, 4.0, 6.0]] if tied else [[0, 8, 12]])


def test_soft_cap_and_dtype() -> None:
    layer = tf.keras.layers.ReversibleEmbedding(
        3, 2, logit_soft_cap=5, reverse_dtype="float16"
    )
    layer.build()
    layer.set_weights([TABLE])
    scores = layer(np.ones((1, 2)), reverse=True)
    assert scores.dtype == "float16"
    np.testing.assert_allclose(scores, [[0.0, 3.32, 4.168]], atol=1e-2)


def test_the_mask_is_only_on_looked_up_rows() -> None:
    layer = tf.keras.layers.ReversibleEmbedding(3, 2, mask_zero=True)
    rows = layer(np.array([2, 0]))
    np.testing.assert_array_equal(rows._keras_mask, [True, False])
    tokens = tf.keras.Input((4,), dtype="int32")
    model = tf.keras.Model(tokens, layer(layer(tokens), reverse=True))
    assert model.output_shape == (None, 4, 3)
    assert model(np.zeros((2, 4), "int32")).shape == (2, 4, 3)
