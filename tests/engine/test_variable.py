"""Variables: creation, reading, assignment, errors."""

import copy

import numpy as np
import pytest

import lamina as tf


def test_creation():
    v = tf.Variable(lambda: tf.zeros([2]), name="w", dtype=tf.float32)
    assert (v.name, v.shape, v.dtype, v.trainable) == ("w:0", (2,), tf.float32, True)
    with pytest.raises(ValueError, match="initial_value"):
        tf.Variable()
    assert not tf.Variable(
        1.0, synchronization=tf.VariableSynchronization.ON_READ
    ).trainable


def test_assignment():
    v = tf.Variable([1.0, 2.0])
    assert v.assign_add([1.0, 1.0]) is v
    np.testing.assert_array_equal(v.assign_sub([0.5, 0.5]), [1.5, 2.5])
    with pytest.raises(ValueError, match=r"shape \(2,\)[\s\S]*shape \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(TypeError):
        v.assign(["a", "b"])
    np.testing.assert_array_equal(v, [1.5, 2.5])


def test_free_shape():
    v = tf.Variable([1.0], shape=tf.TensorShape([None]))
    v.assign([1.0, 2.0])
    assert v.read_value().shape == (2,)


def test_copies_are_independent():
    v = tf.Variable([1.0])
    w = copy.deepcopy(v)
    v.assign([2.0])
    assert float(w[0]) == 1.0


def test_operators_and_conversion():
    v = tf.Variable([1.0, 2.0])
    np.testing.assert_array_equal(v * 2.0 + v[0], [3.0, 5.0])
    np.testing.assert_array_equal(np.asarray(v), [1.0, 2.0])
    assert tf.reduce_sum(v) == 3.0
    assert tf.is_tensor(v)
    with pytest.raises(TypeError, match="unhashable"):
        hash(v)
    assert v.ref().deref() is v


def test_scatter():
    v = tf.Variable([[1.0], [2.0], [3.0]])
    v.scatter_nd_update([[0], [2]], [[10.0], [30.0]])
    np.testing.assert_array_equal(v, [[10.0], [2.0], [30.0]])
    v.scatter_nd_add([[1]], [[1.0]])
    np.testing.assert_array_equal(v, [[10.0], [3.0], [30.0]])


def test_symbolic_initial_value():
    @tf.function
    def f(x):
        return tf.Variable(x)

    with pytest.raises(ValueError, match="known when the variable is made"):
        f(tf.constant(1.0))


def test_symbolic_value_cannot_escape():
    v = tf.Variable(1.0)
    kept = []

    @tf.function
    def f(x):
        kept.append(x + 1.0)
        return x

    f(tf.constant(1.0))
    with pytest.raises(ValueError, match="traced function"):
        v.assign(kept[0])
    assert float(v) == 1.0
