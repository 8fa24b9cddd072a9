"""A table as it was read: text cells, with the row that each record came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gigs.data.bounds import TableBounds
from gigs.data.importers.cell_values import as_text, writable
from gigs.errors import DataError

MISSING = ("", "\\N")  # the latter as databases export it
PIECE = 200_000  # rows of a long table that are in memory as text at once
MOST_SHARED = 1_000_000  # strings that are kept while a table is read, so that equal cells are one; then begun anew


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

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Its rows, some at a time; here all at once."""
        yield self.frame

    def whole(self) -> RawTable:
        """The table with all of its rows in `frame`."""
        return self


@contextmanager
def explained(source: str | Path) -> Iterator[None]:
    """Tell why a file cannot be read.

    Raises:
        DataError: It cannot.
    """
    try:
        yield
    except (OSError, UnicodeError, LookupError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise DataError(f"{source}: cannot be read ({reason})") from error


@dataclass
class StreamedTable(RawTable):
    """A table that is read some rows at a time and never held as a whole.

    `frame` has the columns and no rows. What was noted of rows is complete once all pieces are read. `read` begins at
    the first row each time, and notes rows in the table that it is given.
    """

    read: Callable[[StreamedTable], Iterator[pd.DataFrame]] = field(kw_only=True)
    remarks: tuple[str, ...] = ()  # notes of the table that are known before any row

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Its rows, some at a time, each piece with the columns of `frame`; one piece at least."""
        self.broken.clear()
        self.notes[:] = self.remarks
        with explained(self.source):
            yield from self.read(self)

    def whole(self) -> RawTable:
        """The table with all of its rows in `frame`."""
        pieces = list(self.pieces())
        frame = pd.concat(pieces) if len(pieces) > 1 else pieces[0]
        return RawTable(self.name, self.source, frame, self.broken, self.notes)


def table_of(records: Iterable[tuple[int, dict[str, Any]]], name: str, bounds: TableBounds) -> RawTable:
    """A table from records, whatever their values are; a key that some lack is blank there.

    Raises:
        DataError: It is larger than `bounds` allow.
    """
    columns: dict[str, list[str | None]] = {}
    rows: list[int] = []
    for row, record in records:
        bounds.check(len(rows) + 1, max(len(columns), len(record)))
        for key, value in record.items():
            if key not in columns:
                columns[key] = [None] * len(rows)
            columns[key].append(as_text(value))
        rows.append(row)
        bounds.check(len(rows), len(columns))
        for column in columns.values():
            if len(column) < len(rows):
                column.append(None)
    return RawTable(name, bounds.source, frame_of(list(columns), list(columns.values()), rows, bounds.source))


def frame_of(header: list[str], columns: list[list[str | None]], rows: list[int], source: str) -> pd.DataFrame:
    """A frame of text from its columns, one list each, and the rows that they came from.

    Raises:
        DataError: Two columns have one name.
    """
    names = [unicodedata.normalize("NFC", writable(name)).strip() for name in header]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise DataError(f"{source}: the column {twice[0]!r} is there more than once; rename one of them")
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    cells = {
        name: pd.Series([None if cell in MISSING else cell for cell in column], index=rows, dtype=object)
        for name, column in zip(names, columns, strict=True)
    }
    return pd.DataFrame(cells, index=rows)
