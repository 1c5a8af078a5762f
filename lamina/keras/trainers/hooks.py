"""What a running epoch tells the callbacks, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.engine import nest
from lamina.engine.tensor import Tensor

DISPATCH_SECONDS = 0.2


class Hooks:
    """What an epoch tells the callbacks.

    Args:
        begin: called with the step before each dispatch.
        end: called with the step and its logs after a dispatch.
        every_batch: whether a callback looks at single batches.
        stopped: whether a callback asked to stop.
    """

    def __init__(
        self,
        begin: Callable[[int], None] | None = None,
        end: Callable[[int, Any], None] | None = None,
        every_batch: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._begin = begin
        self._end = end
        self.every_batch = every_batch
        self.stopped = stopped
        self.count = 0
        self._shown = 0.0

    def begin(self, step: int) -> None:
        """A dispatch starts."""
        if self._begin is not None:
            self._begin(step)

    def end(self, step: int, logs: Any, last: bool) -> None:
        """A dispatch ended; progress is reported a few times per second.

        Only a report waits for the device: between two of them the logs stay there.
        """
        if self._end is None:
            return
        now = time.perf_counter()
        if self.every_batch or last or now - self._shown > DISPATCH_SECONDS / 2:
            self._shown = now
            self._end(step, to_python(logs))


def to_python(logs: Any) -> Any:
    """Logs as Python numbers (NumPy arrays where they are not scalars)."""
    if not isinstance(logs, dict):
        return logs
    return {key: _number(value) for key, value in logs.items()}


def _number(value: Any) -> Any:
    if isinstance(value, Tensor):
        host = np.asarray(value._value)
        return host.item() if host.ndim == 0 else host
    return nest.map_structure(_number, value) if nest.is_nested(value) else value
