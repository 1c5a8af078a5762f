"""What captured programs take from outside: tensors and variables, each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina.engine.tensor import Tensor, convert_to_tensor
from lamina.engine.trace import Captured


class Inputs:
    """The joint outer inputs of several captured programs.

    Args:
        programs: the programs.

    Attributes:
        captures: the outer tensors that any of them uses.
        variables: the variables that any of them reads or writes.
        written: those that any of them writes.
    """

    def __init__(self, programs: Sequence[Captured]) -> None:
        captures: dict[int, Tensor] = {}
        variables: dict[int, Any] = {}
        written: dict[int, Any] = {}
        for program in programs:
            captures.update((id(each), each) for each in program.captures)
            variables.update((id(each), each) for each in program.variables)
            written.update((id(each), each) for each in program.written)
        self.captures = list(captures.values())
        self.written = list(written.values())
        self.variables = self.written + [
            each for key, each in variables.items() if key not in written
        ]

    def tensors(self) -> list[Tensor]:
        """The values to hand to a kernel: the captures, then the variables."""
        return [*self.captures, *map(convert_to_tensor, self.variables)]

    def call(
        self, program: Captured, args: Sequence[Any], values: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Runs a program on arrays.

        Args:
            program: one of the programs.
            args: its explicit arguments.
            values: arrays in the order of ``tensors()``.

        Returns:
            Its results, and the values of ``written`` after it.
        """
        keys = [id(each) for each in (*self.captures, *self.variables)]
        known = dict(zip(keys, values, strict=True))
        captures = [known[id(each)] for each in program.captures]
        variables = [known[id(each)] for each in program.variables]
        out, new = program.call(args, captures, variables)
        updates = dict(zip(map(id, program.written), new, strict=True))
        return out, [updates.get(id(v), known[id(v)]) for v in self.written]
