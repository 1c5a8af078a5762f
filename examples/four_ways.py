"""One model written four ways, with the same losses from the same initial weights.

Sequential, Functional, a subclass of Model with its own train_step, and a tf.Module
on raw variables with tf.nn, GradientTape and tf.function. Runs as it is with Lamina
(`lamina run examples/four_ways.py`) and with TensorFlow.
"""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

STEPS = 10
BATCH = 32
LEARNING_RATE = 1e-3


def load_images():
    """The handwritten digits, or random images where keras.datasets has none."""
    if hasattr(keras.datasets, "digits"):
        (images, labels), _ = keras.datasets.digits.load_data()
        return (images / 16.0).astype("float32")[..., np.newaxis], labels
    rng = np.random.default_rng(0)
    images = rng.random((STEPS * BATCH, 8, 8, 1), "float32")
    return images, rng.integers(0, 10, STEPS * BATCH)


def sequential():
    """Way 1: a list of layers."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dense(10),
        ]
    )


def functional():
    """Way 2: a graph of layers."""
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(100, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10)(x))


class Subclassed(keras.Model):
    """Way 3: a class, with a training step of its own."""

    def __init__(self):
        super().__init__()
        self.convolution = layers.Conv2D(32, 3, activation="relu", padding="same")
        self.pooling = layers.MaxPooling2D()
        self.flatten = layers.Flatten()
        self.hidden = layers.Dense(100, activation="relu")
        self.logits = layers.Dense(10)

    def call(self, images):
        x = self.flatten(self.pooling(self.convolution(images)))
        return self.logits(self.hidden(x))

    def train_step(self, data):
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=labels, y_pred=self(images, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


class LowLevel(tf.Module):
    """Way 4: variables, operations and Adam, all by hand."""

    def __init__(self, weights):
        super().__init__()
        self.weights = [tf.Variable(weight) for weight in weights]
        self.first = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
        self.second = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
        self.step = tf.Variable(0.0)

    def __call__(self, images):
        filters, bias, hidden, hidden_bias, output, output_bias = self.weights
        x = tf.nn.relu(tf.nn.conv2d(images, filters, 1, "SAME") + bias)
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.reshape(x, [tf.shape(x)[0], -1])
        x = tf.nn.relu(tf.matmul(x, hidden) + hidden_bias)
        return tf.matmul(x, output) + output_bias

    @tf.function
    def train_step(self, images, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=labels, logits=self(images)
            )
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self.weights)
        self.step.assign_add(1.0)
        rate = LEARNING_RATE * tf.sqrt(1.0 - 0.999**self.step) / (1.0 - 0.9**self.step)
        slots = zip(self.weights, gradients, self.first, self.second)
        for weight, gradient, first, second in slots:
            first.assign_add((gradient - first) * 0.1)
            second.assign_add((tf.square(gradient) - second) * 0.001)
            weight.assign_sub(rate * first / (tf.sqrt(second) + 1e-7))
        return loss


def keras_losses(model, weights, batches):
    """The loss of each step of a Keras model that starts from the given weights."""
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model(batches[0][0])
    model.set_weights(weights)
    losses = []
    for images, labels in batches:
        model.reset_metrics()
        losses.append(model.train_on_batch(images, labels, return_dict=True)["loss"])
    return np.array(losses, "float64")


def low_level_losses(weights, batches):
    """The loss of each step of the hand-written module."""
    module = LowLevel(weights)
    return np.array(
        [
            float(module.train_step(tf.constant(images), tf.constant(labels)))
            for images, labels in batches
        ]
    )


def main():
    keras.utils.set_random_seed(0)
    images, labels = load_images()
    labels = labels.astype("int32")
    batches = [
        (images[start : start + BATCH], labels[start : start + BATCH])
        for start in range(0, STEPS * BATCH, BATCH)
    ]
    weights = sequential().get_weights()
    losses = {
        "Sequential": keras_losses(sequential(), weights, batches),
        "Functional": keras_losses(functional(), weights, batches),
        "Subclass": keras_losses(Subclassed(), weights, batches),
        "tf.Module": low_level_losses(weights, batches),
    }
    print("step  " + "  ".join(f"{name:>10}" for name in losses))
    for step in range(STEPS):
        row = "  ".join(f"{values[step]:10.6f}" for values in losses.values())
        print(f"{step + 1:>4}  {row}")
    reference = losses["Sequential"]
    for name, values in losses.items():
        np.testing.assert_allclose(values, reference, rtol=2e-5, err_msg=name)
    print("All four give the same losses.")


if __name__ == "__main__":
    main()
