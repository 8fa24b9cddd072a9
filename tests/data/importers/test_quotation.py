"""A quotation mark left open takes no rows away in silence; a text of several lines is a text."""

from __future__ import annotations

import pytest

from gigs.data.importers.quotation import swallowed_rows
from gigs.data.importers.tables import read_table


def table(tmp_path, rows: list[str]):
    (tmp_path / "items.csv").write_text("\n".join(["item_id,name,price", *rows]) + "\n", encoding="utf-8")
    return read_table(tmp_path / "items.csv", "items")


def test_rows_within_a_cell_are_noted_with_their_number(tmp_path):
    """149 rows were one."""
    rows = [f"{number},thing {number},1.5" for number in range(200)]
    rows[20], rows[169] = '20,"thing 20,1.5', '169,thing" 169,1.5'
    found = table(tmp_path, rows)
    assert len(found.frame) == 50
    assert found.broken == {22: "an open quotation mark swallows 149 rows"}


def test_texts_of_several_lines_stay(tmp_path):
    text = "Soft, warm\nWash at 30, dry flat, do not iron\n\nMade in Portugal\nOne, two, three, four"
    found = table(tmp_path, [f'1,"{text}",2', '2,"a\nb\nc\nd",3', "3,plain,4"])
    assert found.frame["name"].tolist() == [text, "a\nb\nc\nd", "plain"] and not found.broken


@pytest.mark.parametrize(
    ("cell", "width", "rows"),
    [
        ("x\n1,a\n2,b\n3,c\ny", 2, 0), ("x\n1,a\n2,b\n3,c\n4,d\n5,e\ny", 2, 6), ("x\n1;a;b\n2;b;c\ny", 3, 3),
        ("x\n1,a,b\nplain\ny", 3, 0), ("", 3, 0), ("\n\n\n", 3, 0), ("a\nb\nc\nd\ne\nf\ng", 1, 0),
    ],
)  # fmt: skip
def test_what_counts_as_a_row(cell, width, rows):
    assert swallowed_rows(["1", cell], width) == rows
