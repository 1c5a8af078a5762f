"""tf.while_loop, tf.map_fn, tf.scan, tf.foldl, tf.foldr and tf.vectorized_map."""

import logging

import numpy as np
import pytest

import lamina as tf

MODES = pytest.mark.parametrize(
    "wrap", [lambda f: f, tf.function], ids=["eager", "traced"]
)


@MODES
def test_while_loop(wrap):
    def f(n, x):
        return tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, {"a": s["a"] * x}), (0, {"a": 1.0})
        )

    i, s = wrap(f)(tf.constant(4), tf.constant(2.0))
    assert (int(i), float(s["a"])) == (4, 16.0)


@MODES
def test_while_loop_forms(wrap):
    assert (
        float(
            wrap(lambda x: tf.while_loop(lambda a: a < 9.0, lambda a: a * 2, [x]))(
                tf.constant(1.0)
            )[0]
        )
        == 16.0
    )
    limited = wrap(
        lambda x: tf.while_loop(
            lambda a: a < 9.0, lambda a: (a * 2,), (x,), maximum_iterations=2
        )
    )
    assert float(limited(tf.constant(1.0))[0]) == 4.0


@MODES
def test_while_loop_gradient(wrap):
    x = tf.constant(1.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        f = wrap(
            lambda x: tf.while_loop(
                lambda i, s: i < 3, lambda i, s: (i + 1, s * x), (0, x)
            )
        )
        y = f(x)[1]
    np.testing.assert_allclose(tape.gradient(y, x), 4 * 1.5**3)


def test_second_derivative_of_a_dynamic_loop():
    @tf.function
    def f(x, n):
        i = 0
        y = x
        while i < n:
            y = y * x
            i += 1
        return y

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x, tf.constant(2))
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    assert (float(y), float(first), float(second)) == (8.0, 12.0, 12.0)


def test_many_iterations_keep_their_gradient():
    @tf.function
    def f(x, n):
        for _ in tf.range(n):
            x = x + 0.001 * tf.sin(x)
        return x

    x = tf.constant(1.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, tf.constant(700))
    eps = 1e-5
    up, down = f(x + eps, tf.constant(700)), f(x - eps, tf.constant(700))
    np.testing.assert_allclose(tape.gradient(y, x), (up - down) / (2 * eps), rtol=1e-6)


def test_while_loop_errors():
    with pytest.raises(TypeError, match="'cond' must be callable"):
        tf.while_loop(3, lambda i: i, [1])
    with pytest.raises(ValueError, match="'loop_vars' cannot be empty"):
        tf.while_loop(lambda: True, lambda: (), [])

    @tf.function
    def shapes(x):
        return tf.while_loop(lambda a: a[0] < 9.0, lambda a: tf.concat([a, a], 0), [x])

    with pytest.raises(ValueError, match=r"'loop_vars\[0\]' has shape \(1,\) before"):
        shapes(tf.constant([1.0]))

    @tf.function
    def grows(x):
        return tf.while_loop(
            lambda a: len(a) < 8,
            lambda a: tf.concat([a, a], 0),
            [x],
            shape_invariants=[tf.TensorShape([None])],
        )[0]

    assert grows(tf.constant([1.0])).shape == (8,)


@MODES
def test_map_fn(wrap):
    x = tf.constant([1.0, 2.0, 3.0])
    y = tf.constant([1, 2, 3])
    np.testing.assert_allclose(wrap(lambda x: tf.map_fn(lambda v: v * v, x))(x), x * x)
    result = wrap(
        lambda x, y: tf.map_fn(
            lambda pair: {"sum": pair[0] + tf.cast(pair[1], tf.float32), "y": pair[1]},
            (x, y),
            fn_output_signature={"sum": tf.float32, "y": tf.int32},
        )
    )(x, y)
    np.testing.assert_allclose(result["sum"], [2.0, 4.0, 6.0])
    assert result["y"].dtype == tf.int32
    empty = wrap(lambda x: tf.map_fn(lambda v: v * 2, x))(tf.zeros((0, 4)))
    assert empty.shape == (0, 4)


def test_map_fn_errors():
    with pytest.raises(ValueError, match="elements in elems must be 1"):
        tf.map_fn(lambda x: x, tf.constant(1))
    with pytest.raises(ValueError, match="elems must contain at least one Tensor"):
        tf.map_fn(lambda x: x, [])
    with pytest.raises(tf.errors.InvalidArgumentError, match="one first dimension"):
        tf.map_fn(lambda x: x[0], (tf.zeros(2), tf.zeros(3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="fn to return int32"):
        tf.map_fn(lambda x: x, tf.zeros(2), fn_output_signature=tf.int32)


def test_map_fn_gradient():
    w = tf.Variable(2.0)

    @tf.function
    def f(x):
        return tf.reduce_sum(tf.map_fn(lambda v: v * v * w, x))

    x = tf.constant([1.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    dx, dw = tape.gradient(y, [x, w])
    np.testing.assert_allclose(dx, [4.0, 12.0])
    assert float(dw) == 10.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.map_fn(lambda v: v * v, x, back_prop=False)
    assert tape.gradient(y, x) is None


@MODES
def test_scan(wrap):
    x = tf.constant([1.0, 2.0, 3.0])
    add = lambda a, v: a + v  # noqa: E731
    np.testing.assert_allclose(wrap(lambda x: tf.scan(add, x))(x), [1, 3, 6])
    np.testing.assert_allclose(
        wrap(lambda x: tf.scan(add, x, reverse=True))(x), [6, 5, 3]
    )
    np.testing.assert_allclose(
        wrap(lambda x: tf.scan(add, x, initializer=10.0))(x), [11, 13, 16]
    )
    pair = wrap(
        lambda x: tf.scan(lambda a, v: (a[0] + v, a[1] * v), x, initializer=(0.0, 1.0))
    )(x)
    np.testing.assert_allclose(pair, [[1, 3, 6], [1, 2, 6]])


@MODES
def test_folds(wrap):
    x = tf.constant([1.0, 2.0, 3.0])
    minus = lambda a, v: a - v  # noqa: E731
    assert float(wrap(lambda x: tf.foldl(minus, x))(x)) == -4.0
    assert float(wrap(lambda x: tf.foldr(minus, x))(x)) == 0.0
    assert float(wrap(lambda x: tf.foldl(minus, x, initializer=10.0))(x)) == 4.0
    with pytest.raises(TypeError, match="is not callable"):
        tf.foldl(3, x)


@MODES
def test_vectorized_map(wrap):
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    x = tf.constant([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])

    def f(x):
        return tf.vectorized_map(lambda v: tf.linalg.matvec(w, v), x)

    np.testing.assert_allclose(wrap(f)(x), [[1, 3], [2, 4], [3, 7]])


def test_vectorized_map_gradient_and_fall_back(caplog):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.vectorized_map(lambda v: v * v, x)
    np.testing.assert_allclose(tape.gradient(y, x), [2.0, 4.0])
    v = tf.Variable(0.0)
    with caplog.at_level(logging.WARNING, "lamina"):
        tf.vectorized_map(lambda e: v.assign_add(e), x)
    assert float(v) == 3.0
    assert "slice by slice" in caplog.text
    with pytest.raises(ValueError, match="all slices at once"):
        tf.vectorized_map(lambda e: v.assign_add(e), x, fallback_to_while_loop=False)
