"""Which decoder a picture's bytes go to, and how large what comes out of it may be.

A format is told by content, never by name, and opened by its own decoder alone. Sizes are compared before any pixel is
decoded: memory is bounded by `MAX_PIXELS`, whatever a file holds.
"""

from __future__ import annotations

import importlib
import io
import math
from collections.abc import Callable
from typing import Any

from PIL import Image, PngImagePlugin, features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from gigs.errors import InputError

MIN_SIDE = 32
MAX_PIXELS = 50_000_000  # of what is decoded
MAX_IN_FILE = 250_000_000  # of a JPEG, which is reduced while it is decoded: phones take 200 megapixels
MAX_COEFFICIENTS = 400 << 20  # bytes: of a progressive JPEG the decoder holds them all, however far it reduces
MAX_BYTES = 100 << 20
MAX_ASPECT = 8.0
SCALES = (2, 4, 8)  # by which JPEG's decoder reduces
READ = "JPEG, PNG, WebP and AVIF"
# fmt: off
# Pillow's openers, straight: Image.open warns of large pictures before they can be refused, and to silence a warning
# is not safe among threads.
JPEG = b"\xff\xd8\xff"
OPENERS: dict[bytes, Callable[[io.BytesIO], ImageFile]] = {
    JPEG: JpegImageFile, b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile, b"RIFF": WebPImageFile,
}
OTHER_KINDS = {
    b"GIF8": "GIF", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"%PDF": "PDF", b"%!PS": "EPS", b"BM": "BMP",
    b"SIMPLE": "FITS", b"PK\x03\x04": "ZIP", b"<svg": "SVG", b"<?xml": "XML or SVG", b"8BPS": "Photoshop",
}
# Brands of the boxes that HEIC and AVIF share; mif1 and msf1 say only that there is a picture or a sequence in it.
AVIF_BRANDS = frozenset((b"avif", b"avis"))
HEIC_BRANDS = frozenset((
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1", b"miaf",
))
# fmt: on
HEIC_PLUGIN = ("pillow_heif", "pillow_heif.as_plugin")
WITHOUT_PLUGIN = {
    "HEIC": "install its reader (pip install pillow-heif), or export the photo as JPEG: on an iPhone, Settings, "
    "Camera, Formats, Most Compatible",
    "AVIF": "this Pillow was built without AVIF: install another (pip install -U pillow), or save the photo as JPEG",
}


def kind_of(content: bytes) -> str | None:
    """`"HEIC"` or `"AVIF"` by the brands in a file's first box; None for a file without."""
    if content[4:8] != b"ftyp":
        return None
    end = min(max(int.from_bytes(content[:4], "big"), 16), 4096, len(content))
    brands = {content[8:12], *(content[place : place + 4] for place in range(16, end, 4))}
    return "AVIF" if brands & AVIF_BRANDS else "HEIC" if brands & HEIC_BRANDS else None


def opener_of(content: bytes) -> Callable[[io.BytesIO], ImageFile] | None:
    """The decoder for these bytes; None where no format is known, or its plug-in is missing (`refusal_of`)."""
    for start, opener in OPENERS.items():
        if content.startswith(start):
            return opener
    kind = kind_of(content)
    if kind == "AVIF":
        return AvifImageFile if features.check("avif") else None
    return _heif_opener() if kind == "HEIC" else None


def _heif_opener() -> Callable[[io.BytesIO], ImageFile] | None:
    """The plug-in's decoder, where it is installed."""
    for name in HEIC_PLUGIN:
        try:
            opener: Any = getattr(importlib.import_module(name), "HeifImageFile", None)
        except ImportError:
            return None
        if opener is not None:
            return opener  # type: ignore[no-any-return]
    return None


def refusal_of(content: bytes) -> str:
    """What a refused file is, by its first bytes, and what to do."""
    head = content[:16].lstrip()
    for signature, kind in OTHER_KINDS.items():
        if head.startswith(signature):
            return f"this is a {kind} file; gigs reads {READ}"
    if (modern := kind_of(content)) is not None:
        return f"this is {'an' if modern == 'AVIF' else 'a'} {modern} file; {WITHOUT_PLUGIN[modern]}"
    is_text = set(content[:512]).isdisjoint(range(9))  # bytes that text does not hold
    return f"{'this is text, not a picture' if is_text else 'not a picture in a known format'}; gigs reads {READ}"


def within_bounds(image: Image.Image, name: str) -> Image.Image:
    """A picture whose pixels may be decoded: itself, a JPEG set to be reduced while it is, or one in memory, reduced.

    Raises:
        InputError: It is too large, too small or too narrow; the message says what to do.
    """
    width, height = image.size
    shape, pixels = f"{name}: {width} x {height} pixels is too", width * height
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{shape} small (each side needs at least {MIN_SIDE}); give a larger photo")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{shape} narrow for a product photo (at most {MAX_ASPECT:g}:1); cut it to the product")
    if isinstance(image, JpegImageFile) and image.tile and _coefficients(image) > MAX_COEFFICIENTS:
        raise InputError(f"{shape} large for a progressive JPEG; save it as an ordinary (baseline) one, or smaller")
    if pixels <= MAX_PIXELS:
        return image
    in_memory = not getattr(image, "tile", ()) and not isinstance(image, ImageFile)
    if pixels > MAX_IN_FILE or not (in_memory or isinstance(image, JpegImageFile)):
        most, as_jpeg = MAX_PIXELS // 1_000_000, MAX_IN_FILE // 1_000_000
        raise InputError(
            f"{shape} large (at most {most} megapixels, or {as_jpeg} as JPEG, which is reduced); "
            "save it smaller, or as JPEG"
        )
    if not isinstance(image, JpegImageFile) or not image.tile:
        return image.reduce(math.ceil(math.sqrt(pixels / MAX_PIXELS)))
    scale = next(scale for scale in SCALES if math.ceil(width / scale) * math.ceil(height / scale) <= MAX_PIXELS)
    image.draft(None, (width // scale, height // scale))
    return image


def _coefficients(image: JpegImageFile) -> int:
    """Bytes that the decoder takes to hold all of a JPEG's coefficients; 0 where it does not, reading line by line."""
    if not image.info.get("progressive") and not _in_several_scans(image):
        return 0
    across, down = max(layer[1] for layer in image.layer), max(layer[2] for layer in image.layer)
    shares = sum(layer[1] * layer[2] / (across * down) for layer in image.layer)
    return round(2 * image.width * image.height * shares)


def _in_several_scans(image: JpegImageFile) -> bool:
    """Whether a JPEG that is not progressive has its colours in scans of their own: the decoder holds all then too."""
    file: Any = image.fp
    before = file.tell()
    try:
        file.seek(2)
        for _ in range(10_000):
            marker, length = file.read(2), file.read(2)
            if len(length) < 2 or marker[0] != 0xFF:
                return False  # the decoder will say what is wrong
            if marker[1] == 0xDA:
                return bool(file.read(1)[:1] < bytes([len(image.layer)]))
            file.seek(int.from_bytes(length, "big") - 2, io.SEEK_CUR)
        return True
    finally:
        file.seek(before)
