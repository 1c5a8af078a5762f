"""Cases of branches, loops, tensor arrays, AutoGraph and calls into Python."""

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case


def _modes(tf, fn, *args):
    """A function's results, eager and traced."""
    values = [tf.constant(arg) for arg in args]
    return {"eager": fn(*values), "traced": tf.function(fn)(*values)}


def _gradient(tf, fn, *args):
    """The gradients of a traced function."""
    values = [tf.constant(arg) for arg in args]
    with tf.GradientTape() as tape:
        tape.watch(values)
        target = tf.function(fn)(*values)
    return tape.gradient(target, values)


@case("tf.cond")
def cond(tf):
    def f(x):
        return tf.cond(tf.reduce_sum(x) > 0, lambda: (x * 2, x + 1), lambda: (x, -x))

    traced = tf.function(lambda p: tf.cond(p, lambda: 1, lambda: 2.0))
    return {
        "positive": _modes(tf, f, np.float32([1, 2])),
        "negative": _modes(tf, f, np.float32([-1, -2])),
        "gradient": _gradient(tf, lambda x: f(x)[0], np.float32([1, 2])),
        "dtypes": raises(lambda: traced(tf.constant(True))),
        "not callable": raises(lambda: tf.cond(tf.constant(True), 1, lambda: 2)),
    }


@case("tf.case", "tf.switch_case")
def case_and_switch(tf):
    def chosen(x):
        return tf.case([(x > 5, lambda: 1), (x > 2, lambda: 2)], default=lambda: 3)

    def switched(i):
        return tf.switch_case(i, {0: lambda: 10.0, 1: lambda: 11.0}, lambda: -1.0)

    none = tf.function(lambda x: tf.case([(x > 5, lambda: 1), (x > 2, lambda: 2)]))
    return {
        "case": [_modes(tf, chosen, np.int32(x)) for x in (9, 3, 0)],
        "switch": [_modes(tf, switched, np.int32(i)) for i in (0, 1, 5, -1)],
        "none holds": raises(lambda: none(tf.constant(0))),
        "no branches": raises(lambda: tf.switch_case(tf.constant(0), [])),
        "gap": raises(lambda: tf.switch_case(tf.constant(0), {1: lambda: 1})),
        "not pairs": raises(lambda: tf.case(3)),
    }


@case("tf.while_loop")
def while_loop(tf):
    def power(x, n):
        return tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, {"s": s["s"] * x}), (0, {"s": x})
        )

    def limited(x):
        body = lambda x: (x * 2,)  # noqa: E731
        return tf.while_loop(lambda x: x < 99.0, body, (x,), maximum_iterations=3)

    @tf.function
    def changes(x):
        return tf.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, tf.concat([x, x], 0)), (0, x)
        )

    @tf.function
    def retyped(x):
        return tf.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, tf.cast(x, tf.float64)), (0, x)
        )

    values = np.float32(1.5), np.int32(3)
    return {
        "power": _modes(tf, power, *values),
        "gradient": _gradient(tf, lambda x: power(x, 3)[1]["s"], values[0]),
        "limited": _modes(tf, limited, np.float32(1)),
        "shape": raises(lambda: changes(tf.zeros((2,)))),
        "dtype": raises(lambda: retyped(tf.zeros((2,)))),
        "no variables": raises(lambda: tf.while_loop(lambda: True, lambda: (), [])),
    }


@case("tf.map_fn", "tf.vectorized_map")
def mapping(tf):
    x = rng(3).normal(size=(4, 3)).astype("float32")

    def mapped(x):
        return tf.map_fn(
            lambda v: (v * 2.0, tf.reduce_sum(v)), x, dtype=(tf.float32, tf.float32)
        )

    def vectorized(x):
        return tf.vectorized_map(lambda v: tf.tensordot(v, v, 1) * v, x)

    return {
        "map": _modes(tf, mapped, x),
        "map gradient": _gradient(tf, lambda x: mapped(x)[1], x),
        "vectorized": _modes(tf, vectorized, x),
        "vectorized gradient": _gradient(tf, vectorized, x),
        "scalar": raises(lambda: tf.map_fn(lambda v: v, tf.constant(1))),
        "nothing": raises(lambda: tf.map_fn(lambda v: v, [])),
    }


@case("tf.scan", "tf.foldl", "tf.foldr")
def folding(tf):
    x = rng(4).normal(size=(4, 3)).astype("float32")

    def minus(a, v):
        return a - v * 2.0

    return {
        "scan": _modes(tf, lambda x: tf.scan(minus, x), x),
        "reverse": _modes(tf, lambda x: tf.scan(minus, x, reverse=True), x),
        "initial": _modes(tf, lambda x: tf.scan(minus, x, tf.ones((3,))), x),
        "gradient": _gradient(tf, lambda x: tf.scan(lambda a, v: a * v, x), x),
        "foldl": _modes(tf, lambda x: tf.foldl(minus, x), x),
        "foldr": _modes(tf, lambda x: tf.foldr(minus, x, tf.ones((3,))), x),
    }


@case("tf.TensorArray")
def tensor_array(tf):
    def squares(x):
        ta = tf.TensorArray(tf.float32, size=3)
        for i in tf.range(3):
            ta = ta.write(i, x[i] * x[i])
        return ta.stack(), ta.gather([2, 0]), ta.size(), ta.concat()

    def grown(x):
        ta = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        for i in tf.range(4):
            ta = ta.write(i, x[0] * tf.cast(i, tf.float32))
        return ta.stack()

    ta = tf.TensorArray(tf.float32, size=2)
    split = tf.TensorArray(tf.int32, size=2).split(tf.range(5), [2, 3])
    x = np.float32([[1, 2], [3, 4], [5, 6]])
    return {
        "loop": _modes(tf, squares, x),
        "gradient": _gradient(tf, lambda x: squares(x)[0], x),
        "grown": _modes(tf, grown, x),
        "split": split.concat(),
        "unstacked": tf.TensorArray(tf.float32, 3).unstack(x).read(1),
        "scattered": tf.TensorArray(tf.float32, 3).scatter([2, 0, 1], x).stack(),
        "outside": raises(lambda: ta.write(2, 1.0)),
        "dtype": raises(lambda: ta.write(0, tf.constant(1))),
    }


def _collatz(tf):
    def f(n):
        steps = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
            if steps > 50:
                break
        return steps

    return f


def _sums(tf):
    def f(x, n):
        total, count = tf.zeros((2,)), 0
        for row in x:
            if row[0] < 0 or not row[1] < 9:
                continue
            total += row
            count += 1
        for i in tf.range(n):
            for j in tf.range(i):
                total += tf.cast(i * j, tf.float32)
        return total, count

    return f


@case("tf.function", "tf.autograph.to_graph", tolerance=1e-6)
def autograph(tf):
    x = np.float32([[1, 2], [-3, 4], [5, 6], [7, 9]])
    positive = tf.autograph.to_graph(lambda x: x if x > 0 else -x)

    @tf.function
    def unset(x):
        if x > 0:
            y = x
        return y

    @tf.function
    def retyped(n):
        s = 0
        for i in tf.range(n):
            s = tf.cast(s, tf.float32)
        return s

    @tf.function
    def untyped(x):
        return 1 if x else 2

    return {
        "while": [_modes(tf, _collatz(tf), np.int32(n)) for n in (1, 6, 27)],
        "for": _modes(tf, _sums(tf), x, np.int32(4)),
        "gradient": _gradient(tf, lambda x: _sums(tf)(x, 3)[0], x),
        "to_graph": positive(tf.constant(-2.0)),
        "unset": raises(lambda: unset(tf.constant(1.0))),
        "retyped": raises(lambda: retyped(tf.constant(3))),
        "untyped": raises(lambda: untyped(tf.constant(3))),
    }


@case("tf.py_function", "tf.numpy_function")
def python_calls(tf):
    x = np.float32([1, 2, 3])

    def with_tensors(x):
        return tf.py_function(lambda v: v * v, [x], tf.float32)

    def with_arrays(x):
        return tf.numpy_function(lambda v: (v + 1, v.sum()), [x], [tf.float32] * 2)

    return {
        "py": _modes(tf, with_tensors, x),
        "py gradient": _gradient(tf, with_tensors, x),
        "numpy": _modes(tf, with_arrays, x),
        "dtype": raises(lambda: tf.py_function(lambda v: v, [x], tf.int32)),
    }


@case(
    "tf.debugging.Assert",
    "tf.debugging.assert_equal",
    "tf.debugging.assert_none_equal",
    "tf.debugging.assert_less",
    "tf.debugging.assert_less_equal",
    "tf.debugging.assert_greater",
    "tf.debugging.assert_greater_equal",
    "tf.debugging.assert_near",
    "tf.debugging.assert_positive",
    "tf.debugging.assert_negative",
    "tf.debugging.assert_non_negative",
    "tf.debugging.assert_non_positive",
    "tf.debugging.assert_all_finite",
    "tf.debugging.check_numerics",
)
def value_assertions(tf):
    debugging = tf.debugging
    pairs = {
        "assert_equal": ([1.0, 2.0], [1.0, 3.0]),
        "assert_none_equal": ([1.0, 2.0], [0.0, 2.0]),
        "assert_less": ([1.0, 2.0], [2.0, 2.0]),
        "assert_less_equal": ([1.0, 3.0], [2.0, 2.0]),
        "assert_greater": ([3.0, 2.0], [2.0, 2.0]),
        "assert_greater_equal": ([3.0, 1.0], [2.0, 2.0]),
        "assert_near": ([1.0, 1.0], [1.0, 1.1]),
    }
    signs = {
        "assert_positive": [1.0, 0.0],
        "assert_negative": [-1.0, 0.0],
        "assert_non_negative": [1.0, -1.0],
        "assert_non_positive": [-1.0, 1.0],
    }

    def tried(check, *args):
        @tf.function
        def traced(*values):
            check(*values)
            return values[0]

        good = [tf.constant(arg[:1]) for arg in args]
        bad = [tf.constant(arg) for arg in args]
        return [
            raises(lambda: check(*good)),
            raises(lambda: check(*bad)),
            raises(lambda: traced(*good)),
            raises(lambda: traced(*bad)),
        ]

    found = {
        name: tried(getattr(debugging, name), *args) for name, args in pairs.items()
    }
    found |= {name: tried(getattr(debugging, name), arg) for name, arg in signs.items()}
    nan = tf.constant([1.0, np.nan])
    return found | {
        "Assert": raises(lambda: debugging.Assert(tf.constant(False), ["no"])),
        "finite": debugging.assert_all_finite(tf.constant([1.0]), "m"),
        "nan": raises(lambda: debugging.check_numerics(nan, "m")),
        "integer": raises(lambda: debugging.check_numerics(tf.constant(1), "m")),
    }


@case(
    "tf.debugging.assert_rank",
    "tf.debugging.assert_rank_at_least",
    "tf.debugging.assert_rank_in",
    "tf.debugging.assert_shapes",
    "tf.debugging.assert_type",
    "tf.debugging.assert_integer",
    "tf.debugging.assert_scalar",
    "tf.debugging.assert_same_float_dtype",
    "tf.debugging.assert_proper_iterable",
    "tf.debugging.is_numeric_tensor",
)
def static_assertions(tf):
    debugging = tf.debugging
    x, y = tf.zeros((2, 3)), tf.zeros((3,))
    return {
        "rank": [raises(lambda r=r: debugging.assert_rank(x, r)) for r in (1, 2)],
        "least": [
            raises(lambda r=r: debugging.assert_rank_at_least(x, r)) for r in (2, 3)
        ],
        "in": [
            raises(lambda r=r: debugging.assert_rank_in(x, r)) for r in ((1, 2), (3,))
        ],
        "shapes": [
            raises(lambda d=d: debugging.assert_shapes([(x, ("N", "D")), (y, (d,))]))
            for d in ("D", "N", 3, 4)
        ],
        "type": [
            raises(lambda d=d: debugging.assert_type(x, d))
            for d in ("float32", "int32")
        ],
        "integer": raises(lambda: debugging.assert_integer(x)),
        "scalar": raises(lambda: debugging.assert_scalar(x)),
        "same": raises(
            lambda: debugging.assert_same_float_dtype([x, tf.zeros(1, "float64")])
        ),
        "iterable": raises(lambda: debugging.assert_proper_iterable(x)),
        "numeric": [
            debugging.is_numeric_tensor(x),
            debugging.is_numeric_tensor(tf.constant("a")),
        ],
    }
