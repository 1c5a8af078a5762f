"""tf.TensorArray."""

import logging

import numpy as np
import pytest

import lamina as tf


def test_eager():
    ta = tf.TensorArray(tf.float32, size=3, clear_after_read=False)
    ta.write(0, 1.0)
    ta = ta.write(2, [3.0][0]).write(1, 2.0)
    assert ta.stack().numpy().tolist() == [1.0, 2.0, 3.0]
    assert float(ta.read(1)) == 2.0
    assert int(ta.size()) == 3
    assert ta.gather([2, 0]).numpy().tolist() == [3.0, 1.0]
    assert ta.dtype == tf.float32
    assert ta.element_shape == ()
    pieces = tf.TensorArray(tf.int32, size=2).split(tf.range(5), [2, 3])
    assert pieces.concat().numpy().tolist() == [0, 1, 2, 3, 4]
    rows = tf.TensorArray(tf.int32, size=0, dynamic_size=True).unstack([[1], [2]])
    assert rows.read(1).numpy().tolist() == [2]
    spread = tf.TensorArray(tf.int32, size=3).scatter([2, 0, 1], [1, 2, 3])
    assert spread.stack().numpy().tolist() == [2, 3, 1]


def test_eager_errors():
    ta = tf.TensorArray(tf.float32, size=1)
    with pytest.raises(
        tf.errors.OutOfRangeError, match="not resizeable and size is: 1"
    ):
        ta.write(1, 1.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="trying to write dtype"):
        ta.write(0, tf.constant(1))
    ta.write(0, 1.0).read(0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="index 0 twice because"):
        ta.read(0)
    with pytest.raises(tf.errors.OutOfRangeError, match="array size is: 1"):
        ta.read(4)
    shaped = tf.TensorArray(tf.float32, size=2).write(0, [1.0, 2.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shape"):
        shaped.write(1, [1.0])


def test_write_in_a_loop():
    @tf.function
    def f(x):
        ta = tf.TensorArray(tf.float32, size=tf.shape(x)[0])
        for i in tf.range(tf.shape(x)[0]):
            ta = ta.write(i, x[i] * 2.0)
        return ta.stack()

    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(y, x * 2)
    np.testing.assert_allclose(tape.gradient(y, x), np.full((2, 2), 2.0))


def test_dynamic_size_in_loops():
    @tf.function
    def f(x):
        ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        ta = ta.write(0, tf.constant(100.0))
        for i in tf.range(1, 4):
            ta = ta.write(i, x)
            x = x * 2.0
        return ta.stack(), ta.size()

    values, size = f(tf.constant(1.0))
    assert values.numpy().tolist() == [100.0, 1.0, 2.0, 4.0]
    assert int(size) == 4


def test_dynamic_size_in_nested_loops():
    @tf.function
    def f(x):
        ta = tf.TensorArray(tf.float32, 0, True)
        at = 0
        for i in tf.range(2):
            for j in tf.range(3):
                ta = ta.write(at, x * tf.cast(i * 3 + j, tf.float32))
                at += 1
        return ta.stack()

    assert f(tf.constant(1.0)).numpy().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_growing_in_a_loop_of_unknown_length(caplog):
    @tf.function
    def f(n):
        ta = tf.TensorArray(tf.int32, 0, True)
        for i in tf.range(n):
            ta = ta.write(i, i * i)
        return ta.stack()

    with caplog.at_level(logging.WARNING, "lamina"):
        assert f(tf.constant(4)).numpy().tolist() == [0, 1, 4, 9]
    assert "op by op" in caplog.text


def test_growing_under_a_condition_is_never_wrong():
    @tf.function
    def f(x):
        ta = tf.TensorArray(tf.float32, 0, True)
        at = 0
        for i in tf.range(4):
            if x[i] > 0:
                ta = ta.write(at, x[i])
                at += 1
        return ta.stack()

    assert f(tf.constant([1.0, -1.0, 2.0, -2.0])).numpy().tolist() == [1.0, 2.0]


def test_read_in_while_loop():
    @tf.function
    def f(x, n):
        ta = tf.TensorArray(tf.float32, size=3).unstack(x)
        return tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, s + ta.read(i)), (0, 0.0)
        )[1]

    assert float(f(tf.constant([1.0, 2.0, 4.0]), tf.constant(2))) == 3.0


def test_concat_and_gather_traced():
    @tf.function
    def f(x, at):
        ta = tf.TensorArray(tf.float32, size=2, element_shape=(2,))
        for i in tf.range(2):
            ta = ta.write(i, x[i])
        return ta.concat(), ta.gather(at), ta.size()

    joined, picked, size = f(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1, 1]))
    assert joined.numpy().tolist() == [1.0, 2.0, 3.0, 4.0]
    assert picked.numpy().tolist() == [[3.0, 4.0], [3.0, 4.0]]
    assert int(size) == 2


def test_spec():
    spec = tf.TensorArraySpec((2,), tf.float32)
    ta = tf.TensorArray(tf.float32, 1, element_shape=(2,))
    assert tf.TensorArraySpec.from_value(ta) == spec
    assert spec.value_type is tf.TensorArray
    assert tf.nest.flatten([ta]) == [ta]


def test_writing_under_a_condition():
    @tf.function
    def f(x):
        ta = tf.TensorArray(tf.float32, size=3)
        for i in tf.range(3):
            if x[i] > 0:
                ta = ta.write(i, x[i])
        return ta.stack()

    assert f(tf.constant([1.0, -1.0, 2.0])).numpy().tolist() == [1.0, 0.0, 2.0]
