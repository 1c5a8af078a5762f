"""Batch normalisation and the ReLU after it, joined while a function is traced."""

import jax
import numpy as np
import pytest

import lamina as tf
from lamina.engine.trace import capture
from lamina.kernels.selection import native, portable
from lamina.ops.nn.batch_norm import batch_norm_training

SPELLINGS = {
    "nn": tf.nn.relu,
    "named": lambda x: tf.nn.relu(x, name="positive"),
    "ops": tf.keras.ops.relu,
    "activations": tf.keras.activations.relu,
    "layer": tf.keras.layers.ReLU(),
    "activation layer": tf.keras.layers.Activation("relu"),
}


def inputs(shape=(6, 12, 12, 16), seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(0.5, 2.0, shape).astype("float32")
    scale, offset = random.normal(size=(2, shape[-1])).astype("float32")
    return [tf.constant(a) for a in (x, scale, offset)]


def kernels(function, *tensors):
    """How many kernels of ours the compiled program calls: `{name: count}`."""
    captured = capture(function, list(tensors))
    arrays = [t._value for t in tensors]
    captures = [t._value for t in captured.captures]
    compiled = jax.jit(lambda *a: captured.call(a, captures, [])).lower(*arrays)
    text = compiled.compile().as_text()
    names = ("lamina_batch_moments", "lamina_batch_apply", "lamina_batch_gradient")
    return {name[13:]: text.count(f'custom_call_target="{name}"') for name in names}


def joined(relu, x, scale, offset):
    """A value, its gradients, and the moments."""
    with tf.GradientTape() as tape:
        tape.watch([x, scale, offset])
        y, mean, variance = batch_norm_training(x, scale, offset)
        z = relu(y)
        loss = tf.reduce_sum(z * z * tf.sin(x))
    return [z, mean, variance, *tape.gradient(loss, [x, scale, offset])]


def apart(relu, x, scale, offset):
    """The same with the ReLU hidden behind an identity."""
    return joined(lambda y: relu(tf.identity(y)), x, scale, offset)


def close(got, wanted, tolerance=2e-5):
    for one, other in zip(got, wanted, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype
        scale = np.max(np.abs(other))
        np.testing.assert_allclose(one / scale, other / scale, atol=tolerance)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_is_one_pass(spelling):
    relu = SPELLINGS[spelling]
    tensors = inputs()
    run = tf.function(lambda *a: joined(relu, *a))
    close(run(*tensors), tf.function(lambda *a: apart(relu, *a))(*tensors))
    if native():
        found = kernels(lambda *a: joined(relu, *a), *tensors)
        assert found == {"moments": 1, "apply": 1, "gradient": 1}


def test_the_mask_is_in_the_kernel():
    captured = capture(lambda *a: joined(tf.nn.relu, *a), inputs())
    text = str(captured.jaxpr)
    assert text.count("('relu', np.int64(1))") == (2 if native() else 0)


def test_without_a_tape():
    tensors = inputs()
    run = tf.function(lambda *a: tf.nn.relu(batch_norm_training(*a)[0]))
    wanted = tf.nn.relu(batch_norm_training(*tensors)[0])
    close([run(*tensors)], [wanted])


def test_other_uses_of_the_value_without_relu():
    def both(relu, x, scale, offset):
        with tf.GradientTape() as tape:
            tape.watch([x, scale, offset])
            y, _, _ = batch_norm_training(x, scale, offset)
            loss = tf.reduce_sum(relu(y) * tf.sin(x) + y * y * x)
        return [y, loss, *tape.gradient(loss, [x, scale, offset])]

    tensors = inputs()
    got = tf.function(lambda *a: both(tf.nn.relu, *a))(*tensors)
    hidden = lambda y: tf.nn.relu(tf.identity(y))  # noqa: E731
    close(got, tf.function(lambda *a: both(hidden, *a))(*tensors))


def test_gradient_by_the_value_without_relu():
    def run(x, scale, offset):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y, _, _ = batch_norm_training(x, scale, offset)
            z = tf.nn.relu(y)
            loss = tf.reduce_sum(z * z)
        return tape.gradient(loss, [y, x]) + [y]

    by_y, by_x, y = tf.function(run)(*inputs())
    close([by_y], [2 * np.maximum(y, 0)])
    assert np.all(np.isfinite(by_x)) and np.any(np.asarray(by_x))


def test_a_tape_that_watches_only_the_value_without_relu():
    def run(x, scale, offset):
        y, _, _ = batch_norm_training(x, scale, offset)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            loss = tf.reduce_sum(tf.nn.relu(y))
        assert tape.gradient(loss, x) is None
        return tape.gradient(loss, y), y

    gradient, y = tf.function(run)(*inputs())
    np.testing.assert_array_equal(gradient, np.float32(np.asarray(y) > 0))


def test_second_derivatives():
    def penalty(relu, x, scale, offset):
        with tf.GradientTape() as outer:
            outer.watch([x, scale, offset])
            with tf.GradientTape() as inner:
                inner.watch(x)
                y, _, _ = batch_norm_training(x, scale, offset)
                loss = tf.reduce_sum(relu(y) ** 3)
            total = tf.reduce_sum(inner.gradient(loss, x) ** 2)
        return outer.gradient(total, [x, scale, offset])

    tensors = inputs((4, 8, 8, 16))
    got = tf.function(lambda *a: penalty(tf.nn.relu, *a))(*tensors)
    hidden = lambda y: tf.nn.relu(tf.identity(y))  # noqa: E731
    close(got, tf.function(lambda *a: penalty(hidden, *a))(*tensors), 1e-3)


def test_xla_is_left_alone():
    with portable():
        text = str(capture(lambda *a: joined(tf.nn.relu, *a), inputs()).jaxpr)
    assert "ffi_call" not in text


def test_other_activations_stay_apart():
    capped = tf.keras.layers.ReLU(6.0)
    tensors = inputs()
    y = batch_norm_training(*tensors)[0]
    got = tf.function(lambda *a: capped(batch_norm_training(*a)[0]))(*tensors)
    close([got], [np.clip(y, 0, 6)])


def test_training_is_the_same_with_and_without_kernels():
    def weights():
        tf.keras.utils.set_random_seed(0)
        layers = tf.keras.layers
        model = tf.keras.Sequential(
            [
                layers.Input((12, 12, 3)),
                layers.Conv2D(16, 3, use_bias=False),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(4),
            ]
        )
        model.compile("sgd", "mse")
        random = np.random.default_rng(0)
        x = random.normal(size=(64, 12, 12, 3)).astype("float32")
        y = random.normal(size=(64, 4)).astype("float32")
        model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
        return model.get_weights()

    got = weights()
    with portable():
        wanted = weights()
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
