"""A table as read from a file or database: text cells, with the row that each record came from."""

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
    """A table as read: its name, and text cells (None for blanks), indexed by the source's row.

    Rows are numbered as a reader would count them. In CSV and TSV, the header is row 1. In JSON Lines, the number is
    that of the line; in Parquet and SQL, that of the record, from 1. `broken` holds the rows that could not be read,
    with the reasons.
    """

    name: str
    source: str
    frame: pd.DataFrame
    broken: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in pieces; here, all at once."""
        yield self.frame

    def whole(self) -> RawTable:
        """The table with all of its rows in `frame`."""
        return self


@contextmanager
def explained(source: str | Path) -> Iterator[None]:
    """Turn errors while a file is read into a message about the file.

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
    """A table that is read in pieces and never held as a whole.

    `frame` has the columns and no rows. The notes on rows are complete once all pieces are read. `read` begins at the
    first row each time, and writes its notes into the table that it is given.
    """

    read: Callable[[StreamedTable], Iterator[pd.DataFrame]] = field(kw_only=True)
    remarks: tuple[str, ...] = ()  # notes of the table that are known before any row

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in pieces with the columns of `frame`; at least one piece."""
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
    """Make a table from records with any values. Missing keys become blanks.

    Raises:
        DataError: The table is larger than `bounds` allow.
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
    """Make a frame of text from its columns (one list each) and the rows that they came from.

    Raises:
        DataError: Two columns have the same name.
    """
    names = [unicodedata.normalize("NFC", writable(name)).strip() for name in header]
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise DataError(f"{source}: there are several columns named {twice[0]!r}; rename all but one")
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    cells = {
        name: pd.Series([None if cell in MISSING else cell for cell in column], index=rows, dtype=object)
        for name, column in zip(names, columns, strict=True)
    }
    return pd.DataFrame(cells, index=rows)
