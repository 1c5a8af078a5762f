"""`keras.ops.scan` and `keras.ops.associative_scan`: eager, traced, symbolic."""

import operator
from typing import Any

import numpy as np
import pytest

import lamina as tf
from lamina import keras

ops = keras.ops
X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def recurrence(carry: Any, x: Any) -> Any:
    state = {"h": carry["h"] * 0.5 + x["a"], "n": carry["n"] + 1}
    return state, (state["h"] * x["b"], None)


def run(x: Any, reverse: bool = False, unroll: Any = 1) -> Any:
    start = {"h": tf.zeros([3]), "n": tf.constant(0)}
    return ops.scan(
        recurrence, start, {"a": x, "b": x * 2}, reverse=reverse, unroll=unroll
    )


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("unroll", [1, 2, True])
def test_a_traced_scan_equals_the_eager_one(reverse: bool, unroll: Any) -> None:
    eager = run(tf.constant(X), reverse, unroll)
    traced = tf.function(lambda x: run(x, reverse, unroll))(tf.constant(X))
    tf.nest.assert_same_structure(eager, traced)
    assert traced[1][1] is None
    for one, other in zip(tf.nest.flatten(eager), tf.nest.flatten(traced), strict=True):
        if one is not None:
            np.testing.assert_allclose(one, other, rtol=1e-6)
    assert int(traced[0]["n"]) == 6


@pytest.mark.parametrize("length", [50, 100])
def test_a_traced_scan_is_one_loop(length: int) -> None:
    calls = []

    def step(carry: Any, _: Any) -> Any:
        calls.append(carry)
        return carry + 1.0, None

    last, nothing = tf.function(lambda: ops.scan(step, 0.0, length=length))()
    assert (float(last), nothing) == (length, None)
    assert len(calls) <= 3


def test_gradients_of_a_traced_scan_and_variables_in_it() -> None:
    weight, seen = tf.Variable(0.5), tf.Variable(0)

    def step(carry: Any, x: Any) -> Any:
        seen.assign_add(1)
        return carry * weight + x, carry

    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            last, ys = ops.scan(step, tf.zeros([3]), x)
            total = tf.reduce_sum(last**2) + tf.reduce_sum(ys)
        return tape.gradient(total, [x, weight])

    x = tf.constant(X)
    for eager, traced in zip(gradient(x), tf.function(gradient)(x), strict=True):
        np.testing.assert_allclose(eager, traced, rtol=1e-5)
    assert int(seen) == 12


def test_no_steps() -> None:
    for wrap in (lambda f: f, tf.function):
        carry, ys = wrap(lambda: ops.scan(lambda c, x: (c, x), 1.0, tf.zeros([0, 2])))()
        assert (float(carry), ys) == (1.0, None)


def test_a_scan_of_symbolic_inputs() -> None:
    inputs = keras.Input((None, 3))
    steps = ops.transpose(inputs, (1, 0, 2))
    last, sums = ops.scan(lambda c, x: (c + x, c + x), ops.zeros_like(steps[0]), steps)
    model = keras.Model(inputs, [last, sums])
    assert model.output_shape == [(None, 3), (None, None, 3)]
    for length in (2, 6):
        x = X[None, :length]
        got, all_sums = model(x)
        np.testing.assert_allclose(got, x.sum(1), rtol=1e-5)
        np.testing.assert_allclose(all_sums[:, 0], x[0].cumsum(0), rtol=1e-5)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 6, 7])
@pytest.mark.parametrize("reverse", [False, True])
def test_prefixes(size: int, reverse: bool) -> None:
    x = np.arange(2.0 * size).reshape(2, size).astype("float32") / 4
    found = ops.associative_scan(operator.add, tf.constant(x), reverse, axis=-1)
    expected = x[:, ::-1].cumsum(1)[:, ::-1] if reverse else x.cumsum(1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_prefixes_of_an_operation_that_does_not_commute() -> None:
    def compose(left: Any, right: Any) -> Any:
        return {"a": left["a"] * right["a"], "b": right["a"] * left["b"] + right["b"]}

    def states(a: Any, b: Any) -> Any:
        return ops.associative_scan(compose, {"a": a, "b": b})["b"]

    expected, h = [], np.zeros(3)
    for a, b in zip(X, X[::-1], strict=True):
        h = a * h + b
        expected.append(h)
    a, b = tf.constant(X), tf.constant(X[::-1].copy())
    np.testing.assert_allclose(states(a, b), expected, rtol=1e-5)
    np.testing.assert_allclose(tf.function(states)(a, b), expected, rtol=1e-5)


def test_gradients_of_prefixes() -> None:
    def gradient(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(ops.associative_scan(operator.mul, x) ** 2)
        return tape.gradient(total, x)

    def reference(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(tf.math.cumprod(x) ** 2)
        return tape.gradient(total, x)

    x = tf.constant(X)
    np.testing.assert_allclose(gradient(x), reference(x), rtol=1e-4)
    np.testing.assert_allclose(tf.function(gradient)(x), reference(x), rtol=1e-4)


def test_prefixes_of_symbolic_inputs() -> None:
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, ops.associative_scan(operator.add, inputs, axis=1))
    assert model.output_shape == (None, None, 3)
    np.testing.assert_allclose(model(X[None])[0], X.cumsum(0), rtol=1e-5)


def test_mistakes() -> None:
    with pytest.raises(TypeError, match="callable"):
        ops.associative_scan(3, X)
    with pytest.raises(ValueError, match="same first dimension"):
        ops.associative_scan(operator.add, [X, X[:2]])
    with pytest.raises(TypeError, match="callable"):
        ops.scan(3, 0.0, X)
    with pytest.raises(ValueError, match="`length` not provided"):
        ops.scan(recurrence, 0.0)
    with pytest.raises(ValueError, match="expected one length"):
        ops.scan(recurrence, 0.0, X, length=3)
