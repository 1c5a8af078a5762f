"""`keras.ops.dot_product_attention` against the formula with a plain softmax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.keras.ops.attention import dot_product_attention

RNG = np.random.default_rng(3)
SHAPE = (2, 5, 3, 4)


def plain(
    query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array
) -> object:
    scores = jnp.einsum("btnh,bsnh->bnts", query, key) / 2
    scores = jnp.where(mask, scores, -0.7 * jnp.finfo(scores.dtype).max)
    return jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(scores), value)


def test_values_and_gradients() -> None:
    arrays = [jnp.asarray(30 * RNG.normal(size=SHAPE)) for _ in range(3)]
    mask = jnp.asarray(RNG.random((2, 1, 5, 5)) > 0.4).at[0, 0, 2].set(False)
    weights = RNG.normal(size=SHAPE)

    def total(attention: object) -> object:
        return lambda *qkv: jnp.sum(attention(*qkv) * weights)

    def ours(query: jax.Array, key: jax.Array, value: jax.Array) -> jax.Array:
        return dot_product_attention.lower(query, key, value, None, mask)

    def theirs(query: jax.Array, key: jax.Array, value: jax.Array) -> object:
        return plain(query, key, value, mask)

    np.testing.assert_allclose(ours(*arrays), theirs(*arrays), atol=1e-10)
    found = jax.grad(total(ours), (0, 1, 2))(*arrays)
    wanted = jax.grad(total(theirs), (0, 1, 2))(*arrays)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype: str) -> None:
    arrays = [RNG.normal(size=SHAPE) for _ in range(3)]
    found = dot_product_attention(*(jnp.asarray(a, dtype) for a in arrays))
    wanted = plain(*map(jnp.asarray, arrays), jnp.asarray(True))
    assert found.dtype == dtype
    np.testing.assert_allclose(
        np.asarray(found, "float64"), np.asarray(wanted), atol=3e-2
    )
