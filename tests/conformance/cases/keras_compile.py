"""Compiled losses and metrics for several outputs, and callbacks during training."""

from typing import Any

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, real targets and class indices."""
    draw = rng(11)
    x = draw.normal(size=(8, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True), (x[:, 0] > 0).astype("int32")


def set_weights(model: Any) -> None:
    """The same weights in every implementation."""
    draw = rng(12)
    model.set_weights([draw.normal(size=w.shape) * 0.3 for w in model.get_weights()])


def two_outputs(tf: Any) -> Any:
    """A model with a real output `a` and a distribution `b`."""
    layers = tf.keras.layers
    inputs = tf.keras.Input((3,))
    a = layers.Dense(1, name="a")(inputs)
    b = layers.Dense(2, activation="softmax", name="b")(inputs)
    model = tf.keras.Model(inputs, [a, b])
    set_weights(model)
    return model


def one_output(tf: Any, units: int = 1, activation: Any = None) -> Any:
    """A linear model."""
    model = tf.keras.Sequential(
        [tf.keras.Input((3,)), tf.keras.layers.Dense(units, activation=activation)]
    )
    set_weights(model)
    return model


SPARSE = "sparse_categorical_crossentropy"


@case("tf.keras.Model.compile", "tf.keras.Model.evaluate", tolerance=1e-4)
def losses_of_two_outputs(tf):
    x, real, labels = data()
    found = []
    for loss, metrics, weights, weighted in (
        (["mse", SPARSE], [["mae"], ["accuracy"]], None, None),
        (["mse", SPARSE], None, [1.0, 0.5], None),
        ({"a": "mse", "b": SPARSE}, {"b": ["accuracy"]}, {"a": 2.0, "b": 0.5}, None),
        (["mae", SPARSE], {"a": "mse", "b": "acc"}, None, [["mse"], []]),
        (["mse", None], None, None, None),
    ):
        model = two_outputs(tf)
        model.compile(
            "sgd",
            loss,
            metrics=metrics,
            loss_weights=weights,
            weighted_metrics=weighted,
        )
        targets = {"a": real, "b": labels} if isinstance(loss, dict) else [real, labels]
        weight = np.linspace(0.5, 1.5, 8).astype("float32")
        found.append(model.evaluate(x, targets, return_dict=True, verbose=0))
        if weighted:
            found.append(
                model.evaluate(
                    x, targets, sample_weight=weight, return_dict=True, verbose=0
                )
            )
    return found


@case("tf.keras.Model.compile", "tf.keras.Model.train_on_batch", tolerance=1e-4)
def metrics_of_one_output(tf):
    x, real, labels = data()
    keras = tf.keras
    found = []
    for units, activation, loss, target, metrics in (
        (1, None, "mse", real, ["mae", keras.metrics.RootMeanSquaredError()]),
        (1, "sigmoid", "binary_crossentropy", labels, ["accuracy", "AUC"]),
        (2, "softmax", SPARSE, labels, ["accuracy", "acc", SPARSE]),
        (2, "softmax", "categorical_crossentropy", np.eye(2)[labels], ["accuracy"]),
        (1, None, keras.losses.Huber(), real, ["mse", "mse"]),
        (1, None, lambda t, p: (t - p) ** 2, real, [lambda t, p: abs(t - p)]),
    ):
        model = one_output(tf, units, activation)
        model.compile(keras.optimizers.SGD(0.1), loss, metrics=metrics)
        for _ in range(2):
            logs = model.train_on_batch(x, target, return_dict=True)
        found.append({key.replace("<", "").replace(">", ""): logs[key] for key in logs})
        found.append(model.evaluate(x, target, return_dict=True, verbose=0)["loss"])
    return found


@case("tf.keras.Model.compile")
def wrong_losses_and_metrics(tf):
    x, real, labels = data()

    def fit(model, y, *args, **kwargs):
        def run():
            model.compile("sgd", *args, **kwargs)
            model.fit(x, y, verbose=0)

        return raises(run)

    return [
        fit(one_output(tf), real, "nothing"),
        fit(one_output(tf), real, "mse", metrics=["nothing"]),
        fit(one_output(tf), real, "mse", metrics="mae"),
        fit(two_outputs(tf), [real, labels], {"a": "mse", "c": SPARSE}),
        fit(two_outputs(tf), [real, labels], ["mse", SPARSE], metrics=["mae"] * 3),
        fit(two_outputs(tf), [real, labels], ["mse", SPARSE], loss_weights=[1.0]),
    ]


@case(
    "tf.keras.callbacks.Callback",
    "tf.keras.callbacks.History",
    "tf.keras.callbacks.LambdaCallback",
    "tf.keras.callbacks.CallbackList",
    tolerance=1e-4,
)
def order_of_hooks(tf):
    x, real, _ = data()
    calls = []

    class Recorder(tf.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            calls.append(f"epoch {epoch}")

        def on_train_batch_end(self, batch, logs=None):
            calls.append(f"batch {batch} {sorted(logs)}")

        def on_test_begin(self, logs=None):
            calls.append("test")

        def on_train_end(self, logs=None):
            calls.append(f"end {sorted(logs)}")

    model = one_output(tf)
    model.compile(tf.keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    function = tf.keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: calls.append(sorted(logs))
    )
    history = model.fit(
        x,
        real,
        batch_size=4,
        epochs=2,
        shuffle=False,
        validation_data=(x, real),
        callbacks=[Recorder(), function],
        verbose=0,
    )
    return [calls, history.epoch, history.history, sorted(history.params)]


@case(
    "tf.keras.callbacks.EarlyStopping",
    "tf.keras.callbacks.ReduceLROnPlateau",
    "tf.keras.callbacks.LearningRateScheduler",
    "tf.keras.callbacks.TerminateOnNaN",
    tolerance=1e-4,
)
def callbacks_that_steer(tf):
    x, real, _ = data()
    callbacks = tf.keras.callbacks

    def run(*used, rate=0.1, target=real, epochs=6):
        model = one_output(tf)
        model.compile(tf.keras.optimizers.SGD(rate), "mse")
        history = model.fit(
            x, target, epochs=epochs, shuffle=False, verbose=0, callbacks=list(used)
        )
        return [history.history, model.get_weights()]

    best = {"restore_best_weights": True}
    return [
        run(callbacks.EarlyStopping("loss", min_delta=0.5, patience=1)),
        run(callbacks.EarlyStopping("loss", patience=2, mode="max", **best)),
        run(callbacks.EarlyStopping("loss", baseline=1e-6, patience=1)),
        run(callbacks.EarlyStopping("loss", mode="max", start_from_epoch=3)),
        run(callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=1.0)),
        run(callbacks.ReduceLROnPlateau("loss", 0.1, 1, min_delta=9.0, min_lr=0.05)),
        run(callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))),
        run(callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)),
        len(run(callbacks.TerminateOnNaN(), target=real * np.nan)[0]["loss"]),
        raises(lambda: run(callbacks.LearningRateScheduler(lambda epoch: "fast"))),
        raises(lambda: callbacks.ReduceLROnPlateau(factor=2.0)),
        raises(lambda: callbacks.ModelCheckpoint("name")),
        raises(lambda: callbacks.ModelCheckpoint("m.keras", save_freq="daily")),
        raises(lambda: callbacks.BackupAndRestore("")),
    ]
