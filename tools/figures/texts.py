"""Marked places in texts: `<!-- NAME -->figure<!-- / -->`, which no reader sees as marks."""

from __future__ import annotations

import re
from pathlib import Path

from gigs.io import storage
from tools.figures.book import ROOT, Book

MARK = re.compile(r"<!-- ([a-z][\w.-]*) -->([^<]*)<!-- / -->")


def texts() -> list[Path]:
    """The texts that have figures: README, the start page and the guides."""
    return [ROOT / "README.md", ROOT / "docs" / "index.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]


def filled(text: str, book: Book) -> str:
    """A text with every marked place as the book has it.

    Raises:
        LookupError: A place is marked with a name that the book does not have.
    """

    def figure(found: re.Match[str]) -> str:
        if found[1] not in book.figures:
            raise LookupError(f"{found[0]}: docs/figures.json has no figure of that name")
        return f"<!-- {found[1]} -->{book.figures[found[1]].text}<!-- / -->"

    return MARK.sub(figure, text)


def marked(text: str) -> set[str]:
    """Names of the figures in a text."""
    return {found[1] for found in MARK.finditer(text)}


def outdated(book: Book) -> list[Path]:
    """Texts that have another figure than the book."""
    return [path for path in texts() if filled(text := path.read_text(encoding="utf-8"), book) != text]


def fill(book: Book) -> list[Path]:
    """Write the book's figures into the texts; returns those that changed."""
    changed = outdated(book)
    for path in changed:
        storage.write_text(path, filled(path.read_text(encoding="utf-8"), book))
    return changed
