"""What spreadsheets put into tables is told from their rows: a separator's line, titles, the header again, totals."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.shop import ShopSettings
from gigs.data.importers.tables import read_table
from gigs.errors import DataError
from tests.data.importers.shops import dropped
from tests.helpers.pictures import encoded, quadrants

ROWS = "sku;title\n5;Shirt, blue\n6;Skirt\n"


def read(folder: Path, text: str, name: str = "items", suffix: str = ".csv"):
    path = folder / f"table{suffix}"
    path.write_text(text, encoding="utf-8")
    return read_table(path, name)


@pytest.mark.parametrize("first", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n', "sep=;;\n"])
def test_a_line_that_tells_the_separator_is_no_header(tmp_path, first) -> None:
    table = read(tmp_path, first + ROWS)
    assert table.frame.columns.tolist() == ["sku", "title"] and table.frame.index.tolist() == [2, 3]
    assert table.frame["title"].tolist() == ["Shirt, blue", "Skirt"]


def test_the_separator_that_is_told_is_taken(tmp_path) -> None:
    table = read(tmp_path, "sep=|\nsku|title, long, and, more\n5|a\n")
    assert table.frame.columns.tolist() == ["sku", "title, long, and, more"]


@pytest.mark.parametrize(
    "above", ["Products, all\n\n", "Products;\n\n", "\n;\n", "Export;of 3 March\n;\n", "Goods;;\n;What it is;\n"]
)
def test_titles_above_the_header_are_passed_over(tmp_path, above) -> None:
    table = read(tmp_path, above + ROWS)
    lines = above.count("\n")
    assert table.frame.columns.tolist() == ["sku", "title"]
    assert table.frame.index.tolist() == [lines + 2, lines + 3]
    assert table.notes == [f"row {lines + 1} is the header; what is above it was skipped"]


@pytest.mark.parametrize(
    "text", ["a;b\n1;2\nsku;x\n", "number;what\n7;sku\n8;title\n", "a\n7\n8\n", "sku\n5\n6\n", ",title\n5,sku\n"]
)
def test_a_header_of_unusual_names_stays_the_header(tmp_path, text) -> None:
    table = read(tmp_path, text)
    assert table.frame.index[0] == 2 and not table.notes


def test_a_header_that_comes_again_is_no_row(tmp_path) -> None:
    table = read(tmp_path, ROWS + "sku;title\n7;Hat\n sku ;title\n8;Cap\n")
    assert table.frame["sku"].tolist() == ["5", "6", "7", "8"] and table.frame.index.tolist() == [2, 3, 5, 7]
    assert table.notes == ["row 4 repeats the header, as do 1 more; skipped"]


@pytest.mark.parametrize("last", ["Total;;11", ";Total:;11", "Grand Total;;", "Summe;;11", "TOTAL;;11\n;;"])
def test_totals_in_the_last_row_are_no_row(tmp_path, last) -> None:
    table = read(tmp_path, f"sku;title;price\n5;Shirt;5\n6;Skirt;6\n{last}\n")
    assert table.frame["sku"].tolist() == ["5", "6"] and table.notes == ["row 4 holds totals; skipped"]


@pytest.mark.parametrize("last", ["7;Total;9", "Total;Bag;9"])
def test_a_thing_called_total_is_a_row(tmp_path, last) -> None:
    table = read(tmp_path, f"sku;title;price\n5;Shirt;5\n6;Skirt;6\n{last}\n")
    assert len(table.frame) == 3 and not table.notes


def test_a_bare_separators_line_is_an_empty_file(tmp_path) -> None:
    with pytest.raises(DataError, match="empty"):
        read(tmp_path, "sep=;\n")


def shop(folder: Path, events: str, **settings):
    (folder / "photos").mkdir(exist_ok=True)
    for name in ("5", "6"):
        (folder / "photos" / f"{name}.jpg").write_bytes(encoded(quadrants(), "JPEG"))
    (folder / "items.csv").write_text("sep=;\n" + ROWS, encoding="utf-8")
    (folder / "events.csv").write_text(events, encoding="utf-8")
    files = ShopFiles(items=folder / "items.csv", interactions=folder / "events.csv")
    chosen = ShopSettings(**{"image_size": 32, "hold_out": 0, **settings})
    return import_folder(files, folder / "photos", folder / "out", settings=chosen)


def test_a_whole_sheet_of_orders_is_read_as_it_is_meant(tmp_path) -> None:
    rows = ["Orders of March", "", "user_id;sku;Quantity;Date", "u1;5;1,234;13/03/2024 10:00",
            "u1;6;1,5;02/03/2024 9:00", "user_id;sku;Quantity;Date", "u2;5;2;2/3/2024 9:30",
            "Total;;4,734;"]  # fmt: skip
    made = shop(tmp_path, "\n".join(rows))
    assert made.interactions["weight"].tolist() == [1.234, 1.5, 2.0] and made.info["dropped"] == []
    assert made.interactions["first"].dt.strftime("%m-%d %H:%M").tolist() == [
        "03-13 10:00",
        "03-02 09:00",
        "03-02 09:30",
    ]
    assert sum("skipped" in note for note in made.info["notes"]) == 3


def test_a_quantity_that_may_be_two_is_left_out_with_what_to_do(tmp_path) -> None:
    made = shop(tmp_path, 'user_id,sku,quantity\nu1,5,"1,234"\nu1,6,2\n')
    assert dropped(made)["interactions", "no readable weight"] == [(2, "u1 / 5")]
    assert "1,234 may mean 1234 or 1.234" in made.info["dropped"][0]["fix"]


def test_days_that_may_be_two_are_refused_with_what_to_do(tmp_path) -> None:
    with pytest.raises(DataError, match="`time_format`, such as '%d/%m/%Y"):
        shop(tmp_path, "user_id,sku,date\nu1,5,02/03/2024\nu1,6,05/06/2024\n")


def test_a_row_that_is_too_long_makes_no_title_of_a_lone_header(tmp_path) -> None:
    table = read(tmp_path, "sku_of_ours\n5\n6,7\n8\n")
    assert table.frame.columns.tolist() == ["sku_of_ours"] and table.frame.index.tolist() == [2, 4]
    assert list(table.broken) == [3]
