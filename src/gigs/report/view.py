"""What the report shows, made ready for its template: a result's numbers as words and positions."""

from __future__ import annotations

from typing import Any

from gigs.report import texts


def view_of(result: dict[str, Any]) -> dict[str, Any]:
    """Everything that the seller's part of the page needs, from the content of `result.json`."""
    verified, photo, base = bool(result["verified"]), result["photo"], result["reconstruction"]
    numbered = list(enumerate(result["suggestions"], start=1))
    if verified:
        numbered.sort(key=lambda pair: -pair[1]["believed"]["gain"])  # what is believed of each, best first
    verdict = result["verdict"]["verdict"] if verified else "unchecked"
    changed = (base.get("changes") or {}).get("words")
    return {
        "title": texts.TITLE.format(label=result["audience"]["label"]),
        "summary": texts.summary(result),
        "caution": base["caution"],
        "photo": photo and photo["file"],
        "photo_name": (photo or {}).get("source") or "your photo",
        "base": base["file"],
        "base_words": _base_words(photo is not None, changed),
        "kind_words": _kind_words(result),
        "base_colours": ((base.get("changes") or {}).get("palette") or {}).get("after", []),
        "options": [_option(number, entry, result) for number, entry in numbered],
        "belief": _belief(result, verdict),
        "next": texts.NEXT[verdict],
        "verified": verified,
        "kind": texts.plural(result["category"]["photo"]) if verified else "products",
        "stamp": texts.STAMP,
        "stamps": texts.STAMPS,
    }


def _base_words(has_photo: bool, changed: str | None) -> str:
    if not has_photo:
        return texts.SCRATCH
    if changed is None:
        return texts.REDRAWN
    said = texts.REDRAWN_SAME if changed.startswith("Almost nothing") else texts.REDRAWN_CHANGES.format(words=changed)
    return f"{texts.REDRAWN} {said}"


def _kind_words(result: dict[str, Any]) -> dict[str, Any] | None:
    """What the product is taken for, and whether that is doubtful: everything is compared with that kind."""
    if not result["verified"]:
        return None
    about = result["category"]
    told = about.get("told", False)
    doubtful = not told and about["probability"] < texts.SURE_OF_KIND
    words = texts.TOLD if told else texts.TAKEN_UNSURELY if doubtful else texts.TAKEN_FOR
    return {"words": words.format(kinds=texts.plural(about["photo"])), "doubtful": doubtful}


def _option(number: int, entry: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """One redesign; parts that older results do not have are left out."""
    changes = entry.get("changes") or {}
    palette = changes.get("palette") or {}
    verdict = entry["believed"]["verdict"] if "believed" in entry else "unchecked"
    place = entry.get("place")
    kind = result["category"]["photo"] if result["verified"] else ""
    found = {
        "number": number,
        "file": entry["file"],
        "verdict": verdict,
        "verdict_words": texts.VERDICTS[verdict],
        "words": changes.get("words", ""),
        "not_sure": texts.NOT_SURE.format(names=", ".join(changes["not_sure"])) if changes.get("not_sure") else "",
        "before": palette.get("before", []),
        "after": palette.get("after", []),
        "map": changes.get("map"),
        "where": changes.get("where"),
        "place": place,
        "kept": entry.get("category", {}).get("kept", True),
    }
    if place:
        found |= {"move": texts.move(place, kind), "cases": texts.cases(place), "bar": bar(place)}
    elif not result["verified"]:
        photo = (result["photo"] or {}).get("percentile")
        found["move"] = texts.unchecked_place(photo, entry["percentile"])
    if "users_gaining" in entry:
        found["whom"] = texts.whom(entry["users_gaining"], entry["specificity"])
    if "nearest_item" in entry:
        found |= {"nearest_words": texts.nearest(entry["nearest_item"]), "nearest": f"nearest-{number}.png"}
    return found


def bar(place: dict[str, float]) -> dict[str, float]:
    """Positions on a scale of 0 to 100, for a drawing of the three cases and of today."""
    low, high = sorted((place["worst"], place["best"]))
    return {
        "left": round(100 * low, 1),
        "width": round(max(100 * (high - low), 0.5), 1),
        "likely": round(100 * place["likely"], 1),
        "today": round(100 * place["photo"], 1),
    }


def _belief(result: dict[str, Any], verdict: str) -> list[str]:
    if verdict == "unchecked":
        users = result["audience"]["users"]
        return [texts.UNCHECKED.format(users=f"{users} buyer{'' if users == 1 else 's'}")]
    found = [texts.BELIEF[verdict], texts.JUDGES.format(judges=len(result["judges"]))]
    total = len(result["suggestions"])
    if result["category"]["kept"] < total:
        found.append(texts.OTHER_KIND.format(count=total - result["category"]["kept"], total=total))
    return found
