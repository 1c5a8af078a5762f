"""A small image classifier: train, evaluate, save, load. `lamina demo` in a script.

Runs as it is: `python examples/digits.py`.
"""

import numpy as np

import lamina as tf
from lamina.keras import layers

(x_train, y_train), (x_test, y_test) = tf.keras.datasets.digits.load_data()
x_train = (x_train / 16.0).astype("float32")[..., np.newaxis]
x_test = (x_test / 16.0).astype("float32")[..., np.newaxis]

tf.keras.utils.set_random_seed(1)
model = tf.keras.Sequential(
    [
        tf.keras.Input((8, 8, 1)),
        layers.Conv2D(32, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(100, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=6, validation_split=0.2, verbose=2)
print("test:", model.evaluate(x_test, y_test, verbose=0, return_dict=True))

model.save("digits.keras")
again = tf.keras.models.load_model("digits.keras")
expected = model.predict(x_test, verbose=0)
np.testing.assert_array_equal(again.predict(x_test, verbose=0), expected)
print("The loaded model predicts the same.")
