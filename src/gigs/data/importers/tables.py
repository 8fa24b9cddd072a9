"""Tables as shops export them: CSV, TSV, JSON Lines or Parquet, read as text with the row that each record came from.

Everything stays text until it is known what it means: an id keeps its leading zeros, a code like 1E5 stays a code. A
row that cannot be read is noted, not guessed.
"""

from __future__ import annotations

import codecs
import csv
import json
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gigs.data.importers.cell_values import as_text, writable
from gigs.data.importers.quotation import swallowed_rows
from gigs.errors import DataError
from gigs.io.regular import require_file

DELIMITERS = (",", ";", "\t", "|")
MISSING = ("", "\\N")  # the latter as databases export it
MAX_CELL = 1 << 20  # characters
MAX_LINE = 16 << 20  # bytes of one JSON record
MAX_ARRAY = 256 << 20  # bytes of a JSON array, which has to be read whole
# A file's first bytes, and what to do with one that is no table.
OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or a zip; save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV (UTF-8)",
    b"\x1f\x8b": "compressed; unpack it first (gunzip)",
    b"SQLite format 3": "a SQLite database; use `gigs data import sql sqlite:///FILE`",
}


@dataclass
class RawTable:
    """A table as it was read: what it is called, text cells (None where blank) with the source's row as index.

    Rows are numbered as their reader would find them: in CSV and TSV the header is row 1, in JSON Lines it is the line,
    in Parquet and SQL the record, counted from 1. `broken` are rows that could not be read, with the reason.
    """

    name: str
    source: str
    frame: pd.DataFrame
    broken: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_table(path: str | Path, name: str, *, encoding: str = "") -> RawTable:
    """Read a table; its kind is told by the file's name, or else by its first bytes.

    Args:
        path: The file.
        name: What it is: items, users or interactions.
        encoding: Of a text file; UTF-8 or UTF-16 by its mark, or Windows-1252 where it is not valid UTF-8, if empty.

    Raises:
        DataError: The file is missing, empty, of another kind, or damaged as a whole.
    """
    path = Path(path)
    try:
        with require_file(path, DataError).open("rb") as handle:
            head = handle.read(512)
        if not head.strip():
            raise DataError(f"{path}: the file is empty")
        for signature, advice in OTHER_KINDS.items():
            if head.startswith(signature):
                raise DataError(f"{path}: {advice}")
        if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
            return _read_parquet(path, name)
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        if path.suffix.lower() in (".jsonl", ".ndjson", ".json") or start == b"{":
            table = _read_json_array(path, name) if start == b"[" else _read_json_lines(path, name)
            if table.frame.columns.empty:
                raise DataError(f"{path}: holds no JSON object; write one record a line (JSON Lines)")
            return table
        return _read_delimited(path, name, encoding)
    except (OSError, UnicodeError, LookupError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise DataError(f"{path}: cannot be read ({reason})") from error


def table_of(records: Iterable[tuple[int, dict[str, Any]]], name: str, source: str) -> RawTable:
    """A table from records, whatever their values are; a key that some lack is blank there."""
    columns: dict[str, list[str | None]] = {}
    rows: list[int] = []
    for row, record in records:
        for key, value in record.items():
            if key not in columns:
                columns[key] = [None] * len(rows)
            columns[key].append(as_text(value))
        rows.append(row)
        for column in columns.values():
            if len(column) < len(rows):
                column.append(None)
    return RawTable(name, source, _frame(list(columns), list(columns.values()), rows, source))


def _frame(header: list[str], columns: list[list[str | None]], rows: list[int], source: str) -> pd.DataFrame:
    names = [unicodedata.normalize("NFC", writable(name)).strip() for name in header]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise DataError(f"{source}: the column {twice[0]!r} is there more than once; rename one of them")
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    cells = {
        name: pd.Series([None if cell in MISSING else cell for cell in column], index=rows, dtype=object)
        for name, column in zip(names, columns, strict=True)
    }
    return pd.DataFrame(cells, index=rows)


def _read_parquet(path: Path, name: str) -> RawTable:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (arrow.ArrowException, ValueError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({' '.join(str(error).split())[:200]})") from error
    columns = [[as_text(value) for value in column.to_pylist()] for column in table.columns]
    return RawTable(name, str(path), _frame(table.column_names, columns, list(range(1, len(table) + 1)), str(path)))


def _read_json_array(path: Path, name: str) -> RawTable:
    if path.stat().st_size > MAX_ARRAY:
        raise DataError(f"{path}: a JSON array of more than {MAX_ARRAY >> 20} MB; write one record a line (JSON Lines)")
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(entries, list):
        raise DataError(f"{path}: not an array of JSON objects")
    broken = {row: "not a JSON object" for row, entry in enumerate(entries, start=1) if not isinstance(entry, dict)}
    records = ((row, entry) for row, entry in enumerate(entries, start=1) if isinstance(entry, dict))
    table = table_of(records, name, str(path))
    table.broken = broken
    return table


def _read_json_lines(path: Path, name: str) -> RawTable:
    broken: dict[int, str] = {}

    def records() -> Iterator[tuple[int, dict[str, Any]]]:
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
                    if isinstance(record, dict):
                        yield row, record
                    else:
                        broken[row] = "not a JSON object in one line"

    table = table_of(records(), name, str(path))
    table.broken = broken
    return table


def _read_delimited(path: Path, name: str, encoding: str) -> RawTable:
    chosen = encoding or _encoding_of(path)
    broken: dict[int, str] = {}
    notes = ["not UTF-8: read as Windows-1252 (--encoding names another)"] if chosen == "cp1252" != encoding else []
    with path.open(encoding=chosen, newline="") as handle:
        delimiter = _delimiter_of(handle.readline(MAX_CELL), path)
        handle.seek(0)
        csv.field_size_limit(MAX_CELL)
        reader = csv.reader(handle, delimiter=delimiter)
        try:
            header = next(reader, [])  # none where there is nothing but a byte order mark
            if not header:
                raise DataError(f"{path}: the file is empty")
            columns, rows = _cells(reader, len(header), broken)
        except csv.Error as error:
            where = f"line {reader.line_num:,}"
            raise DataError(f"{path}: {where}: {error}; is a quotation mark left open there?") from error
    return RawTable(name, str(path), _frame(header, columns, rows, str(path)), broken, notes)


def _cells(reader: Iterable[list[str]], width: int, broken: dict[int, str]) -> tuple[list[list[str | None]], list[int]]:
    """Columns and row numbers of all rows that have as many cells as the header; blank rows are passed over."""
    columns: list[list[str | None]] = [[] for _ in range(width)]
    same: dict[str, str] = {}  # equal cells share one string: most of a long table repeats
    rows: list[int] = []
    for row, cells in enumerate(reader, start=2):
        if not any(cells):
            continue
        if any(cells[width:]) or (len(cells) < width and any("\n" in cell for cell in cells)):
            broken[row] = f"{len(cells)} cells where the header has {width} (a quotation mark out of place?)"
            continue
        if lost := swallowed_rows(cells, width):
            broken[row] = f"a quotation mark left open takes in {lost:,} rows"
            continue
        rows.append(row)
        for place, column in enumerate(columns):
            cell = cells[place] if place < len(cells) else ""
            column.append(same.setdefault(cell, cell))
    return columns, rows


def _encoding_of(path: Path) -> str:
    """By the byte order mark, else UTF-8 if it is valid throughout, else the Windows code page of western Europe."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as handle:
        piece = handle.read(1 << 20)
        if piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while piece:
                decoder.decode(piece)
                piece = handle.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def _delimiter_of(header: str, path: Path) -> str:
    """What separates the header's cells: the candidate that is there most often, outside quotation marks."""
    bare = "".join(header.split('"')[::2])
    best = max(DELIMITERS, key=bare.count)
    return "\t" if path.suffix.lower() == ".tsv" else best if bare.count(best) else ","
