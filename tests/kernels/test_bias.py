"""The gradient of a bias and the ReLU after it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.kernels.bias import relu_bias_gradient
from lamina.kernels.selection import native, portable


def arrays(dtype, shape=(5, 13, 11, 24)):
    random = np.random.default_rng(0)
    y = np.maximum(random.normal(size=shape), 0)
    return jnp.asarray(y, dtype), jnp.asarray(random.normal(size=shape), dtype)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("shape", [(5, 13, 11, 24), (64, 16, 16, 8), (3, 700, 97)])
def test_values(dtype, shape):
    y, dy = arrays(dtype, shape)
    assert ("ffi_call" in str(jax.make_jaxpr(relu_bias_gradient)(y, dy))) == native()
    passed, total = jax.jit(relu_bias_gradient)(y, dy)
    assert passed.dtype == dtype and total.dtype == jnp.float32
    wanted = np.where(np.float64(y) > 0, np.float64(dy), 0)
    np.testing.assert_array_equal(np.float64(passed), wanted)
    axes = tuple(range(len(shape) - 1))
    np.testing.assert_allclose(total, wanted.sum(axes), rtol=1e-4, atol=1e-4)


def test_what_is_given_stays_as_it_is():
    y, dy = arrays(jnp.float32)
    before = np.array(dy)
    relu_bias_gradient(y, dy)
    total = jax.jit(lambda y, dy: (relu_bias_gradient(y, dy), dy + 0))(y, dy)[1]
    np.testing.assert_array_equal(dy, before)
    np.testing.assert_array_equal(total, before)


def test_derivatives():
    y, dy = arrays(jnp.float32)

    def penalty(dy):
        passed, total = relu_bias_gradient(y, dy)
        return jnp.sum(passed**3) + jnp.sum(total**2)

    got = jax.grad(penalty)(dy)
    with portable():
        wanted = jax.grad(lambda dy: penalty(dy))(dy)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
