"""`gigs results`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gigs.cli.console import output
from gigs.errors import InputError

if TYPE_CHECKING:
    from gigs.proof import Findings, TrackRecord

ENOUGH = 5  # tests, before resampling them gives a range worth printing


def results_command(
    folder: Path = typer.Argument(None, metavar="DIR", help="Folder of the result that was tested."),
    counts: Path = typer.Argument(None, metavar="COUNTS.csv", help="CSV file with what the test counted; see below."),
    ledger: Path = typer.Option(
        None, "--ledger", help="Also add promise and outcome to this file, which collects them over products."
    ),
    test: str = typer.Option(
        "test", "--test", help="Name of the test. Counts with the same name replace earlier ones."
    ),
    summary: bool = typer.Option(
        False, "--summary", help="With --ledger: sum up how often promises held, over all tests in it."
    ),
    recalibration: Path = typer.Option(
        None,
        "--recalibration",
        metavar="FILE.json",
        help="With --summary: write the correction for later promises to this file.",
    ),
    language: str = typer.Option(
        None, "--language", help="Language of the page, such as de or es. Default: that of the report."
    ),
) -> None:
    """Compare what a test with people found with what was promised. Writes DIR/results.html and results.json.

    The test pack (`gigs report DIR --test-pack`) contains an empty COUNTS.csv. Fill in one row for the product as it is
    and one for each redesign that you tested; leave the others empty. For a panel, write how many people chose each:

    \b
      question,variant,choices
      1,product,83
      1,redesign 2,117

    Rows with the same question were shown side by side. For your shop, write views and sales instead of choices:

    \b
      variant,views,sales
      product,5120,98
      redesign 2,5087,131

    Examples:

      gigs results out counts.csv

      gigs results out counts.csv --ledger tests.jsonl

      gigs results out in-the-shop.csv --test shop --ledger tests.jsonl

      gigs results --ledger tests.jsonl --summary --recalibration learned.json
    """
    from gigs.proof import compare_folder, read_ledger, track_record

    if summary:
        if ledger is None or folder is not None or counts is not None:
            raise InputError("--summary takes only a ledger: gigs results --ledger FILE --summary")
        record = track_record(read_ledger(ledger))
        _print(_summed_up(record))
        if recalibration is not None:
            _print([str(record.recalibration.write(recalibration))])
        return
    if recalibration is not None:
        raise InputError("--recalibration goes with --summary: gigs results --ledger FILE --summary")
    if folder is None or counts is None:
        raise InputError("give the folder of a result and the counts: gigs results DIR counts.csv")
    findings = compare_folder(folder, counts, test=test, ledger=ledger, language=language)
    _print([*_found(findings), str(folder / "results.html")])


def _found(findings: Findings) -> list[str]:
    from gigs.report import results_words as words

    lines = [words.headline(findings), *words.cautions(findings)]
    for one in findings:
        promised = words.NO_PROMISE if one.promised is None else f"promised {one.promised}"
        joint = one.joint
        found = f"found {joint.of_100:.0f} of 100 [{joint.low:.0f}, {joint.high:.0f}]"
        said = " ".join([f"{words.verdict(one)}.", *words.meaning(one)])
        lines.append(f"redesign {one.number}: {promised}, {found}. {said}")
    return lines


def _summed_up(record: TrackRecord) -> list[str]:
    learned, gap, agreed = record.recalibration, record.gap, record.agreed_share
    around = f" [{gap.low:+.1f}, {gap.high:+.1f}]" if gap.items >= ENOUGH else ", of too few tests for a range"
    slope_error, shift_error = (1.96 * learned.variances[at] ** 0.5 for at in (2, 0))
    lines = [
        f"{record.redesigns} promises in {record.tests} tests; tests agree with {record.agreed} of them: {agreed} "
        "(95 of 100 where promises and their ranges are right)",
        f"promised {record.promised:.1f} of 100 on average, found {record.found:.1f}: {gap.mean:+.1f} points{around}",
        f"what later promises should be taken for: slope {learned.slope:.2f} (give or take {slope_error:.2f}), "
        f"intercept {learned.intercept:+.2f} (give or take {shift_error:.2f}), on log odds; 1 and 0 change nothing",
    ]
    if record.miss_recalibrated is not None:
        lines.append(
            f"promises are {record.miss:.1f} points off, beyond luck in counting; {record.miss_recalibrated:.1f} once "
            "put right by the other tests"
        )
    return lines


def _print(lines: list[str]) -> None:
    for line in lines:
        output.print(line, markup=False, highlight=False, soft_wrap=True)
