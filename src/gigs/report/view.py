"""What the report shows, made ready for its template: a result's numbers as words and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigs.explain.words import sentence
from gigs.languages import ENGLISH, Language
from gigs.report import texts
from gigs.report.counting_sheet import to_confirm
from gigs.verify.share import EVEN

if TYPE_CHECKING:
    from gigs.explain.description import Colour, Description
    from gigs.result.schema import Record, Suggestion
    from gigs.verify.share import Share


def view_of(result: Record, say: Language = ENGLISH) -> dict[str, Any]:
    """Everything that the seller's part of the page needs, in a language."""
    photo, base, summary = result.photo, result.reconstruction, result.verification
    numbered = list(enumerate(result.suggestions, start=1))
    if summary is not None:
        numbered.sort(key=lambda pair: -_worth(pair[1]))  # what is believed of each, best first
    return {
        "title": say(texts.TITLE, label=say.sentence(result.audience.label)),
        "summary": texts.summary(result, say),
        "caution": _caution(result, say),
        "photo": photo and photo.file,
        "photo_name": (photo and photo.source) or say(texts.BEFORE_PHOTO),
        "base": base.file,
        "base_words": say(texts.ON_PHOTO) if result.on_photo else _base_words(photo is not None, base.changes, say),
        "on_photo": result.on_photo,
        "kind_words": _kind_words(result, say),
        "base_colours": _colours(base.changes.palette.after, say) if base.changes else (),
        "options": [_option(number, entry, say) for number, entry in numbered],
        "belief": texts.belief(result, say),
        "next": say(texts.NEXT["no promise" if result.doubt else result.verdict]),
        "verified": summary is not None,
        "stamp": say(texts.STAMP),
        "stamps": say(texts.stamps(result.on_photo)),
        "fewer": texts.fewer(result, say),
        "front": _front(result, say),
    }


def words_of(changes: Description, say: Language) -> str:
    """What changes, in a language; in English, as the result says it."""
    return changes.words if say.code == ENGLISH.code else sentence(changes, say)


def _colours(swatches: tuple[Colour, ...], say: Language) -> list[dict[str, Any]]:
    return [{"name": say(one.name), "hex": one.hex, "share": one.share} for one in swatches]


def _front(result: Record, say: Language) -> dict[str, Any] | None:
    """The way from less change to more gain; None where it has no second step."""
    if result.choice is None or len(result.choice.front) < 2:
        return None
    points = [
        {
            "file": one.file,
            "limit": say(texts.FRONT_LIMIT, budget=texts.limit(one.change)),
            "name": "" if one.suggestion is None else say(texts.REDESIGN, number=one.suggestion),
        }
        for one in result.choice.front
    ]
    command = texts.FRONT_COMMAND.format(budget=texts.limit(result.choice.front[0].change))
    return {"title": say(texts.FRONT), "words": say(texts.FRONT_WORDS, command=command), "points": points}


def _caution(result: Record, say: Language) -> str | None:
    """What to keep in mind because of the recommender and of the photo."""
    cutout = result.cutout
    found = [result.doubt, cutout and cutout.framing, cutout and cutout.doubt, result.reconstruction.caution]
    return " ".join(say.sentence(words) for words in found if words) or None


def _base_words(has_photo: bool, changes: Description | None, say: Language) -> str:
    if not has_photo:
        return say(texts.SCRATCH)
    if changes is None:
        return say(texts.REDRAWN)
    said = say(texts.REDRAWN_SAME) if changes.nothing else say(texts.REDRAWN_CHANGES, words=words_of(changes, say))
    return f"{say(texts.REDRAWN)} {said}"


def _kind_words(result: Record, say: Language) -> dict[str, Any] | None:
    """What the product is taken for, and whether that is doubtful: everything is compared with that kind."""
    if result.verification is None:
        return None
    category = result.verification.category
    doubt = texts.kind_in_doubt(category, say)
    if doubt is not None:
        return {"words": doubt, "doubtful": True}
    words = texts.TOLD if category.told else texts.TAKEN_FOR
    return {"words": say(words, kind=say(category.photo)), "doubtful": False}


def _option(number: int, entry: Suggestion, say: Language) -> dict[str, Any]:
    """One redesign."""
    changes, check = entry.changes, entry.check
    unsure = say.listed(say(texts.COLUMNS.get(name, name)) for name in changes.not_sure)
    shown = {
        "number": number,
        "name": say(texts.REDESIGN, number=number),
        "file": entry.file,
        "verdict": entry.verdict,
        "share": entry.share,
        "headline": texts.headline(entry, say),
        "promise": texts.promise(entry.share, check is not None, say),
        "bar": None if entry.share is None else bar(entry.share),
        "words": words_of(changes, say),
        "not_sure": say(texts.NOT_SURE, names=unsure) if unsure else "",
        "before": _colours(changes.palette.before, say),
        "after": _colours(changes.palette.after, say),
        "map": changes.map,
        "where": changes.where,
        "kept": check is None or check.category.kept,
        "sketch": say(texts.SKETCH) if entry.rendered == "sketch" else "",
        "confirm": "" if entry.share is None else to_confirm(entry.share, say),
    }
    if check is None:
        return shown
    return shown | {
        "nearest_words": texts.nearest(check.nearest_item, say),
        "nearest": f"nearest-{number}.png",
    }


def _worth(entry: Suggestion) -> float:
    """What redesigns are put in order by: the share of buyers, or where there is none, the judges' gain."""
    return entry.share.of_100 if entry.share is not None else entry.gain or 0.0


def bar(share: Share) -> dict[str, float]:
    """Positions, of 100, for a drawing of a share and its interval."""
    return {
        "left": share.low,
        "width": round(max(share.high - share.low, 0.5), 1),
        "at": share.of_100,
        "even": EVEN,
    }
