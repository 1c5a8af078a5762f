"""Whole-system behaviour: few compilations, flat memory, exact repetition."""

import gc
import os

import numpy as np
import pytest

import lamina as tf
from lamina import keras

X = np.random.default_rng(0).random((70, 5)).astype("float32")
Y = X.sum(1, keepdims=True)


def mlp(dropout=0.0):
    layers = [keras.layers.Input((5,)), keras.layers.Dense(8, activation="relu")]
    if dropout:
        layers.append(keras.layers.Dropout(dropout))
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def count_traces(model, monkeypatch):
    traced = []
    original = type(model).train_step

    def train_step(self, data):
        traced.append(1)
        return original(self, data)

    monkeypatch.setattr(type(model), "train_step", train_step)
    return traced


def test_a_step_is_traced_once_per_batch_size(monkeypatch):
    model = mlp()
    traced = count_traces(model, monkeypatch)
    model.fit(X, Y, batch_size=32, epochs=3, verbose=0)
    assert len(traced) == 2  # 32 rows, and the last 6
    model.fit(X, Y, batch_size=32, epochs=2, verbose=0)
    assert len(traced) == 2


def test_compile_and_freezing_trace_again(monkeypatch):
    model = mlp()
    traced = count_traces(model, monkeypatch)
    model.fit(X[:64], Y[:64], verbose=0)
    model.layers[0].trainable = False
    frozen = model.layers[0].get_weights()[0]
    model.compile("sgd", "mse")
    model.fit(X[:64], Y[:64], verbose=0)
    assert len(traced) == 2
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], frozen)


def test_same_result_however_steps_are_dispatched():
    histories = []
    for options in ({}, {"steps_per_execution": 2}, {"run_eagerly": True}):
        keras.utils.set_random_seed(3)
        model = mlp()
        model.compile("sgd", "mse", metrics=["mae"], **options)
        history = model.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
        histories.append(history)
    for other in histories[1:]:
        for key, values in histories[0].items():
            np.testing.assert_allclose(other[key], values, rtol=2e-5)


def test_seeded_runs_are_equal_bit_for_bit():
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        model = mlp(dropout=0.3)
        model.fit(X, Y, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for one, two in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_interrupted_and_resumed_equals_uninterrupted(tmp_path):
    def run(*parts):
        keras.utils.set_random_seed(11)
        model = mlp()
        epoch = 0
        for index, epochs in enumerate(parts):
            model.fit(
                X,
                Y,
                initial_epoch=epoch,
                epochs=epoch + epochs,
                shuffle=False,
                verbose=0,
            )
            epoch += epochs
            if index + 1 < len(parts):
                model.save(tmp_path / "stop.keras")
                model = keras.models.load_model(tmp_path / "stop.keras")
        return model.get_weights()

    for one, two in zip(run(4), run(1, 3), strict=True):
        np.testing.assert_array_equal(one, two)


def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs Linux")
def test_memory_is_flat_in_a_loop():
    model = mlp()

    @tf.function
    def step(x):
        return tf.reduce_sum(model(x) ** 2)

    def once():
        model.fit(X, Y, verbose=0)
        model.predict(X, verbose=0)
        step(tf.constant(X))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.constant(X)))
        tape.gradient(loss, model.trainable_variables)

    for _ in range(5):
        once()
    gc.collect()
    before = resident_megabytes()
    for _ in range(40):
        once()
    gc.collect()
    assert resident_megabytes() - before < 8


def test_models_are_collected():
    import weakref

    def make():
        model = mlp()
        model.fit(X, Y, verbose=0)
        model.predict(X, verbose=0)
        return weakref.ref(model)

    gone = make()
    gc.collect()
    assert gone() is None


def test_nan_is_reported_and_stops():
    model = mlp()
    model.compile(keras.optimizers.SGD(1e30), "mse")
    history = model.fit(
        X, Y, epochs=5, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()]
    )
    assert len(history.history["loss"]) < 5


@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X, Y[:5], "cardinality"),
        (X[:0], Y[:0], "at least one sample"),
        (X[:, :3], Y, "expected"),
        (object(), Y, "Unrecognized data type"),
    ],
)
def test_bad_data(x, y, match):
    model = mlp()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=match):
        model.fit(x, y, verbose=0)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_not_compiled_and_unknown_loss():
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="compile"):
        model.fit(X, Y)
    model.compile("adam", "no_such_loss")
    with pytest.raises(ValueError, match="no_such_loss"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="no_such_optimizer"):
        model.compile("no_such_optimizer", "mse")


def test_gan_with_two_optimizers():
    class Gan(keras.Model):
        def __init__(self):
            super().__init__()
            self.generator = keras.layers.Dense(5)
            self.discriminator = keras.layers.Dense(1)
            self.generator_optimizer = keras.optimizers.Adam(0.01)
            self.discriminator_optimizer = keras.optimizers.Adam(0.01)

        def call(self, x):
            return self.discriminator(self.generator(x))

        def train_step(self, data):
            noise = tf.random.normal([tf.shape(data)[0], 3])
            with tf.GradientTape() as one, tf.GradientTape() as two:
                made = self.generator(noise)
                real, fake = self.discriminator(data), self.discriminator(made)
                generator_loss = -tf.reduce_mean(fake)
                discriminator_loss = tf.reduce_mean(fake) - tf.reduce_mean(real)
            weights = self.generator.trainable_variables
            self.generator_optimizer.apply_gradients(
                zip(one.gradient(generator_loss, weights), weights, strict=True)
            )
            weights = self.discriminator.trainable_variables
            self.discriminator_optimizer.apply_gradients(
                zip(two.gradient(discriminator_loss, weights), weights, strict=True)
            )
            return {"g": generator_loss, "d": discriminator_loss}

    gan = Gan()
    gan.compile()
    history = gan.fit(X, epochs=2, verbose=0).history
    assert set(history) == {"g", "d"} and np.isfinite(history["g"]).all()
