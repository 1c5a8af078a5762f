"""Batch normalisation kernels against float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.kernels.batch_norm import moments, normalise
from lamina.kernels.selection import native, portable

SHAPE = (6, 9, 11, 24)


def arrays(dtype, seed=0, shape=SHAPE):
    random = np.random.default_rng(seed)
    x = random.normal(1.5, 2.0, shape).astype(dtype)
    scale, offset = random.normal(size=(2, shape[-1])).astype(dtype)
    return x, scale, offset


def error(got, wanted):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    return np.max(np.abs(got - wanted)) / np.max(np.abs(wanted))


def reference(x, scale, offset, relu):
    """Differentiated step by step, with nothing of the kernels."""
    mean = jnp.mean(x, (0, 1, 2))
    variance = jnp.mean((x - mean) ** 2, (0, 1, 2))
    y = (x - mean) / jnp.sqrt(variance + 1e-3) * scale + offset
    return jnp.maximum(y, 0) if relu else y


def kernel(x, scale, offset, relu):
    return train(x, scale, offset, relu)[0]


def train(x, scale, offset, relu=False):
    mean, variance = moments(jax.lax.stop_gradient(x), -1)
    y = normalise(x, scale, offset, mean, variance, -1, 1e-3, relu)
    return y, mean, variance


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", [SHAPE, (3, 50, 1, 97), (64, 16, 16, 8)])
def test_result_and_gradients(relu, shape):
    x, scale, offset = arrays("float64", shape=shape)
    dy = np.random.default_rng(1).normal(size=shape)
    wanted, pull = jax.vjp(lambda *a: reference(*a, relu), x, scale, offset)
    narrow = [np.float32(a) for a in (x, scale, offset)]
    got, pull_narrow = jax.vjp(lambda *a: kernel(*a, relu), *narrow)
    used = "ffi_call" in str(jax.make_jaxpr(lambda *a: kernel(*a, relu))(*narrow))
    assert used == native()
    assert error(got, wanted) < 1e-5
    for one, other in zip(pull_narrow(np.float32(dy)), pull(dy)):
        assert error(one, other) < 2e-5


@pytest.mark.parametrize("relu", [False, True])
def test_second_derivatives(relu):
    def penalty(function, *inputs):
        def inner(*a):
            return jnp.sum(function(*a, relu) ** 3)

        return sum(jnp.sum(g**2) for g in jax.grad(inner, (0, 1, 2))(*inputs))

    inputs = arrays("float64", shape=(4, 8, 8, 16))
    wanted = jax.grad(lambda *a: penalty(reference, *a), (0, 1, 2))(*inputs)
    narrow = [np.float32(a) for a in inputs]
    got = jax.grad(lambda *a: penalty(kernel, *a), (0, 1, 2))(*narrow)
    for one, other in zip(got, wanted):
        assert error(one, other) < 1e-3


def test_a_mean_that_is_large_against_the_deviation():
    x = np.random.default_rng(0).normal(1e4, 0.1, (32, 16, 16, 8))
    mean, variance = moments(np.float32(x), -1)
    x = np.float64(np.float32(x))
    assert error(mean, x.mean((0, 1, 2))) < 1e-6
    assert error(variance, x.var((0, 1, 2))) < 1e-3


def test_an_outlier_in_the_first_row():
    x = np.random.default_rng(0).normal(size=(32, 16, 16, 8))
    x[0, 0, 0] = 1e6
    _, variance = moments(np.float32(x), -1)
    # A sum of 1e12 and a thousand numbers of 1e6, in float32.
    assert error(variance, np.float64(np.float32(x)).var((0, 1, 2))) < 1e-4


def test_bfloat16():
    x, scale, offset = arrays("float64")
    half = jnp.asarray(x, jnp.bfloat16)
    y, mean, _ = train(half, np.float32(scale), np.float32(offset), True)
    assert y.dtype == jnp.bfloat16 and mean.dtype == jnp.float32
    assert error(y, reference(np.float64(half), scale, offset, True)) < 1e-2
    gradient = jax.grad(
        lambda x: jnp.sum(kernel(x, np.float32(scale), np.float32(offset), True) ** 2)
    )(half)
    wanted = jax.grad(lambda x: jnp.sum(reference(x, scale, offset, True) ** 2))(
        np.float64(half)
    )
    assert gradient.dtype == jnp.bfloat16
    assert error(gradient, wanted) < 3e-2


def test_infinite_and_missing_values_stay_visible():
    x, scale, offset = arrays("float32")
    x[0, 0, 0, 0] = np.nan
    y, mean, variance = train(x, scale, offset)
    assert np.isnan(mean[0]) and np.isnan(variance[0])
    assert np.all(np.isnan(y[..., 0])) and np.all(np.isfinite(y[..., 1:]))


def test_moments_are_differentiable():
    x = arrays("float64")[0]

    def both(x):
        mean, variance = moments(x, -1)
        return jnp.sum(mean**2) + jnp.sum(variance**2)

    with portable():
        wanted = jax.grad(both)(x)
    assert error(jax.grad(both)(np.float32(x)), wanted) < 1e-4
