"""Functions with a gradient of their own."""

import numpy as np
import pytest

import lamina as tf


@tf.custom_gradient
def doubled(x):
    def grad(upstream):
        return upstream * 10.0 * x

    return x * 2.0, grad


@pytest.mark.parametrize("traced", [False, True])
def test_value_and_gradient(traced):
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = doubled(x)
        return y, tape.gradient(y, x)

    run = tf.function(run) if traced else run
    y, gradient = run(tf.constant([1.0, 3.0]))
    np.testing.assert_array_equal(y, [2.0, 6.0])
    np.testing.assert_array_equal(gradient, [10.0, 30.0])


def test_from_outside_of_a_function():
    f = tf.function(lambda x: tf.reduce_sum(doubled(x)))
    x = tf.constant([1.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_array_equal(tape.gradient(y, x), [10.0, 30.0])


@pytest.mark.parametrize("traced", [False, True])
def test_second_order(traced):
    def run(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = doubled(x)
            first = inner.gradient(y, x)
        return outer.gradient(first, x)

    run = tf.function(run) if traced else run
    assert float(run(tf.constant(4.0))) == 10.0


@pytest.mark.parametrize("traced", [False, True])
def test_variables(traced):
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def f(x):
        def grad(upstream, variables=None):
            assert len(variables) == 1
            return upstream * 7.0, [upstream * 5.0]

        return x * v, grad

    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, [x, v])

    run = tf.function(run) if traced else run
    assert [float(g) for g in run(tf.constant(2.0))] == [7.0, 5.0]

    @tf.custom_gradient
    def wrong(x):
        return x * v, lambda upstream: upstream

    with tf.GradientTape() as tape:
        y = wrong(tf.constant(1.0))
    with pytest.raises(TypeError, match="keyword 'variables'"):
        tape.gradient(y, v)


def test_several_arguments_and_none():
    @tf.custom_gradient
    def f(x, y):
        return (x + y, x * y), lambda a, b: (a + b, None)

    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        out = f(x, y)
    assert tape.gradient(out[1], [x, y])[1] is None
    with pytest.raises(TypeError, match="grad_fn"):
        tf.custom_gradient(lambda x: x)(x)


def test_recompute_and_pass_through():
    v = tf.Variable(2.0)
    f = tf.recompute_grad(lambda x: tf.sin(x * v) * x)
    x = tf.constant(0.5)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, plain = f(x), tf.sin(x * v) * x
    for source in (x, v):
        np.testing.assert_allclose(
            tape.gradient(y, source), tape.gradient(plain, source), rtol=1e-6
        )
    rounded = tf.grad_pass_through(tf.round)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = rounded(x) * 3.0
    assert float(tape.gradient(z, x)) == 3.0


def test_clipping_inside_a_model():
    @tf.custom_gradient
    def reverse(x):
        return tf.identity(x), lambda upstream: -upstream

    inputs = tf.keras.Input((3,))
    outputs = tf.keras.layers.Dense(1)(tf.keras.layers.Lambda(reverse)(inputs))
    model = tf.keras.Model(inputs, outputs)
    x = tf.ones([2, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(model(x))
    expected = -np.tile(model.layers[-1].get_weights()[0].T, (2, 1))
    np.testing.assert_allclose(tape.gradient(y, x), expected, rtol=1e-6)
