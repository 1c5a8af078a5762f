"""Losses: shapes, logits that travel along, symbolic inputs, errors."""

import numpy as np
import pytest

import lamina as tf

losses = tf.keras.losses


def test_a_traced_loss_equals_the_eager_one() -> None:
    target, prediction = np.eye(3)[[0, 2]], np.full((2, 3), 0.3, "float32")
    loss = losses.CategoricalCrossentropy(label_smoothing=0.1)
    traced = tf.function(lambda t, p: loss(t, p))
    np.testing.assert_allclose(
        loss(target, prediction).numpy(), traced(target, prediction).numpy()
    )


def test_saturated_softmax_still_has_a_gradient() -> None:
    logits = tf.Variable([[200.0, -200.0]])
    with tf.GradientTape() as tape:
        output = tf.keras.activations.softmax(logits.read_value())
        loss = losses.sparse_categorical_crossentropy([1], output)
    assert float(loss[0]) == pytest.approx(400.0)
    gradient = tape.gradient(loss, logits)
    np.testing.assert_allclose(gradient.numpy(), [[1.0, -1.0]])


def test_a_mask_leaves_samples_out() -> None:
    prediction = tf.constant([[1.0], [5.0]])
    prediction._keras_mask = tf.constant([True, False])
    assert float(losses.MeanSquaredError()([[0.0], [0.0]], prediction)) == 1.0


def test_losses_take_symbolic_tensors() -> None:
    output = losses.mean_squared_error(tf.keras.Input((3,)), tf.keras.Input((3,)))
    assert tuple(output.shape) == (None,)


@pytest.mark.parametrize("name", ["mse", "MSE", "bce", "kld", "huber", "log_cosh"])
def test_names(name: str) -> None:
    assert callable(losses.get(name))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: losses.MeanSquaredError()(np.ones((2, 3)), np.ones((2, 4))), "broad"),
        (
            lambda: losses.sparse_categorical_crossentropy([1, 2], np.ones((3, 4))),
            "up until the last dimension",
        ),
        (
            lambda: losses.categorical_crossentropy(np.ones((2, 3)), np.ones((2, 4))),
            "same shape",
        ),
        (lambda: losses.MeanSquaredError(reduction="most"), "Invalid value"),
        (lambda: losses.get("nothing"), "Could not interpret"),
    ],
)
def test_errors_say_what_fits(call: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()  # type: ignore[operator]


def test_configs_round_trip() -> None:
    loss = losses.Huber(delta=0.25, reduction="sum", name="h")
    again = losses.deserialize(losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert again.delta == 0.25
