"""Losses: functions, classes, reductions, weights, masks and gradients."""

from typing import Any

import numpy as np

from tests.conformance.helpers import grads, raises, rng
from tests.conformance.records import case

REGRESSION = (
    "mse",
    "mae",
    "mape",
    "msle",
    "huber",
    "logcosh",
    "cosine_similarity",
    "poisson",
    "hinge",
    "squared_hinge",
    "categorical_hinge",
)
PROBABILITY = (
    "kld",
    "binary_crossentropy",
    "categorical_crossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
    "dice",
    "tversky",
)
CLASSES: dict[str, list[dict[str, Any]]] = {
    "MeanSquaredError": [{}],
    "MeanAbsoluteError": [{}],
    "MeanAbsolutePercentageError": [{}],
    "MeanSquaredLogarithmicError": [{}],
    "Huber": [{}, {"delta": 0.3}],
    "LogCosh": [{}],
    "CosineSimilarity": [{}],
    "Poisson": [{}],
    "Hinge": [{}],
    "SquaredHinge": [{}],
    "CategoricalHinge": [{}],
    "KLDivergence": [{}],
    "BinaryCrossentropy": [{}, {"from_logits": True, "label_smoothing": 0.1}],
    "CategoricalCrossentropy": [{}, {"from_logits": True, "label_smoothing": 0.1}],
    "BinaryFocalCrossentropy": [{}, {"apply_class_balancing": True, "gamma": 1.5}],
    "CategoricalFocalCrossentropy": [{}, {"alpha": 0.5, "from_logits": True}],
    "Dice": [{}],
    "Tversky": [{}, {"alpha": 0.3, "beta": 0.7}],
}


def data(positive: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Targets of 0 and 1, and predictions in (0, 1)."""
    draw = rng(3)
    target = np.eye(3, dtype="float32")[draw.integers(0, 3, size=4)]
    prediction = draw.uniform(0.05, 0.95, size=(4, 3)).astype("float32")
    return target, prediction if positive else prediction - 0.5


def _declare_function(name: str) -> None:
    def run(tf: Any) -> Any:
        function = getattr(tf.keras.losses, name)
        target, prediction = data()
        return {
            "value": function(target, prediction),
            "gradient": grads(tf, lambda p: function(target, p), [prediction]),
            "integers": function(target.astype("int32"), prediction),
        }

    run.__name__ = name
    case(f"tf.keras.losses.{name}", tolerance=1e-5)(run)


for _name in (*REGRESSION, *PROBABILITY):
    _declare_function(_name)


def _declare_class(name: str) -> None:
    def run(tf: Any) -> Any:
        target, prediction = data()
        found = []
        for options in CLASSES[name]:
            make = getattr(tf.keras.losses, name)
            loss = make(**options)
            weight = np.array([1.0, 0.0, 2.0, 0.5], "float32")
            found.append(loss(target, prediction))
            if name not in ("Dice", "Tversky"):
                found.append(loss(target, prediction, sample_weight=weight))
            for reduction in ("sum", "none", "mean_with_sample_weight"):
                reduced = make(reduction=reduction, **options)
                found.append(reduced(target, prediction))
            found.append(loss.name)
            if "delta" not in options:  # Keras forgets it
                again = make.from_config(loss.get_config())
                found.append(again(target, prediction))
        return found

    run.__name__ = name
    case(f"tf.keras.losses.{name}", tolerance=1e-5)(run)


for _name in CLASSES:
    _declare_class(_name)


@case(
    "tf.keras.losses.SparseCategoricalCrossentropy",
    "tf.keras.losses.sparse_categorical_crossentropy",
    tolerance=1e-5,
)
def sparse(tf):
    function = tf.keras.losses.sparse_categorical_crossentropy
    _, prediction = data()
    labels = np.array([0, 2, 1, 2])
    make = tf.keras.losses.SparseCategoricalCrossentropy
    return [
        function(labels, prediction),
        function(labels[:, None], prediction),
        function(labels, prediction, from_logits=True),
        function(labels, prediction, ignore_class=2),
        grads(tf, lambda p: function(labels, p), [prediction]),
        make()(labels, prediction),
        make(from_logits=True)(labels, prediction, [1.0, 2.0, 3.0, 0.0]),
        make(ignore_class=2)(labels, prediction),
        make(reduction=None)(labels[:, None], prediction),
        raises(lambda: function(labels[:3], prediction)),
    ]


@case("tf.keras.losses.Loss", tolerance=1e-5)
def own_loss(tf):
    class Cubes(tf.keras.losses.Loss):
        def call(self, y_true, y_pred):
            return tf.reduce_mean(tf.abs(y_true - y_pred) ** 3, axis=-1)

    target, prediction = data()
    loss = Cubes()
    return [
        loss(target, prediction),
        loss(target, prediction, sample_weight=np.arange(4.0)),
        loss(target, prediction, sample_weight=np.ones((4, 1))),
        Cubes(reduction="sum")(target, prediction),
        Cubes(dtype="float64")(target, prediction),
        loss.get_config()["reduction"],
        raises(lambda: Cubes(reduction="most")),
        raises(lambda: loss(target, prediction, sample_weight=np.ones(3))),
    ]


@case("tf.keras.losses.MeanSquaredError", tolerance=1e-5)
def ranks_and_weights(tf):
    loss = tf.keras.losses.MeanSquaredError()
    draw = rng(4)
    x = draw.normal(size=(4, 1)).astype("float32")
    z = draw.normal(size=(2, 3, 2)).astype("float32")
    return [
        loss(x[:, 0], x + 1),
        loss(x, (x + 1)[:, 0]),
        loss(z, z + 1, sample_weight=np.array([1.0, 2.0])[:, None]),
        loss(z, z + 1, sample_weight=np.arange(6.0).reshape(2, 3)),
        loss([[1, 2]], [[2.0, 4.0]]),
        raises(lambda: loss(np.zeros((2, 3)), np.zeros((2, 4)))),
    ]


@case("tf.keras.losses.get", "tf.keras.losses.serialize", "tf.keras.losses.deserialize")
def get_and_serialize(tf):
    losses = tf.keras.losses
    target, prediction = data()
    names = ("mse", "MAE", "mape", "msle", "kld", "hinge", "MeanSquaredError")
    loss = losses.CategoricalCrossentropy(label_smoothing=0.2, name="c")
    config = losses.serialize(loss)
    return [
        [losses.get(name)(target, prediction) for name in names],
        config["class_name"],
        config["config"],
        losses.deserialize(config)(target, prediction),
        losses.get("CategoricalCrossentropy").get_config(),
        raises(lambda: losses.get("nothing")),
        raises(lambda: losses.get(5)),
        losses.get(None),
    ]


@case("tf.keras.losses.categorical_crossentropy", tolerance=1e-5)
def saturated_softmax(tf):
    logits = np.array([[100.0, -100.0], [0.0, 1.0]], "float32")
    target = np.array([[0.0, 1.0], [1.0, 0.0]], "float32")

    def loss(x):
        output = tf.keras.activations.softmax(x)
        return tf.keras.losses.categorical_crossentropy(target, output)

    return [loss(tf.constant(logits)), grads(tf, loss, [logits])]
