"""Reads `result.json` of the present schema or of schema 1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from gigs.errors import ModelError
from gigs.io import documents, folders, storage
from gigs.result.pictures import Pictures
from gigs.result.schema import SCHEMA, Picture, Record

FILE = "result.json"
ADVICE = "make it again"
NOTHING = "Almost nothing that can be named."  # how schema 1 said that a redesign changes nothing
CHECK = (
    "category", "nearest_item", "rank", "place", "users_gaining", "user_gain", "specificity", "hit_at_10",
)  # fmt: skip
R = TypeVar("R", bound=Record)


def read_record(folder: str | Path, kind: type[R]) -> R:
    """Read a folder's `result.json` with the pictures beside it.

    Args:
        folder: Folder of the result.
        kind: Class of the record.

    Raises:
        ModelError: The file is missing, or has not the form that `docs/reference/result.md` describes.
    """
    folder = Path(folder)
    path = folder / FILE
    content = storage.read_json(path)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema not in (1, SCHEMA):
        raise ModelError(f"{path}: not a result that this version of gigs reads; {ADVICE}")
    try:
        content = _from_schema_1(content) if schema == 1 else content
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: damaged ({error}); {ADVICE}") from error
    record = documents.checked(content, kind, path, ADVICE)
    if fault := _contradiction(record):
        raise ModelError(f"{path}: damaged ({fault}); {ADVICE}")
    for name in _named_files(record):
        folders.inside(folder, name)
    return with_pictures(record, Pictures(folder=folder))


def with_pictures(record: R, pictures: Pictures) -> R:
    """Give a record's entries their pictures."""

    def bound(entry: Any) -> Any:
        return replace(entry, pictures=pictures)

    return replace(
        record,
        pictures=pictures,
        photo=None if record.photo is None else bound(record.photo),
        reconstruction=bound(record.reconstruction),
        suggestions=tuple(map(bound, record.suggestions)),
    )


def _contradiction(record: Record) -> str:
    """Name the field of a record that contradicts the rest; empty if there is none."""
    count, found = len(record.suggestions), record.verification
    if "total" not in record.seconds:
        return "seconds: total is missing"
    if record.choice is not None and any((one.suggestion or 1) > count for one in record.choice.front):
        return "choice.front: names a redesign that is not there"
    if found is None:
        return ""
    if any(one.check is None for one in record.suggestions):
        return "suggestions: one has no check, though they were verified"
    if any(len(one.suggestions_z) != count for one in (found.target, *found.judges)):
        return f"verification: suggestions_z is not of {count} redesigns"
    if len(found.retained) != len(found.judges):
        return "verification: retained is not of as many judges"
    return "verification: category.kept is more than there are" if found.category.kept > count else ""


def _named_files(record: Record) -> Iterator[str]:
    entries: list[Picture] = [record.reconstruction, *record.suggestions]
    if record.photo is not None:
        entries.append(record.photo)
    for entry in entries:
        yield from (entry.file, entry.raw)
    yield from (one.changes.map for one in record.suggestions if one.changes.map is not None)
    yield from (one.file for one in (record.choice.front if record.choice is not None else ()))


def _from_schema_1(content: dict[str, Any]) -> dict[str, Any]:
    """Convert a result of schema 1 to the present schema."""
    verification = None
    if content["verified"]:
        summary = ("verdict", "target", "judges", "retained", "category", "diversity")
        verification = {name: content[name] for name in summary} | {"users_drawn": content["audience_users_drawn"]}
    base = content["reconstruction"]
    return content | {
        "schema": SCHEMA,
        "verification": verification,
        "reconstruction": base | {"changes": _changes(base.get("changes"))},
        "suggestions": [_suggestion(one) for one in content["suggestions"]],
    }


def _suggestion(entry: dict[str, Any]) -> dict[str, Any]:
    check = None
    if "believed" in entry:
        check = {name: entry[name] for name in CHECK} | {"verdict": entry["believed"]}
    return entry | {"changes": _changes(entry["changes"]), "check": check}


def _changes(content: dict[str, Any] | None) -> dict[str, Any] | None:
    if content is None:
        return None
    palette = content["palette"]
    turns = [turn | {"before": turn["from"], "after": turn["to"]} for turn in palette["turns"]]
    return content | {"nothing": content["words"] == NOTHING, "palette": palette | {"turns": turns}}
