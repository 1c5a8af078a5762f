"""Ready-made image models, and what prepares images for them."""

from typing import Any

import numpy as np

from tests.conformance.helpers import raises, rng
from tests.conformance.records import case


def drawn_weights(model: Any) -> list[Any]:
    """Weights that keep the features of a deep network near one."""
    draw = rng(1)
    values = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        noise = draw.standard_normal(shape, dtype=np.float32)
        if len(shape) > 1:
            noise *= (2 / np.prod(shape[:-1])) ** 0.5
        elif "gamma" in weight.path or "variance" in weight.path:
            noise = 1 + 0.1 * np.abs(noise)
        else:
            noise *= 0.1
        values.append(noise)
    return values


def described(tf: Any, make: Any, prepare: Any) -> Any:
    """The layers, weights and some results of a model."""
    tf.keras.utils.clear_session()
    model = make(
        weights=None, input_shape=(32, 32, 3), classes=7, classifier_activation=None
    )
    model.set_weights(drawn_weights(model))
    images = rng(2).uniform(0, 255, size=(2, 32, 32, 3)).astype("float32")
    prepared = prepare(images)
    return {
        "name": model.name,
        "class": type(model).__name__,
        "layers": [
            [layer.name, type(layer).__name__, list(layer.output.shape)]
            for layer in model.layers
        ],
        "weights": [[weight.path, list(weight.shape)] for weight in model.weights],
        "trainable": len(model.trainable_weights),
        "logits / 100": model.predict_on_batch(prepared / prepared.std()) / 100,
    }


@case(
    "keras.applications.ResNet50",
    "keras.applications.resnet.ResNet50",
    "keras.applications.resnet50.ResNet50",
    tolerance=1e-4,
)
def resnet50(tf: Any) -> Any:
    applications = tf.keras.applications
    return described(tf, applications.ResNet50, applications.resnet50.preprocess_input)


@case(
    "keras.applications.ResNet50V2",
    "keras.applications.resnet_v2.ResNet50V2",
    "keras.applications.resnet_v2.preprocess_input",
    tolerance=1e-4,
)
def resnet50_v2(tf: Any) -> Any:
    applications = tf.keras.applications
    return described(
        tf, applications.ResNet50V2, applications.resnet_v2.preprocess_input
    )


@case("keras.applications.ResNet50")
def resnet50_without_its_top(tf: Any) -> Any:
    keras = tf.keras
    make = keras.applications.ResNet50
    image = keras.Input((40, 48, 3))
    bare = make(weights=None, include_top=False)
    pooled = make(weights=None, include_top=False, pooling="max", name="mine")
    on_top = make(
        weights=None,
        include_top=False,
        input_tensor=keras.layers.Rescaling(2.0)(image),
        pooling="avg",
    )
    return [
        [bare.input_shape, bare.output_shape, bare.count_params()],
        [pooled.name, pooled.output_shape, pooled.layers[-1].name],
        [on_top.input_shape, on_top.output_shape, type(on_top.layers[1]).__name__],
        bare.compute_output_shape((2, 70, 64, 3)),
    ]


@case(
    "keras.applications.ResNet101",
    "keras.applications.ResNet152",
    "keras.applications.resnet.ResNet101",
    "keras.applications.resnet.ResNet152",
    "keras.applications.ResNet101V2",
    "keras.applications.ResNet152V2",
    "keras.applications.resnet_v2.ResNet101V2",
    "keras.applications.resnet_v2.ResNet152V2",
)
def deeper_resnets(tf: Any) -> Any:
    results = []
    tf.keras.utils.clear_session()
    for name in ("ResNet101", "ResNet152", "ResNet101V2", "ResNet152V2"):
        make = getattr(tf.keras.applications, name)
        model = make(weights=None, include_top=False)
        names = [layer.name for layer in model.layers[1:]]
        results.append([model.name, model.count_params(), names])
    return results


@case("keras.applications.ResNet50")
def mistakes_with_resnets(tf: Any) -> Any:
    make = tf.keras.applications.ResNet50
    return [
        raises(lambda: make(weights="no such file")),
        raises(lambda: make(weights=5)),
        raises(lambda: make(classes=3)),
        raises(lambda: make(input_shape=(64, 64, 3))),
        raises(lambda: make(include_top=False, input_shape=(64, 64, 1))),
        raises(lambda: make(weights=None, input_shape=(16, 32, 3))),
        raises(lambda: make(weights=None, input_shape=(32, 32))),
        raises(lambda: make(weights=None, input_shape=(None, 32, 3))),
        raises(lambda: make(weights=None, input_tensor=tf.zeros((1, 32, 32, 3)))),
    ]


@case(
    "keras.applications.imagenet_utils.preprocess_input",
    "keras.applications.resnet.preprocess_input",
    "keras.applications.resnet50.preprocess_input",
)
def prepared_images(tf: Any) -> Any:
    applications = tf.keras.applications
    prepare = applications.imagenet_utils.preprocess_input
    last = rng(3).uniform(0, 255, size=(2, 4, 5, 3)).astype("float32")
    first = np.moveaxis(last, -1, 1)
    results = []
    for mode in ("caffe", "tf", "torch"):
        results += [
            prepare(last.copy(), mode=mode),
            prepare(first.copy(), data_format="channels_first", mode=mode),
            prepare(first[0].copy(), data_format="channels_first", mode=mode),
            prepare(last[0].astype("uint8"), mode=mode),
            prepare(tf.constant(last), mode=mode),
            prepare(tf.constant(first), data_format="channels_first", mode=mode),
            prepare(last.astype("float64"), mode=mode),
        ]
    return [
        *results,
        applications.resnet.preprocess_input(last.copy()),
        applications.resnet50.preprocess_input(first.copy(), "channels_first"),
        prepare(tf.keras.Input((4, 5, 3))).shape,
        raises(lambda: prepare(last, mode="other")),
        raises(lambda: prepare(last, data_format="other")),
        raises(lambda: applications.resnet.preprocess_input(last, "other")),
    ]


@case(
    "keras.applications.imagenet_utils.decode_predictions",
    "keras.applications.resnet.decode_predictions",
    "keras.applications.resnet50.decode_predictions",
    "keras.applications.resnet_v2.decode_predictions",
)
def predictions_of_the_wrong_shape(tf: Any) -> Any:
    applications = tf.keras.applications
    return [
        raises(
            lambda: applications.imagenet_utils.decode_predictions(np.ones((2, 10)))
        ),
        raises(lambda: applications.resnet.decode_predictions(np.ones(1000))),
        raises(lambda: applications.resnet50.decode_predictions(tf.ones((1, 999)))),
        raises(lambda: applications.resnet_v2.decode_predictions(np.ones((1, 1)))),
    ]
