"""Callbacks: files, the progress bar, and which ones look at single batches."""

import json
import pathlib

import numpy as np
import pytest

import lamina as tf

keras = tf.keras
callbacks = tf.keras.callbacks


@pytest.fixture
def model() -> object:
    made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def fit(model: object, *used: object, epochs: int = 2, verbose: int = 0) -> object:
    x = np.ones((8, 2), "float32")
    return model.fit(  # type: ignore[attr-defined]
        x, x[:, :1], epochs=epochs, verbose=verbose, callbacks=list(used)
    )


def test_only_batch_hooks_ask_for_single_batches(tmp_path: pathlib.Path) -> None:
    class Epochs(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None) -> None:
            pass

    class Batches(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None) -> None:
            pass

    path = str(tmp_path / "m.keras")
    tolerant = [
        Epochs(),
        callbacks.History(),
        callbacks.ProgbarLogger(),
        callbacks.TerminateOnNaN(),
        callbacks.ModelCheckpoint(path),
        callbacks.BackupAndRestore(tmp_path),
    ]
    assert not callbacks.CallbackList(tolerant).needs_batch_hooks
    for one in (Batches(), callbacks.ModelCheckpoint(path, save_freq=3)):
        assert callbacks.CallbackList([*tolerant, one]).needs_batch_hooks


def test_checkpoints_keep_the_best(model: object, tmp_path: pathlib.Path) -> None:
    path = str(tmp_path / "in" / "m{epoch:02d}.keras")
    fit(model, callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True))
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == [
        "m01.keras",
        "m02.keras",
    ]
    with pytest.raises(KeyError, match="val_loss"):
        fit(model, callbacks.ModelCheckpoint(str(tmp_path / "{val_loss}.keras")))


def test_an_interrupted_training_is_taken_up(
    model: object, tmp_path: pathlib.Path
) -> None:
    class Stop(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    folder = tmp_path / "backup"
    backup = callbacks.BackupAndRestore(folder)
    with pytest.raises(KeyboardInterrupt):
        fit(model, backup, Stop(), epochs=4)
    state = json.loads((folder / "training_metadata.json").read_text())
    assert state["epoch"] == 2
    history = fit(model, callbacks.BackupAndRestore(folder), epochs=4)
    assert history.epoch == [2, 3]  # type: ignore[attr-defined]
    assert not folder.exists()


def test_csv_rows(model: object, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "log.csv"
    fit(model, callbacks.CSVLogger(path, separator=";"))
    fit(model, callbacks.CSVLogger(path, separator=";", append=True), epochs=1)
    lines = path.read_text().splitlines()
    assert lines[0].split(";")[:2] == ["epoch", "loss"] and len(lines) == 4


def test_the_bar_prints_the_metrics(
    model: object, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(model, verbose=1)
    out = capsys.readouterr().out
    assert out.startswith("Epoch 1/2\n") and "1/1" in out and "loss: " in out
    fit(model, verbose=2)
    assert capsys.readouterr().out.count("step - loss: ") == 2


def test_moving_averages_are_swapped_in() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    fit(model, callbacks.SwapEMAWeights(swap_on_epoch=True), epochs=2)
    averages = model.optimizer._model_variables_moving_average
    for weight, average in zip(model.weights, averages, strict=True):
        np.testing.assert_array_equal(weight.numpy(), average.numpy())
    with pytest.raises(ValueError, match="use_ema"):
        model.compile("sgd", "mse")
        fit(model, callbacks.SwapEMAWeights(swap_on_epoch=True))


def test_an_unknown_direction_is_explained(model: object) -> None:
    stop = callbacks.EarlyStopping(monitor="odd")
    stop.set_model(model)
    with pytest.raises(ValueError, match="mode='max'"):
        stop.on_epoch_end(0, {"odd": 1.0})
