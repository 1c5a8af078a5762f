"""The list of callbacks that a run calls as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.engine import nest
from lamina.engine.tensor import Tensor
from lamina.engine.variable import Variable
from lamina.keras.callbacks.base import Callback, History, Logs
from lamina.keras.callbacks.progbar_logger import ProgbarLogger


class CallbackList(Callback):
    """Calls each hook of several callbacks.

    Args:
        callbacks: Callbacks, in a list or nest of lists.
        add_history: Whether to add a `History` if there is none.
        add_progbar: Whether to add a `ProgbarLogger` if there is none.
        model: The model.
        **params: What `set_params` tells the callbacks: `verbose`, `epochs`,
            `steps`.

    Reference: `keras.callbacks.CallbackList`.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = nest.flatten(callbacks) if callbacks else []
        self._history: Any = self._find(History)
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar and self._find(ProgbarLogger) is None:
            self.callbacks.append(ProgbarLogger())
        self.set_model(model)
        self.set_params(params)

    def _find(self, kind: type[Callback]) -> Any:
        found = [one for one in self.callbacks if isinstance(one, kind)]
        return found[-1] if found else None

    def append(self, callback: Callback) -> None:
        """Adds a callback at the end."""
        self.callbacks.append(callback)

    def __iter__(self) -> Any:
        return iter(self.callbacks)

    def set_params(self, params: Any) -> None:
        """Tells all callbacks about the run."""
        self.params = params
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tells all callbacks their model."""
        if model is None:
            return
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    @property
    def needs_batch_hooks(self) -> bool:
        """Whether one of them has to be called for every single batch."""
        return any(getattr(one, "needs_batch_hooks", True) for one in self.callbacks)

    def _each(self, hook: str, *args: Any, logs: Logs = None) -> None:
        logs = plain_logs(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(*args, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training."""
        self._each("on_batch_begin", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training."""
        self._each("on_batch_end", batch, logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch."""
        self._each("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch."""
        self._each("on_epoch_end", epoch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of training."""
        self._each("on_train_batch_begin", batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of training."""
        self._each("on_train_batch_end", batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of evaluation."""
        self._each("on_test_batch_begin", batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of evaluation."""
        self._each("on_test_batch_end", batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of prediction."""
        self._each("on_predict_batch_begin", batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of prediction."""
        self._each("on_predict_batch_end", batch, logs=logs)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before training."""
        self._each("on_train_begin", logs=logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """After training."""
        self._each("on_train_end", logs=logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before evaluation."""
        self._each("on_test_begin", logs=logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """After evaluation."""
        self._each("on_test_end", logs=logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before prediction."""
        self._each("on_predict_begin", logs=logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        """After prediction."""
        self._each("on_predict_end", logs=logs)


def plain_logs(logs: Logs) -> dict[str, Any]:
    """Logs with Python numbers in place of scalar tensors; nested dicts are joined."""
    result: dict[str, Any] = {}
    for key, value in (logs or {}).items():
        if isinstance(value, dict):
            result.update(plain_logs(value))
        else:
            result[key] = _plain(value)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, (Tensor, Variable, np.generic)):
        array = np.asarray(value)
        return array.item() if array.ndim == 0 else array
    return value
