"""Loops over tensors in traced functions."""

import sys

import numpy as np
import pytest

import lamina as tf
from tests.autograph.test_branches import both


def test_while_with_break_and_continue():
    def f(n):
        i, s = 0, 0
        while i < n:
            i += 1
            if i == 3:
                continue
            if i > 6:
                break
            s += i
        return i, s

    for n in (0, 4, 20):
        both(f, tf.constant(n))


def test_for_over_a_tensor():
    def f(x):
        total = tf.zeros((2,))
        for row in x:
            if row[0] < 0:
                continue
            total += row
        return total

    both(f, tf.constant([[1.0, 2.0], [-1.0, 5.0], [3.0, 4.0]]))


@pytest.mark.parametrize("n", [0, 1, 5])
def test_for_over_a_range_known_at_run_time(n):
    def f(n):
        s = 0
        for i in tf.range(n):
            s += i * i
        return s

    both(f, tf.constant(n))


def test_range_with_bounds_and_python_range():
    def f(a, b):
        s = 0
        for i in tf.range(a, b, 2):
            s += i
        for i in range(b):
            s += i
        for i in tf.range(b, a, -3):
            s += i
        return s

    both(f, tf.constant(2), tf.constant(11))


def test_static_range_is_one_traced_body():
    bodies = []

    @tf.function
    def f(x):
        for _ in tf.range(50):
            bodies.append(1)
            x = x + 1.0
        return x

    assert float(f(tf.constant(0.0))) == 50.0
    assert len(bodies) == 1


def test_python_range_is_unrolled():
    bodies = []

    @tf.function
    def f(x):
        for _ in range(4):
            bodies.append(1)
            x = x + 1.0
        return x

    assert float(f(tf.constant(0.0))) == 4.0
    assert len(bodies) == 4


def test_return_in_a_loop():
    def f(x, limit):
        for i in tf.range(10):
            if x > limit:
                return x, i
            x = x * 2
        return x, -1

    for limit in (0.5, 20.0, 1e9):
        both(f, tf.constant(1.0), tf.constant(limit))


def test_return_in_a_while_loop():
    def f(n):
        i = 0
        while True:
            i += 1
            if i * i > n:
                return i

    @tf.function
    def g(n):
        i = 0
        while i < 1000:
            i += 1
            if i * i > n:
                return i
        return -1

    assert int(g(tf.constant(50))) == f(50)


def test_nested_loops():
    def f(n):
        s = 0
        for i in tf.range(n):
            j = 0
            while j <= i:
                if j == 3:
                    break
                s += i * j
                j += 1
        return s

    both(f, tf.constant(6))


def test_break_in_a_python_loop_over_a_tensor_condition():
    def f(x):
        for i in [1.0, 2.0, 3.0, 4.0]:
            if x > 4:
                break
            x = x + i
        return x

    both(f, tf.constant(0.0))
    both(f, tf.constant(10.0))


def test_while_that_becomes_a_tensor_condition():
    def f(x):
        go = True
        while go:
            x = x * 2
            go = x < 10
        return x

    both(f, tf.constant(1.0))


def test_enumerate_and_zip():
    def f(x, y):
        s = 0.0
        for i, value in enumerate(x):
            s += tf.cast(i, tf.float32) * value
        for a, b in zip(x, y):
            s += a * b
        return s

    both(f, tf.constant([1.0, 2.0, 3.0]), tf.constant([4.0, 5.0]))


def test_tuple_of_tensors_as_elements():
    def f(x):
        s = 0.0
        for a, b in x:
            s += a * b
        return s

    both(f, tf.constant([[1.0, 2.0], [3.0, 4.0]]))


def test_variables_in_loops():
    v = tf.Variable(0.0)
    other = tf.Variable(2.0)

    @tf.function
    def f(n):
        for i in tf.range(n):
            if i % 2 == 0:
                v.assign_add(other)
            else:
                v.assign(v * 3.0)
        return v.read_value()

    assert float(f(tf.constant(4))) == 24.0
    assert float(v) == 24.0
    assert float(other) == 2.0


def test_gradient_of_a_dynamic_while():
    v = tf.Variable(1.5)

    @tf.function
    def f(x, n):
        i = 0
        while i < n:
            x = tf.sin(x) * v
            i += 1
        return x

    def reference(x, n):
        for _ in range(n):
            x = tf.sin(x) * v
        return x

    for n in (0, 1, 7):
        x = tf.constant(0.7)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y, r = f(x, tf.constant(n)), reference(x, n)
        got = tape.gradient(y, [x, v], unconnected_gradients="zero")
        want = tape.gradient(r, [x, v], unconnected_gradients="zero")
        np.testing.assert_allclose(got, want, rtol=1e-5)


def test_gradient_of_a_scan_with_break():
    @tf.function
    def f(x, w):
        for i in tf.range(6):
            if x > 20.0:
                break
            x = x * w
        return x

    x, w = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = f(x, w)
    assert float(y) == 32.0
    np.testing.assert_allclose(tape.gradient(y, [x, w]), [32.0, 80.0])


def test_tape_around_a_loop_inside_the_function():
    v = tf.Variable(2.0)

    @tf.function
    def f(n):
        with tf.GradientTape() as tape:
            y = tf.constant(1.0)
            for _ in tf.range(n):
                y = y * v
        return tape.gradient(y, v)

    assert float(f(tf.constant(3))) == 12.0


def test_training_loop_inside_the_function():
    w = tf.Variable(5.0)

    @tf.function
    def train(steps):
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = (w - 1.0) ** 2
            w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    train(tf.constant(100))
    assert abs(float(w) - 1.0) < 1e-3


def test_variable_assigned_first_in_the_body():
    def f(n):
        for i in tf.range(n):
            last = i * 10
        return last

    both(f, tf.constant(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="must iterate at least"):
        tf.function(f)(tf.constant(0))


def test_dtype_change_names_the_variable():
    @tf.function
    def f(n):
        s = 0
        for i in tf.range(n):
            s = tf.cast(s, tf.float32) + 0.5
        return s

    with pytest.raises(TypeError, match="'s' has dtype int32 before the loop, but dty"):
        f(tf.constant(3))


def test_shape_change_names_the_variable():
    @tf.function
    def f(n):
        s = tf.zeros((1,))
        for i in tf.range(n):
            s = tf.concat([s, s], 0)
        return s

    with pytest.raises(ValueError, match=r"'s' has shape \(1,\) before the loop"):
        f(tf.constant(3))


def test_shape_invariants_run_op_by_op():
    @tf.function
    def f(n):
        s = tf.zeros((1,))
        for i in tf.range(n):
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(s, tf.TensorShape([None]))]
            )
            s = tf.concat([s, s], 0)
        return s

    assert f(tf.constant(3)).shape == (8,)


def test_structure_change_names_the_variable():
    @tf.function
    def f(n):
        found = []
        for i in tf.range(n):
            found = [*found, i]
        return found

    with pytest.raises(TypeError, match="'found' does not have the same nested struc"):
        f(tf.constant(3))


def test_maximum_iterations_option():
    @tf.function
    def f(n):
        s = 0
        for i in tf.range(n):
            tf.autograph.experimental.set_loop_options(maximum_iterations=3)
            s += 1
        while s < 100:
            tf.autograph.experimental.set_loop_options(maximum_iterations=4)
            s += 1
        return s

    assert int(f(tf.constant(10))) == 7


def test_lists_stay_python_lists():
    @tf.function
    def f(x):
        parts = []
        for i in range(3):
            parts.append(x * float(i))
        return tf.stack(parts)

    assert f(tf.constant(2.0)).numpy().tolist() == [0.0, 2.0, 4.0]


def test_scalar_cannot_be_iterated():
    @tf.function
    def f(x):
        for each in x:
            x = each
        return x

    with pytest.raises(TypeError, match="scalar tensor"):
        f(tf.constant(1.0))


def test_empty_tensor():
    def f(x):
        s = tf.constant(1.0)
        for each in x:
            s += each
        return s

    both(f, tf.zeros((0,)))


def test_fibonacci_swap():
    def f(n):
        a, b = 0, 1
        while n > 0:
            a, b = b, a + b
            n -= 1
        return a

    assert int(tf.function(f)(tf.constant(10))) == 55


def test_loop_over_a_python_generator_and_dict():
    @tf.function
    def f(x):
        for key, value in {"a": 1.0, "b": 2.0}.items():
            if x > 0:
                x = x + value
        for each in (v for v in (1.0, 2.0)):
            x = x * each
        return x

    assert float(f(tf.constant(1.0))) == 8.0


def test_prints_are_not_repeated_by_the_backward_pass(capsys):
    @tf.function
    def f(x, n):
        for i in tf.range(n):
            tf.print("round", i, output_stream=sys.stdout)
            x = x * x
        return x

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, tf.constant(2))
    assert float(tape.gradient(y, x)) == 32.0
    assert capsys.readouterr().out == "round 0\nround 1\n"


def test_annotated_names():
    def f(x):
        y: float = 0.0
        if x > 0:
            y: float = x * 2
        return y

    both(f, tf.constant(1.0))


def test_shapes_may_change_where_the_test_is_known():
    def f(x):
        while tf.shape(x)[0] > 1:
            x = x[::2] + x[1::2]
        return x

    both(f, tf.constant([1.0, 2.0, 3.0, 4.0]))


def test_tensors_leaked_from_a_loop():
    @tf.function
    def f(x):
        found = []
        for _ in tf.range(3):
            found.append(x * 2.0)
        return tf.stack(found)

    with pytest.raises(ValueError, match="belongs to another traced function"):
        f(tf.constant(1.0))
