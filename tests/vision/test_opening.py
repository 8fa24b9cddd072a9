"""What a decoder is given of a file, and what is counted before it sees any. Rows 2, 5 and 38."""

from __future__ import annotations

import io
import os
import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import gigs
from gigs.errors import ModelError
from gigs.vision import images
from gigs.vision.opening import own_picture, read_own_picture
from gigs.vision.picture_files import jpeg_parts
from tests.faults.test_pictures import growth, linux
from tests.helpers.pictures import chunk, encoded, png, quadrants, refusal

COMMENT = b"\xff\xfe\x00\x02"
SIDEWAYS = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHHI", 0x0112, 3, 1, 6, 0, 0)


def many_scans(copies: int, between: bytes = b"", side: int = 600) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    content = encoded(quadrants(side, side), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    scan = content[last:-2]
    return content[:last] + (between + scan) * copies + b"\xff\xd9"


def refused_at_once(content: bytes, match: str) -> None:
    started = time.perf_counter()
    assert re.search(match, refusal(content))
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("between", [b"", COMMENT, b"\xff\xfe\x00\x04\xff\xd9", b"\xff\xff\xff", b"\xff\xd0\0\0"])
def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded(between):
    """Also where a comment holds what looks like the picture's end, or filling and restarts lie between."""
    refused_at_once(many_scans(25_000, between), "passes over its pixels")


def test_scans_over_many_pixels_are_refused_earlier():
    content = bytearray(many_scans(30, side=64))
    frame = content.index(b"\xff\xc2")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 7000, 7000)
    assert "passes over" in refusal(bytes(content))


def test_photos_as_cameras_and_the_web_store_them_are_read():
    rng = np.random.default_rng(0)
    noisy = Image.fromarray(rng.integers(0, 256, (300, 200, 3), dtype=np.uint8))
    for options in ({"progressive": True}, {"restart_marker_blocks": 1}, {"optimize": True, "quality": 100}):
        content = encoded(noisy, "JPEG", comment=b"by hand", **options)
        plain = Image.open(io.BytesIO(content)).convert("RGB")
        assert images.decode_photo(content, "a.jpg").tobytes() == plain.tobytes()
        assert jpeg_parts(content).scans == (10 if "progressive" in options else 1)
        behind = images.decode_photo(content + many_scans(500), "a.jpg")  # phones put films and depth maps there
        assert behind.tobytes() == plain.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + COMMENT * 1_500_000 + encoded(quadrants(), "JPEG")[2:],
        png(64, 64, 8, 2, b"", chunk(b"abCd", b"") * 600_000),
        png(64, 64, 8, 2, b"", chunk(b"IDAT", b"") * 600_000),
    ],
    ids=["jpeg", "png", "png-data"],
)
def test_a_file_of_endless_pieces_is_refused_at_once(content):
    refused_at_once(content, "more than 100,000 pieces")


def trap(size: int) -> bytes:
    """An Exif record whose entries each claim to be as long as all of it, and one of which is honest."""
    entry = b"".join(struct.pack("<HHII", 1000 + tag, 1, size - 8, 8) for tag in range(size // 12 - 4))
    count = len(entry) // 12 + 1
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", count) + SIDEWAYS[10:] + entry).ljust(size, b"\0")


@linux
def test_an_exif_record_takes_no_memory_and_turns_the_photo_all_the_same():
    """A parser that keeps every entry keeps thousands of copies of the record."""
    photo, record = quadrants(), trap(700_000)
    segments = b"".join(
        b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part
        for part in (b"Exif\0\0" + record[at : at + 60_000] for at in range(0, len(record), 60_000))
    )
    jpeg = encoded(photo, "JPEG")
    rows = b"".join(b"\0" + np.asarray(photo)[row].tobytes() for row in range(photo.height))
    small = trap(60_000)
    for content in (
        png(60, 90, 8, 2, rows, chunk(b"eXIf", record)),
        jpeg[:2] + segments + jpeg[2:],
        encoded(photo, "JPEG", exif=b"Exif\0\0" + small),
        encoded(photo, "WEBP", exif=b"Exif\0\0" + record),
    ):
        found: list[Image.Image] = []
        assert growth(lambda content=content, found=found: found.append(images.decode_photo(content, "a"))) < 50
        assert found[0].size == (90, 60)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_xmp_packet_turns_a_photo_that_has_no_exif_record(kind):
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    about = PngImagePlugin.PngInfo()
    about.add_itxt("XML:com.adobe.xmp", packet.decode())
    content = encoded(quadrants(), kind, **({"pnginfo": about} if kind == "PNG" else {"xmp": packet}))
    assert images.decode_photo(content, "a").size == (90, 60)


def test_pictures_are_opened_in_one_place():
    """What a library guesses, a stranger chooses."""
    root = Path(gigs.__file__).parent
    guessing = re.compile(r"Image\.open\(|imread\(|read_image\(|\.(Png|Jpeg|WebP)ImageFile\(")
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if guessing.search(path.read_text())}
    assert found == set()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "ICO", "EPS", "JPEG", "WEBP"])
def test_a_picture_of_ours_is_a_png(kind):
    with pytest.raises(ModelError, match=r"^one\.png: .*not a PNG from gigs"):
        own_picture(encoded(quadrants(), kind), "one.png")


def test_a_picture_of_ours_is_bounded_and_whole(tmp_path):
    with pytest.raises(ModelError, match="20000 x 20000 pixels"):
        own_picture(png(20_000, 20_000, 8, 2, b""), "one.png")
    whole = encoded(quadrants())
    for damaged in (whole[:60], b"\x89PNG\r\n\x1a\n", whole[:20] + b"\xff" * 9 + whole[29:]):
        with pytest.raises(ModelError, match=r"^one\.png: damaged picture"):
            own_picture(damaged, "one.png").rgb()
    with pytest.raises(ModelError, match=r"absent\.png: no such file"):
        read_own_picture(tmp_path / "absent.png")
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Description", "wörtlich")
    found = own_picture(encoded(Image.new("RGB", (9, 400)), pnginfo=about), "strip.png")
    assert found.note == "wörtlich" and found.size == (9, 400) and found.rgb().size == (9, 400)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(ModelError, match="not an ordinary file"):
            read_own_picture(tmp_path / "pipe.png")
