"""Lamina, TensorFlow-Keras and Keras on JAX, through the API that they share."""

import importlib
import os
from collections.abc import Callable
from typing import Any

from benchmarks.keras_models import BATCH, build, inputs


class KerasSide:
    """An implementation of Keras, with its lower level where it has one."""

    def __init__(self, name: str) -> None:
        os.environ["KERAS_BACKEND"] = "jax" if name == "keras-jax" else "tensorflow"
        if name == "keras-jax":
            self.keras, self.tf = importlib.import_module("keras"), None
        else:
            self.tf = importlib.import_module(name)
            self.keras = self.tf.keras
        # Names are resolved lazily: what a program needs counts as the import.
        _ = self.keras.Sequential, self.keras.layers.Dense

    def action(self, name: str, steps: int) -> tuple[Callable[[], Any], int]:
        """A call to be timed, and the number of units that it does."""
        family, what = name.split(".")
        if family == "eager":
            return self._eager(what, steps * 20)
        if family == "function":
            return self._function(steps * 20)
        if family == "data":
            return self._data(what, steps * 10)
        model = build(self.keras, family)
        x, y = inputs(family, steps * BATCH)
        if what == "fit":
            return lambda: model.fit(x, y, batch_size=BATCH, verbose=0), steps
        if what == "row":
            row = x[:1]

            def rows() -> None:
                for _ in range(steps):
                    model.predict(row, verbose=0)

            return rows, steps
        return lambda: model.predict(x, batch_size=BATCH, verbose=0), steps

    def _eager(self, what: str, count: int) -> tuple[Callable[[], Any], int]:
        if self.tf is None:
            return self._eager_keras(what, count)
        tf = self.tf
        a = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        v = tf.Variable(a)

        def tape() -> Any:
            with tf.GradientTape() as tape:
                tape.watch(a)
                target = tf.reduce_sum(tf.matmul(a, a) * a)
            return tape.gradient(target, a)

        calls = {"add": lambda: a + a, "assign": lambda: v.assign_add(a), "tape": tape}
        return repeated(calls[what], count)

    def _eager_keras(self, what: str, count: int) -> tuple[Callable[[], Any], int]:
        import jax
        import jax.numpy as jnp

        a = jnp.array([[1.0, 2.0], [3.0, 4.0]])
        v = self.keras.Variable(a)
        gradient = jax.grad(lambda a: jnp.sum(jnp.matmul(a, a) * a))
        calls = {
            "add": lambda: self.keras.ops.add(a, a),
            "assign": lambda: v.assign_add(a),
            "tape": lambda: gradient(a),
        }
        return repeated(calls[what], count)

    def _function(self, count: int) -> tuple[Callable[[], Any], int]:
        if self.tf is None:
            import jax
            import jax.numpy as jnp

            a, function = jnp.ones((2, 2)), jax.jit(lambda a: a + a)
        else:
            a, function = self.tf.ones((2, 2)), self.tf.function(lambda a: a + a)
        return repeated(lambda: function(a), count)

    def _data(self, what: str, count: int) -> tuple[Callable[[], Any], int]:
        assert self.tf is not None
        source = self.tf.data.Dataset.range(count * (BATCH if what == "batch" else 1))
        if what == "element":
            pipeline = source.map(lambda x: x * 2)
        else:
            pipeline = source.shuffle(1000).batch(BATCH).prefetch(2)

        def consume() -> None:
            for _ in pipeline:
                pass

        return consume, count


def repeated(call: Callable[[], Any], count: int) -> tuple[Callable[[], Any], int]:
    """The call done `count` times, the last result waited for."""

    def loop() -> None:
        for _ in range(count):
            result = call()
        if hasattr(result, "numpy"):
            result.numpy()
        elif hasattr(result, "block_until_ready"):
            result.block_until_ready()

    return loop, count
