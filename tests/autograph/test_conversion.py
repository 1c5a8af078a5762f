"""What is converted, how, and what users see of it."""

import functools
import traceback

import pytest

import lamina as tf
from lamina.autograph import convert, tf_convert
from lamina.autograph.conversion import status


def positive(x):
    if x > 0:
        return x
    return -x


def doubled(fn):
    @functools.wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs) * 2

    return wrapper


@doubled
def decorated(x):
    if x > 0:
        x = x + 1
    return x


class Base:
    def value(self, x):
        if x > 0:
            x = x * 2
        return x


class Child(Base):
    __secret = 10.0

    def value(self, x):
        if x > 1:
            x = super().value(x) + self.__secret
        return x

    @classmethod
    def make(cls, x):
        return positive(x)

    @staticmethod
    def plain(x):
        return positive(x)

    def __call__(self, x):
        return positive(x)


def generator(x):
    for i in range(2):
        yield x * i


def keywords(x, *rest, scale=2.0, **more):
    if x > 0:
        x = x * scale + sum(rest)
    return x + more.get("extra", 0.0)


def run(fn, *args):
    return float(tf.function(fn)(*args))


X = tf.constant(-3.0)


def test_called_functions_are_converted():
    assert run(lambda x: positive(x), X) == 3.0
    assert run(lambda x: decorated(x), tf.constant(3.0)) == 8.0
    assert run(decorated, tf.constant(3.0)) == 8.0
    assert run(lambda x: functools.partial(positive)(x), X) == 3.0


def test_methods():
    child = Child()
    assert run(lambda x: child.value(x), tf.constant(3.0)) == 16.0
    assert run(child.value, tf.constant(3.0)) == 16.0
    assert run(lambda x: Child.make(x), X) == 3.0
    assert run(lambda x: child.plain(x), X) == 3.0
    assert run(lambda x: child(x), X) == 3.0


def test_decorated_method():
    class Model:
        @tf.function
        def call(self, x):
            if x > 0:
                return self.inner(x)
            return x

        def inner(self, x):
            while x < 10:
                x = x * 2
            return x

    assert float(Model().call(tf.constant(3.0))) == 12.0


def test_arguments_and_defaults():
    assert run(lambda x: keywords(x, 1.0, 2.0, extra=5.0), tf.constant(1.0)) == 10.0
    assert run(lambda x: keywords(x, *[1.0], **{"scale": 3.0}), tf.constant(2.0)) == 7.0


def test_generators_are_called_as_they_are():
    assert run(lambda x: sum(generator(x)), X) == -3.0


def test_local_functions_and_closures():
    factor = 2.0

    def f(x):
        def g(y, bias=1.0):
            if y > 0:
                return y * factor + bias
            return y

        return g(x) + (lambda z: z if z > 0 else -z)(x)

    assert run(f, tf.constant(3.0)) == 10.0


def test_several_lambdas_on_one_line():
    pair = (lambda x: x if x > 0 else x * 2, lambda x: x if x > 0 else x * 3)
    assert [run(each, X) for each in pair] == [-6.0, -9.0]


def countdown(n, x):
    if n > 0:
        return countdown(n - 1, x if x > 0 else -x)
    return x


def test_recursion_of_a_module_function():
    assert run(lambda x: countdown(3, x), X) == 3.0


def test_recursion():
    def factorial(n):
        if n <= 1:
            return 1
        return n * factorial(n - 1)

    assert int(tf.function(lambda x: x * factorial(4))(tf.constant(1))) == 24


def test_comprehensions_walrus_and_star_expressions():
    def f(x):
        if (y := x * 2) > 0:
            y = y + 1
        first, *others = [y * i for i in range(3) if i != 1]
        return first + others[0] + sum(v for v in others)

    assert run(f, tf.constant(1.0)) == 12.0


def test_exceptions_with_and_try():
    def f(x):
        try:
            with tf.name_scope("scope"):
                if x > 0:
                    x = x * 2
            raise KeyError("k")
        except KeyError:
            x = x + 1
        finally:
            x = x + 1
        return x

    assert run(f, tf.constant(1.0)) == 4.0


def test_global_and_nonlocal():
    count = 0

    def f(x):
        nonlocal count
        count += 1
        if x > 0:
            x = x + 1
        return x

    assert run(f, tf.constant(1.0)) == 2.0
    assert count == 1


def test_do_not_convert():
    @tf.autograph.experimental.do_not_convert
    def plain(x):
        return positive(x)

    with pytest.raises(TypeError, match="symbolic `tf.Tensor` as a Python `bool`"):
        tf.function(lambda x: plain(x))(X)
    with pytest.raises(TypeError, match="not allowed"):
        tf.function(positive, autograph=False)(X)
    assert float(plain(tf.constant(2.0))) == 2.0
    maker = tf.autograph.experimental.do_not_convert()
    assert float(maker(positive)(X)) == 3.0


def test_status_of_library_callbacks():
    assert status.converting() is None
    assert tf_convert(positive) is positive

    @tf.function
    def f(x):
        assert status.converting() is True
        return tf.cond(x > 5, lambda: positive(x), lambda: positive(x) * 2)

    assert float(f(X)) == 6.0
    assert convert(convert(positive)) is not None


def test_code_without_source():
    space = {}
    exec("def f(x):\n    if x > 0:\n        return x\n    return -x", space)
    with pytest.raises(TypeError) as caught:
        tf.function(space["f"])(X)
    assert any("did not convert f" in note for note in caught.value.__notes__)
    exec("def g(x):\n    return x * 2", space)
    assert float(tf.function(space["g"])(X)) == -6.0


def test_loops_with_else_stay_python():
    def f(x):
        for i in range(3):
            x = x + i
        else:
            x = x * 2
        return x

    assert run(f, tf.constant(1.0)) == 8.0


def test_tracebacks_show_the_users_lines():
    def f(x):
        if x > 0:
            x = x + 1
            raise KeyError("from the user")
        return x

    with pytest.raises(KeyError) as caught:
        tf.function(f)(X)
    frames = traceback.extract_tb(caught.value.__traceback__)
    mine = [frame for frame in frames if frame.filename == __file__]
    assert mine[-1].line == 'raise KeyError("from the user")'
    assert any(frame.line == "if x > 0:" for frame in mine)


def test_error_of_the_loop_is_in_its_line():
    def f(x):
        i = 0
        while i < x:
            i = i + 0.5
        return i

    with pytest.raises(TypeError) as caught:
        tf.function(f)(tf.constant(3))
    frames = traceback.extract_tb(caught.value.__traceback__)
    mine = [frame.line for frame in frames if frame.filename == __file__]
    assert "i = i + 0.5" in mine


def test_assert_statement():
    def f(x):
        assert x > 0, "must be positive"
        return x

    assert run(f, tf.constant(1.0)) == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be positive"):
        tf.function(f)(X)
    with pytest.raises(AssertionError, match="static"):
        tf.function(lambda x: check_static(x))(X)


def check_static(x):
    assert x.shape == (1,), "static"
    return x


def test_builtins_over_tensors():
    def f(x):
        return max(x, 1.0) + min(x, 1.0) + float(int(x)) + abs(x)

    assert run(f, tf.constant(2.5)) == 8.0

    def g(x):
        return any([x > 0, x > 5]), all([x > 0, x > 5]), bool(x)

    assert [bool(v) for v in tf.function(g)(tf.constant(2.5))] == [True, False, True]


def test_to_graph_and_to_code():
    converted = tf.autograph.to_graph(positive)
    assert float(converted(X)) == 3.0
    assert float(tf.autograph.to_graph(positive, recursive=False)(X)) == 3.0
    code = tf.autograph.to_code(positive)
    assert "ag__.if_stmt" in code
    assert "def positive(x)" in code
    with pytest.raises(ValueError, match="to_graph: expected"):
        tf.autograph.to_graph(len)
    with pytest.raises(ValueError, match="to_code"):
        tf.autograph.to_code(3)


def test_set_verbosity_and_trace(capsys):
    tf.autograph.set_verbosity(3, alsologtostdout=True)
    tf.autograph.set_verbosity(0)
    tf.autograph.trace("seen", 1)
    assert capsys.readouterr().out == "seen 1\n"
    assert tf.autograph.experimental.set_loop_options() is None
    assert tf.autograph.experimental.Feature.ALL.value == "ALL"


def test_nested_tf_functions():
    @tf.function
    def inner(x):
        if x > 0:
            return x * 2
        return x

    @tf.function
    def outer(x):
        for _ in tf.range(2):
            x = inner(x)
        return x

    assert float(outer(tf.constant(1.0))) == 4.0


def test_conversion_is_cached_per_code_object():
    from lamina.autograph import transpiler

    before = len(transpiler._codes)
    for _ in range(3):

        def f(x):
            if x > 0:
                x = x * 2
            return x

        assert run(f, tf.constant(1.0)) == 2.0
    assert len(transpiler._codes) == before + 1


def test_nested_generators_are_left_alone():
    def f(x):
        def parts():
            for i in range(3):
                yield x * i

        for part in parts():
            x = x + part
        return x

    assert run(f, tf.constant(1.0)) == f(1.0) == 6.0


def test_match_statement():
    def f(x, mode):
        match mode:
            case "double":
                x = x * 2
            case _:
                x = x + 1
        return positive(x)

    assert float(tf.function(f)(tf.constant(-4.0), "double")) == 8.0

    def g(x, mode):
        match mode:
            case "double":
                x = x * 2
        if x > 0:
            x = x + 1
        return x

    with pytest.raises(TypeError) as caught:
        tf.function(g)(tf.constant(1.0), "double")
    assert "cannot be converted" in caught.value.__notes__[0]


def test_the_test_of_a_python_loop_runs_once_per_round():
    left = [3, 2, 1, 0, 7]

    def f(x):
        while left.pop(0):
            x = x + 1
        return x

    assert run(f, tf.constant(0.0)) == 3.0
    assert left == [7]
