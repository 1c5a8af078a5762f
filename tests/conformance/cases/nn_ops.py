"""Cases of tf.nn: activations, convolutions, poolings, normalisations, losses."""

from __future__ import annotations

import numpy as np

from tests.conformance.records import T, V, bad, call, record


def _ints(values):
    """An int32 tensor with these values."""
    return V(values, dtype="int32")


def _fixed(*shape):
    """A float32 array: no gradient is compared where TensorFlow has none on CPUs."""
    return np.sin(np.arange(np.prod(shape)), dtype="float32").reshape(shape)


FLOAT = ("float32", "float64")
HALF = ("float32", "float64", "float16", "bfloat16")
IMAGE = T(2, 5, 6, 4)
# TensorFlow keeps these constants in float32.
F64 = {"float64": 1e-6}
SIGNED = T(2, 3, low=-7, high=8)


def _activation(name, dtypes=HALF, calls=(), **options):
    """The record of an activation function of one tensor."""
    inputs = [call(SIGNED), call(T(0, 3)), *calls]
    wrong = [bad("a", differs="TensorFlow: UnimplementedError for some of these")]
    record(name, inputs, dtypes=dtypes, bad=wrong, **options)


_activation("nn.relu", numpy=lambda x: np.maximum(x, 0), calls=[call(T())])
_activation("nn.relu6", numpy=lambda x: np.clip(x, 0, 6))
_activation(
    "nn.leaky_relu", tolerance=F64, calls=[call(SIGNED, alpha=0.1), call(SIGNED, 0.5)]
)
_activation("nn.elu")
_activation("nn.selu")
_activation(
    "nn.gelu", tolerance=F64, calls=[call(SIGNED, approximate=True), call(SIGNED, True)]
)
_activation("nn.softplus", aliases=["math.softplus"])
_activation("nn.softsign", numpy=lambda x: x / (1 + np.abs(x)))
_activation("nn.silu", aliases=["nn.swish"], calls=[call(SIGNED, beta=2.0)])
_activation("nn.crelu", calls=[call(SIGNED, axis=0)])
record(
    "nn.softmax",
    [call(SIGNED), call(T(3)), call(SIGNED, axis=0), call(T(2, 3, 4), axis=1)],
    dtypes=HALF,
    bad=[
        bad(_ints([1, 2]), raises="InvalidArgumentError"),
        bad(T(), raises="InvalidArgumentError"),
        bad(T(2), axis=3, raises="InvalidArgumentError"),
    ],
    aliases=["math.softmax"],
)
record(
    "nn.log_softmax",
    [call(SIGNED), call(T(3)), call(SIGNED, axis=0)],
    dtypes=HALF,
    bad=[
        bad(_ints([1, 2]), raises="InvalidArgumentError"),
        bad(T(2), axis=3, raises="InvalidArgumentError"),
    ],
    aliases=["math.log_softmax"],
)

record(
    "nn.conv2d",
    [
        call(IMAGE, T(3, 2, 4, 3), 1, "SAME"),
        call(IMAGE, T(3, 3, 4, 2), [1, 2, 3, 1], "SAME"),
        call(IMAGE, T(2, 3, 4, 2), 2, "VALID"),
        call(_fixed(2, 5, 6, 4), _fixed(3, 3, 2, 4), [2], "SAME"),
        call(_fixed(2, 5, 6, 4), _fixed(2, 2, 4, 2), 1, "SAME", dilations=2),
        call(IMAGE, T(2, 2, 4, 2), [1, 1], [[0, 0], [1, 0], [2, 1], [0, 0]]),
        call(T(1, 2, 5, 4, 2), T(2, 2, 2, 3), 1, "VALID"),
    ],
    dtypes=FLOAT,
    bad=[
        bad(IMAGE, T(3, 3, 3, 3), 1, "SAME", raises="InvalidArgumentError"),
        bad(IMAGE, T(3, 3, 4, 3), 1, "same", raises="InvalidArgumentError"),
        bad(IMAGE, T(7, 7, 4, 3), 1, "VALID", raises="InvalidArgumentError"),
        bad(T(5, 6, 4), T(3, 3, 4, 3), 1, "SAME", raises="InvalidArgumentError"),
        bad(IMAGE, T(3, 3, 4), 1, "SAME"),
        bad(IMAGE, T(3, 3, 4, 3), [1, 2, 3], "SAME"),
        bad(IMAGE, T(3, 3, 4, 3, dtype="float64"), 1, "SAME"),
    ],
    tolerance=1e-4,
)
record(
    "nn.conv1d",
    [
        call(T(2, 7, 4), T(3, 4, 3), 1, "SAME"),
        call(T(2, 7, 4), T(3, 4, 3), 2, "VALID"),
        call(_fixed(2, 7, 4), _fixed(2, 4, 3), 1, "SAME", dilations=2),
    ],
    dtypes=FLOAT,
    bad=[bad(T(2, 7, 4), T(3, 3, 3), 1, "SAME", raises="InvalidArgumentError")],
    tolerance=1e-4,
)
record(
    "nn.conv3d",
    [
        call(T(1, 3, 4, 3, 2), T(2, 2, 2, 2, 3), [1, 1, 1, 1, 1], "SAME"),
        call(T(1, 3, 4, 3, 2), T(2, 2, 2, 2, 1), [1, 2, 1, 2, 1], "VALID"),
    ],
    dtypes=FLOAT,
    bad=[
        bad(
            T(1, 3, 4, 3, 2),
            T(2, 2, 2, 3, 3),
            [1, 1, 1, 1, 1],
            "SAME",
            raises="InvalidArgumentError",
        )
    ],
    tolerance=1e-4,
)
record(
    "nn.convolution",
    [
        call(IMAGE, T(2, 2, 4, 3)),
        call(IMAGE, T(2, 2, 4, 3), strides=[2, 1], padding="SAME"),
        call(T(2, 6, 4), T(2, 4, 3), dilations=[2], padding="SAME"),
    ],
    dtypes=FLOAT,
    tolerance=1e-4,
)
record(
    "nn.atrous_conv2d",
    [call(IMAGE, T(2, 2, 4, 3), 2, "SAME"), call(IMAGE, T(2, 2, 4, 3), 2, "VALID")],
    dtypes=FLOAT,
    tolerance=1e-4,
)
record(
    "nn.depthwise_conv2d",
    [
        call(IMAGE, T(3, 3, 4, 2), [1, 1, 1, 1], "SAME"),
        call(IMAGE, T(3, 2, 4, 1), [1, 2, 2, 1], "VALID"),
        call(IMAGE, T(2, 2, 4, 2), [1, 1, 1, 1], "SAME", dilations=[2, 2]),
    ],
    dtypes=FLOAT,
    bad=[
        bad(IMAGE, T(3, 3, 3, 2), [1, 1, 1, 1], "SAME", raises="InvalidArgumentError")
    ],
    tolerance=1e-4,
)
record(
    "nn.separable_conv2d",
    [call(IMAGE, T(3, 3, 4, 2), T(1, 1, 8, 3), [1, 2, 2, 1], "SAME")],
    dtypes=FLOAT,
    tolerance=1e-4,
)
record(
    "nn.conv2d_transpose",
    [
        call(T(2, 3, 4, 2), T(3, 2, 3, 2), [2, 6, 8, 3], 2, "SAME"),
        call(T(2, 3, 4, 2), T(3, 2, 3, 2), [2, 5, 7, 3], [1, 2, 2, 1]),
        call(T(2, 3, 4, 2), T(3, 2, 3, 2), [2, 7, 8, 3], 2, "VALID"),
        call(T(2, 3, 4, 2), T(3, 2, 3, 2), [2, 5, 5, 3], 1, "VALID"),
    ],
    dtypes=FLOAT,
    bad=[
        bad(
            T(2, 3, 4, 2),
            T(3, 2, 3, 2),
            [2, 9, 8, 3],
            2,
            "SAME",
            raises="InvalidArgumentError",
        ),
        bad(
            T(2, 3, 4, 2),
            T(3, 2, 3, 5),
            [2, 6, 8, 3],
            2,
            "SAME",
            raises="InvalidArgumentError",
        ),
    ],
    tolerance=1e-4,
)
record(
    "nn.conv1d_transpose",
    [call(T(2, 3, 2), T(3, 4, 2), [2, 6, 4], 2)],
    dtypes=FLOAT,
    tolerance=1e-4,
)
record(
    "nn.conv3d_transpose",
    [call(T(1, 2, 2, 3, 2), T(2, 2, 2, 3, 2), [1, 4, 4, 6, 3], 2)],
    dtypes=FLOAT,
    tolerance=1e-4,
)
record(
    "nn.conv_transpose",
    [call(T(2, 3, 2), T(3, 4, 2), [2, 6, 4], 2)],
    dtypes=FLOAT,
    tolerance=1e-4,
)

POOLED = T(2, 5, 6, 3)
TIES = V(np.tile(np.array([1.0, 2.0, 2.0], "float32")[:, None], (2, 5, 2, 2)))
for _kind in ("max", "avg"):
    record(
        f"nn.{_kind}_pool2d",
        [
            call(POOLED, 2, 2, "VALID"),
            call(POOLED, 3, 2, "SAME"),
            call(POOLED, [2, 3], [1, 2], "SAME"),
            call(POOLED, [1, 3, 2, 1], [1, 1, 1, 1], "VALID"),
        ],
        dtypes=FLOAT,
        bad=[
            bad(POOLED, 7, 1, "VALID", raises="InvalidArgumentError"),
            bad(POOLED, 2, 2, "same", raises="InvalidArgumentError"),
            bad(T(5, 6, 3), 2, 2, "SAME", raises="InvalidArgumentError"),
            bad(POOLED, [2, 2, 2], 2, "SAME"),
        ],
    )
    record(
        f"nn.{_kind}_pool1d",
        [call(T(2, 7, 3), 3, 2, "SAME"), call(T(2, 7, 3), 2, 2, "VALID")],
        dtypes=FLOAT,
    )
    record(
        f"nn.{_kind}_pool3d",
        [call(T(1, 4, 3, 4, 2), 2, 2, "SAME")],
        dtypes=("float32",),
    )
    record(
        f"nn.{_kind}_pool",
        [
            call(POOLED, 2, 2, "SAME"),
            call(T(2, 7, 3), 2, 2, "VALID"),
            call(_fixed(1, 4, 3, 4, 2), 2, 1, "SAME"),
        ],
        dtypes=FLOAT,
    )
record(
    "nn.pool",
    [
        call(POOLED, [2, 2], "MAX"),
        call(POOLED, [2, 2], "AVG", strides=[2, 2], padding="SAME"),
        call(POOLED, [2, 2], "MAX", dilations=[2, 1]),
    ],
    dtypes=FLOAT,
    bad=[bad(POOLED, [2, 2], "MIN")],
)
record(
    "nn.max_pool_with_argmax",
    [
        call(POOLED, 2, 2, "SAME"),
        call(POOLED, 3, 1, "VALID", include_batch_in_index=True),
        call(TIES, 2, 2, "SAME"),
    ],
    dtypes=("float32",),
    gradient=0,
)

record(
    "nn.moments",
    [
        call(T(3, 4), [0]),
        call(T(3, 4, 2), [0, -1], keepdims=True),
        call(T(3, 4), [0, 1]),
    ],
    dtypes=HALF,
    bad=[bad(T(3, 4), [5], raises="InvalidArgumentError")],
    tolerance={"float16": 5e-3, "bfloat16": 5e-2},
)
record(
    "nn.weighted_moments",
    [call(T(3, 4), [0], T(3, 1, low=0.5, high=2.0))],
    dtypes=FLOAT,
    gradient=0,
)
record(
    "nn.batch_normalization",
    [
        call(T(3, 4), T(4), T(4, low=0.5, high=2.0), T(4), T(4), 0.001),
        call(T(3, 4), T(4), T(4, low=0.5, high=2.0), None, None, 0.001),
    ],
    dtypes=FLOAT,
)
record(
    "nn.l2_normalize",
    [call(T(3, 4)), call(T(3, 4), axis=1), call(T(3, 4), axis=[0, 1], epsilon=0.1)],
    dtypes=FLOAT,
    aliases=["math.l2_normalize", "linalg.l2_normalize"],
)
record(
    "nn.local_response_normalization",
    [call(T(1, 2, 2, 7)), call(T(1, 2, 2, 7), 2, 1.5, 0.5, 0.75)],
    dtypes=("float32",),
    aliases=["nn.lrn"],
    bad=[bad(T(2, 2, 7))],
)
record(
    "nn.bias_add",
    [
        call(T(2, 3), T(3)),
        call(T(2, 3, 4), T(3), data_format="NCHW"),
        call(T(2, 2, 2, 3), T(3), "NHWC"),
    ],
    dtypes=FLOAT,
    bad=[
        bad(T(2, 3), T(2), raises="InvalidArgumentError"),
        bad(T(3), T(3), raises="InvalidArgumentError"),
        bad(T(2, 3), T(3), "CHW"),
    ],
)

SHARES = np.array([[0.1, 0.2, 0.3, 0.4], [0, 0, 1, 0], [0.5, 0.5, 0, 0]])
record(
    "nn.softmax_cross_entropy_with_logits",
    [
        call(V(SHARES), T(3, 4)),
        call(V(SHARES.T), T(4, 3), axis=0),
        call(V([[0.0, 1.0]]), V([[1e4, -1e4]])),
    ],
    dtypes=FLOAT,
    bad=[
        bad(T(1, 3), T(1, 2), raises="InvalidArgumentError"),
        bad(None, T(1, 2), raises="ValueError"),
    ],
)
record(
    "nn.sparse_softmax_cross_entropy_with_logits",
    [
        call(_ints([1, 3, 0]), T(3, 4)),
        call(_ints([[1, 3], [0, 2]]), T(2, 2, 4)),
        call(V(2, dtype="int64"), T(4)),
    ],
    dtypes=FLOAT,
    bad=[
        bad(_ints([1, 2]), T(1, 2), raises="ValueError"),
        bad(T(1), T(1, 2), raises="InvalidArgumentError"),
    ],
)
record(
    "nn.sigmoid_cross_entropy_with_logits",
    [
        call(T(2, 3, low=0.0, high=1.0), T(2, 3)),
        call(labels=V([1.0, 0.0]), logits=V([-200.0, 300.0])),
    ],
    dtypes=FLOAT,
    bad=[bad(T(2), T(1, 2), raises="ValueError"), bad(T(2), raises="ValueError")],
)
record(
    "nn.weighted_cross_entropy_with_logits",
    [call(T(2, 3, low=0.0, high=1.0), T(2, 3), 2.0)],
    dtypes=FLOAT,
    bad=[bad(T(2), T(1, 2), 1.0, raises="ValueError")],
)
record(
    "nn.log_poisson_loss",
    [
        call(T(2, 3, low=0.0, high=4.0), T(2, 3)),
        call(T(2, 3, low=0.0, high=4.0), T(2, 3), compute_full_loss=True),
    ],
    dtypes=FLOAT,
)
record("nn.l2_loss", [call(T(2, 3)), call(T(0))], dtypes=FLOAT)
record(
    "nn.compute_average_loss",
    [
        call(V([1.0, 2.0, 4.0])),
        call(V([1.0, 2.0]), sample_weight=V([0.5, 2.0])),
        call(V([1.0, 2.0]), global_batch_size=8),
    ],
    dtypes=("float32",),
)
record("nn.scale_regularization_loss", [call(V([1.0, 2.0]))], dtypes=("float32",))

record(
    "nn.embedding_lookup",
    [
        call(T(4, 3), _ints([0, 3, 3])),
        call(T(4, 2, 2), _ints([[1, 2]])),
        call([T(2, 3), T(2, 3)], _ints([0, 3])),
        call(T(4, 3), _ints([0, 3]), max_norm=0.5),
    ],
    dtypes=FLOAT,
    bad=[
        bad(T(3, 2), [5], raises="InvalidArgumentError"),
        bad([], [0], raises="ValueError"),
    ],
)
record(
    "math.top_k",
    [call(T(2, 5), 3), call(V([1.0, 3.0, 3.5, 2.0]), 2), call(T(4))],
    dtypes=("float32", "int32"),
    bad=[
        bad(T(2), 5, raises="InvalidArgumentError"),
        bad(T(), 1, raises="InvalidArgumentError"),
    ],
    aliases=["nn.top_k"],
)
record(
    "math.in_top_k",
    [
        call(_ints([1, 0, 2]), V([[1.0, 2.0, 3.0]] * 3), 2),
        call(_ints([0]), V([[1.0, 1.0, 1.0]]), 1),
    ],
    dtypes=("float32",),
    gradient=0,
    bad=[bad(_ints([1]), T(2, 3), 1)],
    aliases=["nn.in_top_k"],
)
record(
    "nn.zero_fraction",
    [call(V([0.0, 1.0, 0.0, 2.0])), call(_ints([0, 1]))],
    dtypes=("float32",),
    gradient=0,
    aliases=["math.zero_fraction"],
)
record(
    "nn.depth_to_space",
    [call(T(1, 2, 3, 8), 2)],
    dtypes=FLOAT,
    bad=[bad(T(1, 2, 2, 3), 2, raises="InvalidArgumentError")],
)
record(
    "nn.space_to_depth",
    [call(T(1, 4, 6, 2), 2)],
    dtypes=FLOAT,
    bad=[bad(T(1, 3, 2, 3), 2, raises="InvalidArgumentError")],
)
