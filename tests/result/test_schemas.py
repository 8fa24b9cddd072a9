"""`result.json` of schema 1 and of this one; what is malformed is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gigs.errors import ModelError
from gigs.io import storage
from gigs.report.page import render_page
from gigs.result import Result
from gigs.result.saved import rebuild
from tests.report.finished_result import spoilt, write_finished

MOVED = ("category", "nearest_item", "rank", "place", "users_gaining", "user_gain", "specificity", "hit_at_10")


def as_schema_1(folder: Path) -> None:
    """Write a folder's record as schema 1 had it."""
    record = storage.read_json(folder / "result.json")
    found = record.pop("verification")
    record |= {"schema": 1, "verified": found is not None}
    if found is not None:
        record |= {name: found[name] for name in found if name != "users_drawn"}
        record["audience_users_drawn"] = found["users_drawn"]
        record["verdict"]["words"] = "Models agree."
    for entry in record["suggestions"]:
        check = entry.pop("check")
        if check is not None:
            check["nearest_item"].pop("row", None)
            entry |= {"believed": check["verdict"], **{name: check[name] for name in MOVED}}
    for entry in (record["reconstruction"], *record["suggestions"]):
        if entry["changes"] is not None:
            entry["changes"].pop("nothing")
            for turn in entry["changes"]["palette"]["turns"]:
                turn["from"], turn["to"] = turn.pop("before"), turn.pop("after")
    storage.write_json(folder / "result.json", record)


@pytest.mark.parametrize(("verified", "photo"), [(True, True), (False, True), (False, False)])
def test_a_result_of_schema_1_has_the_same_report(tmp_path: Path, verified: bool, photo: bool) -> None:
    now = write_finished(tmp_path / "one", verified=verified, photo=photo, shared=False)
    page = render_page(now, "one")
    as_schema_1(tmp_path / "one")
    assert json.loads((tmp_path / "one" / "result.json").read_text())["schema"] == 1
    earlier = Result.read(tmp_path / "one")
    assert earlier == now
    assert render_page(earlier, "one") == page
    rebuild(tmp_path / "one")
    assert (tmp_path / "one" / "report.html").read_text() == page


@pytest.mark.parametrize("spoil", [
    lambda record: record.update(schema=3), lambda record: record.update(suggestions=[]),
    lambda record: record["suggestions"][0].update(score="high"), lambda record: record.pop("audience"),
    lambda record: record["suggestions"][0].update(file="../../etc/passwd"),
    lambda record: record["suggestions"][0]["changes"].update(map="/etc/passwd"),
    lambda record: record["suggestions"][0]["check"]["verdict"].update(verdict="splendid"),
    lambda record: record.update(pictures={}), lambda record: record["seconds"].pop("total"),
    lambda record: record["photo"].update(percentile=[1]), lambda record: record.update(compute=None),
])  # fmt: skip
def test_what_is_malformed_is_one_line(tmp_path: Path, spoil) -> None:
    write_finished(tmp_path)
    record = storage.read_json(tmp_path / "result.json")
    spoil(record)
    storage.write_json(tmp_path / "result.json", record)
    with pytest.raises(ModelError, match=r"make (it|the result) again|outside the folder"):
        Result.read(tmp_path)


def test_nothing_of_schema_1_is_taken_on_trust(tmp_path: Path) -> None:
    write_finished(tmp_path)
    as_schema_1(tmp_path)
    record = storage.read_json(tmp_path / "result.json")
    for name in ("verdict", "target", "judges", "category"):
        storage.write_json(tmp_path / "result.json", {key: value for key, value in record.items() if key != name})
        with pytest.raises(ModelError, match="damaged"):
            Result.read(tmp_path)


def test_an_impossible_share_is_a_damaged_result(tmp_path: Path) -> None:
    write_finished(tmp_path)
    spoilt(tmp_path, lambda record: record["suggestions"][0].update(share={"of_100": 54, "low": 60, "high": 70}))
    with pytest.raises(ModelError, match="damaged"):
        Result.read(tmp_path)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("seconds.total", "NaN", "not valid JSON"), ("reconstruction.lpips", "1e400", "not valid JSON"),
        ("audience.label", '"\\ud800"', "not valid JSON"), ("reconstruction.lpips", "-0.1", "reconstruction.lpips"),
        ("suggestions.0.score", "1e300", "suggestions[0].score"), ("suggestions.0.percentile", "1.5", "percentile"),
        ("suggestions.0.changes.palette.after.0.hex", '"red;}body{"', "hex"),
        ("suggestions.0.changes.palette.after.0.hex", '"#12345\\n"', "hex"),
        ("verification.target.suggestions_z", "[]", "suggestions_z"),
        ("verification.judges.0.suggestions_z", "[0.1]", "suggestions_z is not of 3"),
        ("verification.retained", "[]", "retained"), ("verification.category.kept", "9", "category.kept"),
        ("verification.category.probability", "2", "category.probability"), ("suggestions.1.check", "null", "no check"),
        ("suggestions.0.check.nearest_item.rarity", "-1", "rarity"), ("suggestions.0.residual", "7", "residual"),
        ("gate", '{"grade": "fine", "words": "", "mismatch": 0, "lpips": 0, "drift": 0}', "gate.grade"),
        ("seed", "-1", "seed"), ("photo.file", '""', "photo.file"),
    ],
)  # fmt: skip
def test_a_field_out_of_its_range_is_refused_at_reading_by_its_name(tmp_path: Path, place, value, named) -> None:
    """Row 51: not in the middle of a report."""
    write_finished(tmp_path)
    record = storage.read_json(tmp_path / "result.json")
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    holder = record
    for step in way:
        holder = holder[step]
    holder[last] = "HERE"
    (tmp_path / "result.json").write_text(json.dumps(record).replace('"HERE"', value))
    for read in (Result.read, rebuild):
        with pytest.raises(ModelError) as refused:
            read(tmp_path)
        assert named in str(refused.value) and "result.json" in str(refused.value) and "\n" not in str(refused.value)


def test_numbers_that_were_not_measured_are_dashes_in_the_report(tmp_path: Path) -> None:
    """They may be missing, as the schema says, and the report must not end in an error for it."""
    write_finished(tmp_path)

    def unmeasured(record) -> None:
        record["verification"]["target"]["auc"] = {}
        record["photo"]["score"] = record["reconstruction"]["score"] = None
        record["seconds"] = {"total": 1.0}
        for entry in record["suggestions"]:
            entry |= dict.fromkeys(("score", "gain_vs_photo", "gain_vs_reconstruction", "max_abs_shift"))
            entry["lpips_to_reconstruction"] = entry["share"] = None

    spoilt(tmp_path, unmeasured)
    rebuild(tmp_path)
    page = (tmp_path / "report.html").read_text()
    import re

    print(re.findall(r".{30}\[.{1,12}\].{5}", page)[:20])
    assert "- [-; -]" in page and ">None<" not in page
