"""How often `fit` and its like trace, compile, and ask the device for values."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from jax import monitoring

import lamina as tf
from lamina import keras
from lamina.keras.trainers import hooks, program

RANDOM = np.random.default_rng(0)
X = RANDOM.random((70, 6)).astype("float32")
Y = RANDOM.integers(0, 3, 70)


class Compilations:
    """Counts the programs that XLA compiles."""

    count = 0
    listening = False

    @classmethod
    def heard(cls, event: str, seconds: float, **_: Any) -> None:
        cls.count += event.endswith("backend_compile_duration")


@pytest.fixture
def compilations() -> type[Compilations]:
    if not Compilations.listening:
        monitoring.register_event_duration_secs_listener(Compilations.heard)
        Compilations.listening = True
    Compilations.count = 0
    return Compilations


def classifier(**options: Any) -> Any:
    layers = [keras.layers.Dense(5, activation="relu"), keras.layers.Dropout(0.1)]
    model = keras.Sequential(
        [keras.Input((6,)), *layers, keras.layers.Dense(3, activation="softmax")]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], **options)
    return model


class Watching(keras.callbacks.Callback):
    """Looks at single batches."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(logs["loss"])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"validation_split": 0.2},
        {"verbose": 1},
        {"verbose": 2, "validation_data": (X[:40], Y[:40])},
        {"class_weight": {0: 1.0, 1: 2.0, 2: 3.0}},
        {"sample_weight": np.ones(70, "float32")},
        {"callbacks": [Watching()]},
        {"shuffle": False, "batch_size": 70},
        {"steps_per_epoch": 1},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_the_second_fit_compiles_nothing(
    options: dict[str, Any], compilations: type[Compilations]
) -> None:
    model = classifier()
    options = {"verbose": 0, "epochs": 2, **options}
    model.fit(X, Y, **options)
    programs = [list(runner.programs) for runner in model._runners.values()]
    compilations.count = 0
    model.fit(X + 1, Y, **options)
    assert compilations.count == 0
    assert [list(runner.programs) for runner in model._runners.values()] == programs


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_few_programs_are_compiled_until_the_first_step(
    kind: str, compilations: type[Compilations]
) -> None:
    """The step itself and no other; weights are drawn on the host."""
    keras.utils.set_random_seed(0)
    if kind == "mlp":
        model, x = classifier(), X[:64]
    else:
        parts: list[Any] = [keras.Input((4, 4, 1))]
        for filters in (2, 3, 4):
            parts.append(keras.layers.Conv2D(filters, 3, padding="same"))
            parts += [keras.layers.BatchNormalization(), keras.layers.ReLU()]
        parts += [keras.layers.MaxPooling2D(), keras.layers.Flatten()]
        model = keras.Sequential([*parts, keras.layers.Dense(3)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        x = RANDOM.random((64, 4, 4, 1)).astype("float32")
    model.fit(x, Y[:64], verbose=0)
    assert compilations.count == 1


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The logs that are brought to the host."""
    found: list[Any] = []
    original = hooks.to_python

    def to_python(logs: Any) -> Any:
        found.append(logs)
        return original(logs)

    monkeypatch.setattr(hooks, "to_python", to_python)
    return found


def batches(count: int) -> Iterator[Any]:
    for _ in range(count):
        yield X[:8], Y[:8]


class Indexed(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 200

    def __getitem__(self, index: int) -> Any:
        return X[:8], Y[:8]


@pytest.fixture(scope="module")
def trained() -> Any:
    return classifier()


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("kind", ["arrays", "generator", "dataset", "indexed"])
def test_steps_do_not_wait_for_logs(
    kind: str,
    verbose: int,
    trained: Any,
    reads: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "DISPATCH_SECONDS", 1e9)
    model = trained
    before = int(model.optimizer.iterations.numpy())
    if kind == "arrays":
        rows = np.tile(X[:64], (25, 1))
        model.fit(rows, np.tile(Y[:64], 25), batch_size=8, verbose=verbose)
    elif kind == "generator":
        model.fit(batches(200), verbose=verbose)
    elif kind == "dataset":
        rows = tf.data.Dataset.from_tensor_slices((X[:8], Y[:8])).repeat(200).batch(8)
        model.fit(rows, verbose=verbose)
    else:
        model.fit(Indexed(), verbose=verbose)
    assert int(model.optimizer.iterations.numpy()) == before + 200
    assert len(reads) <= 2


@pytest.mark.parametrize("stream", [False, True])
def test_callbacks_that_look_at_batches_see_each_value(
    stream: bool, trained: Any
) -> None:
    watching = Watching()
    model = trained
    data: Any = (batches(9),) if stream else (X[:70], Y[:70])
    model.fit(*data, batch_size=None if stream else 8, verbose=0, callbacks=[watching])
    assert len(watching.losses) == 9
    assert all(type(loss) is float and loss > 0 for loss in watching.losses)
    assert len(set(watching.losses)) == 9


def test_metrics_start_at_zero_in_every_epoch_and_are_not_shared() -> None:
    model = classifier()
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.0
    history = model.fit(X, Y, epochs=3, verbose=0).history["accuracy"]
    other = [model.evaluate(X, Y, verbose=0)[1] for _ in range(3)]
    assert len(set(other)) == 1 and len(history) == 3
    states = [v.numpy() for v in model.metrics_variables]
    model.reset_metrics()
    held = [v.value for v in model.metrics_variables]
    model.test_on_batch(X, Y)
    assert all(float(one) == 0 for one in held)  # programs overwrite copies only
    assert any(float(state) for state in states)


def test_large_states_that_were_reset_are_not_overwritten_in_place() -> None:
    zeros = np.zeros(4096, "float32")
    variable = tf.Variable(zeros)

    @tf.function
    def add() -> None:
        variable.assign_add(tf.ones(4096))

    add()
    held = tf.constant(zeros)
    for _ in range(3):
        variable.assign(held)
        add()
        assert float(tf.reduce_sum(variable)) == 4096
    assert not held.numpy().any() and not zeros.any()


@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_the_first_step_runs_the_layers_code_once(kind: str) -> None:
    calls = []

    class Counted(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            calls.append(x.shape)
            return x * 2.0

    layers = [Counted(), keras.layers.Dense(3, activation="softmax")]
    inputs = keras.Input((6,))
    if kind == "sequential":
        model = keras.Sequential([inputs, *layers])
    else:
        model = keras.Model(inputs, layers[1](layers[0](inputs)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    calls.clear()
    model.fit(X[:64], Y[:64], verbose=0)
    assert [tuple(shape) for shape in calls] == [(32, 6)]
    assert model.metrics_names == ["loss", "compile_metrics"]
    assert "accuracy" in model.evaluate(X, Y, verbose=0, return_dict=True)


def aligned(shape: tuple[int, ...]) -> Any:
    """An array that XLA reads in place: it starts at a multiple of 64 bytes."""
    size = int(np.prod(shape)) * 4
    raw = np.zeros(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(np.float32).reshape(shape)


def test_a_generator_may_fill_the_same_array_again() -> None:
    class Adding(keras.Model):
        def build(self, shape: Any) -> None:
            self.total = self.add_weight(shape=(), initializer="zeros")

        def train_step(self, data: Any) -> dict[str, Any]:
            product = data[:500]
            for _ in range(3):  # long enough for the host to be ahead
                product = tf.matmul(product, product) * 0.0
            self.total.assign_add(tf.reduce_mean(data) + tf.reduce_sum(product))
            return {}

    def numbers() -> Iterator[Any]:
        for number in range(20):
            buffer[:] = number
            yield buffer

    buffer = aligned((500, 500))
    model = Adding()
    model.build((500, 500))
    model.compile()
    model.fit(numbers(), steps_per_epoch=20, verbose=0)
    assert float(model.total.numpy()) == sum(range(20))
    for number in range(5):
        buffer[:] = number
        model.train_on_batch(buffer)
    assert float(model.total.numpy()) == sum(range(20)) + sum(range(5))


def test_one_batch_and_one_row_share_the_program_of_predict() -> None:
    model = classifier()
    expected = model.predict(X[:3], verbose=0)
    runner = model._runners["predict_step"]
    for found in (model.predict_on_batch(X[:3]), model.predict(X[:3], verbose=0)):
        np.testing.assert_array_equal(found, expected)
        assert found.flags.writeable
    assert len(runner.programs) == 1
    wide = model.predict(X[:3].astype("float64"), verbose=0)
    np.testing.assert_array_equal(wide, expected)
    weights = model.get_weights()
    model.set_weights([weight * 2 for weight in weights])
    assert np.abs(model.predict(X[:3], verbose=0) - expected).max() > 1e-3


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps are dispatched as those are that XLA runs slowly inside loops."""
    monkeypatch.setitem(program._SLOW_IN_LOOPS, "cpu", frozenset({"dot_general"}))


def weights_after_training() -> list[Any]:
    keras.utils.set_random_seed(5)
    model = classifier()
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    return model.get_weights()


def test_steps_in_a_loop_and_one_by_one_are_the_same(
    request: pytest.FixtureRequest,
) -> None:
    looped = weights_after_training()
    request.getfixturevalue("one_by_one")
    for one, two in zip(looped, weights_after_training(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-7)


def test_an_interrupted_epoch_keeps_the_steps_that_were_done(
    one_by_one: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = classifier()
    model.fit(X[:64], Y[:64], batch_size=8, epochs=2, verbose=0)
    (step,) = model._runners["train_step"].programs.values()
    assert not step.loops
    before, done, original = int(model.optimizer.iterations.numpy()), [], step._one

    def interrupted(*arguments: Any) -> Any:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(1)
        return original(*arguments)

    monkeypatch.setattr(step, "_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:64], Y[:64], batch_size=8, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == before + 3
    monkeypatch.undo()
    model.fit(X[:64], Y[:64], batch_size=8, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == before + 11
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
