"""Cases of keras.ops: values and promoted dtypes, one case a family."""

from __future__ import annotations

import numpy as np

from tests.conformance.records import case

PREFIX = "keras.ops."
A = np.array([[0.5, -1.25, 2.0], [3.0, -0.75, 1.5]], "float32")
B = np.array([[2.0, 0.5, -1.0], [1.5, 2.5, -3.0]], "float32")
I = np.array([[1, 2, 3], [4, 5, 6]], "int32")  # noqa: E741
J = np.array([[3, 1, 2], [2, 7, 5]], "int8")
M = np.array([[True, False, True], [False, False, True]])
P = np.array([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]], "float32")
N = np.array([[1.0, np.nan, 3.0], [np.inf, 2.0, -np.inf]], "float32")
S = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]], "float32")


def _family(name, **calls):
    """One case for functions of keras.ops: name -> examples, tuples of arguments.

    The last element of an example may be a dict of keyword arguments.
    """

    def family(tf):
        out = {}
        for key, examples in calls.items():
            function = getattr(tf.keras.ops, key)
            for index, (args, kwargs) in enumerate(map(_call, examples)):
                out[f"{key} {index}"] = function(*args, **kwargs)
        return out

    family.__name__ = name
    case(*(PREFIX + key for key in calls), tolerance=1e-4)(family)


def _call(example):
    """An example is a tuple of arguments, the last of which may be keywords."""
    if example and isinstance(example[-1], dict):
        return example[:-1], example[-1]
    return example, {}


U = np.array([[0.1, -0.5, 0.9]], "float32")
BIG = np.array([[1.5, 2.0, 7.0]], "float32")
PLAIN = [(A,), (I,), (2,)]
_family(
    "unary_same",
    absolute=[*PLAIN, (M,), (np.array([1, 2], "uint8"),)],
    abs=PLAIN,
    negative=PLAIN,
    sign=[*PLAIN, (J,)],
    square=[*PLAIN, (M,), (J,)],
    trunc=[*PLAIN],
    floor=[*PLAIN, (J,)],
    ceil=PLAIN,
    round=[*PLAIN, (A * 11.37, 1), (I * 37, -1)],
    real=[(A,)],
    imag=[(A,)],
    conj=[(A,)],
    conjugate=[(A + 1j,)],
    logical_not=[(A,), (M,)],
    bitwise_invert=[(I,)],
    bitwise_not=[(J,)],
    nan_to_num=[(N,), (N, 1.0, 2.0, 3.0)],
    clip=[(A, -1, 1), (I, 2, 4), (J, 2, 3)],
    copy=[(A,)],
    view=[(A,), (A, "int32"), (A, "int16")],
)
_family(
    "unary_float",
    sqrt=[(np.abs(A),), (I,), (4,), (J,)],
    rsqrt=[(np.abs(A),)],
    cbrt=[(A,), (I,)],
    reciprocal=[(A,)],
    exp=[*PLAIN, (M,)],
    exp2=PLAIN,
    expm1=PLAIN,
    log=[(np.abs(A),), (I,)],
    log10=[(np.abs(A),), (I,)],
    log1p=[(np.abs(A),), (I,)],
    log2=[(np.abs(A),), (I,)],
    sin=PLAIN,
    cos=PLAIN,
    tan=PLAIN,
    arcsin=[(U,)],
    arccos=[(U,)],
    arctan=[(U,), (I,)],
    sinh=PLAIN,
    cosh=PLAIN,
    tanh=PLAIN,
    arcsinh=PLAIN,
    arccosh=[(BIG,)],
    arctanh=[(U,)],
    deg2rad=PLAIN,
    rad2deg=PLAIN,
    sinc=PLAIN,
    i0=[(A,)],
    erf=[(A,)],
    erfinv=[(U,)],
    isnan=[(N,), (I,)],
    isinf=[(N,), (I,)],
    isfinite=[(N,), (I,)],
    isposinf=[(N,)],
    isneginf=[(N,)],
    isreal=[(A,)],
    signbit=[(A,), (I,)],
    angle=[(A,), (A + 1j,)],
)
PAIRS = [(A, B), (A, I), (I, J), (A, 2), (I, 2), (I, 2.5), (J, 2), (2, 3), (A, True)]
_family(
    "binary",
    add=[*PAIRS, (M, 2), (A, [1, 2, 3])],
    subtract=PAIRS,
    multiply=PAIRS,
    divide=[*PAIRS, (M, 2)],
    true_divide=PAIRS,
    divide_no_nan=[(A, A - A), (I, 2)],
    floor_divide=PAIRS,
    mod=PAIRS,
    power=[(np.abs(A), B), (I, J), (I, 2), (J, 2), (A, 2)],
    maximum=PAIRS,
    minimum=PAIRS,
    hypot=PAIRS,
    arctan2=PAIRS,
    logaddexp=PAIRS,
    logaddexp2=[(A, B)],
    heaviside=[(A, 0.5), (I, I)],
    nextafter=[(A, B)],
    gcd=[(I, J)],
    lcm=[(I, J)],
    ldexp=[(A, I)],
    fmod=[(A, B), (I, 2)],
    fmax=[(N, 0.5)],
    fmin=[(N, 0.5)],
)
_family(
    "comparison",
    equal=[(A, A), (I, 2), (I, 2.0), (A, I)],
    not_equal=[(A, A), (I, 2)],
    less=[(A, B), (I, 2), (A, I)],
    less_equal=[(A, B), (I, 2)],
    greater=[(A, B), (I, 2)],
    greater_equal=[(A, B), (I, 2)],
    logical_and=[(M, ~M), (A, I)],
    logical_or=[(M, ~M), (A, I)],
    logical_xor=[(M, ~M), (A, I)],
    bitwise_and=[(I, J), (I, 3)],
    bitwise_or=[(I, J), (I, 3)],
    bitwise_xor=[(I, J), (I, 3)],
    left_shift=[(I, 2), (J, 1)],
    right_shift=[(I, 1), (J, 1)],
    bitwise_left_shift=[(I, 2)],
    bitwise_right_shift=[(I, 2)],
    isclose=[(A, A + 1e-7), (N[:1], N[:1]), (N[:1], N[:1], {"equal_nan": True})],
    allclose=[(A, A), (A, B)],
    isin=[(I, [1, 5]), (I, [1, 5], {"invert": True})],
    where=[(M, A, B), (M, A, 0), (M, I, 0.5), (M, I, J), (M,)],
    nonzero=[(M,)],
    select=[([A > 1, A < 0], [A, B], 0.0)],
)
OVER = [(A,), (A, 0), (A, 1, True), (A, (0, 1)), (I,), (I, -1)]
_family(
    "reductions",
    sum=[*OVER, (M,), (J,), (np.array([200, 100], "uint8"),)],
    mean=[*OVER, (M,)],
    var=[*OVER, (M,)],
    std=OVER,
    prod=[*OVER, (J,), (M,)],
    max=[*OVER, (A, 0, False, 1.0)],
    min=OVER,
    amax=OVER,
    amin=OVER,
    all=[(M,), (M, 0), (A, 1, True)],
    any=[(M,), (M, 0), (A, 1, True)],
    argmax=[(A,), (A, 0), (A, 1, True), (M, 1)],
    argmin=[(A,), (A, 0), (A, 1, True)],
    count_nonzero=[(M,), (I, 0)],
    median=[(A,), (A, 0), (I, 1, True)],
    quantile=[(A, 0.3), (A, [0.1, 0.9], 1), (I, 0.5, None, "lower")],
    percentile=[(A, 30.0), (A, [10, 90], 1)],
    average=[(A,), (A, 1), (A, 1, [1.0, 2.0, 3.0]), (I, 0, [1, 3])],
    cumsum=[(A,), (A, 1), (M, 0), (J, 0), (I, 0, "float32")],
    cumprod=[(A,), (A, 1), (I, 0)],
    logsumexp=[(A,), (A, 1), (A, 0, True)],
    ptp=[(A,), (I, 1)],
    nansum=[(N[:, :1],), (N, 0)],
    nanmean=[(N[:1], 1)],
    nanmax=[(N, 0)],
    nanmin=[(N, 0)],
    nanstd=[(N[:1], 1)],
    nanvar=[(N[:1], 1)],
    nanprod=[(N[:1], 1)],
    nanmedian=[(N[:1], 1)],
    nanargmax=[(N[:1], 1)],
    nanargmin=[(N[:1], 1)],
    nancumsum=[(N[:1], 1)],
    nancumprod=[(N[:1], 1)],
)
_family(
    "creation",
    zeros=[((2, 3),), ((2,), "int32")],
    ones=[((2, 3),), ((2,), "int32")],
    zeros_like=[(I,), (I, "float16")],
    ones_like=[(I,), (I, "float16")],
    full=[((2,), 3), ((2,), 1.5), ((2,), 1.5, "float64")],
    full_like=[(I, 3), (A, 1), (A, 1, "int32")],
    array=[([1, 2],), ([1.5],), (A, "float16"), (np.float64(1.0),), (True,)],
    arange=[(3,), (1, 7, 2), (0.0, 1.0, 0.25), (3.0,), (3, {"dtype": "float32"})],
    linspace=[(0, 1, 5), (0.0, 1.0, 4, False)],
    logspace=[(0, 2, 3)],
    geomspace=[(1.0, 8.0, 4)],
    eye=[(3,), (2, 3, 1), (2, {"dtype": "int32"})],
    identity=[(2,)],
    tri=[(3,), (2, 3, 1)],
    meshgrid=[([1, 2], [3, 4, 5]), ([1, 2], [3, 4], {"indexing": "ij"})],
    bartlett=[(5,)],
    blackman=[(5,)],
    hamming=[(5,)],
    hanning=[(5,)],
    kaiser=[(5, 2.0)],
    vander=[(np.array([1.0, 2.0, 3.0], "float32"),), (I[0], 2, True)],
)
C = np.arange(24, dtype="float32").reshape(2, 3, 4)
_family(
    "shaping",
    reshape=[(A, (3, 2)), (A, (-1,)), (A, -1), (A, (3, -1))],
    ravel=[(A,)],
    transpose=[(A,), (C, (1, 2, 0))],
    expand_dims=[(A, 0), (A, -1), (A, (0, 2))],
    squeeze=[(A[:1],), (A[:1], 0)],
    swapaxes=[(C, 0, 2)],
    moveaxis=[(C, 0, -1), (C, (0, 1), (2, 0))],
    broadcast_to=[(A, (2, 2, 3))],
    flip=[(A,), (A, 1)],
    fliplr=[(A,)],
    flipud=[(A,)],
    rot90=[(A,)],
    roll=[(A, 1), (A, 1, 1), (A, (1, 2), (0, 1))],
    tile=[(A, 2), (A, (2, 1)), (A, (2, 1, 1))],
    repeat=[(A, 2), (A, 2, 1), (A, [1, 2], 0)],
    concatenate=[([A, B],), ([A, I], 1), ([A, B], -1)],
    stack=[([A, B],), ([A, I], -1)],
    hstack=[([A, B],)],
    vstack=[([A, I],)],
    dstack=[([A, B],)],
    append=[(A, B), (A, I, 0)],
    split=[(A, 3, 1), (C, [1, 2], 2), (A, 2)],
    array_split=[(A, 2, 1)],
    hsplit=[(C, 3)],
    vsplit=[(C, 2)],
    dsplit=[(C, 2)],
    unstack=[(A,), (A, None, 1)],
    pad=[
        (A, ((1, 0), (0, 2))),
        (A, ((1, 1), (1, 1)), "reflect"),
        (A, ((0, 1), (0, 1)), "constant", 7),
        (A, ((1, 1), (1, 1)), "symmetric"),
    ],
    diag=[(S,), (S, 1), (np.array([1.0, 2.0], "float32"),)],
    diagflat=[(A,)],
    diagonal=[(S,), (C, 1, 1, 2)],
    tril=[(S,), (C, -1)],
    triu=[(S,), (C, 1)],
    rearrange=[(C, "a b c -> c (a b)"), (C, "a (b x) c -> a b x c", {"x": 3})],
)
_family(
    "selection",
    take=[(A, [1, 0]), (A, [[2, 0]], 1), (A, -1, 1), (I, 2)],
    take_along_axis=[(A, np.array([[2, 0], [1, 1]]), 1), (A, np.array([5, 0]))],
    sort=[(A,), (A, 0)],
    argsort=[(A,), (A, 0), (A, None)],
    searchsorted=[
        ([1.0, 2.0, 3.0], [0.5, 2.0, 9.0]),
        ([1, 2, 3], [2], {"side": "right"}),
    ],
    digitize=[(A, [-1.0, 0.0, 1.0])],
    bincount=[([0, 1, 1, 3],), ([0, 1, 1], [0.5, 1.0, 2.0]), ([0, 1, 1], None, 6)],
    histogram=[(A[0], 3), (A[1], 4, (0.0, 2.0))],
    unravel_index=[([3, 5], (2, 3))],
    top_k=[(A, 2)],
    in_top_k=[([1, 0], P, 1), ([1, 2], P, 2)],
    one_hot=[([0, 2], 3), ([[0], [1]], 2, 1), ([0, 5], 3, -1, "int32")],
    multi_hot=[(np.array([0, 2]), 4), (np.array([[0, 2], [1, 1]]), 3)],
    segment_sum=[(A, np.array([0, 0])), (A, np.array([1, 0]), 3)],
    segment_max=[(A, np.array([0, 0])), (A, np.array([1, 0]), 2)],
    segment_min=[(A, np.array([1, 0]), 2)],
    segment_prod=[(A, np.array([1, 0]), 2)],
    diff=[(A,), (A, 1, 0), (A, 2)],
    trapezoid=[(A,), (A, None, 0.5, 0), (A, [0.0, 1.0, 3.0])],
    correlate=[([1.0, 2.0, 3.0], [0.0, 1.0, 0.5]), ([1, 2, 3], [1, 1], "same")],
    corrcoef=[(A,)],
    get_item=[(A, 0), (A, (slice(None), 1))],
    unique=[([3, 1, 3],), ([3, 1, 3], True, True, True, True)],
)
_family(
    "linear_algebra",
    matmul=[(A, B.T), (I, J.T), (J, J.T), (A, I.T), (A, [1.0, 2.0, 3.0])],
    dot=[(A, B.T), (I, 2), (A[0], B[0])],
    inner=[(A, B), (I, J)],
    outer=[(A[0], B[0]), (I[0], J[0])],
    vdot=[(A, B)],
    kron=[(A, B)],
    tensordot=[(A, B, 2), (A, B, ([1], [1])), (C, A, [[1], [1]])],
    einsum=[("ij,kj->ik", A, B), ("ij->j", A), ("ij,ij", I, J), ("ij,kj", J, J)],
    cross=[(A, B)],
    trace=[(S,), (I, 1), (J,)],
    norm=[(A,), (A, 1, 0), (A, "fro"), (A, 2, 1, True), (A, np.inf, 1), (A, "nuc")],
    inv=[(S,)],
    det=[(S,)],
    slogdet=[(S,)],
    logdet=[(S,)],
    cholesky=[(S,), (S, True)],
    cholesky_inverse=[(np.linalg.cholesky(S),)],
    eigh=[(np.diag([1.0, 2.0, 3.0]).astype("float32"),)],
    solve=[(S, S[:2].T), (S, S[0])],
    solve_triangular=[(np.tril(S), S[:2].T, True), (np.triu(S), S[0])],
    lstsq=[(B.T, S[0])],
    pinv=[(A,)],
    matrix_rank=[(S,)],
    svd=[(A, False, False)],
    lu_factor=[(S,)],
    cdist=[(A, B)],
)
X = np.linspace(-3, 3, 12, dtype="float32").reshape(2, 6)
_family(
    "activations",
    **{
        name: [(X,)]
        for name in (
            "relu6 sigmoid log_sigmoid softplus softsign silu swish selu sparse_plus "
            "sparse_sigmoid hard_sigmoid hard_silu hard_swish hard_tanh tanh_shrink "
            "celu elu gelu squareplus hard_shrink soft_shrink softmax log_softmax"
        ).split()
    },
    relu=[(X,), (I - 3,)],
    leaky_relu=[(X,), (X, 0.5)],
    glu=[(X,), (X, 0)],
    threshold=[(X, 0.5, -1.0)],
)
_family(
    "losses",
    binary_crossentropy=[(P, P[::-1]), (P, X[:, :3], True)],
    categorical_crossentropy=[(P, P[::-1]), (P, X[:, :3], True), (P, P, False, 0)],
    sparse_categorical_crossentropy=[
        ([1, 2], P),
        ([1, 2], X[:, :3], True),
        ([[1], [2]], P),
    ],
    moments=[(A, 0), (A, [0, 1], True)],
    batch_normalization=[
        (A, B[0], np.abs(B[1]), -1),
        (A, B[0], np.abs(B[1]), 1, B[0], B[1]),
    ],
    depth_to_space=[(np.arange(8.0, dtype="float32").reshape(1, 1, 2, 4), 2)],
    space_to_depth=[(np.arange(8.0, dtype="float32").reshape(1, 2, 4, 1), 2)],
    psnr=[(A, B, 4.0)],
    extract_sequences=[(X, 3, 2)],
    fft=[((X, X),)],
    fft2=[((X, X),)],
    ifft2=[((X, X),)],
    rfft=[(X,), (X, 8)],
    irfft=[((X, X),)],
    polar=[(np.abs(X), X)],
    view_as_complex=[(X[:, :2],)],
    view_as_real=[(X + 1j,)],
)
_family(
    "core",
    cast=[(A, "int32"), (I, "float16"), (2.7, "int32")],
    saturate_cast=[(A * 1000, "int8")],
    convert_to_tensor=[([1, 2],), ([1.5],), (1,), (A, "float16"), (np.float64(2),)],
    convert_to_numpy=[(A,)],
    shape=[(A,)],
    ndim=[(A,)],
    size=[(A,)],
    dtype=[(A,)],
    stop_gradient=[(A,)],
    scatter=[([[0, 1], [1, 2], [0, 1]], [1.0, 2.0, 3.0], (2, 3))],
    scatter_update=[(A, [[0, 1]], [9.0]), (A, [[0, 1], [0, 1]], [9.0, 1.0], "add")],
    slice=[(A, (0, 1), (2, 2))],
    slice_update=[(A, (0, 1), np.zeros((2, 1), "float32"))],
)


@case(
    "keras.ops.cond",
    "keras.ops.switch",
    "keras.ops.while_loop",
    "keras.ops.fori_loop",
    "keras.ops.map",
    "keras.ops.scan",
    "keras.ops.associative_scan",
    "keras.ops.vectorized_map",
    "keras.ops.is_tensor",
    tolerance=1e-5,
)
def control_flow(tf):
    ops = tf.keras.ops
    x = ops.convert_to_tensor(A)
    return {
        "cond": ops.cond(True, lambda: x + 1, lambda: x - 1),
        "switch": ops.switch(1, [lambda v: v, lambda v: v * 2], x),
        "while": ops.while_loop(
            lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), (0, x)
        ),
        "for": ops.fori_loop(0, 3, lambda i, v: v + 1, x),
        "map": ops.map(lambda row: ops.sum(row), x),
        "scan": ops.scan(lambda c, row: (c + ops.sum(row), c * 2), 0.0, x),
        "reversed": ops.scan(
            lambda c, row: (c + ops.sum(row), c * 1.0), 0.0, x, reverse=True
        ),
        "prefix": ops.associative_scan(lambda a, b: a + b, x, axis=1),
        "vectorized": ops.vectorized_map(lambda row: row * 2.0, x),
        "tensor": [ops.is_tensor(x), ops.is_tensor(A), ops.is_tensor(1)],
    }


@case("keras.backend.result_type")
def result_types(tf):
    names = ("bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16",
             "float32", "float64", int, float)  # fmt: skip
    resolve = tf.keras.backend.result_type
    return {f"{a} {b}": resolve(a, b) for a in names for b in names}
