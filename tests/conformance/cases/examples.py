"""Three worked examples of the recipe: an op, a reduction, a free case, and a layer."""

import numpy as np

from tests.conformance.helpers import grads, raises, rng
from tests.conformance.records import (
    T,
    bad,
    bad_setup,
    call,
    case,
    layer,
    record,
    setup,
)

record(
    "math.squared_difference",
    [
        call(T(2, 3), T(2, 3)),
        call(T(2, 1), T(3)),  # broadcast
        call(T(), T()),
        call(T(0, 3), T(3)),
        call(T(2, 3), 0.5),  # a Python number takes the tensor's dtype
    ],
    dtypes="floating",
    numpy=lambda x, y: np.square(x - y),
    gradient=2,
    bad=[
        bad(T(2, 3), T(4)),
        bad(T(2), T(2, dtype="float64"), raises="InvalidArgumentError"),
    ],
    aliases=["tf.math.squared_difference"],
)

record(
    "math.reduce_sum",
    [
        call(T(2, 3, 4), axis=1),
        call(T(2, 3, 4)),
        call(T(2, 3, 4), axis=[0, -1], keepdims=True),
        call(T()),
        call(T(0, 3), axis=0),
    ],
    dtypes="numeric",
    numpy=lambda x, axis=None, keepdims=False: np.sum(
        x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims
    ),
    aliases=["reduce_sum"],
    bad=[bad(T(2, 3), axis=2)],
    gradient=2,
)


@case("tf.GradientTape", "tf.GradientTape.gradient", "tf.nn.relu")
def tape_of_a_small_network(tf):
    draw = rng(1)
    x, w = draw.normal(size=(4, 3)), draw.normal(size=(3, 2))
    return {
        "gradients": grads(
            tf, lambda x, w: tf.reduce_sum(tf.nn.relu(tf.matmul(x, w))), [x, w]
        ),
        "wrong shapes": raises(lambda: tf.matmul(x, x)),
    }


layer(
    "keras.layers.Dense",
    [
        setup(T(2, 3), units=4),
        setup(T(2, 5, 3), units=2, activation="relu", use_bias=False),
        setup(T(1, 3), units=2, kernel_regularizer="l2", dtype="float64"),
    ],
    bad=[bad_setup(T(2, 3), units=-1)],
)
