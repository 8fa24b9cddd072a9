"""`gigs results`: from a filled-in sheet to a page, a record, a ledger and what it teaches."""

import json

import pytest
from typer.testing import CliRunner

from gigs.batch import completed, seal
from gigs.cli.app import app
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.proof import compare_folder
from gigs.result.result import file_names
from gigs.result.saved import rebuild
from gigs.verify.recalibration import Recalibration
from tests.proof.sheets import SHARES, promised_result, sheet

PANEL = {"product": 183, "redesign 1": 201, "redesign 2": 262}
LINK = 'href="results.html"'


def run(*arguments):
    return CliRunner().invoke(app, ["results", *map(str, arguments)])


def test_a_panel_from_the_sheet_to_the_ledger(tmp_path):
    folder = promised_result(tmp_path / "dress")
    ledger = tmp_path / "ledger.jsonl"
    for _ in range(2):  # again is the same as once
        done = run(folder, sheet(tmp_path / "counts.csv", PANEL), "--ledger", ledger)
        assert done.exit_code == 0, done.output
    assert "Redesign 2 beat the product as it is: 59 of 100 took it." in done.output
    assert "redesign 1: promised 54 of 100 [50, 58], found 52 of 100 [47, 58]. Not settled." in done.output
    assert "Promise and proof: dress" in (folder / "results.html").read_text()
    record = json.loads((folder / "results.json").read_text())
    assert record["result"] == storage.sha256_of(folder / "result.json") and record["kind"] == "choices"
    assert record["redesigns"][1]["promised"] == SHARES[1].to_json() and record["redesigns"][1]["verdict"] == "better"
    assert len(ledger.read_text().splitlines()) == 1
    done = run("--ledger", ledger, "--summary", "--recalibration", tmp_path / "map.json")
    assert done.exit_code == 0, done.output
    assert "2 promises in 1 tests; tests agree with 2 of them" in done.output and "too few tests" in done.output
    assert Recalibration.read(tmp_path / "map.json").redesigns == 2


def test_the_python_function_says_the_same_and_the_result_stays_finished(tmp_path):
    folder = promised_result(tmp_path / "dress")
    seal(folder, file_names(3), "request")
    findings = compare_folder(folder, sheet(tmp_path / "shop.csv", {"product": (900, 40), "redesign 3": (910, 70)}))
    assert findings.best.number == 3 and findings[0].verdict == "better" and findings[0].promised is None
    assert completed(folder, "request") is not None
    assert LINK in (folder / "report.html").read_text()  # and still counts as finished


def test_a_report_links_the_results_once_they_are_there(tmp_path):
    folder = promised_result(tmp_path / "dress")
    rebuild(folder)
    assert LINK not in (folder / "report.html").read_text()
    compare_folder(folder, sheet(tmp_path / "counts.csv", PANEL))
    assert LINK in (folder / "report.html").read_text()
    rebuild(folder)
    assert LINK in (folder / "report.html").read_text()
    (folder / "results.html").unlink()
    rebuild(folder)
    assert LINK not in (folder / "report.html").read_text()


def test_a_report_that_somebody_changed_stays_as_it_is(tmp_path):
    folder = promised_result(tmp_path / "dress")
    seal(folder, file_names(3), "request")
    (folder / "report.html").write_text("with my notes")
    compare_folder(folder, sheet(tmp_path / "counts.csv", PANEL))
    assert (folder / "report.html").read_text() == "with my notes"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give the folder"), (["DIR"], "give the folder"), (["--summary"], "takes only a ledger"),
        (["DIR", "COUNTS", "--ledger", "LEDGER", "--summary"], "takes only a ledger"),
        (["DIR", "COUNTS", "--recalibration", "MAP"], "goes with --summary"), (["DIR", "DIR"], "cannot be read"),
        (["DIR", "COUNTS", "--test", " "], "name it"), (["--ledger", "LEDGER", "--summary"], "no such ledger"),
        (["DIR", "COUNTS", "--ledger", "DIR"], "ledger"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_nothing_is_written(tmp_path, arguments, said):
    folder = promised_result(tmp_path / "dress")
    places = {
        "DIR": folder, "COUNTS": sheet(tmp_path / "counts.csv", PANEL), "LEDGER": tmp_path / "l", "MAP": tmp_path / "m",
    }  # fmt: skip
    before = sorted(tmp_path.rglob("*"))
    done = run(*(places.get(one, one) for one in arguments))
    assert isinstance(done.exception, InputError) and said in str(done.exception)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_without_a_result_is_named(tmp_path):
    done = run(tmp_path, sheet(tmp_path / "counts.csv", PANEL))
    assert isinstance(done.exception, ModelError) and "result.json" in str(done.exception)


def test_the_help_shows_a_sheet_that_can_be_read(tmp_path):
    text = CliRunner().invoke(app, ["results", "--help"], terminal_width=120).output
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("variant,views,sales")
    (tmp_path / "shop.csv").write_text("\n".join(lines[start : start + 3]))
    findings = compare_folder(promised_result(tmp_path / "dress"), tmp_path / "shop.csv")
    assert findings[0].number == 2
