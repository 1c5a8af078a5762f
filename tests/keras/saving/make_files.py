"""Writes the fixtures of this folder with real Keras 3 and Keras 2.

Run it in the environment that holds TensorFlow: python make_files.py
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tf_keras

HERE = pathlib.Path(__file__).parent / "files"
X = np.random.default_rng(0).random((4, 6, 6, 1)).astype("float32")


def keras3(path):
    layers = keras.layers
    inputs = layers.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(x)
    inner = keras.Sequential([layers.Input((32,)), layers.Dense(6)], name="inner")
    x = inner(x) * 2.0
    x = layers.Reshape((2, 3))(x)
    x = layers.Bidirectional(layers.GRU(2))(x)
    model = keras.Model(inputs, layers.Dense(2, kernel_regularizer="l2")(x))
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, np.zeros((4, 2)), verbose=0)
    model.save(path)
    np.savez(path.with_suffix(".npz"), x=X, y=model.predict(X, verbose=0))


def keras2(path):
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            layers.Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1)),
            layers.MaxPooling2D(),
            layers.Reshape((4, 2)),
            layers.LSTM(3),
            layers.Dense(2),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, np.zeros((4, 2)), verbose=0)
    model.save(path)
    np.savez(path.with_suffix(".npz"), x=X, y=model.predict(X, verbose=0))


keras3(HERE / "keras3.keras")
keras2(HERE / "keras2.h5")
