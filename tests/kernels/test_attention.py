"""Attention kernels against float64, at all orders of differentiation."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.kernels import attention as module
from lamina.kernels.attention import attend
from lamina.kernels.library import status
from lamina.kernels.selection import native, portable

built = pytest.mark.skipif(status().library is None, reason=status().text)
# examples, queries, keys, heads, numbers of a head
SIZES = [(2, 16, 16, 2, 16), (3, 9, 21, 1, 5), (1, 130, 67, 2, 33), (2, 1, 700, 1, 48)]


@pytest.fixture(autouse=True)
def native_for_all_sizes(monkeypatch):
    """Kernels for few scores, too."""
    monkeypatch.setattr(module, "chosen", lambda *_: native())


def arrays(sizes, dtype="float64"):
    b, t, s, n, h = sizes
    random = np.random.default_rng(0)
    shapes = (b, t, n, h), (b, s, n, h), (b, s, n, h), (b, t, n, h)
    return [random.normal(size=shape).astype(dtype) for shape in shapes]


def masks(sizes):
    b, t, s, n, _ = sizes
    random = np.random.default_rng(1)
    yield None
    yield np.tri(t, s, dtype=bool)
    for shape in ((b, n, t, s), (b, 1, 1, s), (1, n, t, 1), (b, 1, t, s), (1, 1, 1, 1)):
        yield random.random(shape) < 0.6


def error(got, wanted):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    # Gradients that are 0 but for rounding count against numbers of the size of 0.1.
    return np.max(np.abs(got - wanted)) / np.max(np.abs(wanted), initial=0.1)


def run(query, key, value, mask=None, scale=0.3):
    return attend(query, key, value, None, mask, scale, None)


@pytest.mark.parametrize("sizes", SIZES)
def test_results_and_gradients(sizes):
    *inputs, dout = arrays(sizes)
    for mask in masks(sizes):

        def call(*inputs, mask=mask):
            return run(*inputs, mask)

        with portable():
            wanted, pull = jax.vjp(call, *inputs)
        got, back = jax.vjp(call, *map(np.float32, inputs))
        pairs = zip((got, *back(jnp.float32(dout))), (wanted, *pull(dout)))
        for one, other in pairs:
            assert error(one, other) < 1e-5, np.shape(mask)


@built
def test_a_kernel_computes_it():
    query, key, value, _ = arrays(SIZES[0], "float32")
    assert "lamina_attention" in str(
        jax.make_jaxpr(lambda *x: run(*x))(query, key, value)
    )
    with portable():
        assert "ffi_call" not in str(
            jax.make_jaxpr(lambda *x: run(*x))(query, key, value)
        )


def test_scores_that_need_more_are_left_to_xla():
    query, key, value, _ = arrays(SIZES[0], "float32")
    bias = np.ones((1, 1, 16, 16), np.float32)
    for others in ((bias, None, 1.0, None), (None, None, 1.0, 5.0)):
        text = str(
            jax.make_jaxpr(lambda *x, o=others: attend(*x, *o))(query, key, value)
        )
        assert "ffi_call" not in text


def test_second_derivatives():
    inputs = arrays((2, 6, 5, 2, 4))[:3]
    mask = next(m for m in masks((2, 6, 5, 2, 4)) if m is not None)

    def penalty(*inputs):
        gradients = jax.grad(lambda *x: jnp.sum(run(*x, mask) ** 3), (0, 1, 2))(*inputs)
        return sum(jnp.sum(g**2) for g in gradients)

    with portable():
        wanted = jax.grad(penalty, (0, 1, 2))(*inputs)
    got = jax.grad(penalty, (0, 1, 2))(*map(np.float32, inputs))
    for one, other in zip(got, wanted):
        assert error(one, other) < 1e-4


def test_large_scores_and_missing_values():
    query, key, value, _ = arrays(SIZES[0], "float32")
    sharp = run(query * 1e4, key, value)
    with portable():
        wanted = run(np.float64(query) * 1e4, np.float64(key), np.float64(value))
    assert error(sharp, wanted) < 1e-3
    query[0, 3, 1, 2] = np.nan
    found = np.asarray(run(query, key, value))
    assert np.all(np.isnan(found[0, 3, 1])) and np.sum(np.isnan(found)) == 16


def test_bfloat16():
    inputs = [jnp.asarray(x, jnp.bfloat16) for x in arrays((2, 40, 40, 2, 24))]
    got, back = jax.vjp(run, *inputs[:3])
    with portable():
        wanted, pull = jax.vjp(run, *[np.float64(x) for x in inputs[:3]])
    dout = np.float64(inputs[3])
    for one, other in zip((got, *back(inputs[3])), (wanted, *pull(dout))):
        assert one.dtype == jnp.bfloat16
        assert error(one, other) < 1e-2


def test_vectorised():
    query, key, value, _ = arrays((6, 9, 12, 2, 8), "float32")
    mask = np.random.default_rng(1).random((6, 1, 9, 12)) < 0.6
    split = [x.reshape(3, 2, *x.shape[1:]) for x in (query, key, value, mask)]
    wanted = np.reshape(run(query, key, value, mask), split[0].shape)
    np.testing.assert_allclose(jax.vmap(run)(*split), wanted, rtol=1e-5, atol=1e-6)
    shared = mask[:1]
    wanted = np.reshape(run(query, key, value, shared), split[0].shape)
    found = jax.vmap(run, (0, 0, 0, None))(*split[:3], shared)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_runs_are_equal_bit_for_bit_in_several_threads():
    *inputs, dout = arrays((16, 64, 64, 4, 32), "float32")

    @jax.jit
    def all_of(query, key, value, dout):
        out, pull = jax.vjp(run, query, key, value)
        return (out, *pull(dout))

    first = [np.asarray(x) for x in all_of(*inputs, dout)]
    wrong = []

    def work():
        for _ in range(10):
            found = all_of(*inputs, dout)
            wrong.extend(np.any(a != b) for a, b in zip(first, found))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 160 and not any(wrong)


def test_the_layer_with_masks():
    layer = tf.keras.layers.MultiHeadAttention(2, 8)
    x = np.random.default_rng(0).normal(size=(3, 10, 16)).astype("float32")
    mask = np.random.default_rng(1).random((3, 10, 10)) < 0.7
    found = layer(x, x, attention_mask=mask, use_causal_mask=True)
    weighted, _ = layer(
        *(x, x),
        attention_mask=mask,
        use_causal_mask=True,
        return_attention_scores=True,
    )
    np.testing.assert_allclose(found, weighted, rtol=1e-4, atol=1e-5)
