"""Records of tf.linalg."""

import numpy as np

from tests.conformance.helpers import grads, raises, rng
from tests.conformance.records import T, V, bad, call, case, record

FLOATS = ("float32", "float64")
MANY = ("float32", "float64", "complex64")
SPD = V([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
LOWER = V([[2.0, 0.0], [1.0, 3.0]])
GENERAL = V([[2.0, 1.0], [-1.0, 3.0]])

record(
    "matmul",
    [
        call(T(2, 3), T(3, 2)),
        call(T(3, 2), T(3, 2), transpose_a=True),
        call(T(2, 3), T(2, 3), transpose_b=True),
        call(T(2, 1, 2, 3), T(3, 3, 2)),
        call(T(2, 3, 2), T(2, 3, 2), adjoint_a=True),
        call(T(0, 3), T(3, 2)),
    ],
    dtypes=("float32", "float64", "bfloat16", "int32", "complex64"),
    gradient=2,
    aliases=["linalg.matmul"],
    bad=[
        bad(T(2, 3), T(2, 3)),
        bad(T(3), T(3, 3)),
        bad(T(2, 2, 3), T(3, 3, 3)),
        bad(T(2, 3), T(3, 3, dtype="float64")),
        bad(T(2, 3, dtype="bool"), T(3, 3, dtype="bool")),
        bad(T(2, 2), T(2, 2), transpose_a=True, adjoint_a=True, raises="ValueError"),
    ],
)
record(
    "matmul",
    [call(T(2, 3), T(3, 2), output_type="int32")],
    dtypes=("int8",),
    gradient=0,
)
record(
    "linalg.matvec",
    [
        call(T(2, 3), T(3)),
        call(T(3, 2), T(3), transpose_a=True),
        call(T(2, 2, 3), T(2, 3)),
    ],
    dtypes=MANY,
    bad=[bad(T(2, 3), T(2))],
)
record(
    "tensordot",
    [
        call(T(2, 3), T(3, 2), 1),
        call(T(2, 3, 2), T(3, 2, 2), [[1, 2], [0, 1]]),
        call(T(2), T(3), 0),
    ],
    dtypes=("float32", "float64", "int32"),
    aliases=["linalg.tensordot"],
    bad=[bad(T(2, 3), T(2, 3), 1)],
)
record(
    "einsum",
    [
        call("ij,jk->ik", T(2, 3), T(3, 2)),
        call("bij,bjk->bik", T(2, 2, 3), T(2, 3, 2)),
        call("ii->i", T(3, 3)),
        call("...ij,jk->...ik", T(2, 2, 3), T(3, 2)),
        call("ij->", T(2, 3)),
        call("i,j", T(2), T(3)),
    ],
    dtypes=MANY,
    aliases=["linalg.einsum"],
    bad=[
        bad("ij,jk->ik", T(2, 3), T(2, 3)),
        bad("ij->k", T(2, 3), raises="ValueError"),
    ],
)
record(
    "linalg.cross",
    [call(T(2, 3), T(2, 3)), call(T(3), T(3))],
    dtypes=("float32", "float64", "int32"),
    numpy=np.cross,
)

record(
    "linalg.diag",
    [
        call(T(3)),
        call(T(2, 2), k=1),
        call(T(2, 3), k=[-1, 0]),
        call(T(2), k=-1, num_rows=3, num_cols=4, padding_value=7),
        call(T(3, 2), k=[-1, 1], align="LEFT_RIGHT"),
    ],
    dtypes=("float32", "int32", "float64"),
    bad=[bad(T(3), num_rows=2)],
)
record(
    "linalg.diag_part",
    [
        call(T(2, 3, 3)),
        call(T(3, 4), k=1),
        call(T(3, 4), k=[-1, 2]),
        call(T(3, 3), k=[-1, 1], padding_value=5, align="LEFT_LEFT"),
    ],
    dtypes=("float32", "int32", "float64"),
    bad=[bad(T(3)), bad(T(2, 2), k=4)],
)
record(
    "linalg.set_diag",
    [
        call(T(3, 3), T(3)),
        call(T(2, 3, 4), T(2, 3), k=1),
        call(T(3, 3), T(2, 3), k=[-1, 0]),
    ],
    dtypes=("float32", "int32", "float64"),
    bad=[bad(T(3, 3), T(2))],
)
record(
    "linalg.band_part",
    [call(T(3, 4), 1, 1), call(T(2, 3, 3), -1, 0), call(T(3, 3), 0, -1)],
    dtypes=("float32", "int32", "bool"),
    bad=[bad(T(3), 1, 1)],
)
record(
    "linalg.trace",
    [call(T(3, 3)), call(T(2, 2, 3))],
    dtypes=("float32", "int32"),
    bad=[bad(T(2))],
)
record("linalg.tensor_diag", [call(T(3)), call(T(2, 2))], dtypes=("float32", "int32"))
record(
    "linalg.tensor_diag_part",
    [call(T(3, 3)), call(T(2, 3, 2, 3))],
    dtypes=("float32", "int32"),
    bad=[bad(T(2, 3))],
)
record(
    "linalg.matrix_transpose",
    [call(T(2, 3)), call(T(2, 3, 4), conjugate=True)],
    dtypes=MANY,
    bad=[bad(T(2), raises="ValueError")],
)
record("linalg.adjoint", [call(T(2, 3)), call(T(2, 3, 4))], dtypes=MANY)

record(
    "norm",
    [
        call(T(2, 3)),
        call(T(2, 3), axis=1),
        call(T(2, 3), 1, axis=0, keepdims=True),
        call(T(2, 3), np.inf, axis=-1),
        call(T(2, 3), 3, axis=1),
        call(T(2, 3), "fro", axis=[0, 1]),
        call(T(2, 3), 1, axis=[0, 1]),
        call(T(2, 3), np.inf, axis=[-2, -1]),
        call(T(2, 3), 2, axis=[0, 1]),
    ],
    dtypes=FLOATS,
    aliases=["linalg.norm"],
    bad=[
        bad(T(2, 3), "foo", raises="ValueError"),
        bad(T(2, 3), "fro", axis=0, raises="ValueError"),
        bad(T(2, dtype="int32")),
    ],
)
record("norm", [call(T(2, 3)), call(T(2, 3), 1)], dtypes=("complex64",), gradient=0)
record(
    "linalg.normalize",
    [call(T(2, 3)), call(T(2, 3), axis=1), call(T(3), 1)],
    dtypes=FLOATS,
)
record(
    "linalg.inv",
    [call(GENERAL), call(GENERAL, adjoint=True)],
    dtypes=MANY,
    numpy=lambda x, adjoint=False: np.linalg.inv(np.conj(x.T) if adjoint else x),
    bad=[bad(T(2, 3)), bad(V([[0.0, 0.0], [0.0, 0.0]]))],
)
record(
    "linalg.det",
    [call(GENERAL), call(T(2, 3, 3))],
    dtypes=FLOATS,
    numpy=np.linalg.det,
    bad=[bad(T(2, 3))],
)
record("linalg.slogdet", [call(GENERAL)], dtypes=FLOATS, bad=[bad(T(2, 3))])
record("linalg.logdet", [call(SPD)], dtypes=FLOATS)
record(
    "linalg.solve",
    [call(GENERAL, T(2, 3)), call(GENERAL, T(2, 1), adjoint=True)],
    dtypes=MANY,
    bad=[
        bad(GENERAL, T(3, 1)),
        bad(T(2, 3), T(3, 1)),
        bad(V([[0.0, 0.0], [0.0, 0.0]]), T(2, 1)),
    ],
)
record(
    "linalg.triangular_solve",
    [
        call(LOWER, T(2, 2)),
        call(LOWER, T(2, 1), adjoint=True),
        call(GENERAL, T(2, 1), lower=False),
    ],
    dtypes=FLOATS,
    bad=[bad(LOWER, T(3, 1))],
)
record(
    "linalg.cholesky",
    [call(SPD)],
    dtypes=FLOATS,
    gradient=0,
    numpy=np.linalg.cholesky,
    bad=[bad(T(2, 3))],
)
record("linalg.cholesky_solve", [call(LOWER, T(2, 2))], dtypes=FLOATS)
record(
    "linalg.lstsq",
    [
        call(T(4, 2), T(4, 1)),
        call(T(4, 2), T(4, 1), l2_regularizer=0.5),
    ],
    dtypes=("float64",),
    tolerance=1e-6,
)
record("linalg.eigvalsh", [call(SPD)], dtypes=FLOATS, gradient=0)
record("linalg.svd", [call(T(2, 3), compute_uv=False)], dtypes=FLOATS)
record(
    "linalg.pinv",
    [call(T(3, 2))],
    dtypes=FLOATS,
    tolerance={"float32": 1e-4},
    gradient=0,
)
record(
    "linalg.matrix_rank",
    [call(V([[1.0, 2.0], [2.0, 4.0]])), call(T(2, 3))],
    dtypes=FLOATS,
    gradient=0,
)
record("linalg.expm", [call(GENERAL)], dtypes=FLOATS, tolerance={"float32": 1e-4})


@case("tf.linalg.qr", "tf.linalg.svd", "tf.linalg.eigh", tolerance=1e-5)
def factors_up_to_signs(tf):
    x = rng(1).normal(size=(4, 3))
    q, r = tf.linalg.qr(x)
    s, u, v = tf.linalg.svd(x)
    values, vectors = tf.linalg.eigh(x.T @ x)
    return {
        "qr": [tf.matmul(q, r), tf.matmul(q, q, transpose_a=True), tf.abs(r)],
        "full qr": [tuple(t.shape) for t in tf.linalg.qr(x, full_matrices=True)],
        "svd": [s, tf.matmul(u * s, v, transpose_b=True), tf.abs(v)],
        "full svd": [tuple(t.shape) for t in tf.linalg.svd(x, full_matrices=True)],
        "eigh": [values, tf.abs(vectors)],
        "gradients": [
            grads(tf, lambda a: tf.reduce_sum(tf.abs(tf.linalg.qr(a)[1])), [x]),
            grads(tf, lambda a: tf.linalg.svd(a)[0][0], [x]),
            grads(tf, lambda a: tf.linalg.eigh(a)[0][0], [x.T @ x]),
        ],
        "not square": raises(lambda: tf.linalg.eigh(x)),
    }


@case("tf.linalg.cholesky", tolerance=1e-5)
def gradient_of_cholesky(tf):
    return grads(tf, tf.linalg.cholesky, [np.array([[4.0, 2.0], [2.0, 5.0]])])


@case("tf.linalg.lu", "tf.linalg.lstsq")
def factors_without_gradients(tf):
    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    draw = rng(2)
    a, b = draw.normal(size=(4, 2)), draw.normal(size=(4, 1))
    return [tf.linalg.lu(x), tf.linalg.lstsq(a, b, fast=False)]
