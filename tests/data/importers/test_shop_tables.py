"""Item and user tables of any width, down to nothing but their ids."""

from __future__ import annotations

import shutil
import sqlite3

import pandas as pd
import pytest

from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.shop import ShopSettings
from gigs.data.importers.shop_tables import item_table, user_table
from gigs.data.importers.sql import ShopDatabase, import_sql
from gigs.data.importers.tables import RawTable
from tests.data.importers.shops import dropped, load

NOTHING_NEW = "repeats an item or user above it"
OTHER = "has the same id as a row above it, which was kept"


def raw(name: str, **columns) -> RawTable:
    width = len(next(iter(columns.values())))
    return RawTable(name, name, pd.DataFrame(columns, index=range(2, width + 2), dtype=object))


@pytest.mark.parametrize(
    "more",
    [{}, {"photo": ["1.jpg", "2.jpg", "3.jpg", "1.jpg"]}, {"price": ["1", None, "2", None]}],
    ids=["ids alone", "ids and photos", "ids and a price"],
)
def test_repeats_of_an_id_are_noted_whatever_columns_there_are(more):
    table, left_out = raw("items", sku=["a", "b", "c", "a"], **more), DroppedRows()
    items, _ = item_table(table, {"item": "sku"} | ({"image": "photo"} if "photo" in more else {}), left_out)
    assert items["item_id"].tolist() == ["a", "b", "c"]
    assert [(kind["reason"], kind["examples"]) for kind in left_out.summary()] == [(NOTHING_NEW, ["row 5 (a)"])]


def test_a_repeat_that_says_something_else_is_a_warning():
    left_out = DroppedRows()
    item_table(raw("items", sku=["a", "a", "a"], price=["1", "1", "2"]), {"item": "sku"}, left_out)
    assert [(kind["reason"], kind["examples"]) for kind in left_out.summary()] == [
        (NOTHING_NEW, ["row 3 (a)"]), (OTHER, ["row 4 (a)"]),
    ]  # fmt: skip


def test_users_may_be_ids_alone():
    left_out = DroppedRows()
    users, added = user_table(raw("users", user=["u", "v", "u"]), {"user": "user"}, pd.Series(["u", "w"]), 0, left_out)
    assert users["user_id"].tolist() == ["u", "v", "w"] and added == 1
    assert left_out.count("users") == 1


def test_a_shop_of_nothing_but_ids_is_imported_from_files_and_from_a_database(messy, tmp_path):
    source = shutil.copytree(messy, tmp_path / "source")
    (source / "items.csv").write_text("item_id\n00000\n00002\n00000\n", encoding="utf-8")
    (source / "users.csv").write_text("user_id\nc000\nc000\n", encoding="utf-8")
    (source / "events.csv").write_text("user_id,item_id\nc000,00000\nc000,00002\nc001,00000\n", encoding="utf-8")
    found = load(source, tmp_path / "out", hold_out=0)
    assert (len(found.items), len(found.users), len(found.interactions)) == (2, 2, 3)
    assert dropped(found) == {("items", NOTHING_NEW): [(4, "00000")], ("users", NOTHING_NEW): [(3, "c000")]}

    with sqlite3.connect(tmp_path / "shop.db") as connection:
        for name in ("items", "users", "events"):
            pd.read_csv(source / f"{name}.csv", dtype=str).to_sql(name, connection, index=False)
    connection.close()
    queries = {"items": "SELECT * FROM items", "interactions": "SELECT * FROM events", "users": "SELECT * FROM users"}
    database = ShopDatabase(url=f"sqlite:///{tmp_path / 'shop.db'}", **queries)
    again = import_sql(database, source / "photos", tmp_path / "again", settings=ShopSettings(image_size=32))
    assert again.items["item_id"].tolist() == found.items["item_id"].tolist() and len(again.users) == 2
