"""The recurrent operations against loops written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.keras.activations.lowering import lowering_of
from lamina.keras.activations.smooth import sigmoid, tanh
from lamina.ops.nn.recurrent import gru, lstm, simple_rnn

RNG = np.random.default_rng(1)
X = RNG.normal(size=(2, 5, 3)).astype("float32")
H = RNG.normal(size=(2, 4)).astype("float32")


def weights(gates: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shapes = ((3, 4 * gates), (4, 4 * gates), (4 * gates,))
    kernel, recurrent, bias = (RNG.normal(size=s).astype("float32") for s in shapes)
    return kernel, recurrent, bias


def test_lstm_is_the_textbook_loop() -> None:
    kernel, recurrent, bias = weights(4)
    h, c = H, np.zeros_like(H)
    wanted = []
    for step in range(5):
        z = X[:, step] @ kernel + h @ recurrent + bias
        i, f, g, o = np.split(z, 4, axis=1)
        c = _logistic(f) * c + _logistic(i) * np.tanh(g)
        h = _logistic(o) * np.tanh(c)
        wanted.append(h)
    functions = (lowering_of(tanh), lowering_of(sigmoid))
    last, outputs, *states = lstm(
        X, H, np.zeros_like(H), kernel, recurrent, bias, None, None, None, *functions
    )
    np.testing.assert_allclose(outputs.numpy(), np.stack(wanted, 1), atol=1e-5)
    np.testing.assert_allclose(last.numpy(), wanted[-1], atol=1e-5)
    np.testing.assert_allclose(states[1].numpy(), c, atol=1e-5)


@pytest.mark.parametrize("zero_masked", [False, True])
def test_masked_steps_keep_the_state(zero_masked: bool) -> None:
    kernel, recurrent, bias = weights(1)
    mask = np.array(
        [[True, False, True, False, False], [False, True, True, True, True]]
    )
    _, outputs, state = simple_rnn(
        X, H, kernel, recurrent, bias, mask, zero_masked=zero_masked
    )
    h, before, wanted = H, np.zeros_like(H), []
    for step in range(5):
        keep = mask[:, step, None]
        new = np.tanh(X[:, step] @ kernel + h @ recurrent + bias)
        before = np.where(keep, new, 0 if zero_masked else before)
        h = np.where(keep, new, h)
        wanted.append(before)
    np.testing.assert_allclose(outputs.numpy(), np.stack(wanted, 1), atol=1e-5)
    np.testing.assert_allclose(state.numpy(), h, atol=1e-5)


def test_unrolling_changes_nothing() -> None:
    kernel, recurrent, bias = weights(1)
    found = [
        simple_rnn(X, H, kernel, recurrent, bias, unroll=unroll, backwards=True)[1]
        for unroll in (False, True)
    ]
    np.testing.assert_allclose(found[0].numpy(), found[1].numpy(), atol=1e-6)


def test_wrong_sizes_are_named() -> None:
    kernel, recurrent, bias = weights(1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="SimpleRNN.*features"):
        simple_rnn(X[:, :, :2], H, kernel, recurrent, bias)


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("reset_after", [False, True])
def test_the_late_gradient_is_the_gradient(reset_after: bool) -> None:
    kernel, recurrent, bias = weights(3)
    bias = np.stack([bias, bias + 1]) if reset_after else bias
    mask = np.array([[True, False, True, True, True], [True] * 5])
    functions = (lowering_of(tanh), lowering_of(sigmoid))

    def total(recurrent: jax.Array) -> jax.Array:
        outputs = gru.lower(
            X, H, kernel, recurrent, bias, mask, None, None, *functions, reset_after
        )
        return jnp.sum(outputs[1] ** 2)

    found = jax.grad(total)(jnp.asarray(recurrent))
    direction = RNG.normal(size=recurrent.shape).astype("float32")
    step = 1e-2
    high, low = total(recurrent + step * direction), total(recurrent - step * direction)
    slope = float(jnp.sum(found * direction))
    assert abs(slope - float(high - low) / (2 * step)) < 2e-2 * max(1, abs(slope))
