"""Records of values at the edges: zeros, ties, NaN, and results of dynamic shape."""

import numpy as np

from tests.conformance.records import V, call, record

DYNAMIC = {"symbolic": False, "traced": False}
IDS = V([0, 0, 2], "int32")


def ints(values):
    return V(values, "int32")


record("math.divide_no_nan", [call(V([2.0, 0.0, 3.0]), V([0.0, 0.0, 2.0]))], gradient=0)
record(
    "math.multiply_no_nan",
    [call(V([2.0, np.nan, np.inf]), V([1.0, 0.0, 0.0]))],
    gradient=0,
)
record("math.xlogy", [call(V([0.0, 1.0]), V([0.0, 2.0]))], gradient=0)
record("math.xdivy", [call(V([0.0, 1.0]), V([0.0, 2.0]))], gradient=0)
record(
    "math.pow",
    [call(V([0.0, -2.0, 2.0]), V([2.0, 2.0, 0.0])), call(V([0.0, -2.0]), 2.0)],
    gradient=0,
)
record("reduce_prod", [call(V([0.0, 0.0, 2.0])), call(V([0.0, 3.0, 2.0]))], gradient=0)
record("clip_by_value", [call(V([0.0, 1.0, 2.0, np.nan]), 0.0, 1.0)], gradient=0)
record("clip_by_norm", [call(V([0.0, 0.0]), 1.0)], gradient=0)
record("math.unsorted_segment_prod", [call(V([0.0, 2.0, 3.0]), IDS, 3)], gradient=0)
record("math.unsorted_segment_max", [call(V([1.0, 1.0, 2.0]), IDS, 3)], gradient=0)
record(
    "where",
    [call(V([[1, 0], [2, 3]])), call(V([0, 0]))],
    dtypes=("int32", "float32", "bool"),
    gradient=0,
    **DYNAMIC,
)
record(
    "sequence_mask", [call(ints([1, 3]))], dtypes=("float32",), gradient=0, **DYNAMIC
)
record(
    "argsort",
    [call(V([1, 1, 0, 1]), direction="DESCENDING"), call(V([1, 0, 1]), stable=True)],
    dtypes=("int32",),
    gradient=0,
)
record("norm", [call(V([0.0, 0.0]))], gradient=0)
