"""Downloads and data sets, from files in place of the network."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lamina as tf
from lamina.keras.datasets import boston_housing, california_housing, cifar, remote
from lamina.keras.utils.downloads import extract_archive, get_file


def read(path):
    return Path(path).read_text()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder for downloads, and a folder that stands for the network."""
    source = tmp_path / "network"
    source.mkdir()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return source


def test_a_file_is_downloaded_once(home, tmp_path, capsys):
    (home / "data.txt").write_text("one")
    origin = (home / "data.txt").as_uri()
    path = get_file(origin=origin)
    assert path == str(tmp_path / "home" / "datasets" / "data.txt")
    (home / "data.txt").write_text("two")
    assert read(get_file(origin=origin)) == "one"
    assert read(get_file(origin=origin, force_download=True)) == "two"
    assert read(get_file("x.txt", origin, cache_subdir="other")) == "two"
    assert capsys.readouterr().err.count("Downloading") == 3


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_sums(home, tmp_path, kind):
    (home / "data.txt").write_text("right")
    origin = (home / "data.txt").as_uri()
    right = hashlib.new(kind, b"right").hexdigest()
    path = get_file(origin=origin, file_hash=right)
    Path(path).write_text("spoilt")
    assert read(get_file(origin=origin, file_hash=right)) == "right"
    wrong = hashlib.new(kind, b"wrong").hexdigest()
    with pytest.raises(ValueError, match="incomplete or corrupted"):
        get_file("new.txt", origin, file_hash=wrong)
    names = {each.name for each in (tmp_path / "home" / "datasets").iterdir()}
    assert names == {"data.txt"}


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValueError, "an address in `origin`"),
        ({"origin": "file:///"}, ValueError, "ends with a file name"),
        ({"fname": "a/b", "origin": "file:///a"}, ValueError, "no longer accepted"),
        ({"origin": "file:///no/such/file"}, OSError, "URL fetch failure"),
        (
            {"origin": "file:///etc/hostname", "file_hash": "0", "hash_algorithm": "x"},
            ValueError,
            "hash_algorithm",
        ),
    ],
)
def test_mistakes(home, arguments, error, text):
    with pytest.raises(error, match=text):
        get_file(**arguments)


def test_archives(home, tmp_path):
    with zipfile.ZipFile(home / "z.zip", "w") as archive:
        archive.writestr("folder/a.txt", "a")
    with tarfile.open(home / "t.tar.gz", "w:gz") as archive:
        archive.add(home / "z.zip", "folder/b.zip")
    path = get_file("z.zip", (home / "z.zip").as_uri(), extract=True)
    assert path.endswith("z_extracted")
    assert read(path + "/folder/a.txt") == "a"
    path = get_file(origin=(home / "t.tar.gz").as_uri(), untar=True)
    assert path.endswith("t.tar.gz")
    assert zipfile.is_zipfile(path + "/folder/b.zip")
    assert not extract_archive(home / "z.zip", tmp_path, "tar")


def test_an_archive_that_leaves_its_folder(home, tmp_path):
    with tarfile.open(home / "bad.tar", "w") as archive:
        member = tarfile.TarInfo("../outside.txt")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(ValueError, match="stay in its folder"):
        extract_archive(home / "bad.tar", tmp_path / "inside")
    with zipfile.ZipFile(home / "bad.zip", "w") as archive:
        archive.writestr("../outside.txt", "x")
    extract_archive(home / "bad.zip", tmp_path / "inside")
    assert not (tmp_path / "outside.txt").exists()


def test_fashion_mnist(home, monkeypatch):
    for part, size in (("train", 3), ("t10k", 2)):
        images = bytes(16) + bytes(range(28)) * 28 * size
        labels = bytes(8) + bytes(range(size))
        for name, data in (("images-idx3", images), ("labels-idx1", labels)):
            (home / f"{part}-{name}-ubyte.gz").write_bytes(gzip.compress(data))
    module = tf.keras.datasets.fashion_mnist
    monkeypatch.setattr(module, "HOME", home.as_uri() + "/")
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert x_train.shape == (3, 28, 28)
    assert x_train[0, 0, 5] == 5
    assert y_train.tolist() == [0, 1, 2]
    assert (x_test.shape, y_test.shape) == ((2, 28, 28), (2,))


def test_mnist_and_housing(home, monkeypatch):
    def arrays(path, file_name, file_hash):
        found = remote.get_file(path, (home / file_name).as_uri())
        with np.load(found, allow_pickle=False) as archive:
            return dict(archive)

    x, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    for name in ("boston_housing", "california_housing"):
        np.savez(home / f"{name}.npz", x=x, y=y)
    np.savez(home / "mnist.npz", x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    for module in (boston_housing, california_housing, tf.keras.datasets.mnist):
        monkeypatch.setattr(module, "arrays", arrays)
    train, test = tf.keras.datasets.mnist.load_data()
    assert train[0].shape == (10, 2)
    assert test[1].shape == (2,)
    (x_train, y_train), (x_test, y_test) = boston_housing.load_data(test_split=0.3)
    assert (len(x_train), len(x_test)) == (7, 3)
    assert sorted([*y_train, *y_test]) == y.tolist()
    np.testing.assert_array_equal(x_train[:, 0], y_train * 2)
    assert len(california_housing.load_data("small")[0][0]) == 8
    with pytest.raises(ValueError, match="'large' or 'small'"):
        california_housing.load_data("medium")
    with pytest.raises(ValueError, match="less than 1"):
        boston_housing.load_data(test_split=1.0)


def test_cifar(home, monkeypatch):
    def archive(name, files):
        with tarfile.open(home / f"{name}.tar.gz", "w:gz") as archive:
            for path, records in files.items():
                data = b"".join(records)
                member = tarfile.TarInfo(path)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))

    pixels = bytes(range(256)) * 12
    ten = {
        f"cifar-10-batches-bin/data_batch_{i}.bin": [bytes([i]) + pixels]
        for i in range(1, 6)
    }
    archive(
        "cifar-10-binary",
        {**ten, "cifar-10-batches-bin/test_batch.bin": [b"\x07" + pixels] * 2},
    )
    archive(
        "cifar-100-binary",
        {
            "cifar-100-binary/train.bin": [b"\x03\x63" + pixels],
            "cifar-100-binary/test.bin": [b"\x04\x62" + pixels],
        },
    )
    monkeypatch.setattr(cifar, "HOME", home.as_uri() + "/")
    monkeypatch.setattr(
        cifar,
        "get_file",
        lambda name, origin, md5_hash, extract: get_file(name, origin, extract=extract),
    )
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.cifar10.load_data()
    assert x_train.shape == (5, 32, 32, 3)
    assert x_train[0, 0, 5].tolist() == [5, 5, 5]
    assert y_train.tolist() == [[1], [2], [3], [4], [5]]
    assert (x_test.shape, y_test.tolist()) == ((2, 32, 32, 3), [[7], [7]])
    load = tf.keras.datasets.cifar100.load_data
    assert [part[1].tolist() for part in load()] == [[[99]], [[98]]]
    assert [part[1].tolist() for part in load("coarse")] == [[[3]], [[4]]]
    with pytest.raises(ValueError, match="one of coarse, fine"):
        load("other")
