"""Optimizers: one program per call, options, errors, files, convergence."""

import numpy as np
import pytest

import lamina as tf

optimizers = tf.keras.optimizers
RULES = [
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adamax",
    "Nadam",
    "Ftrl",
    "Lion",
    "Lamb",
    "Adafactor",
    "Muon",
]


def weights() -> list:
    return [tf.Variable([[1.0, -2.0], [0.5, 3.0]]), tf.Variable([1.0, 2.0])]


def gradients(variables: list) -> list:
    return [tf.ones_like(v) for v in variables]


def test_an_eager_call_runs_one_program() -> None:
    optimizer, variables = optimizers.Adam(0.1), weights()
    for _ in range(3):
        optimizer.apply_gradients(zip(gradients(variables), variables, strict=True))
    assert len(optimizer._programs) == 1
    (program,) = optimizer._programs.values()
    assert program.experimental_get_tracing_count() == 1


def test_a_changed_setting_counts_from_the_next_call() -> None:
    optimizer, w = optimizers.SGD(1.0), tf.Variable(1.0)
    optimizer.apply_gradients([(1.0, w)])
    optimizer.weight_decay = 0.5
    optimizer.learning_rate = 0.5
    optimizer.apply_gradients([(1.0, w)])
    assert float(w) == pytest.approx(-0.5)


@pytest.mark.parametrize("name", RULES)
def test_eager_and_traced_steps_agree(name: str) -> None:
    results = []
    for wrap in (lambda f: f, tf.function):
        optimizer, variables = getattr(optimizers, name)(0.1), weights()
        optimizer.build(variables)
        step = wrap(
            lambda a, b, o=optimizer, v=variables: o.apply_gradients(
                zip([a, b], v, strict=True)
            )
        )
        for _ in range(2):
            step(*gradients(variables))
        results.append([v.numpy() for v in variables])
    for eager, traced in zip(*results, strict=True):
        np.testing.assert_allclose(eager, traced, rtol=1e-6)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Nadam", "Lion"])
def test_a_parabola_is_descended(name: str) -> None:
    optimizer, x = getattr(optimizers, name)(0.1), tf.Variable([3.0, -2.0])
    for _ in range(100):
        optimizer.minimize(lambda: tf.reduce_sum(x * x), [x])
    assert float(tf.reduce_sum(x * x)) < 0.1


@pytest.mark.parametrize("name", RULES)
def test_state_survives_saving(name: str) -> None:
    first, variables = getattr(optimizers, name)(0.1), weights()
    first.apply(gradients(variables), variables)
    store: dict = {}
    first.save_own_variables(store)
    second = getattr(optimizers, name).from_config(first.get_config())
    second.build(variables)
    second.load_own_variables(store)
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_keras_2_spellings() -> None:
    optimizer, w = optimizers.legacy.SGD(lr=0.5, decay=1.0), tf.Variable(0.0)
    assert isinstance(optimizer, optimizers.SGD)
    assert optimizers.experimental.Adam is optimizers.Adam
    for _ in range(2):
        optimizer.apply_gradients([(1.0, w)])
    assert float(w) == pytest.approx(-0.75)
    plain = optimizers.SGD(lr=0.25)
    plain.lr = 0.125
    assert float(plain.learning_rate) == 0.125


def test_stateless_apply_changes_nothing_in_place() -> None:
    optimizer, w = optimizers.SGD(0.5, momentum=0.5), tf.Variable([1.0])
    optimizer.build([w])
    values = [v.numpy() for v in optimizer.variables]
    new, state = optimizer.stateless_apply(values, [tf.constant([1.0])], [w.numpy()])
    assert new[0].numpy().tolist() == [0.5]
    assert int(state[0]) == 1
    assert w.numpy().tolist() == [1.0] and int(optimizer.iterations) == 0


def test_excluded_variables_do_not_decay() -> None:
    kernel, bias = tf.Variable([1.0], name="kernel"), tf.Variable([1.0], name="bias")
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    zero = tf.constant([0.0])
    optimizer.apply_gradients([(zero, kernel), (zero, bias)])
    assert kernel.numpy().tolist() == [0.5] and bias.numpy().tolist() == [1.0]


def test_constraints_hold_after_an_update() -> None:
    w = tf.Variable([1.0], constraint=lambda x: tf.maximum(x, 0.0))
    optimizers.SGD(1.0).apply_gradients([(tf.constant([5.0]), w)])
    assert w.numpy().tolist() == [0.0]


def test_a_callable_rate_is_asked_each_time() -> None:
    rates = iter([1.0, 0.5])
    optimizer, w = optimizers.SGD(lambda: next(rates)), tf.Variable(0.0)
    for _ in range(2):
        optimizer.apply_gradients([(1.0, w)])
    assert float(w) == -1.5


def test_missing_gradients_are_named() -> None:
    a, b = tf.Variable([1.0], name="a"), tf.Variable([1.0], name="b")
    optimizer = optimizers.SGD()
    with pytest.warns(UserWarning, match="b"):
        optimizer.apply_gradients([(tf.constant([1.0]), a), (None, b)])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, a), (None, b)])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of"),
        ({"gradient_accumulation_steps": 1}, "integer >= 2"),
        ({"use_ema": True, "ema_momentum": 2.0}, "range \\[0, 1\\]"),
        ({"nothing": 1}, "not recognized"),
        ({"learning_rate": "fast"}, "should be float"),
    ],
)
def test_bad_options(options: dict, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        optimizers.SGD(**options)


def test_a_forgotten_base_constructor_is_explained() -> None:
    class Forgetful(optimizers.Optimizer):
        def __init__(self) -> None:
            self.rate = 1.0

    with pytest.raises(RuntimeError, match="super"):
        Forgetful().apply([1.0], [tf.Variable(1.0)])
