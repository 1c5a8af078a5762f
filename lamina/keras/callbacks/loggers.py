"""Callbacks that set the rate by epoch, write a table, or end a failed training."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.keras.callbacks.base import Callback, Logs
from lamina.keras.callbacks.monitors import each_optimizer, rate_of, rates_of
from lamina.keras.utils.io import print_msg


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch.

    Args:
        schedule: Gives the rate for `(epoch, rate)`, or for `(epoch)` alone.
        verbose: 1 prints the rate.

    Raises:
        ValueError: The schedule gives no float.

    Example:
        >>> warm = tf.keras.callbacks.LearningRateScheduler(
        ...     lambda epoch, rate: rate if epoch < 10 else rate * 0.9)

    Reference: `keras.callbacks.LearningRateScheduler`.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Sets the rate of the epoch."""
        for optimizer in each_optimizer(self.model.optimizer):
            self._set_rate(optimizer, epoch)

    def _set_rate(self, optimizer: Any, epoch: int) -> None:
        if not hasattr(optimizer, "learning_rate"):
            raise ValueError(
                'LearningRateScheduler: the optimizer must have a "learning_rate" '
                f"attribute. Received: {optimizer!r}. Compile the model first."
            )
        try:
            rate = self.schedule(epoch, rate_of(optimizer))
        except TypeError:
            rate = self.schedule(epoch)
        if not isinstance(rate, (float, np.float32, np.float64)):
            raise ValueError(
                message(
                    "keras.callbacks.LearningRateScheduler",
                    expected="The output of the `schedule` function should be a float",
                    received=f"Got: {rate!r}",
                    hint="Return float(rate).",
                )
            )
        optimizer.learning_rate = rate
        if self.verbose > 0:
            print_msg(
                f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to "
                f"{rate}."
            )

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds the rate to the logs."""
        if logs is not None:
            logs.update(rates_of(self.model.optimizer))


class CSVLogger(Callback):
    """Writes the figures of each epoch into a CSV file.

    Args:
        filename: The file.
        separator: What stands between the columns.
        append: Whether to add to a file that exists.

    Reference: `keras.callbacks.CSVLogger`.
    """

    def __init__(
        self, filename: Any, separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.sep = separator
        self.filename = os.fspath(filename)
        self.append = append
        self.writer: Any = None
        self.keys: list[str] | None = None
        self.append_header = True
        self.csv_file: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Opens the file."""
        if self.append and os.path.exists(self.filename):
            with open(self.filename, encoding="utf-8") as file:
                self.append_header = not file.readline()
        self._close()
        mode = "a" if self.append else "w"
        self.csv_file = open(self.filename, mode, encoding="utf-8", newline="")  # noqa: SIM115
        self.writer = None
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Writes a row."""
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if self.keys and not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        if self.writer is None:
            self.writer = csv.DictWriter(
                self.csv_file,
                fieldnames=["epoch", *self.keys],
                delimiter=self.sep,
                lineterminator=os.linesep,
            )
            if self.append_header:
                self.writer.writeheader()
        row: dict[str, Any] = {"epoch": epoch}
        row |= {key: _cell(logs.get(key, "NA")) for key in self.keys}
        self.writer.writerow(row)
        self.csv_file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        """Closes the file."""
        self._close()
        self.writer = None

    def _close(self) -> None:
        if self.csv_file and not self.csv_file.closed:
            self.csv_file.close()


def _cell(value: Any) -> Any:
    scalar = isinstance(value, np.ndarray) and value.ndim == 0
    if isinstance(value, Iterable) and not isinstance(value, str) and not scalar:
        return f'"[{", ".join(map(str, value))}]"'
    return value


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite.

    Args:
        raise_error: Whether to raise instead of stopping.

    Raises:
        RuntimeError: The loss is not finite, with `raise_error`.

    Reference: `keras.callbacks.TerminateOnNaN`. The loss is looked at whenever the
    trainer reports, several times per second and at each epoch's end, so that many
    steps may run at once.
    """

    skips_batches = True

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Looks at the loss."""
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. "
                "Terminating training immediately. Try a lower learning rate, or clip "
                "the gradients."
            )
        print_msg(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
