"""Ops in Functional models: recorded, written, and read again."""

import json

import numpy as np
import pytest

import lamina as tf
from lamina import keras
from lamina.keras.saving.serialization import deserialize_keras_object

A = np.linspace(0, 1, 24, dtype=np.float32).reshape(2, 4, 3)


def build():
    a, b = keras.Input((4, 3), name="a"), keras.Input((4, 3), name="b")
    x = tf.transpose(tf.concat([a, b], axis=-1), perm=[0, 2, 1])
    part = x[:, 1:, ::2]
    flat = tf.reshape(part, [tf.shape(part)[0], -1])
    first, second = tf.split(flat, 2, axis=1)
    outputs = [
        tf.nn.softmax(flat) + tf.reduce_mean(flat, axis=1, keepdims=True),
        tf.stack([first, second], axis=1),
        x[..., tf.newaxis] * np.arange(2, dtype=np.float32),
        tf.matmul(a, b, transpose_b=True),
        1.0 - a,
    ]
    return keras.Model([a, b], outputs)


def test_round_trip():
    model = build()
    config = model.to_json()
    again = keras.models.model_from_json(config)
    for one, two in zip(model([A, A + 1]), again([A, A + 1]), strict=True):
        np.testing.assert_allclose(one, two)
    names = {layer["class_name"] for layer in json.loads(config)["config"]["layers"]}
    assert {"InputLayer", "Add", "Multiply", "Subtract", "OpCall"} <= names
    clone = keras.models.clone_model(model)
    np.testing.assert_allclose(clone([A, A])[0], model([A, A])[0])


def keras_op(class_name, **config):
    return {
        "module": "keras.src.ops.numpy",
        "class_name": class_name,
        "config": {"name": "op", **config},
        "registered_name": class_name,
    }


@pytest.mark.parametrize(
    ("config", "args", "expected"),
    [
        (keras_op("Mean", axis=1, keepdims=True), (A,), A.mean(1, keepdims=True)),
        (keras_op("Transpose", axes=[0, 2, 1]), (A,), A.transpose(0, 2, 1)),
        (keras_op("Reshape", newshape=[-1, 12]), (A,), A.reshape(2, 12)),
        (keras_op("Clip", x_min=0.1, x_max=0.5), (A,), A.clip(0.1, 0.5)),
        (keras_op("GetItem"), (A, [slice(None), 0]), A[:, 0]),
        (keras_op("Einsum", subscripts="bij->bji"), (A,), A.transpose(0, 2, 1)),
        (keras_op("Add"), (A, 1.0), A + 1),
    ],
)
def test_keras_own_configs(config, args, expected):
    call = deserialize_keras_object(config)
    tensors = [tf.constant(x) if isinstance(x, np.ndarray) else x for x in args]
    np.testing.assert_allclose(call(*tensors), expected, rtol=1e-6)
    symbolic = call(keras.KerasTensor((None, 4, 3)), *args[1:])
    assert symbolic.shape[0] in (None, 2)


@pytest.mark.parametrize(
    "config",
    [
        {"op": "no_such_op"},
        {"op": "run_functions_eagerly", "at": "os:system"},
        {"op": "concat", "at": "lamina.ops.array.joining:np"},
        {"op": "__import__"},
        {"op": "io.write_file"},
        {"op": "print"},
        {"op": "keras.saving.load_model"},
    ],
)
def test_only_ops_are_read(config):
    with pytest.raises((ValueError, TypeError)):
        deserialize_keras_object(
            {"module": "lamina.ops", "class_name": "OpCall", "config": config}
        )(tf.constant(1.0))
