"""3x3 convolutions by minimal filtering, against float64."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.kernels.convolution import convolution
from lamina.kernels.library import status
from lamina.kernels.selection import native, portable

built = pytest.mark.skipif(status().library is None, reason=status().text)

# Batches of images, channels in and out, and zeros around the images.
CASES = [
    ((2, 32, 32, 16, 32), "SAME"),
    ((5, 13, 9, 32, 48), "SAME"),
    ((4, 15, 15, 32, 64), "VALID"),
    ((9, 10, 6, 48, 16), [(2, 0), (0, 2)]),
    ((3, 12, 21, 64, 32), [(2, 2), (1, 0)]),
    ((64, 4, 4, 128, 32), "SAME"),
    ((1, 40, 33, 16, 80), "SAME"),
]


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def arrays(batch, height, width, channels, features):
    return (
        normal(0, batch, height, width, channels),
        normal(1, 3, 3, channels, features),
    )


def passes(padding, x, filters, **options):
    def run(x, filters):
        return convolution(x, filters, (1, 1), padding, (1, 1), **options)

    y, pull = jax.vjp(run, x, filters)
    return (y, *pull(jnp.asarray(normal(2, *y.shape), y.dtype)))


def error(got, wanted):
    """The largest difference, in standard deviations of the wanted values."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted)
    return np.max(np.abs(got - wanted)) / np.std(wanted)


def worst(sizes, padding, **options):
    x, filters = arrays(*sizes)
    with portable():
        wanted = passes(padding, x, filters, **options)
    got = passes(padding, np.float32(x), np.float32(filters), **options)
    return max(map(error, got, wanted))


def is_minimal(function, *arrays):
    return "lamina_winograd" in str(jax.make_jaxpr(function)(*arrays))


@pytest.mark.parametrize("sizes, padding", CASES)
def test_passes_equal_those_in_float64(sizes, padding):
    x, filters = map(np.float32, arrays(*sizes))
    assert is_minimal(lambda *a: passes(padding, *a), x, filters) == native()
    assert worst(sizes, padding) < 3e-5


def test_errors_stay_near_those_of_sums():
    """At the points 0, 1, -1, 2, -2 the mean error is four times that of sums."""
    x, filters = arrays(8, 16, 16, 64, 64)
    with portable():
        wanted = np.asarray(passes("SAME", x, filters)[0])
        plain = passes("SAME", np.float32(x), np.float32(filters))[0]
    got = passes("SAME", np.float32(x), np.float32(filters))[0]

    def mean_error(values):
        return np.sqrt(np.mean((np.asarray(values, np.float64) - wanted) ** 2))

    assert mean_error(got) < 3 * mean_error(plain)


@pytest.mark.parametrize("channels_last", [True, False])
def test_a_bias_and_a_relu(channels_last):
    x, filters = arrays(3, 13, 14, 32, 32)
    x = x if channels_last else np.moveaxis(x, -1, 1)
    bias = normal(3, 32)

    def run(x, filters, bias):
        options = {"channels_last": channels_last, "bias": bias, "relu": True}
        return convolution(x, filters, (1, 1), "SAME", (1, 1), **options)

    def loss(*arrays):
        return jnp.sum(run(*arrays) ** 2)

    with portable():
        value, gradients = jax.value_and_grad(loss, (0, 1, 2))(x, filters, bias)
    narrow = [np.float32(a) for a in (x, filters, bias)]
    assert is_minimal(run, *narrow) == native()
    got, found = jax.value_and_grad(loss, (0, 1, 2))(*narrow)
    np.testing.assert_allclose(got, value, rtol=1e-5)
    for one, other in zip(found, gradients):
        assert error(one, other) < 3e-5


def test_gradients_of_gradients():
    def inner(x, filters):
        return jnp.sum(convolution(x, filters, (1, 1), "SAME", (1, 1)) ** 3)

    def penalty(x, filters):
        return sum(jnp.sum(g**2) for g in jax.grad(inner, (0, 1))(x, filters))

    x, filters = arrays(8, 12, 12, 16, 32)
    with portable():
        wanted = jax.grad(penalty, (0, 1))(x, filters)
    narrow = np.float32(x), np.float32(filters)
    assert is_minimal(jax.grad(penalty), *narrow) == native()
    for one, other in zip(jax.grad(penalty, (0, 1))(*narrow), wanted):
        assert error(one, other) < 2e-4


@built
def test_what_is_left_to_other_kernels():
    def chosen(batch, size, channels, features, window=3, step=1, rate=1):
        x = np.zeros((batch, size, size, channels), np.float32)
        filters = np.zeros((window, window, channels, features), np.float32)
        steps, rates = (step, step), (rate, rate)
        return is_minimal(
            lambda x, f: convolution(x, f, steps, "SAME", rates), x, filters
        )

    assert chosen(32, 16, 32, 32)
    assert not chosen(1, 8, 16, 16)  # too small
    assert not chosen(32, 16, 3, 32)  # no whole vector of channels
    assert not chosen(32, 16, 512, 512)  # filters that outgrow the caches
    assert not chosen(32, 17, 32, 32, step=2)
    assert not chosen(32, 17, 32, 32, rate=2)
    assert not chosen(32, 16, 32, 32, window=5)
    assert not chosen(2048, 2, 32, 32)  # a quarter of each tile


@built
def test_runs_and_threads_agree_bit_for_bit():
    sizes, padding = CASES[1]
    x, filters = map(np.float32, arrays(*sizes))
    run = jax.jit(lambda *a: passes(padding, *a))
    first = [np.asarray(a) for a in run(x, filters)]
    found = []

    def repeat():
        for _ in range(5):
            found.append([np.asarray(a) for a in run(x, filters)])

    threads = [threading.Thread(target=repeat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    for each in found:
        for one, other in zip(each, first):
            np.testing.assert_array_equal(one, other)


@built
def test_a_filter_with_nan_is_seen():
    x, filters = map(np.float32, arrays(2, 32, 32, 16, 32))
    filters[1, 1, 3, 5] = np.nan
    y = passes("SAME", x, filters)[0]
    assert np.isnan(y[..., 5]).all() and np.isfinite(y[..., :5]).all()


@built
@pytest.mark.parametrize("instructions", ["AVX2", "SSE41"])
def test_versions_for_older_processors(instructions):
    code = (
        "from tests.kernels.test_winograd import CASES, status, worst\n"
        "print(max(worst(*case) for case in CASES), status().text)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": instructions},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert float(found.split()[0]) < 3e-5
    assert instructions.replace("SSE41", "SSE4.1") in found
