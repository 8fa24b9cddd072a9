"""`colours.html`: the product in every colour on one self-contained page that is small enough for a mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gigs.report import texts
from gigs.report.pictures import as_jpeg
from gigs.report.templating import environment, inlined

if TYPE_CHECKING:
    from gigs.result.colourways import Colourway, Colourways

SIDE = 480  # longest side of a picture on the page
QUALITY = 85

FOUND = "{count} new colours for {label}, chosen among {tried} that were tried. "
FOUND_ONE = "One new colour for {label}, chosen among {tried} that were tried. "
FEWER = (
    "The model that chooses likes {better} of the {tried} better than today's; those that look alike are shown once. "
)
NAMED = "{count} as you named them. "
NAMED_ONE = "One as you named it. "
HOW = (
    "Every picture is your own photo with the product's colour changed: its folds, seams and backdrop stay. The best "
    "comes first."
)
JUDGED = (
    "Whether a colour is better is said by further computer models of what buyers chose in the past, which had no part "
    "in choosing it. None of this is a forecast of sales: show the best two or three to customers before you dye any."
)
UNJUDGED = (
    "No independent judge has checked these colours: the same computer model that chose them put them in order. Take "
    "them as ideas to test, not as a forecast of sales."
)
VALUES = (
    "The hex value is for screens; L*, a* and b* (daylight, D65) are what a dyer measures. They are the mean over the "
    "product in the picture: lit folds are lighter, shaded ones darker."
)
INEXACT = "A photo cannot show this colour with its folds; the picture's mean is L* {0:.1f}, a* {1:.1f}, b* {2:.1f}."


def render_colours(found: Colourways, small: Mapping[str, bytes]) -> str:
    """Render the page.

    Args:
        found: Its colours.
        small: By file name, the pictures as `picture_of` makes them.
    """
    templates = environment()
    templates.filters["picture"] = lambda name: inlined(small[name], "jpeg")
    judged = any(one.check is not None for one in found)
    return templates.get_template("colours.html").render(
        title=f"New colours for {found.audience.label}",
        lead=lead(found),
        how=HOW,
        judged=JUDGED if judged else UNJUDGED,
        values=VALUES,
        doubt=" ".join(filter(None, (found.doubt, found.cutout.words))),
        today=found.today,
        lab=lab,
        colours=[_view(one) for one in found],
        stamp=texts.STAMP,
        stamps=texts.STAMPS_ON_PHOTO,
    )


def lead(found: Colourways) -> str:
    """What is on the page, in one or two sentences."""
    named = sum(one.asked for one in found)
    count, facts = len(found) - named, {"label": found.audience.label, "tried": found.tried, "better": found.better}
    said = "" if not count else (FOUND_ONE if count == 1 else FOUND).format(count=count, **facts)
    said += FEWER.format(**facts) if count else ""
    said += "" if not named else (NAMED_ONE if named == 1 else NAMED).format(count=named)
    return said.strip()


def lab(values: tuple[float, float, float]) -> str:
    """A colour as a dyer reads it."""
    return "L* {:.1f}, a* {:.1f}, b* {:.1f}".format(*(round(value, 1) + 0.0 for value in values))


def picture_of(content: bytes, note: str | None = None) -> bytes:
    """A picture's file reduced to a JPEG for the page, with its note in it."""
    return as_jpeg(content, SIDE, note, quality=QUALITY)


def _view(one: Colourway) -> dict[str, Any]:
    return {
        "file": one.file,
        "name": one.name if one.near is None else f"{one.name}, close to {one.near}",
        "hex": one.hex,
        "lab": lab(one.lab),
        "asked": one.asked,
        "verdict": texts.headline(one),
        "grade": one.verdict if one.verdict in ("likely", "unclear", "unchecked") else "none",
        "inexact": None if one.exact else INEXACT.format(*one.shown),
    }
