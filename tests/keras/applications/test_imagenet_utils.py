"""Scaling of images for pretrained models."""

import numpy as np
import pytest

import lamina as tf
from lamina.keras.applications.imagenet_utils import preprocess_input

IMAGES = np.arange(2 * 2 * 2 * 3, dtype="float32").reshape(2, 2, 2, 3) * 10


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_modes(mode):
    given = IMAGES.copy()
    found = preprocess_input(given, mode=mode)
    np.testing.assert_array_equal(given, IMAGES)
    pixel = IMAGES[1, 0, 1]
    expected = {
        "tf": pixel / 127.5 - 1,
        "torch": (pixel / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
        "caffe": pixel[::-1] - [103.939, 116.779, 123.68],
    }[mode]
    np.testing.assert_allclose(found[1, 0, 1], expected, rtol=1e-5)
    assert found.dtype == np.float32
    for variant in (tf.constant(IMAGES), tf.constant(IMAGES.astype("uint8"))):
        values = preprocess_input(variant, mode=mode).numpy()
        np.testing.assert_allclose(values, found, rtol=1e-4, atol=1e-4)
    first = np.moveaxis(IMAGES, -1, 1)
    moved = preprocess_input(first, data_format="channels_first", mode=mode)
    np.testing.assert_allclose(np.moveaxis(moved, 1, -1), found, rtol=1e-6)
    np.testing.assert_allclose(preprocess_input(IMAGES[0], mode=mode), found[0])


def test_a_symbolic_image():
    inputs = tf.keras.Input((4, 4, 3))
    assert preprocess_input(inputs).shape == (None, 4, 4, 3)


@pytest.mark.parametrize("bad", [{"mode": "x"}, {"data_format": "x"}])
def test_mistakes(bad):
    with pytest.raises(ValueError, match="to be one of"):
        preprocess_input(IMAGES, **bad)
