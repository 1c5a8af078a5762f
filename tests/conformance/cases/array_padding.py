"""Records of padding, reordering and shapes given as tensors."""

import numpy as np

from tests.conformance.helpers import raises
from tests.conformance.records import T, V, bad, call, case, record

KINDS = ("float32", "int32", "bool")


def ints(values):
    return V(values, "int32")


PADS = [[1, 0], [2, 1]]
record(
    "pad",
    [
        call(T(2, 3), PADS),
        call(T(3), [[1, 2]], "REFLECT"),
        call(T(3), [[2, 3]], "symmetric"),
        call(T(2), [[1, 1]], constant_values=1),
        call(T(0), [[1, 1]]),
    ],
    dtypes=("float32", "int32"),
    bad=[
        bad(T(2), [[2, 1]], "REFLECT"),
        bad(T(2), [[1, 1]], "FOO", raises="ValueError"),
        bad(T(2), [[1, 1], [1, 1]]),
        bad(T(2), [[-1, 1]]),
    ],
)
record(
    "reverse",
    [call(T(2, 3), [1]), call(T(2, 3), [0, -1]), call(T(2), [])],
    dtypes=KINDS,
    bad=[bad(T(1, 2), [2]), bad(T(1, 2), 0)],
)
record(
    "roll",
    [call(T(4), 1, 0), call(T(2, 3), [1, -2], [0, 1]), call(T(3), [1, 1], [0, 0])],
    dtypes=KINDS,
    bad=[bad(T(3), [1, 2], [0])],
)
record(
    "reverse_sequence",
    [
        call(T(2, 3), ints([2, 3]), seq_axis=1, batch_axis=0),
        call(T(3, 2, 2), ints([1, 3]), seq_axis=0, batch_axis=1),
    ],
    dtypes=KINDS,
    bad=[bad(T(2, 3), ints([2]), seq_axis=1, batch_axis=0)],
)
for name in ("sort", "argsort"):
    record(
        name,
        [call(T(2, 4)), call(T(3, 2), axis=0, direction="DESCENDING")],
        dtypes=("float32", "int32", "uint8"),
        gradient=int(name == "sort"),
        bad=[bad(T(2), direction="UP", raises="ValueError"), bad(T())],
    )
record(
    "searchsorted",
    [
        call(V([1, 3, 5]), V([0, 3, 6])),
        call(V([[1, 3, 5]]), V([[0, 3, 6]]), side="right", out_type="int64"),
    ],
    dtypes=("int32", "float32"),
    gradient=0,
    bad=[bad(V([1, 2]), V([1, 2]), side="up", raises="ValueError")],
)
record(
    "math.invert_permutation",
    [call(V([2, 0, 1]))],
    dtypes=("int32", "int64"),
    gradient=0,
    bad=[bad(V([[1, 0]]))],
)
record(
    "unravel_index",
    [call(V([5, 1]), [2, 3]), call(V(4), [2, 3])],
    dtypes=("int32",),
    gradient=0,
)

record(
    "space_to_batch",
    [
        call(T(1, 4, 2, 1), [2, 2], [[0, 0], [0, 0]]),
        call(T(2, 3, 2), [2], [[1, 0]]),
    ],
    dtypes=("float32", "int32"),
    bad=[bad(T(1, 3, 2), [2], [[0, 0]])],
    aliases=["nn.space_to_batch"],
)
record(
    "batch_to_space",
    [
        call(T(4, 2, 1, 1), [2, 2], [[0, 0], [0, 0]]),
        call(T(4, 2, 2), [2], [[1, 0]]),
    ],
    dtypes=("float32", "int32"),
    bad=[bad(T(3, 2, 2), [2], [[0, 0]])],
)


@case("tf.broadcast_static_shape", "tf.broadcast_dynamic_shape", "tf.TensorShape")
def broadcasting_of_shapes(tf):
    shape = tf.TensorShape
    return {
        "static": tuple(tf.broadcast_static_shape(shape([2, 1]), shape([1, 3]))),
        "dynamic": tf.broadcast_dynamic_shape([2, 1], [3]),
        "wrong": raises(lambda: tf.broadcast_static_shape(shape([2]), shape([3]))),
    }


@case("tf.Tensor", "tf.newaxis", "tf.constant")
def indexing(tf):
    x = tf.constant(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    i = tf.constant(1)
    return {
        "int": x[1],
        "negative": x[-1, -2],
        "slices": x[:, 1:, ::2],
        "reversed": x[..., ::-1],
        "step": x[0, 2:0:-1],
        "new axes": x[tf.newaxis, :, tf.newaxis, 0],
        "tensor": x[i, tf.constant(2)],
        "wide tensor": x[tf.constant(0, tf.int64)],
        "tensor bounds": x[0, tf.constant(0) : tf.constant(2)],
        "empty": x[:, 3:],
        "mask": x[tf.constant([True, False])],
        "strings": tf.constant(["a", "b", "c"])[1:],
        "out of bounds": raises(lambda: x[2]),
        "too many": raises(lambda: x[0, 0, 0, 0]),
        "float": raises(lambda: x[1.0]),
        "array": raises(lambda: x[np.array([0, 1])]),
        "text": raises(lambda: x["a"]),
        "zero step": raises(lambda: x[::0]),
        "scalar": raises(lambda: tf.constant(3)[0]),
        "rows": list(x[0]),
    }


@case("tf.Tensor", "tf.constant")
def operators(tf):
    x, y = tf.constant([1.0, -2.5]), tf.constant([2.0, 3.0])
    i, b = tf.constant([6, -7]), tf.constant([True, False])
    return {
        "arithmetic": [x + y, x - y, x * y, x / y, x // y, x % y, x**y, -x, abs(x)],
        "scalars": [x + 1, 1 - x, 2 * x, 1 / y, x // 2, 7 % y, 2**y, x**2],
        "arrays": [np.array([1.0, 2.0]) + x, x * np.array([1, 2])],
        "integers": [i + 1, i / 2, i // 2, i % 4, i**2, 2 ** tf.constant([2, 3])],
        "bits": [i & 3, i | 1, i ^ 5, ~i],
        "logic": [b & True, b | [False, True], b ^ b, ~b],
        "order": [x < y, x <= 1.0, x > y, x >= -2.5, x == y, x != y],
        "shapes differ": [x == tf.constant([1.0]), i == tf.constant([1, 2, 3])],
        "none": [(x == None) is False, (x != None) is True],  # noqa: E711
        "product": [tf.ones([2, 3]) @ tf.ones([3, 2])],
        "strings": [tf.constant("a") + "b", tf.constant(["a", "b"]) == "a"],
        "promoted": raises(lambda: i + x),
        "bools": raises(lambda: b + b),
        "bits of floats": raises(lambda: x & x),
        "product of vectors": raises(lambda: x @ y),
        "shapes": raises(lambda: x + tf.constant([1.0, 2.0, 3.0])),
        "compared with text": raises(lambda: i == "a"),
        "none added": raises(lambda: x + None),
    }


@case(
    "tf.reshape",
    "tf.stack",
    "tf.concat",
    "tf.gather",
    "tf.transpose",
    "tf.where",
    "tf.tile",
    "tf.squeeze",
    "tf.expand_dims",
    "tf.split",
    "tf.unstack",
    "tf.identity",
)
def strings(tf):
    x = tf.constant([["a", "b"], ["c", "d"]])
    return [
        tf.reshape(x, [4]),
        tf.stack([x, x]),
        tf.concat([x, x], 1),
        tf.gather(x, [1]),
        tf.transpose(x),
        tf.where([[True], [False]], x, "z"),
        tf.tile(x, [1, 2]),
        tf.squeeze(x[None]),
        tf.expand_dims(x, 0),
        tf.split(x, 2),
        tf.unstack(x),
        tf.identity(x),
        tf.shape(x),
        tf.size(x),
        tf.zeros_like(x),
        tf.fill([2], "q"),
        tf.equal(x, "a"),
        tf.gather_nd(x, [[0, 1]]),
        tf.boolean_mask(x, [True, False]),
        tf.pad(x, [[0, 1], [0, 0]]),
        tf.reverse(x, [0]),
        tf.unique(["b", "a", "b"]),
        tf.tensor_scatter_nd_update(x, [[0, 0]], ["z"]),
        tf.broadcast_to("a", [2]),
    ]


@case("tf.zeros", "tf.ones", "tf.range", "tf.reshape", "tf.tile", "tf.scatter_nd")
def shapes_given_as_tensors(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    two = tf.constant([2, 1])
    rows = tf.shape(x)[0]
    return [
        tf.zeros(two),
        tf.ones([rows, 1]),
        tf.range(tf.constant(3, tf.int64)),
        tf.range(rows),
        tf.reshape(x, [rows * 2, -1]),
        tf.reshape(x, tf.constant([4])),
        tf.tile(x, two),
        tf.scatter_nd([[1]], [[5.0, 6.0]], tf.shape(x)),
        tf.slice(x, two - 1, two - 1),
        tf.broadcast_to(x, [rows, rows, 2]),
        tf.fill(tf.shape(x), 2.5),
        tf.one_hot([1], rows),
        tf.eye(rows),
        tf.size(x, tf.int64),
        tf.cast(x, tf.int32),
        tf.argmax(x, output_type=tf.int32),
    ]


@case("tf.function", "tf.shape", "tf.Tensor")
def shapes_inside_a_function(tf):
    @tf.function
    def flat(x):
        size = tf.shape(x)
        rows, columns = size[0], tf.shape(x)[1]
        parts = tf.reshape(x, [rows * columns])
        return parts, tf.zeros([columns, rows]), tf.range(rows), x[:, 1:], x[-1, ::-1]

    @tf.function
    def at(x, i):
        return x[i], x[i, :2], tf.slice(x, [i, 0], [1, 2])

    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    return [flat(x), at(x, tf.constant(1))]
