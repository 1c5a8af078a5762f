"""A worker process: one implementation, measured on request.

Requests come as lines of JSON on the standard input, answers leave as lines of JSON on
the standard output; anything that a library prints goes to the standard error.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

STARTED = time.perf_counter()


class Implementation(Protocol):
    """What is timed: `action(name)` prepares, the returned call does `n` units."""

    def action(self, name: str, steps: int) -> tuple[Callable[[], Any], int]:
        """A call to be timed, and the number of units that it does."""


def load(name: str) -> Implementation:
    """Imports an implementation; this is what the import item times."""
    if name == "torch":
        from benchmarks.torch_side import TorchSide

        return TorchSide()
    from benchmarks.keras_side import KerasSide

    return KerasSide(name)


def measure(call: Callable[[], Any], units: int) -> float:
    """Seconds for a unit."""
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    call()
    taken = time.perf_counter() - start
    gc.enable()
    return taken / units


def resident_bytes() -> int:
    """The process's resident memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory_growth(side: Implementation, rounds: int) -> float:
    """Bytes by which memory grows while a model is built and fitted again and again."""
    for _ in range(max(2, rounds // 5)):
        side.action("mlp.fit", 4)[0]()
    gc.collect()
    before = resident_bytes()
    for _ in range(rounds):
        side.action("mlp.fit", 4)[0]()
    gc.collect()
    return float(resident_bytes() - before)


def answer(request: dict[str, Any], state: dict[str, Any]) -> float:
    """The number that a request asks for."""
    item, steps = request["item"], request["steps"]
    if "side" not in state:
        state["side"] = load(request["implementation"])
    side = state["side"]
    if item == "import":
        return time.perf_counter() - STARTED
    if item == "first":
        side.action("mlp.fit", 1)[0]()
        return time.perf_counter() - STARTED
    if item == "memory":
        return memory_growth(side, request["rounds"])
    if item not in state:
        state[item] = side.action(item, steps)
        for _ in range(2):
            state[item][0]()
    return measure(*state[item])


def main() -> None:
    """Answers requests until the input ends."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    state: dict[str, Any] = {}
    for line in sys.stdin:
        try:
            reply: dict[str, Any] = {"value": answer(json.loads(line), state)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"[:500]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
