"""Results in folders: finds them, writes their reports again, and packs them for a test with people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from gigs.errors import InputError
from gigs.io import folders, storage, written
from gigs.io.text import is_text, readable, shown
from gigs.languages import ENGLISH, Language
from gigs.languages import language as language_of
from gigs.report.contact_sheet import contact_sheet
from gigs.report.page import render_compare, render_overview, render_page
from gigs.report.results_page import FILE as RESULTS
from gigs.report.test_pack import test_pack
from gigs.result.reading import FILE
from gigs.result.result import COMPARE, Result

OVERVIEW = "overview.html"
REPORT = ("report.html", COMPARE, "contact-sheet.png")
LANGUAGE = re.compile(rb'<html lang="([A-Za-z-]{2,20})">')


def results_in(root: Path) -> list[tuple[Path, Result]]:
    """Find the results in a folder: its own, or those of its subfolders, by name.

    Raises:
        InputError: There are no results.
        ModelError: A result is damaged.
    """
    if (root / FILE).is_file():
        return [(root, Result.read(root))]
    inside = sorted(path.parent for path in root.glob(f"*/{FILE}"))
    if not inside:
        raise InputError(f"{root}: holds no result; make one with `gigs suggest`")
    return [(folder, Result.read(folder)) for folder in inside]


def rebuild(root: Path, language: str | None = None) -> list[Path]:
    """Write every report of a folder again, with an overview if there are several products.

    Finished results stay finished: resuming a call does not make them again.

    Args:
        root: The folder.
        language: Language of the pages; None keeps each page's own.

    Returns:
        The pages written, the overview first.

    Raises:
        InputError: There is no result, the language is not known, or another process writes into the folder.
        ModelError: A result is damaged, or a picture of it is missing.
    """
    chosen = None if language is None else language_of(language)
    results = results_in(root)
    with folders.owned(root):
        for folder, _ in results:
            written.claim(folder, REPORT, changed=True)
        pages = [rebuilt(root, folder, result, chosen) for folder, result in results]
        return (
            [write_overview(root, results, chosen or language_in(root / OVERVIEW))] if len(results) > 1 else []
        ) + pages


def write_overview(root: Path, results: Sequence[tuple[Path, Result]], say: Language = ENGLISH) -> Path:
    """Write `overview.html` for several products with folders below `root`."""
    named = [(folder.relative_to(root).as_posix(), result) for folder, result in results]
    return _beside(root, OVERVIEW, render_overview(named, say).encode())


def write_test_pack(root: Path, path: Path, language: str | None = None) -> Path:
    """Pack the results of a folder into a zip, for a customer panel or a shop's own test.

    Args:
        root: The folder.
        path: The zip.
        language: Language of captions and guides; None takes that of the first report.

    Raises:
        InputError: There is no result, or the language is not known.
        ModelError: A result is damaged, or a picture of it is missing.
    """
    taken: set[str] = set()
    results = results_in(root)
    say = language_in(results[0][0] / REPORT[0]) if language is None else language_of(language)
    named = [(_product(folder, taken), result) for folder, result in results]
    beside = path.resolve().parent == root.resolve()
    if beside and not is_text(path.name):
        raise InputError(f"{path}: the name is not valid UTF-8; choose another name")
    content = test_pack(named, say)
    if not beside:
        return storage.write_bytes(path, content)
    with folders.owned(root):  # beside the results it is one more of their files
        return _beside(root, path.name, content)


def _product(folder: Path, taken: set[str]) -> str:
    """A unique name for a product's folder in the test pack."""
    plain = shown(readable(folder.resolve().name)) or "product"
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}-{number}", number + 1
    taken.add(name)
    return name


def _beside(root: Path, name: str, content: bytes) -> Path:
    """Write another file into a folder, and add it to its manifest."""
    written.claim(root, [name], changed=True)
    written.forget(root)
    path = written.put(root, name, content)
    written.seal(root, [name], request=None)
    return path


def link_proof(folder: Path, result: Result) -> None:
    """Link the results of a test from the report beside them, unless somebody changed the report.

    The caller must own the folder (`folders.owned`).
    """
    if written.is_ours(folder, REPORT[0], written.known(folder)):
        _put(folder, {REPORT[0]: _page(folder, result, language_in(folder / REPORT[0]))})


def language_in(page: Path) -> Language:
    """The language of a page; English if there is no page, or if its language is unknown."""
    try:
        with page.open("rb") as file:
            found = LANGUAGE.search(file.read(200))
        return ENGLISH if found is None else language_of(found[1].decode())
    except (OSError, InputError):
        return ENGLISH


def rebuilt(root: Path, folder: Path, result: Result, say: Language | None = None) -> Path:
    """Write one report below a folder again. Without a language, the page keeps its own."""
    say = say or language_in(folder / REPORT[0])
    content = (_page(folder, result, say), render_compare(result, say).encode(), contact_sheet(result, say))
    with folders.owned_below(root, folder):
        _put(folder, dict(zip(REPORT, content, strict=True)))
    return folder / REPORT[0]


def _page(folder: Path, result: Result, say: Language) -> bytes:
    return render_page(result, folder.name, tested=(folder / RESULTS).is_file(), say=say).encode()


def _put(folder: Path, content: Mapping[str, bytes]) -> None:
    """Write pages. Finished results stay finished."""
    for name, page in content.items():
        written.put(folder, name, page)
    folders.refresh_manifest(folder, tuple(content))
    if (folder / folders.MANIFEST).is_file():
        written.finished(folder)
