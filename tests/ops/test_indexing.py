"""Indexing, shapes inside functions, and the texts of errors of array operations."""

import warnings

import numpy as np
import pytest

import lamina as tf
from lamina.engine.graph import KerasTensor
from lamina.ops.array.slicing import index_dynamic


def test_neighbouring_indices_share_one_program() -> None:
    x = tf.constant(np.arange(4000, dtype=np.float32)) + 0.0
    before = len(index_dynamic._kernels)
    values = [float(x[i].numpy()) for i in range(5)]
    windows = [x[i : i + 3].numpy().tolist() for i in range(1, 4)]
    assert values == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert windows[2] == [3.0, 4.0, 5.0]
    assert len(index_dynamic._kernels) - before <= 2


def test_reshape_names_both_numbers() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.reshape(tf.zeros([12544]), [-1, 5408])
    text = str(caught.value)
    assert (
        "12544" in text and "5408" in text and text.startswith("tf.reshape: expected")
    )


def test_matmul_names_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"In\[0\]: \[2,3\], In\[1\]: \[2,3\]"):
        tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))


def test_run_time_bounds_are_explained() -> None:
    @tf.function
    def cut(x: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        return x[:n]

    with pytest.raises(tf.errors.InvalidArgumentError, match="tf.slice"):
        cut(tf.ones([3]), tf.constant(2))


def test_gather_out_of_range_in_a_function_gives_zeros() -> None:
    pick = tf.function(lambda x, i: tf.gather(x, i))
    found = pick(tf.constant([1.0, 2.0]), tf.constant([1, 7, -1]))
    assert found.numpy().tolist() == [2.0, 0.0, 0.0]


def test_scatter_out_of_range_in_a_function_is_left_out() -> None:
    write = tf.function(lambda x, i, u: tf.tensor_scatter_nd_update(x, i, u))
    found = write(tf.zeros([2]), tf.constant([[1], [5]]), tf.constant([3.0, 4.0]))
    assert found.numpy().tolist() == [0.0, 3.0]


def test_mask_in_a_function_runs_op_by_op_with_one_warning() -> None:
    positive = tf.function(lambda x: tf.boolean_mask(x, x > 0))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        found = positive(tf.constant([1.0, -1.0, 2.0]))
    assert found.numpy().tolist() == [1.0, 2.0]


def test_symbolic_inputs_keep_unknown_sizes() -> None:
    x = KerasTensor((None, 4, 3))
    assert x[:, 0].shape.as_list() == [None, 3]
    assert x[:, : tf.shape(x)[1] - 1].shape.as_list() == [None, 3, 3]
    assert tf.zeros([tf.shape(x)[0], 2]).shape.as_list() == [None, 2]
    assert tf.boolean_mask(x, [True, False, True, True], axis=1).shape[1] == 3


def test_shape_arithmetic_stays_known() -> None:
    @tf.function
    def halves(x: tf.Tensor) -> tf.Tensor:
        rows = tf.cast(
            tf.math.ceil(tf.cast(tf.shape(x)[0], tf.float32) / 2.0), tf.int32
        )
        return tf.reshape(x[: rows * 2], [rows, 2])

    assert halves(tf.ones([6])).shape == (3, 2)


def test_constants_in_a_function_follow_floating_rules() -> None:
    @tf.function
    def odd() -> tuple[tf.Tensor, tf.Tensor]:
        return tf.constant(1.0) / tf.constant(0.0), tf.math.log(tf.constant(0.0))

    infinity, log_zero = odd()
    assert infinity.numpy() == np.inf and log_zero.numpy() == -np.inf


def test_foreign_classes_get_their_reflected_operator() -> None:
    class Foreign:
        def __radd__(self, other: object) -> str:
            return "reflected"

    assert tf.constant(1) + Foreign() == "reflected"


def test_large_results_are_made_on_the_device() -> None:
    assert tf.zeros([100, 100]).numpy().sum() == 0
    assert tf.range(100_000)[-1].numpy() == 99_999
    assert tf.eye(200).numpy().trace() == 200
    assert tf.fill([200, 200], 2).numpy().sum() == 80_000
