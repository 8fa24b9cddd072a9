"""Tables in Parquet, read in pieces. Equal cells of a batch share one string."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gigs.data.bounds import TableBounds, check_parquet
from gigs.data.importers.cell_values import as_text
from gigs.data.importers.raw_table import PIECE, StreamedTable, frame_of
from gigs.errors import DataError

if TYPE_CHECKING:
    import pyarrow

ROWS_AT_ONCE = 10_000
BYTES_AT_ONCE = 32 << 20


def stream_parquet(path: Path, name: str) -> StreamedTable:
    """A Parquet file as a table of text that is read in pieces.

    Raises:
        DataError: The file is damaged or too large. This may also be raised while rows are read.
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
    """Yield frames of about `PIECE` rows; at least one."""
    import pyarrow as arrow
    from pyarrow import parquet

    bounds, rows, begun, letters = TableBounds.of_file(path), 0, 0, 0
    columns: list[list[np.ndarray]] = [[] for _ in header]
    with _explained(path), path.open("rb") as handle:
        texts = [one.name for one in parquet.read_schema(handle) if arrow.types.is_string(one.type)]
        # Of a dictionary each value is read once.
        with parquet.ParquetFile(handle, read_dictionary=texts) as file:
            for batch in file.iter_batches(batch_size=_rows_at_once(file.metadata)):
                rows += len(batch)
                bounds.check(rows, len(header))
                for column, values in zip(columns, batch.columns, strict=True):
                    distinct, places = _texts(values)
                    letters += sum(len(text) for text in distinct if text is not None)
                    bounds.check_letters(letters)
                    column.append(np.array([*distinct, None], dtype=object)[places])
                if rows - begun >= PIECE:
                    yield _frame(header, columns, begun, path)
                    columns, begun = [[] for _ in header], rows
    if rows > begun or not begun:
        yield _frame(header, columns, begun, path)


def _frame(header: list[str], columns: list[list[np.ndarray]], begun: int, path: Path) -> pd.DataFrame:
    cells = [np.concatenate(column).tolist() if column else [] for column in columns]
    rows = len(cells[0]) if cells else 0
    return frame_of(header, cells, list(range(begun + 1, begun + rows + 1)), str(path))


def _rows_at_once(about: Any) -> int:
    """How many rows to read at once: fewer if rows are long."""
    size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    return max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE * about.num_rows // max(1, size)))


def _texts(values: pyarrow.Array) -> tuple[list[str | None], np.ndarray]:
    """The distinct texts of one column of a batch, and the text's number for each row; -1 for none."""
    from pyarrow import types

    if types.is_dictionary(values.type):  # of a file's dictionary, a few rows need little
        values = values.dictionary_decode() if len(values.dictionary) > len(values) else values
    written = values if types.is_dictionary(values.type) else _written(values)
    kind = written.type.value_type if types.is_dictionary(written.type) else written.type
    if not (types.is_string(kind) or types.is_large_string(kind)):
        return [as_text(value) for value in values.to_pylist()], np.arange(len(values))
    coded = written if types.is_dictionary(written.type) else written.dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)


def _written(values: pyarrow.Array) -> pyarrow.Array:
    """Convert integers, booleans, dates and times of whole seconds as `as_text` does, but much faster."""
    import pyarrow as arrow
    from pyarrow import compute, types

    kind = values.type
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_date32(kind):
        return values.cast(arrow.string())
    if types.is_timestamp(kind) and kind.tz is None:
        try:
            seconds = values.cast(arrow.timestamp("s"))
        except arrow.ArrowInvalid:  # there are fractions of a second
            return values
        return compute.replace_substring(seconds.cast(arrow.string()), " ", "T")
    return values
