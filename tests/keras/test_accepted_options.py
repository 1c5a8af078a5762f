"""Options of small Keras functions that must not be ignored."""

import pytest

import lamina as tf
from lamina import keras


def test_unstack_checks_the_number_of_parts():
    x = tf.ones((2, 3))
    assert len(keras.ops.unstack(x, num=2)) == 2
    with pytest.raises(ValueError, match=r"keras\.ops\.unstack: expected num=2"):
        keras.ops.unstack(x, num=5)


def test_custom_gradient_shows_errors_of_the_pullback():
    @keras.ops.custom_gradient
    def twice(x):
        def pullback(upstream):
            raise TypeError("from the pullback")

        return x * 2.0, pullback

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = twice(x)
    with pytest.raises(TypeError, match="from the pullback"):
        tape.gradient(y, x)


def test_print_tensor_shortens(capsys):
    x = tf.range(100)
    assert keras.backend.print_tensor(x, "x =", summarize=2) is x
    assert capsys.readouterr().out == "x = [0 1 ... 98 99]\n"


def test_einsum_refuses_unknown_arguments():
    x = tf.ones((2, 3))
    assert keras.ops.einsum("ij->ji", x, optimize="greedy").shape == (3, 2)
    with pytest.raises(TypeError, match=r"keras\.ops\.einsum: .*Received: order"):
        keras.ops.einsum("ij->ji", x, order="left")
