"""Small tables that spell out large ones are refused before they fill the memory. Row 39."""

from __future__ import annotations

import json
import os
import sqlite3

import numpy as np
import pandas as pd
import pyarrow as arrow
import pytest
from pyarrow import parquet

from gigs.audience.members import listed
from gigs.data import bounds
from gigs.data.bounds import TableBounds
from gigs.data.catalogue import Catalogue
from gigs.data.importers import tables as tables_module
from gigs.data.importers.hm import import_hm
from gigs.data.importers.raw_table import table_of
from gigs.data.importers.sql import ShopDatabase, _address, _read
from gigs.data.importers.tables import read_table
from gigs.errors import DataError, InputError
from gigs.progress import silent
from tests.faults.test_pictures import growth, linux
from tests.helpers.command_line import gigs
from tests.helpers.tiny import write_tiny_kaggle


def repeated(path, rows: int, columns: int = 1, value: object = "the same") -> None:
    """A Parquet file of equal rows, which takes a few bytes for each million."""
    column = arrow.DictionaryArray.from_arrays(np.zeros(1_000_000, dtype=np.int8), [value])
    piece = arrow.table({f"c{number}": column for number in range(columns)})
    with parquet.ParquetWriter(path, piece.schema, compression="zstd") as writer:
        for _ in range(rows // 1_000_000):
            writer.write_table(piece)


def small_and_large(folder) -> dict[str, str]:
    """By file, why it is refused."""
    (folder / "keys.jsonl").write_text("".join(f'{{"k{row}": 1}}\n' for row in range(30_000)))
    (folder / "keys.json").write_text(json.dumps([{f"k{row}": 1} for row in range(30_000)]))
    (folder / "sparse.jsonl").write_text(
        json.dumps(dict.fromkeys(map(str, range(900)), 1)) + "\n" + '{"0":1}\n' * 20_000
    )
    (folder / "wide.csv").write_text(",".join(map(str, range(40_000))) + "\n" + "1\n" * 20_000)
    (folder / "short.csv").write_text(",".join(map(str, range(900))) + "\n" + "1\n" * 20_000)
    (folder / "numbers.json").write_text("[" + "1," * 2_000_000 + "1]")
    (folder / "lines.jsonl").write_text("1\n" * 2_000_000)
    (folder / "broken.csv").write_text("a\n" + "1,2\n" * 1_000_000)
    (folder / "record.csv").write_text("a,b\n" + '1,"' + ("x" * 1000 + "\n") * 17_000)
    repeated(folder / "rows.parquet", 120_000_000)
    repeated(folder / "cells.parquet", 20_000_000)
    with parquet.ParquetWriter(folder / "text.parquet", arrow.schema({"a": arrow.string()}), compression="zstd") as out:
        for row in range(300):
            out.write_table(arrow.table({"a": [f"{row}" + "x" * 1_000_000]}))
    columns = "more than 1,000 columns"
    blank = "most of them blank or the same"
    return {
        "keys.jsonl": columns, "keys.json": columns, "wide.csv": columns, "sparse.jsonl": blank, "short.csv": blank,
        "numbers.json": "cannot be read", "lines.jsonl": "cannot be read", "broken.csv": "cannot be read",
        "record.csv": "quotation mark", "rows.parquet": "more than 100,000,000 rows", "cells.parquet": blank,
        "text.parquet": "far more text",
    }  # fmt: skip


@linux
def test_small_files_of_large_tables_are_refused_in_little_memory(tmp_path):
    for name, reason in small_and_large(tmp_path).items():
        assert (tmp_path / name).stat().st_size < 20 << 20, name

        def read(path=tmp_path / name, reason=reason):
            with pytest.raises(DataError, match=reason) as caught:
                read_table(path, "items")
            assert str(caught.value).startswith(str(path))

        assert growth(read) < 400, name


def test_a_query_of_endless_columns_is_refused(tmp_path):
    records = ((row, {f"k{row}": row}) for row in range(1, 1 << 40))
    with pytest.raises(DataError, match="the query: more than 1,000 columns"):
        table_of(records, "items", TableBounds(source="the query"))
    sqlite3.connect(tmp_path / "shop.db").close()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "MAX_ROWS", 10_000)
        database = ShopDatabase(url=f"sqlite:///{tmp_path / 'shop.db'}", items=endless, interactions="SELECT 1")
        with pytest.raises(DataError, match="more than 10,000 rows"):
            _read(_address(database.url), database.queries(), silent)


def test_what_shops_export_is_within_bounds(tmp_path):
    """Repetitive, wide or sparse as tables are: 200 columns of which each row fills ten, users who are much alike."""
    rng = np.random.default_rng(0)
    with (tmp_path / "sparse.jsonl").open("w") as handle:
        for row in range(5_000):
            filled = rng.choice(200, 10, replace=False)
            handle.write(json.dumps({"id": row} | {f"attribute_{number}": "some value" for number in filled}) + "\n")
    assert read_table(tmp_path / "sparse.jsonl", "items").frame.shape == (5_000, 201)
    users = pd.DataFrame({"id": np.arange(300_000), "country": "NL", "club": True, "age": 30})
    users.to_parquet(tmp_path / "users.parquet")
    found = read_table(tmp_path / "users.parquet", "users").frame
    assert found.shape == (300_000, 4) and found.iloc[-1].tolist() == ["299999", "NL", "true", "30"]


def test_an_array_is_read_element_by_element_and_whole(tmp_path):
    path = tmp_path / "a.json"
    for text, count in (('[{"a": 1}]', 1), (' [ {"a": "]"} ,\n{"a": [1, 2]} ] \n', 2), ('[{"a": {"b": [{}]}}]', 1)):
        path.write_text(text)
        assert len(read_table(path, "items").frame) == count
    for text in ('[{"a": 1}', '[{"a": 1},]', '[{"a": 1} {"a": 2}]', '[{"a": 1}] 5', '[{"a": 1}]]', "[,]", '[{"a": 1'):
        path.write_text(text)
        with pytest.raises(DataError, match="not valid JSON"):
            read_table(path, "items")


def test_a_catalogue_and_a_download_are_bounded_too(tiny_catalogue, tmp_path):
    repeated(tmp_path / "many.parquet", 120_000_000)
    root = tmp_path / "catalogue"
    root.mkdir()
    for name in ("catalogue.json", "items.parquet", "interactions.parquet"):
        (root / name).write_bytes((tiny_catalogue.root / name).read_bytes())
    (root / "users.parquet").write_bytes((tmp_path / "many.parquet").read_bytes())
    with pytest.raises(DataError, match=r"users\.parquet: more than 100,000,000 rows"):
        Catalogue.open(root)
    source = write_tiny_kaggle(tmp_path / "source")
    articles = (source / "articles.csv").read_text().splitlines()
    wide = "".join(f",more_{number}" for number in range(2_000))
    (source / "articles.csv").write_text("\n".join([articles[0] + wide, *articles[1:]]) + "\n")
    with pytest.raises(DataError, match=r"articles\.csv: more than 1,000 columns"):
        import_hm(source, tmp_path / "out")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_are_no_tables(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not an ordinary file"):
        read_table(tmp_path / "pipe.csv", "items")
    with pytest.raises(InputError, match="not an ordinary file"):
        listed(tmp_path / "pipe.csv")


def test_the_command_names_the_table_in_one_line(tmp_path):
    (tmp_path / "items.jsonl").write_text("".join(f'{{"k{row}": 1}}\n' for row in range(1_200)))
    (tmp_path / "buys.csv").write_text("user,item\n1,2\n")
    tables = ("--items", tmp_path / "items.jsonl", "--interactions", tmp_path / "buys.csv")
    told = gigs("data", "import", "folder", *tables, "--images", tmp_path, "--out", tmp_path / "out")
    assert told.returncode == 2 and "more than 1,000 columns" in told.stderr and "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists()


def test_a_record_over_many_lines_is_one_of_so_many_letters(tmp_path, monkeypatch):
    """Each record has the whole allowance, however many come before it."""
    monkeypatch.setattr(tables_module, "MAX_RECORD", 500)
    text = "id,name\n" + "".join(f'{row},"{"x" * 200}\n{"y" * 200}"\n' for row in range(20))
    (tmp_path / "a.csv").write_text(text)
    assert len(read_table(tmp_path / "a.csv", "items").frame) == 20
    (tmp_path / "a.csv").write_text(text + '21,"' + "z" * 300 + "\n" + "z" * 300 + '"\n')
    with pytest.raises(DataError, match="quotation mark"):
        read_table(tmp_path / "a.csv", "items")
