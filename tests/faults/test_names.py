"""File names that are no UTF-8, in any locale, are names like any other. Row 52."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError, ModelError
from gigs.io import folders, storage
from gigs.io.text import readable
from gigs.result import Result
from gigs.result.saved import rebuild, write_test_pack
from tests.data.importers.messy import write_messy
from tests.data.importers.shops import load
from tests.helpers.command_line import gigs
from tests.helpers.pictures import encoded, quadrants
from tests.report.finished_result import write_finished

BROKEN, ACCENTED = os.fsdecode(b"caf\xe9"), os.fsdecode("größe".encode())
pytestmark = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="file names are always text there")
# The command with stand-ins for networks that would have to be fetched, in a Python of its own.
COMMAND = """
import gigs.transfer.cutout
from gigs.cli import main
from tests.helpers import stand_ins
gigs.transfer.cutout.salience = stand_ins.backdrop_salience
with stand_ins.pyramid_for_lpips():
    main()
"""


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    found = [tmp_path / f"{name}.png" for name in (BROKEN, ACCENTED, "plain")]
    for path in found:
        path.write_bytes(encoded(quadrants(64, 96)))
    return found


def check(out: Path, names: list[str]) -> None:
    """Every product is there, whole, with its name as text; the pages that link to it can be read."""
    folders_in = sorted(path for path in out.iterdir() if path.is_dir())
    assert len(folders_in) == 3
    records = [json.loads((path / "result.json").read_text("utf-8")) for path in folders_in]
    assert {record["photo"]["source"] for record in records} == set(names)
    for path in folders_in:
        folders.check_manifest(path)
        (path / "report.html").read_text("utf-8")
    assert (out / "overview.html").read_text("utf-8").count("/report.html") == 3


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_a_name_that_is_no_text_is_redesigned_like_any_other(small_pack, photos, tmp_path):
    out = tmp_path / "out"
    done = gigs("suggest", *photos, "--pack", small_pack, "--steps", 1, "--n", 1, "--out", out)
    assert done.returncode == 0, done.stderr
    check(out, ["caf\ufffd.png", "größe.png", "plain.png"])


@pytest.mark.slow
def test_the_same_where_the_locale_knows_ascii_only(small_pack, photos, tmp_path):
    """It failed after computing, left pictures without a record, and ended the batch."""
    out, root = tmp_path / f"out-{ACCENTED}", Path(__file__).parents[2]
    options = ["suggest", *photos, "--pack", small_pack, "--steps", 1, "--n", 1, "--out", out]
    path = os.pathsep.join([str(root), *filter(None, sys.path)])
    plain = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, options)], env=plain, capture_output=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    check(out, ["caf\ufffd.png", "größe.png", "plain.png"])
    assert b"redesigns for all buyers" in done.stdout and b"Traceback" not in done.stderr


def test_results_in_such_folders_get_reports_an_overview_and_a_test_pack(tmp_path):
    root = tmp_path / BROKEN
    for name in (BROKEN, os.fsdecode(b"caf\xe8"), "#50%: [x]"):
        write_finished(root / name, gains=(0.4,))
    pages = rebuild(root)
    overview = pages[0].read_text("utf-8")
    assert "caf%E9/report.html" in overview and "%2350%25%3A%20%5Bx%5D/report.html" in overview
    page = (root / BROKEN / "report.html").read_text("utf-8")
    assert "gigs report &#39;caf\ufffd&#39; --test-pack" in page
    pack = write_test_pack(root, root / "pack.zip")
    assert pack.is_file() and folders.check_manifest(root)["files"].keys() == {"overview.html", "pack.zip"}
    with pytest.raises(InputError, match="not valid UTF-8"):
        write_test_pack(root, root / f"{BROKEN}.zip")
    assert write_test_pack(root, tmp_path / f"{BROKEN}.zip").is_file()


def test_a_shop_is_imported_into_such_a_folder_and_opened_again(tmp_path):
    made = load(write_messy(tmp_path / "messy"), tmp_path / BROKEN)
    assert len(Catalogue.open(tmp_path / BROKEN).items) == len(made.items)


def test_a_model_in_such_a_folder_is_refused_by_what_is_wrong(tmp_path):
    (tmp_path / BROKEN).mkdir()
    (tmp_path / BROKEN / "x.safetensors").write_bytes(bytes(16))
    with pytest.raises(ModelError, match="opens only paths that are UTF-8"):
        storage.load_tensors(tmp_path / BROKEN / "x.safetensors")


def test_a_record_with_half_a_character_is_written_and_read(tmp_path):
    storage.write_json(tmp_path / "a.json", {"path": BROKEN})
    assert storage.read_json(tmp_path / "a.json") == {"path": "caf?"}
    storage.write_text(tmp_path / "a.md", BROKEN)
    assert readable(BROKEN) == "caf\ufffd"


def test_a_finished_result_keeps_its_readable_name(tmp_path):
    write_finished(tmp_path / BROKEN)
    assert Result.read(tmp_path / BROKEN).photo is not None
