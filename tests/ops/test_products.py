"""Products of tensors that are computed as one product of matrices."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.ops.linalg.products import multiply_matrices

RNG = np.random.default_rng(0)


def random(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


@pytest.mark.parametrize(
    ("equation", "left", "right"),
    [
        ("abc,cd->abd", (2, 3, 4), (4, 5)),
        ("abc,cde->abde", (2, 3, 4), (4, 5, 6)),
        ("abde,dec->abc", (2, 3, 4, 5), (4, 5, 6)),
        ("ab,ab->", (2, 3), (2, 3)),
        ("abc,c->ab", (2, 0, 4), (4,)),
        ("abc,cd->adb", (2, 3, 4), (4, 5)),  # these are no plain products
        ("abc,acd->abd", (2, 3, 4), (2, 4, 5)),
        ("aab,bc->aac", (2, 2, 3), (3, 4)),
        ("ab,bc->a", (2, 3), (3, 4)),
        ("ab,bc->ac", (2, 1), (3, 4)),
        ("abc, cd -> abd", (2, 3, 4), (4, 5)),
    ],
)
def test_einsum_is_numpys(
    equation: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    a, b = random(*left), random(*right)
    try:
        wanted = np.einsum(equation, a, b)
    except ValueError:
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.einsum(equation, a, b)
    else:
        np.testing.assert_allclose(tf.einsum(equation, a, b), wanted, atol=1e-12)


@pytest.mark.parametrize("flip", [False, True])
def test_batches_times_one_matrix(flip: bool) -> None:
    a, b = random(2, 3, 4, 5), random(6, 5) if flip else random(5, 6)
    found = tf.matmul(a, b, transpose_b=flip)
    np.testing.assert_allclose(found, a @ (b.T if flip else b), atol=1e-12)
    assert tf.matmul(a[:0], b, transpose_b=flip).shape == (0, 3, 4, 6)


def test_their_gradients_are_products_of_matrices() -> None:
    def total(a: jax.Array, b: jax.Array) -> jax.Array:
        return jnp.sum(multiply_matrices(a, b) ** 2)

    a, b = jnp.asarray(random(2, 3, 4)), jnp.asarray(random(4, 5))
    program = jax.make_jaxpr(jax.grad(total, (0, 1)))(a, b).jaxpr
    products = [eqn for eqn in program.eqns if eqn.primitive.name == "dot_general"]
    assert len(products) == 3
    assert all(v.aval.ndim == 2 for eqn in products for v in eqn.invars)
    wanted = 2 * np.einsum("abc,abd->cd", a, a @ b)
    np.testing.assert_allclose(jax.grad(total, 1)(a, b), wanted, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_gelu_is_its_formula(dtype: str) -> None:
    x = tf.cast(tf.linspace(-6.0, 6.0, 41), dtype)
    plain = x.numpy().astype("float64")
    wanted = [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in plain]
    tolerance = {"float64": 1e-13, "float32": 1e-6, "float16": 2e-3}.get(dtype, 2e-2)
    for gelu in (tf.nn.gelu, tf.keras.activations.gelu):
        assert gelu(x).dtype == dtype
        np.testing.assert_allclose(
            gelu(x).numpy().astype("float64"), wanted, atol=tolerance
        )
