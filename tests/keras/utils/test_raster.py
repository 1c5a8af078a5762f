"""Pictures without a graphics library."""

import struct
import zlib

import numpy as np
import pytest

from lamina.keras.utils.raster import BLACK, Canvas, text_height, text_width


def decode(data):
    """The pixels of a PNG file with unfiltered RGB rows."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8)
    return rows.reshape(height, -1)[:, 1:].reshape(height, width, 3)


def test_a_png_holds_the_pixels(tmp_path):
    canvas = Canvas(20, 10, (1, 2, 3))
    canvas.rectangle(2, 2, 6, 6, (200, 0, 0), BLACK)
    np.testing.assert_array_equal(decode(canvas.png()), canvas.pixels)
    assert canvas.pixels[3, 3].tolist() == [200, 0, 0]
    assert canvas.pixels[2, 2].tolist() == [0, 0, 0]
    assert canvas.pixels[9, 19].tolist() == [1, 2, 3]
    canvas.save(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes() == canvas.png()
    assert [each.name for each in tmp_path.iterdir()] == ["picture.png"]


def test_lines_and_arrows_stay_inside():
    canvas = Canvas(20, 20)
    canvas.line([(-50, -50), (70, 70)], BLACK, 2.0)
    assert canvas.pixels[10, 10].tolist() == [0, 0, 0]
    assert canvas.pixels[2, 18].tolist() == [255, 255, 255]
    canvas.line([(100, 100), (200, 200)])
    canvas.arrow(2, 18, 18, 18)
    assert (canvas.pixels[18, 4:16] < 128).all()


def test_text():
    assert (text_width("ab"), text_height()) == (11, 8)
    assert text_width("") == 0
    canvas = Canvas(40, 20)
    canvas.text(20, 10, "I?é", anchor="cm")
    dark = np.argwhere(canvas.pixels[..., 0] == 0)
    assert dark[:, 1].min() >= 20 - 9
    assert dark[:, 1].max() <= 20 + 9
    canvas.text(38, 18, "outside")


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        Canvas(2, 2).save(tmp_path / "missing" / "picture.png")
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError):
        Canvas(2, 2).save(target)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]
