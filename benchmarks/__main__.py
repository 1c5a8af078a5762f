"""Runs the benchmarks and writes the page: `make bench ARGS=...`."""

import argparse
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.items import ALL, GPU, TITLES, Item, cpu_items, gpu_items
from benchmarks.page import page
from benchmarks.runner import ROOT, Effort, Runner

PAGE = ROOT / "docs" / "benchmarks.md"
NOTES = ROOT / "docs" / "benchmarks-notes.md"
QUICK = {"least": 0.1, "fewest": 8, "budget": 3.0, "shortest": 0.0, "rebuilds": 5}
BUSY = 0.5  # load above which other work disturbs the measurements
NATIVE = ("amx_bf16", "avx512_bf16", "bf16")
SEES = {
    "jax": "import jax; print(jax.default_backend() == 'gpu')",
    "torch": "import torch; print(torch.cuda.is_available())",
}


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--only", default="", help="rows: names, beginnings or patterns, by comma"
    )
    parser.add_argument("--implementations", default="", help="names, by comma")
    parser.add_argument("--rounds", type=int, help="3, or 1 with --quick")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--quick", action="store_true", help="short measurements")
    parser.add_argument("--bf16", action="store_true", help="bfloat16 on any processor")
    parser.add_argument("--list", action="store_true", help="only name the rows")
    parser.add_argument("--note", default="", help="a sentence for the page")
    return parser.parse_args()


def main() -> int:
    """Measures, and prints or writes the page."""
    options = arguments()
    gpu = options.device == "gpu"
    half = options.bf16 or processor_has(*NATIVE)
    items = gpu_items() if gpu else cpu_items(half, processor_has("amx_bf16"))
    items = [item for item in items if wanted(item, options.only)]
    if options.list:
        print("\n".join(f"{item.name:28}{item.title}" for item in items))
        return 0
    names = [*(options.implementations or ",".join(GPU if gpu else ALL)).split(",")]
    if unknown := [name for name in names if name not in TITLES]:
        return refuse(f"unknown implementations {unknown}; there are {[*TITLES]}")
    if not items:
        return refuse(f"no row is called {options.only}; --list names them")
    if gpu and not (names := [name for name in names if sees_gpu(name)]):
        return refuse(
            "no implementation sees a GPU: install benchmarks/requirements-gpu.txt "
            "on a machine that has one"
        )
    rounds = options.rounds or (1 if options.quick else 3)
    effort = Effort(rounds, **(QUICK if options.quick else {}))
    before = os.getloadavg()[0]
    results = Runner(names, options.device, effort).run(items)
    note = f"Load average before the run: {before:.1f}. {options.note}".strip()
    if before > BUSY:
        warning = "The machine was busy: these numbers are not to be relied on."
        print(f"benchmarks: {warning}", file=sys.stderr)
        note = f"{warning} {note}"
    if not gpu and not any(item.dtype == "bfloat16" for item in items):
        note += "\n\nNo bfloat16 rows: this processor has no instructions for it."
    text = page(results, effort, note)
    if options.only or options.implementations or options.quick or gpu:
        print(text)
        return 0
    notes = NOTES.read_text("utf-8") if NOTES.exists() else ""
    PAGE.write_text(f"{text}\n{notes}".rstrip() + "\n", "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


def wanted(item: Item, patterns: str) -> bool:
    """Whether a row is asked for."""
    return any(
        item.name.startswith(pattern) or fnmatch(item.name, pattern)
        for pattern in patterns.split(",")
    )


def refuse(reason: str) -> int:
    """Says why nothing is measured."""
    print(f"benchmarks: {reason}", file=sys.stderr)
    return 2


def processor_has(*wanted: str) -> bool:
    """Whether the processor has one of these features."""
    try:
        words = Path("/proc/cpuinfo").read_text("utf-8").split()
    except OSError:
        return False
    return any(flag in words for flag in wanted)


def sees_gpu(name: str) -> bool:
    """Whether the library below an implementation finds a GPU."""
    library = "torch" if name.startswith("torch") else "jax"
    command = [sys.executable, "-c", SEES[library]]
    found = subprocess.run(command, capture_output=True, text=True)
    return found.stdout.strip().endswith("True")


if __name__ == "__main__":
    sys.exit(main())
