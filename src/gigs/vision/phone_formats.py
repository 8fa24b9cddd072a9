"""HEIC and AVIF, the formats of phones and the web: recognised by their brands, read if there is a decoder.

Both consist of nested boxes, and one box says how to turn the picture. The Exif record repeats this but must be
ignored. It can be malicious, so it is hidden from the decoder.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import Any

from PIL import features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.ImageFile import ImageFile

from gigs.vision.picture_files import Parts

Opener = Callable[[io.BytesIO], ImageFile]
AVIF_BRANDS = frozenset((b"avif", b"avis"))
# mif1 and msf1 say only that there is a picture, or a sequence of them.
HEIC_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1 miaf".split())
LONGEST_BRANDS, MOST_BOXES = 4096, 1000
HEIC_PLUGIN = ("pillow_heif", "pillow_heif.as_plugin")
WITHOUT_PLUGIN = {
    "HEIC": "a HEIC file; install its reader (pip install pillow-heif), or export the photo as JPEG: on an iPhone, "
    "Settings, Camera, Formats, Most Compatible",
    "AVIF": "an AVIF file; this Pillow was built without AVIF: install another (pip install -U pillow), or save the "
    "photo as JPEG",
}


def kind_of(content: bytes) -> str | None:
    """`"HEIC"` or `"AVIF"` by the brands in a file's first box; None for other files."""
    if content[4:8] != b"ftyp":
        return None
    end = min(max(int.from_bytes(content[:4], "big"), 16), LONGEST_BRANDS, len(content))
    brands = {content[8:12], *(content[place : place + 4] for place in range(16, end, 4))}
    return "AVIF" if brands & AVIF_BRANDS else "HEIC" if brands & HEIC_BRANDS else None


def opener_of(kind: str | None) -> Opener | None:
    """The decoder of a format, if it is installed."""
    if kind == "AVIF":
        return AvifImageFile if features.check("avif") else None
    for name in HEIC_PLUGIN if kind == "HEIC" else ():
        try:
            opener: Any = getattr(importlib.import_module(name), "HeifImageFile", None)
        except ImportError:
            return None
        if opener is not None:
            return opener
    return None


def heif_parts(content: bytes) -> Parts:
    """The file with its Exif record renamed, so that no decoder finds it."""
    place = 0
    for _ in range(MOST_BOXES):
        size, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if size == 1:
            size = int.from_bytes(content[place + 8 : place + 16], "big")
        end = len(content) if size == 0 else place + size
        if kind == b"meta":
            box = content[place:end]
            return Parts(content[:place] + box.replace(b"Exif", b"----") + content[end:])
        if (size < 8 and size != 0) or end >= len(content):
            break
        place = end
    return Parts(content)
