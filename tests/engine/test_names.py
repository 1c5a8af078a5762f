"""The lazy namespace: cost of the import, resolution, missing names."""

import importlib
import pickle
import subprocess
import sys
import time
import traceback

import pytest

import lamina
from lamina._names import nearest
from lamina._names.__main__ import broken


def run(program):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout


def test_import_is_silent_and_loads_no_array_library():
    out = run(
        "import lamina, sys; heavy = {'jax', 'numpy', 'ml_dtypes', 'h5py', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert out == "[]\n"


def test_import_costs_little():
    program = (
        "import time; start = time.process_time(); import lamina; dir(lamina)\n"
        "print(time.process_time() - start)"
    )
    assert min(float(run(program)) for _ in range(3)) < 0.1


def test_every_name_resolves():
    start = time.process_time()
    assert broken([]) == []
    assert time.process_time() - start < 60


def test_versions():
    assert lamina.__version__ == lamina.version.LAMINA_VERSION
    assert lamina.version.VERSION == "2.21.0"
    assert lamina.keras.__version__ == "3.15.1"


def test_namespaces_are_modules():
    from lamina.nest import flatten

    assert importlib.import_module("lamina.nest") is lamina.nest
    assert lamina.nest.flatten is flatten
    assert lamina.errors.InvalidArgumentError.__name__ == "InvalidArgumentError"
    scope = {}
    exec("from lamina.nest import *", scope)
    assert set(dir(lamina.nest)) >= {"flatten", "map_structure"}
    assert scope["flatten"] is flatten


def test_dir():
    assert {"constant", "Variable", "keras", "nest", "float32"} <= set(dir(lamina))
    assert {"layers", "optimizers"} <= set(dir(lamina.keras))


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        ("lamina.constnt", ["tf: expected", "'constnt'", "`tf.constant`"]),
        ("lamina.nest.flaten", ["tf.nest: ", "`tf.nest.flatten`"]),
        ("lamina.flatten", ["Lamina has no symbol", "`tf.nest.flatten`"]),
        ("lamina.gradienttape", ["`tf.GradientTape`"]),
        ("lamina.sysconfig", ["tf: ", "not support it yet"]),
    ],
)
def test_missing_names(expression, texts):
    assert not hasattr(lamina, "surely_not_there")
    with pytest.raises(AttributeError) as caught:
        eval(expression)
    for text in texts:
        assert text in str(caught.value)


def test_a_missing_name_is_shown_and_pickled_as_its_python_class():
    with pytest.raises(AttributeError) as caught:
        _ = lamina.constnt
    shown = traceback.format_exception_only(caught.value)[0]
    assert shown.startswith("AttributeError: tf: expected")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is AttributeError
    assert str(copy) == str(caught.value)


def test_missing_imports():
    with pytest.raises(ImportError, match=r"`tf\.nest\.flatten`"):
        exec("from lamina.nest import flaten")
    with pytest.raises(ImportError, match="no symbol `tf.nowhere`"):
        importlib.import_module("lamina.nowhere")


def test_private_probes_are_cheap_and_plain():
    with pytest.raises(AttributeError):
        _ = lamina.nest.__wrapped__
    with pytest.raises(AttributeError):
        _ = lamina.__wrapped__


def test_the_nearest_is_in_the_same_place_first():
    assert nearest("", "flatten")[0] == "tf.nest.flatten"
    assert nearest("nest", "zzzzzz") == []
