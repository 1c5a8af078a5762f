"""The base class of callbacks."""

from __future__ import annotations

from typing import Any

from lamina.keras.common.defaults import default, is_default

Logs = dict[str, Any] | None

BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)


class Callback:
    """Base class of the callbacks; override the hooks that you need.

    `self.model` is the model, `self.params` a dict with `verbose`, `epochs` and
    `steps`. Setting `self.model.stop_training` ends the training. A callback that
    overrides no batch hook lets the trainer run many steps at once.

    Example:
        >>> class Shout(tf.keras.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch} is over")

    Reference: `keras.callbacks.Callback`.
    """

    skips_batches = False
    """Whether its batch hooks may be called for some of the batches only."""

    def __init__(self) -> None:
        self.params: Any = None
        self._model: Any = None

    def set_params(self, params: Any) -> None:
        """Tells the callback about the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Tells the callback its model."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model that is trained, evaluated or used."""
        return self._model

    @property
    def needs_batch_hooks(self) -> bool:
        """Whether it has to be called for every single batch."""
        if self.skips_batches:
            return False
        return any(not is_default(getattr(self, name)) for name in BATCH_HOOKS)

    @default
    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training."""

    @default
    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training; `logs` has the metrics so far."""

    @default
    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch (counted from 0)."""

    @default
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch; `logs` has its metrics, those of validation as `val_…`."""

    @default
    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training."""
        self.on_batch_begin(batch, logs=logs)

    @default
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training; `logs` has the metrics so far."""
        self.on_batch_end(batch, logs=logs)

    @default
    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of evaluation or validation."""

    @default
    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of evaluation or validation."""

    @default
    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of prediction."""

    @default
    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of prediction; `logs` has the `outputs`."""

    @default
    def on_train_begin(self, logs: Logs = None) -> None:
        """Before training."""

    @default
    def on_train_end(self, logs: Logs = None) -> None:
        """After training; `logs` has the metrics of the last epoch."""

    @default
    def on_test_begin(self, logs: Logs = None) -> None:
        """Before evaluation or validation."""

    @default
    def on_test_end(self, logs: Logs = None) -> None:
        """After evaluation or validation; `logs` has the metrics."""

    @default
    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before prediction."""

    @default
    def on_predict_end(self, logs: Logs = None) -> None:
        """After prediction."""


class History(Callback):
    """Records the metrics of each epoch; `fit` returns it.

    `history.history` maps each metric to its values, `history.epoch` lists the
    epochs.

    Reference: `keras.callbacks.History`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Starts the list of epochs again."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds an epoch."""
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        self.model.history = self


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin: Called with `(epoch, logs)`.
        on_epoch_end: Called with `(epoch, logs)`.
        on_train_begin: Called with `(logs)`.
        on_train_end: Called with `(logs)`.
        on_train_batch_begin: Called with `(batch, logs)`.
        on_train_batch_end: Called with `(batch, logs)`.
        **kwargs: Other hooks by their names.

    Reference: `keras.callbacks.LambdaCallback`.
    """

    def __init__(
        self,
        on_epoch_begin: Any = None,
        on_epoch_end: Any = None,
        on_train_begin: Any = None,
        on_train_end: Any = None,
        on_train_batch_begin: Any = None,
        on_train_batch_end: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, hook in hooks.items():
            if hook is not None:
                setattr(self, name, hook)
        self.__dict__.update(kwargs)
