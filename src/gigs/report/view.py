"""What the report shows, made ready for its template: a result's numbers as words and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigs.report import texts
from gigs.report.counting_sheet import to_confirm
from gigs.verify.share import EVEN

if TYPE_CHECKING:
    from gigs.explain.description import Description
    from gigs.result.schema import Record, Suggestion
    from gigs.verify.share import Share


def view_of(result: Record) -> dict[str, Any]:
    """Everything that the seller's part of the page needs."""
    photo, base, summary = result.photo, result.reconstruction, result.verification
    numbered = list(enumerate(result.suggestions, start=1))
    if summary is not None:
        numbered.sort(key=lambda pair: -_worth(pair[1]))  # what is believed of each, best first
    return {
        "title": texts.TITLE.format(label=result.audience.label),
        "summary": texts.summary(result),
        "caution": _caution(result),
        "photo": photo and photo.file,
        "photo_name": (photo and photo.source) or "your photo",
        "base": base.file,
        "base_words": texts.ON_PHOTO if result.on_photo else _base_words(photo is not None, base.changes),
        "on_photo": result.on_photo,
        "kind_words": _kind_words(result),
        "base_colours": base.changes.palette.after if base.changes else (),
        "options": [_option(number, entry, result) for number, entry in numbered],
        "belief": _belief(result),
        "next": texts.NEXT["no promise" if result.doubt else result.verdict],
        "verified": summary is not None,
        "stamp": texts.STAMP,
        "stamps": texts.stamps(result.on_photo),
        "fewer": texts.fewer(result),
        "front": _front(result),
    }


def _front(result: Record) -> dict[str, Any] | None:
    """The way from less change to more gain; None where it has no second step."""
    if result.choice is None or len(result.choice.front) < 2:
        return None
    points = [
        {
            "file": one.file,
            "limit": texts.FRONT_LIMIT.format(budget=texts.limit(one.change)),
            "name": "" if one.suggestion is None else texts.FRONT_IS.format(number=one.suggestion),
        }
        for one in result.choice.front
    ]
    command = texts.FRONT_COMMAND.format(budget=texts.limit(result.choice.front[0].change))
    return {"title": texts.FRONT, "words": texts.FRONT_WORDS.format(command=command), "points": points}


def _caution(result: Record) -> str | None:
    """What to keep in mind because of the recommender and of the photo."""
    found = [result.doubt, result.cutout and result.cutout.words, result.reconstruction.caution]
    return " ".join(words for words in found if words) or None


def _base_words(has_photo: bool, changes: Description | None) -> str:
    if not has_photo:
        return texts.SCRATCH
    if changes is None:
        return texts.REDRAWN
    said = texts.REDRAWN_SAME if changes.nothing else texts.REDRAWN_CHANGES.format(words=changes.words)
    return f"{texts.REDRAWN} {said}"


def _kind_words(result: Record) -> dict[str, Any] | None:
    """What the product is taken for, and whether that is doubtful: everything is compared with that kind."""
    if result.verification is None:
        return None
    category = result.verification.category
    if doubt := texts.kind_in_doubt(category):
        return {"words": doubt, "doubtful": True}
    words = texts.TOLD if category.told else texts.TAKEN_FOR
    return {"words": words.format(kinds=texts.plural(category.photo)), "doubtful": False}


def _option(number: int, entry: Suggestion, result: Record) -> dict[str, Any]:
    """One redesign."""
    changes, check = entry.changes, entry.check
    shown = {
        "number": number,
        "file": entry.file,
        "verdict": entry.verdict,
        "share": entry.share,
        "headline": texts.headline(entry),
        "promise": texts.promise(entry.share, check is not None),
        "bar": None if entry.share is None else bar(entry.share),
        "words": changes.words,
        "not_sure": texts.NOT_SURE.format(names=", ".join(changes.not_sure)) if changes.not_sure else "",
        "before": changes.palette.before,
        "after": changes.palette.after,
        "map": changes.map,
        "where": changes.where,
        "kept": check is None or check.category.kept,
        "sketch": texts.SKETCH if entry.rendered == "sketch" else "",
        "confirm": "" if entry.share is None else to_confirm(entry.share),
    }
    if check is None:
        return shown
    return shown | {
        "nearest_words": texts.nearest(check.nearest_item),
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


def _belief(result: Record) -> list[str]:
    summary = result.verification
    if summary is None:
        users = result.audience.users
        return [texts.UNCHECKED.format(users=f"{users} buyer{'' if users == 1 else 's'}")]
    sentences = [] if summary.share is None else [texts.WORTH.format(purchases=f"{summary.purchases:,}")]
    if summary.share is not None and summary.recalibration is not None:
        tests = summary.recalibration.tests
        sentences.append(texts.PUT_RIGHT.format(tests="1 test" if tests == 1 else f"{tests} tests"))
    sentences += [texts.BELIEF[result.verdict], texts.JUDGES.format(judges=len(summary.judges))]
    if summary.told_apart is False:
        sentences.append(texts.SAME_AS_ALL)
    total = len(result.suggestions)
    if summary.category.kept < total:
        sentences.append(texts.OTHER_KIND.format(count=total - summary.category.kept, total=total))
    return sentences
