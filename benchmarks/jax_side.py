"""Training steps written by hand in JAX: what is possible on a GPU.

Parameters are float32 and computed with in bfloat16; each step is one compiled function
with donated state.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.inputs import EVERY_MODEL, Batches
from benchmarks.items import BFLOAT16

HALF = jnp.bfloat16


class Parameters:
    """Makes the parameters on the first walk through a model, and hands them out.

    A model is a function of its parameters and inputs that takes them in order, so that
    one function both declares and uses them.
    """

    def __init__(self, values: list[Any] | None = None) -> None:
        self.made: list[Any] = []
        self.values = iter(values) if values is not None else None

    def __call__(self, *shape: int, scale: float | None = None) -> Any:
        """The next parameter: random, of variance 2 / inputs, or a constant."""
        if self.values is not None:
            return next(self.values)
        if scale is not None:
            value = np.full(shape, scale, "float32")
        else:
            rng = np.random.default_rng(len(self.made))
            deviation = (2 / np.prod(shape[:-1])) ** 0.5
            value = (deviation * rng.standard_normal(shape)).astype("float32")
        self.made.append(value)
        return jnp.asarray(value)


def dense(take: Parameters, x: Any, units: int) -> Any:
    """A dense layer."""
    w, b = take(x.shape[-1], units), take(units, scale=0.0)
    return x @ w.astype(HALF) + b.astype(HALF)


def convolution(take: Parameters, x: Any, filters: int, size: int, strides: int) -> Any:
    """A convolution and its batch normalisation in training; channels last."""
    w = take(size, size, x.shape[-1], filters).astype(HALF)
    order = ("NHWC", "HWIO", "NHWC")
    step = (strides, strides)
    x = jax.lax.conv_general_dilated(x, w, step, "SAME", dimension_numbers=order)
    return normalised(take, x, (0, 1, 2))


def normalised(take: Parameters, x: Any, axes: tuple[int, ...]) -> Any:
    """Mean 0 and variance 1 over the axes, then scale and offset."""
    scale, offset = take(x.shape[-1], scale=1.0), take(x.shape[-1], scale=0.0)
    wide = x.astype(jnp.float32)
    mean = wide.mean(axes, keepdims=True)
    variance = jnp.square(wide - mean).mean(axes, keepdims=True)
    y = (wide - mean) * (jax.lax.rsqrt(variance + 1e-3) * scale) + offset
    return y.astype(HALF)


def resnet50(take: Parameters, x: Any) -> Any:
    """The features of the Keras model of this name."""
    x = jax.nn.relu(convolution(take, x.astype(HALF), 64, 7, 2))
    window, strides = (1, 3, 3, 1), (1, 2, 2, 1)
    x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "SAME")
    for stage, blocks in enumerate((3, 4, 6, 3)):
        filters = 64 << stage
        for block in range(blocks):
            step = 2 if stage and not block else 1
            y = jax.nn.relu(convolution(take, x, filters, 1, 1))
            y = jax.nn.relu(convolution(take, y, filters, 3, step))
            y = convolution(take, y, 4 * filters, 1, 1)
            x = x if block else convolution(take, x, 4 * filters, 1, step)
            x = jax.nn.relu(x + y)
    return x.mean((1, 2))


def transformer(
    take: Parameters, x: Any, vocabulary: int, width: int, heads: int, blocks: int
) -> Any:
    """The features of the Keras model."""
    x = take(vocabulary, width).astype(HALF)[x]
    for _ in range(blocks):
        y = normalised(take, x, (-1,))
        split = (*x.shape[:-1], heads, width // heads)
        q, k, v = (dense(take, y, width).reshape(split) for _ in range(3))
        y = jax.nn.dot_product_attention(q, k, v)
        x = x + dense(take, y.reshape(x.shape), width)
        y = jax.nn.gelu(dense(take, normalised(take, x, (-1,)), 4 * width))
        x = x + dense(take, y, width)
    return x.mean(1)


MAKERS: dict[str, Callable[[Parameters, Any], Any]] = {
    "resnet50": resnet50,
    "transformer12": partial(
        transformer, vocabulary=32000, width=768, heads=12, blocks=12
    ),
}


def adam(w: Any, g: Any, m: Any, v: Any, t: Any) -> tuple[Any, Any, Any]:
    """Kingma and Ba 2014, with Keras's constants."""
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * jnp.square(g)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate * m / (jnp.sqrt(v) + 1e-7), m, v


class JaxSession:
    """A model's state, its step and its data."""

    def __init__(self, name: str) -> None:
        self.batch = EVERY_MODEL[name].batch
        self.batches = JaxBatches(name)
        forward = partial(logits, MAKERS[name], classes=EVERY_MODEL[name].classes)
        first = Parameters()
        jax.eval_shape(lambda x: forward(first, x), self.batches(1)[0][:1])
        weights = [*map(jnp.asarray, first.made)]
        zeros = [*map(jnp.zeros_like, weights)]
        self.state = weights, zeros, [*map(jnp.copy, zeros)], jnp.zeros(())
        self.step = jax.jit(partial(train, forward), donate_argnums=0)

    def fit(self, steps: int) -> None:
        """One epoch over shuffled rows."""
        x, y = self.batches(steps)
        order = jnp.asarray(np.random.permutation(len(x)))
        for start in range(0, len(x), self.batch):
            rows = order[start : start + self.batch]
            self.state, metrics = self.step(self.state, x, y, rows)
        jax.block_until_ready(metrics)


class JaxBatches(Batches):
    """The inputs on the device."""

    def prepare(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Arrays of JAX."""
        return jnp.asarray(x), jnp.asarray(y)


def logits(features: Any, take: Parameters, x: Any, classes: int) -> Any:
    """A model with its last layer, in float32."""
    return dense(take, features(take, x), classes).astype(jnp.float32)


def train(forward: Any, state: Any, x: Any, y: Any, rows: Any) -> tuple[Any, Any]:
    """A step of Adam; the state, and loss and accuracy."""
    x, y = x[rows], y[rows]

    def loss(weights: list[Any]) -> tuple[Any, Any]:
        found = forward(Parameters(weights), x)
        chosen = jnp.take_along_axis(jax.nn.log_softmax(found), y[:, None], 1)
        return -chosen.mean(), (found.argmax(1) == y).mean()

    weights, means, squares, t = state
    metrics, gradients = jax.value_and_grad(loss, has_aux=True)(weights)
    t = t + 1
    new = [adam(*slots, t) for slots in zip(weights, gradients, means, squares)]
    weights, means, squares = (list(slots) for slots in zip(*new))
    return (weights, means, squares, t), metrics


class JaxSide:
    """JAX's part of the table: two models in bfloat16."""

    def settings(self, model: str) -> tuple[str, ...]:
        """Only one."""
        return ("",)

    def session(self, name: str, dtype: str, setting: str) -> JaxSession:
        """A model."""
        if dtype != BFLOAT16:
            raise ValueError(f"only bfloat16 is written by hand, not {dtype}")
        return JaxSession(name)
