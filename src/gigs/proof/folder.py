"""Compares counts with a result's promises, and writes `results.html` and `results.json` into its folder."""

from __future__ import annotations

from pathlib import Path

from gigs.errors import InputError
from gigs.io import folders, storage
from gigs.io.text import readable
from gigs.languages import language as language_of
from gigs.proof.counts import read_counts
from gigs.proof.findings import Findings, compare
from gigs.proof.ledger import record
from gigs.report.results_page import FILE as PAGE
from gigs.report.results_page import render_results
from gigs.result import Result
from gigs.result.reading import FILE
from gigs.result.saved import REPORT, language_in, link_proof

RECORD = "results.json"
LONGEST = 80  # characters of a test's name


def compare_folder(
    folder: str | Path,
    counts: str | Path,
    *,
    test: str = "test",
    ledger: str | Path | None = None,
    language: str | None = None,
) -> Findings:
    """Compare the counts of a test with people with the promises of a result.

    Writes `results.html` and `results.json` into the folder, in the place of an earlier test's, and a line into the
    ledger. `report.html` links the page from then on, unless somebody has changed it.

    Args:
        folder: Of a finished result.
        counts: The filled-in `counts.csv` (`docs/guides/results.md`).
        test: Name of the test; another name for each test of the same result.
        language: Of the page; None takes that of the report.
        ledger: File to keep promises against outcomes in, over products; made if need be.

    Raises:
        InputError: The language is not known, the counts are malformed or of another result, or a file cannot be
            written.
        ModelError: The folder holds no result, or a damaged one.
    """
    folder = Path(folder)
    if not test.strip() or len(test) > LONGEST or not test.isprintable():
        raise InputError(f"test {test[:LONGEST]!r}: name it in 1 to {LONGEST} characters on a line")
    read = read_counts(counts)
    result = Result.read(folder)
    fingerprint = storage.sha256_of(folder / FILE)
    findings = compare(
        result, read, product=readable(folder.resolve().name), fingerprint=fingerprint, test=test.strip()
    )
    say = language_in(folder / REPORT[0]) if language is None else language_of(language)
    page = render_results(result, findings, say)
    with folders.owned(folder):
        if ledger is not None:
            record(Path(ledger), findings)  # first: it may refuse
        storage.write_json(folder / RECORD, findings.to_json())
        storage.write_text(folder / PAGE, page)
        link_proof(folder, result)
    return findings
