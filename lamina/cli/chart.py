"""Training curves as a picture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from lamina.keras.utils.raster import Canvas, Colour

_COLOURS: Final[tuple[Colour, ...]] = ((31, 119, 180), (255, 127, 14))
_GREY: Final[Colour] = (215, 215, 215)
_INK: Final[Colour] = (40, 40, 40)
_PANEL: Final = (400, 300)
_MARGIN: Final = {"left": 58, "right": 16, "top": 34, "bottom": 40}
_TICKS: Final = 5


def training_curve(
    history: Mapping[str, Sequence[float]], path: str | os.PathLike[str]
) -> None:
    """Draws each metric with its validation counterpart, one panel a metric.

    Args:
        history: values by epoch of each metric, as in ``History.history``.
        path: the PNG file to write.
    """
    metrics = [name for name in history if not name.startswith("val_")]
    canvas = Canvas(_PANEL[0] * len(metrics), _PANEL[1])
    for index, name in enumerate(metrics):
        curves = {"training": history[name]}
        if f"val_{name}" in history:
            curves["validation"] = history[f"val_{name}"]
        _panel(canvas, index * _PANEL[0], name, curves)
    canvas.save(path)


def _panel(
    canvas: Canvas, offset: int, title: str, curves: Mapping[str, Sequence[float]]
) -> None:
    left, right = offset + _MARGIN["left"], offset + _PANEL[0] - _MARGIN["right"]
    top, bottom = _MARGIN["top"], _PANEL[1] - _MARGIN["bottom"]
    values = np.concatenate([np.asarray(curve, float) for curve in curves.values()])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.05 * (high - low) or 0.5
    low, high = low - margin, high + margin
    epochs = max(len(curve) for curve in curves.values())

    def place(epoch: int, value: float) -> tuple[float, float]:
        x = left + (right - left) * (epoch / max(epochs - 1, 1))
        return x, bottom - (bottom - top) * (value - low) / (high - low)

    canvas.text((left + right) / 2, 12, title, _INK, 2, "ct")
    for value in _round_values(low, high):
        y = place(0, value)[1]
        canvas.line([(left, y), (right, y)], _GREY)
        canvas.text(left - 6, y, f"{value:.3g}", _INK, 1, "rm")
    for epoch in sorted({round(e) for e in np.linspace(0, epochs - 1, _TICKS)}):
        canvas.text(place(epoch, low)[0], bottom + 8, str(epoch + 1), _INK, 1, "ct")
    canvas.text((left + right) / 2, bottom + 24, "epoch", _INK, 1, "ct")
    canvas.rectangle(left, top, right, bottom, outline=_INK)
    for row, (label, curve) in enumerate(curves.items()):
        colour = _COLOURS[row % len(_COLOURS)]
        points = [place(epoch, float(value)) for epoch, value in enumerate(curve)]
        canvas.line([point for point in points if np.isfinite(point[1])], colour, 2.0)
        y = (top + bottom) / 2 + 14 * row
        canvas.line([(right - 90, y), (right - 74, y)], colour, 2.0)
        canvas.text(right - 68, y, label, _INK, 1, "lm")


def _round_values(low: float, high: float) -> list[float]:
    """A few round numbers between two limits."""
    rough = (high - low) / _TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = np.ceil(low / step)
    count = int(np.floor(high / step) - first) + 1
    return [float((first + index) * step) for index in range(count)]
