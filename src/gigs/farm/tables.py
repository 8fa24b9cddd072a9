"""The tables of a finished run: parts put together in the plan's order, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gigs.errors import ModelError
from gigs.farm import parts
from gigs.farm.rows import FAILURES, ROWS, TIMINGS, table
from gigs.farm.store import Store

REDESIGNS, FAILED, SECONDS = "redesigns.parquet", "failures.parquet", "timings.parquet"
GROUP = 4096  # rows: the same whatever parts there were, so that the file is the same


def put_together(store: Store) -> None:
    """Write the tables from all parts that are there: timings and failures first, the redesigns last.

    Rows are in the order of item, audience and rank: parts hold neighbouring items, and workers keep that order.
    """
    found = parts.finished(store)
    _write(store, SECONDS, TIMINGS, lambda: (table(parts.read(store, *one)[2], TIMINGS) for one in found))
    _write(store, FAILED, FAILURES, lambda: (table(parts.read(store, *one)[1], FAILURES) for one in found))
    _write(store, REDESIGNS, ROWS, lambda: (parts.read(store, *one)[0] for one in found))


def regrouped(tables: Iterator[pa.Table], schema: pa.Schema, size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size` rows, the last one smaller; none where there are no rows."""
    held: list[pa.Table] = []
    count = 0
    for each in tables:
        held.append(each)
        count += len(each)
        while count >= size:
            whole = pa.concat_tables(held)
            yield whole.slice(0, size)
            held, count = [whole.slice(size)], count - size
    if count:
        yield pa.concat_tables([schema.empty_table(), *held])


def _write(store: Store, name: str, schema: pa.Schema, tables: Callable[[], Iterator[pa.Table]]) -> None:
    def write(path: Path) -> None:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for group in regrouped(tables(), schema, GROUP):
                writer.write_table(group.combine_chunks(), row_group_size=GROUP)

    store.write_large(name, write)


def read_table(
    store: Store, name: str, columns: Sequence[str], filters: list[tuple[str, str, Any]] | None = None
) -> pa.Table:
    """Some columns of one of the tables, and of the rows those that `filters` (as PyArrow has them) let through.

    Raises:
        ModelError: It is not there, or damaged.
    """
    try:
        with store.reading(name) as source:
            return pq.read_table(source, columns=list(columns), filters=filters)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise ModelError(f"{store.url}/{name}: damaged ({error}); run again with `resume`") from error
