"""tf.print, tf.py_function and tf.numpy_function."""

import sys

import numpy as np
import pytest

import lamina as tf


def shown(capsys, *inputs, **options):
    tf.print(*inputs, output_stream=sys.stdout, **options)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32([1.0, 0.1, 3.14159274, 1e-5, -0.0, np.inf]), None),
        (np.arange(10), "[0 1 2 ... 7 8 9]\n"),
        (np.arange(6).reshape(2, 3), "[[0 1 2]\n [3 4 5]]\n"),
        (np.zeros((0, 3)), "[]\n"),
        (np.zeros((2, 1, 1)), "[[[0]]\n\n [[0]]]\n"),
        (True, "1\n"),
        ("text", "text\n"),
        (["a", "b"], '["a" "b"]\n'),
        (1 + 2j, "(1,2)\n"),
    ],
)
def test_print_of_tensors(capsys, value, text):
    wanted = text or "[1 0.1 3.14159274 1e-05 -0 inf]\n"
    summarize = None if text else -1
    assert shown(capsys, tf.constant(value), summarize=summarize) == wanted


def test_print_of_nests(capsys):
    one = tf.constant(1)
    assert shown(capsys, "a", one, True, None, 1.5) == "a 1 True None 1.5\n"
    text = shown(capsys, [1, one, "s"], {"b": (one,), "a": tf.constant([1, 2])})
    assert text == "[1, 1, 's'] {'a': [1 2], 'b': (1,)}\n"
    assert shown(capsys, "a", one, sep="--", end="|") == "a--1|"
    assert shown(capsys, tf.Variable([1.0, 2.5])) == "[1 2.5]\n"
    assert shown(capsys, np.arange(20), tf.range(9), summarize=1).endswith(
        "[0 ... 8]\n"
    )


def test_print_to_stderr_file_and_errors(capsys, tmp_path):
    tf.print("x", tf.constant(2))
    assert capsys.readouterr().err == "x 2\n"
    path = tmp_path / "log.txt"
    tf.print("one", output_stream=f"file://{path}")
    tf.print("two", output_stream=f"file://{path}")
    assert path.read_text() == "one\ntwo\n"
    with pytest.raises(ValueError, match="Unknown output stream"):
        tf.print(1, output_stream=3.5)
    with pytest.raises(TypeError, match="keywords among"):
        tf.print(1, colour="red")


def test_print_in_a_program(capsys):
    @tf.function
    def f(x):
        for i in tf.range(3):
            if i != 1:
                tf.print("i", i, {"x": x}, output_stream=sys.stdout)
        tf.print("end", output_stream=sys.stdout)
        return x

    for _ in range(2):
        f(tf.constant([1.0, 2.0]))
        text = capsys.readouterr().out
        assert text == "i 0 {'x': [1 2]}\ni 2 {'x': [1 2]}\nend\n"
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x) * 3.0
    assert tape.gradient(y, x).numpy().tolist() == [3.0, 3.0]


def test_py_function_eager_and_traced():
    def f(a, b):
        assert isinstance(a, tf.Tensor)
        return a * b + float(a.numpy().max())

    def call(a, b):
        return tf.py_function(f, [a, b], tf.float32)

    a, b = tf.constant([1.0, 2.0]), tf.constant(3.0)
    np.testing.assert_allclose(call(a, b), [5.0, 8.0])
    np.testing.assert_allclose(tf.function(call)(a, b), [5.0, 8.0])


def test_py_function_gradient():
    def call(x):
        return tf.py_function(lambda v: v * v, [x], tf.float32)

    for wrap in (lambda f: f, tf.function):
        x = tf.constant([1.0, 3.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = wrap(call)(x)
        np.testing.assert_allclose(tape.gradient(y, x), [2.0, 6.0])


def test_py_function_results():
    def call(x):
        return tf.py_function(lambda v: (v, v.shape[0]), [x], [tf.float32, tf.int32])

    one, two = tf.function(call)(tf.constant([1.0, 2.0]))
    assert one.shape == (2,)
    assert int(two) == 2
    seen = []
    result = tf.function(lambda x: tf.py_function(seen.append, [x], []))(tf.constant(1))
    assert result == []
    assert [int(x) for x in seen] == [1]
    spec = tf.TensorSpec((3,), tf.float64)
    made = tf.function(lambda: tf.numpy_function(lambda: np.ones(3), [], spec))()
    assert made.shape == (3,)


def test_numpy_function():
    def call(x):
        return tf.numpy_function(np.sin, [x], tf.float32)

    x = tf.constant([0.5])
    np.testing.assert_allclose(call(x), np.sin([0.5]), rtol=1e-6)
    np.testing.assert_allclose(tf.function(call)(x), np.sin([0.5]), rtol=1e-6)
    pure = tf.function(lambda x: tf.numpy_function(np.cos, [x], tf.float32, False))
    np.testing.assert_allclose(pure(x), np.cos([0.5]), rtol=1e-6)
    with pytest.raises(ValueError, match="'func' to be callable"):
        tf.numpy_function(3, [x], tf.float32)


def test_wrong_dtype_and_errors_of_the_function():
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="a float64 result, as Tout"
    ):
        tf.py_function(lambda x: x, [tf.constant(1)], tf.float64)

    def fails(x):
        if x.sum() > 0:
            raise KeyError("mine")
        return x

    f = tf.function(lambda x: tf.numpy_function(fails, [x], tf.float32))
    with pytest.raises(KeyError, match="mine"):
        f(tf.constant([1.0]))
    f(tf.constant([-1.0]))


def test_strings_run_op_by_op():
    @tf.function
    def f(x):
        return tf.numpy_function(lambda v: v.item().upper(), [x], tf.string)

    assert f(tf.constant("abc")).numpy() == b"ABC"


def test_py_function_in_a_loop():
    seen = []

    @tf.function
    def f(n):
        s = 0.0
        for i in tf.range(n):
            s += tf.numpy_function(
                lambda v: seen.append(int(v)) or np.float32(v), [i], tf.float32
            )
        return s

    seen.clear()
    assert float(f(tf.constant(4))) == 6.0
    assert seen[-4:] == [0, 1, 2, 3]


def test_decorators():
    @tf.py_function(Tout=tf.float32)
    def plus(x, y):
        return x + y

    @tf.numpy_function(Tout=tf.float32)
    def minus(x, y):
        return x - y

    @tf.function
    def f(x, y):
        return plus(x, y) * minus(x, y)

    assert float(plus(tf.constant(1.0), tf.constant(2.0))) == 3.0
    assert float(f(tf.constant(3.0), tf.constant(2.0))) == 5.0
