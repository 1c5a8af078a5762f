"""Streams of random numbers: seeds, functions, saved states."""

from __future__ import annotations

import numpy as np
import pytest

import lamina as tf


def _draws() -> list[np.ndarray]:
    return [
        tf.random.uniform([3]).numpy(),
        tf.random.normal([3]).numpy(),
        tf.random.uniform([2], seed=7).numpy(),
        tf.random.uniform([2], seed=7).numpy(),
        tf.random.shuffle(tf.range(8)).numpy(),
        tf.nn.dropout(tf.ones([8]), 0.5).numpy(),
    ]


def test_the_same_seed_gives_the_same_program() -> None:
    tf.random.set_seed(5)
    first = _draws()
    tf.random.set_seed(5)
    for left, right in zip(first, _draws(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first[2], first[3])


def test_traced_functions_advance_the_same_stream() -> None:
    @tf.function
    def draw() -> tf.Tensor:
        return tf.random.uniform([4])

    tf.random.set_seed(1)
    traced = [draw().numpy(), draw().numpy()]
    tf.random.set_seed(1)
    eager = [tf.random.uniform([4]).numpy(), tf.random.uniform([4]).numpy()]
    np.testing.assert_array_equal(traced, eager)


def test_a_generator_continues_from_its_state() -> None:
    generator = tf.random.Generator.from_seed(3)
    generator.normal([2])
    copy = tf.random.Generator(copy_from=generator)
    np.testing.assert_array_equal(generator.normal([2]), copy.normal([2]))
    first, second = generator.split(2)
    assert not np.array_equal(first.normal([4]), second.normal([4]))


def test_moments_of_the_distributions() -> None:
    tf.random.set_seed(0)
    normal = tf.random.normal([20000], 2.0, 3.0).numpy()
    assert abs(normal.mean() - 2) < 0.1 and abs(normal.std() - 3) < 0.1
    poisson = tf.random.poisson([20000], 4.0).numpy()
    assert abs(poisson.mean() - 4) < 0.1 and abs(poisson.var() - 4) < 0.3
    counts = np.bincount(tf.random.uniform([20000], 0, 5, tf.int32).numpy())
    assert counts.shape == (5,) and counts.min() > 3600


def test_unknown_algorithms_are_refused():
    seed = [1, 2]
    for draw in (
        lambda alg: tf.random.stateless_uniform([2], seed, alg=alg),
        lambda alg: tf.random.stateless_normal([2], seed, alg=alg),
        lambda alg: tf.random.stateless_truncated_normal([2], seed, alg=alg),
        lambda alg: tf.random.split(seed, alg=alg),
        lambda alg: tf.random.fold_in(seed, 3, alg=alg),
        lambda alg: tf.random.experimental.stateless_shuffle([1, 2], seed, alg=alg),
        lambda alg: tf.nn.experimental.stateless_dropout([1.0], 0.5, seed, alg),
    ):
        draw("philox")
        draw(tf.random.Algorithm.THREEFRY)
        with pytest.raises(ValueError, match="auto_select"):
            draw("mersenne")
