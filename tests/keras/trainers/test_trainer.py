"""Models with steps of their own, and models that only predict."""

from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras

X = np.random.default_rng(0).random((40, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


class WithoutCall(keras.Model):
    """A model that is used through its own steps only."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = keras.layers.Dense(4, activation="relu")
        self.head = keras.layers.Dense(1)
        self.loss_metric = keras.metrics.Mean(name="loss")

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.head(self.encoder(x)) - y))
        weights = self.trainable_variables
        gradients = tape.gradient(loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights, strict=True))
        self.loss_metric.update_state(loss)
        return {"loss": self.loss_metric.result()}

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        error = tf.abs(self.head(self.encoder(x)) - y)
        return {"error": tf.reduce_mean(error)}


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("loss", [None, "mse"])
def test_a_model_without_call_trains_through_its_own_step(
    eager: bool, loss: str | None
) -> None:
    model = WithoutCall()
    model.compile(keras.optimizers.Adam(0.03), loss=loss, run_eagerly=eager)
    history = model.fit(
        X, Y, epochs=3, batch_size=20, verbose=0, validation_data=(X, Y)
    ).history
    assert set(history) == {"loss", "val_error"}
    assert history["loss"][-1] < history["loss"][0]
    assert len(model.trainable_variables) == 4
    found = model.evaluate(X, Y, batch_size=40, verbose=0, return_dict=True)
    expected = np.abs(model.head(model.encoder(X)) - Y).mean()
    assert found == {"error": pytest.approx(expected, rel=1e-4)}


def test_what_needs_call_says_so() -> None:
    model = WithoutCall()
    model.compile(optimizer="adam")
    model.train_on_batch(X, Y)
    with pytest.raises(NotImplementedError, match="call"):
        model.predict(X, verbose=0)
    with pytest.raises(NotImplementedError, match="call"):
        model(X)


def test_a_model_without_call_is_not_traced_again_and_again() -> None:
    traces = []

    class Counted(WithoutCall):
        def train_step(self, data: Any) -> dict[str, Any]:
            traces.append(data[0].shape)
            return super().train_step(data)

    model = Counted()
    model.compile(optimizer="sgd")
    for _ in range(2):  # the first time the weights are made on the way
        model.fit(X[:32], Y[:32], epochs=2, batch_size=16, verbose=0)
    first = len(traces)
    model.fit(X[:32], Y[:32], epochs=2, batch_size=16, verbose=0)
    assert len(traces) == first <= 3


@pytest.fixture(scope="module")
def trained() -> Any:
    """A small model after one epoch."""
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    return model


@pytest.mark.parametrize(
    ("ending", "compiled"), [("keras", False), ("keras", True), ("h5", False)]
)
def test_a_loaded_model_predicts_before_anything_else(
    trained: Any, tmp_path: Any, ending: str, compiled: bool
) -> None:
    expected = trained.predict(X, verbose=0)
    path = tmp_path / f"model.{ending}"
    trained.save(path)
    again = keras.models.load_model(path, compile=compiled)  # and does not warn
    assert again.compiled is compiled
    np.testing.assert_allclose(again.predict(X, verbose=0), expected, rtol=1e-5)
    rows = tf.data.Dataset.from_tensor_slices(X).batch(40)
    np.testing.assert_allclose(again.predict(rows, verbose=0), expected, rtol=1e-5)
    if compiled:  # the targets that come later build the loss and the metrics
        found = again.evaluate(X, Y, verbose=0)
        assert found == pytest.approx(trained.evaluate(X, Y, verbose=0), rel=1e-5)
    else:
        with pytest.raises(ValueError, match="compile"):
            again.evaluate(X, Y, verbose=0)


@keras.saving.register_keras_serializable("tests")
class TwoOptimizers(keras.Model):
    """A model whose `compile` takes other arguments."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(1)

    def compile(self, one: Any, other: Any) -> None:
        super().compile(optimizer=one, loss="mse")
        self.other = other

    def call(self, x: Any) -> Any:
        return self.dense(x)


def test_a_loaded_model_with_its_own_compile(tmp_path: Any) -> None:
    model = TwoOptimizers()
    model.compile("adam", "sgd")
    expected = model(X)
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="`compile\\(\\)` method is custom"):
        again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(X), expected, rtol=1e-6)
    with pytest.raises(ValueError, match="must call `compile"):
        again.fit(X, Y, verbose=0)
    again.compile("sgd", "adam")
    again.fit(X, Y, verbose=0)


class Doubling(keras.Model):
    """A subclassed model."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return 2.0 * self.dense(x)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_model_that_was_never_built_predicts(compiled: bool) -> None:
    model = Doubling()
    if compiled:
        model.compile("adam", "mse", metrics=["mae"])
    found = model.predict(X, verbose=0)
    np.testing.assert_allclose(found, 2 * model.dense(X), rtol=1e-5)
    if compiled:
        history = model.fit(X, Y, verbose=0).history
        assert set(history) == {"loss", "mae"}
