"""The layer base: building, tracking, calls, masks, dtypes, losses, configs."""

import numpy as np
import pytest

from lamina.engine.graph import KerasTensor
from lamina.engine.tensor import convert_to_tensor
from lamina.engine.variable import Variable as TfVariable
from lamina.keras import initializers, regularizers
from lamina.keras.common.state import clear_session
from lamina.keras.layers.base import Layer
from lamina.keras.layers.input_spec import InputSpec
from lamina.keras.variable import Variable

X = np.ones((2, 3), np.float32)


class Scale(Layer):
    """Multiplies by a weight for each feature."""

    def __init__(self, start="ones", regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.regularizer = regularizer

    def build(self, input_shape):
        self.scale = self.add_weight(
            shape=(input_shape[-1],),
            initializer=self.start,
            regularizer=self.regularizer,
            name="scale",
        )

    def call(self, inputs):
        return inputs * self.scale


def test_build_runs_once_at_the_first_call():
    layer = Scale(name="s")
    assert not layer.built and layer.weights == [] and layer.path is None
    np.testing.assert_array_equal(layer(X), X)
    assert layer.built and layer.path == "s"
    (weight,) = layer.weights
    layer(X)
    assert layer.weights[0] is weight
    assert weight.path == "s/scale" and weight.name == "scale"
    assert weight.dtype == "float32"
    assert layer.count_params() == 3
    assert layer.get_build_config() == {"input_shape": (2, 3)}


def test_keras_2_order_of_add_weight():
    class Old(Layer):
        def build(self, shape):
            self.a = self.add_weight("a", (shape[-1],), initializer="zeros")
            self.b = self.add_weight("b", shape=(1,), initializer="ones")
            self.c = self.add_weight((2,), "ones", "int32", name="c")

        def call(self, x):
            return x + self.a + self.b

    layer = Old()
    np.testing.assert_array_equal(layer(X), X + 1)
    assert [v.name for v in layer.weights] == ["a", "b", "c"]
    assert layer.c.dtype == "int32"
    with pytest.raises(ValueError, match="both positionally and as a keyword"):
        Layer().add_weight((2,), shape=(2,))


def test_state_is_tracked_in_containers_and_locked_after_build():
    class Many(Layer):
        def __init__(self):
            super().__init__()
            self.parts = [Scale(), {"deep": (Scale(),)}]
            self.parts.append(Scale())
            self.raw = TfVariable([1.0, 2.0])

        def call(self, x):
            x = self.parts[0](x)
            return self.parts[2](self.parts[1]["deep"][0](x))

    clear_session()
    layer = Many()
    layer(X)
    assert len(layer._layers) == 3
    assert len(layer.weights) == 4
    assert any(v is layer.raw for v in layer.trainable_weights)
    paths = [getattr(v, "path", None) for v in layer.weights]
    assert "many/scale/scale" in paths and "many/scale_2/scale" in paths
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        layer.late = Scale()


def test_trainable_is_nested():
    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scale()

        def call(self, x):
            return self.inner(x)

    layer = Outer()
    layer(X)
    assert len(layer.trainable_weights) == 1
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 1
    assert not layer.inner.trainable
    layer.trainable = True
    assert len(layer.inner.trainable_variables) == 1
    with pytest.raises(ValueError, match="to be a boolean"):
        Scale(trainable="yes")


def test_several_build_shapes_by_name():
    class Two(Layer):
        def build(self, a_shape, b_shape):
            self.seen = (a_shape, b_shape)
            self.w = self.add_weight(shape=(a_shape[-1], b_shape[-1]))

        def call(self, a, b):
            return a, b

    layer = Two()
    layer(X, np.ones((2, 5), np.float32))
    assert tuple(layer.seen) == ((2, 3), (2, 5))
    assert layer.get_build_config()["shapes_dict"]["b_shape"] == (2, 5)

    class Wrong(Two):
        def build(self, a_shape, c_shape):
            pass

    with pytest.raises(ValueError, match=r"does not have argument `c`"):
        Wrong()(X, X)


def test_training_passes_to_inner_layers():
    seen = []

    class Inner(Layer):
        def call(self, x, training=False):
            seen.append(training)
            return x

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(X)
    outer(X, training=True)
    outer.inner(X)
    assert seen == [False, True, False]


def test_masks_travel():
    class Mask(Layer):
        def call(self, x):
            return x

        def compute_mask(self, inputs, previous_mask):
            return convert_to_tensor(np.array([True, False]))

    seen = []

    class Sees(Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x, mask=None):
            seen.append(mask)
            return x * 2.0

    class Drops(Layer):
        def call(self, x):
            return x * 1.0

    x = Mask()(X)
    y = Sees()(x)
    assert seen[0] is x._keras_mask
    assert y._keras_mask is x._keras_mask
    with pytest.warns(UserWarning, match="destroy the mask"):
        Drops()(y)


def test_mixed_precision_casts_inputs_and_weights():
    layer = Scale(dtype="mixed_bfloat16")
    out = layer(X)
    assert out.dtype == "bfloat16"
    assert layer.dtype == "float32" and layer.compute_dtype == "bfloat16"
    assert layer.scale.dtype == "float32"
    ints = Scale()
    assert ints._convert_inputs((np.ones((2,), np.int64),), {})[0][0].dtype == "int64"
    assert Scale(autocast=False)(X).dtype == "float32"


def test_losses():
    class Loss(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scale(regularizer=regularizers.get("l2"))

        def call(self, x):
            y = self.inner(x)
            self.add_loss(y[0, 0] * 3.0)
            return y

    layer = Loss()
    layer(X)
    layer(X)
    values = [float(x) for x in layer.losses]
    np.testing.assert_allclose(values, [3.0, 0.03], rtol=1e-5)
    with pytest.raises(ValueError, match="Received invalid value"):
        layer.add_loss(3.0)


def test_activity_regularizer_is_a_mean_over_the_batch():
    layer = Scale(activity_regularizer="l2")
    layer(X)
    np.testing.assert_allclose(float(layer.losses[0]), 0.01 * 6 / 2, rtol=1e-5)


def test_symbolic_call_keeps_unknown_sizes():
    layer = Scale()
    out = layer(KerasTensor((None, 4)))
    assert tuple(out.shape) == (None, 4)
    assert layer.get_build_config() == {"input_shape": (None, 4)}
    assert layer.output is out and layer.output_shape == (None, 4)
    assert layer.compute_output_shape((7, 4)) == (7, 4)

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scale()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer(KerasTensor((None, 4)))
    assert outer.inner.get_build_config() == {"input_shape": (None, 4)}
    with pytest.raises(AttributeError, match="has never been called"):
        _ = Scale().output


def test_config_follows_from_the_constructor():
    class Auto(Layer):
        def __init__(self, units=3, kind="a", **kwargs):
            super().__init__(**kwargs)

    config = Auto(5, name="n").get_config()
    assert config["units"] == 5 and config["kind"] == "a" and config["name"] == "n"
    again = Auto.from_config(config)
    assert again.get_config() == config
    with pytest.raises(NotImplementedError, match="Please implement"):
        Auto(units=Scale()).get_config()

    class Short(Layer):
        def __init__(self, units):
            super().__init__()

    assert Short(4).get_config()["units"] == 4
    assert "name" not in Short(4).get_config()


def test_weights_are_set_as_arrays():
    layer = Scale()
    layer(X)
    layer.set_weights([np.array([1, 2, 3])])
    np.testing.assert_array_equal(layer.get_weights()[0], [1, 2, 3])
    with pytest.raises(ValueError, match="was expecting 1 weights"):
        layer.set_weights([])
    with pytest.raises(ValueError, match=r"\(3,\) is not compatible"):
        layer.set_weights([np.ones(4)])
    first = Scale(weights=[np.full(3, 9.0)])
    first(X)
    np.testing.assert_array_equal(first.get_weights()[0], [9, 9, 9])


def test_a_missing_weight_names_layer_attribute_line_and_cure():
    class NoBuild(Layer):
        def call(self, inputs):
            return inputs * self.kernel

    layer = NoBuild(name="mine")
    with pytest.raises(AttributeError) as caught:
        layer(X)
    text = str(caught.value)
    for part in ("'NoBuild' object has no attribute 'kernel'", "'mine'", __file__):
        assert part in text
    assert "add_weight" in text and "build(self, input_shape)" in text
    assert "shape=(2, 3), dtype=float32" in text


def test_forgotten_super_init():
    class Forgot(Layer):
        def __init__(self):
            self.units = 3

    with pytest.raises(RuntimeError, match="forgot to call `super"):
        Forgot()(X)


def test_only_tensors_are_positional():
    with pytest.raises(ValueError, match="Only input tensors may be passed"):
        Scale()("text")
    with pytest.raises(ValueError, match="Unrecognized keyword arguments"):
        Scale(unknown=3)
    with pytest.raises(TypeError, match="Scale.call"):
        Scale()(X, other=3)


def test_input_spec_messages():
    class Strict(Scale):
        def __init__(self):
            super().__init__(name="strict")
            self.input_spec = InputSpec(ndim=2, axes={-1: 3})

    Strict()(X)
    with pytest.raises(ValueError, match="'strict' is incompatible.*expected ndim=2"):
        Strict()(np.ones((2, 3, 4), np.float32))
    with pytest.raises(ValueError, match="expected axis -1 .* value 3"):
        Strict()(np.ones((2, 4), np.float32))
    with pytest.raises(ValueError, match="greater than the maximum"):
        InputSpec(ndim=1, axes={2: 3})


def test_stateless_call_has_no_side_effect():
    class Count(Layer):
        def build(self, shape):
            self.n = self.add_weight(shape=(), initializer="zeros", trainable=False)
            self.w = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            self.n.assign(self.n + 1.0)
            self.add_loss(self.w * 2.0)
            return x * self.w

    layer = Count()
    layer.build((2, 3))
    out, state, losses = layer.stateless_call([5.0], [7.0], X, return_losses=True)
    np.testing.assert_array_equal(out, X * 5)
    assert float(state[0]) == 8.0 and float(layer.n) == 0.0
    assert float(losses[0]) == 10.0
    with pytest.raises(ValueError, match="but expected 1 variables"):
        layer.stateless_call([], [7.0], X)


def test_call_context_arguments():
    class Inner(Layer):
        def __init__(self):
            super().__init__()
            self._register_call_context_args("mode")

        def call(self, x, mode=False):
            return x + (1.0 if mode else 0.0)

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    outer._register_call_context_args("mode")
    np.testing.assert_array_equal(outer(X, mode=True), X + 1)
    with pytest.raises(RuntimeError, match="after the layer has been called"):
        outer._register_call_context_args("other")


def test_deleting_a_weight_untracks_it():
    layer = Layer()
    layer.v = Variable(np.zeros(2))
    assert len(layer.weights) == 1
    del layer.v
    assert layer.weights == []


def test_initializers_are_called_with_shape_and_dtype():
    seen = []

    def start(shape, dtype=None):
        seen.append((tuple(shape), dtype == "float32"))
        return initializers.get("zeros")(shape, dtype=dtype)

    Scale(start=start)(X)
    assert seen == [((3,), True)]
