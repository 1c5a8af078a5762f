"""Kernels of gelu against float64, at all orders of differentiation."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.kernels.gelu import exact_gelu
from lamina.kernels.library import status
from lamina.kernels.selection import native, portable

built = pytest.mark.skipif(status().library is None, reason=status().text)
POINTS = np.concatenate([np.linspace(-12, 12, 9001), [0.0, -0.0, 1e-30, -1e-6]])


def rows(x, columns=64):
    """As rows that are long enough for the kernel."""
    return np.resize(x, (-(-x.size // columns), columns))


def exact(x):
    return np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.ravel()])


def slope(x):
    bell = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    below = np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.ravel()])
    return below.reshape(x.shape) + x * bell


@built
def test_a_kernel_computes_it():
    x = np.zeros((2, 64), np.float32)
    assert "lamina_gelu" in str(jax.make_jaxpr(lambda x: tf.nn.gelu(x)._value)(x))
    with portable():
        assert "ffi_call" not in str(jax.make_jaxpr(lambda x: exact_gelu(x))(x))


def test_results_and_gradients():
    x = np.float32(rows(POINTS))
    wanted = exact(np.float64(x)).reshape(x.shape)
    exactness = 2e-7 if native() else 1e-6  # XLA loses digits in the lower tail
    np.testing.assert_allclose(exact_gelu(x), wanted, rtol=5e-7, atol=exactness)
    got, pull = jax.vjp(exact_gelu, x)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)
    dy = np.float32(np.random.default_rng(0).normal(size=x.shape))
    np.testing.assert_allclose(
        pull(jnp.asarray(dy))[0], dy * slope(np.float64(x)), rtol=1e-6, atol=2e-6
    )


def test_second_derivatives():
    x = rows(np.linspace(-4, 4, 500))

    def penalty(x):
        return jnp.sum(jax.grad(lambda x: jnp.sum(exact_gelu(x) ** 2))(x) ** 2)

    with portable():
        wanted = jax.grad(penalty)(x)
    np.testing.assert_allclose(jax.grad(penalty)(np.float32(x)), wanted, atol=1e-4)


@pytest.mark.parametrize("columns", [64, 65, 257, 1000])
def test_all_lengths_agree(columns):
    x = np.float32(np.random.default_rng(0).normal(size=(3, columns)))
    flat = np.float32(exact(np.float64(x))).reshape(x.shape)
    np.testing.assert_allclose(exact_gelu(x), flat, rtol=1e-6, atol=1e-6)
    dy = np.ones_like(x)
    found = jax.vjp(exact_gelu, x)[1](dy)[0]
    np.testing.assert_allclose(found, slope(np.float64(x)), rtol=1e-5, atol=1e-6)


def test_bfloat16():
    x = jnp.asarray(rows(np.linspace(-5, 5, 999)), jnp.bfloat16)
    got = exact_gelu(x)
    (gradient,) = jax.vjp(exact_gelu, x)[1](jnp.ones_like(x))
    wide = np.float64(x)
    assert got.dtype == gradient.dtype == jnp.bfloat16
    np.testing.assert_allclose(
        np.float64(got), exact(wide).reshape(x.shape), rtol=5e-3, atol=1e-6
    )
    np.testing.assert_allclose(np.float64(gradient), slope(wide), rtol=5e-3, atol=1e-5)


def test_infinite_and_missing_values():
    x = np.zeros((2, 64), np.float32)
    odd = np.frombuffer(np.uint32(0x7FC00001).tobytes(), np.float32)[0]
    x[0, :3] = np.inf, np.nan, odd
    found = np.asarray(exact_gelu(x))
    assert found[0, 0] == np.inf and np.all(np.isnan(found[0, 1:3]))
    assert not np.any(found[0, 3:]) and not np.any(found[1])


def test_vectorised_and_empty():
    x = np.float32(np.random.default_rng(0).normal(size=(3, 4, 64)))
    np.testing.assert_array_equal(jax.vmap(exact_gelu)(x), exact_gelu(x))
    assert exact_gelu(np.zeros((0, 64), np.float32)).shape == (0, 64)


def test_runs_are_equal_bit_for_bit():
    x = np.float32(np.random.default_rng(0).normal(size=(2048, 512)))
    run = jax.jit(exact_gelu)
    first = np.asarray(run(x))
    for _ in range(5):
        np.testing.assert_array_equal(run(x), first)
