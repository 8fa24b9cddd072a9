"""`gigs colours`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import gigs

pytestmark = pytest.mark.usefixtures("small_limits")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    picture = Image.new("RGB", (120, 180), (244, 243, 240))
    picture.paste((70, 90, 150), (25, 25, 95, 155))
    picture.save(tmp_path / "jumper.png")
    return tmp_path / "jumper.png"


def test_pictures_a_page_and_a_record(shops_pack: Path, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--pack", shops_pack, "--min-audience", 1, "--n", 2, "--colours", "navy, #7a1f2b", "--out", out)
    done = gigs("colours", photo, *options)
    assert done.returncode == 0, done.stderr
    record = json.loads((out / "colours.json").read_text())
    assert {one["name"] for one in record["colours"] if one["asked"]} == {"navy", "#7a1f2b"}
    assert (out / "colours.html").is_file() and "#7a1f2b" in done.stdout
    assert Image.open(out / "colour-1.png").size == (120, 180)


def test_what_cannot_be_used_is_one_line(shops_pack: Path, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for options, said in (
        (("--colours", "blurple-ish"), "'blurple-ish' is not known"),
        (("--n", 0), "n must be from 1"),
    ):
        done = gigs("colours", photo, "--pack", shops_pack, "--min-audience", 20, *options, "--out", out)
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1
        assert not out.exists()
    taken = photo.rename(tmp_path / "colour-1.png")
    done = gigs("colours", taken, "--pack", shops_pack, "--out", tmp_path)
    assert done.returncode == 2 and "would overwrite or remove" in done.stderr
