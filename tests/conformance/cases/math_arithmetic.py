"""Records of tf.math: binary arithmetic, and of tf.bitwise."""

import numpy as np

from tests.conformance.records import T, V, bad, call, record

SHAPES = [bad(T(2, 3), T(4))]
MIXED = [bad(T(2), T(2, dtype="float64"), raises="InvalidArgumentError")]
REAL = ("float32", "float64", "bfloat16", "int32", "int64", "uint8")
WHOLE = ("int32", "int64", "uint8")


def pairs(**limits):
    return [
        call(T(2, 3, **limits), T(2, 3, **limits)),
        call(T(2, 1, **limits), T(3, **limits)),
        call(T(**limits), T(**limits)),
        call(T(0, 3, **limits), T(3, **limits)),
    ]


def binary(path, reference, dtypes="numeric", gradient=1, extra=(), bad=(), **options):
    limits = options.pop("limits", {})
    record(
        path,
        [*pairs(**limits), *extra],
        dtypes=dtypes,
        numpy=reference,
        gradient=gradient,
        bad=[*SHAPES, *MIXED, *bad],
        **options,
    )


NO_BOOL = [bad(T(2, dtype="bool"), T(2, dtype="bool"))]
binary(
    "add",
    np.add,
    gradient=2,
    aliases=["math.add"],
    bad=NO_BOOL,
    extra=[call(T(2), 1), call(V(["a", "b"], "string"), V("c", "string"))],
)
binary("subtract", np.subtract, aliases=["math.subtract"], bad=NO_BOOL)
binary(
    "multiply",
    np.multiply,
    gradient=2,
    aliases=["math.multiply"],
    bad=NO_BOOL,
    extra=[call(T(2), 2.0)],
)
record(
    "math.scalar_mul",
    [call(2.0, T(2, 3)), call(T(), T(2))],
    numpy=np.multiply,
    aliases=["scalar_mul"],
    bad=[bad(T(2), T(2), raises="ValueError")],
)
AWAY = {"low": 0.5, "high": 3.0}
binary(
    "divide",
    np.divide,
    ("float32", "float64", "bfloat16", "complex64"),
    limits=AWAY,
    aliases=["math.divide"],
)
record(
    "divide",
    [call(T(3, low=1, high=9), T(3, low=1, high=9))],
    dtypes=("int32", "int64", "int8", "uint8", "uint16"),
    gradient=0,
)
binary(
    "math.truediv",
    np.true_divide,
    ("float32", "complex64"),
    limits=AWAY,
    aliases=["truediv"],
    bad=NO_BOOL,
)
record(
    "math.floordiv",
    [
        call(T(2, 3, low=1, high=9), T(2, 3, low=1, high=4)),
        call(V([-7, 7, -8]), V([2, -2, 4])),
    ],
    dtypes=("float32", "int32", "int64", "float64"),
    numpy=np.floor_divide,
    gradient=0,
    aliases=["floordiv"],
    bad=SHAPES,
)
record(
    "math.mod",
    [
        call(T(2, 3, low=1, high=9), T(2, 3, low=2, high=4)),
        call(V([-7.0, 7.0, -7.5]), V([3.0, -3.0, 2.0])),
    ],
    dtypes=("float32", "float64"),
    numpy=np.mod,
    aliases=["math.floormod"],
    bad=SHAPES,
)
record(
    "math.floormod",
    [call(V([-7, 7, 5]), V([3, -3, 2]))],
    dtypes=("int32", "int64"),
    numpy=np.mod,
    gradient=0,
)
record(
    "truncatediv",
    [call(V([-7, 7, 5]), V([3, -3, 2]))],
    dtypes=("int32", "int64"),
    gradient=0,
)
record(
    "truncatemod",
    [call(V([-7, 7, 5]), V([3, -3, 2]))],
    dtypes=("int32", "int64"),
    gradient=0,
    numpy=np.fmod,
)
binary("realdiv", np.divide, ("float32", "complex64"), limits=AWAY)
binary(
    "pow",
    np.power,
    ("float32", "float64", "bfloat16", "complex64"),
    limits=AWAY,
    aliases=["math.pow"],
    tolerance={"complex64": 1e-4, "bfloat16": 0.05},
    extra=[call(T(3, low=0.5, high=2.0), 2.0)],
)
record(
    "pow",
    [call(V([2, 3, -2]), V([3, 0, 2]))],
    dtypes=("int32", "int64"),
    gradient=0,
    numpy=np.power,
)
for name, function in (("maximum", np.maximum), ("minimum", np.minimum)):
    binary(name, function, REAL, aliases=[f"math.{name}"], bad=NO_BOOL)
    record(
        f"math.{name}",
        [
            call(V([1.0, 2.0, float("nan")]), V([1.0, 3.0, 1.0])),
            call(V([1.0, 2.0]), V([1.0, float("nan")])),
        ],
        gradient=0,
    )
binary(
    "math.squared_difference",
    lambda x, y: (x - y) * np.conj(x - y),
    extra=[call(T(2, 3), 0.5)],
)
binary(
    "math.divide_no_nan", np.divide, ("float32", "float64", "complex64"), limits=AWAY
)
binary("math.multiply_no_nan", np.multiply, ("float32", "float64", "complex64"))
binary("math.xlogy", lambda x, y: x * np.log(y), ("float32", "float64"), limits=AWAY)
binary(
    "math.xlog1py", lambda x, y: x * np.log1p(y), ("float32", "float64"), limits=AWAY
)
binary("math.xdivy", np.divide, ("float32", "float64"), limits=AWAY)
binary("atan2", np.arctan2, ("float32", "float64"), limits=AWAY, aliases=["math.atan2"])
record(
    "math.nextafter",
    [call(T(3), T(3))],
    dtypes=("float32", "float64"),
    numpy=np.nextafter,
    gradient=0,
)
record(
    "math.add_n",
    [call([T(2, 3), T(2, 3), T(2, 3)]), call([T()]), call([T(0, 2), T(0, 2)])],
    dtypes="numeric",
    aliases=["add_n"],
    bad=[bad([T(2), T(3)]), bad([], raises="ValueError")],
)

for name, function in (
    ("bitwise_and", np.bitwise_and),
    ("bitwise_or", np.bitwise_or),
    ("bitwise_xor", np.bitwise_xor),
):
    record(
        f"bitwise.{name}",
        [call(T(2, 3), T(2, 3)), call(T(2, 1), T(3)), call(T(), T()), call(T(2), 5)],
        dtypes=WHOLE,
        numpy=function,
        gradient=0,
        bad=[bad(T(2, dtype="float32"), T(2, dtype="float32")), *SHAPES],
    )
record(
    "bitwise.invert",
    [call(T(2, 3)), call(T()), call(T(0))],
    dtypes=WHOLE,
    numpy=np.invert,
    gradient=0,
    bad=[bad(T(2, dtype="float32"))],
)
record(
    "bitwise.left_shift",
    [call(T(3, low=0, high=9), T(3, low=0, high=4))],
    dtypes=WHOLE,
    numpy=np.left_shift,
    gradient=0,
    bad=SHAPES,
)
record(
    "bitwise.right_shift",
    [call(T(3, low=0, high=9), T(3, low=0, high=4)), call(V([8, 100, 7]), 1)],
    dtypes=WHOLE,
    numpy=np.right_shift,
    gradient=0,
    bad=SHAPES,
)
