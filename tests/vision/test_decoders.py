"""Photos of phones are read: large JPEGs reduced while they are decoded, AVIF and HEIC where there is a decoder."""

from __future__ import annotations

import io
import struct
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from gigs.errors import InputError
from gigs.transfer.mask import from_mask, transparency_of
from gigs.vision import images, sizes
from gigs.vision.phone_formats import heif_parts, kind_of
from gigs.vision.picture_files import jpeg_parts
from tests.faults.test_pictures import growth, linux
from tests.helpers.pictures import QUADRANTS, close, encoded, quadrants, refusal


def ftyp(brand: bytes, *others: bytes) -> bytes:
    """The first box of a HEIC or AVIF file, and no picture."""
    box = brand + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(box)) + b"ftyp" + box + bytes(64)


@pytest.fixture
def small(monkeypatch) -> None:
    """Bounds a thousandth of the real ones, so that a large photo is soon made."""
    for name in ("MAX_PIXELS", "MAX_IN_FILE", "MAX_COEFFICIENTS"):
        monkeypatch.setattr(sizes, name, getattr(sizes, name) // 1000)


# Large JPEGs


@pytest.mark.parametrize(
    ("size", "scale"), [((200, 250), 1), ((201, 250), 2), ((600, 332), 2), ((500, 401), 4), ((499, 501), 4)]
)
def test_a_large_jpeg_is_reduced_while_it_is_decoded(small, size, scale) -> None:
    photo = images.decode_photo(encoded(quadrants(*size), "JPEG", quality=95), "phone.jpg")
    assert photo.size == tuple(-(-side // scale) for side in size)
    assert photo.width * photo.height <= sizes.MAX_PIXELS
    quarter = (photo.width // 4, photo.height // 4)
    corners = [quarter, (3 * quarter[0], quarter[1]), (quarter[0], 3 * quarter[1]), (3 * quarter[0], 3 * quarter[1])]
    for place, colour in zip(corners, QUADRANTS.values(), strict=True):
        assert close(photo.getpixel(place), colour, 8)


def test_a_reduced_photo_is_turned_upright_and_keeps_its_colours(small) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = images.decode_photo(encoded(quadrants(300, 400), "JPEG", exif=exif, quality=95), "phone.jpg")
    assert photo.size == (200, 150)
    assert close(photo.getpixel((150, 30)), QUADRANTS["top left"], 8)
    for mode in ("L", "CMYK"):
        assert images.decode_photo(encoded(quadrants(300, 400).convert(mode), "JPEG"), "x").size == (150, 200)


@pytest.mark.parametrize(("kind", "size"), [("PNG", (230, 220)), ("WEBP", (230, 220)), ("JPEG", (510, 500))])
def test_what_cannot_be_reduced_is_refused_with_what_to_do(small, kind, size) -> None:
    said = refusal(encoded(quadrants(*size), kind), "large.bin")
    assert f"{size[0]} x {size[1]} pixels is too large" in said and "save it smaller, or as JPEG" in said


def test_a_progressive_jpeg_is_bounded_by_what_its_decoder_holds(small) -> None:
    assert images.decode_photo(encoded(quadrants(300, 400), "JPEG", progressive=True), "x").size == (150, 200)
    for options in ({"subsampling": 0}, {"subsampling": 2}):
        whole = encoded(quadrants(480, 500), "JPEG", progressive=True, **options)
        said = refusal(whole, "x.jpg")
        assert "progressive JPEG; save it as an ordinary" in said
    assert images.decode_photo(encoded(quadrants(480, 500), "JPEG", subsampling=0), "x").size == (120, 125)


def test_colours_in_scans_of_their_own_count_as_progressive(small) -> None:
    whole = encoded(quadrants(480, 500), "JPEG", subsampling=0)
    scan = whole.index(b"\xff\xda")
    one = b"\xff\xda\x00\x08\x01%c\x00\x00\x3f\x00" + whole[scan + 14 : -2]
    apart = whole[:scan] + b"".join(one.replace(b"%c", bytes([colour])) for colour in (1, 2, 3)) + b"\xff\xd9"
    assert jpeg_parts(apart).scans == 3
    assert "progressive JPEG; save it as an ordinary" in refusal(apart, "x.jpg")


def test_pictures_in_memory_are_reduced_too(small) -> None:
    assert images.as_photo(quadrants(300, 400)).size == (150, 200)
    assert images.as_photo(np.asarray(quadrants(300, 400))).size == (150, 200)
    assert images.as_photo(Image.open(io.BytesIO(encoded(quadrants(300, 400), "JPEG")))).size == (150, 200)
    with pytest.raises(InputError, match="save it smaller"):
        images.as_photo(Image.open(io.BytesIO(encoded(quadrants(300, 400)))))


def test_a_large_photos_mask_is_reduced_with_it(small) -> None:
    photo = encoded(quadrants(300, 400), "JPEG")
    assert transparency_of(photo, "photo.jpg") is None  # and no refusal
    mask = Image.new("L", (300, 400))
    mask.paste(255, (100, 100, 200, 300))
    read = images.decode_photo(encoded(mask, "JPEG"), "mask.jpg").convert("L")
    cutout = from_mask(np.asarray(read), images.decode_photo(photo, "photo.jpg"))
    assert (cutout.width, cutout.height) == (150, 200)


@linux
def test_fifty_megapixels_of_a_phone_are_read_within_bounds() -> None:
    """6144 x 8160, as a phone's main camera takes them: 12.5 megapixels come out, and little more memory is taken."""
    content = encoded(Image.new("RGB", (6144, 8160), (200, 30, 40)), "JPEG")
    found: list[Image.Image] = []
    assert growth(lambda: found.append(images.decode_photo(content, "phone.jpg"))) < 150
    assert found[0].size == (3072, 4080) and close(found[0].getpixel((99, 99)), (200, 30, 40), 4)


# HEIC and AVIF


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"msf1", b"mif1", b"mif2"])
def test_heic_is_named_with_what_to_do(brand, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    said = refusal(ftyp(brand, b"mif1", b"heic"), "IMG_1.HEIC")
    assert "this is a HEIC file" in said and "pip install pillow-heif" in said and "as JPEG" in said


@pytest.mark.parametrize("content", [ftyp(b"avif"), ftyp(b"avis", b"msf1"), ftyp(b"mif1", b"miaf", b"avif")])
def test_avif_without_its_decoder_is_named_with_what_to_do(content, monkeypatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    said = refusal(content, "x.avif")
    assert "this is an AVIF file" in said and "pip install -U pillow" in said


@pytest.mark.parametrize("brand", [b"mp42", b"qt  ", b"isom"])
def test_films_are_no_pictures(brand) -> None:
    assert kind_of(ftyp(brand)) is None and "not a picture" in refusal(ftyp(brand), "film.heic")


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")
def test_avif_is_read_upright_and_within_bounds(small) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = images.decode_photo(encoded(quadrants(60, 90), "AVIF", exif=exif, quality=95), "x.avif")
    assert photo.mode == "RGB" and photo.size == (90, 60)
    assert close(photo.getpixel((70, 10)), QUADRANTS["top left"], 12)
    assert "too large" in refusal(encoded(quadrants(230, 220), "AVIF"), "x.avif")


def test_the_plug_ins_decoder_is_used_where_it_is_installed(monkeypatch) -> None:
    """By a stand-in that reads a PNG behind the first box."""
    box = ftyp(b"heic")

    class Stand(Image.Image):
        pass

    def opener(stream: io.BytesIO) -> Image.Image:
        return Image.open(io.BytesIO(stream.read()[len(box) :]))

    plugin = types.ModuleType("pillow_heif")
    plugin.HeifImageFile = opener
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    photo = images.decode_photo(box + encoded(quadrants(60, 90)), "IMG_1.HEIC")
    assert photo.size == (60, 90)
    assert "too small" in refusal(box + encoded(quadrants(10, 10)), "IMG_2.HEIC")


def test_a_real_heic_is_read(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    written = io.BytesIO()
    heif.from_pillow(quadrants(120, 180)).save(written, quality=95)
    photo = images.decode_photo(written.getvalue(), "IMG_1.HEIC")
    assert (photo.mode, photo.size) == ("RGB", (120, 180))
    assert close(photo.getpixel((10, 10)), QUADRANTS["top left"], 12)
    refusal(written.getvalue()[:300], "cut.heic")


# The Exif record


def test_the_exif_record_reaches_no_decoder(monkeypatch) -> None:
    """Pillow would parse it, and a parser that keeps every entry of a hostile one keeps thousands of copies of it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", 6
    content = encoded(quadrants(), "AVIF", exif=exif)
    hidden = heif_parts(content).content
    assert b"infe" in content and content.count(b"Exif") > hidden.count(b"Exif") and len(hidden) == len(content)
    monkeypatch.setattr(Image.Exif, "load", lambda self, data: pytest.fail("parsed"))
    assert images.decode_photo(content, "a.avif").size == (90, 60)  # turned as the box of its own says


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x08ftyp", ftyp(b"avif"), ftyp(b"avif") + bytes(100)])
def test_boxes_that_lead_nowhere_end(content) -> None:
    assert heif_parts(content).content == content
