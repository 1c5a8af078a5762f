"""Rematerialization."""

import numpy as np
import pytest

from lamina.engine.function import function
from lamina.engine.tape import GradientTape
from lamina.engine.tensor import convert_to_tensor
from lamina.keras.common.remat import RematScope, remat
from lamina.keras.layers.base import Layer
from lamina.keras.variable import Variable


def gradients(f, x, w, n):
    with GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return [np.asarray(g) for g in tape.gradient(y, [x, w])], float(n)


@pytest.mark.parametrize("traced", [False, True])
def test_gradients_are_the_same_and_state_moves_once(traced):
    x = convert_to_tensor(np.array([1.0, 2.0], np.float32))
    found = []
    for wrap in (lambda f: f, remat):
        w, n = Variable([3.0, 4.0]), Variable(1.0, trainable=False)

        def f(x, w=w, n=n):
            n.assign(n + 1.0)
            return x * x * w * n.value

        wrapped = wrap(f)
        if traced:

            @function
            def run(x, wrapped=wrapped, w=w):
                with GradientTape() as tape:
                    tape.watch(x)
                    y = wrapped(x)
                return tape.gradient(y, [x, w])

            found.append(([np.asarray(g) for g in run(x)], float(n)))
        else:
            found.append(gradients(wrapped, x, w, n))
    for one, two in zip(found[0][0], found[1][0], strict=True):
        np.testing.assert_allclose(one, two)
    assert found[0][1] == found[1][1] == 2.0


class Scale(Layer):
    """Multiplies by a weight."""

    calls = 0

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        type(self).calls += 1
        return x * self.scale


@pytest.mark.parametrize(
    ("mode", "options", "again"),
    [
        ("full", {}, True),
        ("larger_than", {"output_size_threshold": 2}, True),
        ("larger_than", {"output_size_threshold": 99}, False),
        ("list_of_layers", {"layer_names": ["named"]}, True),
        ("list_of_layers", {"layer_names": ["other"]}, False),
        (None, {}, False),
    ],
)
def test_modes(mode, options, again):
    with RematScope(mode, **options):
        layer = Scale(name="named")
    layer(np.ones(3, np.float32))
    with GradientTape() as tape:
        y = layer(np.ones(3, np.float32))
    before = Scale.calls
    assert float(tape.gradient(y, layer.scale)) == 3.0
    assert (Scale.calls > before) == again


def test_unknown_mode():
    with pytest.raises(ValueError, match="Invalid mode 'some'"):
        RematScope("some")
