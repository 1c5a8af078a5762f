"""Gradients: recording, nesting, variables, custom sources."""

import numpy as np
import pytest

import lamina as tf


def test_gradient_of_variable_and_tensor():
    v = tf.Variable(3.0)
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(v * x * x)
    dv, dx = tape.gradient(y, [v, x])
    assert float(dv) == 5.0
    np.testing.assert_allclose(dx, [6.0, 12.0])


def test_used_twice():
    v = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, v)


@pytest.mark.parametrize("traced", [False, True])
def test_second_and_third_order(traced):
    v = tf.Variable(2.0)

    def run():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as middle:
                with tf.GradientTape() as inner:
                    y = v * v * v * v
                first = inner.gradient(y, v)
            second = middle.gradient(first, v)
        return first, second, outer.gradient(second, v)

    run = tf.function(run) if traced else run
    assert [float(t) for t in run()] == [32.0, 48.0, 48.0]


def test_gradient_through_function():
    v = tf.Variable([1.0, 2.0])
    captured = tf.constant([3.0, 4.0])

    @tf.function
    def f(x):
        return tf.reduce_sum(x * v * captured), tf.argmax(v)

    x = tf.constant([5.0, 6.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, captured])
        y, _ = f(x)
    for source, expected in ((v, [15, 24]), (x, [3, 8]), (captured, [5, 12])):
        np.testing.assert_allclose(tape.gradient(y, source), expected)


def test_unconnected_and_none():
    a, b = tf.Variable(1.0), tf.Variable([2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        y = a * 2.0
        z = tf.cast(tf.cast(a, tf.int32), tf.float32) * 3.0
    assert tape.gradient(y, b) is None
    zero = tape.gradient(y, b, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    np.testing.assert_array_equal(zero, [0.0, 0.0])
    assert tape.gradient(z, a) is None
    with pytest.raises(TypeError, match="sources"):
        tape.gradient(y, 1.0)


def test_structure_output_gradients_and_targets():
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = [a * b, a + b]
    gradients = tape.gradient(
        y, {"a": a, "b": (b,)}, output_gradients=[tf.constant(2.0), tf.constant(10.0)]
    )
    assert float(gradients["a"]) == 14.0
    assert float(gradients["b"][0]) == 12.0


def test_watching():
    a = tf.Variable(1.0, trainable=False)
    b = tf.Variable(1.0)
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(a)
        y = a * b
        with tape.stop_recording():
            _ = b * b
    assert float(tape.gradient(y, a)) == 1.0
    assert tape.gradient(y, b) is None
    assert [v is a for v in tape.watched_variables()] == [True]
    with pytest.raises(ValueError, match="convert_to_tensor"):
        tape.watch(1.0)


def test_reset_and_stop_gradient():
    a = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        _ = a * a
        tape.reset()
        y = a * tf.stop_gradient(a)
    assert float(tape.gradient(y, a)) == 3.0


def test_variable_assigned_inside():
    a = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = a * a
        a.assign(5.0)
        y = y + a
    assert float(tape.gradient(y, a)) == 5.0


def test_jacobian_and_batch_jacobian():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    full = tape.jacobian(y, x)
    assert full.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(tf.reduce_sum(full), 20.0)
    rows = tape.batch_jacobian(y, x)
    np.testing.assert_allclose(rows[1], [[6.0, 0.0], [0.0, 8.0]])


def test_complex_convention():
    z = tf.Variable(1.0 + 2.0j, dtype=tf.complex64)
    with tf.GradientTape() as tape:
        y = tf.math.real(z * tf.math.conj(z))
    np.testing.assert_allclose(tape.gradient(y, z), 2.0 + 4.0j)


def test_variable_as_target():
    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        _ = v * 1.0
    assert float(tape.gradient(v, v)) == 1.0
