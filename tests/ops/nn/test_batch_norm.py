"""The gradient rule of batch normalisation, and its accuracy."""

import jax
import jax.numpy as jnp
import numpy as np

from lamina.ops.nn.batch_norm import batch_norm_training

RNG = np.random.default_rng(0)


def plain(x: jax.Array, scale: jax.Array, offset: jax.Array) -> jax.Array:
    mean = jnp.mean(x, (0, 1))
    variance = jnp.mean(jnp.square(x - mean), (0, 1))
    return (x - mean) / jnp.sqrt(variance + 1e-3) * scale + offset


def test_gradient_is_that_of_the_formula() -> None:
    x, dy = (jnp.asarray(RNG.normal(size=(3, 4, 5))) for _ in range(2))
    scale, offset = (jnp.asarray(RNG.normal(size=5)) for _ in range(2))
    found = jax.vjp(lambda *a: batch_norm_training.lower(*a)[0], x, scale, offset)
    wanted = jax.vjp(plain, x, scale, offset)
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-10)
    for have, want in zip(found[1](dy), wanted[1](dy), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-8, atol=1e-10)


def test_a_large_mean_does_not_hide_the_variance() -> None:
    x = (1e4 + RNG.normal(size=(512, 2))).astype("float32")
    y, mean, variance = batch_norm_training(x)
    np.testing.assert_allclose(variance.numpy(), x.astype("float64").var(0), rtol=1e-2)
    assert abs(float(y.numpy().mean())) < 1e-2


def test_half_precision_keeps_its_dtype_and_has_wide_moments() -> None:
    x = RNG.normal(size=(8, 3)).astype("float16") * 200
    y, mean, variance = batch_norm_training(x)
    assert y.dtype == "float16"
    assert mean.dtype == variance.dtype == "float32"
    assert np.isfinite(variance.numpy()).all()
