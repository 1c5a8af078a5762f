"""Low-rank adaptation of the layers with one large weight."""

from typing import Any

import numpy as np
import pytest

import lamina as tf

layers = tf.keras.layers


def build(kind: str) -> tuple[Any, Any]:
    if kind == "Dense":
        return layers.Dense(4), np.ones((2, 3), "float32")
    if kind == "EinsumDense":
        equation = layers.EinsumDense("ab,bc->ac", 4)
        return equation, np.ones((2, 3), "float32")
    if kind == "Conv2D":
        return layers.Conv2D(4, 2), np.ones((1, 3, 3, 2), "float32")
    return layers.Embedding(5, 4), np.array([[1, 2]])


@pytest.mark.parametrize("kind", ["Dense", "EinsumDense", "Conv2D", "Embedding"])
def test_only_the_update_is_trained(kind: str) -> None:
    layer, x = build(kind)
    before = layer(x).numpy()
    layer.enable_lora(2)
    np.testing.assert_allclose(layer(x).numpy(), before)
    names = [w.name for w in layer.trainable_weights]
    assert sum("lora" in name for name in names) == 2
    target = "embeddings" if kind == "Embedding" else "kernel"
    assert target not in names
    second = getattr(layer, f"lora_{target}_b")
    second.assign(np.ones(tuple(second.shape), "float32"))
    assert not np.allclose(layer(x).numpy(), before)


def test_the_merged_weight_is_saved() -> None:
    layer, x = build("Dense")
    layer(x)
    layer.enable_lora(2, lora_alpha=3.0)
    layer.lora_kernel_b.assign(np.ones((2, 4), "float32"))
    expected = layer(x).numpy()
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    plain, _ = build("Dense")
    plain.build((2, 3))
    plain.load_own_variables(store)
    np.testing.assert_allclose(plain(x).numpy(), expected, rtol=1e-6)
    layer.load_own_variables(store)
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-6)


def test_it_can_be_enabled_once_and_after_build_only() -> None:
    layer, x = build("Dense")
    with pytest.raises(ValueError, match="isn't yet built"):
        layer.enable_lora(2)
    layer(x)
    layer.enable_lora(2)
    with pytest.raises(ValueError, match="already enabled"):
        layer.enable_lora(2)


def test_quantization_is_refused() -> None:
    with pytest.raises(ValueError, match="quantization_config"):
        layers.Dense(2, quantization_config="int8")
