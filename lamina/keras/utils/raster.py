"""Small pictures without a graphics library: lines, boxes, text, PNG files.

Reference: W3C, Portable Network Graphics (PNG) Specification, second edition, 2003.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from lamina.keras.saving.archive import replacing
from lamina.keras.utils import glyphs

Colour = tuple[int, int, int]
WHITE: Final[Colour] = (255, 255, 255)
BLACK: Final[Colour] = (0, 0, 0)

_SPACING: Final = 1
_SHIFTS: Final = {"l": 0.0, "c": 0.5, "r": 1.0, "t": 0.0, "m": 0.5, "b": 1.0}


class Canvas:
    """A picture of RGB pixels, the origin in the upper left corner.

    Args:
        width: pixels across.
        height: pixels down.
        background: the colour it begins with.
    """

    def __init__(self, width: int, height: int, background: Colour = WHITE) -> None:
        self.pixels = np.empty((height, width, 3), np.uint8)
        self.pixels[:] = background

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

    def rectangle(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        fill: Colour | None = None,
        outline: Colour | None = None,
    ) -> None:
        """Fills a box, draws its border, or both."""
        left, right = sorted((round(x0), round(x1)))
        top, bottom = sorted((round(y0), round(y1)))
        left, top = max(left, 0), max(top, 0)
        if fill is not None:
            self.pixels[top:bottom, left:right] = fill
        if outline is not None:
            for edge in (top, bottom - 1):
                self.pixels[edge : edge + 1, left:right] = outline
            for edge in (left, right - 1):
                self.pixels[top:bottom, edge : edge + 1] = outline

    def line(
        self,
        points: Sequence[tuple[float, float]],
        colour: Colour = BLACK,
        width: float = 1.0,
    ) -> None:
        """Draws straight lines from point to point, with smooth edges."""
        for (x0, y0), (x1, y1) in pairwise(points):
            self._segment(x0, y0, x1, y1, colour, width)

    def arrow(
        self, x0: float, y0: float, x1: float, y1: float, colour: Colour = BLACK
    ) -> None:
        """Draws a line with a filled head at its end."""
        length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
        along = np.array([x1 - x0, y1 - y0]) / length
        across = np.array([-along[1], along[0]])
        base = np.array([x1, y1]) - along * min(7.0, length)
        self._segment(x0, y0, base[0], base[1], colour, 1.2)
        for offset in np.linspace(-3.0, 3.0, 13):
            x, y = base + across * offset
            self._segment(x, y, x1, y1, colour, 1.0)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        colour: Colour = BLACK,
        size: int = 1,
        anchor: str = "lt",
    ) -> None:
        """Writes one line of ASCII text.

        Args:
            x: where it stands.
            y: where it stands.
            text: the characters.
            colour: of the dots.
            size: pixels of a dot of the font.
            anchor: what of the text is at ``(x, y)``: ``l``, ``c`` or ``r`` for left,
                centre, right; then ``t``, ``m`` or ``b`` for top, middle, bottom.
        """
        left = round(x - _SHIFTS[anchor[0]] * text_width(text, size))
        top = round(y - _SHIFTS[anchor[1]] * text_height(size))
        for position, character in enumerate(text):
            start = left + position * (glyphs.WIDTH + _SPACING) * size
            for column, bits in enumerate(glyphs.columns(character)):
                for row in range(glyphs.HEIGHT):
                    if bits >> row & 1:
                        self._dot(start + column * size, top + row * size, colour, size)

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        rows = self.pixels.reshape(self.height, -1)
        filtered = np.zeros((self.height, rows.shape[1] + 1), np.uint8)
        filtered[:, 1:] = rows
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return b"".join(
            [
                b"\x89PNG\r\n\x1a\n",
                _chunk(b"IHDR", header),
                _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9)),
                _chunk(b"IEND", b""),
            ]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a PNG file: all of it, or nothing."""
        with replacing(path) as temporary:
            Path(temporary).write_bytes(self.png())

    def _dot(self, x: int, y: int, colour: Colour, size: int) -> None:
        if x >= 0 and y >= 0:
            self.pixels[y : y + size, x : x + size] = colour

    def _segment(
        self, x0: Any, y0: Any, x1: Any, y1: Any, colour: Colour, width: float
    ) -> None:
        """Mixes the colour into each pixel by its distance from the segment."""
        reach = width / 2 + 1
        left = int(max(min(x0, x1) - reach, 0))
        right = int(min(max(x0, x1) + reach + 1, self.width))
        top = int(max(min(y0, y1) - reach, 0))
        bottom = int(min(max(y0, y1) + reach + 1, self.height))
        if left >= right or top >= bottom:
            return
        ys, xs = np.mgrid[top:bottom, left:right] + 0.5
        dx, dy = x1 - x0, y1 - y0
        squared = dx * dx + dy * dy
        along = 0.0 if squared == 0 else ((xs - x0) * dx + (ys - y0) * dy) / squared
        along = np.clip(along, 0.0, 1.0)
        distance = np.hypot(xs - (x0 + along * dx), ys - (y0 + along * dy))
        cover = np.clip(width / 2 + 0.5 - distance, 0.0, 1.0)[..., None]
        part = self.pixels[top:bottom, left:right]
        part[:] = np.round(part * (1 - cover) + np.array(colour) * cover)


def text_width(text: str, size: int = 1) -> int:
    """The pixels across a text."""
    return max(len(text) * (glyphs.WIDTH + _SPACING) - _SPACING, 0) * size


def text_height(size: int = 1) -> int:
    """The pixels down a line of text."""
    return glyphs.HEIGHT * size


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
