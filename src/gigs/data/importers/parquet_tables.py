"""Tables in Parquet, read some rows at a time; equal cells share one string, however often the file repeats them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigs.data.bounds import TableBounds, check_parquet
from gigs.data.importers.cell_values import as_text
from gigs.data.importers.raw_table import RawTable, frame_of
from gigs.errors import DataError

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 10_000
BYTES_AT_ONCE = 32 << 20


def read_parquet(path: Path, name: str) -> RawTable:
    """Read a Parquet file as text.

    Raises:
        DataError: Damaged, or larger than a table may be.
    """
    import pyarrow as arrow
    from pyarrow import parquet

    bounds = TableBounds.of_file(path)
    try:
        check_parquet(path)
        with path.open("rb") as handle, parquet.ParquetFile(handle) as file:
            header = list(file.schema_arrow.names)
            texts = [one.name for one in file.schema_arrow if arrow.types.is_string(one.type)]
        # Of a dictionary each value is read once.
        with path.open("rb") as handle, parquet.ParquetFile(handle, read_dictionary=texts) as file:
            columns = _columns(file, len(header), bounds)
    except (arrow.ArrowException, ValueError) as error:
        raise DataError(f"{path}: not a readable Parquet file ({' '.join(str(error).split())[:200]})") from error
    rows = list(range(1, len(columns[0]) + 1)) if columns else []
    return RawTable(name, str(path), frame_of(header, columns, rows, str(path)))


def _columns(file: Any, width: int, bounds: TableBounds) -> list[list[str | None]]:
    """All cells as text, one list a column."""
    columns: list[list[str | None]] = [[] for _ in range(width)]
    same: dict[str, str] = {}
    letters = rows = 0
    for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
        rows += len(batch)
        bounds.check(rows, width)
        for column, values in zip(columns, batch.columns, strict=True):
            for cell in _texts(values):
                if cell is not None and cell not in same:
                    letters += len(cell)
                    bounds.check_letters(letters)
                column.append(None if cell is None else same.setdefault(cell, cell))
    return columns


def _rows_at_once(about: Any) -> int:
    """Fewer rows where they are long."""
    size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    return max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE * about.num_rows // max(1, size)))


def _texts(values: pyarrow.Array) -> list[str | None]:
    """The values of one column of a batch as text."""
    if hasattr(values, "dictionary"):
        known = [as_text(value) for value in values.dictionary.to_pylist()]
        return [None if place is None else known[place] for place in values.indices.to_pylist()]
    return [as_text(value) for value in values.to_pylist()]
