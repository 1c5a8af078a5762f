"""tf.cond, tf.case and tf.switch_case."""

import pytest

import lamina as tf


def test_cond_eager_calls_one_function():
    called = []
    result = tf.cond(
        tf.constant(True), lambda: called.append(1) or 1, lambda: called.append(2) or 2
    )
    assert (result, called) == (1, [1])
    assert tf.cond(False, lambda: 1, lambda: 2) == 2


def test_cond_traced():
    v = tf.Variable(0.0)

    @tf.function
    def f(x):
        return tf.cond(x > 0, lambda: v.assign_add(x), lambda: x * 2)

    assert float(f(tf.constant(3.0))) == 3.0
    assert float(f(tf.constant(-3.0))) == -6.0
    assert float(v) == 3.0


def test_cond_of_effects_only():
    v = tf.Variable(0.0)

    @tf.function
    def f(x):
        def write():
            v.assign(x)

        tf.cond(x > 0, write, lambda: None)

    f(tf.constant(-1.0))
    assert float(v) == 0.0
    f(tf.constant(2.0))
    assert float(v) == 2.0


def test_cond_errors():
    with pytest.raises(TypeError, match="'true_fn' must be callable"):
        tf.cond(tf.constant(True), 1, lambda: 2)
    with pytest.raises(TypeError, match="same nested structure"):
        tf.function(lambda x: tf.cond(x, lambda: (1, 2), lambda: 3))(tf.constant(True))
    with pytest.raises(TypeError, match="has dtype int32 in the main branch"):
        tf.function(lambda x: tf.cond(x, lambda: 1, lambda: 2.0))(tf.constant(True))
    with pytest.raises(ValueError, match="`tf.bool` scalar"):
        tf.cond(tf.constant([True, False]), lambda: 1, lambda: 2)
    with pytest.raises(ValueError, match="is None at the end of the else branch"):
        tf.function(lambda x: tf.cond(x, lambda: 1, lambda: None))(tf.constant(True))


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "traced"])
def test_switch_case(wrap):
    f = wrap(lambda i: tf.switch_case(i, [lambda: 10, lambda: 20, lambda: 30]))
    assert [int(f(tf.constant(i))) for i in (0, 1, 2, 7, -1)] == [10, 20, 30, 30, 30]
    g = wrap(lambda i: tf.switch_case(i, {3: lambda: 1.0}, default=lambda: 0.5))
    assert [float(g(tf.constant(i))) for i in (3, 0)] == [1.0, 0.5]


def test_switch_case_errors():
    with pytest.raises(ValueError, match="contiguous numbers"):
        tf.switch_case(tf.constant(0), {1: lambda: 1, 3: lambda: 2})
    with pytest.raises(TypeError, match="pairs of an int and a function"):
        tf.switch_case(tf.constant(0), [1, 2])
    with pytest.raises(ValueError, match="at least one item"):
        tf.switch_case(tf.constant(0), [])


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "traced"])
def test_case(wrap):
    def f(x):
        pairs = [(x > 10, lambda: 1), (x > 5, lambda: 2)]
        return tf.case(pairs, default=lambda: 3)

    assert [int(wrap(f)(tf.constant(x))) for x in (11, 6, 1)] == [1, 2, 3]

    def strict(x):
        return tf.case([(x > 1, lambda: 1), (x > 2, lambda: 2)], exclusive=True)

    strict = wrap(strict)
    assert int(strict(tf.constant(2))) == 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 conditions"):
        strict(tf.constant(5))
    with pytest.raises(tf.errors.InvalidArgumentError, match="None of conditions"):
        strict(tf.constant(0))


def test_case_errors():
    with pytest.raises(TypeError, match=r"tf.case: expected pred_fn_pairs"):
        tf.case(3)
    with pytest.raises(TypeError, match=r"tf.case: expected pred_fn_pairs"):
        tf.case([(True, 3)])
