"""`gigs report`: pages made again, an overview, and a zip for a test with people."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile

import pytest
from PIL import Image
from typer.testing import CliRunner

from gigs.batch import completed
from gigs.cli.app import app
from gigs.errors import InputError, ModelError
from gigs.result import Result
from gigs.result.saved import rebuild, write_test_pack
from tests.helpers.command_line import gigs
from tests.helpers.pictures import encoded, png, quadrants
from tests.report.finished_result import spoilt, write_finished


def test_the_same_page_comes_back_from_the_record_alone(tmp_path) -> None:
    write_finished(tmp_path / "one")
    page = (tmp_path / "one" / "report.html").read_bytes()
    (tmp_path / "one" / "report.html").unlink()
    assert rebuild(tmp_path / "one") == [tmp_path / "one" / "report.html"]
    assert (tmp_path / "one" / "report.html").read_bytes() == page
    assert Image.open(tmp_path / "one" / "contact-sheet.png").width > 200


def test_a_finished_result_stays_finished_and_a_changed_one_does_not_become_so(tmp_path) -> None:
    write_finished(tmp_path / "one")
    (tmp_path / "one" / "report.html").write_text("spoilt")
    assert completed(tmp_path / "one", "request") is None
    rebuild(tmp_path / "one")
    assert completed(tmp_path / "one", "request") is not None
    picture = tmp_path / "one" / "raw" / "photo.png"
    picture.write_bytes(picture.read_bytes() + b"x")
    rebuild(tmp_path / "one")
    assert completed(tmp_path / "one", "request") is None


def test_several_products_get_an_overview(tmp_path) -> None:
    for name in ("red dress", "boots"):
        write_finished(tmp_path / name)
    pages = rebuild(tmp_path)
    assert [page.relative_to(tmp_path).as_posix() for page in pages] == [
        "overview.html", "boots/report.html", "red dress/report.html",
    ]  # fmt: skip
    assert 'href="red%20dress/report.html"' in pages[0].read_text()


def test_what_cannot_be_shown_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match="gigs suggest"):
        rebuild(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    write_finished(tmp_path / "one")
    (tmp_path / "one" / "suggestion-2.png").unlink()
    with pytest.raises(ModelError, match=r"suggestion-2\.png"):
        rebuild(tmp_path / "one")


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "ICO", "EPS", "JPEG"])
@pytest.mark.parametrize("name", ["suggestion-1.png", "photo.png", "change-1.png"])
def test_a_picture_in_another_format_is_refused_whatever_its_name(tmp_path, kind, name) -> None:
    """Row 5: those that a result names are opened as strictly as a seller's."""
    write_finished(tmp_path / "one")
    (tmp_path / "one" / name).write_bytes(encoded(quadrants(), kind))
    for act in (lambda: rebuild(tmp_path / "one"), lambda: Result.read(tmp_path / "one").pictures[name]):
        with pytest.raises(ModelError, match=rf"{re.escape(name)}: .*not a PNG from gigs"):
            act()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_bombs_among_a_results_pictures_are_one_line(tmp_path) -> None:
    """Row 5: a pipe would wait without end, and 400 megapixels were a traceback."""
    write_finished(tmp_path / "one")
    (tmp_path / "one" / "suggestion-1.png").write_bytes(png(20_000, 20_000, 8, 2, b""))
    done = gigs("report", tmp_path / "one")
    assert done.returncode == 2 and "20000 x 20000 pixels" in done.stderr and "Traceback" not in done.stderr
    for name in ("suggestion-1.png", "result.json"):
        (tmp_path / "one" / name).unlink()
        os.mkfifo(tmp_path / "one" / name)
        with pytest.raises(ModelError, match="not an ordinary file"):
            rebuild(tmp_path / "one") if name.endswith("png") else Result.read(tmp_path / "one")


@pytest.mark.parametrize("spoil", [
    lambda record: record["suggestions"][0]["check"].update(verdict="yes"),
    lambda record: record["verification"].pop("category"), lambda record: record["verification"].pop("judges"),
    lambda record: record["suggestions"][0]["check"].update(place={"photo": "high"}),
    lambda record: record["suggestions"].clear(),
    lambda record: record["verification"]["verdict"].update(verdict="splendid"),
])  # fmt: skip
def test_a_damaged_record_is_one_line(tmp_path, spoil) -> None:
    write_finished(tmp_path)
    spoilt(tmp_path, spoil)
    with pytest.raises(ModelError, match=r"result\.json"):
        rebuild(tmp_path)


def test_the_test_pack_has_pictures_captions_a_table_and_a_guide(tmp_path) -> None:
    write_finished(tmp_path / "dress")
    path = write_test_pack(tmp_path / "dress", tmp_path / "panel.zip")
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("options.csv").decode("utf-8-sig"))))
        assert [row["kind"] for row in rows] == ["photo", "redrawn", "redesign 2", "redesign 1", "redesign 3"]
        assert [row["option"] for row in rows] == list("ABCDE")
        assert "instead of" in rows[2]["caption"]
        assert [rows[2][name] for name in ("of_100", "low", "high")] == ["62.0", "59.0", "65.0"]
        for row in rows:
            note = Image.open(io.BytesIO(archive.read(row["file"]))).info.get("Description", "")
            assert ("not a listing photo" in note) == (row["kind"] != "photo") == bool(row["note"])
        assert "NOT LISTING PHOTOS" in archive.read("README.txt").decode()
    first = path.read_bytes()
    assert write_test_pack(tmp_path / "dress", path).read_bytes() == first


def test_redesigns_on_the_photo_are_compared_with_the_photo(tmp_path) -> None:
    write_finished(tmp_path / "dress")
    spoilt(tmp_path / "dress", lambda record: [one.update(rendered="photo") for one in record["suggestions"]])
    write_finished(tmp_path / "skirt")
    with zipfile.ZipFile(write_test_pack(tmp_path / "dress", tmp_path / "one.zip")) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("options.csv").decode("utf-8-sig"))))
        guide = archive.read("README.txt").decode()
    assert [row["kind"] for row in rows][:2] == ["photo", "redesign 2"] and "fair comparison" in rows[0]["caption"]
    assert "Always include your own photo" in guide and "drew" not in guide and "redrawn" not in guide
    with zipfile.ZipFile(write_test_pack(tmp_path, tmp_path / "both.zip")) as archive:
        guide = archive.read("README.txt").decode()
    assert "options.csv names" in guide and "redrawn product" in guide


def test_more_options_than_letters_and_names_that_look_like_formulas(tmp_path) -> None:
    write_finished(tmp_path / "=cmd", gains=tuple(0.1 * number for number in range(30)))
    with zipfile.ZipFile(write_test_pack(tmp_path / "=cmd", tmp_path / "x.zip")) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("options.csv").decode("utf-8-sig"))))
    assert len({row["option"] for row in rows}) == 32 and rows[-1]["option"] == "F2"
    assert all(row["product"] == "'=cmd" for row in rows)


def test_the_command(tmp_path) -> None:
    write_finished(tmp_path / "dress")
    run = CliRunner().invoke
    done = run(app, ["report", str(tmp_path / "dress"), "--test-pack"])
    assert done.exit_code == 0 and "report.html" in done.output and (tmp_path / "dress" / "test-pack.zip").is_file()
    done = run(app, ["report", str(tmp_path / "dress"), str(tmp_path / "a.zip"), "--test-pack"])
    assert done.exit_code == 0 and (tmp_path / "a.zip").is_file()
    for wrong in ([str(tmp_path / "b.zip")], ["pack.tar", "--test-pack"]):
        assert isinstance(run(app, ["report", str(tmp_path / "dress"), *wrong]).exception, InputError)
