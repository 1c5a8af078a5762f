"""Callbacks that watch one figure: EarlyStopping, ReduceLROnPlateau."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.engine.errors import message
from lamina.keras.callbacks.base import Callback, Logs
from lamina.keras.utils.io import print_msg


class MonitorCallback(Callback):
    """Base class of the callbacks that watch one figure.

    Args:
        monitor: Name of the figure in the logs.
        mode: "min", "max", or "auto": by the metric's own direction.
        baseline: The best value so far.
        min_delta: Least change that counts as an improvement.

    Reference: `keras.callbacks.MonitorCallback`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        baseline: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto "
                "mode.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Callable[[Any, Any], bool] | None = None

    def _set_monitor_op(self) -> None:
        """Finds out whether less or more is better."""
        direction = {"min": "down", "max": "up"}.get(self.mode) or self._direction_of(
            self.monitor.removeprefix("val_")
        )
        if direction is None:
            raise ValueError(
                message(
                    f"keras.callbacks.{type(self).__name__}",
                    expected="a metric with a known direction, or a mode",
                    received=f"monitor={self.monitor}, but it isn't possible to "
                    "automatically determine whether that metric should be maximized "
                    "or minimized",
                    hint="Pass `mode='max'` if more is better, `mode='min'` otherwise.",
                )
            )
        self.monitor_op = operator.lt if direction == "down" else operator.gt
        if direction == "down":
            self.min_delta *= -1

    def _direction_of(self, name: str) -> str | None:
        found = "down" if name == "loss" else None
        for metric in getattr(self.model, "metrics", None) or ():
            inner = getattr(metric, "metrics", None)
            for one in inner if inner is not None else (metric,):
                prefixed = name.endswith("_" + one.name) or one.name == name
                if prefixed and hasattr(one, "_direction"):
                    found = one._direction
        if found is None and ("acc" in name or "auc" in name or name.startswith("fm")):
            found = "up"
        return "down" if found is None and name.endswith("loss") else found

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        if reference is None:
            return True
        if self.monitor_op is None:
            self._set_monitor_op()
        return bool(self.monitor_op(value - self.min_delta, reference))  # type: ignore[misc]


class EarlyStopping(MonitorCallback):
    """Ends training when a figure has stopped getting better.

    Args:
        monitor: Name of the figure in the logs.
        min_delta: Least change that counts as an improvement.
        patience: Epochs without improvement before training ends.
        verbose: 1 prints when it happens.
        mode: "min", "max", or "auto": by the metric's own direction.
        baseline: Value that has to be beaten.
        restore_best_weights: Whether the weights of the best epoch are set in the end.
        start_from_epoch: Epochs to wait before watching.

    Example:
        >>> stop = tf.keras.callbacks.EarlyStopping(monitor="loss", patience=3)

    Reference: `keras.callbacks.EarlyStopping`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forgets what an earlier training showed."""
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights: Any = None
        self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the figure, and ends training if it is time."""
        if self.monitor_op is None:
            self._set_monitor_op()
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Reports, and sets the best weights if asked to."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_msg(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_msg(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs) -> Any:
        """The figure from the logs; a warning if it is not there."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not "
                f"available. Available metrics are: {','.join(logs or {})}",
                stacklevel=3,
            )
        return value


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a figure has stopped getting better.

    Args:
        monitor: Name of the figure in the logs.
        factor: What the rate is multiplied by, below 1.
        patience: Epochs without improvement before that.
        verbose: 1 prints when it happens.
        mode: "min", "max", or "auto": by the metric's own direction.
        min_delta: Least change that counts as an improvement.
        cooldown: Epochs to wait after lowering the rate.
        min_lr: Lowest rate.
        **kwargs: `epsilon`, Keras 2's former name of `min_delta`.

    Raises:
        ValueError: `factor` is not below 1.

    Reference: `keras.callbacks.ReduceLROnPlateau`.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        min_delta = kwargs.pop("epsilon", min_delta)
        if kwargs:
            raise TypeError(
                "ReduceLROnPlateau() got unexpected keyword arguments "
                f"{sorted(kwargs)}."
            )
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(
                "ReduceLROnPlateau does not support a factor >= 1.0. Received "
                f"factor={factor}. 0.1 is the default."
            )
        self.factor = factor
        self.min_lr = min_lr
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.on_train_begin()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forgets what an earlier training showed."""
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the figure, and lowers the rate if it is time."""
        if self.monitor_op is None:
            self._set_monitor_op()
        logs = {} if logs is None else logs
        logs.update(rates_of(self.model.optimizer))
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` "
                f"which is not available. Available metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._lower(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _lower(self, epoch: int) -> bool:
        lowered = False
        for optimizer in each_optimizer(self.model.optimizer):
            old = rate_of(optimizer)
            if old <= np.float32(self.min_lr):
                continue
            optimizer.learning_rate = max(old * self.factor, self.min_lr)
            lowered = True
            if self.verbose > 0:
                name = "" if optimizer is self.model.optimizer else f" {optimizer.name}"
                print_msg(
                    f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{name} learning "
                    f"rate to {max(old * self.factor, self.min_lr)}."
                )
        return lowered

    def in_cooldown(self) -> bool:
        """Whether the rate was lowered a short time ago."""
        return self.cooldown_counter > 0


def rate_of(optimizer: Any) -> float:
    """The learning rate as a Python number."""
    return float(np.asarray(optimizer.learning_rate))


def each_optimizer(optimizer: Any) -> list[Any]:
    """The optimizers that have a learning rate: those of a `MultiOptimizer`, or it."""
    return getattr(optimizer, "optimizers", None) or [optimizer]


def rates_of(optimizer: Any) -> dict[str, float]:
    """The learning rates under the names that logs give them."""
    found = each_optimizer(optimizer)
    if found[0] is optimizer:
        return {"learning_rate": rate_of(optimizer)}
    return {f"learning_rate_{one.name}": rate_of(one) for one in found}
