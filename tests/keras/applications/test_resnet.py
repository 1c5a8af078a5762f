"""Residual networks and the checks that all image models share."""

import hashlib

import numpy as np
import pytest

import lamina as tf
from lamina.keras.applications import image_models, imagenet_utils
from lamina.keras.applications.image_models import Request, WeightFile

ResNet50 = tf.keras.applications.ResNet50


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"weights": "no such file"}, "path of an existing file"),
        ({"weights": 5}, "path of an existing file"),
        ({"classes": 3}, "`classes` to be 1000"),
        ({"classifier_activation": "relu"}, "'softmax' or None"),
        ({"input_shape": (64, 64, 3)}, r"\(224, 224, 3\)"),
        ({"include_top": False, "input_shape": (64, 64, 1)}, "3 channels"),
        ({"weights": None, "input_shape": (16, 32, 3)}, "at least 32x32"),
        ({"weights": None, "input_shape": (32, 32)}, "three integers"),
        ({"weights": None, "input_shape": (None, 32, 3)}, "fixed height and width"),
        ({"weights": None, "input_tensor": np.ones((1, 32, 32, 3))}, "symbolic"),
    ],
)
def test_mistakes(arguments, text):
    with pytest.raises(ValueError, match=text) as caught:
        ResNet50(**arguments)
    assert str(caught.value).startswith("keras.applications.ResNet50: expected ")


def test_an_unusual_number_of_channels():
    request = request_for(None, input_shape=(32, 40, 5))
    with pytest.warns(UserWarning, match="usually have 1 or 3 channels"):
        image = image_models.image_input(request, 224, 32)
    assert image.shape == (None, 32, 40, 5)


def test_channels_first():
    tf.keras.config.set_image_data_format("channels_first")
    try:
        request = request_for(None, include_top=False)
        assert image_models.image_input(request, 224, 32).shape == (None, 3, None, None)
        request = request_for(None, input_shape=(3, 32, 40))
        assert image_models.image_input(request, 224, 32).shape == (None, 3, 32, 40)
    finally:
        tf.keras.config.set_image_data_format("channels_last")


def request_for(weights, **changes):
    """The request of a tiny model."""
    request = Request("tiny", True, weights, None, None, None, 1000, "softmax", "tiny")
    return request._replace(**changes)


def tiny_model(request, published=WeightFile("none", "none", "none")):
    image = image_models.image_input(request, 8, 4)
    x = tf.keras.layers.Conv2D(2, 3, name="conv")(image)
    return image_models.finished_model(
        request, image, image_models.pooled_top(request, x), published
    )


@pytest.mark.parametrize("include_top", [True, False])
def test_published_weights(include_top, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    source = tiny_model(request_for(None, include_top=include_top))
    file = tmp_path / "tiny.h5"
    source.save(file)
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    published = WeightFile("tiny.h5", file.as_uri(), md5)
    found = tiny_model(request_for("imagenet", include_top=include_top), published)
    for ours, theirs in zip(found.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (tmp_path / "home" / "models" / "tiny.h5").exists()
    with pytest.raises(ValueError, match="corrupted"):
        tiny_model(
            request_for("imagenet", include_top=include_top),
            published._replace(md5="0" * 32, name="other.h5"),
        )


def test_weights_of_a_path(tmp_path):
    source = tiny_model(request_for(None, pooling="max", include_top=False))
    assert source.output_shape == (None, 2)
    source.save_weights(tmp_path / "tiny.weights.h5")
    request = request_for(tmp_path / "tiny.weights.h5", include_top=False)
    np.testing.assert_array_equal(
        tiny_model(request).get_weights()[0], source.get_weights()[0]
    )


def test_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    published = WeightFile("x.h5", (tmp_path / "missing.h5").as_uri(), "0" * 32)
    with pytest.raises(OSError, match="URL fetch failure on file:"):
        tiny_model(request_for("imagenet"), published)


def test_names_of_classes(tmp_path, monkeypatch):
    index = ", ".join(f'"{i}": ["n{i:08}", "thing {i}"]' for i in range(1000))
    file = tmp_path / "index.json"
    file.write_text(f"{{{index}}}")
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(imagenet_utils, "_CLASSES_ORIGIN", file.as_uri())
    monkeypatch.setattr(imagenet_utils, "_CLASSES_MD5", md5)
    imagenet_utils._class_names.cache_clear()
    scores = np.zeros((2, 1000), "float32")
    scores[0, [5, 700]] = 0.25, 0.75
    scores[1, 999] = 1
    for given in (scores, tf.constant(scores)):
        found = tf.keras.applications.resnet50.decode_predictions(given, top=2)
        assert [len(each) for each in found] == [2, 2]
        assert found[0] == [
            ("n00000700", "thing 700", 0.75),
            ("n00000005", "thing 5", 0.25),
        ]
        assert found[1][0] == ("n00000999", "thing 999", 1.0)
    imagenet_utils._class_names.cache_clear()
    with pytest.raises(ValueError, match=r"shape \(B, 1000\)"):
        imagenet_utils.decode_predictions(np.ones(1000))


def test_transfer_learning():
    features = ResNet50(
        weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3)
    )
    features.trainable = False
    model = tf.keras.Sequential([features, tf.keras.layers.Dense(2)])
    assert model.output_shape == (None, 2)
    assert len(model.trainable_weights) == 2
    config = features.get_config()
    assert len(config["layers"]) == len(features.layers) == 176
