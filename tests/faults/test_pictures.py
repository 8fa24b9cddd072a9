"""Pictures that are bombs, blank, or no pictures. Rows 1, 2, 5, 6, 11, 12, 14 and 15.

Most of what pictures can be is tested in `tests/vision/test_images.py` and `tests/vision/test_images_colour.py`;
`docs/reference/faults.md` says which test belongs to which row.
"""

from __future__ import annotations

import functools
import io
import math
import os
import socket
import struct
import zlib
from pathlib import Path

import pytest
import torch
from PIL import Image

from gigs.batch import Request, _unique
from gigs.errors import InputError
from gigs.inversion.gate import is_blank
from gigs.method.options import Options
from gigs.result import Result
from gigs.vision import images
from tests.helpers.command_line import gigs
from tests.helpers.pictures import RED, chunk, encoded, png, quadrants, refusal
from tests.helpers.small_models import write_small_pack

linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


def growth(act) -> float:
    """By how many MB the process's memory grows at most while `act` runs."""

    def status(field: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    act()
    return status("VmHWM") - before


def bit_png(side: int) -> bytes:
    """A square of one bit a pixel: 20,000 px a side are 50 MB of zeros, and 50 kB compressed."""
    rows = zlib.compressobj(9)
    line, body = bytes(1 + (side + 7) // 8), b""
    for _ in range(side):
        body += rows.compress(line)
    return png(side, side, 1, 0, b"").replace(chunk(b"IDAT", zlib.compress(b"")), chunk(b"IDAT", body + rows.flush()))


@functools.cache
def bomb() -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(150)) + packer.flush()


@linux
def test_a_huge_picture_takes_no_memory():
    """Row 1."""
    content = bit_png(20_000)
    assert len(content) < 100_000
    with Image.open(io.BytesIO(bit_png(200))) as honest:
        honest.load()  # the file is a real one, only large
    assert growth(lambda: refusal(content)) < 50


@linux
@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP"])
def test_a_metadata_bomb_takes_no_memory(kind):
    """Row 2: 150 MB of zeros in a chunk of a tenth of a megabyte."""
    head = {"zTXt": b"Comment\0\0", "iTXt": b"Comment\0\1\0\0\0", "iCCP": b"icc\0\0"}[kind]
    content = png(64, 64, 8, 2, (b"\0" + bytes(RED) * 64) * 64, chunk(kind.encode(), head + bomb()))

    def read():
        try:
            images.decode_photo(content, "bomb.png")
        except InputError as error:
            assert str(error).startswith("bomb.png")

    assert growth(read) < 50


@pytest.mark.parametrize(
    "start", [b"II*\0", b"MM\0*", b"%PDF-1.7", b"%!PS-Adobe", b"SIMPLE  =", b"GIF89a", b"BM", b"8BPS"]
)
def test_other_formats_are_refused_whatever_their_name(start):
    """Rows 5 and 6."""
    assert "gigs reads JPEG, PNG, WebP and AVIF" in refusal(start + bytes(500), "photo.png")


def test_a_single_colour_is_told_from_a_photo():
    """Row 12."""
    grey = torch.full((1, 3, 32, 32), 0.5)
    assert is_blank(grey) and is_blank(grey + 3 / 255 * torch.rand(1, 3, 32, 32))
    shirt = grey.clone()
    shirt[:, 2, 10:20, 10:20] += 0.1
    assert not is_blank(shirt)


@pytest.mark.usefixtures("pyramid_for_lpips")
@pytest.mark.parametrize("colour", [(255, 255, 255), (200, 30, 40)])
def test_a_single_colour_has_finite_losses_and_a_flag(small_pack, tmp_path, colour):
    """Row 12."""
    Image.new("RGB", (80, 120), colour).save(tmp_path / "plain.png")
    done = gigs(
        "suggest", tmp_path / "plain.png", "--pack", small_pack, "--steps", 2, "--n", 2, "--out", tmp_path / "out"
    )
    assert done.returncode == 0, done.stderr
    assert "one even colour" in done.stderr and "one even colour" in (tmp_path / "out" / "report.html").read_text()
    result = Result.read(tmp_path / "out")
    base = result.reconstruction
    assert "one even colour" in base.caution
    assert all(math.isfinite(value) for value in (base.lpips, base.mse, base.score, *(one.score for one in result)))


def test_what_a_photo_is_called_never_leads_out_of_the_folder():
    """Row 14: `...jpg` is a file whose stem is `..`."""
    taken: set[str] = set()
    hostile = ["..", ".", "", "a\nb", 'C:"x', "a/b", "a\\b", "...", "  "]
    for stem in hostile:
        name = _unique(stem, taken)
        assert name not in ("", ".", "..") and name.isprintable() and not set(name) & set('/\\:"')
    assert len(taken) == len(hostile)
    assert _unique("Shirt", taken) != _unique("shirt", taken)
    assert _unique("größe 中文", taken) == "größe 中文"


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_photos_with_hostile_names_stay_inside(small_pack, tmp_path):
    """Row 14, on disk."""
    names = ["...jpg", "..png", "-n.png", "overview.html.png"]
    for name in names:
        (tmp_path / name).write_bytes(encoded(quadrants(64, 96)))
    out = tmp_path / "deep" / "out"
    photos = [tmp_path / name for name in names]
    done = gigs("suggest", "--pack", small_pack, "--steps", 1, "--n", 1, "--out", out, *photos)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        "-n", "manifest.json", "overview.html", "overview.html-2", "photo", "photo-2",
    ]  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {*names, "deep"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data", "https://example.com/a.jpg", "file:///etc/passwd", "ftp://a/b.png"],
)
def test_web_addresses_are_refused_and_no_socket_is_opened(address, tmp_path, monkeypatch):
    """Row 15."""

    def opened(*_, **__):
        pytest.fail("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, opened)
    done = gigs("suggest", address, "--out", tmp_path / "out")
    assert done.returncode == 2 and "gigs does not open web addresses" in done.stderr
    assert not (tmp_path / "out").exists()
    told = gigs("suggest", "--example", 1, "--pack", address, "--out", tmp_path / "out")
    assert told.returncode == 2 and "no such pack" in told.stderr


def test_a_drive_is_no_web_address():
    assert Request(options=Options(), out=Path("out"), photos=(Path("C:/shirt.jpg"),))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_a_pack_that_links_out_of_its_folder_is_refused(tmp_path):
    """Row 14: a link in a pack leads to a file of the reader's."""
    root = write_small_pack(tmp_path / "pack")
    (tmp_path / "secret").write_bytes((root / "generator.safetensors").read_bytes())
    (root / "generator.safetensors").unlink()
    (root / "generator.safetensors").symlink_to(tmp_path / "secret")
    told = gigs("pack", "show", root)
    assert told.returncode == 2 and "outside the folder" in told.stderr


def test_webp_dimensions_beyond_the_limit_are_refused():
    """Row 1, for the other formats: what the header says counts, whatever follows."""
    head = b"VP8X" + struct.pack("<IB3x", 10, 0) + (16_000).to_bytes(3, "little") * 2
    content = b"RIFF" + struct.pack("<I", 4 + len(head)) + b"WEBP" + head
    refusal(content, "large.webp")
