"""The recurrent operations against loops written out in NumPy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lamina as tf
from lamina.keras.activations.lowering import lowering_of
from lamina.keras.activations.smooth import sigmoid, tanh
from lamina.ops.nn import recurrent as recurrent_ops
from lamina.ops.nn.recurrence import elementwise
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


CASES = {
    "lstm": (4, {}),
    "lstm-masked": (4, {"mask": True, "backwards": True}),
    "lstm-wide": (4, {"features": 7, "mask": True, "zero_masked": True}),
    "gru": (3, {"mask": True}),
    "gru-last": (3, {"sequences": False, "features": 7}),
    "plain": (1, {"unroll": True, "mask": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gradients_are_those_of_the_plain_loop(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates, options = CASES[case]
    options = dict(options)
    rng = np.random.default_rng(5)
    features = options.pop("features", 3)
    inputs = [rng.normal(size=(2, 5, features)), H, H / 2]
    inputs += [rng.normal(size=(n, 4 * gates)) for n in (features, 4)]
    inputs.append(rng.normal(size=(2, 12) if gates == 3 else 4 * gates))
    mask = np.array([[0, 1, 0, 1, 1], [1, 1, 1, 0, 0]])
    options["mask"] = jnp.asarray(mask) if options.pop("mask", False) else None

    def total(*arrays: jax.Array) -> jax.Array:
        x, h, c, *weights = arrays
        call = {4: lstm, 3: gru, 1: simple_rnn}[gates].lower
        states = (h, c) if gates == 4 else (h,)
        functions = {"activation": jnp.tanh}
        if gates > 1:
            functions["recurrent_activation"] = jax.nn.sigmoid
        found = call(x, *states, *weights, **functions, **options)
        return sum(jnp.sum(jnp.sin(part + k)) for k, part in enumerate(found))

    def bent(*arrays: jax.Array) -> jax.Array:
        slopes = jax.grad(total, (0, 1, 4))(*arrays)
        return sum(jnp.sum(slope**2) for slope in slopes)

    def gradients() -> list[jax.Array]:
        arrays = [jnp.asarray(array, jnp.float64) for array in inputs]

        @jax.jit
        def both(*arrays: jax.Array) -> list[jax.Array]:
            every = tuple(range(6))
            first = jax.grad(total, every)(*arrays)
            second = case in ("lstm-masked", "gru")
            return [*first, *(jax.grad(bent, every)(*arrays) if second else ())]

        return both(*arrays)

    fast = gradients()
    monkeypatch.setattr(recurrent_ops, "elementwise", lambda function: False)
    for found, wanted in zip(fast, gradients(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


def test_functions_that_mix_elements_are_told_apart() -> None:
    for name in ("tanh", "sigmoid", "relu", "gelu", "selu", "hard_sigmoid", "linear"):
        assert elementwise(lowering_of(tf.keras.activations.get(name))), name
    for name in ("softmax", "log_softmax", "sparsemax"):
        assert not elementwise(lowering_of(tf.keras.activations.get(name))), name
    assert not elementwise(jnp.cumsum)


def test_an_activation_may_mix_elements() -> None:
    kernel, recurrent, bias = weights(1)
    softmax = lowering_of(tf.keras.activations.softmax)
    last, _, _ = simple_rnn(
        X[:, :1], H, kernel, recurrent, bias, activation=softmax, sequences=False
    )
    np.testing.assert_allclose(last.numpy().sum(-1), [1, 1], atol=1e-6)


def test_the_loop_of_a_training_step_holds_one_product() -> None:
    kernel, recurrent, bias = weights(4)

    def total(recurrent: jax.Array) -> jax.Array:
        functions = (jnp.tanh, jax.nn.sigmoid)
        given = (X, H, H, kernel, recurrent, bias, None, None, None)
        return jnp.sum(lstm.lower(*given, *functions, sequences=False)[0])

    program = jax.make_jaxpr(jax.grad(total))(jnp.asarray(recurrent))
    products = [
        sum(inner.primitive.name == "dot_general" for inner in loop.eqns)
        for loop in _loops(program.jaxpr)
    ]
    assert products == [1, 1]  # forwards and backwards


def _loops(jaxpr: Any) -> list[Any]:
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            found.append(equation.params["jaxpr"].jaxpr)
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", None)
            if inner is not None and equation.primitive.name != "scan":
                found += _loops(getattr(inner, "jaxpr", inner))
    return found
