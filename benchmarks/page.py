"""The page: tables of medians, the targets, and the share of the machine's peak."""

import os
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path

from benchmarks.inputs import EVERY_MODEL
from benchmarks.items import LAMINA, TITLES, Target
from benchmarks.runner import Effort, Result

PACKAGES = ("tensorflow-cpu", "tensorflow", "keras", "jax", "torch", "numpy")


def page(results: list[Result], effort: Effort, note: str) -> str:
    """The whole text."""
    names = [n for n in TITLES if any(n in result.settings for result in results)]
    sections = list(dict.fromkeys(result.item.section for result in results))
    results = sorted(results, key=lambda result: sections.index(result.item.section))
    parts = [introduction(results, effort, note), targets(results)]
    for section, rows in groupby(results, lambda result: result.item.section):
        parts.append(table(section, list(rows), names, effort))
    parts += [limits(results, names), remarks(results)]
    return "\n".join(part for part in parts if part)


def introduction(results: list[Result], effort: Effort, note: str) -> str:
    """How it was measured, and where."""
    packages = ", ".join(f"{n} {version(n)}" for n in PACKAGES if installed(n))
    counted = [result.steps for result in results if result.item.in_steps]
    steps = (
        " to ".join(map(str, sorted({min(counted), max(counted)}))) if counted else ""
    )
    spreads = [value for result in results for value in result.spreads.values()]
    spread = statistics.median(spreads) if spreads else 1.0
    text = f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}; only the notes at the end are
by hand (`docs/benchmarks-notes.md`). Medians of {effort.rounds} rounds in which the
implementations take turns, each in a process of its own; {steps} steps in a row
of the table, the same number for all; 32 rows a step where nothing else is said. Beside
each number: how many times Lamina's it is (above 1: Lamina is faster, or needs less).

Each implementation has its best setting: TensorFlow with XLA or without, PyTorch with
channels first or last and its fused Adam. A fit step has forward pass, loss, gradient,
Adam, accuracy, and taking the batch from shuffled rows in memory. Starting and memory
have the default settings; a warm cache is what an earlier process left of its own
accord. Memory is one run each. Slowest round over
fastest: {spread:.2f} in the median.

Machine: {processor()}, {os.cpu_count()} cores, {platform.system()}, Python
{platform.python_version()}; {packages}.
"""
    return text + (f"{note}\n" if note else "")


def installed(package: str) -> bool:
    """Whether the environment has it."""
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def processor() -> str:
    """The processor, and which of the instructions that matter it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    facts = dict(text.split(":", 1) for text in reversed(lines) if ":" in text)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", facts.get("Features", "")).split()
    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")
    shown = ", ".join(flag for flag in wanted if flag in flags)
    return f"{facts.get('model name', platform.machine())} ({shown})"


def table(section: str, rows: list[Result], names: list[str], effort: Effort) -> str:
    """One section's numbers."""
    names = [name for name in names if any(name in row.settings for row in rows)]
    titles = " | ".join(TITLES[name] for name in names)
    lines = [f"## {section}\n", f"| | unit | {titles} |"]
    lines.append("|---|---|" + "---:|" * len(names))
    for row in rows:
        own = row.values.get(LAMINA)
        cells = [cell(row.values.get(n), None if n == LAMINA else own) for n in names]
        title = row.item.title.format(rebuilds=effort.rebuilds)
        lines.append(f"| {title} | {row.item.unit} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(value: float | None, own: float | None) -> str:
    """A number and its ratio to Lamina's."""
    if value is None:
        return "-"
    text = f"{value:.4g}" if value < 1e4 else f"{value:.0f}"
    return f"{text} ({value / own:.2g}x)" if own and own > 0 else text


def targets(results: list[Result]) -> str:
    """What was to be reached, and what was."""
    found = {result.item.name: result for result in results}
    lines = []
    for result in results:
        for target in result.item.targets:
            peers = _peers(result, target, found)
            if not peers or LAMINA not in result.values:
                continue
            best = min(peers, key=peers.__getitem__)
            ratio = result.values[LAMINA] / peers[best]
            met = "met" if ratio <= target.ratio else "**not met**"
            work = f"{result.item.section}: {result.item.title}"
            figures = f"≤ {target.ratio} | {ratio:.2g} | {best} | {met}"
            lines.append(f"| {work} | {figures} |")
    if not lines:
        return ""
    met = sum(text.endswith("| met |") for text in lines)
    head = f"""## Targets

Lamina's time (or memory) over the best peer's; {met} of {len(lines)} are met.

| work | target | measured | best peer | |
|---|---:|---:|---|---|
"""
    return head + "\n".join(lines) + "\n"


def _peers(
    result: Result, target: Target, found: dict[str, Result]
) -> dict[str, float]:
    """What the target compares with: values by the peer's title."""
    peers: dict[str, float] = {}
    for row in (result, found.get(target.also)):
        for name, value in row.values.items() if row else ():
            if name != LAMINA and (not target.against or name in target.against):
                suffix = f", {row.item.dtype}" if target.also and row else ""
                peers[TITLES[name] + suffix] = value
    return peers


def limits(results: list[Result], names: list[str]) -> str:
    """GFLOP/s as a share of the fastest matmul that any implementation did."""
    work: dict[str, dict[str, list[tuple[str, dict[str, float]]]]] = {}
    for result in results:
        item = result.item
        if item.what.startswith("matmul_"):
            gflop = 2 * int(item.what.removeprefix("matmul_")) ** 3 / 1e9
        elif item.what == "fit" and EVERY_MODEL[item.model].gflop:
            gflop = EVERY_MODEL[item.model].gflop
        else:
            continue
        speeds = {n: gflop / v * item.scale for n, v in result.values.items()}
        kind = "matmul" if item.what.startswith("matmul") else "fit"
        rows = work.setdefault(item.dtype, {"matmul": [], "fit": []})[kind]
        title = item.title if kind == "matmul" else f"{item.title}, fit step"
        rows.append((title, speeds))
    parts = []
    for dtype, kinds in work.items():
        speeds = [s for _, row in kinds["matmul"] for s in row.values()]
        if speeds:
            rows = kinds["matmul"] + kinds["fit"]
            parts.append(_shares(dtype, max(speeds), rows, names))
    return "\n".join(parts)


def _shares(
    dtype: str, peak: float, rows: list[tuple[str, dict[str, float]]], names: list[str]
) -> str:
    names = [name for name in names if any(name in speeds for _, speeds in rows)]
    lines = [
        f"## Against the limit, {dtype}\n",
        f"The peak: {peak:.0f} GFLOP/s, the fastest matmul of any implementation in",
        "this run. GFLOP/s, and their share of it:\n",
        "| | " + " | ".join(TITLES[name] for name in names) + " |",
        "|---|" + "---:|" * len(names),
    ]
    for title, speeds in rows:
        cells = [
            f"{speeds[n]:.0f} ({speeds[n] / peak:.0%})" if n in speeds else "-"
            for n in names
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def remarks(results: list[Result]) -> str:
    """The settings chosen, and what failed."""
    lines = []
    for result in results:
        name = result.item.name
        chosen = [f"{TITLES[n]} {s}" for n, s in result.settings.items() if s]
        if chosen and result.item.what == "fit":
            lines.append(f"- `{name}`: {', '.join(chosen)}.")
    if lines:
        lines = ["## Settings that were fastest\n", *lines, ""]
    failures = [
        f"- `{result.item.name}`, {TITLES[name]}: {' '.join(error.split())[:200]}"
        for result in results
        for name, error in result.errors.items()
    ]
    if failures:
        lines += ["## What failed\n", *failures, ""]
    return "\n".join(lines)
