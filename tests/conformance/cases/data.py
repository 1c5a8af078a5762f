"""tf.data: elements, order, specs and lengths of every transformation."""

from typing import Any

import numpy as np

from tests.conformance.helpers import raises
from tests.conformance.records import case


def listed(dataset: Any, limit: int = 20) -> list[Any]:
    """The first elements, the spec and the length."""
    elements = []
    for element in dataset.as_numpy_iterator():
        elements.append(element)
        if len(elements) == limit:
            break
    return [elements, str(dataset.element_spec), int(dataset.cardinality())]


@case(
    "tf.data.Dataset",
    "tf.data.Dataset.from_tensor_slices",
    "tf.data.Dataset.from_tensors",
    "tf.data.Dataset.range",
    "tf.data.Dataset.as_numpy_iterator",
    "tf.data.Dataset.element_spec",
    "tf.data.Dataset.cardinality",
)
def sources(tf):
    dataset = tf.data.Dataset
    return [
        listed(dataset.range(5)),
        listed(dataset.range(2, 9, 3)),
        listed(dataset.range(5, 0, -2, output_type=tf.int32)),
        listed(dataset.from_tensor_slices([[1.0, 2.0], [3.0, 4.0]])),
        listed(dataset.from_tensor_slices(([1, 2], {"a": ["x", "y"], "b": [3, 4]}))),
        listed(dataset.from_tensors(([1, 2], "text"))),
        [len(dataset.range(7)), isinstance(dataset.range(2), dataset)],
        raises(lambda: dataset.from_tensor_slices(1)),
        raises(lambda: dataset.from_tensor_slices(([1, 2], [3]))),
        raises(lambda: dataset.range(1, 2, 0)),
    ]


@case("tf.data.Dataset.from_generator", "tf.data.Dataset.from_tensor_slices")
def generators(tf):
    dataset = tf.data.Dataset

    def pairs(count=3):
        for i in range(int(count)):
            yield np.full(i + 1, i), f"s{i}"

    signature = (tf.TensorSpec([None], tf.int64), tf.TensorSpec((), tf.string))
    made = dataset.from_generator(pairs, output_signature=signature)
    typed = dataset.from_generator(
        pairs, (tf.int32, tf.string), (tf.TensorShape([None]), ()), args=[2]
    )
    one = tf.TensorSpec((2,), tf.float32)
    wrong = dataset.from_generator(lambda: iter([[1.0]]), output_signature=one)
    return [
        listed(made),
        listed(made),
        listed(typed),
        listed(made.map(lambda x, s: tf.reduce_sum(x))),
        raises(lambda: list(wrong)),
        raises(lambda: dataset.from_generator([1], output_signature=one)),
        raises(lambda: dataset.from_generator(pairs)),
    ]


@case("tf.data.Dataset.map", "tf.data.Dataset.filter", "tf.data.AUTOTUNE")
def map_and_filter(tf):
    numbers = tf.data.Dataset.range(6)
    pairs = tf.data.Dataset.from_tensor_slices((np.arange(4), np.ones((4, 2))))

    def branch(x):
        if x > 2:
            return x * 10
        return -x

    return [
        listed(numbers.map(lambda x: x * x)),
        listed(numbers.map(lambda x: (x, {"half": x / 2}))),
        listed(numbers.map(lambda x: [x, x + 1])),
        listed(numbers.map(branch, num_parallel_calls=tf.data.AUTOTUNE)),
        listed(pairs.map(lambda x, y: (y * 2, x))),
        listed(numbers.filter(lambda x: x % 2 == 0)),
        listed(pairs.filter(lambda x, y: x > 1)),
        listed(numbers.map(lambda x: x + 1).filter(lambda x: x > 3).map(lambda x: -x)),
        listed(numbers.batch(4).map(lambda x: x * 2)),
        raises(lambda: numbers.map(lambda x, y: x)),
        raises(lambda: numbers.filter(lambda x: x)),
    ]


@case(
    "tf.data.Dataset.batch",
    "tf.data.Dataset.unbatch",
    "tf.data.Dataset.padded_batch",
)
def batches(tf):
    dataset = tf.data.Dataset
    numbers = dataset.range(7)
    ragged = dataset.range(1, 4).map(lambda x: tf.range(x))
    both = dataset.from_tensor_slices((np.arange(5), ["a", "b", "c", "d", "e"]))
    return [
        listed(numbers.batch(3)),
        listed(numbers.batch(3, drop_remainder=True)),
        listed(both.batch(2)),
        listed(numbers.take(6).batch(2).batch(2)),
        listed(numbers.batch(3).unbatch()),
        listed(both.batch(2).map(lambda x, s: (x + 1, s)).unbatch()),
        listed(ragged.padded_batch(2, padded_shapes=[None])),
        listed(ragged.padded_batch(2, [4], np.int64(-1))),
        raises(lambda: list(ragged.batch(2))),
        raises(lambda: numbers.batch(0)),
        raises(lambda: list(ragged.padded_batch(3, padded_shapes=[2]))),
    ]


@case(
    "tf.data.Dataset.take",
    "tf.data.Dataset.skip",
    "tf.data.Dataset.repeat",
    "tf.data.Dataset.shard",
    "tf.data.Dataset.take_while",
    "tf.data.INFINITE_CARDINALITY",
    "tf.data.UNKNOWN_CARDINALITY",
)
def order(tf):
    numbers = tf.data.Dataset.range(5)
    slow = numbers.batch(1).map(lambda x: x[0])
    found = []
    for one in (numbers, slow):
        found += [
            listed(one.take(3)),
            listed(one.take(-1)),
            listed(one.skip(3)),
            listed(one.skip(9)),
            listed(one.repeat(2)),
            listed(one.repeat(), limit=12),
            listed(one.repeat().skip(7).take(4)),
            listed(one.shard(2, 1)),
            listed(one.take_while(lambda x: x < 3)),
            listed(one.take(3).repeat(2).batch(4)),
        ]
    return [
        found,
        raises(lambda: numbers.shard(2, 2)),
        raises(lambda: len(numbers.repeat())),
        raises(lambda: len(numbers.filter(lambda x: x > 1))),
        tf.data.INFINITE_CARDINALITY,
        tf.data.UNKNOWN_CARDINALITY,
    ]


@case("tf.data.Dataset.shuffle", "tf.data.Dataset.random")
def shuffle(tf):
    numbers = tf.data.Dataset.range(20)
    fixed = numbers.shuffle(20, seed=3, reshuffle_each_iteration=False)
    mixed = list(numbers.shuffle(4, seed=1).as_numpy_iterator())
    slow = numbers.batch(1).shuffle(5).unbatch()
    return [
        sorted(mixed) == list(range(20)),
        all(value <= place + 4 for place, value in enumerate(mixed)),
        list(fixed.as_numpy_iterator()) == list(fixed.as_numpy_iterator()),
        sorted(slow.as_numpy_iterator()),
        str(numbers.shuffle(3).element_spec),
        int(numbers.shuffle(3).cardinality()),
        str(tf.data.Dataset.random(seed=1).element_spec),
        raises(lambda: numbers.shuffle(0)),
    ]


@case(
    "tf.data.Dataset.zip",
    "tf.data.Dataset.concatenate",
    "tf.data.Dataset.enumerate",
    "tf.data.Dataset.choose_from_datasets",
)
def combine(tf):
    dataset = tf.data.Dataset
    numbers, more = dataset.range(4), dataset.range(10, 13)
    words = dataset.from_tensor_slices(["a", "b"])
    choice = dataset.from_tensor_slices(np.array([0, 1, 1, 0], np.int64))
    return [
        listed(dataset.zip((numbers, words))),
        listed(dataset.zip(numbers, more.batch(2))),
        listed(dataset.zip({"x": numbers, "y": (more, words)})),
        listed(numbers.concatenate(more)),
        listed(words.enumerate(start=5)),
        listed(numbers.shuffle(1).enumerate()),
        listed(dataset.choose_from_datasets([numbers, more], choice)),
        raises(lambda: dataset.zip(1, 2)),
        raises(lambda: numbers.concatenate(words)),
    ]


@case(
    "tf.data.Dataset.window",
    "tf.data.Dataset.flat_map",
    "tf.data.Dataset.interleave",
    "tf.data.Dataset.reduce",
    "tf.data.Dataset.scan",
    "tf.data.Dataset.unique",
    "tf.data.Dataset.get_single_element",
)
def windows_and_folds(tf):
    dataset = tf.data.Dataset
    numbers = dataset.range(7)

    def whole(window):
        return window.batch(3)

    windows = [
        numbers.window(3),
        numbers.window(3, shift=2),
        numbers.window(3, shift=1, drop_remainder=True),
        numbers.window(2, shift=3, stride=2),
    ]
    return [
        [listed(window.flat_map(whole)) for window in windows],
        listed(dataset.range(1, 4).flat_map(lambda x: dataset.range(x))),
        listed(
            dataset.range(1, 5).interleave(
                lambda x: dataset.from_tensors(x).repeat(3),
                cycle_length=2,
                block_length=2,
            )
        ),
        numbers.reduce(np.int64(0), lambda state, x: state + x),
        numbers.reduce((0.0, 1), lambda s, x: (s[0] + 1.0, s[1] * 2)),
        listed(numbers.scan(np.int64(0), lambda s, x: (s + x, s + x))),
        listed(dataset.from_tensor_slices([1, 2, 1, 3, 2]).unique()),
        dataset.range(3, 4).get_single_element(),
        raises(lambda: numbers.get_single_element()),
    ]


@case(
    "tf.data.Dataset.cache",
    "tf.data.Dataset.prefetch",
    "tf.data.Dataset.apply",
    "tf.data.Dataset.options",
    "tf.data.Dataset.with_options",
    "tf.data.Options",
    "tf.data.Iterator",
)
def the_rest(tf):
    numbers = tf.data.Dataset.range(4)
    calls = []

    def produce():
        calls.append(1)
        yield from range(3)

    spec = tf.TensorSpec((), tf.int64)
    cached = tf.data.Dataset.from_generator(produce, output_signature=spec).cache()
    twice = [list(cached.as_numpy_iterator()) for _ in range(2)]
    options = tf.data.Options()
    options.deterministic = True
    iterator = iter(numbers)
    ahead = tf.data.Dataset.from_generator(produce, output_signature=spec).prefetch(2)
    return [
        twice,
        len(calls),
        listed(numbers.cache().shuffle(1).batch(2)),
        listed(numbers.prefetch(tf.data.AUTOTUNE)),
        listed(ahead),
        listed(numbers.apply(lambda ds: ds.take(2))),
        numbers.with_options(options).options().deterministic,
        next(iterator),
        iterator.get_next(),
        str(iterator.element_spec),
        raises(lambda: [iterator.get_next() for _ in range(3)]),
    ]
