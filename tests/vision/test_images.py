"""What comes from outside is either one photo or one line that names the file and the reason."""

from __future__ import annotations

import os
import random
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from gigs.errors import InputError
from gigs.vision import images, opening
from tests.helpers.pictures import RED, chunk, close, encoded, pixel, png, quadrants, refusal

# Formats and damage


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_four_formats_are_read_by_content_whatever_the_name(tmp_path, kind):
    path = tmp_path / "photo.txt"
    path.write_bytes(encoded(quadrants(), kind))
    photo = images.read_photo(path)
    assert (photo.mode, photo.size) == ("RGB", (60, 90))
    assert close(pixel(photo, 10, 10), RED, 12)


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PDF", "BMP", "EPS"])
def test_other_formats_are_refused_by_name(kind):
    message = refusal(encoded(quadrants(), kind), "shirt.png")
    assert kind in message and "JPEG, PNG, WebP and AVIF" in message


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"not a photo at all", "text"),
        ("größer \u20ac".encode() * 100, "text"),
        (b"SIMPLE  =                    T", "FITS"),
        (b"\x1f\x8b\x08\x00" + bytes(100), "not a picture"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n", "cannot be decoded"),
        (b"\xff\xd8\xff", "cannot be decoded"),
    ],
)
def test_what_is_no_picture_is_refused(content, reason):
    assert reason in refusal(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_cut_off_files_are_refused(kind):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 64, 3), dtype=np.uint8))
    whole = encoded(noise, kind)
    for share in (0.1, 0.5, 0.9):
        refusal(whole[: int(len(whole) * share)])


def test_damaged_bytes_give_a_photo_or_a_refusal_and_nothing_else():
    rng = random.Random(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        whole = encoded(quadrants(), kind, exif=exif)
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(rng.choice((1, 3, 30))):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    photo = images.decode_photo(bytes(damaged), "fuzz.jpg")
                except InputError as error:
                    assert str(error).startswith("fuzz.jpg: ")
                else:
                    assert photo.mode == "RGB"


# The path


def test_paths_that_are_no_photo_are_refused(tmp_path):
    for path, reason in [
        (tmp_path, "folder"),
        (tmp_path / "absent.jpg", "no such file"),
        (tmp_path / ("x" * 300), "cannot be read"),
        ("a\0b.jpg", "cannot be read"),
    ]:
        with pytest.raises(InputError, match=reason):
            images.read_photo(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    path = tmp_path / "pipe.jpg"
    os.mkfifo(path)
    with pytest.raises(InputError, match="not an ordinary file"):
        images.read_photo(path)


def test_a_hostile_name_stays_in_one_line():
    with pytest.raises(InputError) as caught:
        images.decode_photo(b"", "a\nb\x1b[31m\udcff.jpg")
    assert str(caught.value) == "a?b?[31m?.jpg: the file is empty"


def test_too_many_bytes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "MAX_BYTES", 100)
    path = tmp_path / "large.png"
    path.write_bytes(encoded(quadrants(), "BMP"))
    with pytest.raises(InputError, match="too large"):
        images.read_photo(path)


# Size and shape, from the header


@pytest.mark.parametrize("side", [20_000, 12_000, 2_000_000_000])
def test_a_huge_png_is_refused_from_its_header(side, monkeypatch):
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda self: pytest.fail("decoded"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f"{side} x {side}" in refusal(png(side, side, 8, 2, b""))


@pytest.mark.parametrize("side", [9_000, 16_384])
def test_a_huge_webp_is_refused_from_its_header(side):
    head = b"VP8X" + struct.pack("<IB3x", 10, 0) + (side - 1).to_bytes(3, "little") * 2
    small = encoded(quadrants(), "WEBP")[12:]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refusal(b"RIFF" + struct.pack("<I", 4 + len(head) + len(small)) + b"WEBP" + head + small)


@pytest.mark.parametrize(("size", "reason"), [((1, 1), "small"), ((1, 5000), "small"), ((40, 5000), "narrow")])
def test_unusable_shapes_are_refused(size, reason):
    assert reason in refusal(encoded(Image.new("RGB", size, RED)))


def test_limits_are_inclusive():
    assert images.decode_photo(encoded(Image.new("RGB", (32, 256), RED)), "slim.png").size == (32, 256)


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_metadata_bombs_are_refused_or_harmless(kind):
    bomb = zlib.compress(bytes(40 << 20), 9)
    head = {"zTXt": b"Comment\0\0", "iTXt": b"Comment\0\1\0\0\0", "iCCP": b"icc\0\0"}[kind]
    content = png(64, 64, 8, 2, (b"\0" + bytes(RED) * 64) * 64, chunk(kind.encode(), head + bomb))
    assert len(content) < 100_000
    try:
        assert pixel(images.decode_photo(content, "bomb.png")) == RED
    except InputError as error:
        assert str(error).startswith("bomb.png: ")
