"""The models, written once for every implementation of Keras."""

from typing import Any

import numpy as np

BATCH = 32


def inputs(name: str, rows: int) -> tuple[Any, Any]:
    """Random inputs and labels for a model."""
    rng = np.random.default_rng(0)
    shapes = {
        "mlp": (784,),
        "cnn28": (28, 28, 1),
        "cnn32": (32, 32, 3),
        "cnn6": (32, 32, 3),
        "lstm": (32, 16),
        "transformer": (32, 64),
    }
    x = rng.normal(size=(rows, *shapes[name])).astype("float32")
    return x, rng.integers(0, 10, rows).astype("int32")


def build(keras: Any, name: str) -> Any:
    """A compiled model."""
    layers = keras.layers
    makers = {"transformer": _transformer, "lstm": _lstm, "mlp": _mlp}
    if name in makers:
        model = makers[name](keras, layers)
    else:
        model = keras.Sequential(_convolutions(keras, layers, name))
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def _mlp(keras: Any, layers: Any) -> Any:
    hidden = layers.Dense(128, activation="relu")
    return keras.Sequential([keras.Input((784,)), hidden, layers.Dense(10)])


def _convolutions(keras: Any, layers: Any, name: str) -> list[Any]:
    if name == "cnn28":
        return [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dense(10),
        ]
    if name == "cnn32":
        return [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    stack = [keras.Input((32, 32, 3))]
    for filters in (32, 64, 128):
        for _ in range(2):
            stack += [
                layers.Conv2D(filters, 3, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.Activation("relu"),
            ]
        stack.append(layers.MaxPooling2D())
    return [*stack, layers.GlobalAveragePooling2D(), layers.Dense(10)]


def _lstm(keras: Any, layers: Any) -> Any:
    return keras.Sequential([keras.Input((32, 16)), layers.LSTM(64), layers.Dense(10)])


def _transformer(keras: Any, layers: Any) -> Any:
    tokens = x = keras.Input((32, 64))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(4, 16)(y, y)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization()(x)
        y = layers.Dense(128, activation="gelu")(y)
        x = layers.Add()([x, layers.Dense(64)(y)])
    pooled = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(10)(pooled))
