"""Data sets: blocks instead of elements, threads, cache files, errors, training."""

import pathlib
import threading

import numpy as np
import pytest

import lamina as tf

Dataset = tf.data.Dataset


def test_a_pure_function_is_traced_once_and_runs_on_blocks() -> None:
    traces = []

    def double(x):
        traces.append(1)
        return x * 2

    ds = Dataset.range(1000).map(double)
    assert ds._rows is not None
    assert [int(x) for x in ds] == list(range(0, 2000, 2))
    assert len(traces) == 1


def test_a_function_with_state_runs_for_each_element() -> None:
    count = tf.Variable(0)

    def number(x):
        count.assign_add(1)
        return x + tf.cast(count, tf.int64)

    found = [int(x) for x in Dataset.range(3).map(number)]
    assert found == [1, 3, 5] and int(count) == 3


def test_random_functions_draw_anew_for_each_element() -> None:
    ds = Dataset.range(20).map(lambda x: tf.random.uniform(()))
    assert len({float(x) for x in ds}) == 20


def test_a_function_of_values_is_called_as_it_is() -> None:
    threads = set()

    def describe(x):
        threads.add(threading.current_thread().name)
        return f"{x.numpy()}!"

    ds = Dataset.range(8).map(describe, num_parallel_calls=2)
    assert [s.numpy() for s in ds] == [f"{i}!".encode() for i in range(8)]
    assert ds.element_spec.dtype == tf.string


def test_batches_of_shuffled_rows_are_one_gather() -> None:
    x = np.arange(100, dtype="float32").reshape(50, 2)
    ds = Dataset.from_tensor_slices(x).shuffle(50, seed=1).repeat(2).batch(20)
    batches = [batch.numpy() for batch in ds]
    assert [len(batch) for batch in batches] == [20] * 5
    rows = np.concatenate(batches)
    np.testing.assert_array_equal(np.sort(rows[:50, 0]), x[:, 0])
    np.testing.assert_array_equal(np.sort(rows[50:, 0]), x[:, 0])
    assert not np.array_equal(rows[:50], rows[50:])


def test_orders_repeat_with_the_global_seed() -> None:
    found = []
    for _ in range(2):
        tf.random.set_seed(3)
        found.append([int(x) for x in Dataset.range(30).shuffle(10)])
    assert found[0] == found[1]


def test_arrays_are_copied() -> None:
    x = np.zeros(3)
    ds = Dataset.from_tensor_slices(x)
    x[:] = 1
    assert [float(v) for v in ds] == [0.0, 0.0, 0.0]


def test_prefetching_passes_errors_on_and_ends_its_thread() -> None:
    def numbers():
        yield 1
        raise RuntimeError("broken generator")

    spec = tf.TensorSpec((), tf.int32)
    ds = Dataset.from_generator(numbers, output_signature=spec).prefetch(1)
    stream = iter(ds)
    assert int(next(stream)) == 1
    with pytest.raises(RuntimeError, match="broken generator"):
        next(stream)
    endless = Dataset.from_generator(
        lambda: iter(int, 1), output_signature=spec
    ).prefetch(2)
    for _ in endless.take(2):
        pass


def test_a_cache_file_is_read_again(tmp_path: pathlib.Path) -> None:
    calls = []

    def rows():
        calls.append(1)
        yield np.ones(2, "float32"), "one"
        yield np.zeros(2, "float32"), "zero"

    spec = (tf.TensorSpec(2, tf.float32), tf.TensorSpec((), tf.string))
    name = str(tmp_path / "kept")
    for _ in range(2):
        ds = Dataset.from_generator(rows, output_signature=spec).cache(name)
        assert [s.numpy() for _, s in ds] == [b"one", b"zero"]
    assert len(calls) == 1
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"not an archive")
    with pytest.raises(tf.errors.DataLossError, match="cache file"):
        list(Dataset.from_generator(rows, output_signature=spec).cache(name))


def test_named_tuples_and_dicts_keep_their_structure() -> None:
    ds = Dataset.from_tensor_slices({"b": [1, 2], "a": ([3, 4], [5, 6])})
    (first, _) = list(ds)
    assert list(first) == ["b", "a"] and int(first["a"][1]) == 5


def test_a_model_is_fitted_and_evaluated() -> None:
    x = np.ones((10, 2), "float32")
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    ds = Dataset.from_tensor_slices((x, x[:, :1])).batch(4).prefetch(1)
    history = model.fit(ds, epochs=2, validation_data=ds, verbose=0)
    assert len(history.history["val_loss"]) == 2
    assert model.predict(ds.map(lambda x, y: x), verbose=0).shape == (10, 1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Dataset.from_tensor_slices(3.0), "at least one dimension"),
        (lambda: Dataset.range(3).batch(0), "at least 1"),
        (lambda: Dataset.range(3).shard(2, 5), "num_shards"),
        (lambda: Dataset.range(3).filter(lambda x: x), "boolean"),
        (lambda: len(Dataset.range(3).repeat()), "infinite"),
        (lambda: Dataset.from_generator(5, tf.int32), "callable"),
    ],
)
def test_errors_say_what_fits(call: object, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        call()  # type: ignore[operator]
