"""Cases of keras.backend, the functions of Keras 2 that tf.keras still has."""

from __future__ import annotations

import numpy as np

from tests.conformance.helpers import spec
from tests.conformance.records import case

A = np.array([[0.5, -1.25, 2.0], [3.0, -0.75, 1.5]], "float32")
P = np.array([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]], "float32")
X = np.sin(np.arange(48, dtype="float32")).reshape(2, 4, 3, 2)
W = np.cos(np.arange(24, dtype="float32")).reshape(2, 2, 2, 3)
B = np.arange(24, dtype="float32").reshape(2, 3, 4)
CALLS = {
    "sum": [(A,), (A, 1, True), (A, [0, 1])],
    "mean": [(A,), (A, 0)],
    "max": [(A,), (A, 1)],
    "min": [(A,)],
    "prod": [(A, 1)],
    "std": [(A, 1)],
    "var": [(A,)],
    "argmax": [(A,)],
    "argmin": [(A, 0)],
    "all": [(A > 0, 1)],
    "any": [(A > 0,)],
    "cumsum": [(A,)],
    "cumprod": [(A, 1)],
    "abs": [(A,)],
    "square": [(A,)],
    "exp": [(A,)],
    "sign": [(A,)],
    "clip": [(A, -1.0, 1.0)],
    "maximum": [(A, P)],
    "equal": [(A, A)],
    "greater": [(A, P)],
    "dot": [(A, P.T)],
    "batch_dot": [(B, B, (2, 2)), (A, A, 1)],
    "transpose": [(A,)],
    "gather": [(A, np.array([1, 0]))],
    "concatenate": [([A, P],)],
    "stack": [([A, P],)],
    "reshape": [(A, (3, 2))],
    "permute_dimensions": [(B, (1, 0, 2))],
    "repeat": [(A, 2)],
    "repeat_elements": [(A, 2, 1)],
    "reverse": [(A, 1)],
    "flatten": [(A,)],
    "batch_flatten": [(B,)],
    "expand_dims": [(A,)],
    "squeeze": [(A[:1], 0)],
    "tile": [(A, (2, 1))],
    "arange": [(4,)],
    "constant": [(2.0, None, (2,))],
    "ones_like": [(A,)],
    "zeros_like": [(A,)],
    "eye": [(2,)],
    "one_hot": [(np.array([0, 2]), 3)],
    "l2_normalize": [(A, 1)],
    "relu": [(A,), (A, 0.1, 1.0)],
    "elu": [(A,)],
    "softmax": [(A,)],
    "softplus": [(A,)],
    "softsign": [(A,)],
    "sigmoid": [(A,)],
    "hard_sigmoid": [(A,)],
    "tanh": [(A,)],
    "bias_add": [(X, np.array([1.0, 2.0], "float32"))],
    "conv2d": [(X, W), (X, W, (2, 1), "same")],
    "pool2d": [(X, (2, 2)), (X, (2, 2), (2, 2), "same", None, "avg")],
    "spatial_2d_padding": [(X,)],
    "temporal_padding": [(B,)],
    "binary_crossentropy": [(P, P[::-1]), (P, A, True)],
    "categorical_crossentropy": [(P, P[::-1]), (P, A, True)],
    "sparse_categorical_crossentropy": [(np.array([1, 2]), P)],
    "in_top_k": [(P, np.array([1, 2]), 1)],
}


@case(*(f"keras.backend.{name}" for name in CALLS), tolerance=1e-4)
def functions(tf):
    backend = tf.keras.backend
    return {
        f"{name} {index}": getattr(backend, name)(*map(_tensors(tf), arguments))
        for name, examples in CALLS.items()
        for index, arguments in enumerate(examples)
    }


def _tensors(tf):
    """Float arrays become tensors, as K's functions expect."""

    def convert(value):
        if isinstance(value, list) and isinstance(value[0], np.ndarray):
            return [tf.constant(item) for item in value]
        return tf.constant(value) if isinstance(value, np.ndarray) else value

    return convert


@case(
    "keras.backend.variable",
    "keras.backend.get_value",
    "keras.backend.set_value",
    "keras.backend.batch_get_value",
    "keras.backend.batch_set_value",
    "keras.backend.update",
    "keras.backend.update_add",
    "keras.backend.update_sub",
    "keras.backend.int_shape",
    "keras.backend.ndim",
    "keras.backend.count_params",
    "keras.backend.switch",
    "keras.backend.random_normal",
    "keras.backend.random_uniform",
    "keras.backend.zeros",
    "keras.backend.cast_to_floatx",
)
def state(tf):
    backend = tf.keras.backend
    v = backend.variable([1.0, 2.0])
    seen = [np.array(backend.get_value(v))]
    backend.set_value(v, [3.0, 4.0])
    seen.append(np.array(backend.get_value(v)))
    backend.batch_set_value([(v, [5.0, 6.0])])
    seen.append(np.array(backend.batch_get_value([v])[0]))
    for update in (backend.update, backend.update_add, backend.update_sub):
        update(v, [1.0, 0.5])
        seen.append(np.array(backend.get_value(v)))
    x = tf.constant(A)
    return {
        "values": seen,
        "shape": backend.int_shape(x),
        "rank": backend.ndim(x),
        "count": int(backend.count_params(x)),
        "switch": backend.switch(tf.constant(True), x, x * 0.0),
        "normal": spec(backend.random_normal((2, 3))),
        "uniform": spec(backend.random_uniform((2,))),
        "zeros": np.array(backend.get_value(backend.zeros((2,)))),
        "floatx": backend.cast_to_floatx(np.array([1, 2])),
    }
