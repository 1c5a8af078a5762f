"""Integers divided by zero: refused when eager, as TensorFlow does."""

import numpy as np
import pytest

import lamina as tf

DIVISIONS = (
    tf.math.floordiv,
    tf.math.floormod,
    tf.truncatediv,
    tf.truncatemod,
    lambda x, y: x // y,
    lambda x, y: x % y,
)


@pytest.mark.parametrize("divide", DIVISIONS)
def test_integers_by_zero_raise(divide):
    x = tf.constant([1, 2])
    for y in (tf.constant([0, 1]), tf.Variable([1, 0]), np.array([0, 3], "int32"), 0):
        with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
            divide(x, y)


def test_what_is_not_refused():
    x = tf.constant([1.0, -2.0])
    assert np.isinf((x // 0).numpy()).all()
    assert np.isinf(tf.math.floordiv([1.0, 2.0], 0).numpy()).all()
    assert (tf.zeros((0,), tf.int32) // 0).shape == (0,)
    compiled = tf.function(lambda a, b: a // b)
    assert compiled(tf.constant([4]), tf.constant([0])).shape == (1,)
    assert (tf.constant([7, -7]) // 2).numpy().tolist() == [3, -4]
    assert (7 % tf.constant([4])).numpy().tolist() == [3]


def test_divide_no_nan_of_integers():
    for dtype, result in (("int8", "float32"), ("int32", "float64")):
        x = tf.constant([1, 3], dtype)
        out = tf.math.divide_no_nan(x, tf.constant([0, 2], dtype))
        assert out.dtype == result and out.numpy().tolist() == [0.0, 1.5]
