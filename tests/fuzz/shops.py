"""Tables of extreme shapes: what exports, and whoever means harm, make of rows, columns, quotes and nesting."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from gigs.data.importers.columns import choose_columns
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.events import Events
from gigs.data.importers.shop_tables import item_table, user_table
from gigs.data.importers.tables import read_table
from gigs.data.splits import USUAL
from tests.fuzz.mutate import VALUES, damage

HEADER = ("item_id", "user_id", "name", "time", "weight", "image")
ROWS: list[list[Any]] = [
    ["001", "u1", "Red dress", "2020-09-22", "1", "1.jpg"], ["002", "u2", 'A "new" one', "2020-09-23", "2,5", "2.jpg"],
    ["001", "u2", None, "1600000000", "-1", ""], ["Ä-3", "u1", "two\nlines", "20200922", "", None],
]  # fmt: skip
STRANGE = (
    "", " ", "\x00", "=cmd()", '"', "\u202e", "x" * 5000, "1e400", "nan", "\\N", "None", "-", "0" * 400, "é", "\ufeff",
)  # fmt: skip


def seeds() -> list[bytes]:
    """The same small table in every kind that is read."""
    frame = pd.DataFrame(ROWS, columns=list(HEADER))
    records = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    texts = [delimited(HEADER, ROWS, ","), delimited(HEADER, ROWS, "\t")]
    return [
        *texts, texts[0].decode().encode("utf-16"), "\n".join(map(json.dumps, records)).encode(),
        json.dumps(records).encode(), parquet.getvalue(),
    ]  # fmt: skip


def delimited(header: Any, rows: Any, delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode("utf-8", "replace")


def misshape(content: bytes, rng: random.Random) -> bytes:
    """Another table of a shape that nobody expects, or the given one with damaged bytes."""
    return damage(content, rng) if rng.random() < 0.3 else rng.choice(SHAPES)(rng)


def _ids_alone(rng: random.Random) -> bytes:
    column = rng.choice(("item_id", "user_id", "sku", "item_id,user_id"))
    return "\n".join([column, *(rng.choice(("a", "b", "a,u", "")) for _ in range(rng.choice((0, 1, 3, 50))))]).encode()


def _wide(rng: random.Random) -> bytes:
    width = rng.choice((1, 7, 300, 3000))
    header = [rng.choice((f"c{n}", "item_id", "", "c0", *STRANGE)) for n in range(width)]
    rows = [["x"] * rng.choice((0, 1, width, width + 1)) for _ in range(rng.choice((0, 1, 30)))]
    return delimited(["item_id", "user_id", *header], rows, rng.choice(",;\t|"))


def _ragged(rng: random.Random) -> bytes:
    rows = [[rng.choice(STRANGE) for _ in range(rng.randrange(12))] for _ in range(rng.choice((1, 20, 300)))]
    return delimited(rng.sample(HEADER, rng.randrange(1, 7)), rows, rng.choice(",;\t|"))


def _quoted(rng: random.Random) -> bytes:
    lines = [",".join(map(str, row)) for row in ROWS * rng.choice((1, 30))]
    for _ in range(rng.choice((1, 2, 5))):
        place = rng.randrange(len(lines))
        lines[place] = rng.choice(('"', '""', 'a"b')) + lines[place]
    return "\n".join([",".join(HEADER), *lines]).encode()


def _new_keys(rng: random.Random) -> bytes:
    count = rng.choice((1, 50, 400))
    return "\n".join(
        json.dumps({"item_id": str(n), "user_id": "u", f"key{n}": rng.choice(VALUES)}) for n in range(count)
    ).encode("utf-8", "replace")


def _nested(rng: random.Random) -> bytes:
    depth, (start, end) = rng.choice((10, 40, 500, 950, 5000)), rng.choice((("[", "]"), ('{"a":', "}")))
    inner = "1" if start != "[" else ""
    return f'{{"item_id": "1", "user_id": "u", "x": {start * depth}{inner}{end * depth}}}'.encode()


def _typed(rng: random.Random) -> bytes:
    kinds: list[Any] = [
        [1.5, None, 2.0], [2**60, 1, 2], [[1, [2]], [], [None]], [{"a": 1}, {}, None], [b"\xff", b"", None],
        [True, False, None], pd.to_datetime(["2020-01-01", None, "1700-01-01"]), ["a", "a", None],
    ]  # fmt: skip
    names = rng.sample((*HEADER, "x", "y"), 4)
    frame = pd.DataFrame({name: pd.Series(rng.choice(kinds)) for name in names} | {"item_id": ["1", "2", "1"]})
    frame = frame.iloc[: rng.choice((0, 1, 3))]
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer)
    except Exception:  # of values that Parquet cannot hold
        return b"PAR1"
    return buffer.getvalue()


SHAPES: tuple[Callable[[random.Random], bytes], ...] = (
    _ids_alone, _wide, _ragged, _quoted, _new_keys, _nested, _typed,
)  # fmt: skip


def use_table(folder: Path, content: bytes) -> None:
    """Read a table as each of the three, as far as an import without photos goes."""
    path = folder / ("table.json" if content.startswith(b"[") else "table")  # all else is told by its first bytes
    path.write_bytes(content)
    table = read_table(path, "items")
    path.unlink()
    dropped = DroppedRows()
    chosen, _ = choose_columns({"items": table, "interactions": table}, {})
    items, _ = item_table(table, chosen["items"], dropped)
    events = Events(table, chosen["interactions"], dropped)
    events.find_items(items["item_id"])
    dated = events.read_times()
    events.weigh({})
    events.drop_repeats()
    events.drop_light(0.0)
    seen = events.user_ids()
    users, _ = user_table(table, {"user": chosen["interactions"]["user"]}, seen, 0, dropped)
    if len(events.rows):
        events.pairs(users["user_id"], dated, USUAL, 0)
    dropped.summary()
    dropped.write(folder / "dropped.csv")
