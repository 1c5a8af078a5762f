"""Normalization: given and measured moments, files, errors."""

from typing import Any

import numpy as np
import pytest

import lamina as tf

layers = tf.keras.layers
DATA = np.random.default_rng(0).normal(3.0, 2.0, (40, 3)).astype("float32")
BATCHED = {
    "array": lambda: DATA,
    "tensor": lambda: tf.constant(DATA),
    "rows": lambda: tf.data.Dataset.from_tensor_slices(DATA),
    "pairs": lambda: tf.data.Dataset.from_tensor_slices((DATA, DATA[:, 0])).batch(16),
    "list": lambda: [DATA[:7], DATA[:0], DATA[7:]],
    "PyDataset": lambda: Batches(),
    "PyDataset with targets": lambda: Batches(with_targets=True),
}


class Batches(tf.keras.utils.PyDataset):
    """The data in batches of 16, the last one smaller."""

    def __init__(self, with_targets: bool = False) -> None:
        super().__init__()
        self.with_targets = with_targets

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        batch = DATA[16 * index : 16 * index + 16]
        return (batch, batch[:, 0]) if self.with_targets else batch


@pytest.mark.parametrize("kind", BATCHED)
def test_adapt_measures_each_feature(kind: str) -> None:
    layer = layers.Normalization()
    layer.adapt(BATCHED[kind]())
    expected = (DATA - DATA.mean(0)) / DATA.std(0)
    np.testing.assert_allclose(layer(DATA), expected, rtol=1e-4, atol=1e-5)
    assert layer.mean.shape == (1, 3)
    assert [w.name for w in layer.weights] == ["mean", "variance", "count"]


def test_one_mean_over_everything_and_the_way_back() -> None:
    there = layers.Normalization(axis=None)
    back = layers.Normalization(axis=None, invert=True)
    for layer in (there, back):
        layer.adapt(DATA)
    np.testing.assert_allclose(back(there(DATA)), DATA, rtol=1e-4)
    assert np.allclose(there.variance, DATA.var(), rtol=1e-4)


def test_given_moments_and_config() -> None:
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    x = np.array([[3, 5]])
    np.testing.assert_allclose(layer(x), [[1.0, 1.0]])
    again = layers.Normalization.from_config(layer.get_config())
    np.testing.assert_allclose(again(x), [[1.0, 1.0]])


def test_model_keeps_the_moments_in_its_file(tmp_path: Any) -> None:
    layer = layers.Normalization()
    layer.adapt(DATA)
    model = tf.keras.Sequential([layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(DATA, DATA[:, 0], verbose=0)
    model.save(tmp_path / "m.keras")
    again = tf.keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again(DATA), model(DATA), rtol=1e-6)


def test_errors() -> None:
    with pytest.raises(ValueError, match="both `mean` and `variance`"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ValueError, match="axis=\\(3,\\)"):
        layers.Normalization(axis=3).adapt(DATA)
    for nothing in ([], DATA[:0], [DATA[:0]]):
        with pytest.raises(ValueError, match="not empty"):
            layers.Normalization().adapt(nothing)
    with pytest.raises(ValueError, match="without given moments"):
        layers.Normalization(mean=1.0, variance=1.0).adapt(DATA)
    with pytest.raises(ValueError, match="moments that fit the sizes"):
        layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(DATA)
    with pytest.raises(TypeError, match="Unsupported data type"):
        layers.Normalization().adapt(3)
    layer = layers.Normalization()
    layer.adapt(DATA)
    with pytest.raises(ValueError, match="incompatible shape"):
        layer.adapt(DATA[:, :2])
