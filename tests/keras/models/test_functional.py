"""Functional models."""

import json

import numpy as np
import pytest

from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import Input, InputLayer
from lamina.keras.models.cloning import clone_model
from lamina.keras.models.function import Function
from lamina.keras.models.functional import Functional
from lamina.keras.models.graph_walk import get_source_inputs
from lamina.keras.models.model import Model, model_from_json

X = np.arange(6, dtype=np.float32).reshape(2, 3)


class Scale(Layer):
    """Multiplies by a weight for each feature."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(
            shape=(input_shape[-1],),
            initializer=lambda shape, dtype: np.full(shape, self.factor, dtype),
            name="scale",
        )

    def call(self, inputs):
        return inputs * self.scale


def test_layers_ops_and_shared_layers():
    x = Input((3,), name="x")
    shared = Scale()
    model = Model(x, shared(shared(x)) + 1.0)
    assert isinstance(model, Functional)
    np.testing.assert_allclose(model(X), X * 4 + 1)
    assert [layer.name for layer in model.layers] == ["x", shared.name]
    assert len(model.weights) == 1
    assert model.input_shape == (None, 3) and model.output_shape == (None, 3)
    assert model.input_names == ["x"]


def test_structures_of_inputs_and_outputs():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model({"a": a, "b": b}, {"sum": a + b, "list": [a * 2.0, b]})
    out = model({"a": X, "b": X + 1})
    np.testing.assert_allclose(out["sum"], 2 * X + 1)
    np.testing.assert_allclose(out["list"][0], 2 * X)
    listed = Model([a, b], a - b)
    np.testing.assert_allclose(listed([X, X]), 0 * X)
    np.testing.assert_allclose(listed({"a": X, "b": X}), 0 * X)
    with pytest.raises(ValueError, match='Missing data for input "b"'):
        listed({"a": X, "c": X})


def test_dimensions_of_size_one_are_adjusted():
    x = Input((3, 1))
    model = Model(x, x * 1.0)
    assert model(X).shape == (2, 3, 1)
    y = Input((3,), name="y")
    model = Model(y, y * 1.0)
    assert model(X[..., None]).shape == (2, 3)
    with pytest.raises(ValueError, match=r"expected shape=\(None, 3\)"):
        model(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match="'y' and path ''"):
        model._standardize_inputs(np.ones((2, 3, 4, 5), np.float32))


def test_inner_and_nested_models():
    x = Input((3,))
    h = Scale()(x)
    z = Scale(3.0)(h)
    full = Model(x, z)
    tail = Model(h, z)
    np.testing.assert_allclose(tail(X), X * 3)
    assert tail.layers[-1] is full.layers[-1]
    assert isinstance(tail.layers[0], InputLayer)
    outer_in = Input((3,))
    outer = Model(outer_in, full(outer_in) + 1.0)
    np.testing.assert_allclose(outer(X), X * 6 + 1)
    assert len(outer.weights) == 2
    features = Model(full.input, [full.layers[1].output, full.output])
    np.testing.assert_allclose(features(X)[0], X * 2)


def test_disconnected_graphs_and_wrong_inputs():
    x, y = Input((3,)), Input((3,))
    with pytest.raises(ValueError, match="not connected|disconnected"):
        Model(x, y * 2.0)
    with pytest.raises(ValueError, match="is not connected to `inputs`"):
        Model(Scale()(x), y * 2.0)
    sources = get_source_inputs(Scale()(x) + x + y)
    assert sources[0] is x and sources[1] is y and len(sources) == 2
    with pytest.raises(ValueError, match="All `outputs` values must be KerasTensors"):
        Model(x, X)
    with pytest.raises(ValueError, match="All `inputs` values must be KerasTensors"):
        Model(X, x)
    twice = Scale(name="same")(Scale(name="same")(x))
    with pytest.raises(ValueError, match='"same" is used 2 times'):
        Model(x, twice)


def test_optional_inputs():
    class Maybe(Layer):
        def call(self, x, other=None):
            return x if other is None else x + other

        def compute_output_shape(self, x_shape):
            return x_shape

    a, b = Input((3,), name="a"), Input((3,), name="b", optional=True)
    model = Model([a, b], Maybe()(a, other=b))
    np.testing.assert_allclose(model([X, None]), X)
    np.testing.assert_allclose(model([X, X]), 2 * X)
    with pytest.raises(ValueError, match="'a' is not optional"):
        model([None, X])


def test_json_round_trip():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    scale = Scale(name="scale")
    model = Model([a, b], [scale(a) + b, scale(b)], name="m", trainable=False)
    config = json.loads(model.to_json())
    again = model_from_json(json.dumps(config), {"Scale": Scale})
    assert again.name == "m" and not again.trainable
    for one, two in zip(model([X, X + 1]), again([X, X + 1]), strict=True):
        np.testing.assert_allclose(one, two)
    assert json.loads(again.to_json()) == config


def test_unknown_parts_of_a_config_are_refused():
    x = Input((3,), name="x")
    config = Model(x, Scale(name="s")(x)).get_config()
    with pytest.raises(TypeError, match="Could not locate class 'Scale'"):
        Functional.from_config(dict(config))
    config["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = (
        "nobody"
    )
    with pytest.raises(ValueError, match="Missing node: nobody"):
        Functional.from_config(config, {"Scale": Scale})


def test_subclass_that_passes_inputs_and_outputs():
    class Mine(Model):
        def __init__(self):
            x = Input((3,))
            super().__init__(inputs=x, outputs=Scale()(x))
            self.extra = Scale(5.0)

    model = Mine()
    np.testing.assert_allclose(model(X), X * 2)
    assert isinstance(model, Functional) and model.input_shape == (None, 3)


def test_clone():
    x = Input((3,), name="x")
    model = Model(x, Scale(7.0)(x) * 2.0)
    clone = clone_model(model)
    np.testing.assert_allclose(clone(X), model(X))
    assert clone.weights[0] is not model.weights[0]
    shared = clone_model(model, clone_function=lambda layer: layer)
    assert shared.weights[0] is model.weights[0]
    names = []

    def call(layer, *args, **kwargs):
        names.append(layer.name)
        return layer(*args, **kwargs)

    clone_model(model, call_function=call)
    assert len(names) == 2
    with pytest.raises(ValueError, match="same structure as model.input"):
        clone_model(model, input_tensors=[Input((3,)), Input((3,))])


def test_function():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    function = Function([a, b], {"out": a * b})
    np.testing.assert_allclose(function([X, X])["out"], X * X)
    assert function.compute_output_shape([(5, 3), (5, 3)])["out"] == (5, 3)
    with pytest.raises(ValueError, match="invalid input structure"):
        function(X)
    with pytest.raises(ValueError, match="incompatible inputs"):
        function([X, np.ones((2, 4), np.float32)])
    with pytest.raises(ValueError, match="cannot be empty"):
        Function([], a)


def test_input_layer():
    with pytest.raises(ValueError, match="both `shape` and `batch_shape`"):
        InputLayer(shape=(3,), batch_shape=(None, 3))
    with pytest.raises(ValueError, match="pass a `shape` argument"):
        InputLayer()
    with pytest.raises(ValueError, match="incompatible `dtype`"):
        InputLayer(input_tensor=Input((3,)), dtype="int32")
    layer = InputLayer((3,), batch_size=4, dtype="int64", name="i")
    assert layer.output.shape == (4, 3) and layer.dtype == "int64"
    again = InputLayer.from_config(layer.get_config())
    assert again.batch_shape == (4, 3) and again.name == "i"
