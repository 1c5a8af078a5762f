"""Configs of objects, the registry, and what is refused."""

import json

import numpy as np
import pytest

from lamina.engine.tensor import convert_to_tensor
from lamina.keras import initializers
from lamina.keras.layers.base import Layer
from lamina.keras.saving.registry import (
    CustomObjectScope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from lamina.keras.saving.serialization import (
    deserialize_keras_object,
    serialize_keras_object,
)


class Mine(Layer):
    """A custom layer."""

    def __init__(self, units=1, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x


def round_trip(value, **options):
    return deserialize_keras_object(
        json.loads(json.dumps(serialize_keras_object(value))), **options
    )


@pytest.mark.parametrize(
    "value", [None, 1, 2.5, "text", True, [1, [2]], {"a": 1}, b"raw", slice(1, None)]
)
def test_plain_values(value):
    assert round_trip(value) == value


def test_arrays_and_tensors():
    assert round_trip(Ellipsis) is Ellipsis
    np.testing.assert_array_equal(round_trip(np.ones((2, 3), np.int8)), np.ones((2, 3)))
    tensor = round_trip(convert_to_tensor([1.0, 2.0]))
    assert tensor.dtype == "float32"
    assert serialize_keras_object(np.float32(2.0)) == 2.0


def test_built_ins_have_public_names():
    config = serialize_keras_object(initializers.get("zeros"))
    assert config["module"] == "keras.initializers"
    assert config["class_name"] == "Zeros" and config["registered_name"] is None
    assert type(round_trip(initializers.get("ones"))).__name__ == "Ones"


def test_custom_objects():
    layer = Mine(5, name="m")
    with pytest.raises(TypeError, match="Could not locate class 'Mine'"):
        round_trip(layer)
    assert round_trip(layer, custom_objects={"Mine": Mine}).units == 5
    with CustomObjectScope({"Mine": Mine}):
        assert round_trip(layer).name == "m"


def test_registered_objects():
    @register_keras_serializable("pack", "Other")
    class Registered(Mine):
        pass

    assert get_registered_name(Registered) == "pack>Other"
    assert get_registered_object("pack>Other") is Registered
    assert isinstance(round_trip(Registered(2)), Registered)
    del get_custom_objects()["pack>Other"]
    with pytest.raises(ValueError, match="does not have a get_config"):
        register_keras_serializable()(type("Bare", (), {}))


def test_modules_in_a_config_are_not_imported():
    for module, name in (
        ("os", "system"),
        ("builtins", "eval"),
        ("keras.saving", "load_model"),
        ("keras.utils", "get_file"),
        ("keras.src.utils.file_utils", "get_file"),
        ("lamina.engine.tensor", "Tensor"),
    ):
        config = {
            "module": module,
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }
        with pytest.raises((TypeError, ValueError)):
            deserialize_keras_object(config)
        config.update(class_name=name, config={})
        with pytest.raises((TypeError, ValueError)):
            deserialize_keras_object(config)


def test_code_is_refused():
    with pytest.warns(UserWarning, match="includes a `lambda`"):
        config = serialize_keras_object(lambda x: x)
    for safe_mode in (True, False):
        with pytest.raises(ValueError, match="arbitrary code execution"):
            deserialize_keras_object(config, safe_mode=safe_mode)


def test_malformed_configs():
    base = {"module": "keras.layers", "registered_name": None}
    with pytest.raises(TypeError, match="Expected 'config' to be a dict"):
        deserialize_keras_object({**base, "class_name": "Layer", "config": [1]})
    with pytest.raises(TypeError, match="non-null str"):
        deserialize_keras_object({**base, "class_name": "function", "config": 3})
    with pytest.raises(TypeError, match="Could not parse config"):
        deserialize_keras_object(object())
    with pytest.raises(TypeError, match="must implement the `get_config"):
        serialize_keras_object(object())
