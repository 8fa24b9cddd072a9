"""Which results are finished already: a fingerprint of everything that a result follows from, and reading one back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gigs.errors import GigsError, ModelError
from gigs.io import folders, storage

SCHEMA = 1
NUMBERS = ("percentile", "gain_vs_photo", "gain_vs_reconstruction")


def finished(folder: Path, request: str) -> dict[str, Any] | None:
    """The record of a folder whose result is whole, unchanged, and that of this very request; otherwise None."""
    if not folders.is_complete(folder, request):
        return None
    try:
        return read_result(folder)
    except GigsError:
        return None


def seal(folder: Path, names: Sequence[str], request: str) -> None:
    """Write a result's manifest, last of all: from here on it counts as finished."""
    folders.write_manifest(folder, [name for name in names if (folder / name).is_file()], request=request)


def read_result(folder: str | Path) -> dict[str, Any]:
    """A folder's `result.json`, checked for the form that docs/result.md promises.

    Raises:
        ModelError: There is none, or it is not of that form.
    """
    path = Path(folder) / "result.json"
    record = storage.read_json(path)
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise ModelError(f"{path}: not a result of this gigs; make it again")
    try:
        _check(record, Path(folder))
    except (KeyError, TypeError) as error:
        raise ModelError(f"{path}: damaged ({error}); make it again") from error
    return record


def _check(record: dict[str, Any], folder: Path) -> None:
    """What readers go by: pictures inside the folder, names, numbers. Raises KeyError or TypeError."""
    if not isinstance(record["suggestions"], list):
        raise TypeError("suggestions are no list")
    photo = [] if record["photo"] is None else [record["photo"]]
    for entry in (*photo, record["reconstruction"], *record["suggestions"]):
        for name in ("file", "raw"):
            folders.inside(folder, _typed(entry, name, str))
        _typed(entry, "score", (int, float))
        for name in NUMBERS:
            if entry.get(name) is not None:
                _typed(entry, name, (int, float))
    for name, kind in (("name", str), ("label", str), ("users", int)):
        _typed(record["audience"], name, kind)
    _typed(record["seconds"], "total", (int, float))
    if record["reconstruction"].get("caution") is not None:
        _typed(record["reconstruction"], "caution", str)


def _typed(entry: Any, name: str, kind: Any) -> Any:
    if not isinstance(entry, dict):
        raise TypeError(f"an entry with {name} is no table")
    if not isinstance(entry[name], kind) or isinstance(entry[name], bool):
        raise TypeError(f"{name} is {entry[name]!r}")
    return entry[name]
