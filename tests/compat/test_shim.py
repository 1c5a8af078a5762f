"""`import tensorflow` and `import keras` give Lamina."""

import importlib
import importlib.metadata
import importlib.util
import subprocess
import sys

import pytest

import lamina
import lamina.compat


@pytest.fixture(autouse=True)
def _shim():
    lamina.compat.install()
    yield
    lamina.compat.uninstall()


def imported(statement):
    scope = {}
    exec(statement, scope)
    del scope["__builtins__"]
    return next(iter(scope.values()))


@pytest.mark.parametrize(
    "statement",
    [
        "import tensorflow.keras as k",
        "from tensorflow import keras",
        "import keras",
        "import tf_keras",
        "from tensorflow.compat.v2 import keras",
        "from tensorflow._api.v2 import keras",
    ],
)
def test_keras_is_one_module(statement):
    assert imported(statement) is lamina.keras


@pytest.mark.parametrize(
    "statement",
    [
        "from tensorflow.keras.optimizers import Adam",
        "from keras.optimizers import Adam",
        "from tf_keras.optimizers import Adam",
        "from tensorflow.compat.v2.keras.optimizers import Adam",
        "from keras.api.optimizers import Adam",
    ],
)
def test_classes_are_one_object(statement):
    assert imported(statement) is lamina.keras.optimizers.Adam


def test_tensorflow_has_its_own_version():
    import tensorflow as tf

    assert tf.__version__ == "2.21.0"
    assert lamina.__version__ != "2.21.0"
    assert tf.keras.__version__ == "3.15.1"
    assert tf.version.VERSION == tf.__version__
    assert imported("import tensorflow.compat.v2 as tf") is tf
    assert tf.nest is lamina.nest
    assert imported("from tensorflow import Variable") is lamina.Variable
    assert "constant" in dir(tf)


def test_modules_keep_their_identity():
    before = lamina.nest.__spec__
    assert imported("import tensorflow.nest as n") is lamina.nest
    assert lamina.nest.__spec__ is before
    assert lamina.nest.__name__ == "lamina.nest"
    assert lamina.keras.optimizers.__spec__.name == "lamina.keras.optimizers"


def test_metadata_and_specs():
    assert importlib.metadata.version("tensorflow") == "2.21.0"
    assert importlib.metadata.version("keras") == "3.15.1"
    assert importlib.util.find_spec("tensorflow") is not None
    assert importlib.util.find_spec("tensorflow.keras") is not None
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("tensorflow-datasets")


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("from tensorflow.keras.optimizers import Adm", "`tf.keras.optimizers.Adam`"),
        ("from keras.optimizers import Adm", "`tf.keras.optimizers.Adam`"),
        ("import tensorflow.nope", "no symbol `tf.nope`"),
        ("import tensorflow.compat.v1 as tf", "TensorFlow 2.21 has `tf.compat.v1`"),
        ("from tensorflow import constnt", "`tf.constant`"),
        ("import tensorflow.python.framework.ops", "private"),
        ("from tensorflow.python.ops import math_ops", "private"),
        ("import keras.src", "private"),
        ("from keras.src.layers import Dense", "private"),
        ("import tensorflow.keras.optimizers.Adam", "which is a symbol"),
        ("from keras.api import nope", "no symbol `tf.keras.nope`"),
    ],
)
def test_what_is_missing_is_an_import_error(statement, text):
    with pytest.raises(ImportError) as caught:
        exec(statement)
    assert text in str(caught.value)


def test_missing_attributes():
    import tensorflow as tf

    with pytest.raises(AttributeError, match="`tf.constant`"):
        _ = tf.constnt
    with pytest.raises(AttributeError, match="`tf.keras.optimizers.Adam`"):
        _ = tf.keras.optimizers.Adm
    assert not hasattr(tf, "contrib")


def test_old_module_paths():
    old = importlib.import_module("keras.utils.np_utils")
    assert old is lamina.keras.utils


def test_installing_twice_and_too_late():
    finders = list(sys.meta_path)
    lamina.compat.install()
    assert sys.meta_path == finders
    program = (
        "import sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')"
        "\nimport lamina.compat\ntry: lamina.compat.install()\n"
        "except RuntimeError as error: print(error)"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    ).stdout
    assert "lamina.compat.install: expected a process that has not imported" in out


def test_text_helpers():
    compat = lamina.compat
    assert compat.as_bytes("é") == "é".encode()
    assert compat.as_bytes(bytearray(b"a")) == b"a"
    assert compat.as_text(b"a") == compat.as_str("a") == "a"
    assert compat.as_str_any(3) == "3"
    assert compat.path_to_str("p") == "p"
    assert compat.dimension_value(3) == 3
    assert compat.dimension_at_index(lamina.TensorShape([2, None]), 1) is None
    assert isinstance(1, compat.integral_types)
    assert compat.forward_compatible(2020, 1, 1)
    with pytest.raises(TypeError, match="expected binary or unicode string"):
        compat.as_bytes(3)
