"""A progress bar with running figures, on one line of the terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lamina.keras.utils.io import print_msg


class Progbar:
    """A progress bar.

    Args:
        target: Number of steps, None if unknown.
        width: Width of the bar in characters.
        verbose: 0 silent, 1 a bar, 2 one line at the end.
        interval: Least time between two drawings, in seconds.
        stateful_metrics: Names of figures shown as they are; others are averaged.
        stateless_metrics: Names of figures that are averaged; others are not.
        unit_name: What a step is called.

    Raises:
        ValueError: Both lists of names are given.

    Where the output is no terminal, only the finished bar is printed.

    Example:
        >>> bar = tf.keras.utils.Progbar(2, verbose=0)
        >>> bar.update(1, [("loss", 0.5)])

    Reference: `keras.utils.Progbar`.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "keras.utils.Progbar: expected only one of `stateful_metrics` or "
                "`stateless_metrics`. Received both. Name either the figures that are "
                "averaged or those that are not."
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = (
            None if stateless_metrics is not None else set(stateful_metrics or ())
        )
        self.stateless_metrics = (
            None if stateless_metrics is None else set(stateless_metrics)
        )
        self._dynamic_display = _is_dynamic()
        self._seen_so_far = 0
        self._values: dict[str, list[Any]] = {}
        self._start = time.time()
        self._last_update = 0.0
        self._time_after_first_step: float | None = None
        self._previous_width = 0

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Moves the bar by `n` steps."""
        self.update(self._seen_so_far + n, values)

    def update(
        self,
        current: int,
        values: Sequence[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Moves the bar.

        Args:
            current: Steps done.
            values: Pairs of name and figure.
            finalize: Whether this is the last call; by default at the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._take(current, values or (), finalize)
        self._seen_so_far = current
        now = time.time()
        per_step = self._step_duration(current, now)
        if self.verbose == 1:
            if not finalize and now - self._last_update < self.interval:
                return
            if finalize or self._dynamic_display:
                self._draw(current, now, per_step, finalize)
        elif self.verbose == 2 and finalize and self.target:
            head = f"{current:{len(str(self.target))}d}/{self.target}"
            line = f"{head} - {now - self._start:.0f}s -{self._rate(per_step)}"
            print_msg(line + self._figures() + "\n", line_break=False)
        self._last_update = now

    def _take(
        self, current: int, values: Sequence[tuple[str, Any]], finalize: bool
    ) -> None:
        for name, value in values:
            if self.stateful_metrics is not None:
                averaged = name not in self.stateful_metrics
            else:
                averaged = name in (self.stateless_metrics or ())
            if not averaged or finalize:
                self._values[name] = [value, 1]
                continue
            steps = max(current - self._seen_so_far, 1)
            total, count = self._values.get(name, [0, 0])
            self._values[name] = [total + value * steps, count + steps]

    def _draw(self, current: int, now: float, per_step: float, finalize: bool) -> None:
        if self.target:
            bar = f"\x1b[1m{current:{len(str(self.target))}d}/{self.target}\x1b[0m "
            done = min(int(self.width * current / self.target), self.width)
            bar += f"\x1b[32m{'━' * done}\x1b[0m" if done > 0 else ""
            bar += f"\x1b[37m{'━' * (self.width - done)}\x1b[0m"
        else:
            bar = f"{current:7d}/Unknown"
        if self.target and not finalize:
            left = _duration(per_step * (self.target - current))
        else:
            left = f"{now - self._start:.0f}s"
        text = bar + f" \x1b[1m{left}\x1b[0m" + self._rate(per_step) + self._figures()
        width = len(text)
        padding = " " * max(self._previous_width - width, 0)
        start = "\r" if self._dynamic_display else ""
        print_msg(start + text + padding + "\n" * finalize, line_break=False)
        self._previous_width = width

    def _figures(self) -> str:
        text = ""
        for name, (total, count) in self._values.items():
            mean = (total if isinstance(total, float) else np.mean(total)) / count
            form = ".4f" if abs(mean) > 1e-3 else ".4e"
            text += f" - {name}: {mean:{form}}"
        return text

    def _rate(self, per_step: float) -> str:
        if per_step >= 1 or per_step == 0:
            return f" {per_step:.0f}s/{self.unit_name}"
        if per_step >= 1e-3:
            return f" {per_step * 1e3:.0f}ms/{self.unit_name}"
        return f" {per_step * 1e6:.0f}us/{self.unit_name}"

    def _step_duration(self, current: int, now: float) -> float:
        if not current:
            return 0.0
        if self._time_after_first_step is not None and current > 1:
            return (now - self._time_after_first_step) / (current - 1)
        if current == 1:
            self._time_after_first_step = now
        return (now - self._start) / current


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    if whole > 60:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole}s"


def _is_dynamic() -> bool:
    """Whether a line that was printed can be drawn again."""
    terminal = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
    return terminal or "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ
