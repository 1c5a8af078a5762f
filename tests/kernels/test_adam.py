"""Adam's kernel against float64, and where it is used."""

import jax
import numpy as np
import pytest

import lamina as tf
from lamina.kernels import adam
from lamina.kernels.selection import native, portable

RULE = adam.Rule(0.9, 0.999, 1e-7)
SHAPES = [(), (1,), (7, 300), (3, 5, 11), (0, 4), (200, 150), (40000,)]

needs_library = pytest.mark.skipif(not native(), reason="needs the native kernels")


def arrays(shapes=SHAPES):
    random = np.random.default_rng(0)

    def draw(scale):
        return tuple(random.normal(size=shape) * scale for shape in shapes)

    return draw(1.0), draw(1.0), draw(0.1), tuple(abs(x) for x in draw(0.1))


def narrow(values):
    return tuple(map(np.float32, values))


def reference(scale, gradients, values, means, squares):
    new = []
    for g, w, m, v in zip(gradients, values, means, squares, strict=True):
        m, v = m + (g - m) * (1 - 0.9), v + (g * g - v) * (1 - 0.999)
        new.append((w - m * scale / (np.sqrt(v) + 1e-7), m, v))
    return zip(*new, strict=True)


@needs_library
def test_each_variable_takes_one_step():
    inputs = arrays()
    step = jax.jit(lambda *a: adam.step(RULE, *a))
    found = step(np.float32(1e-2), *map(narrow, inputs))
    for got, wanted in zip(found, reference(1e-2, *inputs), strict=True):
        for one, other in zip(got, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-5, atol=1e-6)


@needs_library
def test_it_works_in_place():
    inputs = tuple(map(narrow, arrays([(64, 64), (300,)])))

    def loop(gradients, *state):
        def body(_, state):
            return adam.step(RULE, np.float32(1e-2), gradients, *state)

        return jax.lax.fori_loop(0, 3, body, state)

    text = jax.jit(loop, donate_argnums=(1, 2, 3)).lower(*inputs).compile().as_text()
    assert "lamina_adam" in text
    assert "f32[64,64]{1,0} copy(" not in text


@needs_library
def test_derivatives_are_those_of_the_formula():
    inputs = tuple(map(narrow, arrays([(4, 3), (5,)])))

    def moved(function, gradients):
        new = function(RULE, np.float32(0.1), gradients, *inputs[1:])[0]
        return sum((x**2).sum() for x in new)

    got = jax.grad(lambda g: moved(adam.step, g))(inputs[0])
    with portable():
        wanted = jax.grad(lambda g: moved(adam._formula, g))(inputs[0])
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def trained(optimizer):
    """Weights after three steps, and whether the kernel made them."""
    start = np.random.default_rng(0).normal(size=(2, 512, 512)).astype("float32")
    weights = [tf.Variable(x) for x in start]

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = sum(tf.reduce_sum(w**2) for w in weights)
        optimizer.apply_gradients(
            zip(tape.gradient(loss, weights), weights, strict=True)
        )

    for _ in range(3):
        step()
    concrete = step.get_concrete_function()
    return [w.numpy() for w in weights], "ffi_call" in concrete.captured.primitives


class Halved(tf.keras.optimizers.Adam):
    """A rule of its own on Adam's slots."""

    def pure_update(self, value, gradient, slots, step):
        """Half of Adam's step."""
        new, slots = super().pure_update(value, gradient, slots, step)
        return (value + new) / 2, slots


@pytest.mark.parametrize(
    ("optimizer", "used"),
    [
        (lambda: tf.keras.optimizers.Adam(0.1, clipnorm=1.0), True),
        (lambda: tf.keras.optimizers.AdamW(0.1), True),
        (lambda: tf.keras.optimizers.Adam(0.1, amsgrad=True), False),
        (lambda: Halved(0.1), False),
    ],
)
def test_optimizers_agree_with_and_without_it(optimizer, used):
    got, with_kernel = trained(optimizer())
    assert with_kernel == (used and native())
    with portable():
        wanted, with_kernel = trained(optimizer())
    assert not with_kernel
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
