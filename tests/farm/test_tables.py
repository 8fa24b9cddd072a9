from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from gigs.errors import ModelError
from gigs.farm import parts, tables
from gigs.farm.parts import Made
from gigs.farm.rows import ROWS
from gigs.farm.store import Store


def made(first: int, last: int) -> Made:
    rows = [
        {**dict.fromkeys(ROWS.names), "item_id": f"{place:03d}", "audience": "all", "rank": rank, "score": place / 3}
        for place in range(first, last + 1)
        for rank in (1, 2)
    ]
    failures = [{"item_id": f"{first:03d}", "audience": "all", "stage": "photo", "reason": "why"}] if first % 2 else []
    return Made(rows=rows, failures=failures, timings=[{"item_id": "0", "audience": "", "stage": "tuning", "s": 0.5}])


def write(root: Path, blocks: list[tuple[int, int]]) -> Store:
    store = Store.open(str(root))
    for block in blocks:
        parts.commit(store, parts.name_of(*block), *made(*block).files())
    return store


def test_tables_are_the_same_however_the_items_were_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "GROUP", 6)
    one = write(tmp_path / "one", [(0, 1), (2, 2), (4, 7), (3, 3), (8, 8)])
    other = write(tmp_path / "other", [(0, 7), (8, 8)])
    for store in (one, other):
        tables.put_together(store)
    assert one.read(tables.REDESIGNS) == other.read(tables.REDESIGNS)
    found = tables.read_table(one, tables.REDESIGNS, ["item_id", "rank"]).to_pylist()
    assert [(int(row["item_id"]), row["rank"]) for row in found] == [(n, r) for n in range(9) for r in (1, 2)]
    assert tables.read_table(one, tables.FAILED, ["item_id"]).to_pydict() == {"item_id": ["003"]}


def test_rows_are_regrouped_without_loss() -> None:
    schema = pa.schema([("n", pa.int64())])
    sizes = ((0, 3), (3, 0), (3, 9), (12, 1))
    pieces = [pa.table({"n": list(range(start, start + size))}, schema=schema) for start, size in sizes]
    groups = list(tables.regrouped(iter(pieces), schema, 4))
    assert [len(group) for group in groups] == [4, 4, 4, 1]
    assert pa.concat_tables(groups)["n"].to_pylist() == list(range(13))
    assert list(tables.regrouped(iter([]), schema, 4)) == []


def test_a_part_is_done_when_its_second_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(str(tmp_path))
    names: list[str] = []
    monkeypatch.setattr(Store, "write", lambda self, name, content: names.append(name))
    parts.commit(store, parts.name_of(0, 3), b"part", b"pictures")
    assert names == ["pictures/00000000-00000003.parquet", "parts/00000000-00000003.parquet"]


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    store = write(tmp_path, [(0, 1)])
    assert parts.finished(store) == [(0, 1)] and parts.places(parts.finished(store)) == {0, 1}
    store.write("parts/00000000-00000001.parquet", b"no parquet")
    with pytest.raises(ModelError, match="delete it and run again with `resume`"):
        tables.put_together(store)
