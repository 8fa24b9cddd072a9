"""The seller's own files stay: gigs replaces and removes what it wrote itself and nothing else. Rows 36 and 37."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gigs.data.importers.hm import HmSettings, import_hm
from gigs.errors import GigsError, InputError
from gigs.io import folders, storage, written
from gigs.result import Result
from gigs.result.colourways import is_file_name as is_colour
from gigs.result.result import is_file_name
from gigs.result.saved import rebuild, write_test_pack
from tests.helpers.command_line import gigs
from tests.report.finished_result import write_finished

pytestmark = pytest.mark.usefixtures("pyramid_for_lpips_throughout")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = Image.new("RGB", (64, 96), (245, 244, 240))
    picture.paste((180, 40, 60), (14, 10, 50, 86))
    path = tmp_path_factory.mktemp("photo") / "shirt.png"
    picture.save(path)
    return path


def suggest(pack: Path, out: Path, *photos: Path, more: tuple[object, ...] = (), n: int = 1):
    return gigs(
        "suggest", *photos, "--pack", pack, "--preset", "fast", "--steps", 1, "--n", n, "--out", out, "--force", *more
    )


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("given", ["photo", "--mask", "--keep-region"])
def test_what_is_read_is_never_removed(small_pack, photo, tmp_path, given):
    """A picture of an earlier result, above the number asked for, is an input of the next."""
    out = tmp_path / "out"
    assert suggest(small_pack, out, photo, n=3).returncode == 0
    before = state(out)
    own = out / "suggestion-3.png"
    told = suggest(small_pack, out, own) if given == "photo" else suggest(small_pack, out, photo, more=(given, own))
    assert told.returncode == 2 and "would overwrite or remove" in told.stderr
    assert state(out) == before


@pytest.mark.parametrize(("name", "content"), [
    ("suggestion-1.png", b"mine"), ("raw/photo.png", b"mine"), ("result.json", b'{"mine": 1}'),
    ("manifest.json", b'{"name": "my web app"}'), ("report.html", b"mine"), ("change-1.png", b"mine"),
])  # fmt: skip
def test_strangers_files_under_our_names_are_refused_before_anything_is_computed(
    small_pack, photo, tmp_path, name, content
):
    out = tmp_path / "out"
    storage.write_bytes(out / name, content)
    told = suggest(small_pack, out, photo)
    assert told.returncode == 2 and "choose another folder" in told.stderr and "Traceback" not in told.stderr
    assert state(out) == {name: content}


def test_a_strangers_record_lets_nothing_be_removed(small_pack, photo, tmp_path):
    own = {"suggestion-box.png": b"a", "change-room.png": b"b", "raw/suggestion-9.png": b"c", "suggestion-12.png": b"d"}
    for name, content in own.items():
        storage.write_bytes(tmp_path / name, content)
    assert suggest(small_pack, tmp_path, photo).returncode == 0
    assert {name: content for name, content in state(tmp_path).items() if name in own} == own
    assert suggest(small_pack, tmp_path, photo, more=("--seed", 1)).returncode == 0, "and again, over a record of ours"
    assert {name: content for name, content in state(tmp_path).items() if name in own} == own


def test_a_manifest_removes_nothing_but_files_of_a_results_names(tmp_path):
    """A manifest from elsewhere may list the seller's files with their hashes, or files outside."""
    result = write_finished(tmp_path / "out")
    storage.write_text(tmp_path / "out" / "prices.csv", "mine")
    folders.write_manifest(tmp_path / "out", ["prices.csv"])
    manifest = folders.read_manifest(tmp_path / "out")
    storage.write_text(tmp_path / "suggestion-1.png", "outside")
    manifest["files"]["../suggestion-1.png"] = {"sha256": storage.sha256_of(tmp_path / "suggestion-1.png"), "size": 7}
    storage.write_json(tmp_path / "out" / "manifest.json", manifest)
    written.clear(tmp_path / "out", "result.json", is_file_name)
    assert (tmp_path / "out" / "prices.csv").is_file() and (tmp_path / "suggestion-1.png").is_file()
    with pytest.raises(GigsError):
        result.save(tmp_path / "out")  # nothing in it is listed any more


def test_a_picture_that_the_seller_retouched_stays(small_pack, photo, tmp_path):
    assert suggest(small_pack, tmp_path, photo, n=2).returncode == 0
    (tmp_path / "suggestion-2.png").write_bytes(b"retouched")
    assert suggest(small_pack, tmp_path, photo, n=1).returncode == 0
    assert (tmp_path / "suggestion-2.png").read_bytes() == b"retouched"
    told = suggest(small_pack, tmp_path, photo, n=2)
    assert told.returncode == 2 and "suggestion-2.png: would be replaced, but gigs did not write it" in told.stderr


def test_fewer_redesigns_leave_none_of_the_earlier_ones(small_pack, photo, tmp_path):
    assert suggest(small_pack, tmp_path, photo, n=3).returncode == 0
    assert suggest(small_pack, tmp_path, photo, n=1).returncode == 0
    assert not list(tmp_path.rglob("suggestion-[23].png")) and len(Result.read(tmp_path)) == 1


def test_an_overview_replaces_no_strangers_page(small_pack, photo, tmp_path):
    storage.write_text(tmp_path / "out" / "overview.html", "mine")
    told = suggest(small_pack, tmp_path / "out", photo, photo)
    assert told.returncode == 2 and "overview.html" in told.stderr
    assert state(tmp_path / "out") == {"overview.html": b"mine"}
    (tmp_path / "out" / "overview.html").unlink()
    for _ in range(2):
        assert suggest(small_pack, tmp_path / "out", photo, photo).returncode == 0


def test_reports_and_test_packs_replace_only_ours(tmp_path):
    write_finished(tmp_path)
    for name, write in (("report.html", rebuild), ("test-pack.zip", lambda root: write_test_pack(root, root / name))):
        if (tmp_path / name).is_file():
            folders.write_manifest(tmp_path, [one for one in folders.check_manifest(tmp_path)["files"] if one != name])
        storage.write_text(tmp_path / name, "mine")
        with pytest.raises(InputError, match=name):
            write(tmp_path)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
        for _ in range(2):
            write(tmp_path)
        assert (tmp_path / name).stat().st_size > 100


def test_colours_and_redesigns_share_a_folder_and_replace_only_ours(tmp_path):
    write_finished(tmp_path)
    written.forget(tmp_path)
    for name in ("colour-1.png", "colours.html", "colours.json"):
        written.put(tmp_path, name, b"ours")
    written.seal(tmp_path, ["colour-1.png", "colours.html", "colours.json"], request=None)
    manifest = folders.check_manifest(tmp_path)
    assert manifest["request"] == "request" and {"colours.json", "result.json"} <= set(manifest["files"])
    Result.read(tmp_path).save(tmp_path)
    assert "colour-1.png" in folders.check_manifest(tmp_path)["files"]
    storage.write_text(tmp_path / "colour-2.png", "mine")
    with pytest.raises(InputError, match=r"colour-2\.png"):
        written.claim(tmp_path, ["colour-2.png"])
    written.clear(tmp_path, "colours.json", is_colour)
    assert not (tmp_path / "colours.json").exists() and (tmp_path / "result.json").is_file()
    assert (tmp_path / "colour-2.png").read_text() == "mine"


def test_what_a_killed_run_left_is_known_for_ours(tmp_path):
    """Listed before it is written, so that the next run may replace it; a line that was cut off does not count."""
    storage.write_text(tmp_path / "suggestion-9.png", "mine")
    written.put(tmp_path, "suggestion-1.png", b"half a result")
    with (tmp_path / written.LIST).open("a") as handle:
        handle.write('\n{"name": "suggestion-9.png", "sha')
    written.claim(tmp_path, ["suggestion-1.png"])
    with pytest.raises(InputError, match=r"suggestion-9\.png"):
        written.claim(tmp_path, ["suggestion-9.png"])
    written.put(tmp_path, "suggestion-1.png", b"whole")
    written.seal(tmp_path, ["suggestion-1.png"])
    assert set(folders.check_manifest(tmp_path)["files"]) == {"suggestion-1.png"}
    assert not (tmp_path / written.LIST).exists()


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "raw").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GigsError):
        written.claim(out, ["raw/photo.png"])
    (out / "raw").unlink()
    (out / "raw").write_text("a file")
    with pytest.raises(InputError, match="is not a folder"):
        written.claim(out, ["raw/photo.png"])


def test_an_import_replaces_a_catalogue_and_nothing_else(tiny_source, tmp_path):
    """Row 37: pictures and tables of the user's own in the folder."""
    for name in ("images-64.npy", "items.parquet"):
        out = tmp_path / name.partition(".")[0]
        out.mkdir()
        np.save(out / "images-64.npy", np.zeros(3)) if name.endswith("npy") else (out / name).write_bytes(b"mine")
        before = state(out)
        with pytest.raises(InputError, match="gigs did not write it"):
            import_hm(tiny_source, out, HmSettings(image_size=32, hold_out=5))
        assert state(out) == before
    for _ in range(2):
        import_hm(tiny_source, tmp_path / "again", HmSettings(image_size=32, hold_out=5))


def test_a_pack_is_not_built_over_its_own_models(small_pack, tiny_catalogue, tmp_path):
    """Row 37: half precision and no users would take their place."""
    for name in ("generator.safetensors", "recommender.safetensors"):
        storage.write_bytes(tmp_path / name, (small_pack / name).read_bytes())
    before = state(tmp_path)
    for models, reason in ((tmp_path, "would be replaced by the pack's copy"), (small_pack, "gigs did not write it")):
        told = gigs(
            "pack", "build", "p", "--out", tmp_path, "--generator", models / "generator.safetensors", "--recommender",
            models / "recommender.safetensors", "--catalogue", tiny_catalogue.root,
        )  # fmt: skip
        assert told.returncode == 2 and reason in told.stderr, told.stderr
        assert state(tmp_path) == before


@pytest.mark.parametrize("kind", ["generator", "recommender"])
def test_a_training_replaces_no_strangers_files(tiny_catalogue, tmp_path, kind):
    """Row 37."""
    name = {"generator": "settings.json", "recommender": "recommender.safetensors"}[kind]
    storage.write_text(tmp_path / name, "mine")
    more = {
        "generator": ("--images", 8, "--resolution", 16), "recommender": ("--backbone", "none", "--epochs", 1),
    }[kind]  # fmt: skip
    told = gigs("train", kind, tiny_catalogue.root, "--out", tmp_path, *more)
    assert told.returncode == 2, told.stderr
    assert (tmp_path / name).read_text() == "mine"
