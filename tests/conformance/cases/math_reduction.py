"""Records of reductions, scans, segments and counting."""

import numpy as np

from tests.conformance.records import T, V, bad, call, case, record

FLOATS = ("float32", "float64", "bfloat16")
NUMBERS = ("float32", "float64", "bfloat16", "int32", "int64", "complex64")
REAL = ("float32", "float64", "bfloat16", "int32", "int64", "uint8")


def axes(function):
    def reference(x, axis=None, keepdims=False):
        axis = tuple(axis) if isinstance(axis, list) else axis
        return function(x, axis=axis, keepdims=keepdims)

    return reference


def calls(**limits):
    return [
        call(T(2, 3, 2, **limits), axis=1),
        call(T(2, 3, **limits)),
        call(T(2, 3, 2, **limits), axis=[0, -1], keepdims=True),
        call(T(**limits)),
    ]


BAD_AXIS = [bad(T(2, 3), axis=2)]


def reduction(name, function, dtypes=NUMBERS, extra=(), root=True, **options):
    limits = options.pop("limits", {})
    record(
        name if root else f"math.{name}",
        [*calls(**limits), *extra],
        dtypes=dtypes,
        numpy=axes(function) if function else None,
        aliases=[f"math.{name}"] if root else [],
        bad=BAD_AXIS,
        **options,
    )


EMPTY = [call(T(0, 3), axis=0)]
reduction("reduce_sum", np.sum, gradient=2, extra=[*EMPTY, call(T(2, 3), axis=[])])
reduction(
    "reduce_prod",
    np.prod,
    extra=EMPTY,
    limits={"low": 0.5, "high": 2.0},
    tolerance={"bfloat16": 0.03},
)
reduction(
    "reduce_mean", np.mean, ("float32", "float64", "bfloat16", "complex64"), gradient=2
)
record(
    "math.reduce_mean",
    [call(V([1, 2, 4])), call(V([-1, -2, -4])), call(V([]))],
    dtypes=("int32", "int64"),
    gradient=0,
)
reduction("reduce_max", np.max, REAL)
reduction("reduce_min", np.min, REAL)
for name in ("reduce_max", "reduce_min"):
    record(
        f"math.{name}",
        [call(V([1, 1, 0, 0])), call(V([])), call(V([[]]), axis=1)],
        dtypes=("float32", "int32", "float64"),
        gradient=0,
    )
for name, function in (("reduce_all", np.all), ("reduce_any", np.any)):
    reduction(name, function, ("bool",), gradient=0, extra=[call(T(0, 3), axis=0)])
    record(
        f"math.{name}",
        [call(T(2, 2))],
        dtypes="bool",
        gradient=0,
        bad=[bad(T(2, dtype="int32"))],
    )
reduction(
    "reduce_logsumexp",
    lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
    ("float32", "float64"),
    gradient=2,
)
NO_INTEGERS = [bad(T(2, dtype="int32"), raises="TypeError")]
record(
    "math.reduce_variance",
    calls(),
    dtypes=("float32", "float64", "complex64"),
    numpy=axes(np.var),
    bad=NO_INTEGERS,
)
record(
    "math.reduce_std",
    calls()[:3],
    dtypes=("float32", "float64"),
    numpy=axes(np.std),
    bad=NO_INTEGERS,
)
record("math.reduce_euclidean_norm", calls(), dtypes=("float32", "float64"))
record(
    "math.count_nonzero",
    [
        call(V([[0, 1], [2, 0]]), axis=0),
        call(V([[0, 1], [2, 0]])),
        call(V([0, 1]), keepdims=True, dtype="int32"),
    ],
    dtypes=("int32", "float32", "bool"),
    gradient=0,
)
for name, function in (("argmax", np.argmax), ("argmin", np.argmin)):
    record(
        name,
        [
            call(T(2, 3), axis=1),
            call(T(2, 3)),
            call(V([3, 1, 3, 1])),
            call(T(2, 3), axis=-1, output_type="int32"),
        ],
        dtypes=("float32", "int32", "float64", "uint8"),
        gradient=0,
        aliases=[f"math.{name}"],
        bad=[bad(T(2, 3), axis=2), bad(T(0))],
    )

SCANS = [
    call(T(2, 3), axis=1),
    call(T(3), exclusive=True),
    call(T(3), reverse=True),
    call(T(2, 3), axis=-1, exclusive=True, reverse=True),
    call(T(0, 2)),
]
record(
    "cumsum",
    SCANS,
    dtypes=NUMBERS,
    aliases=["math.cumsum"],
    bad=[bad(T(2), axis=1)],
    gradient=2,
)
record(
    "math.cumprod",
    [
        call(T(2, 3, low=0.5, high=2.0), axis=1),
        call(T(3, low=0.5, high=2.0), exclusive=True),
        call(T(3, low=0.5, high=2.0), reverse=True),
    ],
    dtypes=("float32", "float64", "int32"),
    bad=[bad(T(2), axis=1)],
)
record(
    "math.cumulative_logsumexp",
    [call(T(2, 3), axis=1), call(T(3), reverse=True)],
    dtypes=("float32", "float64"),
)

IDS = V([0, 0, 2], "int32")
MIXED = V([2, 0, -1, 2], "int32")
for how in ("sum", "mean", "max", "min", "prod"):
    options = {"low": 0.5, "high": 3.0}
    record(
        f"math.segment_{how}",
        [call(T(3, **options), IDS), call(T(3, 2, **options), IDS)],
        dtypes=("float32", "int32", "float64"),
        symbolic=False,
        traced=False,
        bad=[bad(T(2), V([1, 0], "int32")), bad(T(2), V([0], "int32"))],
    )
for how in ("sum", "mean", "max", "min", "prod"):
    record(
        f"math.unsorted_segment_{how}",
        [
            call(T(4, low=0.5, high=3.0), MIXED, 4),
            call(T(2, 2, low=0.5, high=3.0), V([[0, 1], [1, 0]], "int32"), 2),
            call(T(0, 2), V([], "int32"), 3),
        ],
        dtypes=("float32", "int32", "float64"),
        gradient=int(how not in ("max", "min")),  # empty segments hold infinities
        bad=[bad(T(2), V([0, 5], "int32"), 2), bad(T(2), V([0], "int32"), 2)],
    )
record(
    "math.unsorted_segment_sqrt_n",
    [call(T(4, 2), MIXED, 4)],
    dtypes=("float32", "float64"),
)
COUNTS = {"gradient": 0, "symbolic": False, "traced": False, "dtypes": ("int32",)}
record(
    "math.bincount",
    [
        call(V([1, 1, 3])),
        call(V([1, 1, 3]), maxlength=2),
        call(V([1]), minlength=4),
        call(V([1, 1, 3]), weights=V([0.5, 0.5, 2.0], "float32")),
        call(V([[1, 1], [0, 2]]), axis=-1),
        call(V([1, 1, 3]), binary_output=True),
        call(V([])),
    ],
    bad=[bad(V([-1, 1]))],
    **COUNTS,
)
record(
    "math.confusion_matrix",
    [
        call(V([0, 1, 1]), V([0, 1, 0])),
        call(V([0, 1]), V([0, 1]), num_classes=3),
        call(V([0, 1]), V([0, 1]), weights=V([0.5, 2.0], "float32"), dtype="float32"),
    ],
    bad=[bad(V([-1]), V([0])), bad(V([5]), V([0]), num_classes=2)],
    **COUNTS,
)
WIDE = V([0.0, 5.0])
for name in ("histogram_fixed_width", "histogram_fixed_width_bins"):
    record(
        name,
        [call(V([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0]), WIDE, nbins=5)],
        dtypes=("float32", "float64"),
        gradient=0,
        bad=[bad(V([1.0]), V([5.0, 0.0]))] if name[-1] == "h" else [],
    )

LIMITED = {"dtypes": ("float32", "float64", "int32")}
record(
    "clip_by_value",
    [
        call(T(2, 3), -1, 1),
        call(T(2, 3), T(3, low=-2, high=-1), T(3, low=1, high=2)),
        call(T(), 0, 1),
        call(T(0), 0, 1),
    ],
    numpy=lambda t, a, b: np.clip(t, a, b),
    bad=[
        bad(T(2), T(2, 2), 1, raises="ValueError"),
        bad(V([1, 2], "int32"), 0.5, 1, raises="TypeError"),
    ],
    **LIMITED,
)
record(
    "clip_by_norm",
    [call(T(2, 3), 1.0), call(T(2, 3), 0.5, axes=[1]), call(T(2, 3), 100.0)],
    dtypes=("float32", "float64"),
)
record(
    "clip_by_global_norm",
    [
        call([T(2, 3), T(2)], 1.0),
        call([T(2), T(2)], 100.0),
        call([T(2)], 1.0, use_norm=V(2.0)),
    ],
    dtypes=("float32", "float64"),
    bad=[bad(T(2), 1.0, raises="TypeError")],
)
record(
    "linalg.global_norm",
    [call([T(2, 3), T(2)])],
    dtypes=("float32", "float64"),
    bad=[bad(T(2), raises="TypeError")],
)


@case("tf.clip_by_global_norm", "tf.linalg.global_norm")
def missing_gradients_are_left_out(tf):
    given = [tf.constant([3.0]), None, tf.constant([4.0])]
    clipped, norm = tf.clip_by_global_norm(given, 1.0)
    return [
        clipped[0],
        clipped[1] is None,
        clipped[2],
        norm,
        tf.linalg.global_norm(given),
    ]
