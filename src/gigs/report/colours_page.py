"""`colours.html`: the product in every colour on one self-contained page that is small enough for a mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gigs.languages import ENGLISH, Language, message
from gigs.report import texts
from gigs.report.pictures import as_jpeg
from gigs.report.templating import environment, inlined

if TYPE_CHECKING:
    from gigs.result.colourways import Colourway, Colourways

SIDE = 480  # longest side of a picture on the page
QUALITY = 85

HOW = message(
    "Every picture is your own photo with the product’s colour changed. Its folds, seams and backdrop stay. The best "
    "comes first."
)
JUDGED = message(
    "Independent judges say whether a colour is better. A judge is a computer model of what buyers chose in the past. "
    "The judges had no part in choosing the colours. None of this is a forecast of sales. Show the best two or three "
    "to customers before you dye any."
)
UNJUDGED = message(
    "No independent judge has checked these colours. The computer model that chose them also put them in order. Take "
    "them as ideas to test, not as a forecast of sales."
)
VALUES = message(
    "The hex value is for screens. L*, a* and b* (daylight, D65) are what a dyer measures. They are averages over the "
    "product in the picture, so lit folds are lighter and shaded ones are darker."
)
INEXACT = message("A photo cannot show this colour with its folds. The average in the picture is {lab}.")


def render_colours(found: Colourways, small: Mapping[str, bytes], say: Language = ENGLISH) -> str:
    """Render the page.

    Args:
        found: Its colours.
        small: By file name, the pictures as `picture_of` makes them.
        say: The language.
    """
    templates = environment(say)
    templates.filters["picture"] = lambda name: inlined(small[name], "jpeg")
    judged = any(one.check is not None for one in found)
    return templates.get_template("colours.html").render(
        title=say("New colours for {label}", label=say.sentence(found.audience.label)),
        lead=lead(found, say),
        how=say(HOW),
        judged=say(JUDGED if judged else UNJUDGED),
        values=say(VALUES),
        doubt=doubt(found, say),
        today={"hex": found.today.hex, "name": say(found.today.name), "lab": lab(found.today.lab, say)},
        colours=[_view(one, say) for one in found],
        stamps=say(texts.STAMPS_ON_PHOTO),
    )


def lead(found: Colourways, say: Language = ENGLISH) -> str:
    """What is on the page, in a few sentences."""
    named = sum(one.asked for one in found)
    count, said = len(found) - named, []
    if count:
        said = [
            say.many(
                "{count} new colour for {label}, chosen among the {tried} that were tried.",
                "{count} new colours for {label}, chosen among the {tried} that were tried.",
                count, label=say.sentence(found.audience.label), tried=found.tried,
            ),
            say.many(
                "The model that chooses likes {count} of the {tried} better than today’s colour. Colours that look "
                "alike are shown once.",
                "The model that chooses likes {count} of the {tried} better than today’s colour. Colours that look "
                "alike are shown once.",
                found.better, tried=found.tried,
            ),
        ]  # fmt: skip
    if named:
        said.append(say.many("You named {count} of the colours.", "You named {count} of the colours.", named))
    return " ".join(said)


def doubt(found: Colourways, say: Language = ENGLISH) -> str:
    """What to keep in mind because of the recommender and of the photo; empty where there is nothing."""
    sentences = (found.doubt, found.cutout.framing, found.cutout.doubt)
    return " ".join(say.sentence(one) for one in sentences if one)


def name_of(one: Colourway, say: Language = ENGLISH) -> str:
    """A colour's name: as the seller wrote it, or the palette's in a language."""
    own = say(one.name)
    return own if one.near is None else say("{name}, close to {near}", name=own, near=say(one.near))


def lab(values: tuple[float, float, float], say: Language = ENGLISH) -> str:
    """A colour as a dyer reads it."""
    light, a, b = (say.number(round(value, 1) + 0.0, 1) for value in values)
    return ("; " if "," in light else ", ").join((f"L* {light}", f"a* {a}", f"b* {b}"))


def picture_of(content: bytes, note: str | None = None) -> bytes:
    """A picture's file reduced to a JPEG for the page, with its note in it."""
    return as_jpeg(content, SIDE, note, quality=QUALITY)


def _view(one: Colourway, say: Language) -> dict[str, Any]:
    return {
        "file": one.file,
        "name": name_of(one, say),
        "hex": one.hex,
        "lab": lab(one.lab, say),
        "asked": one.asked,
        "verdict": texts.headline(one, say),
        "grade": one.verdict if one.verdict in ("likely", "unclear", "unchecked") else "none",
        "inexact": None if one.exact else say(INEXACT, lab=lab(one.shown, say)),
    }
