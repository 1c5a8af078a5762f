"""Cases of tf.random: shapes, dtypes, ranges and errors; the numbers differ."""

from __future__ import annotations

import numpy as np

from tests.conformance.helpers import raises, spec
from tests.conformance.records import case

_KINDS = ("float16", "bfloat16", "float32", "float64")


@case("random.uniform", "random.normal", "random.truncated_normal", "random.set_seed")
def continuous(tf):
    tf.random.set_seed(1)
    first = tf.random.uniform([4])
    tf.random.set_seed(1)
    repeats = bool(tf.reduce_all(first == tf.random.uniform([4])))
    cut = tf.random.truncated_normal([1000], 1.0, 2.0)
    return {
        "repeats": repeats,
        "uniform": [spec(tf.random.uniform([2, 3], dtype=kind)) for kind in _KINDS],
        "normal": [spec(tf.random.normal((2, 3), dtype=kind)) for kind in _KINDS],
        "broadcast": spec(tf.random.normal([2, 2], [1.0, 2.0], [[1.0], [2.0]])),
        "integers": spec(tf.random.uniform([3], 2, 9, tf.int64)),
        "cut": bool(tf.reduce_all((cut >= -3.0) & (cut <= 5.0))),
        "no maxval": raises(lambda: tf.random.uniform([2], dtype=tf.int32)),
        "empty": raises(lambda: tf.random.uniform([2], 5, 3, dtype=tf.int32)),
        "negative": raises(lambda: tf.random.uniform([-2])),
    }


@case(
    "random.categorical",
    "random.shuffle",
    "random.gamma",
    "random.poisson",
    "random.Generator",
    "random.get_global_generator",
)
def discrete(tf):
    generator = tf.random.Generator.from_seed(1)
    sure = tf.random.categorical([[-1e9, 0.0, -1e9]] * 2, 4)
    shuffled = tf.random.shuffle(tf.range(5))
    return {
        "categorical": sure,
        "int32": spec(tf.random.categorical([[0.0, 1.0]], 3, dtype=tf.int32)),
        "matrix": raises(lambda: tf.random.categorical([1.0], 2)),
        "shuffle": [spec(shuffled), np.sort(np.asarray(shuffled))],
        "gamma": spec(tf.random.gamma([3], [[1.0], [2.0]], [1.0, 2.0])),
        "poisson": spec(tf.random.poisson([3], [1.0, 2.0])),
        "generator": [
            generator.state.shape,
            spec(generator.normal([2])),
            spec(generator.truncated_normal([2])),
            spec(generator.uniform([2], 0, 5, dtype=tf.int32)),
            spec(generator.uniform_full_int([2])),
            spec(generator.binomial([2], 10.0, 0.5)),
            spec(generator.make_seeds(3)),
            len(generator.split(2)),
            generator.algorithm,
        ],
        "global": spec(tf.random.get_global_generator().normal([2])),
    }


@case(
    "random.stateless_uniform",
    "random.stateless_normal",
    "random.stateless_truncated_normal",
    "random.stateless_parameterized_truncated_normal",
    "random.stateless_categorical",
    "random.stateless_gamma",
    "random.stateless_poisson",
    "random.stateless_binomial",
    "random.split",
    "random.fold_in",
    "random.experimental.stateless_shuffle",
)
def stateless(tf):
    seed, random = (1, 2), tf.random
    same = random.stateless_uniform([3], seed) == random.stateless_uniform([3], seed)
    return {
        "repeats": bool(tf.reduce_all(same)),
        "uniform": spec(random.stateless_uniform([2], seed, 1.0, 2.0)),
        "integers": spec(random.stateless_uniform([2], seed, None, None, tf.int32)),
        "normal": spec(random.stateless_normal([2], seed)),
        "truncated": spec(random.stateless_truncated_normal([2], seed)),
        "bounded": spec(random.stateless_parameterized_truncated_normal([2], seed)),
        "categorical": spec(random.stateless_categorical([[0.0, 1.0]], 3, seed)),
        "gamma": spec(random.stateless_gamma([3, 2], seed, [1.0, 2.0])),
        "poisson": spec(random.stateless_poisson([3, 2], seed, [1.0, 2.0])),
        "binomial": spec(random.stateless_binomial([3], seed, 10.0, 0.5)),
        "split": spec(random.split(seed, 3)),
        "fold": spec(random.fold_in(seed, 3)),
        "shuffle": spec(random.experimental.stateless_shuffle([1, 2, 3], seed)),
        "seed": raises(lambda: random.stateless_uniform([2], [1, 2, 3])),
    }


@case("nn.dropout", "nn.experimental.stateless_dropout")
def dropout(tf):
    x = tf.ones([1000])
    out = tf.nn.dropout(x, 0.5)
    kept = out > 0
    rows = tf.nn.dropout(tf.ones([4, 8]), 0.5, noise_shape=[4, 1])
    return {
        "values": bool(tf.reduce_all((out == 0.0) | (out == 2.0))),
        "share": bool(400 < int(tf.reduce_sum(tf.cast(kept, tf.int32))) < 600),
        "rows": bool(tf.reduce_all(rows == rows[:, :1])),
        "zero": tf.nn.dropout(x[:3], 0.0),
        "half": spec(tf.nn.dropout(tf.ones([2], tf.float16), 0.25)),
        "stateless": spec(tf.nn.experimental.stateless_dropout(x, 0.5, (1, 2))),
        "integers": raises(lambda: tf.nn.dropout(tf.ones([3], tf.int32), 0.5)),
        "rate": raises(lambda: tf.nn.dropout(x, 1.5)),
        "word": raises(lambda: tf.nn.dropout(x, "a")),
    }
