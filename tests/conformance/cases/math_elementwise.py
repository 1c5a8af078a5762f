"""Records of the functions of one tensor, and of comparisons and logic."""

import numpy as np

from tests.conformance.records import T, V, bad, call, record

WAVES = ("float32", "float64", "complex64")
FLOATS = ("float32", "float64", "bfloat16")
SIGNED = ("float32", "float64", "bfloat16", "int32", "int64", "int8")
NUMBERS = (*SIGNED, "complex64")
NO_INTEGERS = [bad(T(2, dtype="int32"))]
NO_BOOL = [bad(T(2, dtype="bool"))]


def unary(path, reference=None, dtypes=WAVES, low=None, high=None, **options):
    shapes = [(2, 3), (), (0, 2)]
    extra = options.pop("extra", [])
    record(
        path,
        [call(T(*shape, low=low, high=high)) for shape in shapes] + extra,
        dtypes=dtypes,
        numpy=reference,
        **options,
    )


unary("abs", np.abs, (*SIGNED, "complex64"), aliases=["math.abs"], bad=NO_BOOL)
record("math.abs", [call(V([0.0, -1.0, 2.0]))], gradient=0)
unary("negative", np.negative, NUMBERS, aliases=["math.negative"], bad=NO_BOOL)
unary(
    "sign",
    np.sign,
    ("float32", "float64", "int32"),
    aliases=["math.sign"],
    bad=NO_BOOL,
    extra=[call(V([0.0, -0.5, 3.0]))],
    gradient=0,
)
unary("square", np.square, NUMBERS, aliases=["math.square"], bad=NO_BOOL, gradient=2)
unary("sqrt", np.sqrt, low=0.1, high=4.0, aliases=["math.sqrt"], bad=NO_INTEGERS)
record("math.sqrt", [call(V([0.0, 4.0]))], gradient=0)
unary("math.rsqrt", lambda x: 1 / np.sqrt(x), low=0.1, high=4.0, bad=NO_INTEGERS)
unary("math.reciprocal", lambda x: 1 / x, low=0.5, high=4.0)
record("math.reciprocal_no_nan", [call(V([0.0, 2.0, -4.0]))], gradient=0)
unary("exp", np.exp, gradient=2, aliases=["math.exp"], bad=NO_INTEGERS)
unary("math.expm1", np.expm1)
unary("math.log", np.log, low=0.1, high=4.0, bad=NO_INTEGERS)
unary("math.log1p", np.log1p, low=-0.5, high=4.0)
unary(
    "round",
    np.round,
    ("float32", "float64", "int32"),
    gradient=0,
    aliases=["math.round"],
    extra=[call(V([0.5, 1.5, -2.5]))],
)
unary("math.rint", np.rint, ("float32", "float64"), gradient=0)
unary("floor", np.floor, FLOATS, gradient=0, aliases=["math.floor"], bad=NO_INTEGERS)
unary("math.ceil", np.ceil, FLOATS, gradient=0, bad=NO_INTEGERS)
unary("sin", np.sin, aliases=["math.sin"], bad=NO_INTEGERS)
unary("cos", np.cos, aliases=["math.cos"])
unary("tan", np.tan, low=-1.0, high=1.0, aliases=["math.tan"])
unary(
    "asin", np.arcsin, ("float32", "float64"), low=-0.9, high=0.9, aliases=["math.asin"]
)
unary(
    "acos", np.arccos, ("float32", "float64"), low=-0.9, high=0.9, aliases=["math.acos"]
)
unary("atan", np.arctan, ("float32", "float64"), aliases=["math.atan"])
unary("sinh", np.sinh, aliases=["math.sinh"])
unary("cosh", np.cosh, aliases=["math.cosh"])
unary("tanh", np.tanh, gradient=2, aliases=["math.tanh"], bad=NO_INTEGERS)
unary("asinh", np.arcsinh, ("float32", "float64"), aliases=["math.asinh"])
unary(
    "acosh",
    np.arccosh,
    ("float32", "float64"),
    low=1.5,
    high=4.0,
    aliases=["math.acosh"],
)
unary(
    "atanh",
    np.arctanh,
    ("float32", "float64"),
    low=-0.9,
    high=0.9,
    aliases=["math.atanh"],
)
unary(
    "sigmoid",
    lambda x: 1 / (1 + np.exp(-x)),
    (*FLOATS, "complex64"),
    gradient=2,
    aliases=["math.sigmoid"],
    bad=NO_INTEGERS,
)
unary("math.log_sigmoid", lambda x: -np.log1p(np.exp(-x)), ("float32", "float64"))

SPECIAL = ("float32", "float64")
unary("math.real", np.real, ("complex64", "complex128", "float32"), gradient=0)
unary("math.imag", np.imag, ("complex64", "complex128"), gradient=0)
unary("math.conj", np.conj, ("complex64", "float32", "int32"), gradient=0)
unary("math.angle", np.angle, ("complex64", "complex128"), gradient=0)
record(
    "complex",
    [call(T(2, 3), T(2, 3)), call(T(2, 1), T(3)), call(T(), T())],
    dtypes=SPECIAL,
    numpy=lambda x, y: x + 1j * y,
    gradient=0,
    aliases=["dtypes.complex"],
    bad=[bad(T(2), T(3))],
)
unary("math.erf", None, ("float32", "float64"), gradient=2)
unary("math.erfc", None, SPECIAL)
unary("math.erfinv", None, SPECIAL, low=-0.9, high=0.9)
unary("math.erfcinv", None, SPECIAL, low=0.1, high=1.9)
unary("math.ndtri", None, SPECIAL, low=0.1, high=0.9)
unary("math.lgamma", None, SPECIAL, low=0.5, high=4.0)
unary("math.digamma", None, SPECIAL, low=0.5, high=4.0)
for name in ("bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e"):
    unary(
        f"math.{name}",
        None,
        SPECIAL,
        low=0.1,
        high=3.0,
        aliases=[f"math.special.{name}"],
    )
for name in ("igamma", "igammac"):
    record(
        f"math.{name}",
        [call(T(2, 3, low=0.5, high=3.0), T(3, low=0.5, high=3.0))],
        dtypes=SPECIAL,
        tolerance={"float32": 2e-4, "float64": 1e-4},
        gradient=0,
    )
ORDERS = np.array([2.0, 3.0], np.float32)  # TensorFlow has no gradient for these
record(
    "math.polygamma",
    [call(ORDERS, T(2, low=1.0, high=3.0))],
    dtypes=("float32",),
    gradient=0,
    tolerance={"float32": 1e-4},
)
record(
    "math.zeta",
    [call(ORDERS, T(2, low=1.0, high=3.0))],
    dtypes=("float32",),
    gradient=0,
)
record(
    "math.betainc",
    [call(ORDERS, ORDERS[::-1].copy(), T(2, low=0.1, high=0.9))],
    dtypes=("float32",),
    gradient=0,
    tolerance={"float32": 1e-4},
)
record(
    "math.lbeta",
    [call(T(2, 3, low=0.5, high=3.0)), call(T(3, low=0.5, high=3.0))],
    dtypes=SPECIAL,
)
record("math.polyval", [call([T(2), T(2), T(2)], T(2)), call([1.0, 2.0], T(3))])

for name, function in (
    ("equal", np.equal),
    ("not_equal", np.not_equal),
    ("less", np.less),
    ("less_equal", np.less_equal),
    ("greater", np.greater),
    ("greater_equal", np.greater_equal),
):
    ordered = name not in ("equal", "not_equal")
    record(
        name,
        [
            call(T(2, 3, low=0, high=3), T(2, 3, low=0, high=3)),
            call(T(2, 1), T(3)),
            call(T(), T()),
            call(T(0, 3), T(3)),
            call(T(3), 1),
        ],
        dtypes=("int32", "float32", "int64", "float64", "bfloat16", "uint8"),
        numpy=function,
        gradient=0,
        aliases=[f"math.{name}"],
        bad=[
            bad(T(2, 3), T(4)),
            bad(T(2), T(2, dtype="float64")),
            bad(V([1]), 1.5, raises="TypeError"),
            *([bad(T(2, dtype="bool"), T(2, dtype="bool"))] if ordered else []),
        ],
    )
record(
    "equal",
    [call(V(["a", "b"], "string"), V("a", "string"))],
    dtypes=("string",),
    gradient=0,
    symbolic=False,
    traced=False,
)
for name, function in (
    ("logical_and", np.logical_and),
    ("logical_or", np.logical_or),
    ("math.logical_xor", np.logical_xor),
):
    record(
        name,
        [call(T(2, 3), T(2, 3)), call(T(2, 1), T(3)), call(T(), True)],
        dtypes="bool",
        numpy=function,
        gradient=0,
        aliases=[] if "xor" in name else [f"math.{name}"],
        bad=[bad(T(2, 3), T(4)), bad(T(2, dtype="float32"), T(2, dtype="float32"))],
    )
record(
    "logical_not",
    [call(T(2, 3)), call(T()), call(T(0))],
    dtypes="bool",
    numpy=np.logical_not,
    gradient=0,
    aliases=["math.logical_not"],
    bad=[bad(T(2, dtype="float32"))],
)
ODD = V([1.0, float("nan"), float("inf"), -float("inf")])
for name in ("is_nan", "is_inf", "is_finite"):
    record(
        f"math.{name}",
        [call(ODD), call(T()), call(T(0))],
        dtypes=FLOATS,
        gradient=0,
        numpy=getattr(np, name.replace("_", "")),
        bad=NO_INTEGERS,
    )
for name in ("is_non_decreasing", "is_strictly_increasing"):
    record(
        f"math.{name}",
        [call(V([1, 2, 2])), call(V([1, 2, 3])), call(V([2, 1])), call(V([]))],
        dtypes=("int32", "float32"),
        gradient=0,
    )
