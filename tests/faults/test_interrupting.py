"""Ctrl-C and --resume: what is finished stays and is not made again, and nothing half-made is left. Rows 33 and 34."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from gigs.io import folders, written
from gigs.result import Result
from gigs.session import Session
from tests.helpers.command_line import gigs
from tests.helpers.small_models import write_small_pack

pytestmark = pytest.mark.usefixtures("pyramid_for_lpips_throughout")
TIMED = {"result.json", "report.html", "manifest.json"}  # hold how long it took


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> tuple[Path, list[Path]]:
    """A pack and three photos."""
    root = tmp_path_factory.mktemp("shop")
    photos = []
    for number, colour in enumerate(((200, 40, 30), (30, 60, 190), (90, 160, 60))):
        picture = Image.new("RGB", (64, 96), (245, 244, 240))
        picture.paste(colour, (14, 10, 50, 86 - 8 * number))
        picture.save(root / f"item{number}.png")
        photos.append(root / f"item{number}.png")
    return write_small_pack(root / "pack", encoder=True), photos


def options(pack: Path, out: Path) -> list[object]:
    return ["--pack", pack, "--preview", "--steps", 1, "--n", 2, "--out", out]


def content(out: Path) -> dict[str, object]:
    """Every file by name; of those that hold times, without them."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_file() and path.name not in TIMED:
            found[name] = path.read_bytes()
        elif path.name == "result.json":
            found[name] = {**json.loads(path.read_text()), "seconds": None}
    return found


@pytest.fixture(scope="module")
def whole(shop, pyramid_for_lpips_throughout, tmp_path_factory):
    pack, photos = shop
    out = tmp_path_factory.mktemp("whole")
    assert gigs("suggest", *photos, *options(pack, out)).returncode == 0
    return out


def test_every_result_has_a_manifest_that_holds(whole):
    for name in ("item0", "item1", "item2"):
        files = folders.check_manifest(whole / name)["files"]
        assert {"result.json", "report.html", "raw/suggestion-2.png", "photo.png"} <= set(files)
        assert Result.read(whole / name).photo.source == f"{name}.png"


@pytest.mark.parametrize("at", ["drawing", "writing"])
def test_ctrl_c_keeps_what_is_finished_and_resume_makes_the_rest(shop, whole, tmp_path, monkeypatch, at):
    """Row 34: exit code 130, one line, no temporary files; then the same result as without the interruption."""
    pack, photos = shop
    owner, name = (Session, "redesign") if at == "drawing" else (Result, "save")
    plain, calls = getattr(owner, name), []

    def interrupted(*args, **more):
        calls.append(1)
        if len(calls) == 2:
            if at == "writing":
                (args[1] / "raw").mkdir(parents=True)
                written.put(args[1], "photo.png", b"from before the interruption")
            raise KeyboardInterrupt
        return plain(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        stopped = gigs("suggest", *photos, *options(pack, tmp_path))
    assert stopped.returncode == 130 and "Traceback" not in stopped.stderr
    assert len([line for line in stopped.stderr.splitlines() if line.startswith("gigs: interrupted")]) == 1
    folders.check_manifest(tmp_path / "item0")
    assert not (tmp_path / "item1" / "result.json").exists() and not (tmp_path / "item2").exists()
    hidden = [path.name for path in tmp_path.rglob("*") if path.name.startswith(".")]
    assert hidden == ([written.LIST] if at == "writing" else [])

    before = (tmp_path / "item0" / "result.json").stat().st_mtime_ns
    again = gigs("suggest", *photos, *options(pack, tmp_path), "--resume")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "item0" / "result.json").stat().st_mtime_ns == before
    assert again.stdout.count("redesigns for all buyers") == 3
    assert content(tmp_path) == content(whole)


@pytest.mark.parametrize("changed", ["a picture", "the record", "the seed", "the photo"])
def test_resume_makes_again_what_is_not_the_same(shop, tmp_path, changed):
    pack, photos = shop
    photo, out = tmp_path / "own.png", tmp_path / "out"
    photo.write_bytes(photos[0].read_bytes())
    seed: list[object] = []
    assert gigs("suggest", photo, *options(pack, out)).returncode == 0
    good = (out / "suggestion-1.png").read_bytes()
    if changed == "a picture":
        (out / "suggestion-1.png").write_bytes(good[:-5] + b"xxxxx")
        told = gigs("suggest", photo, *options(pack, out), "--resume")
        assert (
            told.returncode == 2
            and "suggestion-1.png: would be replaced, but gigs did not write it, or it was changed" in told.stderr
        )
        (out / "suggestion-1.png").unlink()  # as it says
    elif changed == "the record":
        (out / "result.json").unlink()
    elif changed == "the seed":
        seed = ["--seed", 5]
    else:
        photo.write_bytes(photos[1].read_bytes())
    assert gigs("suggest", photo, *options(pack, out), *seed, "--resume").returncode == 0
    folders.check_manifest(out)
    assert ((out / "suggestion-1.png").read_bytes() == good) == (changed in ("a picture", "the record"))


def test_a_second_gigs_in_the_same_folder_ends_cleanly(shop, tmp_path):
    """Row 33, from the command line."""
    pack, photos = shop
    with folders.owned(tmp_path):
        told = gigs("suggest", photos[0], *options(pack, tmp_path))
    assert told.returncode == 2 and "another gigs process is writing into it" in told.stderr
    assert not any(tmp_path.iterdir())
