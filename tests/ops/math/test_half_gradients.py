"""Gradients of 16-bit arrays that broadcast are sums in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf

OPERATIONS = {
    "add": (tf.add, 3000.0),
    "subtract": (tf.subtract, -3000.0),
    "multiply": (tf.multiply, 3000.0),
    "divide": (tf.divide, -3000.0),
    "bias_add": (tf.nn.bias_add, 3000.0),
}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_vector_beside_many_rows(name, dtype):
    function, wanted = OPERATIONS[name]
    x, vector = tf.ones((3000, 4), dtype), tf.ones((4,), dtype)
    with tf.GradientTape() as tape:
        tape.watch(vector)
        y = function(x, vector)
    assert y.dtype == dtype
    gradient = tape.gradient(y, vector)
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(gradient, np.full(4, wanted, gradient.numpy().dtype))


def test_the_sums_are_not_in_16_bits():
    def loss(vector):
        return tf.reduce_sum(tf.cast(tf.ones((8, 4), "bfloat16") + vector, "float32"))

    def raw(vector):
        return loss(tf.convert_to_tensor(vector))._value

    text = str(jax.make_jaxpr(jax.grad(raw))(jnp.ones((4,), jnp.bfloat16)))
    assert "f32[4] = reduce_sum" in text
    assert "bf16[4] = reduce_sum" not in text
