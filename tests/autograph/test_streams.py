"""Loops over data sets in traced functions."""

import logging

import numpy as np
import pytest

import lamina as tf


def numbers(count=10):
    return tf.data.Dataset.range(count)


def test_the_body_is_traced_once():
    bodies = []

    @tf.function
    def f(dataset):
        total = tf.constant(0, tf.int64)
        for x in dataset:
            bodies.append(1)
            total += x
        return total

    dataset = numbers()
    assert [int(f(dataset)) for _ in range(2)] == [45, 45]
    assert len(bodies) == 1


def test_break_continue_and_variables():
    v = tf.Variable(0, dtype=tf.int64)
    dataset = tf.data.Dataset.zip((numbers(), numbers()))

    @tf.function
    def f():
        for x, y in dataset:
            if y == 7:
                break
            if y == 3:
                continue
            v.assign_add(x)
        return v.read_value()

    assert int(f()) == 18
    assert int(f()) == 36


def test_training_over_a_dataset():
    x = np.linspace(-1, 1, 64).astype("float32")
    dataset = tf.data.Dataset.from_tensor_slices((x, 3 * x)).batch(8)
    dataset = dataset.apply(lambda d: d.unbatch().batch(8, drop_remainder=True))
    w = tf.Variable(0.0)

    @tf.function
    def epoch():
        for inputs, targets in dataset:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((w * inputs - targets) ** 2)
            w.assign_sub(0.5 * tape.gradient(loss, w))

    for _ in range(10):
        epoch()
    assert abs(float(w) - 3.0) < 0.05


def test_elements_of_different_shapes_run_op_by_op(caplog):
    @tf.function
    def f():
        total = tf.constant(0, tf.int64)
        for batch in numbers().batch(4):
            total += tf.reduce_sum(batch)
        return total

    with caplog.at_level(logging.WARNING, "lamina"):
        assert int(f()) == 45
    assert "drop_remainder=True" in caplog.text


def test_errors_of_the_dataset_reach_the_user():
    def fails():
        yield 1
        raise KeyError("in the generator")

    dataset = tf.data.Dataset.from_generator(
        fails, output_signature=tf.TensorSpec((), tf.int32)
    )

    @tf.function
    def f():
        total = 0
        for x in dataset:
            total += x
        return total

    with pytest.raises(Exception, match="in the generator"):
        f()
