"""Tables in Parquet, read some rows at a time; equal cells share one string, however often the file repeats them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gigs.data.bounds import TableBounds, check_parquet
from gigs.data.importers.cell_values import as_text
from gigs.data.importers.raw_table import MOST_SHARED, PIECE, StreamedTable, frame_of
from gigs.errors import DataError

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 10_000
BYTES_AT_ONCE = 32 << 20


def stream_parquet(path: Path, name: str) -> StreamedTable:
    """A Parquet file as text, to be read some rows at a time.

    Raises:
        DataError: Damaged, or larger than a table may be; also while rows are read.
    """
    from pyarrow import parquet

    with _explained(path):
        check_parquet(path)
        with path.open("rb") as handle, parquet.ParquetFile(handle) as file:
            header = list(file.schema_arrow.names)
    frame = frame_of(header, [[] for _ in header], [], str(path))
    return StreamedTable(name, str(path), frame, read=lambda table: _pieces(path, header))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    import pyarrow as arrow

    try:
        yield
    except (arrow.ArrowException, ValueError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({' '.join(str(error).split())[:200]})") from error


def _pieces(path: Path, header: list[str]) -> Iterator[pd.DataFrame]:
    """Frames of at most `PIECE` rows and some more; one at least."""
    import pyarrow as arrow
    from pyarrow import parquet

    bounds, rows, begun = TableBounds.of_file(path), 0, 0
    columns: list[list[str | None]] = [[] for _ in header]
    with _explained(path), path.open("rb") as handle:
        texts = [one.name for one in parquet.read_schema(handle) if arrow.types.is_string(one.type)]
        # Of a dictionary each value is read once.
        with parquet.ParquetFile(handle, read_dictionary=texts) as file:
            cells = _Cells(bounds)
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
                rows += len(batch)
                bounds.check(rows, len(header))
                for column, values in zip(columns, batch.columns, strict=True):
                    column.extend(cells.texts(values))
                if rows - begun >= PIECE:
                    yield frame_of(header, columns, list(range(begun + 1, rows + 1)), str(path))
                    columns, begun = [[] for _ in header], rows
    if rows > begun or not begun:
        yield frame_of(header, columns, list(range(begun + 1, rows + 1)), str(path))


class _Cells:
    """Cells as text; equal ones share one string. Counts the letters of those that differ."""

    def __init__(self, bounds: TableBounds) -> None:
        self._bounds, self._same, self._letters = bounds, dict[str, str](), 0

    def texts(self, values: pyarrow.Array) -> list[str | None]:
        """The cells of one column of a batch."""
        same = self._same
        if len(same) > MOST_SHARED:
            same.clear()
        cells = _texts(values)
        new = {cell for cell in cells if cell is not None and cell not in same}
        self._letters += sum(map(len, new))
        self._bounds.check_letters(self._letters)
        same.update((cell, cell) for cell in new)
        return [None if cell is None else same[cell] for cell in cells]


def _rows_at_once(about: Any) -> int:
    """Fewer rows where they are long."""
    size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    return max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE * about.num_rows // max(1, size)))


def _texts(values: pyarrow.Array) -> list[str | None]:
    """The values of one column of a batch as text."""
    from pyarrow import types

    if hasattr(values, "dictionary") and len(values.dictionary) > len(values):  # a whole file's, for a few rows
        values = values.dictionary_decode()
    if types.is_string(values.type) or types.is_integer(values.type) or types.is_boolean(values.type):
        values = values.dictionary_encode()
    if hasattr(values, "dictionary"):
        known = [as_text(value) for value in values.dictionary.to_pylist()]
        return [None if place is None else known[place] for place in values.indices.to_pylist()]
    return [as_text(value) for value in values.to_pylist()]
