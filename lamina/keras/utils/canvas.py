"""A small drawing surface: rectangles, lines and text, written as PNG or SVG.

Needs nothing but NumPy and `zlib`. Letters are dots of a 5 by 7 matrix.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

_FIRST = 32
# Five columns a character, from the space to the tilde; the lowest bit is the top dot.
_FONT = bytes.fromhex(
    "000000000000005f00000007000700147f147f14242a7f2a12231308646236495522500005030000"
    "001c2241000041221c00082a1c2a0808083e08080050300000080808080800606000002010080402"
    "3e5149453e00427f400042615149462141454b311814127f1027454545393c4a4949300171090503"
    "3649494936064949291e003636000000563600000814224100141414141400412214080201510906"
    "324979413e7e1111117e7f494949363e414141227f4141221c7f494949417f090909013e4149497a"
    "7f0808087f00417f41002040413f017f081422417f404040407f020c027f7f0408107f3e4141413e"
    "7f090909063e4151215e7f09192946464949493101017f01013f4040403f1f2040201f3f4038403f"
    "631408146307087008076151494543007f41410002040810200041417f0004020102044040404040"
    "000102040020545454787f484444383844444420384444487f3854545418087e0901020c5252523e"
    "7f0804047800447d40002040443d007f1028440000417f40007c041804787c080404783844444438"
    "7c14141408081414187c7c080404084854545420043f4440203c4040207c1c2040201c3c4030403c"
    "44281028440c5050503c4464544c44000836410000007f000000413608001008081008"
)
CHAR_WIDTH = 6
CHAR_HEIGHT = 9


def text_width(text: str) -> int:
    """The width of a text in units."""
    return CHAR_WIDTH * len(text)


class Canvas:
    """A white surface that collects shapes.

    Coordinates are in units; a letter is 6 by 9 of them.

    Args:
        width: in units.
        height: in units.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.shapes: list[tuple[Any, ...]] = []

    def rectangle(
        self, x: int, y: int, width: int, height: int, fill: str, edge: str = "#000000"
    ) -> None:
        """Add a filled rectangle with an outline."""
        self.shapes.append(("rectangle", x, y, width, height, fill, edge))

    def line(self, x1: int, y1: int, x2: int, y2: int, color: str = "#000000") -> None:
        """Add a straight line."""
        self.shapes.append(("line", x1, y1, x2, y2, color))

    def arrow(self, x1: int, y1: int, x2: int, y2: int, color: str = "#000000") -> None:
        """Add a line with a head at its end."""
        self.line(x1, y1, x2, y2, color)
        length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-6)
        dx, dy = 6 * (x2 - x1) / length, 6 * (y2 - y1) / length
        for side in (0.5, -0.5):
            self.line(x2, y2, int(x2 - dx - side * dy), int(y2 - dy + side * dx), color)

    def text(self, x: int, y: int, text: str, color: str = "#000000") -> None:
        """Add a text whose top left corner is at `(x, y)`."""
        self.shapes.append(("text", x, y, text, color))

    # ------------------------------------------------------------------ output

    def to_array(self, scale: int = 2) -> np.ndarray[Any, Any]:
        """The picture as `(H, W, 3)` uint8, `scale` pixels a unit."""
        pixels = np.full(
            (self.height * scale, self.width * scale, 3), 255, dtype=np.uint8
        )
        for kind, *shape in self.shapes:
            _DRAW[kind](pixels, scale, *shape)
        return pixels

    def to_svg(self) -> str:
        """The picture as SVG."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
            f'height="{self.height}" font-family="monospace" font-size="9">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
        ]
        for kind, *shape in self.shapes:
            if kind == "rectangle":
                x, y, w, h, fill, edge = shape
                parts.append(
                    f'<rect x="{x}" y="{y}" width="{w}" height="{h}" '
                    f'fill="{fill}" stroke="{edge}"/>'
                )
            elif kind == "line":
                x1, y1, x2, y2, color = shape
                parts.append(
                    f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}"/>'
                )
            else:
                x, y, text, color = shape
                parts.append(
                    f'<text x="{x}" y="{y + 7}" fill="{color}" '
                    f'textLength="{text_width(text)}">{escape(text)}</text>'
                )
        return "\n".join([*parts, "</svg>", ""])

    def save(self, path: str, scale: int = 2) -> None:
        """Write a `.png` or `.svg` file; the file appears whole or not at all.

        Raises:
            ValueError: the name has another ending.
        """
        ending = os.path.splitext(path)[1].lower()
        if ending == ".png":
            data = encode_png(self.to_array(scale))
        elif ending == ".svg":
            data = self.to_svg().encode()
        else:
            raise ValueError(
                "keras.utils.plot_model: expected a file name that ends in .png, .svg "
                f"or .dot. Received: {path!r}."
            )
        write_whole(path, data)


def write_whole(path: str, data: bytes) -> None:
    """Write a file under a temporary name and rename it."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def encode_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """A PNG file of an `(H, W, 3)` uint8 array.

    Reference: ISO/IEC 15948, Portable Network Graphics.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + chunk(b"IEND", b"")
    )


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _draw_rectangle(
    pixels: np.ndarray[Any, Any],
    scale: int,
    x: int,
    y: int,
    width: int,
    height: int,
    fill: str,
    edge: str,
) -> None:
    top, left = y * scale, x * scale
    bottom, right = (y + height) * scale, (x + width) * scale
    pixels[top:bottom, left:right] = _rgb(edge)
    border = max(scale // 2, 1)
    pixels[top + border : bottom - border, left + border : right - border] = _rgb(fill)


def _draw_line(
    pixels: np.ndarray[Any, Any],
    scale: int,
    x1: int,
    y1: int,
    x2: int,
    y2: int,
    color: str,
) -> None:
    count = max(abs(x2 - x1), abs(y2 - y1), 1) * scale + 1
    xs = np.linspace(x1 * scale, x2 * scale, count).round().astype(int)
    ys = np.linspace(y1 * scale, y2 * scale, count).round().astype(int)
    inside = (xs >= 0) & (ys >= 0) & (xs < pixels.shape[1]) & (ys < pixels.shape[0])
    pixels[ys[inside], xs[inside]] = _rgb(color)


def _draw_text(
    pixels: np.ndarray[Any, Any], scale: int, x: int, y: int, text: str, color: str
) -> None:
    for place, letter in enumerate(text):
        code = ord(letter) - _FIRST
        if not 0 <= code < len(_FONT) // 5:
            code = ord("?") - _FIRST
        for column in range(5):
            bits = _FONT[5 * code + column]
            left = (x + CHAR_WIDTH * place + column) * scale
            for row in range(8):
                if bits >> row & 1:
                    top = (y + row) * scale
                    pixels[top : top + scale, left : left + scale] = _rgb(color)


_DRAW = {"rectangle": _draw_rectangle, "line": _draw_line, "text": _draw_text}
