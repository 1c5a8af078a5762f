"""Pooling kernels against XLA's own code."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.kernels.pooling import window_max, window_mean
from lamina.kernels.selection import native, portable

SETUPS = {
    "2x2": ((5, 12, 14, 24), (2, 2), (2, 2), (0, 0)),
    "a remainder": ((5, 13, 15, 32), (2, 2), (2, 2), (0, 0)),
    "overlapping": ((4, 13, 15, 40), (3, 3), (2, 2), (1, 1)),
    "gaps": ((4, 14, 15, 16), (2, 2), (3, 4), (0, 0)),
    "uneven pads": ((3, 14, 15, 16), (3, 2), (2, 2), ((0, 1), (1, 0))),
    "1D": ((6, 40, 64), (4,), (2,), (1,)),
    "3D": ((3, 6, 8, 7, 24), (2, 3, 2), (2, 2, 1), (0, 1, 0)),
    "one image": ((1, 40, 40, 96), (2, 2), (2, 2), (0, 0)),
}


def pooling(function, setup):
    """The pooling as a function of its input, and an input with ties."""
    shape, window, steps, pads = SETUPS[setup]
    pads = [pad if isinstance(pad, tuple) else (pad, pad) for pad in pads]
    plan = (1, *window, 1), (1, *steps, 1), ((0, 0), *pads, (0, 0))
    x = np.random.default_rng(0).integers(-20, 20, shape).astype(np.float32) / 8
    return lambda x: function(x, *plan, (1,) * len(shape)), x


def both(run, *arrays):
    """The results with and without the kernels; each traced anew."""
    text = str(jax.make_jaxpr(lambda *a: run(*a))(*arrays))
    assert ("ffi_call" in text) == native()
    got = jax.jit(lambda *a: run(*a))(*arrays)
    with portable():
        wanted = jax.jit(lambda *a: run(*a))(*arrays)
    return got, wanted


def close(got, wanted, tolerance=1e-6):
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(
            np.float64(one), np.float64(other), rtol=tolerance, atol=tolerance
        )


def value_and_gradient(pool, x, dy):
    y, pull = jax.vjp(pool, x)
    return y, pull(dy.astype(y.dtype))[0]


@pytest.mark.parametrize("function", [window_max, window_mean])
@pytest.mark.parametrize("setup", SETUPS)
def test_value_and_gradient(function, setup):
    pool, x = pooling(function, setup)
    shape = jax.eval_shape(pool, x).shape
    dy = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    close(*both(functools.partial(value_and_gradient, pool), x, dy))


@pytest.mark.parametrize("function", [window_max, window_mean])
@pytest.mark.parametrize("setup", ["2x2", "overlapping", "3D"])
def test_bfloat16(function, setup):
    pool, x = pooling(function, setup)
    half = jnp.asarray(x, jnp.bfloat16)
    shape = jax.eval_shape(pool, x).shape
    dy = np.random.default_rng(1).integers(-4, 5, shape).astype(np.float32)
    run = functools.partial(value_and_gradient, pool)
    got, _ = both(run, half, dy)
    with portable():
        wanted = jax.jit(lambda *a: run(*a))(np.float32(half), dy)
    assert all(one.dtype == jnp.bfloat16 for one in got)
    tolerance = 4e-3 if native() else 4e-2  # XLA rounds every sum
    close([one.astype(jnp.float32) for one in got], wanted, tolerance)


@pytest.mark.parametrize("function", [window_max, window_mean])
def test_second_derivatives(function):
    pool, x = pooling(function, "overlapping")

    def penalty(x):
        gradient = jax.grad(lambda x: jnp.sum(pool(x) ** 3))(x)
        return jnp.sum(gradient**2)

    close(*both(jax.grad(penalty), x), 1e-4)


def test_a_tie_goes_to_the_first():
    pool, _ = pooling(window_max, "2x2")
    x = jnp.zeros((1, 2, 2, 8), jnp.float32)
    gradient = jax.grad(lambda x: jnp.sum(pool(x)))(x)
    np.testing.assert_array_equal(gradient[0, :, :, 0], [[1, 0], [0, 0]])


def test_missing_and_infinite_values():
    pool, x = pooling(window_max, "2x2")
    x[0, 0, 0, 0] = x[0, 3, 3, 1] = np.nan
    x[1] = -np.inf
    y = np.asarray(pool(x))
    if native():  # XLA's own code drops some
        assert np.isnan(y[0, 0, 0, 0]) and np.isnan(y[0, 1, 1, 1])
        assert np.sum(np.isnan(y)) == 2
    assert np.all(y[1] == -np.inf)


def test_what_the_kernels_leave_to_xla():
    def calls(function, shape, window, rates=None, dtype=np.float32):
        steps, pads = (1,) * len(shape), ((0, 0),) * len(shape)
        run = functools.partial(
            function, window=window, steps=steps, pads=pads, rates=rates or steps
        )
        return "ffi_call" in str(jax.make_jaxpr(run)(np.zeros(shape, dtype)))

    assert calls(window_max, (8, 9, 9, 16), (1, 2, 2, 1)) == native()
    assert not calls(window_max, (8, 16, 9, 9), (1, 1, 2, 2))  # channels first
    assert not calls(window_max, (8, 9, 9, 16), (1, 2, 2, 1), (1, 2, 2, 1))
    assert not calls(window_max, (8, 9, 9, 3), (1, 2, 2, 1))
    assert not calls(window_max, (8, 9, 9, 16), (1, 2, 2, 1), dtype=np.int32)
    assert not calls(window_mean, (8, 9, 9, 16), (1, 2, 2, 1), dtype=np.float64)
