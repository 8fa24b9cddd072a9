"""What the visitor sees, as HTML: status with progress, the redesigns, the history. All values are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader

from gigs.languages import ENGLISH, Language
from gigs.progress import Step
from gigs.report import texts as report
from gigs.report.colours_page import doubt, lab, lead, name_of
from gigs.report.view import words_of
from gigs.result import UNCHECKED, Result
from gigs.result.colourways import PAGE
from gigs.result.result import COMPARE
from gigs.studio import texts
from gigs.studio.visits import ARCHIVE, REPORT, KeptColours, KeptResult

# Shares of the time that each stage takes (two cores, the presets fast and faithful).
SHARES = {"finding the product": 0.62, "redesigning": 0.12, "checking the redesigns": 0.2}
CAREFUL = {
    "finding the product": 0.2, "keeping its details": 0.6, "redesigning": 0.06, "checking the redesigns": 0.1,
}  # fmt: skip

TONES = {"likely": "good", "no gain found": "poor"}

ENVIRONMENT = Environment(loader=PackageLoader("gigs.studio"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
ENVIRONMENT.globals["texts"] = texts


@dataclass(frozen=True)
class Screen:
    """One state of the page; what is None stays as it was. `asks`: types of which the visitor is to choose one."""

    status: str
    photo: str | None = None
    results: str | None = None
    history: str | None = None
    colours: str | None = None
    running: bool = False
    anyway: bool = False
    asks: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Card:
    """One picture with what is said of it.

    `tone`: good, open, poor, or plain; `compare`: where it is at full size, with a slider to the photo.
    """

    source: str
    title: str
    verdict: str = ""
    tone: str = "plain"
    words: str = ""
    concept: bool = True
    compare: str = ""


def status(text: str, *, kind: str = "info", share: float | None = None) -> str:
    """A line of status; `kind` is info, busy, done or error, and `share` in [0,1] how far the work is."""
    percent = None if share is None else round(100 * share)
    return ENVIRONMENT.get_template("status.html").render(text=text, kind=kind, percent=percent)


def waiting(ahead: int, say: Language = ENGLISH) -> str:
    """The status of a computation that is in line behind others."""
    text = say(texts.SOON if ahead == 0 else texts.WAITING_NEXT if ahead == 1 else texts.WAITING, ahead=ahead)
    return status(text, kind="busy", share=0.0)


def progress(step: Step, careful: bool, say: Language = ENGLISH) -> str:
    """The status of a step: in words, and as a share of all that is to be done."""
    shares = CAREFUL if careful else SHARES
    before = 0.0
    for stage, share in shares.items():
        if stage == step.stage:
            before += share * step.done / max(1, step.total)
            break
        before += share
    last = step.stage == list(shares)[-1] and step.done >= step.total
    text = say(texts.WRITING if last else texts.STAGES.get(step.stage, step.stage))
    return status(text + " …", kind="busy", share=before)


def photo(source: str, say: Language = ENGLISH) -> str:
    """The visitor's photo as it was understood; `source` is a `data:` address."""
    return ENVIRONMENT.get_template("photo.html").render(source=source, say=say)


def cards(
    shown: Sequence[Card],
    head: str = "",
    caution: str = "",
    foot: str = "",
    result: KeptResult | None = None,
    say: Language = ENGLISH,
) -> str:
    """Pictures with what is said of them, and the way to the report where there is one."""
    links = None if result is None else {name: address(result, name) for name in (REPORT, ARCHIVE)}
    return ENVIRONMENT.get_template("cards.html").render(
        cards=shown, head=head, caution=caution, foot=foot, links=links, report=REPORT, archive=ARCHIVE, say=say
    )


def drafts(sources: Sequence[str], say: Language = ENGLISH) -> list[Card]:
    """Cards of pictures that nobody has checked yet."""
    return [Card(source, say(texts.DRAFTED, number=number)) for number, source in enumerate(sources, start=1)]


def finished(kept: KeptResult, photo_source: str, say: Language = ENGLISH) -> str:
    """A finished run."""
    result = kept.result
    shown = [Card(photo_source, say(texts.TODAY), concept=False)]
    for number, entry in enumerate(result, start=1):
        shown.append(
            Card(
                address(kept, entry.file),
                say(texts.REDESIGN, number=number),
                report.headline(entry, say),
                TONES.get(entry.verdict, "open"),
                " ".join([words_of(entry.changes, say), *([say(texts.SKETCH)] if entry.rendered == "sketch" else [])]),
                compare=f"{address(kept, COMPARE)}#redesign-{number}",
            )
        )
    return cards(shown, summary(result, say), caution(result, say), say(texts.NEXT), kept, say)


def colours(kept: KeptColours, say: Language = ENGLISH) -> str:
    """The product in other colours, and the way to their page."""
    shown = [
        {
            "source": address(kept, one.file),
            "title": name_of(one, say),
            "hex": one.hex,
            "lab": lab(one.lab, say),
            "verdict": report.headline(one, say),
            "tone": TONES.get(one.verdict, "open"),
        }
        for one in kept.found
    ]
    page = ENVIRONMENT.get_template("colours.html")
    caution = doubt(kept.found, say)
    return page.render(cards=shown, lead=lead(kept.found, say), caution=caution, page=address(kept, PAGE), say=say)


def summary(result: Result, say: Language = ENGLISH) -> str:
    """One sentence, no stronger than what was found."""
    if not result.doubt and any(entry.share is not None for entry in result):
        return report.summary(result, say)
    count, audience = len(result), say.sentence(result.audience.label)
    likely = sum(entry.verdict == "likely" for entry in result)
    if result.doubt or result.verdict == "no promise":
        return say(texts.NO_PROMISE, audience=audience)
    if result.verdict == UNCHECKED:
        return say(texts.UNCHECKED, count=count, audience=audience)
    if likely == 0:
        return say(texts.NONE_SURE, count=count, audience=audience)
    return say.many(
        "{count} of {total} redesigns is likely to be liked better than your product by {audience}.",
        "{count} of {total} redesigns are likely to be liked better than your product by {audience}.",
        likely, total=count, audience=audience,
    )  # fmt: skip


def caution(result: Result, say: Language = ENGLISH) -> str:
    """What to keep in mind because of the recommender or the photo; empty where there is nothing."""
    rough, cutout = result.gate is not None and result.gate.grade == "rough", result.cutout
    redrawn = texts.ROUGH if rough else result.reconstruction.caution
    found = (result.doubt, cutout and cutout.framing, cutout and cutout.doubt, redrawn)
    return " ".join(say.sentence(words) for words in found if words)


def history(results: Sequence[KeptResult], say: Language = ENGLISH) -> str:
    """Earlier results of the visit, with their reports."""
    rows = [
        {
            "picture": address(kept, kept.result[0].file),
            "words": say.many(
                "{at} · {count} redesign for {audience}", "{at} · {count} redesigns for {audience}", len(kept.result),
                at=say.time(kept.at), audience=say.sentence(kept.result.audience.label),
            ),
            "report": address(kept, REPORT),
            "archive": address(kept, ARCHIVE),
        }
        for kept in results
    ]  # fmt: skip
    return ENVIRONMENT.get_template("history.html").render(rows=rows, say=say)


def address(kept: KeptResult | KeptColours, name: str) -> str:
    """Where the server hands a file of a result out."""
    return f"result/{kept.key}/{name}"
