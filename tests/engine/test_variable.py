"""Variables: creation, reading, assignment, errors."""

import copy

import numpy as np
import pytest

import lamina as tf
from lamina.engine import variable as variable_module


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


def test_an_update_in_place_keeps_what_was_read() -> None:
    v = tf.Variable([1.0, 2.0])
    read, view = v.value(), np.asarray(v)
    v.assign_add([1.0, 1.0])
    v.assign_add([1.0, 1.0])
    np.testing.assert_array_equal(read, [1, 2])
    np.testing.assert_array_equal(view, [1, 2])
    view = np.asarray(v)
    v.assign_sub(v)
    np.testing.assert_array_equal(view, [3, 4])
    np.testing.assert_array_equal(v, [0, 0])
    with tf.GradientTape() as tape:
        y = v * v
        v.assign_add([5.0, 5.0])
    np.testing.assert_array_equal(tape.gradient(y, v), [0, 0])


def test_updates_share_one_program() -> None:
    v = tf.Variable(np.zeros(7, "float32"))
    one = tf.ones(7)
    for _ in range(2):  # the array of the initial value, then that of a program
        v.assign_add(one)
    programs = {k: run._cache_size() for k, run in variable_module._IN_PLACE.items()}
    for _ in range(3):
        v.assign_add(one)
    after = {k: run._cache_size() for k, run in variable_module._IN_PLACE.items()}
    assert after == programs
    np.testing.assert_array_equal(v, np.full(7, 5.0))
