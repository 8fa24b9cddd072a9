"""Tables as shops export them: CSV, TSV, JSON Lines or Parquet, read as text with the row of each record.

Cells stay text until their meaning is known: an id keeps its leading zeros, and a code like 1E5 stays a code. A row
that cannot be read is noted, not guessed.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import pandas as pd

from gigs.data.bounds import TableBounds
from gigs.data.importers.json_tables import read_json_array, read_json_lines
from gigs.data.importers.parquet_tables import stream_parquet
from gigs.data.importers.quotation import swallowed_rows
from gigs.data.importers.raw_table import MOST_SHARED, PIECE, RawTable, StreamedTable, explained, frame_of
from gigs.data.importers.sheet_habits import (
    HEADER_WITHIN,
    header_place,
    is_repeat,
    repeats_note,
    usual_names,
    without_totals,
)
from gigs.errors import DataError
from gigs.io.regular import require_file

DELIMITERS = (",", ";", "\t", "|")
RECORDS = re.compile(rb"\[?\s*\{")  # how JSON Lines and an array of records begin
SEPARATOR = re.compile(r"\"?sep=(.)\"?[,;\t|]*\s*", re.IGNORECASE)  # what Excel is told in a first line
MAX_CELL = 1 << 20  # characters
MAX_RECORD = 16 << 20  # characters of one record, whatever lines it goes over
# A file's first bytes, and what to do with one that is no table.
OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or a zip; save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV (UTF-8)",
    b"\x1f\x8b": "compressed; unpack it first (gunzip)",
    b"SQLite format 3": "a SQLite database; use `gigs data import sql sqlite:///FILE`",
}


def read_table(path: str | Path, name: str, *, encoding: str = "") -> RawTable:
    """Read a whole table. Its format is recognised from the file's name, or else from its first bytes.

    Args:
        path: The file.
        name: Name of the table: items, users or interactions.
        encoding: Encoding of a text file. If empty: UTF-8 or UTF-16 by its byte order mark, or Windows-1252 if it is
            not valid UTF-8.

    Raises:
        DataError: The file is missing, empty, damaged, or of another format.
    """
    return stream_table(path, name, encoding=encoding).whole()


def stream_table(path: str | Path, name: str, *, encoding: str = "") -> RawTable:
    """Like `read_table`, but rows of CSV, TSV and Parquet are read only when they are needed.

    Raises:
        DataError: As for `read_table`. Problems with rows are found while they are read.
    """
    path = Path(path)
    with explained(path):
        with require_file(path, DataError).open("rb") as handle:
            head = handle.read(512)
        if not head.strip():
            raise DataError(f"{path}: the file is empty")
        for signature, advice in OTHER_KINDS.items():
            if head.startswith(signature):
                raise DataError(f"{path}: {advice}")
        if head.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
            return stream_parquet(path, name)
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()
        if path.suffix.lower() in (".jsonl", ".ndjson", ".json") or RECORDS.match(start):
            table = read_json_array(path, name) if start[:1] == b"[" else read_json_lines(path, name)
            if table.frame.columns.empty:
                raise DataError(f"{path}: holds no JSON object; write one record per line (JSON Lines)")
            return table
        return _Delimited(path, name, encoding).table()


class _Delimited:
    """A CSV or TSV file."""

    def __init__(self, path: Path, name: str, encoding: str) -> None:
        self._path, self._name, self._bounds = path, name, TableBounds.of_file(path)
        self._encoding = encoding or _encoding_of(path)
        self._guessed = self._encoding == "cp1252" != encoding

    def table(self) -> StreamedTable:
        """The header, and how to read the rest."""
        with self._opened() as (header, place, _):
            self._bounds.check(1, len(header))
        notes = ["not UTF-8, so read as Windows-1252; name the encoding if it is another"] if self._guessed else []
        notes += [f"row {place + 1} is the header; what is above it was skipped"] if place else []
        frame = frame_of(header, [[] for _ in header], [], str(self._path))
        return StreamedTable(self._name, str(self._path), frame, read=self._pieces, remarks=tuple(notes))

    def _pieces(self, table: StreamedTable) -> Iterator[pd.DataFrame]:
        """Yield frames of `PIECE` rows; at least one."""
        with self._opened() as (header, place, records):
            repeats: list[int] = []
            for columns, rows, is_last in _cells(records, header, table.broken, self._bounds, place + 2, repeats):
                if is_last:
                    table.notes += repeats_note(repeats) + without_totals(columns, rows)
                yield frame_of(header, columns, rows, str(self._path))

    @contextmanager
    def _opened(self) -> Iterator[tuple[list[str], int, Iterator[list[str]]]]:
        """The header, its row (from 0), and all rows after it."""
        with self._path.open(encoding=self._encoding, newline="") as handle:
            start = [handle.readline(MAX_CELL) for _ in range(HEADER_WITHIN)]
            said = SEPARATOR.fullmatch(start[0])
            delimiter = said[1] if said else _delimiter_of(start, self._path, self._name)
            handle.seek(0)
            if said:  # a line for the spreadsheet, which shows the next one as row 1
                handle.readline()
            csv.field_size_limit(MAX_CELL)
            lines = _Lines(handle, self._path)
            reader = csv.reader(lines, delimiter=delimiter)
            try:
                records = lines.records(reader)
                first = list(islice(records, HEADER_WITHIN))  # none where there is nothing but a byte order mark
                if not any(map(any, first)):
                    raise DataError(f"{self._path}: the file is empty")
                place = header_place(first, self._name)
                yield first[place], place, chain(first[place + 1 :], records)
            except csv.Error as error:
                where = f"line {reader.line_num:,}"
                raise DataError(f"{self._path}: {where}: {error}; is there an open quotation mark?") from error


class _Lines:
    """Lines of a file for a CSV reader, with a limit on the length of a record.

    Raises:
        DataError: A record is too long.
    """

    def __init__(self, handle: TextIO, path: Path) -> None:
        self._handle, self._path, self._letters = handle, path, 0

    def __iter__(self) -> Iterator[str]:
        while line := self._handle.readline(MAX_RECORD):
            self._letters += len(line)
            if self._letters >= MAX_RECORD:
                raise DataError(
                    f"{self._path}: a record of more than {MAX_RECORD >> 20} million characters; is there an "
                    "open quotation mark?"
                )
            yield line

    def records(self, reader: Iterable[list[str]]) -> Iterator[list[str]]:
        """Records of the reader that these lines are for. Each record restarts the count."""
        for record in reader:
            self._letters = 0
            yield record


def _cells(
    records: Iterable[list[str]],
    header: list[str],
    broken: dict[int, str],
    bounds: TableBounds,
    begin: int,
    repeats: list[int],
) -> Iterator[tuple[list[list[str | None]], list[int], bool]]:
    """Yield columns and row numbers of `PIECE` rows, and whether they are the last. Blank rows are skipped.

    Rows with as many cells as the header are used. Others are noted in `broken`, and the numbers of rows that repeat
    the header in `repeats`. The last piece has two rows, if the table has, so that totals can be recognised.
    """
    width, names = len(header), [cell.strip() for cell in header]
    columns: list[list[str | None]] = [[] for _ in range(width)]
    same: dict[str, str] = {}  # equal cells share one string: most of a long table repeats
    rows: list[int] = []
    count = 0
    for row, cells in enumerate(records, start=begin):
        if not any(cells):
            continue
        if any(cells[width:]) or (len(cells) < width and any("\n" in cell for cell in cells)):
            broken[row] = f"{len(cells)} cells, but the header has {width} (a misplaced quotation mark?)"
            bounds.check_broken(len(broken))
            continue
        if lost := swallowed_rows(cells, width):
            broken[row] = f"an open quotation mark swallows {lost:,} rows"
            continue
        cells = cells[:width] + [""] * (width - len(cells))
        if is_repeat(cells, names):
            repeats.append(row)
            continue
        if len(rows) == PIECE + 2:
            yield [column[:-2] for column in columns], rows[:-2], False
            columns, rows = [column[-2:] for column in columns], rows[-2:]
            if len(same) > MOST_SHARED:
                same.clear()
        rows.append(row)
        count += 1
        bounds.check(count, width)
        for column, cell in zip(columns, cells, strict=True):
            column.append(same.setdefault(cell, cell))
    yield columns, rows, True


def _encoding_of(path: Path) -> str:
    """The encoding by the byte order mark; else UTF-8 if it is valid throughout, else Windows-1252."""
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


def _delimiter_of(lines: list[str], path: Path, name: str) -> str:
    """The separator of the header's cells: the candidate that occurs most often outside quotation marks.

    The header is the first line with a separator, unless a later one holds usual names: there may be a title above it.
    """
    told = [
        max(usual_names(line[: 1 << 16].replace('"', "").split(mark), name) for mark in DELIMITERS) for line in lines
    ]
    for line, usual in zip(lines, told, strict=True):
        if usual < min(2, max(told)):
            continue
        unquoted = "".join(line.split('"')[::2])
        best = max(DELIMITERS, key=unquoted.count)
        if unquoted.count(best):
            return "\t" if path.suffix.lower() == ".tsv" else best
    return "\t" if path.suffix.lower() == ".tsv" else ","
