"""`lamina demo` from end to end, and the curves it draws."""

import subprocess
import sys

from lamina.cli.chart import training_curve


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "lamina", "demo", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_demo(tmp_path):
    done = demo("--folder", str(tmp_path), "--verbose", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "Epoch 20/20" in done.stdout
    assert "Predictions of a new process: equal" in done.stdout
    names = {each.name for each in tmp_path.iterdir()}
    assert names == {"digits.keras", "training_curve.png", "model.png"}
    for name in ("training_curve.png", "model.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_wrong_usage(tmp_path):
    done = demo("--folder", str(tmp_path / "not-made"), "--epochs", "0")
    assert done.returncode == 2
    assert "expected --epochs of 1 or more" in done.stderr
    assert not (tmp_path / "not-made").exists()


def test_training_curves_of_any_history(tmp_path):
    path = tmp_path / "curve.png"
    for history in (
        {"loss": [1.0]},
        {"loss": [1.0, float("nan"), 2.0], "val_loss": [3.0, 2.0, 1.0]},
        {"loss": [1.0, 1.0], "accuracy": [0.0, 1.0]},
    ):
        training_curve(history, path)
        assert path.read_bytes().startswith(b"\x89PNG")
