"""Pictures for the tests of images.py, and files that Pillow itself would not write."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gigs.errors import InputError
from gigs.vision import images

RED, WHITE = (200, 30, 40), (255, 255, 255)
QUADRANTS = {"top left": RED, "top right": (20, 160, 60), "bottom left": (30, 60, 200), "bottom right": (230, 210, 40)}


def quadrants(width: int = 60, height: int = 90) -> Image.Image:
    picture = Image.new("RGB", (width, height), QUADRANTS["top left"])
    picture.paste(QUADRANTS["top right"], (width // 2, 0, width, height))
    picture.paste(QUADRANTS["bottom left"], (0, height // 2, width // 2, height))
    picture.paste(QUADRANTS["bottom right"], (width // 2, height // 2, width, height))
    return picture


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def png16(values: np.ndarray, colour: int, extra: bytes = b"") -> bytes:
    """16-bit PNG of `[H,W]` or `[H,W,C]` values; Pillow writes no such colour files."""
    big = values.astype(">u2").reshape(len(values), -1)
    return png(values.shape[1], len(values), 16, colour, b"".join(b"\0" + row.tobytes() for row in big), extra)


def pixel(picture: Image.Image, x: int = 40, y: int = 40) -> tuple[int, ...]:
    return picture.getpixel((x, y))


def close(one, other, tolerance: int) -> bool:
    return max(abs(int(a) - int(b)) for a, b in zip(one, other, strict=True)) <= tolerance


def refusal(content: bytes, name: str = "shirt.jpg") -> str:
    with pytest.raises(InputError) as caught:
        images.decode_photo(content, name)
    message = str(caught.value)
    assert message.startswith(name) and "\n" not in message
    return message
