"""tf.function: one trace per signature, variables as state, clear errors."""

import gc
import logging
import weakref

import numpy as np
import pytest

import lamina as tf


def test_one_trace_per_signature():
    @tf.function
    def f(x, n=1):
        return x * n

    f(tf.constant(1.0))
    f(tf.constant(2.0), n=1)
    f(tf.constant([1.0]))
    f(tf.constant(1.0), 2)
    f(tf.constant(1.0), n=2)
    f(np.float32(3.0))
    assert f.experimental_get_tracing_count() <= 4


def test_python_runs_once():
    log = []

    @tf.function
    def f(x):
        log.append("traced")
        return x + 1

    for i in range(3):
        f(tf.constant(i))
    assert log == ["traced"]


def test_variables_are_state():
    v = tf.Variable(1.0)
    before = v.read_value()

    @tf.function
    def step(x):
        old = v.read_value()
        v.assign_add(x)
        return old, v * 10.0

    old, new = step(tf.constant(2.0))
    assert (float(old), float(new), float(v)) == (1.0, 30.0, 3.0)
    assert float(before) == 1.0  # a tensor read before the update keeps its value
    step(tf.constant(1.0))
    assert float(before) == 1.0 and float(v) == 4.0


def test_variables_that_shared_a_value():
    a = tf.Variable([1.0, 2.0])
    b = tf.Variable(a)

    @tf.function
    def swap():
        a.assign(a + 10.0)
        b.assign(b * 2.0)

    swap()
    np.testing.assert_array_equal(a, [11.0, 12.0])
    np.testing.assert_array_equal(b, [2.0, 4.0])


def test_captured_tensor_that_is_a_variables_value():
    v = tf.Variable(1.0)
    t = v.read_value()

    @tf.function
    def f():
        v.assign_add(1.0)
        return v - t

    assert float(f()) == 1.0
    assert float(f()) == 2.0


def test_creation_on_the_first_call():
    class Layer(tf.Module):
        def __init__(self):
            self.v = None

        @tf.function
        def __call__(self, x):
            if self.v is None:
                self.v = tf.Variable(2.0)
            return x * self.v

    layer = Layer()
    assert float(layer(tf.constant(3.0))) == 6.0
    layer.v.assign(5.0)
    assert float(layer(tf.constant(3.0))) == 15.0

    @tf.function
    def always(x):
        return x + tf.Variable(1.0)

    with pytest.raises(ValueError, match="first call"):
        always(tf.constant(1.0))


def test_structures_none_and_python_values():
    @tf.function
    def f(d):
        return {"sum": d["a"] + d["b"][0], "none": None, "five": 5}

    out = f({"a": tf.constant(1), "b": (tf.constant(2), None)})
    assert int(out["sum"]) == 3 and out["none"] is None and int(out["five"]) == 5


def test_input_signature():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def f(x):
        return tf.reduce_sum(x)

    assert float(f([1.0, 2.0])) == 3.0
    with pytest.raises(TypeError, match="input_signature"):
        f(tf.constant([[1.0]]))
    with pytest.raises(TypeError, match="1 arguments"):
        f(tf.constant([1.0]), tf.constant([1.0]))
    with pytest.raises(TypeError, match="TensorSpec"):
        tf.function(lambda x: x, input_signature=[3])


def test_concrete_function():
    v = tf.Variable(2.0)

    @tf.function
    def f(x, y):
        return x * v + y

    concrete = f.get_concrete_function(tf.TensorSpec([2], tf.float32), tf.constant(1.0))
    out = concrete(tf.constant([1.0, 2.0]), tf.constant(3.0))
    np.testing.assert_array_equal(out, [5.0, 7.0])
    assert concrete.structured_outputs.shape == (2,)
    assert [w is v for w in concrete.variables] == [True]
    with pytest.raises(ValueError, match="fits TensorSpec"):
        concrete(tf.constant([1.0]), tf.constant(1.0))
    with pytest.raises(TypeError, match="2 tensors"):
        concrete(tf.constant([1.0, 2.0]))


def test_methods_are_bound_weakly():
    class Model:
        def __init__(self):
            self.v = tf.Variable(1.0)

        @tf.function
        def step(self, x):
            self.v.assign_add(x)
            return self.v * 1.0

    one, two = Model(), Model()
    one.step(tf.constant(1.0))
    assert float(two.step(tf.constant(5.0))) == 6.0
    assert float(one.v) == 2.0
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def test_arguments_are_held_weakly():
    class Model:
        def __init__(self):
            self.v = tf.Variable(1.0)

    @tf.function
    def step(model, x):
        return model.v * x

    model = Model()
    step(model, tf.constant(1.0))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
    assert not step._cache


def test_errors_name_the_users_line():
    @tf.function
    def wrong(x):
        return tf.reshape(x, [-1, 5408])

    with pytest.raises(ValueError, match=r"5408[\s\S]*test_function\.py") as info:
        wrong(tf.zeros([2, 6272]))
    assert "12544" in str(info.value)
    assert isinstance(info.value, tf.errors.InvalidArgumentError)


def test_value_of_a_traced_tensor():
    @tf.function(autograph=False)
    def branch(x):
        return x if x > 0 else -x

    with pytest.raises(TypeError, match="tf.cond"):
        branch(tf.constant(1.0))

    @tf.function
    def read(x):
        return x.numpy()

    with pytest.raises(AttributeError, match="no value yet"):
        read(tf.constant(1.0))


def test_leaked_tensor():
    leaked = []

    @tf.function
    def f(x):
        leaked.append(x + 1.0)
        return x

    f(tf.constant(1.0))
    with pytest.raises((TypeError, ValueError), match="traced function"):
        _ = leaked[0] * 2.0


def test_retracing_is_reported_once(caplog):
    @tf.function
    def f(n):
        return tf.constant(1) * n

    with caplog.at_level(logging.WARNING, "lamina"):
        for n in range(20):
            f(n)
    texts = [r.message for r in caplog.records if "retracing" in r.message]
    assert len(texts) == 1 and "int" in texts[0]


def test_host_ops_run_op_by_op(caplog):
    @tf.function
    def f(x):
        return tf.boolean_mask(x, x > 1.0) * 2.0

    with caplog.at_level(logging.WARNING, "lamina"):
        np.testing.assert_array_equal(f(tf.constant([1.0, 2.0, 3.0])), [4.0, 6.0])
        np.testing.assert_array_equal(f(tf.constant([5.0, 0.0, 3.0])), [10.0, 6.0])
    assert len([r for r in caplog.records if "op by op" in r.message]) == 1


def test_run_functions_eagerly():
    log = []

    @tf.function
    def f(x):
        log.append(1)
        return x + 1

    tf.config.run_functions_eagerly(True)
    try:
        f(tf.constant(1))
        f(tf.constant(1))
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(log) == 2


def test_static_shape_arithmetic():
    @tf.function
    def f(x):
        batch = tf.shape(x)[0]
        return tf.reshape(x, [batch * 2, -1]) + tf.ones([tf.size(x) // 3, 3])

    assert f(tf.zeros([2, 6])).shape == (4, 3)


def test_many_functions_stay_small():
    @tf.function
    def f(n):
        return tf.constant(n)

    for n in range(600):
        f(n)
    assert len(f._cache) <= 512


def test_initial_values_computed_while_tracing():
    class Dense(tf.Module):
        def __init__(self):
            self.w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(tf.random.normal([x.shape[-1], 2]) * 0.5)
                self.u = tf.Variable(tf.random.normal([x.shape[-1], 2]) * 0.5)
            return tf.matmul(x, self.w)

    dense = Dense()
    assert dense(tf.ones([1, 3])).shape == (1, 2)
    assert not np.allclose(dense.w, dense.u)
    assert not np.allclose(dense.u, tf.random.normal([3, 2]) * 0.5)


def test_tracebacks_show_the_users_frames():
    @tf.function
    def wrong(x):
        return tf.reshape(x, [7])

    with pytest.raises(ValueError) as info:
        wrong(tf.zeros([3]))
    files = [str(entry.path) for entry in info.traceback]
    assert not any("/jax/" in file for file in files)
    assert files.count(__file__) >= 2


def test_sizes_known_only_at_run_time(caplog):
    @tf.function
    def f(n):
        return tf.reduce_sum(tf.ones([n, 2]))

    with caplog.at_level(logging.WARNING, "lamina"):
        assert float(f(tf.constant(3))) == 6.0
        assert float(f(tf.constant(5))) == 10.0
    assert len([r for r in caplog.records if "op by op" in r.message]) == 1
