"""`TimeDistributed`: folded, looped and step by step, the results are the same."""

import numpy as np
import pytest

import lamina as tf
from lamina.keras.layers.rnn import time_distributed
from lamina.keras.layers.rnn.rows import only_writes_variables, treats_rows_alone

layers = tf.keras.layers
X = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype("float32")


def stack_of(*parts: tf.keras.layers.Layer) -> tf.keras.Sequential:
    return tf.keras.Sequential(parts)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dense(4, activation="tanh"),
        lambda: layers.LSTM(3),
        lambda: stack_of(layers.Conv1D(4, 2), layers.GlobalMaxPooling1D()),
        lambda: stack_of(layers.Dense(4), layers.LayerNormalization()),
    ],
)
def test_folding_changes_nothing(make: object, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = layers.TimeDistributed(make())
    folded = layer(X)
    assert treats_rows_alone(layer.layer, True)
    monkeypatch.setattr(time_distributed, "treats_rows_alone", lambda *_: False)
    np.testing.assert_allclose(layer(X), folded, atol=1e-5)


def test_masks_are_folded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = layers.TimeDistributed(layers.GRU(3))
    mask = np.random.default_rng(1).random((2, 5, 6)) > 0.4
    folded = layer(X, mask=tf.constant(mask))
    monkeypatch.setattr(time_distributed, "treats_rows_alone", lambda *_: False)
    np.testing.assert_allclose(layer(X, mask=tf.constant(mask)), folded, atol=1e-6)


def test_what_mixes_rows_runs_step_by_step() -> None:
    found = []
    for run in (lambda call: call, tf.function):
        layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))
        layer(X)
        output = run(lambda x, layer=layer: layer(x, training=True))(tf.constant(X))
        found.append([output, *layer.get_weights()])
    assert not treats_rows_alone(layer.layer, True)
    assert treats_rows_alone(layer.layer, False)
    mean = np.zeros(3)
    for step in range(5):
        mean = 0.5 * mean + 0.5 * X[:, step].mean((0, 1))
    np.testing.assert_allclose(found[0][3], mean, atol=1e-6)
    for eager, traced in zip(*found, strict=True):
        np.testing.assert_allclose(eager, traced, atol=1e-5)


def test_a_compiled_loop_holds_the_layer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dense, x = layers.Dense(4), tf.constant(np.repeat(X, 4, 1))
    layer = layers.TimeDistributed(stack_of(dense, layers.BatchNormalization()))
    layer(x)
    calls, call = [], dense.call
    monkeypatch.setattr(dense, "call", lambda *a, **k: calls.append(a) or call(*a, **k))
    found = tf.function(lambda x: layer(x, training=True))(x)
    assert len(calls) < x.shape[1] == 20
    assert found.shape == (2, 20, 6, 4)


def test_only_known_layers_are_folded() -> None:
    class Own(tf.keras.layers.Dense):
        """Could do anything."""

    for layer in (
        Own(3),
        layers.Dense(3, activation=lambda x: x - tf.reduce_mean(x, 0)),
        layers.Dense(3, activity_regularizer="l2"),
        layers.Dropout(0.5, noise_shape=(2, 1, 1)),
        layers.Softmax(axis=0),
        layers.Lambda(lambda x: x),
        stack_of(layers.Dense(3), Own(3)),
    ):
        assert not treats_rows_alone(layer, False), layer
        assert not only_writes_variables(layer), layer
