"""Tables in JSON: one record per line, or an array of records. Both are read record by record."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gigs.data.bounds import TableBounds
from gigs.data.importers.raw_table import RawTable, table_of
from gigs.errors import DataError

MAX_LINE = 4 << 20  # bytes of one record
MAX_ARRAY = 256 << 20  # bytes of an array, whose text has to be read whole
GAP = re.compile(r"[ \t\n\r]*")


def read_json_lines(path: Path, name: str) -> RawTable:
    """Read JSON Lines. A line that is not an object is noted.

    Raises:
        DataError: The table is too large.
    """
    return _table(path, name, _lines(path), "not a JSON object in one line")


def read_json_array(path: Path, name: str) -> RawTable:
    """Read an array of JSON objects. An element that is not an object is noted.

    Raises:
        DataError: The file is not an array, or too large.
    """
    if path.stat().st_size > MAX_ARRAY:
        raise DataError(
            f"{path}: a JSON array of more than {MAX_ARRAY >> 20} MB; write one record per line (JSON Lines)"
        )
    return _table(path, name, enumerate(_elements(path), start=1), "not a JSON object")


def _table(path: Path, name: str, entries: Iterable[tuple[int, Any]], complaint: str) -> RawTable:
    """The table of those numbered entries that are objects. The others are noted with what is wrong."""
    bounds, broken = TableBounds.of_file(path), dict[int, str]()

    def records() -> Iterator[tuple[int, dict[str, Any]]]:
        for row, entry in entries:
            if isinstance(entry, dict):
                yield row, entry
            else:
                broken[row] = complaint
                bounds.check_broken(len(broken))

    table = table_of(records(), name, bounds)
    table.broken = broken
    return table


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The content of non-empty lines, numbered from 1; None for a line that cannot be read."""
    with path.open("rb") as handle:
        for row in range(1, 1 << 62):
            line = handle.readline(MAX_LINE)
            if not line:
                return
            if text := line.removeprefix(codecs.BOM_UTF8).strip():
                try:
                    record = json.loads(text)
                except (ValueError, RecursionError):
                    record = None
                yield row, record


def _elements(path: Path) -> Iterator[Any]:
    """Yield the elements of an array one by one: together, they take many times the file's size in memory."""
    text = path.read_text(encoding="utf-8-sig")
    read, place = json.JSONDecoder().raw_decode, _after_gap(text, 0)
    if text[place : place + 1] != "[":
        raise DataError(f"{path}: not an array of JSON objects")
    place, mark = _after_gap(text, place + 1), ","
    try:
        while not (text[place : place + 1] == "]" and mark == ","):
            entry, place = read(text, place)
            yield entry
            place = _after_gap(text, place)
            mark = text[place : place + 1]
            if mark == "]":
                break
            if mark != ",":
                raise ValueError(f"a comma is missing at character {place:,}")
            place, mark = _after_gap(text, place + 1), ""
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({error})") from error
    if text[place + 1 :].strip():
        raise DataError(f"{path}: not valid JSON (more text after its end, at character {place + 1:,})")


def _after_gap(text: str, place: int) -> int:
    found = GAP.match(text, place)
    return place if found is None else found.end()
