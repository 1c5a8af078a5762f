"""`plot_model` and the small helpers of `keras.utils`."""

import numpy as np
import pytest

from lamina.keras.layers.base import Layer
from lamina.keras.layers.core.input_layer import Input
from lamina.keras.models.model import Model
from lamina.keras.models.sequential import Sequential
from lamina.keras.utils.model_drawing import model_to_dot, plot_model
from lamina.keras.utils.numerical import normalize, to_categorical


class Same(Layer):
    """Gives its input."""

    def call(self, x):
        return x * 1.0


def branches():
    x = Input((3,), name="x")
    h = Same(name="h")(x)
    return Model(x, Same(name="g")(h) + x, name="m")


def test_png_file(tmp_path):
    path = tmp_path / "model.png"
    plot_model(branches(), to_file=path, show_shapes=True, show_layer_names=True)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG") and len(data) > 500
    assert [p.name for p in tmp_path.iterdir()] == ["model.png"]
    with pytest.raises(ValueError, match=r"ends in \.png"):
        plot_model(branches(), to_file=tmp_path / "model.jpg")


def test_boxes_and_edges():
    drawing = model_to_dot(branches(), show_shapes=True, show_dtype=True)
    keys = [box.key for box in drawing.boxes]
    assert keys[:3] == ["x", "h", "g"] and len(keys) == 4
    assert ("x", keys[3]) in drawing.edges and ("x", "h") in drawing.edges
    assert "(None, 3)" in drawing.to_string()
    for rankdir in ("BT", "LR", "RL"):
        model_to_dot(branches(), rankdir=rankdir, dpi=100).to_canvas()
    inside = model_to_dot(branches(), subgraph=True).to_string()
    assert inside.startswith('subgraph "cluster_m" {')
    with pytest.raises(ValueError, match="rankdir"):
        model_to_dot(branches(), rankdir="up")


def test_nested_and_unbuilt_models():
    inner = Sequential([Input((3,)), Same(name="inside")], name="inner")
    x = Input((3,), name="x")
    model = Model(x, inner(x))
    keys = [b.key for b in model_to_dot(model, expand_nested=True).boxes]
    assert "inner/inside" in keys
    with pytest.raises(ValueError, match="not yet been built"):
        model_to_dot(Sequential([Same()]))


def test_to_categorical():
    np.testing.assert_array_equal(to_categorical([0, 2], 3), [[1, 0, 0], [0, 0, 1]])
    assert to_categorical(np.zeros((2, 4, 1))).shape == (2, 4, 1)
    with pytest.raises(ValueError, match="expected class numbers"):
        to_categorical([3], 3)


def test_normalize():
    np.testing.assert_allclose(normalize(np.array([[3.0, 4.0]])), [[0.6, 0.8]])
    np.testing.assert_array_equal(normalize(np.zeros((1, 2))), [[0, 0]])
    with pytest.raises(ValueError, match="int >= 1"):
        normalize([1.0], order=0)
