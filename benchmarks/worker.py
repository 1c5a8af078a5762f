"""A worker process: one implementation, measured on request.

Requests come as lines of JSON on the standard input, answers leave as lines of JSON on
the standard output; anything that a library prints goes to the standard error. The
environment says when the process was started (`BENCHMARK_STARTED`).
"""

import gc
import json
import os
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.items import COMPILED, JAX, TORCH, Item

PROBE = 4  # steps of the short fit that chooses among settings
MANY = 64  # steps by which two fits differ to find what a fit costs without steps


def load(name: str) -> Any:
    """Imports an implementation; this is what the import row times."""
    if name in (TORCH, COMPILED):
        from benchmarks.torch_side import TorchSide

        return TorchSide(name)
    if name == JAX:
        from benchmarks.jax_side import JaxSide

        return JaxSide()
    from benchmarks.keras_side import KerasSide

    return KerasSide(name)


def seconds(call: Callable[[], Any]) -> float:
    """How long a call takes."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    call()
    taken = time.perf_counter() - start
    gc.enable()
    return taken


def each(
    call: Callable[[], Any], least: float, wait: Callable[[Any], Any] = id
) -> float:
    """Seconds for a call: the median of five loops that take `least` together, or
    a single call that takes longer."""

    def loop(count: int) -> None:
        for _ in range(count):
            result = call()
        wait(result)

    single = partial(loop, 1)
    single()
    once = seconds(single)
    if once > least:
        return once
    once = min(once, seconds(single), seconds(single))
    count = max(1, round(least / 5 / once))
    return statistics.median(seconds(partial(loop, count)) for _ in range(5)) / count


def memory(field: str) -> float:
    """Bytes of the process's resident memory: VmRSS now, or VmHWM at its highest."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return float(line.split()[1]) * 1024


class Measurements:
    """What this process has built so far, and how it measures."""

    def __init__(self, implementation: str) -> None:
        self.side = load(implementation)
        self.sessions: dict[tuple[str, str], dict[str, Any]] = {}

    def session(self, item: Item, setting: str) -> Any:
        """A model with a setting; those of other models are let go."""
        key = item.model, item.dtype
        if key not in self.sessions:
            self.sessions.clear()
            gc.collect()
        found = self.sessions.setdefault(key, {})
        if setting not in found:
            found[setting] = self.side.session(*key, setting)
        return found[setting]

    def prepare(self, item: Item) -> tuple[float, str]:
        """Rough seconds for a step with the setting that suits the row best."""
        times = {}
        for setting in self.side.settings(item.model):
            session = self.session(item, setting)
            what = "fit" if item.what == "fixed" else item.what
            run = getattr(session, what)
            call = partial(run, PROBE) if item.in_steps or what == "fit" else run
            call()
            times[setting] = min(seconds(call) for _ in range(2))
        best = min(times, key=times.__getitem__)
        return times[best] / PROBE, best

    def measure(self, item: Item, setting: str, steps: int, least: float) -> float:
        """Seconds (or bytes) of a row."""
        if item.fresh:
            return self._fresh(item, steps)
        if item.what.startswith("data_"):
            stream = self.side.stream(item.what, steps)
            deque(stream, 0)
            return seconds(lambda: deque(stream, 0)) / steps
        if not item.model:
            return each(self.side.call(item.what, item.dtype), least, self.side.wait)
        session = self.session(item, setting)
        if item.in_steps:
            run = getattr(session, item.what)
            return seconds(lambda: run(steps)) / steps
        if item.what == "fixed":
            one = each(lambda: session.fit(1), least)
            many = each(lambda: session.fit(1 + MANY), least)
            return one - (many - one) / MANY
        return each(getattr(session, item.what), least)

    def _fresh(self, item: Item, steps: int) -> float:
        if item.what == "growth":
            return self._growth(item, steps)
        if item.model:
            setting = self.side.settings(item.model)[0]
            self.session(item, setting).fit(steps if item.what == "peak" else 1)
        if item.what == "peak":
            return memory("VmHWM")
        return time.time() - float(os.environ["BENCHMARK_STARTED"])

    def _growth(self, item: Item, rounds: int) -> float:
        setting = self.side.settings(item.model)[0]

        def again(times: int) -> float:
            for _ in range(times):
                self.side.session(item.model, item.dtype, setting).fit(4)
            gc.collect()
            return memory("VmRSS")

        before = again(max(2, rounds // 5))
        return again(rounds) - before


def main() -> None:
    """Answers requests until the input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    measurements = None
    for line in sys.stdin:
        request = json.loads(line)
        item = Item(**request["item"])
        try:
            measurements = measurements or Measurements(sys.argv[1])
            if request["ask"] == "prepare":
                value, setting = measurements.prepare(item)
            else:
                setting = request["setting"]
                amount = request["steps"], request["least"]
                value = measurements.measure(item, setting, *amount)
            reply: dict[str, Any] = {"value": value, "setting": setting}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"[:500]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
