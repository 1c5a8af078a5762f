"""`plot_model` and `model_to_dot`: pictures of models, without Graphviz."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from lamina.engine import nest
from lamina.keras.common.standardize import map_shapes
from lamina.keras.layers.base import Layer
from lamina.keras.utils.raster import BLACK, WHITE, Canvas, text_height, text_width

_HEAD = (31, 41, 55)
_BODY = (243, 244, 246)
_GAP = 28
_PAD = 6
_LINE = text_height() + 4


class Box(NamedTuple):
    """One operation of the picture: its title, lines below it, and its place."""

    key: str
    title: str
    lines: tuple[str, ...]
    rank: int


class Drawing:
    """The boxes and arrows of a model.

    Attributes:
        boxes: the operations.
        edges: pairs of keys of boxes.
        rankdir: `"TB"` from top to bottom, `"LR"` from left to right.
        dpi: pixels an inch of a picture; 100 is one pixel for each dot of a letter.
        subgraph: whether it is part of another drawing.

    Reference: stands in for the `pydot.Dot` that Keras returns.
    """

    def __init__(
        self, name: str, rankdir: str, dpi: int = 200, subgraph: bool = False
    ) -> None:
        self.name = name
        self.rankdir = rankdir
        self.dpi = dpi
        self.subgraph = subgraph
        self.boxes: list[Box] = []
        self.edges: list[tuple[str, str]] = []

    def to_string(self) -> str:
        """The picture in Graphviz's DOT language."""
        kind = "subgraph" if self.subgraph else "digraph"
        name = f"cluster_{self.name}" if self.subgraph else self.name
        lines = [f'{kind} "{name}" {{', f"  rankdir={self.rankdir};"]
        lines.append('  node [shape=box, fontname="Helvetica"];')
        for box in self.boxes:
            label = "\\n".join((box.title, *box.lines)).replace('"', '\\"')
            lines.append(f'  "{box.key}" [label="{label}"];')
        lines += [f'  "{start}" -> "{end}";' for start, end in self.edges]
        return "\n".join([*lines, "}", ""])

    def to_canvas(self) -> Canvas:
        """The picture: one row (or column) of boxes for each rank."""
        return _Layout(self, max(1, round(self.dpi / 100))).draw()

    def write(self, path: Any) -> None:
        """Write a `.png` or `.dot` file.

        Raises:
            ValueError: the name has another ending.
        """
        path = os.fspath(path)
        ending = os.path.splitext(path)[1].lower()
        if ending == ".dot":
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.to_string())
        elif ending == ".png":
            self.to_canvas().save(path)
        else:
            raise ValueError(
                "keras.utils.plot_model: expected a file name that ends in .png or "
                f".dot. Received: {path!r}."
            )

    def write_png(self, path: Any) -> None:
        """Write a PNG file."""
        self.to_canvas().save(path)


class _Layout:
    """Where the boxes of a drawing stand; arrows over several ranks get own lanes."""

    def __init__(self, drawing: Drawing, scale: int) -> None:
        self.drawing = drawing
        self.scale = scale
        self.vertical = drawing.rankdir in ("TB", "BT")
        self.sizes = {box.key: self._size(box) for box in drawing.boxes}
        self.lanes: dict[tuple[str, str], list[str]] = {}
        self.rows = self._rows()
        self.places: dict[str, tuple[int, int]] = {}
        self.extent = self._place()

    def _size(self, box: Box) -> tuple[int, int]:
        width = max(text_width(line) for line in (box.title, *box.lines)) + 2 * _PAD
        return width, _LINE * (1 + len(box.lines)) + 2 * _PAD

    def _rows(self) -> list[list[str]]:
        ranks = {box.key: box.rank for box in self.drawing.boxes}
        rows: list[list[str]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
        for key, rank in ranks.items():
            rows[rank].append(key)
        for edge in self.drawing.edges:
            start, end = edge
            lane = []
            for rank in range(ranks[start] + 1, ranks[end]):
                name = f"{start}\0{end}\0{rank}"
                rows[rank].append(name)
                self.sizes[name] = (_PAD, _PAD)
                lane.append(name)
            self.lanes[edge] = lane
        return [row for row in rows if row]

    def _place(self) -> tuple[int, int]:
        across, along = (0, 1) if self.vertical else (1, 0)
        breadths = [
            sum(self.sizes[key][across] for key in row) + _GAP * (len(row) - 1)
            for row in self.rows
        ]
        total = max(breadths, default=0)
        backwards = self.drawing.rankdir in ("BT", "RL")
        order = list(zip(self.rows, breadths, strict=True))
        offset = _GAP // 2
        for row, breadth in reversed(order) if backwards else order:
            position = (_GAP + total - breadth) // 2
            depth = max(self.sizes[key][along] for key in row)
            for key in row:
                spot = (position, offset + (depth - self.sizes[key][along]) // 2)
                self.places[key] = spot if self.vertical else (spot[1], spot[0])
                position += self.sizes[key][across] + _GAP
            offset += depth + _GAP
        length = offset - _GAP // 2
        return (total + _GAP, length) if self.vertical else (length, total + _GAP)

    def _port(self, key: str, towards: str) -> tuple[int, int]:
        """The middle of the side of a box that faces another box."""
        (x, y), (width, height) = self.places[key], self.sizes[key]
        other_x, other_y = self.places[towards]
        if self.vertical:
            return x + width // 2, y + height if other_y > y else y
        return x + width if other_x > x else x, y + height // 2

    def draw(self) -> Canvas:
        scale = self.scale
        canvas = Canvas(self.extent[0] * scale, self.extent[1] * scale)
        for edge, lane in self.lanes.items():
            keys = [edge[0], *lane, edge[1]]
            points = [self._port(keys[0], keys[1])]
            for before, key, after in zip(keys, keys[1:], keys[2:], strict=False):
                points += [self._port(key, before), self._port(key, after)]
            points.append(self._port(keys[-1], keys[-2]))
            scaled = [(x * scale, y * scale) for x, y in points]
            canvas.line(scaled[:-1], BLACK, 1.2)
            canvas.arrow(*scaled[-2], *scaled[-1])
        for box in self.drawing.boxes:
            self._draw_box(canvas, box)
        return canvas

    def _draw_box(self, canvas: Canvas, box: Box) -> None:
        scale = self.scale
        (x, y), (width, height) = self.places[box.key], self.sizes[box.key]
        left, top, right = x * scale, y * scale, (x + width) * scale
        head = _LINE + _PAD if box.lines else height
        canvas.rectangle(left, top, right, (y + height) * scale, _BODY, BLACK)
        canvas.rectangle(left, top, right, (y + head) * scale, _HEAD, BLACK)
        middle = (y + head / 2) * scale
        canvas.text((left + right) / 2, middle, box.title, WHITE, scale, "cm")
        for index, line in enumerate(box.lines):
            line_top = (y + head + _PAD // 2 + index * _LINE) * scale
            canvas.text(left + _PAD * scale, line_top, line, BLACK, scale)


class _Options(NamedTuple):
    shapes: bool
    dtype: bool
    names: bool
    nested: bool
    activations: bool
    trainable: bool


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Drawing:
    """The boxes and arrows of a model.

    Args:
        model: a built model.
        show_shapes: whether boxes show input and output shapes.
        show_dtype: whether boxes show output dtypes.
        show_layer_names: whether boxes show names beside classes.
        rankdir: `"TB"`, `"BT"`, `"LR"` or `"RL"`.
        expand_nested: whether the layers of nested models are drawn.
        dpi: pixels an inch; 100 is one pixel for each dot of a letter.
        subgraph: whether the DOT text is that of a cluster, for another drawing.
        show_layer_activations: whether boxes show activation functions.
        show_trainable: whether boxes show if a layer is trained.
        **kwargs: none are known.

    Raises:
        ValueError: the model is not built, or an argument is unknown.

    Reference: `keras.utils.model_to_dot`. Returns a `Drawing`, not a `pydot.Dot`.
    """
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
    if rankdir not in ("TB", "BT", "LR", "RL"):
        raise ValueError(
            "keras.utils.model_to_dot: expected rankdir 'TB', 'BT', 'LR' or 'RL'. "
            f"Received: rankdir={rankdir!r}."
        )
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling "
            "`build()` or by calling the model on a batch of data."
        )
    options = _Options(
        show_shapes,
        show_dtype,
        show_layer_names,
        expand_nested,
        show_layer_activations,
        show_trainable,
    )
    drawing = Drawing(model.name, rankdir, dpi, subgraph)
    _add_model(drawing, model, options, "", 0)
    return drawing


def _graph_of(model: Any) -> Any:
    """The recorded graph of a Functional or built Sequential model, or `None`."""
    if getattr(model, "_graph", None) is not None:
        return model
    return model.__dict__.get("_functional")


def _add_model(
    drawing: Drawing, model: Any, options: _Options, prefix: str, rank: int
) -> tuple[list[str], list[str], int]:
    """Add a model's boxes; return those at its start, at its end, and the next rank."""
    graph = _graph_of(model)
    if graph is None:
        return _add_stack(drawing, model.layers, options, prefix, rank)
    firsts: dict[int, list[str]] = {}
    lasts: dict[int, list[str]] = {}
    ends: dict[int, int] = {}
    members = {n for nodes in graph._nodes_by_depth.values() for n in nodes}
    starts: list[str] = []
    last_rank = rank
    for operation in graph._operations:
        parents = []
        for node in operation._inbound_nodes:
            if node in members:
                parents += [t._keras_history.operation for t in node.inputs]
        at = max((ends[id(p)] for p in parents if id(p) in ends), default=rank)
        inner = isinstance(operation, Layer) and hasattr(operation, "layers")
        if options.nested and inner and operation.layers:
            first, last, end = _add_model(
                drawing, operation, options, f"{prefix}{operation.name}/", at
            )
        else:
            box = _box(operation, options, prefix, at)
            drawing.boxes.append(box)
            first, last, end = [box.key], [box.key], at + 1
        firsts[id(operation)], lasts[id(operation)] = first, last
        ends[id(operation)] = end
        last_rank = max(last_rank, end)
        known = [p for p in parents if id(p) in lasts]
        if not known:
            starts += first
        for parent in known:
            for start in lasts[id(parent)]:
                for target in first:
                    if (start, target) not in drawing.edges:
                        drawing.edges.append((start, target))
    outputs = [k for t in graph.outputs for k in lasts[id(t._keras_history.operation)]]
    return starts, outputs, last_rank


def _add_stack(
    drawing: Drawing, layers: list[Any], options: _Options, prefix: str, rank: int
) -> tuple[list[str], list[str], int]:
    first: list[str] = []
    last: list[str] = []
    for layer in layers:
        box = _box(layer, options, prefix, rank)
        drawing.boxes.append(box)
        drawing.edges += [(key, box.key) for key in last]
        first, last, rank = first or [box.key], [box.key], rank + 1
    return first, last, rank


def _box(operation: Any, options: _Options, prefix: str, rank: int) -> Box:
    kind = type(operation).__name__
    op = getattr(operation, "op", None)
    if op is not None and hasattr(op, "public_name"):
        kind = op.public_name
    title = f"{operation.name} ({kind})" if options.names else kind
    lines = []
    activation = getattr(operation, "activation", None)
    if options.activations and activation is not None:
        name = getattr(activation, "__name__", type(activation).__name__)
        lines.append(f"Activation: {name}")
    nodes = operation._inbound_nodes
    if options.dtype and nodes:
        names = {str(t.dtype.name) for t in nodes[0].outputs}
        lines.append(f"Output dtype: {', '.join(sorted(names))}")
    if options.shapes:
        lines.append(f"Input shape: {_shapes(operation, 'inputs')}")
        lines.append(f"Output shape: {_shapes(operation, 'outputs')}")
    if options.trainable and isinstance(operation, Layer):
        lines.append("Trainable" if operation.trainable else "Non-trainable")
    return Box(prefix + operation.name, title, tuple(lines), rank)


def _shapes(operation: Any, side: str) -> str:
    nodes = operation._inbound_nodes
    if nodes:
        shapes = [str(tuple(t.shape)) for t in getattr(nodes[0], side)]
        return ", ".join(shapes) or "-"
    built = operation.__dict__.get("_build_shapes_dict")
    if not built:
        return "?"
    try:
        found = built if side == "inputs" else operation.compute_output_shape(**built)
        texts = nest.flatten(map_shapes(str, found))
    except Exception:  # a layer of the user's, which may raise anything
        return "?"
    return ", ".join(texts)


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Drawing:
    """Draw a model into a picture file.

    Args:
        model: a built model.
        to_file: the file; `.png` or `.dot`.
        show_shapes: whether boxes show input and output shapes.
        show_dtype: whether boxes show output dtypes.
        show_layer_names: whether boxes show names beside classes.
        rankdir: `"TB"`, `"BT"`, `"LR"` or `"RL"`.
        expand_nested: whether the layers of nested models are drawn.
        dpi: pixels an inch; 100 is one pixel for each dot of a letter.
        show_layer_activations: whether boxes show activation functions.
        show_trainable: whether boxes show if a layer is trained.
        **kwargs: none are known.

    Returns:
        The `Drawing`.

    Raises:
        ValueError: the model is not built, or the file has another ending.

    Reference: `keras.utils.plot_model`. Needs neither Graphviz nor pydot.
    """
    drawing = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        **kwargs,
    )
    drawing.write(to_file)
    return drawing
