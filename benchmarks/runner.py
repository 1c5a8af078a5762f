"""The measuring: worker processes that take turns."""

import json
import math
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.items import Item

ROOT = Path(__file__).parents[1]
PATIENCE = 400.0  # seconds until a worker that does not answer is ended
PAUSE = 0.5  # seconds before a turn: threads of the one before may spin for a while


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: measurements of each implementation, whose median counts.
        least: seconds that a row's fastest implementation should need for its steps,
            and what single calls are repeated for.
        fewest: steps, where they fit the budget.
        budget: seconds that all implementations may need for a row's steps together.
        shortest: seconds that the fastest needs for them in any case: what a process
            loses when it wakes up must not count.
        rebuilds: models built by the row about memory growth.
    """

    rounds: int
    least: float = 1.0
    fewest: int = 64
    budget: float = 10.0
    shortest: float = 0.4
    rebuilds: int = 50


@dataclass
class Result:
    """What a row has found, by implementation: medians, slowest round over fastest,
    errors, settings."""

    item: Item
    steps: int = 0
    values: dict[str, float] = field(default_factory=dict)
    spreads: dict[str, float] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


class Worker:
    """A process that measures one implementation."""

    def __init__(self, implementation: str, device: str, cache: str) -> None:
        caches = {"LAMINA_CACHE_DIR": cache, "TORCHINDUCTOR_CACHE_DIR": cache}
        settings = {"TF_CPP_MIN_LOG_LEVEL": "3", **caches}
        if device == "cpu":
            settings |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
        else:
            settings["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        # A user's own cache of compiled programs would make every start a warm one.
        omitted = ("JAX_COMPILATION_CACHE_DIR", "KERAS_BACKEND")
        inherited = {k: v for k, v in os.environ.items() if k not in omitted}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", implementation],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**inherited, **settings, "BENCHMARK_STARTED": str(time.time())},
        )

    def ask(self, item: Item, what: str, **request: Any) -> dict[str, Any]:
        """An answer: a value and a setting, or an error."""
        assert self.process.stdin and self.process.stdout
        try:
            text = json.dumps({"ask": what, "item": asdict(item), **request})
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return {"error": "the process has ended"}
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            return {"error": f"no answer within {PATIENCE:.0f} s"}
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process has ended"}

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


class Runner:
    """Measures rows, keeping a process for each implementation."""

    def __init__(self, names: list[str], device: str, effort: Effort) -> None:
        self.names, self.device, self.effort = names, device, effort
        self.workers: dict[str, Worker] = {}
        self.caches: dict[tuple[str, str], str] = {}

    def run(self, items: list[Item]) -> list[Result]:
        """All rows."""
        start, results = time.monotonic(), []
        with tempfile.TemporaryDirectory() as folder:
            self.folder = folder
            try:
                for item in items:
                    results.append(self._row(item))
                    minutes, seconds = divmod(int(time.monotonic() - start), 60)
                    print(f"{minutes}:{seconds:02}", line(results[-1]), file=sys.stderr)
            finally:
                for worker in self.workers.values():
                    worker.close()
        return results

    def _row(self, item: Item) -> Result:
        result = Result(item)
        for name in self.names:
            if name in item.implementations:
                result.settings[name] = ""
        if item.model and not item.fresh:
            self._prepare(result)
        else:
            result.steps = self._amount(item)
        if item.in_steps:
            result.steps *= self._more(result)
            self._turn(result)
        found: dict[str, list[float]] = {name: [] for name in result.settings}
        for _ in range(self._rounds(item)):
            for name, value in self._turn(result).items():
                found[name].append(value)
        for name, values in found.items():
            if values and name not in result.errors:
                result.values[name] = statistics.median(values) * item.scale
                if min(values) > 0:
                    result.spreads[name] = max(values) / min(values)
        return result

    def _turn(self, result: Result) -> dict[str, float]:
        """What each implementation measures, one after the other."""
        values = {}
        for name in [n for n in result.settings if n not in result.errors]:
            reply = self._measure(result, name)
            if "error" in reply:
                result.errors[name] = reply["error"]
            else:
                values[name] = reply["value"]
        return values

    def _more(self, result: Result) -> int:
        """How many times the steps of a first turn are needed; 1 if they are enough."""
        fastest = min(self._turn(result).values(), default=1.0)
        return max(1, math.ceil(self.effort.shortest / (fastest * result.steps)))

    def _rounds(self, item: Item) -> int:
        return 1 if item.what in ("peak", "growth") else self.effort.rounds

    def _amount(self, item: Item) -> int:
        effort = self.effort
        counts = {"growth": effort.rebuilds, "peak": 16}
        return counts.get(item.what, effort.fewest * 10)

    def _prepare(self, result: Result) -> None:
        """Builds the models, and finds the number of steps that suits all."""
        times = {}
        for name in result.settings:
            reply = self._worker(name).ask(result.item, "prepare")
            if "error" in reply:
                result.errors[name] = reply["error"]
            else:
                times[name], result.settings[name] = reply["value"], reply["setting"]
        if times:
            effort = self.effort
            wanted = max(effort.fewest, effort.least / min(times.values()))
            steps = min(wanted, effort.budget / sum(times.values()))
            result.steps = max(8, int(steps) // 8 * 8)

    def _measure(self, result: Result, name: str) -> dict[str, Any]:
        item = result.item
        request = {"setting": result.settings[name], "steps": result.steps}
        request["least"] = self.effort.least
        time.sleep(PAUSE)
        if not item.fresh:
            return self._worker(name).ask(item, "measure", **request)
        key = name, item.model
        if item.what == "cold" or key not in self.caches:
            self.caches[key] = tempfile.mkdtemp(dir=self.folder)
            if item.what == "warm":
                self._once(item, name, request)
        return self._once(item, name, request)

    def _once(self, item: Item, name: str, request: dict[str, Any]) -> dict[str, Any]:
        worker = Worker(name, self.device, self.caches[name, item.model])
        reply = worker.ask(item, "measure", **request)
        worker.close()
        return reply

    def _worker(self, name: str) -> Worker:
        worker = self.workers.get(name)
        if worker is None or worker.process.poll() is not None:
            cache = tempfile.mkdtemp(dir=self.folder)
            worker = self.workers[name] = Worker(name, self.device, cache)
        return worker


def line(result: Result) -> str:
    """A row for the terminal."""
    item = result.item
    steps = f" ({result.steps} steps)" if item.in_steps else ""
    shown = [f"{name} {value:.3g}" for name, value in result.values.items()]
    shown += [f"{name}: {error}" for name, error in result.errors.items()]
    return f"{item.name}{steps}, {item.unit}: {', '.join(shown)}"
