"""Layer normalisation kernels against float64, at all orders of differentiation."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.kernels import layer_norm as module
from lamina.kernels.layer_norm import normalize_rows
from lamina.kernels.library import status
from lamina.kernels.selection import native, portable

built = pytest.mark.skipif(status().library is None, reason=status().text)
SHAPES = [(40, 128), (3, 5, 33), (2, 1), (1, 700), (300, 7, 16)]


@pytest.fixture(autouse=True)
def native_for_all_sizes(monkeypatch):
    """Kernels for short rows, too."""
    monkeypatch.setattr(module, "chosen", lambda *_: native())


def arrays(shape, dtype="float64"):
    random = np.random.default_rng(0)
    x, dy = random.normal(1.5, 2.0, (2, *shape))
    scale, offset = random.normal(size=(2, shape[-1]))
    return [a.astype(dtype) for a in (x, scale, offset, dy)]


def run(x, scale, offset, centred=True):
    return normalize_rows(x, scale, offset, (x.ndim - 1,), 1e-3, centred)


def error(got, wanted):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    return np.max(np.abs(got - wanted), initial=0) / np.max(np.abs(wanted), initial=1)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_results_and_gradients(shape, centred):
    *inputs, dy = arrays(shape)
    with portable():
        wanted, pull = jax.vjp(lambda *a: run(*a, centred), *inputs)
    got, back = jax.vjp(lambda *a: run(*a, centred), *map(np.float32, inputs))
    pairs = zip((got, *back(jnp.float32(dy))), (wanted, *pull(dy)))
    for one, other in pairs:
        assert error(one, other) < 1e-5


@built
def test_a_kernel_computes_it():
    inputs = arrays((8, 64), "float32")[:3]
    assert "lamina_layer" in str(jax.make_jaxpr(lambda *a: run(*a))(*inputs))
    with portable():
        assert "ffi_call" not in str(jax.make_jaxpr(lambda *a: run(*a))(*inputs))


@pytest.mark.parametrize("centred", [True, False])
def test_second_derivatives(centred):
    inputs = arrays((4, 6))[:3]

    def penalty(*inputs):
        def inner(*inputs):
            return jnp.sum(run(*inputs, centred) ** 3)

        return sum(jnp.sum(g**2) for g in jax.grad(inner, (0, 1, 2))(*inputs))

    with portable():
        wanted = jax.grad(penalty, (0, 1, 2))(*inputs)
    got = jax.grad(penalty, (0, 1, 2))(*map(np.float32, inputs))
    for one, other in zip(got, wanted):
        assert error(one, other) < 1e-3


def test_a_mean_that_is_large_against_the_deviation():
    x = np.float32(np.random.default_rng(0).normal(1e4, 0.1, (5, 256)))
    with portable():
        wanted = run(np.float64(x), None, None)
    assert error(run(x, None, None), wanted) < 2e-2


def test_bfloat16():
    x, scale, offset, dy = arrays((50, 96))
    x, dy = jnp.asarray(x, jnp.bfloat16), jnp.asarray(dy, jnp.bfloat16)
    got, back = jax.vjp(run, x, np.float32(scale), np.float32(offset))
    with portable():
        wanted, pull = jax.vjp(run, np.float64(x), scale, offset)
    assert got.dtype == jnp.bfloat16
    for one, other in zip((got, *back(dy)), (wanted, *pull(np.float64(dy)))):
        assert error(one, other) < 1e-2


def test_missing_values_stay_in_their_row():
    x, scale, offset, _ = arrays((4, 32), "float32")
    x[1, 3] = np.nan
    found = np.asarray(run(x, scale, offset))
    assert np.all(np.isnan(found[1])) and np.sum(np.isnan(found)) == 32


@pytest.mark.parametrize("shape", [(0, 16), (2, 0)])
def test_empty_rows(shape):
    x, scale, offset, dy = arrays(shape, "float32")
    got, back = jax.vjp(run, x, scale, offset)
    assert got.shape == shape
    dx, d_scale, d_offset = back(dy)
    assert dx.shape == shape and not np.any(d_scale) and not np.any(d_offset)


def test_vectorised_over_rows_and_scales():
    x, scale, offset, dy = arrays((3, 4, 32), "float32")
    scales = np.stack([scale, scale * 2, scale - 1])

    def both(x, scale, offset, dy):
        y, pull = jax.vjp(run, x, scale, offset)
        return (y, *pull(dy))

    for axes, scaled in (((0, None, None, 0), scale), ((0, 0, None, 0), scales)):
        found = jax.vmap(both, axes)(x, scaled, offset, dy)
        for i in range(3):
            one = both(x[i], scaled if axes[1] is None else scaled[i], offset, dy[i])
            for a, b in zip(found, one):
                np.testing.assert_allclose(a[i], b, rtol=1e-5, atol=1e-5)


def test_runs_are_equal_bit_for_bit_in_several_threads():
    inputs = arrays((2048, 128), "float32")

    @jax.jit
    def all_of(x, scale, offset, dy):
        y, pull = jax.vjp(run, x, scale, offset)
        return (y, *pull(dy))

    first = [np.asarray(a) for a in all_of(*inputs)]
    wrong = []

    def work():
        for _ in range(10):
            wrong.extend(np.any(a != b) for a, b in zip(first, all_of(*inputs)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 160 and not any(wrong)


def test_layers_and_other_axes():
    x = np.float32(np.random.default_rng(0).normal(size=(3, 4, 5)))
    for axis in (-1, 1, (1, 2)):
        found = tf.keras.layers.LayerNormalization(axis=axis)(x)
        mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
        wanted = (x - mean) / np.sqrt(variance + 1e-3)
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    scaled = tf.keras.ops.layer_normalization(
        x, np.ones(5, "float32"), rms_scaling=True
    )
    wanted = x / np.sqrt(x.var(-1, keepdims=True) + tf.keras.backend.epsilon())
    np.testing.assert_allclose(scaled, wanted, rtol=1e-4, atol=1e-5)
