"""Callbacks that save the model: ModelCheckpoint, BackupAndRestore, SwapEMAWeights."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.keras.callbacks.base import Callback, Logs
from lamina.keras.callbacks.monitors import MonitorCallback, each_optimizer
from lamina.keras.utils.io import print_msg


class _BatchCounter:
    """Says when a number of batches has passed."""

    def __init__(self, every: int | str) -> None:
        self.every = every
        self.seen = 0
        self.last: int | None = None

    def due(self, batch: int) -> bool:
        """Whether the number has been reached with this batch."""
        if self.every == "epoch":
            return False
        new_epoch = self.last is None or batch <= self.last
        self.seen += batch + 1 if new_epoch else batch - (self.last or 0)
        self.last = batch
        if self.seen < int(self.every):
            return False
        self.seen = 0
        return True


def _check_frequency(name: str, save_freq: Any) -> None:
    if save_freq != "epoch" and not isinstance(save_freq, int):
        raise ValueError(
            message(
                f"keras.callbacks.{name}",
                expected="save_freq 'epoch' or an integer number of batches",
                received=f"Unrecognized save_freq: {save_freq!r}. Invalid value for "
                "argument `save_freq`",
                hint="Leave it out to save after each epoch.",
            )
        )


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, during training.

    Args:
        filepath: The file, with fields such as `{epoch:02d}` or `{val_loss:.2f}`.
            It ends in `.keras` or `.h5`, or in `.weights.h5` for weights alone.
        monitor: The figure by which models are compared.
        verbose: 1 prints what is done.
        save_best_only: Whether to save only when the figure is better than before.
        save_weights_only: Whether to save weights alone.
        mode: "min", "max", or "auto": by the metric's own direction.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: The figure's best value so far.
        **kwargs: `period`, Keras 2's number of epochs between files.

    Raises:
        ValueError: The file name or the frequency is wrong.

    Reference: `keras.callbacks.ModelCheckpoint`. Keras 2's names without an ending
    (a SavedModel folder) and weights files in `.h5` are accepted too.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self._period = int(kwargs.pop("period", 1))
        kwargs.pop("options", None)
        if kwargs:
            raise TypeError(
                f"ModelCheckpoint() got unexpected keyword arguments {sorted(kwargs)}."
            )
        self.verbose = verbose
        self.filepath = os.fspath(filepath)
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        _check_frequency("ModelCheckpoint", save_freq)
        self._check_ending()
        self._counter = _BatchCounter(save_freq)
        self._current_epoch = 0

    def _check_ending(self) -> None:
        name = self.filepath
        if self.save_weights_only:
            wanted = name.endswith(".weights.h5")
            hint = (
                "When using `save_weights_only=True` in `ModelCheckpoint`, the "
                "filepath provided must end in `.weights.h5` (Keras weights format)"
            )
        else:
            wanted = name.endswith((".keras", ".h5"))
            hint = "The filepath provided must end in `.keras` (Keras model format)"
        if not wanted:
            raise ValueError(
                message(
                    "keras.callbacks.ModelCheckpoint",
                    expected=hint,
                    received=f"filepath={name}",
                    hint="Add the ending to the name.",
                )
            )

    @property
    def needs_batch_hooks(self) -> bool:
        """Whether it saves after a number of batches."""
        return self.save_freq != "epoch" or type(self) is not ModelCheckpoint

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Remembers the epoch."""
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Saves if it is time."""
        if self._counter.due(batch):
            self._save_model(self._current_epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves if it is time."""
        if self.save_freq == "epoch" and (epoch + 1) % self._period == 0:
            self._save_model(epoch, None, logs)

    def _save_model(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._get_file_path(epoch, batch, logs)
        if os.path.isdir(path):
            raise OSError(
                "Please specify a non-directory filepath for ModelCheckpoint. Filepath "
                f"used is an existing directory: {path}"
            )
        if not self._should_save_model(epoch, logs, path):
            return
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            print_msg(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _should_save_model(self, epoch: int, logs: Logs, path: str) -> bool:
        head = f"\nEpoch {epoch + 1}: "
        if not self.save_best_only:
            if self.verbose > 0:
                print_msg(f"{head}saving model to {path}")
            return True
        current = (logs or {}).get(self.monitor)
        if current is None:
            warnings.warn(
                f"Can save best model only with {self.monitor} available.",
                stacklevel=4,
            )
            return True
        if np.ndim(current) > 0:
            warnings.warn(
                "Can save best model only when `monitor` is a scalar value. Received: "
                f"{current}. Falling back to `save_best_only=False`.",
                stacklevel=4,
            )
            return True
        if self.monitor_op is None:
            self._set_monitor_op()
        best = "None" if self.best is None else f"{self.best:.5f}"
        better = self._is_improvement(current, self.best)
        if self.verbose > 0:
            text = f"{head}{self.monitor} did not improve from {best}"
            if better:
                text = (
                    f"{head}{self.monitor} improved from {best} to {current:.5f}, "
                    f"saving model to {path}"
                )
            print_msg(text)
        if better:
            self.best = current
        return better

    def _get_file_path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        fields = {"epoch": epoch + 1} | (logs or {})
        if batch is not None and "batch" not in fields:
            fields["batch"] = batch + 1
        try:
            return self.filepath.format(**fields)
        except KeyError as error:
            raise KeyError(
                message(
                    "keras.callbacks.ModelCheckpoint",
                    expected=f"fields among {sorted(fields)} in the file name",
                    received="Failed to format this callback filepath: "
                    f'"{self.filepath}". Reason: {error}',
                    hint="Name a metric as it stands in the logs.",
                )
            ) from error


class BackupAndRestore(Callback):
    """Saves the training's state, and takes it up again after an interruption.

    Args:
        backup_dir: Folder of the backup, used by one training only.
        save_freq: "epoch", or a number of batches.
        double_checkpoint: Whether the backup before the last is kept, too.
        delete_checkpoint: Whether the folder is removed when training ends.

    Raises:
        ValueError: No folder, or a wrong frequency.

    Reference: `keras.callbacks.BackupAndRestore`. Files are written under another
    name and renamed, so that an interruption never leaves half a file.
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: int | str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError(
                "BackupAndRestore: expected a folder. Received: Empty `backup_dir` "
                "argument passed. Name a folder for this training."
            )
        _check_frequency("BackupAndRestore", save_freq)
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._counter = _BatchCounter(save_freq)
        self._current_epoch = 0
        join = os.path.join
        self._weights_path = join(self.backup_dir, "latest.weights.h5")
        self._metadata_path = join(self.backup_dir, "training_metadata.json")

    @property
    def needs_batch_hooks(self) -> bool:
        """Whether it saves after a number of batches."""
        return self.save_freq != "epoch" or type(self) is not BackupAndRestore

    def on_train_begin(self, logs: Logs = None) -> None:
        """Takes up an interrupted training."""
        try:
            self._load()
        except OSError:
            if not os.path.exists(self._weights_path + ".bkp"):
                raise
            for path in (self._weights_path, self._metadata_path):
                if os.path.exists(path + ".bkp"):
                    shutil.copyfile(path + ".bkp", path)
                elif os.path.exists(path):
                    os.remove(path)
            self._load()

    def _load(self) -> None:
        model = self.model
        if not model.built:
            raise ValueError(
                message(
                    "keras.callbacks.BackupAndRestore",
                    expected="your model must be built before you call `fit()`",
                    received=f"Model {model} is unbuilt",
                    hint="You can build it beforehand by calling it on a batch of "
                    "data.",
                )
            )
        if os.path.exists(self._weights_path):
            if model.optimizer is not None and not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)
            model.load_weights(self._weights_path)
        if os.path.exists(self._metadata_path):
            with open(self._metadata_path, encoding="utf-8") as file:
                model._initial_epoch = int(json.load(file)["epoch"])

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Saves if it is time."""
        if self._counter.due(batch):
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves if it is time."""
        self._current_epoch = epoch + 1
        self._counter.last = None
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint:
            for path in (self._weights_path, self._metadata_path):
                if os.path.exists(path):
                    shutil.copyfile(path, path + ".bkp")
        self.model.save_weights(self._weights_path, overwrite=True)
        state = {"epoch": self._current_epoch, "batch": self._counter.last or 0}
        temporary = self._metadata_path + ".tmp"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(temporary, self._metadata_path)

    def on_train_end(self, logs: Logs = None) -> None:
        """Removes the backup if asked to."""
        if self.delete_checkpoint and os.path.exists(self.backup_dir):
            shutil.rmtree(self.backup_dir)


class SwapEMAWeights(Callback):
    """Evaluates with the moving averages of the weights.

    The optimizer's averages (`use_ema=True`) and the weights change places during
    evaluation and prediction, or from each epoch's end to the next one's start.

    Args:
        swap_on_epoch: Whether to swap at the ends of epochs, so that files hold the
            averages.

    Raises:
        ValueError: The optimizer keeps no averages.

    Reference: `keras.callbacks.SwapEMAWeights`.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._ema_weights_in_model = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        averaging = [
            one for one in each_optimizer(optimizer) if getattr(one, "use_ema", False)
        ]
        if not averaging:
            raise ValueError(
                message(
                    "keras.callbacks.SwapEMAWeights",
                    expected="SwapEMAWeights must be used when `use_ema=True` is set "
                    "on the optimizer",
                    received=f"use_ema={getattr(optimizer, 'use_ema', None)}",
                    hint="Compile with, e.g., keras.optimizers.Adam(use_ema=True).",
                )
            )
        return [
            (variable, average)
            for one in averaging
            for variable, average in zip(
                one._trainable_variables,
                one._model_variables_moving_average,
                strict=False,
            )
            if average is not None
        ]

    def _swap(self, inside: bool) -> None:
        if self._ema_weights_in_model is inside:
            return
        for variable, average in self._pairs():
            weight, mean = variable.read_value(), average.read_value()
            variable.assign(mean)
            average.assign(weight)
        self._ema_weights_in_model = inside

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Puts the weights back for training."""
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Puts the averages into the model, after the last epoch for good."""
        if self.swap_on_epoch and not self._ema_weights_in_model:
            self._swap(True)
            if epoch == self.params["epochs"] - 1:
                for variable, average in self._pairs():
                    average.assign(variable.read_value())

    def on_test_begin(self, logs: Logs = None) -> None:
        """Puts the averages into the model."""
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        """Puts the weights back."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Puts the averages into the model."""
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Puts the weights back."""
        self._swap(False)
