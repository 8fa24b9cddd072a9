"""Parts: the results of a block of items, as two files. The second is written last and marks the block as done."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gigs.errors import ModelError
from gigs.farm.rows import PICTURES, ROWS, table
from gigs.farm.store import Store

FOLDER, PICTURE_FOLDER = "parts", "pictures"
NAME = re.compile(r"(\d{8})-(\d{8})\.parquet")
ABOUT = b"gigs"


@dataclass
class Made:
    """The outcome of some items: rows of the four tables."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    timings: list[dict[str, Any]] = field(default_factory=list)

    def files(self) -> tuple[bytes, bytes]:
        """The part and its pictures, as parquet."""
        about = json.dumps({"failures": self.failures, "timings": self.timings}).encode()
        rows = table(self.rows, ROWS.with_metadata({ABOUT: about}))
        return _parquet(rows), _parquet(table(self.pictures, PICTURES), compression="none")


def name_of(first: int, last: int) -> str:
    """The name of the part of the items at these places in the plan, and at all between them."""
    return f"{first:08d}-{last:08d}.parquet"


def commit(store: Store, name: str, part: bytes, pictures: bytes) -> None:
    """Write a part; its items then count as done."""
    store.write(f"{PICTURE_FOLDER}/{name}", pictures)
    store.write(f"{FOLDER}/{name}", part)


def finished(store: Store) -> list[tuple[int, int]]:
    """First and last place of every part that is there, in order."""
    found = (NAME.fullmatch(name) for name in store.names(FOLDER))
    return [(int(match[1]), int(match[2])) for match in found if match]


def read(store: Store, first: int, last: int) -> tuple[pa.Table, list[dict[str, str]], list[dict[str, Any]]]:
    """A part's rows, failures and timings.

    Raises:
        ModelError: It is damaged.
    """
    name = f"{FOLDER}/{name_of(first, last)}"
    try:
        rows = pq.read_table(io.BytesIO(store.read(name)))
        about = json.loads(rows.schema.metadata[ABOUT])
        return rows.replace_schema_metadata(None).cast(ROWS), about["failures"], about["timings"]
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{store.url}/{name}: damaged ({error}); delete it and run again with `resume`") from error


def pictures(store: Store) -> Iterator[dict[str, Any]]:
    """All pictures, part by part; the photo itself has rank 0 and no audience."""
    for name in store.names(PICTURE_FOLDER):
        if NAME.fullmatch(name):
            yield from pq.read_table(io.BytesIO(store.read(f"{PICTURE_FOLDER}/{name}"))).to_pylist()


def places(parts: Sequence[tuple[int, int]]) -> set[int]:
    """The places of all items of some parts."""
    return {place for first, last in parts for place in range(first, last + 1)}


def _parquet(rows: pa.Table, compression: str = "zstd") -> bytes:
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression=compression)
    return buffer.getvalue()
