"""Names and texts from outside, made fit to be written down, linked to and shown on a terminal."""

from __future__ import annotations

import os
import unicodedata
from urllib.parse import quote

# Marks that turn the direction of a line: a name could show `exe.gpj` for what ends in `jpg.exe`.
TURNING = {chr(code) for first, last in ((0x202A, 0x202E), (0x2066, 0x2069)) for code in range(first, last + 1)}
# A cell that starts like a formula would be run by the spreadsheet that opens it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def readable(name: str) -> str:
    """A file's name as text that UTF-8 can hold, whatever the locale: its bytes as UTF-8, `\ufffd` for what is none.

    Python keeps bytes of a name that are no text of the locale as halves of characters, which nothing can write.
    """
    try:
        return os.fsencode(name).decode("utf-8", "replace")
    except UnicodeEncodeError:  # not from this file system
        return name.encode("utf-8", "replace").decode("utf-8")


def is_text(path: object) -> bool:
    """Whether a path can be handed to a library that knows UTF-8 only."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def address(path: str) -> str:
    """A relative path as a link in a page beside it; the bytes of its names are escaped, colons too.

    `#` or `%` in a name would end the link or change it, and `javascript:` would make it another kind of link.
    """
    try:
        return quote(os.fsencode(path))
    except UnicodeEncodeError:
        return quote(path, errors="replace")


def harmless_cell(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe before a leading sign makes it text."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def shown(text: str) -> str:
    """Text for a terminal: control codes, which could move its cursor or write its clipboard, become `?`.

    So do halves of characters and marks that turn the direction of the line. New lines and tabs stay.
    """
    return "".join(letter if _harmless(letter) else "?" for letter in text)


def _harmless(letter: str) -> bool:
    return letter in "\n\t" or (unicodedata.category(letter) not in ("Cc", "Cs") and letter not in TURNING)
