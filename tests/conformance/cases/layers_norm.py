"""Normalisation, and the layers that act in training only."""

import numpy as np

from tests.conformance.helpers import spec
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
