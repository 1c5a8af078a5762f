"""Layers, models, variables, policies, configs and trees of Keras."""

import json
from typing import Any

import numpy as np

from tests.conformance.helpers import grads, raises, rng
from tests.conformance.records import case

X = rng(1).uniform(-1, 1, size=(2, 3)).astype("float32")


def scale_class(tf: Any) -> Any:
    """A custom layer with a weight for each feature."""

    class Scale(tf.keras.layers.Layer):
        def __init__(self, start: float = 2.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.start = start

        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight(
                shape=(input_shape[-1],),
                initializer=tf.keras.initializers.Constant(self.start),
                regularizer="l2",
                name="scale",
            )
            self.seen = self.add_weight(
                shape=(), initializer="zeros", trainable=False, name="seen"
            )

        def call(self, inputs: Any, training: bool = False) -> Any:
            if training:
                self.seen.assign(self.seen + 1.0)
            return inputs * self.scale

    return Scale


@case("tf.keras.layers.Layer")
def custom_layer(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    layer = scale_class(tf)(name="s", activity_regularizer="l1")
    before = [layer.built, layer.path, len(layer.weights)]
    out = layer(X, training=True)
    layer.trainable_before = len(layer.trainable_weights)
    losses = [np.asarray(x) for x in layer.losses]
    layer.trainable = False
    return {
        "before": before,
        "out": out,
        "after": [layer.built, layer.path, layer.count_params()],
        "names": [w.name for w in layer.weights],
        "paths": [w.path for w in layer.weights],
        "state": layer.get_weights(),
        "losses": losses,
        "frozen": [len(layer.trainable_weights), len(layer.non_trainable_weights)],
        "build_config": list(layer.get_build_config()["input_shape"]),
        "config": sorted(layer.get_config()),
        "shape": list(layer.compute_output_spec(tf.keras.Input((3,))).shape),
        "gradients": grads(tf, lambda x: layer(x), [X]),
        "errors": [
            raises(lambda: layer(np.ones((2, 4), "float32"))),
            raises(lambda: layer("text")),
            raises(lambda: layer.set_weights([])),
            raises(lambda: tf.keras.layers.Layer(unknown=1)),
            raises(lambda: tf.keras.layers.Layer(trainable="yes")),
        ],
    }


@case("tf.keras.layers.Layer")
def automatic_names(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    kind = scale_class(tf)
    return [kind().name, kind().name, kind(name="x").name, kind().name]


@case("tf.keras.layers.Layer")
def nested_layers(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    kind = scale_class(tf)

    class Outer(tf.keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.parts = [kind(3.0), {"deep": kind(5.0)}]

        def call(self, x: Any) -> Any:
            return self.parts[1]["deep"](self.parts[0](x))

    layer = Outer()
    out = layer(X, training=True)
    return {
        "out": out,
        "paths": [w.path for w in layer.weights],
        "trainable": [w.path for w in layer.trainable_weights],
        "values": layer.get_weights(),
        "losses": len(layer.losses),
    }


@case("tf.keras.layers.Layer", "tf.keras.mixed_precision.Policy")
def mixed_precision(tf: Any) -> Any:
    layer = scale_class(tf)(dtype="mixed_bfloat16")
    out = layer(X)
    policy = tf.keras.mixed_precision.Policy("mixed_float16")
    return {
        "out": np.asarray(out).astype("float32"),
        "dtypes": [str(layer.dtype), str(layer.compute_dtype), policy.name],
        "weights": [
            str(tf.keras.backend.standardize_dtype(w.dtype)) for w in layer.weights
        ],
        "policy": [policy.compute_dtype, policy.variable_dtype],
        "bad": raises(lambda: tf.keras.mixed_precision.Policy("mixed_int8")),
    }


@case("tf.keras.layers.Layer")
def stateless_call(tf: Any) -> Any:
    layer = scale_class(tf)()
    layer.build((2, 3))
    out, state = layer.stateless_call(
        [np.full(3, 7.0, "float32")], [np.float32(4.0)], X, training=True
    )
    return [out, list(state), layer.get_weights()]


@case("tf.keras.layers.InputSpec")
def input_specs(tf: Any) -> Any:
    def check(spec: Any, shape: Any) -> Any:
        layer = scale_class(tf)()
        layer.input_spec = spec
        return raises(lambda: layer(np.ones(shape, "float32")))

    spec = tf.keras.layers.InputSpec
    return [
        spec(shape=(None, 3), dtype="float32").get_config(),
        check(spec(ndim=3), (2, 3)),
        check(spec(min_ndim=3), (2, 3)),
        check(spec(max_ndim=1), (2, 3)),
        check(spec(axes={-1: 4}), (2, 3)),
        check(spec(shape=(None, 4)), (2, 3)),
        raises(lambda: spec(ndim=1, axes={3: 1})),
    ]


def describe(model: Any) -> Any:
    """What a model looks like from outside."""
    return {
        "layers": [layer.name for layer in model.layers],
        "shapes": [list(model.input_shape), list(model.output_shape)],
        "weights": [w.path for w in model.weights],
        "count": model.count_params(),
    }


@case("tf.keras.Sequential", "tf.keras.models.Sequential", "tf.keras.layers.InputLayer")
def sequential(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    kind = scale_class(tf)
    model = tf.keras.Sequential([tf.keras.Input((3,)), kind(2.0), kind(3.0)])
    deferred = tf.keras.Sequential([kind(2.0)])
    unbuilt = deferred.built
    deferred(X)
    popped = model.pop().name
    return {
        "model": describe(model),
        "out": model(X),
        "deferred": [unbuilt, deferred.built, list(deferred.input_shape)],
        "popped": popped,
        "errors": [
            raises(lambda: model.add(3)),
            raises(lambda: model.add(tf.keras.Input((4,)))),
            raises(lambda: model(np.ones((2, 4), "float32"))),
            raises(lambda: tf.keras.Sequential().build((None, 3))),
        ],
    }


@case(
    "tf.keras.Model", "tf.keras.models.Model", "tf.keras.Input", "tf.keras.layers.Input"
)
def functional(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    kind = scale_class(tf)
    a, b = tf.keras.Input((3,), name="a"), tf.keras.Input((3,), name="b")
    shared = kind(2.0, name="shared")
    left, right = shared(a), shared(b)
    top = kind(3.0, name="top")(left + right * 2.0)
    model = tf.keras.Model([a, b], top)
    inner = tf.keras.Model(left, kind(5.0)(left))
    named = tf.keras.Model({"a": a, "b": b}, {"sum": left + right, "a": a})
    outer_input = tf.keras.Input((3,))
    outer = tf.keras.Model(outer_input, inner(outer_input) - 1.0)
    other = tf.keras.Input((3,))
    return {
        "layers": [
            x.name for x in model.layers if x.name in ("a", "b", "shared", "top")
        ],
        "weights": [w.path for w in model.weights],
        "out": model([X, X + 1]),
        "by name": model({"a": X, "b": X}),
        "inner": inner(X),
        "named": named({"a": X, "b": X}),
        "outer": outer(X),
        "gradients": grads(tf, lambda x: model([x, x]), [X]),
        "shapes": list(model.compute_output_shape([(5, 3), (5, 3)])),
        "errors": [
            raises(lambda: tf.keras.Model(other, left)),
            raises(lambda: tf.keras.Model(X, left)),
            raises(lambda: model([X])),
            raises(lambda: model([X, np.ones((2, 4), "float32")])),
        ],
    }


@case("tf.keras.Model")
def subclassed(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    kind = scale_class(tf)

    class Net(tf.keras.Model):
        def __init__(self, depth: int = 2) -> None:
            super().__init__()
            self.blocks = [kind(float(i + 2)) for i in range(depth)]

        def call(self, x: Any, training: bool = False) -> Any:
            for block in self.blocks:
                x = block(x)
            return x

    model = Net()
    out = model(X, training=True)
    return {
        "out": out,
        "layers": [layer.name for layer in model.layers],
        "paths": [w.path for w in model.weights],
        "state": model.get_weights(),
        "config": model.get_config()["depth"],
        "found": model.get_layer(index=1).name,
        "errors": [
            raises(lambda: model.get_layer("nobody")),
            raises(lambda: Net().count_params()),
            raises(lambda: tf.keras.Model()(X)),
        ],
    }


@case("tf.keras.models.clone_model", "tf.keras.models.model_from_json")
def copies(tf: Any) -> Any:
    tf.keras.utils.clear_session()
    layers = tf.keras.layers
    x = tf.keras.Input((3,), name="x")
    dense = layers.Dense(2, kernel_initializer="ones", name="d")
    model = tf.keras.Model(x, layers.Concatenate(name="c")([dense(x), x]), name="m")
    again = tf.keras.models.model_from_json(model.to_json())
    clone = tf.keras.models.clone_model(model)
    config = json.loads(model.to_json())["config"]
    return {
        "outputs": [model(X), again(X), clone(X)],
        "classes": [layer["class_name"] for layer in config["layers"]],
        "modules": [layer["module"] for layer in config["layers"]],
        "nodes": [layer["inbound_nodes"] for layer in config["layers"]],
        "ends": [config["input_layers"], config["output_layers"]],
    }


@case("tf.keras.Variable")
def variables(tf: Any) -> Any:
    make = tf.keras.Variable
    v = make(np.arange(6, dtype="float32").reshape(2, 3), name="v")
    v.assign_add(np.ones((2, 3), "float32"))
    v.assign_sub(np.full((2, 3), 0.5, "float32"))
    whole = make("zeros", shape=(2,), dtype="int32", trainable=False)
    return {
        "value": v.numpy(),
        "operators": [v + 1.0, 2.0 * v, v / 2.0, v - v, -v, abs(v), v > 2.0, v[0]],
        "promoted": [v + np.ones(3, "float16"), whole + np.ones(2, "int8")],
        "attributes": [v.name, v.path, list(v.shape), v.ndim, v.trainable],
        "whole": [whole.numpy(), whole.trainable],
        "errors": [
            raises(lambda: make("zeros")),
            raises(lambda: make("zeros", shape=(None,))),
            raises(lambda: make(1.0, name="a/b")),
            raises(lambda: v.assign(np.ones(4))),
            raises(lambda: bool(v)),
            raises(lambda: float(v)),
        ],
    }


@case("tf.keras.name_scope", "tf.keras.StatelessScope")
def scopes(tf: Any) -> Any:
    with tf.keras.name_scope("outer"), tf.keras.name_scope("inner"):
        v = tf.keras.Variable(1.0, name="v")
    with tf.keras.StatelessScope([(v, 5.0)]) as scope:
        v.assign(v + 1.0)
        inside = v.numpy()
    return [v.path, inside, v.numpy(), scope.get_current_value(v)]


@case("tf.keras.utils.to_categorical", "tf.keras.utils.normalize")
def arrays(tf: Any) -> Any:
    utils = tf.keras.utils
    return [
        utils.to_categorical([0, 2, 1]),
        utils.to_categorical(np.array([[1], [0]]), num_classes=4),
        utils.normalize(np.array([[3.0, 4.0], [0.0, 0.0]])),
        utils.normalize(np.array([[3.0, 4.0]]), axis=1, order=1),
        raises(lambda: utils.normalize([1.0], order=0)),
    ]


@case(
    "tf.keras.utils.register_keras_serializable",
    "tf.keras.utils.serialize_keras_object",
    "tf.keras.utils.deserialize_keras_object",
    "tf.keras.utils.custom_object_scope",
    "tf.keras.utils.get_registered_name",
    "tf.keras.utils.get_registered_object",
    "tf.keras.utils.get_custom_objects",
)
def configs(tf: Any) -> Any:
    utils = tf.keras.utils
    kind = scale_class(tf)
    layer = kind(4.0, name="s")
    config = utils.serialize_keras_object(layer)
    with utils.custom_object_scope({"Scale": kind}):
        again = utils.deserialize_keras_object(config)
    utils.register_keras_serializable("base_case", "Other")(kind)
    names = [
        utils.get_registered_name(kind),
        "base_case>Other" in utils.get_custom_objects(),
    ]
    found = utils.get_registered_object("base_case>Other") is kind
    utils.get_custom_objects().pop("base_case>Other")
    dense = utils.serialize_keras_object(tf.keras.layers.Dense(3, name="d"))
    return {
        "custom": [config["class_name"], config["registered_name"], again.start],
        "names": names,
        "found": found,
        "dense": [dense["module"], dense["class_name"], dense["registered_name"]],
        "config": sorted(dense["config"]),
        "units": dense["config"]["units"],
        "values": utils.serialize_keras_object({"a": (1, [2.0]), "b": np.ones(2)}),
        "errors": [
            raises(
                lambda: utils.deserialize_keras_object(
                    {
                        "module": None,
                        "class_name": "Nobody",
                        "config": {},
                        "registered_name": "Nobody",
                    }
                )
            ),
            raises(
                lambda: utils.deserialize_keras_object(
                    {
                        "module": "keras.layers",
                        "class_name": "Dense",
                        "config": [1],
                        "registered_name": None,
                    }
                )
            ),
            raises(lambda: utils.serialize_keras_object(object())),
        ],
    }


@case(
    "tf.keras.config.floatx",
    "tf.keras.config.set_floatx",
    "tf.keras.config.epsilon",
    "tf.keras.config.image_data_format",
    "tf.keras.config.backend",
    "tf.keras.config.set_dtype_policy",
    "tf.keras.config.dtype_policy",
)
def settings(tf: Any) -> Any:
    config = tf.keras.config
    before = [
        config.floatx(),
        config.epsilon(),
        config.image_data_format(),
        config.backend(),
    ]
    config.set_dtype_policy("mixed_bfloat16")
    during = [config.dtype_policy().name, tf.keras.layers.Layer().compute_dtype]
    config.set_dtype_policy("float32")
    return [
        before,
        during,
        raises(lambda: config.set_floatx("int32")),
        raises(lambda: config.set_dtype_policy(3)),
    ]


@case("tf.keras.KerasTensor")
def symbolic_tensors(tf: Any) -> Any:
    x = tf.keras.KerasTensor((None, 3), dtype="float32", name="x")
    y = tf.keras.Input((4,), batch_size=2, dtype="int32", name="y")
    return [
        list(x.shape),
        x.name,
        list(y.shape),
        y.name,
        tf.keras.backend.standardize_dtype(y.dtype),
        list((x * 2.0).shape),
        list(x[:, 0].shape),
        raises(lambda: np.asarray(x)),
        raises(lambda: bool(x > 1.0)),
    ]


@case(
    "tf.keras.tree.flatten",
    "tf.keras.tree.map_structure",
    "tf.keras.tree.traverse",
    "tf.keras.tree.pack_sequence_as",
    "tf.keras.tree.lists_to_tuples",
    "tf.keras.tree.is_nested",
    "tf.keras.tree.assert_same_structure",
    "tf.keras.tree.map_shape_structure",
    "tf.keras.tree.map_structure_up_to",
    "tf.keras.tree.flatten_with_path",
    "tf.keras.tree.assert_same_paths",
)
def trees(tf: Any) -> Any:
    tree = tf.keras.tree
    value = {"b": [1, (2,)], "a": None}
    seen: list[str] = []
    tree.traverse(lambda x: seen.append(str(x)), [1, [2, {"k": 3}]])
    return {
        "flat": [str(x) for x in tree.flatten(value)],
        "paths": [str(path) for path, _ in tree.flatten_with_path(value)],
        "packed": str(tree.pack_sequence_as(value, [3, 4, 5])["b"]),
        "mapped": str(tree.map_structure(lambda x, y: x + y, [1, (2,)], [3, (4,)])),
        "up to": str(tree.map_structure_up_to([0, 0], len, [[1, 2], [3]])),
        "tuples": str(tree.lists_to_tuples([1, [2, (3,)]])),
        "shapes": str(tree.map_shape_structure(len, [(1, 2), [(3,)]])),
        "nested": [tree.is_nested(value), tree.is_nested("ab")],
        "seen": seen,
        "errors": [
            raises(lambda: tree.assert_same_structure([1], (1,))),
            raises(lambda: tree.assert_same_structure([1, 2], [1])),
            raises(lambda: tree.assert_same_paths({"a": 1}, {"b": 1})),
            raises(lambda: tree.map_structure(3, [1])),
            raises(lambda: tree.pack_sequence_as([1], [1, 2])),
        ],
    }
