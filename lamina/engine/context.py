"""What the current thread is doing: which trace it builds and which tapes record.

``state.busy`` is the one flag that the short way of the op door looks at: it is True
while anything but eager execution, perhaps under tapes, is going on.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.engine.tape import GradientTape
    from lamina.engine.trace import Trace


class State(threading.local):
    """Per-thread execution state."""

    busy: bool = False
    trace: Trace | None = None
    tapes: tuple[GradientTape, ...] = ()
    autocast: Any = None
    scopes: tuple[str, ...] = ()
    device: Any = None

    def refresh(self) -> None:
        """Recomputes ``busy`` after the trace or the device changed."""
        self.busy = self.trace is not None or self.device is not None


state = State()


class Settings:
    """Process-wide switches."""

    functions_run_eagerly: bool = False


settings = Settings()
