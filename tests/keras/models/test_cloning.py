"""`clone_model`: sharing, nesting, compiled models, structures of inputs."""

import numpy as np
import pytest

from lamina import keras

layers, clone_model = keras.layers, keras.models.clone_model
X = np.random.default_rng(0).random((4, 3)).astype("float32")


def sequential():
    return keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(1)])


def functional():
    x = keras.Input((3,), name="x")
    return keras.Model(x, layers.Dense(1)(layers.Dense(2)(x)))


class Subclassed(keras.Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)

    def get_config(self):
        return {"units": self.units}


def distance(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred))


@pytest.mark.parametrize("make", [sequential, functional, Subclassed])
def test_a_compiled_model_gives_a_compiled_copy(make):
    model = make()
    loss = keras.losses.MeanSquaredError(name="mine")
    model.compile(keras.optimizers.Adam(0.5), loss, metrics=["mae", distance])
    clone = clone_model(model)
    assert clone.compiled
    assert float(clone.optimizer.learning_rate) == 0.5
    assert clone.optimizer is not model.optimizer
    assert clone.loss is not loss and clone.loss.name == "mine"
    clone.fit(X, X[:, :1], verbose=0)
    assert clone.optimizer.iterations == 1 and model.optimizer.iterations == 0
    assert not clone_model(make()).compiled


def test_a_function_as_loss_is_shared():
    model = sequential()
    model.compile("sgd", distance, metrics=[lambda a, b: a - b])
    clone = clone_model(model)
    assert clone.loss is distance
    assert clone.evaluate(X, X[:, :1], verbose=0)


def test_compile_of_its_own_is_left_to_the_caller():
    class Two(Subclassed):
        def compile(self, one, other):
            super().compile(optimizer=one)
            self.other = other

    model = Two()
    model.compile("sgd", "adam")
    assert not clone_model(model).compiled


def test_layers_shared_between_nested_models_stay_shared():
    x = keras.Input((3,))
    dense = layers.Dense(3)
    inner = keras.Model(x, dense(dense(x)))
    outer = keras.Model(x, dense(inner(x)))
    clone = clone_model(outer, recursive=True)
    assert len(clone.weights) == 2
    assert clone.weights[0] is not dense.kernel
    listed = clone_model(keras.Sequential([x, inner, dense]), recursive=True)
    assert len(listed.weights) == 2


def test_calls_in_nested_models_are_replaced():
    def with_dropout(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        if isinstance(layer, layers.Dense):
            outputs = layers.Dropout(0.5)(outputs)
        return outputs

    x = keras.Input((3,))
    outer = keras.Model(x, layers.Dense(2)(functional()(x)))
    clone = clone_model(outer, None, lambda x: x, with_dropout, recursive=True)
    kinds = [type(layer).__name__ for layer in clone._flatten_layers()]
    assert kinds.count("Dropout") == 3 and kinds.count("Dense") == 3
    np.testing.assert_allclose(clone(X), outer(X), rtol=1e-6)


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_other_structures_of_inputs(kind):
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    structures = {list: [x, y], tuple: (x, y), dict: {"x": x, "y": y}}
    model = keras.Model(structures[kind], layers.Add()([x, y]))
    for other, given in structures.items():
        if other is kind:
            assert type(clone_model(model, given).input) is kind
        else:
            with pytest.raises(ValueError, match="must have the same structure"):
                clone_model(model, given)
