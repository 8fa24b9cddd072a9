"""The same table is read the same from any kind of file, with the row that each record came from."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.tables import read_table
from gigs.errors import DataError

RECORDS = [
    {"id": "007", "name": 'Größe "L", rot', "price": 12},
    {"id": "مرحبا", "name": "two\nlines", "price": None},
    {"id": "NA", "name": "null", "price": 0.5},
]
CELLS = [["007", 'Größe "L", rot', "12"], ["مرحبا", "two\nlines", None], ["NA", "null", "0.5"]]


def cells(table: RawTable) -> list[list]:
    return [[None if pd.isna(cell) else cell for cell in row] for row in table.frame.itertuples(index=False)]


def write_delimited(path, delimiter=",", encoding="utf-8", records=RECORDS):
    with path.open("w", newline="", encoding=encoding) as handle:
        writer = csv.DictWriter(handle, list(records[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(records)


@pytest.mark.parametrize(
    ("name", "delimiter", "encoding"),
    [
        ("a.csv", ",", "utf-8"),
        ("a.csv", ";", "utf-8-sig"),
        ("a.tsv", "\t", "utf-16"),
        ("a.txt", "|", "utf-8"),
        ("no suffix", "\t", "utf-8"),
    ],
)
def test_delimited_text_is_read_whatever_separates_it(tmp_path, name, delimiter, encoding):
    write_delimited(tmp_path / name, delimiter, encoding)
    table = read_table(tmp_path / name, "items")
    assert cells(table) == CELLS and list(table.frame.columns) == ["id", "name", "price"]
    assert list(table.frame.index) == [2, 3, 4] and not table.notes


def test_json_lines_and_parquet_say_the_same(tmp_path):
    text = "\n".join(json.dumps(record, ensure_ascii=False) for record in RECORDS)
    (tmp_path / "a.jsonl").write_text("\ufeff" + text.replace("\n", "\n\n", 1), encoding="utf-8")
    pd.DataFrame(RECORDS).to_parquet(tmp_path / "a.parquet")
    lines, parquet = read_table(tmp_path / "a.jsonl", "items"), read_table(tmp_path / "a.parquet", "items")
    assert cells(lines) == cells(parquet) == CELLS
    (tmp_path / "a.json").write_text(json.dumps([RECORDS[0], 5, *RECORDS[1:]]))
    array = read_table(tmp_path / "a.json", "items")
    assert cells(array) == CELLS and list(array.frame.index) == [1, 3, 4] and list(array.broken) == [2]
    assert list(lines.frame.index) == [1, 3, 4] and list(parquet.frame.index) == [1, 2, 3]


def test_ids_of_any_kind_are_the_same_text_from_any_file(tmp_path):
    frame = pd.DataFrame({"id": [1, 2, None], "big": [1 << 60, 5, 6], "at": pd.to_datetime(["2020-09-22"] * 3)})
    frame.to_parquet(tmp_path / "a.parquet")  # the missing id makes a float column of it
    assert cells(read_table(tmp_path / "a.parquet", "items")) == [
        ["1", str(1 << 60), "2020-09-22T00:00:00"],
        ["2", "5", "2020-09-22T00:00:00"],
        [None, "6", "2020-09-22T00:00:00"],
    ]
    (tmp_path / "a.jsonl").write_text(
        '{"id": 1.0, "photos": ["a.jpg", "b.jpg"], "in": {"x": 1}, "new": true}\n{"id": "1"}'
    )
    assert cells(read_table(tmp_path / "a.jsonl", "items")) == [
        ["1", "a.jpg|b.jpg", '{"x": 1}', "true"],
        ["1", None, None, None],
    ]


def test_half_a_character_in_a_name_or_cell_can_be_written(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id\\ud800": "a\\udfff"}')
    assert read_table(tmp_path / "a.jsonl", "items").frame.to_dict("list") == {"id?": ["a?"]}


def test_windows_text_is_read_and_said_so(tmp_path):
    (tmp_path / "a.csv").write_bytes("id,name\n1,Größe\n".encode("cp1252"))
    table = read_table(tmp_path / "a.csv", "items")
    assert cells(table) == [["1", "Größe"]] and "Windows-1252" in table.notes[0]
    (tmp_path / "a.csv").write_bytes("id,name\n1,дом\n".encode("koi8-r"))
    assert cells(read_table(tmp_path / "a.csv", "items", encoding="koi8-r")) == [["1", "дом"]]
    with pytest.raises(DataError, match=r"a.csv.*klingon"):
        read_table(tmp_path / "a.csv", "items", encoding="klingon")


def test_rows_that_cannot_be_read_are_noted_with_their_number(tmp_path):
    (tmp_path / "a.csv").write_text('id,name\n1,a\n\n2,b,c\n3\n"4,d\n5,e\n')
    table = read_table(tmp_path / "a.csv", "items")
    assert cells(table) == [["1", "a"], ["3", None]] and list(table.frame.index) == [2, 5]
    assert list(table.broken) == [4, 6] and "3 cells, but the header has 2" in table.broken[4]
    (tmp_path / "a.jsonl").write_text('{"id": 1}\n{"id": 2\n[3]\n\n{"id": 4}\n')
    table = read_table(tmp_path / "a.jsonl", "items")
    assert list(table.frame.index) == [1, 5] and list(table.broken) == [2, 3]


def test_blank_cells_and_null_marks_are_missing_but_words_are_not(tmp_path):
    (tmp_path / "a.csv").write_text("id,name\n,NA\n\\N,None\nnan,\n")
    assert cells(read_table(tmp_path / "a.csv", "items")) == [[None, "NA"], [None, "None"], ["nan", None]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"PK\x03\x04 a workbook", "Excel"),
        (b"\xd0\xcf\x11\xe0 an old one", "Excel"),
        (b"\x1f\x8b\x08 gzip", "compressed"),
        (b"SQLite format 3\x00", "import sql"),
        (b"PAR1 and nothing else", "Parquet"),
        (b"id,id\n1,2\n", "several columns"),
        (b'id,name\n1,"' + b"x" * (2 << 20), "line 2.*quotation"),
    ],
)
def test_a_file_that_is_no_table_is_named_in_one_line(tmp_path, content, reason):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=f"a.csv.*{reason}") as caught:
        read_table(tmp_path / "a.csv", "items")
    assert "\n" not in str(caught.value)


def test_json_without_objects_and_missing_files_are_named(tmp_path):
    for content in ('"just text"', "[1, 2", "[1, 2]", "{]"):
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(DataError, match="JSON"):
            read_table(tmp_path / "a.json", "items")
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_table(path, "items")


def test_a_damaged_parquet_file_is_refused_in_one_line(tmp_path):
    pd.DataFrame({"id": ["a", "b"], "n": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    for place in range(4, len(whole), 7):
        (tmp_path / "a.parquet").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_table(tmp_path / "a.parquet", "items")
        except DataError as error:
            assert "\n" not in str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20), min_size=2, max_size=2)
    )
)
def test_any_text_comes_back(tmp_path, rows):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["id", "name"], *rows])
    (tmp_path / "a.csv").write_bytes(buffer.getvalue().encode())
    expected = [[cell if cell not in ("", "\\N") else None for cell in row] for row in rows if any(row)]
    assert cells(read_table(tmp_path / "a.csv", "items")) == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(content=b"\xfe\xff", name="a.csv")  # a byte order mark and nothing else
@given(content=st.binary(max_size=300), name=st.sampled_from(["a.csv", "a.jsonl", "a.parquet", "a"]))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    try:
        assert isinstance(read_table(tmp_path / name, "items"), RawTable)
    except DataError as error:
        assert "\n" not in str(error)
