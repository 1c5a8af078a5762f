"""Sequential and subclassed models."""

import numpy as np
import pytest

from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import Input
from lamina.keras.models.model import Model, model_from_json
from lamina.keras.models.sequential import Sequential

X = np.ones((2, 3), np.float32)


class Scale(Layer):
    """Multiplies by a weight for each feature."""

    def build(self, input_shape):
        self.scale = self.add_weight(
            shape=(input_shape[-1],), initializer="ones", name="scale"
        )

    def call(self, inputs):
        return inputs * self.scale


def test_with_an_input_it_is_built_at_once():
    model = Sequential([Input((3,)), Scale(), Scale()])
    assert model.built and len(model.weights) == 2
    assert model.input_shape == (None, 3) and len(model.layers) == 2
    old = Sequential([Scale(input_shape=(3,)), Scale()])
    assert old.built and old.output_shape == (None, 3)
    fixed = Sequential([Scale(batch_input_shape=(4, 3)), Scale()])
    assert fixed.input_shape == (4, 3)
    np.testing.assert_array_equal(model(X), X)


def test_without_an_input_it_is_built_by_the_first_call():
    model = Sequential([Scale(), Scale()])
    assert not model.built
    with pytest.raises(AttributeError, match="no defined input shape yet"):
        _ = model.input_shape
    np.testing.assert_array_equal(model(X), X)
    assert model.built and len(model.weights) == 2
    later = Sequential([Scale()])
    later.build((None, 3))
    assert later.output_shape == (None, 3)
    with pytest.raises(ValueError, match="already been configured"):
        later.build((None, 4))


def test_add_and_pop():
    model = Sequential()
    with pytest.raises(ValueError, match="has no layers"):
        model.build((None, 3))
    model.add(Input((3,)))
    model.add(Scale())
    model.add(Scale(name="last"))
    assert model.pop().name == "last"
    assert len(model.layers) == 1 and model.built
    with pytest.raises(ValueError, match="Only instances of"):
        model.add(3)
    with pytest.raises(ValueError, match="already been configured"):
        model.add(Input((4,)))
    model.add(Scale(name="same"))
    with pytest.raises(ValueError, match="should have unique names"):
        model.add(Scale(name="same"))


def test_layers_need_one_positional_argument():
    class Two(Layer):
        def call(self, a, b):
            return a

    with pytest.raises(ValueError, match="single required positional"):
        Sequential([Input((3,)), Two()])


def test_json_round_trip():
    model = Sequential([Input((3,)), Scale(name="s")], name="m")
    again = model_from_json(model.to_json(), {"Scale": Scale})
    assert again.name == "m" and again.built
    assert again.to_json() == model.to_json()
    with pytest.raises(ValueError, match="expected JSON"):
        model_from_json("{")


def test_nested_in_a_functional_model():
    inner = Sequential([Scale(), Scale()])
    x = Input((3,))
    model = Model(x, inner(x) + 1.0)
    np.testing.assert_array_equal(model(X), X + 1)
    assert len(model.weights) == 2


def test_subclassed_model():
    class Net(Model):
        def __init__(self, depth=2):
            super().__init__()
            self.blocks = [Scale() for _ in range(depth)]

        def call(self, x, training=False):
            for block in self.blocks:
                x = block(x)
            return x

    net = Net()
    np.testing.assert_array_equal(net(X), X)
    assert [type(layer).__name__ for layer in net.layers] == ["Scale", "Scale"]
    assert net.get_layer(index=1) is net.blocks[1]
    assert net.get_layer(net.blocks[0].name) is net.blocks[0]
    with pytest.raises(ValueError, match="No such layer"):
        net.get_layer("nobody")
    assert net.get_config()["depth"] == 2
    with pytest.raises(AttributeError, match="reserved"):
        net.layers = []
    tree = net.get_state_tree("numpy_array")
    tree["trainable_variables"]["net"][net.blocks[0].name]["scale"] = np.full(3, 5.0)
    net.set_state_tree(tree)
    np.testing.assert_array_equal(net(X), X * 5)


def test_a_missing_method_keeps_pythons_text():
    class Gan(Model):
        def __init__(self):
            super().__init__()
            self.generator = self.build_generator()

    with pytest.raises(
        AttributeError, match="'Gan' object has no attribute 'build_generator'"
    ):
        Gan()
    with pytest.raises(NotImplementedError, match="does not have a `call"):
        Model()(X)


def test_summary(capsys):
    model = Sequential([Input((3,)), Scale(name="first")], name="m")
    model.summary()
    text = capsys.readouterr().out
    assert 'Model: "m"' in text and "first (Scale)" in text
    assert "Total params: 3 (12.00 B)" in text
    lines = []
    x = Input((3,), name="x")
    branches = Model(x, Scale(name="a")(x) + x)
    branches.summary(print_fn=lines.append, show_trainable=True)
    assert "Connected to" in lines[0] and "x[0][0]" in lines[0]
    with pytest.raises(ValueError, match="length 2"):
        model.summary(layer_range=["a"])
