"""Files of models: old ones load, hostile ones are refused, nothing is half written."""

import io
import json
import os
import pathlib
import pickle
import zipfile

import h5py
import numpy as np
import pytest

from lamina import keras

FILES = pathlib.Path(__file__).parent / "files"


def small_model():
    model = keras.Sequential(
        [keras.layers.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)]
    )
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("name", ["keras3.keras", "keras2.h5"])
def test_files_of_real_keras(name):
    expected = np.load((FILES / name).with_suffix(".npz"))
    model = keras.models.load_model(FILES / name)
    y = model.predict(expected["x"], verbose=0)
    np.testing.assert_allclose(y, expected["y"], rtol=1e-5, atol=1e-6)
    assert int(model.optimizer.iterations) == 1


@pytest.mark.parametrize("extension", [".keras", ".h5"])
def test_round_trip(tmp_path, extension):
    model = small_model()
    x = np.random.default_rng(0).random((5, 3)).astype("float32")
    model.fit(x, np.zeros((5, 2)), epochs=2, verbose=0)
    path = tmp_path / f"model{extension}"
    model.save(path)
    again = keras.models.load_model(path)
    np.testing.assert_array_equal(
        again.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    model.fit(x, np.zeros((5, 2)), verbose=0, shuffle=False)
    again.fit(x, np.zeros((5, 2)), verbose=0, shuffle=False)
    for mine, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("extension", [".weights.h5", ".h5"])
def test_weights_round_trip(tmp_path, extension):
    one, two = small_model(), small_model()
    path = tmp_path / f"w{extension}"
    one.save_weights(path)
    two.load_weights(path)
    for mine, other in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    one = small_model()
    one.save_weights(tmp_path / "w.weights.h5")
    other = keras.Sequential(
        [keras.layers.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(5)]
    )
    before = other.get_weights()
    with pytest.raises(ValueError, match="could not be loaded"):
        other.load_weights(tmp_path / "w.weights.h5")
    for mine, old in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, old)
    with pytest.warns(UserWarning, match="Could not load weights"):
        other.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[0], one.get_weights()[0])


def test_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    model = small_model()
    path = tmp_path / "model.keras"
    model.save(path)
    before = path.read_bytes()

    def broken(*args, **kwargs):
        raise RuntimeError("disk full")

    monkeypatch.setattr("lamina.keras.saving.keras_file.save_state", broken)
    with pytest.raises(RuntimeError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.keras"]


def test_overwrite_and_names(tmp_path):
    model = small_model()
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises(FileExistsError, match="overwrite"):
        model.save(path, overwrite=False)
    with pytest.raises(ValueError, match=r"\.keras"):
        model.save(tmp_path / "model.txt")
    with pytest.raises(FileNotFoundError, match="folder"):
        model.save(tmp_path / "no" / "model.keras")
    with pytest.raises(ValueError, match="File not found"):
        keras.models.load_model(tmp_path / "other.keras")


@pytest.mark.parametrize("keep", [0, 10, 1000, -200])
def test_truncated_files(tmp_path, keep):
    model = small_model()
    for name in ("m.keras", "m.h5", "m.weights.h5"):
        path = tmp_path / name
        (model.save_weights if "weights" in name else model.save)(path)
        path.write_bytes(path.read_bytes()[:keep])
        load = model.load_weights if "weights" in name else keras.models.load_model
        with pytest.raises((ValueError, OSError)):
            load(path)


def test_other_formats_are_named(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(ValueError, match="pickle, which Lamina never opens"):
        keras.models.load_model(path)


def rewrite(source, target, **members):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = members.pop(name.replace(".", "_"), None)
            new.writestr(name, old.read(name) if data is None else data)
        for name, data in members.items():
            new.writestr(name, data)


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def test_classes_are_not_imported_by_name(tmp_path):
    model = small_model()
    model.save(tmp_path / "m.keras")
    config = config_of(tmp_path / "m.keras")
    config["config"]["layers"][1] = {
        "module": "os",
        "class_name": "system",
        "config": {"command": f"touch {tmp_path}/hacked"},
        "registered_name": "system",
    }
    rewrite(
        tmp_path / "m.keras", tmp_path / "bad.keras", config_json=json.dumps(config)
    )
    with pytest.raises((TypeError, ValueError)):
        keras.models.load_model(tmp_path / "bad.keras")
    assert not (tmp_path / "hacked").exists()


def test_lambdas_are_not_executed(tmp_path):
    path = tmp_path / "lambda.keras"
    model = keras.Sequential(
        [keras.layers.Input((3,)), keras.layers.Lambda(lambda x: x * 2)]
    )
    with pytest.warns(UserWarning, match="code is not stored"):
        model.save(path)
    with pytest.raises((ValueError, TypeError)):
        keras.models.load_model(path)


def test_paths_out_of_the_archive(tmp_path):
    small_model().save(tmp_path / "m.keras")
    rewrite(tmp_path / "m.keras", tmp_path / "bad.keras", **{"../../evil": b"x"})
    with pytest.raises(ValueError, match="reach outside"):
        keras.models.load_model(tmp_path / "bad.keras")


def weights_with(edit):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        edit(file)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "edit",
    [
        lambda f: f.__setitem__("layers", h5py.ExternalLink("/etc/hostname", "/")),
        lambda f: f.__setitem__("layers", h5py.SoftLink("/elsewhere")),
        lambda f: f.create_dataset(
            "layers/bomb", (1 << 20, 1 << 16), "f8", compression="gzip"
        ),
        lambda f: f.create_dataset(
            "outside", (8,), "u1", external=[("/etc/hostname", 0, 8)]
        ),
    ],
)
def test_hostile_weights(tmp_path, edit):
    small_model().save(tmp_path / "m.keras")
    rewrite(
        tmp_path / "m.keras",
        tmp_path / "bad.keras",
        model_weights_h5=weights_with(edit),
    )
    with pytest.raises(ValueError, match="refused|bomb"):
        keras.models.load_model(tmp_path / "bad.keras")


def test_custom_objects(tmp_path):
    @keras.saving.register_keras_serializable(package="files_test")
    class Scale(keras.layers.Layer):
        def __init__(self, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return x * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    model = keras.Sequential([keras.layers.Input((3,)), Scale(3.0)])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(np.ones((1, 3)), verbose=0), 3.0)
