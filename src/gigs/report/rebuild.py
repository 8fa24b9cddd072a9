"""Make reports again from `result.json` and the pictures beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import UndefinedError

from gigs.errors import InputError, ModelError
from gigs.io import folders, storage
from gigs.report.contact_sheet import contact_sheet
from gigs.report.page import render_overview, render_page
from gigs.report.view import view_of
from gigs.result import read_result

DAMAGED = (KeyError, TypeError, AttributeError, ValueError, IndexError)  # what a result of another form runs into
OVERVIEW = "overview.html"


def results_in(root: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The results of a folder: its own, or those of the folders in it, by name.

    Raises:
        InputError: There are none.
        ModelError: One is damaged.
    """
    if (root / "result.json").is_file():
        return [(root, _read(root))]
    found = sorted(path.parent for path in root.glob("*/result.json"))
    if not found:
        raise InputError(f"{root}: holds no result; make one with `gigs suggest PHOTO --out {root}`")
    return [(folder, _read(folder)) for folder in found]


def _read(folder: Path) -> dict[str, Any]:
    result = read_result(folder)
    try:
        if not view_of(result)["options"]:
            raise ValueError("no redesign in it")
    except DAMAGED as error:
        raise _damaged(folder, error) from error
    return result


def _damaged(folder: Path, error: Exception) -> ModelError:
    return ModelError(f"{folder / 'result.json'}: damaged or of another gigs ({error}); make the result again")


def rebuild(root: Path) -> list[Path]:
    """Write every report of a folder anew, and an overview where it holds several products.

    A result that `--resume` takes for finished stays finished.

    Returns:
        The pages written, the overview first.

    Raises:
        InputError: There is no result, or another process writes into the folder.
        ModelError: A result is damaged, or a picture of it is missing.
    """
    results = results_in(root)
    with folders.owned(root):
        pages = [_rebuilt(folder, result) for folder, result in results]
        return ([write_overview(root, results)] if len(results) > 1 else []) + pages


def write_overview(root: Path, results: list[tuple[Path, dict[str, Any]]]) -> Path:
    """Write `overview.html` for several products."""
    return storage.write_text(root / OVERVIEW, render_overview(root, results))


def _rebuilt(folder: Path, result: dict[str, Any]) -> Path:
    try:
        page, sheet = render_page(folder, result), contact_sheet(folder, result)
    except OSError as error:
        missing = getattr(error, "filename", None) or error
        raise ModelError(f"{missing}: a picture of the result is missing or damaged; make the result again") from error
    except (*DAMAGED, UndefinedError) as error:
        raise _damaged(folder, error) from error
    written = storage.write_text(folder / "report.html", page)
    storage.write_bytes(folder / "contact-sheet.png", sheet)
    folders.refresh_manifest(folder, ["report.html", "contact-sheet.png"])
    return written
