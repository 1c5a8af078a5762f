"""Normalisation, and the layers that act in training only."""

import numpy as np

from tests.conformance.helpers import raises, rng, spec
from tests.conformance.records import T, bad_setup, case, layer, setup

_TRAIN = {"training": True}
layer(
    "keras.layers.BatchNormalization",
    [
        setup(T(4, 3)),
        setup(T(4, 3), call=_TRAIN),
        setup(T(2, 3, 4, 2), call=_TRAIN, momentum=0.5, epsilon=0.1),
        setup(T(2, 3, 4), call=_TRAIN, axis=1, center=False, scale=False),
        setup(T(4, 3), call=_TRAIN, renorm=True, renorm_clipping={"rmax": 1.5}),
        setup(T(4, 3), call=_TRAIN, trainable=False),
    ],
    bad=[bad_setup(T(4, 3), renorm=True, renorm_clipping={"other": 1.0})],
)
layer(
    "keras.layers.LayerNormalization",
    [
        setup(T(2, 3, 4)),
        setup(T(2, 3, 4), axis=[1, 2], epsilon=0.1),
        setup(T(2, 3, 4), axis=1, center=False, scale=False),
    ],
    bad=[bad_setup(T(2, 3), axis="last", raises="TypeError")],
)
layer(
    "keras.layers.GroupNormalization",
    [
        setup(T(2, 3, 4), groups=2),
        setup(T(2, 4, 3), groups=-1, axis=1, scale=False),
    ],
    bad=[bad_setup(T(2, 3, 4), groups=3), bad_setup(T(2, 3, 4), groups=8)],
)
layer(
    "keras.layers.RMSNormalization",
    [setup(T(2, 3, 4)), setup(T(2, 3, 4), axis=[1, 2], epsilon=0.1)],
)
layer("keras.layers.UnitNormalization", [setup(T(2, 3, 4)), setup(T(2, 3), axis=0)])
layer(
    "keras.layers.Normalization",
    [
        setup(T(2, 3), mean=1.5, variance=4.0),
        setup(T(2, 3), mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 0.0]),
        setup(T(2, 3), axis=None, mean=1.5, variance=4.0, invert=True),
        setup(T(2, 3, 2), axis=(2, 1), mean=[[1.0, 2.0]], variance=[[4.0, 9.0]]),
        setup(T(2, 3, 2), axis=1, mean=[1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0]),
        setup(T(2, 3, dtype="int32"), mean=1.0, variance=4.0),
        setup(T(2, 3), mean=1.0, variance=4.0, dtype="mixed_float16"),
    ],
    bad=[
        bad_setup(T(2, 3), mean=1.0),
        bad_setup(T(2, 3), variance=1.0),
        bad_setup(T(2, 3), mean=[1.0, 2.0], variance=1.0),
        bad_setup(T(2, 3), axis=None, mean=[1.0], variance=[1.0]),
        bad_setup(T(2, 3), mean=[1.0, 2.0], variance=[1.0, 2.0]),
        bad_setup(T(2, 3), axis=2, mean=1.0, variance=1.0),
    ],
)
layer("keras.layers.ActivityRegularization", [setup(T(2, 3), l1=0.1, l2=0.2)])
for _name in ("Dropout", "GaussianDropout"):
    layer(
        f"keras.layers.{_name}",
        [setup(T(2, 3), rate=0.5), setup(T(2, 3), call=_TRAIN, rate=0.0)],
        bad=[bad_setup(T(2, 3), rate=-0.5), bad_setup(T(2, 3), rate=1.5)],
    )
# tf.keras has the AlphaDropout of Keras 2, without the argument noise_shape.
layer("keras.layers.AlphaDropout", [setup(T(2, 3), rate=0.5)], config=False)
layer(
    "keras.layers.GaussianNoise",
    [setup(T(2, 3), stddev=0.5), setup(T(2, 3), call=_TRAIN, stddev=0.0)],
    bad=[bad_setup(T(2, 3), stddev=-1.0)],
)
layer("keras.layers.SpatialDropout1D", [setup(T(2, 3, 4), rate=0.5)])
layer("keras.layers.SpatialDropout2D", [setup(T(2, 3, 4, 2), rate=0.5)])
layer("keras.layers.SpatialDropout3D", [setup(T(2, 3, 4, 2, 2), rate=0.5)])


@case("keras.layers.BatchNormalization")
def batch_norm_mask(tf):
    x = tf.constant(np.arange(12, dtype="float32").reshape(2, 3, 2))
    mask = tf.constant([[True, True, False], [True, False, False]])
    norm = tf.keras.layers.BatchNormalization(momentum=0.5)
    y = norm(x, training=True, mask=mask)
    return [y, norm.moving_mean.numpy(), norm.moving_variance.numpy()]


@case("keras.layers.BatchNormalization", "keras.layers.LayerNormalization")
def half_precision(tf):
    x = tf.constant(np.linspace(-300, 300, 24).reshape(4, 6), "float16")
    layers = tf.keras.layers
    results = []
    for each in (
        layers.BatchNormalization(dtype="mixed_float16"),
        layers.LayerNormalization(dtype="mixed_float16"),
    ):
        y = each(x, training=True) if "Batch" in type(each).__name__ else each(x)
        results += [spec(y), each.weights[0].dtype == "float32"]
    return results


@case("keras.layers.Dropout", "keras.layers.SpatialDropout1D")
def what_dropout_keeps(tf):
    x = tf.ones((64, 8, 16))
    layers = tf.keras.layers
    results = []
    for each in (layers.Dropout(0.5, seed=1), layers.SpatialDropout1D(0.5, seed=1)):
        y = each(x, training=True).numpy()
        share = float((y == 0).mean())
        whole = bool(((y == 0).all(1) | (y != 0).all(1)).all())
        results.append([sorted(set(y.ravel().tolist())), 0.3 < share < 0.7, whole])
    return results


@case("keras.layers.Normalization")
def adapted_normalization(tf):
    make = tf.keras.layers.Normalization
    x = rng(1).normal(2.0, 3.0, size=(4, 3, 2)).astype("float32")
    results = []
    for axis in (-1, 1, (1, 2), (0, 1, 2), None):
        for invert in (False, True):
            layer = make(axis=axis, invert=invert)
            layer.adapt(x)
            results += [layer(x), layer.mean, layer.variance]
    wide = make(dtype="float64")
    wide.adapt(x.astype("float64"))
    weights = [[w.name, w.shape, str(w.numpy().dtype)] for w in wide.weights]
    half = make(dtype="mixed_float16")
    half.adapt(x)
    results += [wide(x), weights, spec(half(x)), half.mean, half.variance.dtype]
    plain = make()
    results.append(plain.mean is None)
    plain.build((None, 2))
    return [*results, plain.mean, plain.variance, plain(x), plain.get_build_config()]


@case("keras.layers.Normalization")
def sources_of_moments(tf):
    x = rng(2).normal(2.0, 3.0, size=(10, 3)).astype("float32")

    class Batches(tf.keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return x[4 * index : 4 * index + 4], index

    dataset = tf.data.Dataset.from_tensor_slices
    sources = [
        x,
        x.astype("int32"),
        tf.constant(x),
        dataset(x),
        dataset(x).batch(4),
        dataset((x, x[:, 0])).batch(3),
        Batches(),
        [x[:7], x[7:]],
        ((part, None) for part in (x[:2], x[2:])),
    ]
    results = []
    for source in sources:
        layer = tf.keras.layers.Normalization()
        if source is not sources[3]:
            layer.adapt(source)
            results += [layer.mean, layer.variance]
    layer = tf.keras.layers.Normalization(axis=None)
    layer.adapt(dataset(x[:, 0]))
    layer.adapt(dataset(x[:, 1]))  # starts anew
    results += [layer.mean, layer.variance]
    mapped = dataset(x).batch(5).map(layer)
    return [*results, list(mapped)]


@case("keras.layers.Normalization")
def mistakes_with_moments(tf):
    make = tf.keras.layers.Normalization
    x = np.ones((4, 3), "float32")
    built = make()
    built.adapt(x)
    return [
        raises(lambda: make(axis=3).adapt(x)),
        raises(lambda: make(axis=-3).adapt(x)),
        raises(lambda: make().build((2, None))),
        raises(lambda: make().adapt([])),
        raises(lambda: make().adapt([1, 2])),
        raises(lambda: make().adapt({"a": x})),
        raises(lambda: make().adapt(3)),
        raises(lambda: built.adapt(x[:, :2])),
        raises(lambda: built.adapt([x, x[:, :2]])),
    ]
