"""The numbers that every implementation is fed with."""

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.items import GPU_MODELS, MODELS, Model

EVERY_MODEL: dict[str, Model] = {**MODELS, **GPU_MODELS}


def batches(name: str, steps: int) -> tuple[Any, Any]:
    """Inputs and labels for `steps` batches of a model."""
    model = EVERY_MODEL[name]
    rng = np.random.default_rng(0)
    rows = steps * model.batch
    shape = (rows, *model.shape)
    if model.vocabulary:
        x = rng.integers(0, model.vocabulary, shape).astype("int32")
    else:
        x = rng.random(shape, "float32")
    return x, rng.integers(0, model.classes, rows).astype("int32")


class Batches:
    """The inputs of a model, made once for each number of steps."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._made: dict[int, tuple[Any, Any]] = {}

    def __call__(self, steps: int) -> tuple[Any, Any]:
        """Inputs and labels for `steps` batches, the same objects each time."""
        if steps not in self._made:
            self._made[steps] = self.prepare(*batches(self.name, steps))
        return self._made[steps]

    def prepare(self, x: Any, y: Any) -> tuple[Any, Any]:
        """What an implementation makes of the arrays beforehand."""
        return x, y


def mlp_arrays() -> tuple[Any, ...]:
    """Inputs, labels and three weights of a small multi-layer perceptron."""
    rng = np.random.default_rng(0)
    widths = (784, 128, 64, 10)
    weights = [
        (rng.standard_normal(pair) / pair[0] ** 0.5).astype("float32")
        for pair in pairwise(widths)
    ]
    x = rng.random((32, 784), "float32")
    return x, rng.integers(0, 10, 32).astype("int32"), *weights
