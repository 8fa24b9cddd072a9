"""Tables for the fuzzer: valid ones of each kind, and what becomes of them: damage, and extreme shapes."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gigs.data.importers.tables import read_table
from tests.fuzz.mutate import damage

RECORDS = [{"id": f"0{row}", "name": ["größe", "", '"x"\n', "=a"][row % 4], "price": row / 2} for row in range(8)]
Part = tuple[list[bytes], Callable[[bytes, random.Random], bytes], Callable[[bytes], object]]


def tables(work: Path) -> dict[str, Part]:
    """By name: valid files, how to change one, and how to read what comes of it."""
    frame, packed = pd.DataFrame(RECORDS), io.BytesIO()
    frame.to_parquet(packed)
    lines = "\n".join(map(json.dumps, RECORDS)).encode()
    return {
        "table.csv": ([frame.to_csv(index=False).encode()], shaped(_csv), _reader(work / "a.csv")),
        "table.jsonl": ([lines], shaped(_json_lines), _reader(work / "a.jsonl")),
        "table.json": ([json.dumps(RECORDS).encode()], shaped(_json), _reader(work / "a.json")),
        "table.parquet": ([packed.getvalue()], shaped(_parquet), _reader(work / "a.parquet")),
    }


def shaped(extreme: Callable[[int, int], bytes]) -> Callable[[bytes, random.Random], bytes]:
    """Damage of a file, or in one of four inputs another of extreme shape: `extreme(rows, columns)`."""

    def change(content: bytes, rng: random.Random) -> bytes:
        if rng.random() < 0.25:
            return extreme(*rng.choice(((2, 5_000), (20_000, 600), (3, 40_000), (50_000, 2))))
        return damage(content, rng)

    return change


def _reader(path: Path) -> Callable[[bytes], object]:
    def read(content: bytes) -> object:
        path.write_bytes(content)
        return read_table(path, "items")

    return read


def _csv(rows: int, columns: int) -> bytes:
    """A heading of so many columns, and rows that are cut short after the first cell."""
    return (",".join(f"c{number}" for number in range(columns)) + "\n" + "1\n" * rows).encode()


def _json_lines(rows: int, columns: int) -> bytes:
    """A record with every key, and others with one."""
    return (json.dumps(dict.fromkeys(map(str, range(columns)), 1)) + "\n" + '{"0": 1}\n' * rows).encode()


def _json(rows: int, columns: int) -> bytes:
    return b"[" + _json_lines(rows, columns).strip().replace(b"\n", b",") + b"]"


def _parquet(rows: int, columns: int) -> bytes:
    buffer = io.BytesIO()
    pd.DataFrame({f"c{number}": ["same"] * min(rows, 100) for number in range(min(columns, 1_200))}).to_parquet(buffer)
    return buffer.getvalue()
