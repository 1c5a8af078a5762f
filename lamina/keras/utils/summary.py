"""The table that `model.summary()` prints."""

from __future__ import annotations

import math
import re
import shutil
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from lamina.engine import nest
from lamina.engine.dtypes import as_dtype
from lamina.keras.common.standardize import map_shapes
from lamina.keras.config import is_interactive_logging_enabled
from lamina.keras.utils.io import print_msg


def count_params(weights: Iterable[Any]) -> int:
    """The number of scalars in some weights."""
    unique = {id(w): w for w in weights}.values()
    return sum(math.prod(tuple(w.shape)) for w in unique)


def weight_memory_size(weights: Iterable[Any]) -> float:
    """The bytes that some weights take."""
    unique = {id(w): w for w in weights}.values()
    return sum(math.prod(tuple(w.shape)) * as_dtype(w.dtype).size for w in unique)


def readable_memory_size(size: float) -> str:
    """A number of bytes with its unit."""
    units = ["B", "KB", "MB", "GB", "TB", "PB"]
    for unit in units:
        if size < 1024 or unit == units[-1]:
            return f"{size:.2f} {unit}"
        size /= 1024
    return ""


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print the layers of a model, their output shapes and numbers of weights.

    The arguments are those of `keras.Model.summary`.
    """
    operations = getattr(model, "_operations", None)
    layers = operations if operations is not None else model.layers
    branches = operations is not None and not _is_chain(model)
    table = _Table(model, branches, show_trainable, line_length, positions)
    start, stop = _bounds(layers, layer_range)
    for layer in layers[start:stop]:
        table.add_layer(layer, expand_nested, 0)
    text = "\n".join([f'Model: "{model.name}"', *table.lines(), *_totals(model)]) + "\n"
    if print_fn is not None:
        print_fn(text)
    elif is_interactive_logging_enabled():
        print(text, end="")
    else:
        print_msg(text, line_break=False)


def _is_chain(model: Any) -> bool:
    """Whether each operation has one input and feeds one other operation."""
    nodes = []
    for at_depth in model._nodes_by_depth.values():
        if len(at_depth) > 1 or len(at_depth[0].inputs) > 1:
            return False
        nodes.extend(at_depth)
    return all(
        sum(node in nodes for node in layer._inbound_nodes) <= 1
        for layer in model.layers
    )


class _Table:
    """The rows of a summary and their layout."""

    def __init__(
        self,
        model: Any,
        branches: bool,
        show_trainable: bool,
        line_length: int | None,
        positions: list[float] | None,
    ) -> None:
        self.branches = branches
        self.show_trainable = show_trainable
        self.header = ["Layer (type)", "Output Shape", "Param #"]
        self.align = ["<", "<", ">"]
        width = 108 if branches else 88
        default = [0.3, 0.56, 0.74, 1.0] if branches else [0.45, 0.80, 1.0]
        self.nodes: set[Any] = set()
        if branches:
            self.header.append("Connected to")
            self.align.append("<")
            self.nodes = {n for ns in model._nodes_by_depth.values() for n in ns}
        places = list(positions or default)
        if show_trainable:
            width += 12
            places = [p * 0.90 for p in places] + [1.0]
            self.header.append("Trainable")
            self.align.append("^")
        length = line_length or min(width, shutil.get_terminal_size().columns - 4)
        ends = [int(p * length) for p in places]
        self.widths = [b - a for a, b in zip([0, *ends], ends)]
        if min(self.widths) < 4:
            raise ValueError("Insufficient console width to print summary.")
        self.rows: list[list[str]] = []

    def add_layer(self, layer: Any, expand_nested: bool, level: int) -> None:
        prefix = "   " * level + "└ " if level else ""
        row = [
            f"{prefix}{layer.name} ({_kind(layer)})",
            _output_shape(layer),
            _params(layer),
        ]
        if self.branches:
            row.append(self._connections(layer))
        if self.show_trainable:
            if getattr(layer, "weights", None):
                row.append("Y" if layer.trainable else "N")
            else:
                row.append("-")
        self.rows.append(row)
        if expand_nested:
            for inner in getattr(layer, "layers", None) or ():
                self.add_layer(inner, expand_nested, level + 1)

    def _connections(self, layer: Any) -> str:
        found = []
        for node in layer._inbound_nodes:
            if node not in self.nodes:
                continue
            for tensor in node.inputs:
                operation, index, place = tensor._keras_history
                found.append(f"{operation.name}[{index}][{place}]")
        return ", ".join(found) or "-"

    def lines(self) -> list[str]:
        found = [self._rule("┏", "━", "┳", "┓"), *self._row(self.header, "┃")]
        found.append(self._rule("┡", "━", "╇", "┩"))
        for index, row in enumerate(self.rows):
            if index:
                found.append(self._rule("├", "─", "┼", "┤"))
            found.extend(self._row(row, "│"))
        found.append(self._rule("└", "─", "┴", "┘"))
        return found

    def _rule(self, left: str, line: str, middle: str, right: str) -> str:
        return left + middle.join(line * (w - 1) for w in self.widths) + right

    def _row(self, cells: list[str], bar: str) -> list[str]:
        wrapped = [
            textwrap.wrap(cell, max(w - 3, 1), break_on_hyphens=False) or [""]
            if len(cell) > w - 3
            else [cell]
            for cell, w in zip(cells, self.widths)
        ]
        found = []
        for index in range(max(map(len, wrapped))):
            parts = [
                f" {(cell[index] if index < len(cell) else ''):{align}{w - 3}} "
                for cell, align, w in zip(wrapped, self.align, self.widths)
            ]
            found.append(bar + bar.join(parts) + bar)
        return found


def _kind(layer: Any) -> str:
    op = getattr(layer, "op", None)
    return getattr(op, "public_name", None) or type(layer).__name__


def _params(layer: Any) -> str:
    if not hasattr(layer, "built"):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _output_shape(layer: Any) -> str:
    nodes = layer._inbound_nodes
    shapes = layer.__dict__.get("_build_shapes_dict")
    if nodes:
        structure = nest.map_structure(
            lambda x: _Text(_shape_text(x.shape)), nodes[-1].structure
        )
    elif not shapes:
        return "?"
    else:
        try:
            found = getattr(layer, "output_shape", None)
            if found is None:
                found = layer.compute_output_shape(**shapes)
            structure = map_shapes(lambda s: _Text(_shape_text(s)), found)
        except Exception:  # a layer of the user's, which may raise anything
            return "?"
    flat = nest.flatten(structure)
    return str(flat[0]) if len(flat) == 1 else str(structure)


class _Text:
    """A text that shows itself without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _shape_text(shape: Any) -> str:
    return f"({', '.join(str(size) for size in tuple(shape))})"


def _totals(model: Any) -> list[str]:
    trainable, other = model.trainable_weights, model.non_trainable_weights
    optimizer = getattr(model, "optimizer", None)
    built = bool(
        getattr(model, "compiled", False)
        and optimizer is not None
        and getattr(optimizer, "built", False)
    )
    slots = list(optimizer.variables) if built else []  # type: ignore[union-attr]
    lines = [
        _total("Total params", [*trainable, *other, *slots]),
        _total("Trainable params", trainable),
        _total("Non-trainable params", other),
    ]
    if built:
        lines.append(_total("Optimizer params", slots))
    return lines


def _total(name: str, weights: list[Any]) -> str:
    size = readable_memory_size(weight_memory_size(weights))
    return f" {name}: {count_params(weights):,} ({size})"


def _bounds(layers: list[Any], layer_range: Any) -> tuple[int, int]:
    """The places of the first layer to list, and of the one after the last."""
    if layer_range is None:
        return 0, len(layers)
    if len(layer_range) != 2:
        raise ValueError(
            "layer_range must be a list or tuple of length 2. Received: layer_range = "
            f"{layer_range} of length {len(layer_range)}"
        )
    if not all(isinstance(name, str) for name in layer_range):
        raise ValueError(
            f"layer_range should contain string type only. Received: {layer_range}"
        )
    first, last = (
        [i for i, layer in enumerate(layers) if re.match(pattern, layer.name)]
        for pattern in layer_range
    )
    if not first or not last:
        raise ValueError(
            "Passed layer_names do not match the layer names in the model. "
            f"Received: {layer_range}"
        )
    if min(first) > max(last):
        return min(last), max(first) + 1
    return min(first), max(last) + 1
