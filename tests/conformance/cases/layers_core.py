"""Core, activation, merging and preprocessing layers."""

import numpy as np

from tests.conformance.helpers import raises
from tests.conformance.records import T, V, bad_setup, case, layer, setup

layer(
    "keras.layers.Dense",
    [
        setup(T(2, 3), units=4),
        setup(T(2, 3, 5), units=2, activation="relu", use_bias=False),
        setup(
            T(2, 3),
            units=2,
            activation="softmax",
            kernel_regularizer="l2",
            bias_regularizer="l1",
            activity_regularizer="l1",
            kernel_constraint="max_norm",
        ),
    ],
    bad=[bad_setup(T(2, 3), units=-1), bad_setup(T(2), units=3)],
)
layer(
    "keras.layers.EinsumDense",
    [
        setup(T(2, 3, 4), equation="abc,cd->abd", output_shape=(None, 5)),
        setup(
            T(2, 3, 4),
            equation="abc,cde->abde",
            output_shape=(None, 2, 3),
            bias_axes="de",
            activation="tanh",
        ),
        setup(T(2, 3, 4), equation="...x,xy->...y", output_shape=5, bias_axes="y"),
        setup(T(2, 3, 4), equation="ab...,bc->ac...", output_shape=5, bias_axes="c"),
    ],
    bad=[
        bad_setup(T(2, 3), equation="ab,bc->ad", output_shape=3),
        bad_setup(T(2, 3), equation="nonsense", output_shape=3),
    ],
)
layer(
    "keras.layers.Embedding",
    [
        setup(V([[1, 0, 3], [2, 2, 0]], "int32"), input_dim=4, output_dim=3),
        setup(
            V([[1, 0, 3]], "int64"),
            input_dim=4,
            output_dim=2,
            mask_zero=True,
            embeddings_regularizer="l2",
        ),
    ],
    bad=[bad_setup(V([[1]], "int32"), input_dim=0, output_dim=2)],
)
layer("keras.layers.Identity", [setup(T(2, 3))])
layer(
    "keras.layers.Masking",
    [
        setup(V([[[0.0, 0.0], [1.0, 0.0], [2.0, 3.0]]])),
        setup(T(2, 3, 2), mask_value=1.0),
    ],
)
layer("keras.layers.Activation", [setup(T(2, 3), activation="gelu")])
layer(
    "keras.layers.ReLU",
    [setup(T(3, 4)), setup(T(3, 4), max_value=1.0, negative_slope=0.2, threshold=0.5)],
    bad=[bad_setup(T(3), max_value=-1.0), bad_setup(T(3), negative_slope=-1.0)],
)
layer(
    "keras.layers.LeakyReLU",
    [setup(T(3, 4)), setup(T(3, 4), negative_slope=0.1)],
    bad=[bad_setup(T(3), negative_slope=None)],
)
layer("keras.layers.ELU", [setup(T(3, 4)), setup(T(3, 4), alpha=0.5)])
layer("keras.layers.PReLU", [setup(T(2, 3, 4)), setup(T(2, 3, 4), shared_axes=[1])])
layer(
    "keras.layers.Softmax",
    [
        setup(T(2, 3)),
        setup(T(2, 3, 4), axis=(1, 2)),
        setup(T(2, 3), V([[True, False, True], [True, True, True]], "bool")),
    ],
    bad=[bad_setup(T(2, 3), V([[True, False]], "bool"))],
)
for _name in ("Add", "Multiply", "Average", "Maximum", "Minimum"):
    layer(
        f"keras.layers.{_name}",
        [setup([T(2, 3), T(2, 3), T(2, 3)]), setup([T(2, 3, 4), T(2, 1, 4)])],
        bad=[bad_setup([T(2, 3), T(2, 4)]), bad_setup([T(2, 3), T(3, 3)])],
    )
layer(
    "keras.layers.Subtract",
    [setup([T(2, 3), T(2, 3)])],
    bad=[bad_setup([T(2, 3), T(2, 3), T(2, 3)])],
)
layer(
    "keras.layers.Concatenate",
    [setup([T(2, 3), T(2, 4)]), setup([T(2, 3, 4), T(2, 2, 4)], axis=1)],
    bad=[bad_setup([T(2, 3, 4), T(2, 2, 5)], axis=1)],
)
layer(
    "keras.layers.Dot",
    [
        setup([T(2, 3), T(2, 3)], axes=1),
        setup([T(2, 3, 4), T(2, 5, 4)], axes=(2, 2)),
        setup([T(2, 3, 4), T(2, 3)], axes=1, normalize=True),
    ],
    bad=[bad_setup([T(2, 3), T(2, 4)], axes=1)],
)
layer(
    "keras.layers.Rescaling",
    [
        setup(T(2, 3), scale=0.5, offset=1.0),
        setup(V([[0, 255]], "uint8"), scale=1 / 255),
    ],
)


@case(
    "keras.layers.add",
    "keras.layers.subtract",
    "keras.layers.multiply",
    "keras.layers.average",
    "keras.layers.maximum",
    "keras.layers.minimum",
    "keras.layers.concatenate",
    "keras.layers.dot",
)
def merging_functions(tf):
    layers = tf.keras.layers
    a = tf.constant(np.arange(6, dtype="float32").reshape(2, 3))
    b = tf.constant(np.ones((2, 3), "float32"))
    both = [a, b]
    return [
        layers.add(both),
        layers.subtract(both),
        layers.multiply(both),
        layers.average(both),
        layers.maximum(both),
        layers.minimum(both),
        layers.concatenate(both, axis=1),
        layers.dot(both, axes=1),
    ]


@case("keras.layers.Lambda")
def lambda_layer(tf):
    x = tf.constant([[1.0, 2.0]])
    layer = tf.keras.layers.Lambda(lambda t, k=1.0: t * k, arguments={"k": 3.0})
    shaped = tf.keras.layers.Lambda(lambda t: t[:, :1], output_shape=(1,))
    return [layer(x), shaped(x), list(shaped.compute_output_shape((None, 2)))]


@case("keras.layers.Embedding", "keras.layers.Masking", "keras.layers.Dense")
def masks_travel(tf):
    layers = tf.keras.layers
    ids = tf.constant([[1, 2, 0], [3, 0, 0]])
    embedded = layers.Embedding(4, 2, mask_zero=True)(ids)
    dense = layers.Dense(3)(embedded)
    joined = layers.Concatenate()([embedded, dense])
    steps = layers.Masking()(tf.constant([[[0.0], [1.0]]]))
    return [x._keras_mask for x in (embedded, dense, joined, steps)]


@case("keras.layers.Wrapper")
def wrapper(tf):
    layers = tf.keras.layers
    config = layers.Wrapper(layers.Dense(2, name="inner")).get_config()
    return [config["layer"]["config"]["units"], raises(lambda: layers.Wrapper(3))]


@case("keras.layers.serialize", "keras.layers.deserialize")
def layer_round_trip(tf):
    layers = tf.keras.layers
    config = layers.serialize(layers.Dense(3, activation="relu", name="d"))
    again = layers.deserialize(config)
    return [config["class_name"], config["module"], again.units, again.name]
