"""Records of the operations on arrays at the root of tf."""

import numpy as np

from tests.conformance.records import T, V, bad, call, record

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
