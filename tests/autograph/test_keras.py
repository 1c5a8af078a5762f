"""Users' layers, steps and losses with Python control flow, called by Keras."""

import numpy as np

import lamina as tf

keras = tf.keras


class Gate(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(3)

    def call(self, inputs):
        outputs = self.dense(inputs)
        if tf.reduce_sum(outputs) > 0:
            outputs = outputs * 2.0
        for i in tf.range(3):
            if i == 1:
                continue
            outputs = outputs + 0.5
        return outputs


def loss_fn(y_true, y_pred):
    error = tf.reduce_mean(tf.abs(y_true - y_pred))
    if error > 1.0:
        return error
    return error * error


class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.gate = Gate()
        self.head = keras.layers.Dense(1)

    def call(self, inputs):
        return self.head(self.gate(inputs))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            if loss > 100.0:
                loss = loss * 0.5
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return {"loss": loss}


def test_fit_with_control_flow_everywhere():
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(1).normal(size=(64, 4)).astype("float32")
    y = x.sum(1, keepdims=True)
    model = Model()
    model.compile(keras.optimizers.Adam(0.05), loss=loss_fn)
    losses = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    eager = model(x[:3])
    np.testing.assert_allclose(model.predict(x[:3], verbose=0), eager, rtol=1e-4)


def test_functional_model_and_lambda():
    inputs = keras.Input((4,))
    outputs = Gate()(inputs)
    outputs = keras.layers.Lambda(lambda v: v if tf.reduce_sum(v) > 0 else -v)(outputs)
    model = keras.Model(inputs, outputs)
    assert model.output_shape == (None, 3)
    x = np.ones((2, 4), "float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x), rtol=1e-5)
