"""Branches over tensors in traced functions."""

import functools

import numpy as np
import pytest

import lamina as tf


def both(fn, *args):
    """The results of a function run eagerly and traced, which must agree."""
    eager = fn(*args)
    traced = tf.function(fn)(*args)
    for one, two in zip(tf.nest.flatten(eager), tf.nest.flatten(traced), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(two), rtol=1e-6)
    return traced


@pytest.mark.parametrize("value", [-2.0, 0.0, 3.0])
def test_if_else(value):
    def f(x):
        if x > 0:
            y = x * 2
        elif x < 0:
            y = -x
        else:
            y = x + 1
        return y

    both(f, tf.constant(value))


def test_if_without_else_keeps_the_old_value():
    def f(x):
        y = x
        if tf.reduce_sum(x) > 3:
            y = y * 10
        return y

    both(f, tf.constant([1.0, 1.0]))
    both(f, tf.constant([2.0, 2.0]))


def test_return_in_branches():
    def f(x):
        if x > 1:
            return x * 2
        if x > 0:
            return x * 3
        return -x

    for value in (2.0, 0.5, -1.0):
        both(f, tf.constant(value))


def test_nested_structures():
    def f(x):
        out = {"a": x, "b": (x, [x])}
        if x > 0:
            out = {"a": x + 1, "b": (x * 2, [x * 3])}
        return out

    both(f, tf.constant(2.0))
    both(f, tf.constant(-2.0))


def test_python_values_stay_python():
    calls = []

    @tf.function
    def f(x, training):
        if training:
            calls.append("train")
            return x * 2
        calls.append("test")
        return x

    assert float(f(tf.constant(1.0), True)) == 2.0
    assert float(f(tf.constant(1.0), False)) == 1.0
    assert calls == ["train", "test"]


def test_and_or_not():
    def f(x, y):
        a = x > 0 and y > 0
        b = x > 0 or y > 0
        c = not x > 0
        d = 0 < x < 2
        return a, b, c, d

    for x in (-1.0, 1.0, 3.0):
        for y in (-1.0, 1.0):
            both(f, tf.constant(x), tf.constant(y))


def test_and_is_lazy():
    log = []

    @tf.function
    def f(x):
        def costly():
            tf.numpy_function(lambda v: log.append(float(v)), [x], [])
            return x > 5

        return x > 0 and costly()

    assert not bool(f(tf.constant(-1.0)))
    assert log == []
    assert bool(f(tf.constant(9.0)))
    assert log == [9.0]


def test_ternary():
    both(lambda x: x * 2 if x > 0 else x - 1, tf.constant(3.0))
    both(lambda x: x * 2 if x > 0 else x - 1, tf.constant(-3.0))


def test_python_number_in_both_branches_becomes_a_tensor():
    @tf.function
    def f(x):
        if x > 0:
            n = 1
        else:
            n = 2
        return n

    assert f(tf.constant(1.0)).dtype == tf.int32
    assert int(f(tf.constant(-1.0))) == 2


def test_variables_written_in_one_branch():
    v = tf.Variable(1.0)
    w = tf.Variable(10.0)

    @tf.function
    def f(x):
        if x > 0:
            v.assign_add(x)
        else:
            w.assign(v * 2)
        return v + w

    assert float(f(tf.constant(2.0))) == 13.0
    assert (float(v), float(w)) == (3.0, 10.0)
    assert float(f(tf.constant(-1.0))) == 9.0
    assert (float(v), float(w)) == (3.0, 6.0)


def test_gradient_through_branches():
    v = tf.Variable(3.0)

    @tf.function
    def f(x):
        if x > 0:
            return x * x * v
        return x * v

    for value, dx, dv in ((2.0, 12.0, 4.0), (-2.0, 3.0, -2.0)):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        gx, gv = tape.gradient(y, [x, v])
        assert (float(gx), float(gv)) == (dx, dv)


def test_tape_inside_the_function():
    v = tf.Variable(3.0)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            if x > 0:
                y = v * v * x
            else:
                y = v * x
        return tape.gradient(y, v)

    assert float(f(tf.constant(2.0))) == 12.0
    assert float(f(tf.constant(-2.0))) == -2.0


def test_attribute_as_a_symbol():
    class Box:
        def __init__(self):
            self.value = tf.constant(1.0)

    @tf.function
    def f(x):
        box = Box()
        if x > 0:
            box.value = x
        return box.value

    assert float(f(tf.constant(5.0))) == 5.0
    assert float(f(tf.constant(-5.0))) == 1.0


def test_must_also_be_initialized():
    @tf.function
    def f(x):
        if x > 0:
            z = x
        return z

    with pytest.raises(ValueError, match="'z' must also be initialized in the else"):
        f(tf.constant(1.0))


def test_other_branch_must_return():
    @tf.function
    def f(x):
        if x > 0:
            return x

    with pytest.raises(ValueError, match="else branch must also have a return"):
        f(tf.constant(1.0))


def test_dtype_and_shape_must_agree():
    @tf.function
    def dtypes(x):
        if x > 0:
            y = 1
        else:
            y = 1.5
        return y

    with pytest.raises(TypeError, match="'y' has dtype int32 in the main branch, but "):
        dtypes(tf.constant(1.0))

    @tf.function
    def shapes(x):
        if x > 0:
            y = tf.zeros((2,))
        else:
            y = tf.zeros((3,))
        return y

    with pytest.raises(ValueError, match=r"'y' has shape \(2,\) in the main branch"):
        shapes(tf.constant(1.0))


def test_structure_must_agree():
    @tf.function
    def f(x):
        if x > 0:
            y = (x, x)
        else:
            y = x
        return y

    with pytest.raises(TypeError, match="'y' must have the same nested structure"):
        f(tf.constant(1.0))


def test_condition_must_be_a_bool_scalar():
    with pytest.raises(ValueError, match=r"expected to be `tf.bool` scalar"):
        tf.function(lambda x: 1 if x else 2)(tf.constant(1.0))
    with pytest.raises(ValueError, match=r"`tf.bool` scalar"):
        tf.function(lambda x: 1 if x > 0 else 2)(tf.constant([1.0, 2.0]))
    assert int(tf.function(lambda x: 1 if x > 0 else 2)(tf.constant([1.0]))) == 1


def test_partial_and_callable_objects():
    class Scale:
        def __call__(self, x):
            if x > 0:
                return x * 2
            return x

    def f(factor, x):
        if x > 0:
            return x * factor
        return x

    scale = Scale()
    both(lambda x: scale(x), tf.constant(2.0))
    both(lambda x: functools.partial(f, 3.0)(x), tf.constant(2.0))


def test_static_conditions_choose_while_tracing():
    @tf.function
    def f(x):
        if tf.shape(x)[0] > 2:
            return x[:2]
        return x

    assert f(tf.zeros((5,))).shape == (2,)
    assert f(tf.zeros((1,))).shape == (1,)


def test_traced_once_per_signature():
    @tf.function
    def f(x):
        if x > 0:
            return x
        return -x

    for value in (1.0, -1.0, 2.0):
        f(tf.constant(value))
    assert f.experimental_get_tracing_count() == 1
