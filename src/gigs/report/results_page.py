"""`results.html`: what was promised beside what a test found, in one table and one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigs.languages import ENGLISH, Language
from gigs.report import results_words as words
from gigs.report import texts
from gigs.report.templating import environment, inlined
from gigs.report.view import words_of
from gigs.verify.share import EVEN, Share

if TYPE_CHECKING:
    from gigs.proof.findings import Finding, Findings
    from gigs.result.schema import Record

FILE = "results.html"
SHOWN = 160  # longest side of a picture, pixels
ROOM = 3  # points beyond the outermost interval


def render_results(result: Record, findings: Findings, say: Language = ENGLISH) -> str:
    """Render the page; it needs no other file.

    Args:
        result: That made the redesigns, with its pictures.
        findings: Of a test of it.
        say: The language.

    Raises:
        ModelError: A picture that the result names is missing.
    """
    low, high = scale(findings)
    rows = [_row(one, result, (low, high), say) for one in findings]
    start = result.reconstruction.file if result.photo is None else result.photo.file
    return (
        environment(say)
        .get_template("results.html")
        .render(
            title=say(words.TITLE, product=findings.product),
            headline=words.headline(findings, say),
            buyers=say.sentence(findings.buyers),
            test=words.test_name(findings, say),
            cautions=words.cautions(findings, say),
            start=inlined(result.pictures.small(start, SHOWN)),
            sides=[say(one) for one in words.SIDES[findings.kind]],
            scale_words=say(words.SCALE[findings.kind]),
            ticks=[{"at": at, "left": _left(at, (low, high))} for at in _ticks(low, high)],
            rows=rows,
            reading=words.reading(findings, say),
            advice=words.advice(findings, say),
            stamps=say(texts.stamps(result.on_photo)),
        )
    )


def scale(findings: Findings) -> tuple[int, int]:
    """Ends of the picture's scale, in whole tens of 100, that hold 50 and every interval."""
    shares = [share for one in findings for share in (one.promised, one.joint) if share is not None]
    low = min(EVEN, *(share.low for share in shares)) - ROOM
    high = max(EVEN, *(share.high for share in shares)) + ROOM
    return max(0, int(low // 10) * 10), min(100, int(-(-high // 10)) * 10)


def _ticks(low: int, high: int) -> list[int]:
    step = 10 if high - low <= 60 else 25 if low == 0 and high == 100 else 20
    return [at for at in range(0, 101, step) if low <= at <= high]


def _row(one: Finding, result: Record, ends: tuple[int, int], say: Language) -> dict[str, Any]:
    entry = result.suggestions[one.number - 1]
    promised, promised_range = words.share(one.promised, say)
    found, found_range = words.share(Share(one.found.of_100, one.joint.low, one.joint.high), say)
    return {
        "number": one.number,
        "name": say(texts.REDESIGN, number=one.number),
        "picture": inlined(result.pictures.small(entry.file, SHOWN)),
        "words": words_of(entry.changes, say),
        "promised": promised,
        "promised_range": promised_range,
        "found": found,
        "found_range": found_range,
        "counted": words.counted(one, say),
        "verdict": one.verdict,
        "verdict_words": words.verdict(one, say),
        "meaning": words.meaning(one, say),
        "promise_bar": one.promised and _bar(one.promised, ends),
        "found_bar": _bar(one.joint, ends),
        "even": _left(EVEN, ends),
    }


def _bar(share: Share, ends: tuple[int, int]) -> dict[str, float]:
    """Positions in percent of the scale's width."""
    left, right = _left(share.low, ends), _left(share.high, ends)
    return {"left": left, "width": max(round(right - left, 2), 0.5), "middle": _left(share.of_100, ends)}


def _left(value: float, ends: tuple[int, int]) -> float:
    return round(100 * (value - ends[0]) / (ends[1] - ends[0]), 2)
