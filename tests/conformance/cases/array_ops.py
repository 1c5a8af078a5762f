"""Records of the operations on arrays at the root of tf."""

import numpy as np

from tests.conformance.helpers import raises
from tests.conformance.records import T, V, bad, call, case, record

KINDS = ("float32", "int32", "bool")
FIXED = {"gradient": 0, "symbolic": False}


def ints(values):
    return V(values, "int32")


record(
    "zeros",
    [
        call([2, 3]),
        call([]),
        call(2, "int32"),
        call([0, 2], "bool"),
        call([1], "string"),
    ],
    dtypes=("float32",),
    **FIXED,
    bad=[bad([-1])],
)
record(
    "ones",
    [
        call([2, 3]),
        call([]),
        call(2, "int32"),
        call([0, 2], "bool"),
    ],
    dtypes=("float32",),
    **FIXED,
    bad=[bad([-1]), bad([1], "string", raises="TypeError")],
)
record(
    "zeros_like", [call(T(2, 3)), call(T(), dtype="int64")], dtypes=KINDS, gradient=0
)
record("ones_like", [call(T(2, 3)), call(T(), dtype="int64")], dtypes=KINDS, gradient=0)
record(
    "fill",
    [call([2, 3], T()), call([], T()), call([0], 1)],
    dtypes=KINDS,
    bad=[bad([-1], T()), bad([2], T(2))],
    symbolic=False,
)
record(
    "eye",
    [call(2), call(2, 3), call(2, batch_shape=[2], dtype="int32")],
    dtypes=("float32",),
    aliases=["linalg.eye"],
    **FIXED,
    bad=[bad(-1)],
)
record(
    "range",
    [
        call(5),
        call(1.5),
        call(3, 18, 3),
        call(5, 0, -2),
        call(0, 1, 0.25),
        call(3, dtype="float32"),
    ],
    dtypes=("float32",),
    **FIXED,
    bad=[bad(0, 5, 0), bad(5, 2), bad([1, 2])],
)
record(
    "linspace",
    [
        call(0.0, 10.0, 5),
        call(T(2), T(2), 3, axis=-1),
        call(T(), T(), 1),
        call(0, 10, 5),
        call(T(2), T(2), 4),
    ],
    dtypes=("float32", "float64"),
    bad=[bad(0.0, 1.0, -1)],
)
record(
    "one_hot",
    [
        call(ints([0, 2, -1, 5]), 3),
        call(ints([0, 1]), 2, on_value=5, off_value=-1),
        call(ints([0, 1]), 2, dtype="int32", axis=0),
        call(ints([[0, 1], [1, 0]]), 2, axis=1),
        call(ints([0]), 2, on_value=True, off_value=False),
        call(ints(1), 3),
    ],
    dtypes=("float32",),
    gradient=0,
    bad=[
        bad(ints([0]), -1),
        bad(T(2), 3),
        bad(ints([0]), 2, on_value=5, off_value=0.5, raises="TypeError"),
    ],
)

record(
    "cast",
    [
        call(V([1.9, -1.9, 0.0]), "int32"),
        call(V([1.5, 0.0]), "bool"),
        call(T(2), "float64"),
        call(T(2), "bfloat16"),
        call(T(2), "complex64"),
    ],
    dtypes=("float32", "float64"),
    gradient=0,
    aliases=["dtypes.cast"],
    bad=[bad(T(2), "foo", raises="TypeError")],
)
record(
    "cast",
    [call(T(2, 3), "float32"), call(T(), "int64")],
    dtypes=("int32", "bool", "uint8", "int64"),
    gradient=0,
)
record(
    "saturate_cast",
    [call(V([1.9, -5.0, 300.0]), "uint8"), call(T(2), "float64")],
    dtypes=("float32", "float64"),
    gradient=0,
)
record(
    "bitcast",
    [call(V([1.0, 2.0]), "int32"), call(V([1.0]), "uint8")],
    dtypes=("float32",),
    gradient=0,
)
record(
    "identity", [call(T(2, 3)), call(T()), call(T(0))], dtypes=KINDS, numpy=lambda x: x
)
record("identity_n", [call([T(2), T(3)])], dtypes=KINDS)
record(
    "shape",
    [call(T(2, 3)), call(T()), call(T(0, 2), out_type="int64")],
    dtypes=KINDS,
    gradient=0,
)
record("shape_n", [call([T(2, 3), T()])], dtypes=KINDS, gradient=0)
record(
    "size",
    [call(T(2, 3)), call(T()), call(T(0, 2))],
    dtypes=KINDS,
    gradient=0,
)
record("rank", [call(T(2, 3)), call(T())], dtypes=KINDS, gradient=0)
record(
    "reshape",
    [
        call(T(2, 3), [3, 2]),
        call(T(2, 3), [-1]),
        call(T(1), []),
        call(T(0, 3), [0, -1]),
        call(T(0, 3), [-1, 3]),
    ],
    dtypes=KINDS,
    gradient=2,
    bad=[
        bad(T(12), [5, 2]),
        bad(T(12), [-1, 5]),
        bad(T(12), [-1, -1]),
        bad(T(4), [-2, 2]),
    ],
)
record(
    "transpose",
    [
        call(T(2, 3, 2)),
        call(T(2, 3, 2), [1, 2, 0]),
        call(T()),
        call(T(2, 3), perm=[0, 1]),
    ],
    dtypes=KINDS,
    numpy=lambda a, perm=None: np.transpose(a, perm),
    bad=[bad(T(2, 3, 4), [0, 2]), bad(T(2, 3), [0, 0])],
)
record("transpose", [call(T(2, 3), conjugate=True)], dtypes=("complex64",), gradient=0)
record(
    "squeeze",
    [call(T(2, 1)), call(T(1, 2, 1), axis=0), call(T(1, 2, 1), [0, -1]), call(T(1, 1))],
    dtypes=KINDS,
    bad=[bad(T(2, 1), 0), bad(T(1), 3)],
)
record(
    "expand_dims",
    [call(T(2, 3), 0), call(T(2), -1), call(T(), 0)],
    dtypes=KINDS,
    numpy=np.expand_dims,
    bad=[bad(T(2), 5)],
)
record(
    "broadcast_to",
    [
        call(T(3), [2, 3]),
        call(T(2, 1), [2, 2, 3]),
        call(T(), [2]),
        call(T(1, 0), [2, 0]),
    ],
    dtypes=KINDS,
    numpy=np.broadcast_to,
    bad=[bad(T(3), [2, 2]), bad(T(2, 3), [3])],
)
record(
    "ensure_shape",
    [call(T(2, 3), [2, None]), call(T(), [])],
    dtypes=KINDS,
    bad=[bad(T(2), [3])],
)
record(
    "slice",
    [
        call(T(3, 4), [1, 0], [2, -1]),
        call(T(3), [0], [0]),
    ],
    dtypes=KINDS,
    bad=[bad(T(3), [1], [5]), bad(T(3), [0, 0], [1, 1])],
    symbolic=False,
)
record(
    "strided_slice",
    [
        call(T(5, 4), [0, 1], [5, 3], [2, 1]),
        call(T(5), [-1], [0], [-2]),
        call(T(3, 4), [1], [2], shrink_axis_mask=1),
        call(T(3, 4), [0, 0], [0, 2], begin_mask=1, end_mask=1),
        call(T(3), [0], [0], new_axis_mask=1),
    ],
    dtypes=KINDS,
    bad=[bad(T(3), [0], [1], [0])],
)

record(
    "concat",
    [
        call([T(2, 3), T(1, 3)], 0),
        call([T(2, 1), T(2, 2), T(2, 0)], -1),
        call([T(2)], 0),
    ],
    dtypes=KINDS,
    bad=[
        bad([T(2, 3), T(3, 3)], 1),
        bad([T(), T()], 0),
        bad([T(2), T(2, dtype="int64")], 0),
        bad([T(2, 2), T(2)], 0),
    ],
)
record(
    "stack",
    [
        call([T(2, 3), T(2, 3)]),
        call([T(2), T(2)], axis=-1),
        call([T(), T()]),
        call([T(2, 2)], axis=1),
    ],
    dtypes=KINDS,
    numpy=lambda values, axis=0: np.stack(values, axis),
    bad=[bad([T(2), T(3)]), bad([T(2), T(2)], axis=3, raises="ValueError")],
)
record(
    "unstack",
    [call(T(2, 3)), call(T(2, 3), axis=-1), call(T(2), num=2)],
    dtypes=KINDS,
    bad=[bad(T(2, 3), num=3), bad(T(2), axis=1, raises="ValueError")],
)
record(
    "split",
    [call(T(4, 2), 2), call(T(2, 5), [2, -1], axis=1), call(T(3), [1, 2])],
    dtypes=KINDS,
    bad=[bad(T(5, 2), 2), bad(T(5, 2), [2, 2]), bad(T(4), 2, axis=3)],
)
record(
    "tile",
    [
        call(T(2), [2]),
        call(T(2, 1), [1, 3]),
        call(T(2, 3), [0, 1]),
    ],
    dtypes=KINDS,
    numpy=np.tile,
    bad=[bad(T(2), [2, 2]), bad(T(2), [-1])],
)
record(
    "repeat",
    [call(T(2), [1, 2]), call(T(2, 2), 2), call(T(2, 2), [1, 2], axis=0), call(T(), 4)],
    dtypes=KINDS,
    numpy=np.repeat,
    bad=[bad(T(2), [1, 2, 3])],
)
record(
    "meshgrid",
    [call(T(2), T(3)), call(T(2), T(3), indexing="ij"), call(T(2))],
    dtypes=("float32", "int32"),
    bad=[bad(T(2), indexing="zz", raises="ValueError")],
)

record(
    "gather",
    [
        call(T(4, 3), ints([2, 0])),
        call(T(2, 3), ints([[0, 2]]), axis=1),
        call(T(3), ints(1)),
        call(T(3, 2), ints([])),
        call(T(2, 3), ints([[0], [2]]), batch_dims=1),
        call(T(2, 3, 2), ints([[1, 0], [2, 2]]), axis=1, batch_dims=1),
    ],
    dtypes=KINDS,
    bad=[
        bad(T(2), ints([5])),
        bad(T(2), ints([-1])),
        bad(T(2), T(1)),
        bad(T(2, 2), ints([1]), axis=5),
    ],
)
record(
    "gather_nd",
    [
        call(T(2, 3), ints([[0, 1], [1, 2]])),
        call(T(2, 3), ints([[1]])),
        call(T(2, 3), ints([[0], [2]]), batch_dims=1),
    ],
    dtypes=KINDS,
    bad=[bad(T(1, 2), ints([[0, 5]])), bad(T(2), ints([[0, 0]]))],
)
record(
    "scatter_nd",
    [
        call(ints([[1], [0], [1]]), T(3), [3]),
        call(ints([[0, 1]]), T(1, 2), [2, 2, 2]),
    ],
    dtypes=("float32", "int32"),
    symbolic=False,
    bad=[bad(ints([[5]]), T(1), [3]), bad(ints([[1]]), T(2), [3])],
)
for how in ("update", "add", "sub", "max", "min"):
    record(
        f"tensor_scatter_nd_{how}",
        [
            call(T(4), ints([[1], [3]]), T(2)),
            call(T(3, 2), ints([[2]]), T(1, 2)),
            call(T(2, 2), ints([[0, 1]]), T(1)),
        ],
        dtypes=("float32", "int32", "float64"),
        bad=[bad(T(3), ints([[7]]), T(1)), bad(T(3), ints([[1]]), T(2))],
    )
DYNAMIC = {"symbolic": False, "traced": False}
record(
    "where",
    [
        call(V([True, False], "bool"), T(2), T(2)),
        call(V([[True], [False]], "bool"), T(3), 1),
        call(V(True, "bool"), T(), T()),
    ],
    dtypes=("float32", "int32", "bool"),
    bad=[
        bad(V([True, False], "bool"), T(3), T()),
        bad(V([True], "bool"), 1, raises="ValueError"),
        bad(V([True], "bool"), V([1], "int32"), 2.5, raises="TypeError"),
    ],
)
MASK = V([True, False, True], "bool")
record(
    "boolean_mask",
    [
        call(T(3, 2), MASK),
        call(T(2, 3), MASK, axis=1),
        call(T(1, 3), V([[True, False, True]], "bool")),
    ],
    dtypes=KINDS,
    bad=[
        bad(T(2), MASK, raises="ValueError"),
        bad(T(2), V(True, "bool"), raises="ValueError"),
    ],
    **DYNAMIC,
)
record(
    "sequence_mask",
    [call(ints([1, 3]), 4), call(ints([[1], [3]]), 3, "int32"), call(ints(2), 3)],
    dtypes=("float32",),
    gradient=0,
)
record(
    "unique",
    [call(V([3, 1, 3, 2])), call(V([]))],
    dtypes=("int32", "int64"),
    gradient=0,
    bad=[bad(V([[1, 2]]))],
    **DYNAMIC,
)
record(
    "unique_with_counts",
    [call(V([3, 1, 3, 2]), out_idx="int64")],
    dtypes=("int32",),
    gradient=0,
    **DYNAMIC,
)
record(
    "dynamic_partition",
    [call(T(3), ints([0, 1, 0]), 2), call(T(2, 2), ints([1, 1]), 3)],
    dtypes=KINDS,
    bad=[bad(T(2), ints([0, 5]), 2)],
    **DYNAMIC,
)
record(
    "dynamic_stitch",
    [
        call([ints([0, 2]), ints([1])], [T(2), T(1)]),
        call([ints(1), ints([0])], [T(2), T(1, 2)]),
    ],
    dtypes=KINDS,
    **DYNAMIC,
)

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
