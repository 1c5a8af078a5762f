"""Products of matrices against float64, at all orders of differentiation."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.kernels import product as module
from lamina.kernels.library import status
from lamina.kernels.product import product
from lamina.kernels.selection import native, portable

built = pytest.mark.skipif(status().library is None, reason=status().text)
SIZES = [(64, 48, 80), (257, 33, 1), (1, 300, 7), (5, 1, 9), (400, 64, 130)]
FLIPS = [(False, False), (True, False), (False, True), (True, True)]


@pytest.fixture(autouse=True)
def native_for_all_sizes(monkeypatch):
    """Kernels for small matrices too, and for float32 without a transpose."""
    if status().library is not None:  # else there is nothing to choose from
        monkeypatch.setattr(module, "_native", lambda *_: native())


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def error(got, wanted):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    largest = np.max(np.abs(wanted), initial=0)
    return np.max(np.abs(got - wanted), initial=0) / (largest + 1e-9)


def matrices(sizes, flips, lead=()):
    m, k, n = sizes
    a, b = normal(0, *lead, m, k), normal(1, *lead, k, n)
    a = np.swapaxes(a, -1, -2).copy() if flips[0] else a
    b = np.swapaxes(b, -1, -2).copy() if flips[1] else b
    return a, b


def transposed(a, b, flips):
    a = jnp.swapaxes(a, -1, -2) if flips[0] else a
    b = jnp.swapaxes(b, -1, -2) if flips[1] else b
    return a @ b


@pytest.mark.parametrize("flips", FLIPS)
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_results_and_gradients(flips, lead):
    for sizes in SIZES:
        a, b = matrices(sizes, flips, lead)
        dc = normal(2, *lead, sizes[0], sizes[2])
        with portable():
            wanted, pull = jax.vjp(lambda a, b: transposed(a, b, flips), a, b)
        got, back = jax.vjp(
            lambda a, b: product(a, b, *flips), np.float32(a), np.float32(b)
        )
        pairs = zip((got, *back(jnp.float32(dc))), (wanted, *pull(dc)))
        for one, other in pairs:
            assert error(one, other) < 1e-5, (sizes, flips, lead)


@built
def test_a_kernel_computes_it():
    a, b = map(np.float32, matrices(SIZES[0], (False, False)))
    assert "ffi_call" in str(jax.make_jaxpr(product)(a, b))
    with portable():
        assert "ffi_call" not in str(jax.make_jaxpr(lambda *x: x[0] @ x[1])(a, b))


@pytest.mark.parametrize("flips", FLIPS)
def test_second_derivatives(flips):
    def penalty(function, *inputs):
        gradients = jax.grad(lambda *x: jnp.sum(function(*x) ** 3), (0, 1))(*inputs)
        return sum(jnp.sum(g**2) for g in gradients)

    inputs = matrices((6, 5, 7), flips)
    wanted = jax.grad(
        lambda *x: penalty(lambda a, b: transposed(a, b, flips), *x), (0, 1)
    )(*inputs)
    got = jax.grad(lambda *x: penalty(lambda a, b: product(a, b, *flips), *x), (0, 1))(
        *map(np.float32, inputs)
    )
    for one, other in zip(got, wanted):
        assert error(one, other) < 1e-4


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision(dtype, monkeypatch):
    monkeypatch.undo()  # whether the processor computes in it is the point
    a, b = matrices((300, 200, 100), (False, False))
    a, b = jnp.asarray(a, dtype), jnp.asarray(b, dtype)
    got, pull = jax.vjp(product, a, b)
    da, db = pull(jnp.ones_like(got))
    wide = [np.asarray(x, np.float64) for x in (a, b)]
    ones = np.ones(got.shape)
    wanted = (wide[0] @ wide[1], ones @ wide[1].T, wide[0].T @ ones)
    for one, other in zip((got, da, db), wanted):
        assert one.dtype == dtype
        assert error(one, other) < 1e-2


@pytest.mark.parametrize("sizes", [(0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_empty_matrices(sizes):
    a, b = map(np.float32, matrices(sizes, (False, False)))
    got, pull = jax.vjp(product, a, b)
    np.testing.assert_array_equal(got, np.zeros((sizes[0], sizes[2])))
    da, db = pull(got)
    assert da.shape == a.shape and db.shape == b.shape
    assert not np.any(da) and not np.any(db)


def test_vectorised_over_one_or_both():
    a, b = map(np.float32, matrices((30, 20, 10), (False, False), (4,)))
    np.testing.assert_allclose(jax.vmap(product)(a, b), a @ b, rtol=1e-4, atol=1e-4)
    for axes, wanted in (((0, None), a @ b[0]), ((None, 0), a[0] @ b)):
        one = a if axes[0] == 0 else a[0]
        other = b if axes[1] == 0 else b[0]
        got = jax.vmap(product, axes)(one, other)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)
    both = jax.vmap(jax.vmap(product, (0, None)), (None, 0))(a, b)
    wanted = a[None] @ b[:, None]
    np.testing.assert_allclose(both, wanted, rtol=1e-4, atol=1e-4)


def test_runs_are_equal_bit_for_bit():
    a, b = map(np.float32, matrices((2048, 96, 200), (True, False)))
    run = jax.jit(lambda a, b: product(a, b, True))
    first = np.asarray(run(a, b))
    for _ in range(10):
        np.testing.assert_array_equal(run(a, b), first)


def test_several_threads_at_once():
    cases = [
        [*map(np.float32, matrices((m, 96, 200), (False, False)))]
        for m in (1000, 500, 64)
    ]
    run = jax.jit(product)
    wanted = [np.asarray(run(*case)) for case in cases]
    wrong = []

    def work(index):
        for _ in range(30):
            if np.any(np.asarray(run(*cases[index % 3])) != wanted[index % 3]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_every_way_to_a_product_agrees():
    a, b = map(np.float32, matrices((6, 24, 5), (False, False), (2,)))
    b = b[0]
    wanted = a @ b
    ops = tf.keras.ops
    ways = (
        *(tf.matmul(a, b), tf.tensordot(a, b, 1), tf.einsum("abc,cd->abd", a, b)),
        *(ops.matmul(a, b), ops.tensordot(a, b, 1), ops.einsum("abc, cd->abd", a, b)),
    )
    for found in ways:
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    rows = ops.matmul(np.float32([[1, 2]]), np.int32([[1], [2]]))
    np.testing.assert_array_equal(rows, [[5]])
