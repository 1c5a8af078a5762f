"""The kernel of recurrent networks against XLA's operations in float64."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from lamina.kernels.selection import native, portable
from lamina.ops.nn.recurrent import gru, lstm

OPS = {"lstm": (lstm.lower, 4, 2), "gru": (gru.lower, 3, 1)}
KINDS = pytest.mark.parametrize("kind", list(OPS))
# B, T, D, U: rows and features that fill no tile, and enough rows for several threads;
# whether from the last step on; whether all outputs are wanted
CASES = [
    ((13, 9, 5, 48), True, True),
    ((1, 4, 3, 16), False, False),
    ((64, 12, 40, 32), False, True),
]


def arrays(kind, shape, seed=0):
    b, t, d, u = shape
    _, gates, states = OPS[kind]
    random = np.random.default_rng(seed)
    bias = (gates * u,) if kind == "lstm" else (2, gates * u)
    shapes = [(b, t, d), (d, gates * u), (u, gates * u), bias, *[(b, u)] * states]
    return [random.normal(size=s) * (0.3 if s[0] in (d, u) else 1.0) for s in shapes]


def network(kind, activation=jnp.tanh, **options):
    """The op as a function of arrays alone."""

    def run(x, kernel, recurrent, bias, *states):
        weights = kernel, recurrent, bias
        functions = {"activation": activation, "recurrent_activation": lax.logistic}
        return OPS[kind][0](x, *states, *weights, **functions, **options)

    return run


def narrow(values):
    return [np.float32(value) for value in values]


def is_native(function, *inputs):
    return "ffi_call" in str(jax.make_jaxpr(function)(*inputs))


def error(got, wanted):
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    return np.max(np.abs(got - wanted)) / np.max(np.abs(wanted))


@KINDS
@pytest.mark.parametrize(("shape", "backwards", "sequences"), CASES)
def test_results_and_gradients(kind, shape, backwards, sequences):
    run = network(kind, backwards=backwards, sequences=sequences)
    inputs = arrays(kind, shape)
    wanted, pull = jax.vjp(run, *inputs)
    got, pull_narrow = jax.vjp(run, *narrow(inputs))
    assert is_native(run, *narrow(inputs)) == native()
    random = np.random.default_rng(1)
    cotangents = tuple(random.normal(size=array.shape) for array in wanted)
    for one, other in zip(got, wanted, strict=True):
        assert error(one, other) < 1e-5
    found = pull_narrow(tuple(narrow(cotangents)))
    for one, other in zip(found, pull(cotangents), strict=True):
        assert error(one, other) < 2e-5


@KINDS
@pytest.mark.parametrize("sequences", [False, True])
def test_second_derivatives(kind, sequences):
    def penalty(*inputs):
        def inner(*inputs):
            return jnp.sum(network(kind, sequences=sequences)(*inputs)[1] ** 2)

        found = jax.grad(inner, tuple(range(len(inputs))))(*inputs)
        return sum(jnp.sum(g**2) for g in found)

    inputs = arrays(kind, (5, 6, 4, 16))
    every = tuple(range(len(inputs)))
    got = jax.grad(penalty, every)(*narrow(inputs))
    for one, other in zip(got, jax.grad(penalty, every)(*inputs), strict=True):
        assert error(one, other) < 1e-4


@KINDS
def test_weights_alone_ask_for_no_gradient_of_the_inputs(kind):
    inputs = narrow(arrays(kind, (4, 6, 24, 16)))

    def loss(kernel, rest):
        return jnp.sum(network(kind)(inputs[0], kernel, *rest)[0])

    step = jax.jit(jax.grad(loss)).lower(inputs[1], inputs[2:])
    assert "f32[4,6,24]{2,1,0} dot(" not in step.compile().as_text()


@KINDS
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((4, 6, 8, 16), {"activation": jnp.sin}),
        ((4, 6, 8, 16), {"mask": np.ones((4, 6), bool)}),
        ((4, 6, 8, 20), {}),  # units that fill no vector
        ((4, 1, 8, 16), {}),  # a single step
        ((0, 6, 8, 16), {}),
    ],
)
def test_other_networks_stay_with_xla(kind, shape, options):
    run = network(kind, **options)
    inputs = narrow(arrays(kind, shape))
    assert not is_native(run, *inputs)
    assert run(*inputs)[0].shape == (shape[0], shape[3])


@KINDS
def test_portable_code_has_no_kernel(kind):
    inputs = narrow(arrays(kind, (4, 6, 8, 16)))
    with portable():
        assert not is_native(network(kind), *inputs)


@KINDS
def test_extreme_gates_and_missing_values(kind):
    inputs = narrow(arrays(kind, (3, 5, 4, 16)))
    inputs[0] *= 1e4  # saturates every gate
    last, outputs, *_ = network(kind)(*inputs)
    assert np.all(np.abs(outputs) <= 5) and np.all(np.isfinite(last))
    inputs[0][1, 2, 0] = np.nan
    _, outputs, *_ = network(kind)(*inputs)
    assert np.all(np.isnan(outputs[1, 2:])) and np.all(np.isfinite(outputs[1, :2]))
    assert np.all(np.isfinite(outputs[::2]))


@KINDS
def test_threads_and_repeats_agree_bit_for_bit(kind):
    inputs = narrow(arrays(kind, (64, 16, 32, 64)))

    def loss(*inputs):
        return jnp.sum(network(kind)(*inputs)[1] ** 2)

    step = jax.jit(jax.grad(loss, (0, 1, 2, 3)))
    wanted = [np.asarray(g) for g in step(*inputs)]
    found = []

    def work():
        for _ in range(5):
            found.append([np.asarray(g) for g in step(*inputs)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    for one in found:
        for got, other in zip(one, wanted, strict=True):
            np.testing.assert_array_equal(got, other)
