"""Images and sequences as arrays."""

import io

import numpy as np
import pytest

import lamina as tf
from lamina.keras.utils import (
    array_to_img,
    img_to_array,
    load_img,
    pad_sequences,
    save_img,
)

pytest.importorskip("PIL")
IMAGE = np.arange(4 * 6 * 3, dtype="float32").reshape(4, 6, 3)


def test_arrays_and_pictures():
    picture = array_to_img(IMAGE, scale=False)
    assert picture.size == (6, 4)
    np.testing.assert_array_equal(img_to_array(picture), IMAGE)
    assert img_to_array(picture, "channels_first").shape == (3, 4, 6)
    grey = array_to_img(IMAGE[..., :1])
    assert grey.mode == "L"
    assert img_to_array(grey).max() == 255
    assert img_to_array(grey, dtype="uint8").dtype == np.uint8
    assert array_to_img(np.full((2, 2, 1), 300.0), scale=False).mode == "I"
    assert tf.keras.preprocessing.image.array_to_img is array_to_img


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_files(tmp_path, ending):
    path = tmp_path / f"image.{ending}"
    save_img(path, np.zeros((4, 6, 4)))
    assert load_img(path).mode == "RGB"
    assert load_img(path, color_mode="grayscale").mode == "L"
    assert load_img(path, target_size=(2, 2)).size == (2, 2)
    small = load_img(
        io.BytesIO(path.read_bytes()),
        target_size=(2, 4),
        keep_aspect_ratio=True,
        interpolation="bilinear",
    )
    assert small.size == (4, 2)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: array_to_img(np.zeros((2, 2))), "rank 3"),
        (lambda: array_to_img(np.zeros((2, 2, 2))), "Unsupported channel number"),
        (lambda: array_to_img(IMAGE, "middle"), "Invalid data_format"),
        (lambda: img_to_array(np.zeros(3)), "Unsupported image shape"),
        (lambda: load_img("x", color_mode="cmyk"), "`color_mode` among"),
        (lambda: load_img("x", interpolation="x"), "`interpolation` among"),
        (lambda: pad_sequences([1]), "list of iterables"),
        (lambda: pad_sequences(1), "must be iterable"),
        (lambda: pad_sequences([[1]], padding="x"), "'pre' or 'post'"),
        (lambda: pad_sequences([[1]], value="a"), "not compatible with"),
        (lambda: pad_sequences([[[1]], [[1, 2]]]), "Shape of sample"),
    ],
)
def test_mistakes(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_pad_sequences():
    given = [[1], [2, 3], [], [4, 5, 6]]
    assert pad_sequences(given).tolist() == [[0, 0, 1], [0, 2, 3], [0] * 3, [4, 5, 6]]
    found = pad_sequences(given, maxlen=2, padding="post", truncating="post", value=9)
    assert found.tolist() == [[1, 9], [2, 3], [9, 9], [4, 5]]
    assert pad_sequences(given, maxlen=2).tolist()[3] == [5, 6]
    assert pad_sequences([[[1, 2]], [[3, 4], [5, 6]]]).shape == (2, 2, 2)
    words = pad_sequences([["a"], ["b", "c"]], dtype=object, value="-")
    assert words.tolist() == [["-", "a"], ["b", "c"]]
    assert pad_sequences([]).shape == (0, 0)
    assert pad_sequences([[1.5]], dtype="float32").dtype == np.float32
