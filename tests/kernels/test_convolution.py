"""Convolution kernels against float64, at all orders of differentiation."""

import itertools
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.kernels.convolution import (
    _TYPES,
    Form,
    _kernel,
    convolution,
    transposed,
)
from lamina.kernels.library import status
from lamina.kernels.selection import native, portable

built = pytest.mark.skipif(status().library is None, reason=status().text)

STEPS = [(1, 1), (2, 1), (1, 2), (3, 1)]
PADS = ["SAME", "VALID", (0, 1), (2, 1)]
CHANNELS = [(3, 5, 1), (4, 6, 2), (5, 5, 5), (5, 10, 5)]
SIZES = (9, 8, 7)


def is_native(function, *arrays):
    return "ffi_call" in str(jax.make_jaxpr(function)(*arrays))


def error(got, wanted):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    largest = np.max(np.abs(wanted), initial=0)
    return np.max(np.abs(got - wanted), initial=0) / (largest + 1e-9)


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def passes(function, x, filters, dy):
    """The result and both gradients."""
    y, pull = jax.vjp(function, x, filters)
    return (y, *pull(jnp.asarray(dy, y.dtype)))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_passes_equal_those_in_float64(rank):
    every = list(itertools.product(STEPS, PADS, CHANNELS))
    for (step, rate), pad, (c, f, groups) in every[rank % 5 :: 5]:
        padding = pad if isinstance(pad, str) else [pad] * rank
        x = normal(0, 3, *SIZES[:rank], c)
        filters = normal(1, *(3,) * rank, c // groups, f)

        def run(x, filters):
            return convolution(
                x, filters, (step,) * rank, padding, (rate,) * rank, groups=groups
            )

        with portable():
            dy = normal(2, *jax.eval_shape(run, x, filters).shape)
            wanted = passes(run, x, filters, dy)
        got = passes(run, np.float32(x), np.float32(filters), np.float32(dy))
        case = (rank, step, rate, pad, c, f, groups)
        assert is_native(run, np.float32(x), np.float32(filters)) == native(), case
        for one, other in zip(got, wanted):
            assert error(one, other) < 1e-5, case


@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("step, width, before", [(1, 3, 1), (2, 3, 0), (2, 2, 0)])
def test_transposed_equals_float64(channels_last, step, width, before):
    shape = (2, 5, 5, 4) if channels_last else (2, 4, 5, 5)
    target = ((5 - 1) * step + width - 2 * before,) * 2
    x, filters = normal(0, *shape), normal(1, width, width, 3, 4)

    def run(x, filters):
        pads = (before, before)
        return transposed(
            x, filters, target, (step,) * 2, pads, (1, 1), channels_last=channels_last
        )

    with portable():
        dy = normal(2, *jax.eval_shape(run, x, filters).shape)
        wanted = passes(run, x, filters, dy)
    got = passes(run, np.float32(x), np.float32(filters), np.float32(dy))
    assert is_native(run, np.float32(x), np.float32(filters)) == native()
    for one, other in zip(got, wanted):
        assert error(one, other) < 1e-5


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_a_bias_and_a_relu(relu, channels_last):
    x = normal(0, 4, 9, 9, 3) if channels_last else normal(0, 4, 3, 9, 9)
    filters, bias = normal(1, 3, 3, 3, 8), normal(2, 8)

    def run(x, filters, bias):
        return convolution(
            x,
            filters,
            (1, 1),
            "SAME",
            (1, 1),
            channels_last=channels_last,
            bias=bias,
            relu=relu,
        )

    def loss(*arrays):
        return jnp.sum(run(*arrays) ** 3)

    def curvature(*arrays):
        return sum(jnp.sum(g**2) for g in jax.grad(loss, (0, 1, 2))(*arrays))

    arrays = x, filters, bias
    narrow = [np.float32(a) for a in arrays]
    for function in (loss, curvature):
        with portable():
            wanted = jax.grad(function, (0, 1, 2))(*arrays)
        for one, other in zip(jax.grad(function, (0, 1, 2))(*narrow), wanted):
            assert error(one, other) < 1e-4


def test_layers_whose_convolution_is_overridden():
    class Halved(tf.keras.layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            return super().convolution_op(inputs, kernel / 2)

    x = np.float32(normal(0, 2, 6, 6, 3))
    plain = tf.keras.layers.Conv2D(4, 3, activation="relu")
    halved = Halved(4, 3, activation="relu")
    plain(x), halved(x)
    halved.set_weights(plain.get_weights())
    np.testing.assert_allclose(halved(x) * 2, plain(x), rtol=1e-5, atol=1e-6)


def penalty(x, filters):
    """A function whose second derivatives mix all passes."""

    def inner(x, filters):
        y = convolution(x, filters, (1, 1), "SAME", (1, 1))
        return jnp.sum(y**3)

    dx, dw = jax.grad(inner, (0, 1))(x, filters)
    return jnp.sum(dx**2) + jnp.sum(dw**2)


def test_gradients_of_gradients():
    x, filters = normal(0, 2, 6, 6, 3), normal(1, 3, 3, 3, 4)
    with portable():
        wanted = jax.grad(penalty, (0, 1))(x, filters)
    got = jax.grad(penalty, (0, 1))(np.float32(x), np.float32(filters))
    for one, other in zip(got, wanted):
        assert error(one, other) < 1e-4


def test_forward_mode_uses_portable_operations():
    x, filters = np.float32(normal(0, 2, 6, 6, 3)), np.float32(normal(1, 3, 3, 3, 4))

    def run(x):
        return tf.nn.conv2d(x, filters, 1, "SAME")

    value, tangent = tf.keras.ops.jvp(run, (x,), (x,))
    np.testing.assert_allclose(value, tangent, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision(dtype):
    x, filters = normal(0, 2, 8, 8, 6), normal(1, 3, 3, 6, 7)
    x, filters = (np.asarray(tf.cast(a, dtype), np.float64) for a in (x, filters))

    def run(x, filters):
        return convolution(x, filters, (1, 1), "SAME", (1, 1))

    with portable():
        dy = np.ones((2, 8, 8, 7))
        wanted = passes(run, x, filters, dy)
    halves = [jnp.asarray(a, dtype) for a in (x, filters, dy)]
    for one, other in zip(passes(run, *halves), wanted):
        assert one.dtype == dtype
        assert error(one, other) < 2e-2


@built
def test_depthwise_gradients_have_kernels_of_their_own():
    form = Form((2, 2), ((0, 1), (0, 1)), (1, 1), groups=64)
    dims = (8, 16, 16, 64, 3, 3, 1, 64, 8, 8, 8, 64)
    for dtype in ("float32", *status().half_types):
        found, name = _kernel(form, dims, _TYPES[dtype], 1)
        assert found and "dw" in name


@pytest.mark.parametrize("batch", [0, 1, 2, 7, 33])
def test_every_batch_size(batch):
    x, filters = (
        np.float32(normal(0, batch, 20, 20, 8)),
        np.float32(normal(1, 5, 5, 8, 16)),
    )

    def run(x, filters):
        return convolution(x, filters, (1, 1), "SAME", (1, 1))

    dy = np.ones((batch, 20, 20, 16), np.float32)
    with portable():
        wanted = passes(run, x, filters, dy)
    for one, other in zip(passes(run, x, filters, dy), wanted):
        assert error(one, other) < 1e-5


def test_arrays_in_other_orders_of_memory():
    x = np.float32(normal(0, 8, 6, 7, 4)).transpose(3, 1, 2, 0)[:, ::-1]
    filters = np.float32(normal(1, 5, 8, 3, 3)).transpose(2, 3, 1, 0)
    got = tf.nn.conv2d(x, filters, 1, "SAME")
    same = tf.nn.conv2d(x.copy("C"), filters.copy("C"), 1, "SAME")
    np.testing.assert_array_equal(got, same)


def test_a_batch_of_filters_and_of_inputs():
    x, filters = (
        np.float32(normal(0, 3, 2, 6, 6, 3)),
        np.float32(normal(1, 3, 3, 3, 3, 4)),
    )

    def run(x, filters):
        return convolution(x, filters, (1, 1), "SAME", (1, 1))

    got = jax.vmap(run)(x, filters)
    for index in range(3):
        assert error(got[index], run(x[index], filters[index])) < 1e-6


def test_runs_are_equal_bit_for_bit():
    x, filters = (
        np.float32(normal(0, 32, 24, 24, 16)),
        np.float32(normal(1, 3, 3, 16, 32)),
    )
    dy = np.float32(normal(2, 32, 24, 24, 32))

    @jax.jit
    def run(x, filters, dy):
        return passes(
            lambda *a: convolution(*a, (1, 1), "SAME", (1, 1)), x, filters, dy
        )

    first = [np.asarray(item) for item in run(x, filters, dy)]
    for _ in range(10):
        for one, other in zip(first, run(x, filters, dy)):
            np.testing.assert_array_equal(one, other)


def test_several_threads_and_programs_at_once():
    x, dy = np.float32(normal(0, 16, 24, 24, 8)), np.float32(normal(2, 16, 24, 24, 16))

    def program(width):
        filters = np.float32(normal(width, width, width, 8, 16))
        run = jax.jit(
            lambda *a: passes(lambda *b: convolution(*b, (1, 1), "SAME", (1, 1)), *a)
        )
        return lambda: [np.asarray(item) for item in run(x, filters, dy)]

    programs = [program(width) for width in (1, 3, 5)]
    wanted = [run() for run in programs]
    wrong = []

    def work(index):
        for _ in range(20):
            got = programs[index % 3]()
            if any(np.any(a != b) for a, b in zip(got, wanted[index % 3])):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@built
def test_unknown_instructions_do_not_claim_half_types():
    assert status().half_types <= {"bfloat16", "float16"}
    assert status().instructions & 0x7 == 0x7 or not status().half_types
