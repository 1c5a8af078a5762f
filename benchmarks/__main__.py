"""Runs the benchmarks and writes the table: `make bench ARGS=...`."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.items import IMPLEMENTATIONS, TITLES, Item, all_items

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("tensorflow-cpu", "keras", "jax", "torch", "numpy")


class Worker:
    """A process that measures one implementation."""

    def __init__(self, implementation: str) -> None:
        self.implementation = implementation
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "JAX_PLATFORMS": "cpu", **quiet},
        )

    def ask(self, item: str, steps: int, rounds: int) -> dict[str, Any]:
        """One measurement."""
        request = {
            "implementation": self.implementation,
            "item": item,
            "steps": steps,
            "rounds": rounds,
        }
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the worker ended"}

    def close(self) -> None:
        """Ends the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def main() -> int:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--only", default="", help="names or their beginnings, by comma; printed"
    )
    parser.add_argument("--implementations", nargs="*", default=IMPLEMENTATIONS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=64, help="steps in a measurement")
    parser.add_argument("--rebuilds", type=int, default=50, help="for the memory item")
    parser.add_argument("--note", default="", help="a sentence for the page")
    parser.add_argument("--print", action="store_true", help="do not write the page")
    options = parser.parse_args()
    wanted = tuple(options.only.split(","))
    items = [item for item in all_items() if item.name.startswith(wanted)]
    results = measure(items, options)
    text = page(items, options, results)
    if options.print or options.only:
        print(text)
    else:
        PAGE.write_text(text, "utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


def measure(
    items: list[Item], options: argparse.Namespace
) -> dict[tuple[str, str], float | str]:
    """The median, or the error, of each item and implementation."""
    workers = {name: Worker(name) for name in options.implementations}
    results: dict[tuple[str, str], float | str] = {}
    for item in items:
        names = [n for n in options.implementations if n in item.implementations]
        found: dict[str, list[float]] = {name: [] for name in names}
        rounds = 1 if item.name == "memory" else options.rounds
        for _ in range(rounds):
            for name in names:
                worker = Worker(name) if item.fresh else workers[name]
                reply = worker.ask(item.name, options.steps, options.rebuilds)
                if item.fresh:
                    worker.close()
                if "error" in reply:
                    results[item.name, name] = reply["error"]
                else:
                    found[name].append(reply["value"])
        for name, values in found.items():
            if values:
                results[item.name, name] = statistics.median(values) * item.scale
        shown = [f"{name} {results[item.name, name]}" for name in names]
        print(f"{item.name}: {', '.join(shown)}", file=sys.stderr, flush=True)
    for worker in workers.values():
        worker.close()
    return results


def page(
    items: list[Item],
    options: argparse.Namespace,
    results: dict[tuple[str, str], float | str],
) -> str:
    """The page's text: a table of medians with their ratios to Lamina's."""
    names = list(options.implementations)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    head = f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}; do not edit. Medians of
{options.rounds} rounds in which the implementations take turns, each in a process of
its own, {options.steps} steps of 32 rows a measurement. Beside each number: how many
times Lamina's it is (above 1: Lamina is faster). Memory is one run each. Machine:
{machine}, Python {platform.python_version()}; {packages}.
{options.note}

"""
    titles = [TITLES[name] for name in names]
    lines = ["| | unit | " + " | ".join(titles) + " |"]
    lines.append("|---|---|" + "---:|" * len(names))
    for item in items:
        own = results.get((item.name, "lamina"))
        cells = [cell(results.get((item.name, name)), own) for name in names]
        title = item.title.format(rebuilds=options.rebuilds)
        lines.append(f"| {title} | {item.unit} | " + " | ".join(cells) + " |")
    return head + "\n".join(lines) + "\n"


def cell(value: float | str | None, own: float | str | None) -> str:
    """A number and its ratio to Lamina's."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return "failed"
    shown = f"{value:.3g}"
    if isinstance(own, float) and own > 0 and value is not own:
        shown += f" ({value / own:.2g}x)"
    return shown


if __name__ == "__main__":
    sys.exit(main())
