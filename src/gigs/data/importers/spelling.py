"""How ids get changed: file names cannot hold every character, and spreadsheets take codes for numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from urllib.parse import quote

import pandas as pd

IN_NO_FILE_NAME = re.compile(r'[\\/:*?"<>|]')
STAND_INS = ("_", "-", " ", "", ":", "\u2044", "\u2215", "\uff0f")  # strokes that look like a stroke among them
SHORTENED = re.compile(r"[+-]?\d([.,]\d+)?[eE]\+\d{2,}")  # 1.23E+12, as spreadsheets write a long number
SHORTENED_ID = "id shortened by a spreadsheet, as in 1.23E+12"
SHORTENED_FIX = (
    "several ids may have become one, and this file no longer holds their digits: export it again, and do not "
    "save it in a spreadsheet, or format the column as text there first"
)


def file_names_of(identifier: str) -> set[str]:
    """Possible file names for an id with characters that no file name can hold; none for other ids."""
    if not IN_NO_FILE_NAME.search(identifier):
        return set()
    return {IN_NO_FILE_NAME.sub(other, identifier) for other in STAND_INS} | {quote(identifier, safe="")}


def bare(identifier: str) -> str:
    """An id without what a spreadsheet may have added or dropped: leading zeros, ".0", an apostrophe, case."""
    text = re.sub(r"(?<=\d)[.,]0+$", "", identifier.lstrip("'\u2019"))
    return (text.lstrip("0") or text).casefold()


# What may differ between two tables, and what to do about it, the commonest first.
HINTS: tuple[tuple[Callable[[str], str], str], ...] = (
    (
        lambda one: one.lstrip("0"),
        "one of the tables lost leading zeros, as happens in a spreadsheet: export the ids as text",
    ),
    (
        lambda one: re.sub(r"(?<=\d)[.,]0+$", "", one),
        "ids became decimal numbers in one of the tables (12345.0): export them as text",
    ),
    (str.casefold, "ids are in capitals in one of the tables only: write them alike"),
    (lambda one: one.lstrip("'"), "ids begin with an apostrophe in one of the tables: export them as text"),
    (bare, "a spreadsheet changed the ids of one of the tables: export them as text"),
)


def hint_for(asked: pd.Series, known: Iterable[str]) -> str | None:
    """What probably happened to unknown ids, if it explains most of them; None otherwise."""
    known = set(map(str, known))
    if not len(asked):
        return None
    for change, hint in HINTS:
        changed: Collection[str] = {change(identifier) for identifier in known}
        if asked.map(change).isin(changed).mean() > 0.5:
            return hint
    return None
