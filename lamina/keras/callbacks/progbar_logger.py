"""The callback that prints a progress bar."""

from __future__ import annotations

from typing import Any

from lamina.keras.callbacks.base import Callback, Logs
from lamina.keras.utils.io import print_msg
from lamina.keras.utils.progbar import Progbar


class ProgbarLogger(Callback):
    """Prints the metrics during `fit`, `evaluate` and `predict`.

    Reference: `keras.callbacks.ProgbarLogger`.
    """

    skips_batches = True

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose: int = 1
        self.epochs = 1
        self._called_in_fit = False

    def set_params(self, params: Any) -> None:
        """Takes `verbose`, `epochs` and `steps`."""
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs = None) -> None:
        """Remembers that evaluations inside are validations."""
        self._called_in_fit = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Forgets it again."""
        self._called_in_fit = False

    def on_test_begin(self, logs: Logs = None) -> None:
        """Starts the bar of an evaluation."""
        if not self._called_in_fit:
            self._start()

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Starts the bar of a prediction."""
        self._start()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Starts the bar of an epoch, below its number."""
        self._start()
        if self.verbose and self.epochs > 1:
            print_msg(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Moves the bar."""
        self._move(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Moves the bar of an evaluation."""
        if not self._called_in_fit:
            self._move(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Moves the bar of a prediction."""
        self._move(batch, None)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Ends the bar."""
        self._finish(logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """Ends the bar of an evaluation."""
        if not self._called_in_fit:
            self._finish(logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Ends the bar of a prediction."""
        self._finish(None)

    def _start(self) -> None:
        self.seen = 0
        self.progbar = Progbar(
            self.target,
            verbose=self.verbose,
            unit_name="step",
            stateless_metrics=(),
        )

    def _move(self, batch: int, logs: Logs) -> None:
        if self.progbar is None:
            self._start()
        self.seen = batch + 1
        if self.verbose == 1 and self.progbar is not None:
            self.progbar.update(self.seen, list((logs or {}).items()), finalize=False)

    def _finish(self, logs: Logs) -> None:
        if self.progbar is None:
            return
        if self.target is None:
            self.target = self.seen
            self.progbar.target = self.seen
        self.progbar.update(self.target, list((logs or {}).items()), finalize=True)
