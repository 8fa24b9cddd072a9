"""A ledger is appended to, keeps every line, counts no test twice, and names what is wrong with it."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from gigs.errors import DiskError, InputError
from gigs.proof.counts import read_counts
from gigs.proof.findings import compare
from gigs.proof.ledger import read_ledger, record
from gigs.result import Result
from tests.proof.sheets import SHARES, promised_result, sheet


@pytest.fixture
def findings(tmp_path):
    result = Result.read(promised_result(tmp_path / "dress"))
    counts = read_counts(sheet(tmp_path / "counts.csv", {"product": 100, "redesign 1": 104, "redesign 3": 160}))
    return compare(result, counts, product="dress", fingerprint="0" * 64)


def test_a_test_is_kept_as_it_was_found(tmp_path, findings):
    assert record(tmp_path / "far" / "ledger.jsonl", findings)
    (entry,) = read_ledger(tmp_path / "far" / "ledger.jsonl")
    assert (entry.id, entry.product, entry.buyers, entry.kind) == (findings.id, "dress", "women's buyers", "choices")
    assert [(one.number, one.promised) for one in entry.redesigns] == [(1, SHARES[0]), (3, None)]
    assert [(one.product, one.redesign) for one in entry.redesigns] == [(one.product, one.redesign) for one in findings]


def test_the_same_test_is_not_written_twice_and_corrected_counts_replace_it_when_read(tmp_path, findings):
    path = tmp_path / "ledger.jsonl"
    more = replace(findings, redesigns=findings.redesigns[:1])
    again = replace(findings, test="in spring")
    assert [record(path, one) for one in (findings, findings, more, again, more)] == [True, False, True, True, False]
    assert len(path.read_text().splitlines()) == 3
    assert [(one.test, len(one.redesigns)) for one in read_ledger(path)] == [("test", 1), ("in spring", 2)]


def test_lines_that_are_there_stay_as_they_are(tmp_path, findings):
    path = tmp_path / "ledger.jsonl"
    record(path, findings)
    first = path.read_bytes()
    record(path, replace(findings, result="1" * 64))
    assert path.read_bytes().startswith(first) and len(read_ledger(path)) == 2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text + "{}\n", "line 2 is no test"),
        (lambda text: text[:-1], "last line is not whole"),
        (lambda text: "[]\n" + text, "line 1 is no test"),
        (lambda text: text.replace('"of_100": 54', '"of_100": 99'), "line 1"),
        (lambda text: text.replace('"choices": 104', '"choices": -4'), "line 1 is no test"),
        (lambda text: text.replace('{"schema": 1', '{"schema": 2'), "another gigs"),
        (lambda text: text + "\xff\n", "line 2"),
        (lambda text: text.replace('"choices": 104, "views": null, "sales": null', '"views": 9, "sales": 2'), "line 1"),
    ],
)
def test_a_damaged_ledger_is_named_and_left_alone(tmp_path, findings, spoil, said):
    path = tmp_path / "ledger.jsonl"
    record(path, findings)
    path.write_text(spoil(path.read_text()), encoding="latin-1")
    content = path.read_bytes()
    for use in (lambda: read_ledger(path), lambda: record(path, replace(findings, test="other"))):
        with pytest.raises(InputError, match=rf"ledger\.jsonl: .*{said}"):
            use()
    assert path.read_bytes() == content


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path, findings, monkeypatch):
    path = tmp_path / "ledger.jsonl"
    record(path, findings)
    content = path.read_bytes()

    def full(_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gigs.proof.ledger.os.fsync", full)
    with pytest.raises(DiskError, match="No space left"):
        record(path, replace(findings, test="other"))
    assert path.read_bytes() == content


def test_what_cannot_be_a_ledger_is_named(tmp_path, findings):
    with pytest.raises(InputError, match=r"none\.jsonl: no such ledger"):
        read_ledger(tmp_path / "none.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written to"):
        record(tmp_path / "file" / "ledger.jsonl", findings)
    with pytest.raises(InputError, match=r"dress"):
        record(tmp_path / "dress", findings)


def test_a_line_has_everything_that_another_program_needs(tmp_path, findings):
    record(tmp_path / "ledger.jsonl", findings)
    line = json.loads((tmp_path / "ledger.jsonl").read_text())
    assert line["redesigns"][0] == {
        "number": 1, "question": "", "promised": SHARES[0].to_json(),
        "product": {"choices": 100, "views": None, "sales": None},
        "redesign": {"choices": 104, "views": None, "sales": None},
    }  # fmt: skip


def test_processes_that_write_at_once_lose_nothing_and_leave_no_lock(tmp_path, findings):
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda n: record(tmp_path / "ledger.jsonl", replace(findings, test=str(n % 6))), range(12))
        assert sum(done) == 6
    assert len(read_ledger(tmp_path / "ledger.jsonl")) == 6
    assert [path.name for path in tmp_path.glob(".*")] == []
