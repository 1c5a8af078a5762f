"""The compiled pieces of a tape's backward pass."""

import numpy as np
import pytest

import lamina as tf
from lamina.engine import backward


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> backward._Programs:
    fresh = backward._Programs()
    monkeypatch.setattr(backward, "_programs", fresh)
    return fresh


def tangled(x: tf.Tensor, v: tf.Variable) -> list[tf.Tensor | None]:
    with tf.GradientTape() as tape:
        tape.watch(x)
        a = tf.concat([x, x * v], 0)
        b = a * a + 2.0
        c = tf.reduce_sum(tf.math.sin(b[1:] / v), axis=0)
        d = tf.cast(tf.argmax(a), tf.float32) + c
    return tape.gradient([d, b, b], [x, v, a, b, tf.constant(1.0)])


def test_pieces_give_what_single_records_give(monkeypatch: pytest.MonkeyPatch) -> None:
    x, v = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.Variable([2.0, 3.0])
    together = tangled(x, v)
    monkeypatch.setattr(backward, "PIECE", 1)
    alone = tangled(x, v)
    monkeypatch.setattr(backward, "PIECE", 3)
    for other in (alone, tangled(x, v)):
        for found, wanted in zip(other, together, strict=True):
            assert (found is None) == (wanted is None)
            if wanted is not None:
                np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert together[-1] is None


def test_one_structure_is_compiled_once(programs: backward._Programs) -> None:
    v = tf.Variable([1.0, 2.0])
    for scale in (1.0, 2.0, 3.0):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.math.exp(v * tf.constant([scale, 1.0])))
        found = tape.gradient(y, v)
        np.testing.assert_allclose(found[0], scale * np.exp(scale), rtol=1e-6)
    (program,) = programs._kept.values()
    assert program.jit._cache_size() == 1


def test_structures_that_never_repeat_are_not_compiled(
    programs: backward._Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_credit", 2)
    x = tf.constant(0.5)
    for length in range(2, 7):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(length):
                y = y * x
        np.testing.assert_allclose(
            tape.gradient(y, x), (length + 1) * 0.5**length, rtol=1e-6
        )
    assert len(programs._kept) == 2


def test_few_programs_are_kept(
    programs: backward._Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backward, "PROGRAMS", 2)
    x = tf.constant(2.0)
    for op in (tf.math.sin, tf.math.cos, tf.math.exp):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = op(op(x))
        tape.gradient(y, x)
    assert len(programs._kept) == 2


def test_pieces_are_differentiated_again() -> None:
    x = tf.Variable(1.5)
    with tf.GradientTape() as third, tf.GradientTape() as second:
        with tf.GradientTape() as first:
            y = tf.math.sin(x) * x
        slope = first.gradient(y, x)
        bend = second.gradient(slope, x)
    np.testing.assert_allclose(slope, np.cos(1.5) * 1.5 + np.sin(1.5), rtol=1e-6)
    np.testing.assert_allclose(bend, 2 * np.cos(1.5) - 1.5 * np.sin(1.5), rtol=1e-6)
    np.testing.assert_allclose(
        third.gradient(bend, x), -3 * np.sin(1.5) - 1.5 * np.cos(1.5), rtol=1e-6
    )


def test_a_custom_gradient_splits_a_piece() -> None:
    @tf.custom_gradient
    def doubled(x: tf.Tensor) -> object:
        return x * 1.0, lambda upstream: upstream * 2.0

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.square(doubled(x * x)) * x
    assert float(tape.gradient(y, x)) == 2 * 2 * 9 * 6 * 3 + 81


def test_complex_gradients_follow_tensorflow() -> None:
    z = tf.constant(1.0 + 2.0j)
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = tf.math.real(z * z * tf.math.conj(z))
    found = tape.gradient(y, z)
    a, b = 1.0, 2.0  # y = a**3 + a * b**2
    np.testing.assert_allclose(found, (3 * a * a + b * b) + 2j * a * b, rtol=1e-6)
