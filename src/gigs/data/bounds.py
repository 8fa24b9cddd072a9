"""Limits on the size of a table, checked while it is read: a small file can hold a table that fills the memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from gigs.errors import DataError

MAX_COLUMNS = 1_000
MAX_ROWS = 100_000_000
MAX_CELLS = 400_000_000
MAX_BROKEN = 100_000  # rows that cannot be read: of so many, the file is something else
# What a file may hold beyond what it spells out: repeated values, keys that most records lack, rows cut short.
FREE_CELLS, CELLS_A_BYTE = 4_000_000, 8
FREE_LETTERS, LETTERS_A_BYTE = 64 << 20, 16


@dataclass(frozen=True, kw_only=True)
class TableBounds:
    """Bounds of one table.

    Attributes:
        source: Name of the table in messages.
        cells: Largest number of cells (rows times columns).
        letters: Largest number of characters in distinct cells.
    """

    source: str
    cells: int = MAX_CELLS
    letters: int = MAX_CELLS

    @classmethod
    def of_file(cls, path: Path) -> TableBounds:
        """Bounds for a table in a file, which depend on the file's size."""
        size = path.stat().st_size
        return cls(
            source=str(path),
            cells=min(MAX_CELLS, FREE_CELLS + CELLS_A_BYTE * size),
            letters=FREE_LETTERS + LETTERS_A_BYTE * size,
        )

    def check(self, rows: int, columns: int) -> None:
        """Refuse a table with too many rows or columns.

        Raises:
            DataError: There are too many.
        """
        if columns > MAX_COLUMNS:
            self._refuse(f"more than {MAX_COLUMNS:,} columns; export only those that are needed")
        if rows > MAX_ROWS:
            self._refuse(f"more than {MAX_ROWS:,} rows; export fewer, for example those of one year")
        if rows * columns > self.cells:
            self._refuse(
                f"{rows:,} rows of {columns:,} columns and more, most of them blank or the same; export the columns "
                "that are needed, each row in full"
            )

    def check_letters(self, letters: int) -> None:
        """Refuse more text than a table may have.

        Raises:
            DataError: There is more.
        """
        if letters > self.letters:
            self._refuse("holds far more text than its size suggests; export only the columns that are needed")

    def check_broken(self, broken: int) -> None:
        """Refuse a file with too many unreadable rows.

        Raises:
            DataError: There are too many.
        """
        if broken > MAX_BROKEN:
            self._refuse(f"more than {MAX_BROKEN:,} rows cannot be read; is the file really a table of this kind?")

    def _refuse(self, why: str) -> NoReturn:
        raise DataError(f"{self.source}: {why}")


def check_parquet(path: Path) -> None:
    """Check the sizes in a Parquet file's header against the bounds before anything is read.

    Raises:
        DataError: It is not an ordinary file, or too large.
        OSError: It is missing.
        pyarrow.ArrowException: It is damaged.
    """
    from pyarrow import parquet

    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is not an ordinary file")
    with path.open("rb") as handle:  # PyArrow itself opens no path but of UTF-8
        about = parquet.read_metadata(handle)
    TableBounds.of_file(path).check(about.num_rows, about.num_columns)
