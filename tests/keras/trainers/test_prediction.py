"""`predict` over arrays: any number of rows, few programs, exact batches."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.engine.trace import capture
from lamina.keras.trainers.row_wise import treats_rows_alone
from lamina.kernels.selection import native

X = np.random.default_rng(0).random((1300, 6)).astype("float32")


def dense(*layers: Any) -> Any:
    return keras.Sequential(
        [keras.Input((6,)), *layers, keras.layers.Dense(3, activation="softmax")]
    )


class Counted(keras.Model):
    """Notes the batch sizes for which its step is traced."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function
        self.sizes: list[int] = []

    def call(self, x: Any) -> Any:
        self.sizes.append(x.shape[0])
        return self.function(x)


@pytest.mark.parametrize("rows", [1, 5, 31, 32, 33, 64, 70, 1024, 1025, 1300])
def test_rows_keep_their_order_and_number(rows: int) -> None:
    model = dense()
    found = model.predict(X[:rows], verbose=0)
    assert found.flags.writeable and found.shape == (rows, 3)
    np.testing.assert_allclose(found, model(X[:rows]).numpy(), rtol=1e-5)


def test_few_sizes_are_traced_and_compiled() -> None:
    model = Counted(lambda x: x * 2.0)
    for rows in (70, 100, 1300, 40, 7, 20, 33, 64):
        found = model.predict(X[:rows], verbose=0)
        np.testing.assert_array_equal(found, X[:rows] * 2)
    # 6 rows for the proof; 8 and 32 for fewer rows than a batch. `call` runs once
    # more, for the model to be built.
    assert sorted(set(model.sizes) - {None}) == [6, 8, 32]
    assert len(model._runners["predict_step"].programs) == 2


def test_batches_that_mix_rows_are_left_as_they_are() -> None:
    model = Counted(lambda x: x - tf.reduce_mean(x, axis=0))
    found = model.predict(X[:70], batch_size=32, verbose=0)
    parts = [X[:32], X[32:64], X[64:70]]
    expected = np.concatenate([part - part.mean(0) for part in parts])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    for rows in (7, 9):
        found = model.predict(X[:rows], verbose=0)
        np.testing.assert_allclose(found, X[:rows] - X[:rows].mean(0), atol=1e-6)


def test_several_inputs_and_outputs() -> None:
    a, b = keras.Input((2,)), keras.Input((3,))
    outputs = {"sum": keras.layers.Concatenate()([a, b]), "a": a * 2.0}
    model = keras.Model([a, b], outputs)
    found = model.predict([X[:45, :2], X[:45, 2:5]], verbose=0)
    np.testing.assert_array_equal(found["sum"], X[:45, :5])
    np.testing.assert_array_equal(found["a"], X[:45, :2] * 2)


def test_blocks_of_batches_in_half_precision() -> None:
    wide = keras.layers.Dense(1024, dtype="mixed_bfloat16")
    model = keras.Sequential([keras.Input((6,)), wide])
    found = model.predict(X, batch_size=8, verbose=0)
    np.testing.assert_allclose(found, model(X), rtol=2e-2, atol=2e-2)


def test_random_layers_draw_anew_for_each_batch() -> None:
    class Noise(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = keras.random.SeedGenerator(1)

        def call(self, x: Any) -> Any:
            return x * 0.0 + keras.random.normal((x.shape[0], 1), seed=self.seeds)

    model = keras.Sequential([keras.Input((6,)), Noise()])
    found = model.predict(X[:100], batch_size=25, verbose=0)[:, 0]
    assert len(set(found.tolist())) == 100


def test_callbacks_see_each_batch() -> None:
    class Seen(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.batches: list[int] = []
            self.outputs: list[Any] = []

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            self.batches.append(batch)
            self.outputs.append(logs["outputs"])

    seen = Seen()
    found = dense().predict(X[:70], verbose=0, callbacks=[seen])
    assert seen.batches == [0, 1, 2]
    np.testing.assert_array_equal(np.concatenate(seen.outputs), found)


def test_a_callback_can_stop() -> None:
    class Stop(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.stop_predicting = batch == 1

    assert len(dense().predict(X, verbose=0, callbacks=[Stop()])) == 64


def test_generators_and_datasets() -> None:
    model = dense()
    expected = model.predict(X[:50], verbose=0)
    parts = [X[:20], X[20:40], X[40:50]]
    found = model.predict((part for part in parts), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    found = model.predict(tf.data.Dataset.from_tensor_slices(X[:50]).batch(20))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


ALONE = {
    "softmax": tf.nn.softmax,
    "matmul": lambda x: tf.matmul(x, tf.ones((6, 2))),
    "matmul, 16 bits": lambda x: tf.matmul(
        tf.cast(x, tf.bfloat16), tf.ones((6, 1024), tf.bfloat16)
    ),
    "reshape": lambda x: tf.reshape(tf.reshape(x, (-1, 2)) * 2.0, (-1, 6)),
    "transpose": lambda x: tf.transpose(tf.transpose(x) + 1.0),
    "columns": lambda x: tf.gather(x, [2, 1], axis=1),
    "sort": lambda x: tf.sort(x, axis=1),
    "sums": lambda x: tf.cumsum(x, axis=1) + tf.reduce_sum(x, 1, keepdims=True),
    "table": lambda x: tf.gather(tf.eye(6), tf.argmax(x, axis=1)),
    "pad": lambda x: tf.pad(x[:, 1:3], [[0, 0], [1, 1]]),
    "loop": lambda x: tf.scan(lambda a, b: a + b, tf.transpose(x))[-1],
}
MIXED = {
    "mean": lambda x: x - tf.reduce_mean(x, 0),
    "sums": lambda x: tf.cumsum(x, 0),
    "softmax": lambda x: tf.nn.softmax(x, axis=0),
    "reversed": lambda x: tf.reverse(x, [0]),
    "rolled": lambda x: tf.roll(x, 1, 0),
    "products": lambda x: tf.matmul(tf.matmul(x, x, transpose_b=True), x),
    "number of rows": lambda x: x * tf.cast(tf.shape(x)[0], tf.float32),
    "counted rows": lambda x: x / tf.reduce_sum(tf.ones_like(x)[:, 0]),
    "last row": lambda x: x + x[-1:],
    "sorted": lambda x: tf.gather(x, tf.argsort(x[:, 0])),
    "reshape": lambda x: tf.reshape(tf.transpose(x), (-1, 6)),
    "loop": lambda x: tf.scan(lambda a, b: a + b, x),
    "one number": tf.reduce_sum,
}


def proved(function: Callable[[Any], Any]) -> bool:
    def shape(rows: int) -> Any:
        return [jax.ShapeDtypeStruct((rows, 6), np.dtype("float32"))]

    return treats_rows_alone(capture(function, shape(32)), capture(function, shape(7)))


@pytest.mark.parametrize("name", ALONE)
def test_proved_to_treat_rows_alone(name: str) -> None:
    assert proved(ALONE[name])


@pytest.mark.parametrize("name", MIXED)
def test_mixing_rows_is_not_proved(name: str) -> None:
    assert not proved(MIXED[name])


def test_layers_are_proved_to_treat_rows_alone() -> None:
    layers = keras.layers
    pixels = [
        layers.Reshape((2, 3, 1)),
        layers.Conv2D(2, 2, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D((1, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
    ]
    steps = [layers.Reshape((3, 2)), layers.LSTM(2), layers.LayerNormalization()]
    model, recurrent = dense(*pixels), dense(*steps)
    assert proved(lambda x: model(x, training=False))
    assert not proved(lambda x: model(x, training=True))
    assert proved(lambda x: recurrent(x, training=False))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "images", "attention"])
def test_native_kernels_are_proved_to_treat_rows_alone(kind: str) -> None:
    layers = keras.layers
    x = keras.Input((6,))
    if kind == "images":
        y = layers.Reshape((16, 16, 16))(layers.Dense(4096)(x))
        y = layers.MaxPooling2D()(layers.Conv2D(16, 3, padding="same")(y))
        y = layers.AveragePooling2D(2)(y)
    else:
        y = layers.Reshape((64, 32))(layers.Dense(2048)(x))
        if kind == "attention":
            y = layers.LayerNormalization()(layers.MultiHeadAttention(2, 16)(y, y))
        else:
            y = getattr(layers, kind)(16, return_sequences=True)(y)
    model = keras.Model(x, layers.Flatten()(y))
    shape = [jax.ShapeDtypeStruct((7, 6), np.dtype("float32"))]
    program = str(capture(lambda x: model(x, training=False), shape).jaxpr)
    wanted = {"images": "winograd", "attention": "attention"}.get(kind, "recurrence")
    assert (f"lamina_{wanted}" in program) == native()
    assert proved(lambda x: model(x, training=False))
