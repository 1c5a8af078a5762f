"""Lamina, TensorFlow-Keras and Keras on JAX, through the API that they share."""

import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.inputs import EVERY_MODEL, Batches, mlp_arrays
from benchmarks.items import BFLOAT16, KERAS_JAX, TENSORFLOW
from benchmarks.keras_models import build


class KerasSession:
    """A compiled model and its data."""

    def __init__(self, keras: Any, name: str, dtype: str, options: Any) -> None:
        policy = "mixed_bfloat16" if dtype == BFLOAT16 else "float32"
        keras.mixed_precision.set_global_policy(policy)
        self.model = build(keras, name, **options)
        keras.mixed_precision.set_global_policy("float32")
        self.batch = EVERY_MODEL[name].batch
        self.batches = Batches(name)

    def fit(self, steps: int) -> None:
        """One epoch."""
        x, y = self.batches(steps)
        self.model.fit(x, y, batch_size=self.batch, verbose=0)

    def predict(self, steps: int) -> None:
        """Outputs as one array."""
        self.model.predict(self.batches(steps)[0], batch_size=self.batch, verbose=0)

    def evaluate(self, steps: int) -> None:
        """Loss and accuracy."""
        x, y = self.batches(steps)
        self.model.evaluate(x, y, batch_size=self.batch, verbose=0)

    def row(self) -> None:
        """Outputs for one row."""
        self.model.predict(self.batches(1)[0][:1], verbose=0)

    def train_on_batch(self) -> None:
        """One step with arrays of the caller."""
        self.model.train_on_batch(*self.batches(1))


class KerasSide:
    """An implementation of Keras, with its lower level where it has one."""

    def __init__(self, name: str) -> None:
        self.name = name
        os.environ["KERAS_BACKEND"] = "jax" if name == KERAS_JAX else "tensorflow"
        module = importlib.import_module("keras" if name == KERAS_JAX else name)
        self.keras = module if name == KERAS_JAX else module.keras
        # Names are resolved lazily: what a program needs counts as the import.
        _ = self.keras.Sequential, self.keras.layers.Dense
        self.calls = JaxCalls(module) if name == KERAS_JAX else TensorFlowCalls(module)

    def settings(self, model: str) -> tuple[str, ...]:
        """TensorFlow compiles with XLA by default, and is often faster without."""
        return ("XLA", "without XLA") if self.name == TENSORFLOW else ("",)

    def session(self, name: str, dtype: str, setting: str) -> KerasSession:
        """A model."""
        options = {"jit_compile": False} if setting == "without XLA" else {}
        return KerasSession(self.keras, name, dtype, options)

    def call(self, what: str, dtype: str) -> Callable[[], Any]:
        """Something to be called again and again."""
        if what.startswith("matmul_"):
            return self.calls.matmul(int(what.removeprefix("matmul_")), dtype)
        return getattr(self.calls, what)()

    def wait(self, result: Any) -> Any:
        """Returns when a result is there."""
        return result.block_until_ready() if self.name == KERAS_JAX else result.numpy()

    def stream(self, what: str, count: int) -> Any:
        """A `tf.data` pipeline of `count` elements."""
        return getattr(self.calls, what)(count)


class TensorFlowCalls:
    """TensorFlow's lower level, which Lamina shares."""

    def __init__(self, tf: Any) -> None:
        self.tf = tf

    def add(self) -> Callable[[], Any]:
        """An eager op."""
        a = self.tf.constant([[1.0, 2.0], [3.0, 4.0]])
        return lambda: a + a

    def tape(self) -> Callable[[], Any]:
        """A training step's gradient, op by op."""
        tf = self.tf
        x, y, *weights = mlp_arrays()
        x, y, variables = tf.constant(x), tf.constant(y), [*map(tf.Variable, weights)]
        w1, w2, w3 = variables

        def gradients() -> Any:
            with tf.GradientTape() as tape:
                hidden = tf.nn.relu(tf.matmul(x, w1))
                hidden = tf.nn.relu(tf.matmul(hidden, w2))
                logits = tf.matmul(hidden, w3)
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
                loss = tf.reduce_mean(loss)
            return tape.gradient(loss, variables)[0]

        return gradients

    def assign(self) -> Callable[[], Any]:
        """An update in place."""
        a = self.tf.constant([[1.0, 2.0], [3.0, 4.0]])
        v = self.tf.Variable(a)
        return lambda: v.assign_add(a)

    def convert(self) -> Callable[[], Any]:
        """A small NumPy array to a tensor."""
        array = np.ones((2, 2), "float32")
        return lambda: self.tf.convert_to_tensor(array)

    def function(self) -> Callable[[], Any]:
        """A compiled function with nothing in it."""
        a, function = self.tf.ones((2, 2)), self.tf.function(lambda a: a + a)
        return lambda: function(a)

    def matmul(self, size: int, dtype: str) -> Callable[[], Any]:
        """A product of square matrices."""
        a = self.tf.cast(self.tf.random.uniform((size, size)), dtype)
        return lambda: self.tf.matmul(a, a)

    def data_element(self, count: int) -> Any:
        """A map over single elements."""
        return self.tf.data.Dataset.range(count).map(lambda x: x * 2)

    def data_batch(self, count: int) -> Any:
        """Shuffled batches."""
        source = self.tf.data.Dataset.range(count * 32)
        return source.shuffle(1000).batch(32).prefetch(2)


class JaxCalls:
    """The same below Keras on JAX: Keras's ops, and JAX where Keras has none."""

    def __init__(self, keras: Any) -> None:
        self.keras = keras
        self.jax = importlib.import_module("jax")
        self.numpy = self.jax.numpy

    def add(self) -> Callable[[], Any]:
        """An eager op."""
        a = self.numpy.array([[1.0, 2.0], [3.0, 4.0]])
        return lambda: self.keras.ops.add(a, a)

    def tape(self) -> Callable[[], Any]:
        """A training step's gradient, op by op."""
        x, y, *weights = map(self.numpy.asarray, mlp_arrays())
        ops = self.keras.ops

        def loss(weights: Any) -> Any:
            hidden = ops.relu(ops.matmul(x, weights[0]))
            hidden = ops.relu(ops.matmul(hidden, weights[1]))
            logits = ops.matmul(hidden, weights[2])
            losses = ops.sparse_categorical_crossentropy(y, logits, from_logits=True)
            return ops.mean(losses)

        gradient = self.jax.grad(loss)
        return lambda: gradient(weights)[0]

    def assign(self) -> Callable[[], Any]:
        """An update of a Keras variable."""
        a = self.numpy.array([[1.0, 2.0], [3.0, 4.0]])
        v = self.keras.Variable(a)
        return lambda: v.assign_add(a)

    def convert(self) -> Callable[[], Any]:
        """A small NumPy array to a tensor."""
        array = np.ones((2, 2), "float32")
        return lambda: self.keras.ops.convert_to_tensor(array)

    def function(self) -> Callable[[], Any]:
        """A compiled function with nothing in it."""
        a, function = self.numpy.ones((2, 2)), self.jax.jit(lambda a: a + a)
        return lambda: function(a)

    def matmul(self, size: int, dtype: str) -> Callable[[], Any]:
        """A product of square matrices."""
        a = self.numpy.asarray(np.random.rand(size, size), dtype)
        return lambda: self.numpy.matmul(a, a)
