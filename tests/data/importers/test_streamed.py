"""Interactions are read some rows at a time, and nobody can tell from the catalogue."""

from __future__ import annotations

import weakref

import numpy as np
import pandas as pd
import pytest

from benchmarks.large_shop import Size, make
from gigs.data.importers import parquet_tables, tables
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.event_rows import event_rows
from gigs.data.importers.events import Events
from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.raw_table import StreamedTable
from gigs.data.importers.shop import ShopSettings
from gigs.data.importers.tables import read_table, stream_table
from tests.data.importers.shops import WEIGHTS, load

COLUMNS = {"user": "customer", "item": "sku", "time": "at", "weight": "quantity", "event": "kind"}


def in_pieces(monkeypatch, rows):
    """Tables are read so many rows at a time."""
    for module in (tables, parquet_tables):
        monkeypatch.setattr(module, "PIECE", rows)
    monkeypatch.setattr(parquet_tables, "ROWS_AT_ONCE", rows)


def orders(rows, seed=0):
    """Events of a shop: times as people write them, numbers with a decimal comma, faults now and then."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, rows), unit="D")
    at = np.where(rng.random(rows) < 0.5, day.strftime("%Y-%m-%dT10:00:00"), day.strftime("%d/%m/%Y 09:30"))
    at[rng.random(rows) < 0.02] = "soon"
    quantity = np.where(rng.random(rows) < 0.5, "1,5", "2")
    quantity[rng.random(rows) < 0.02] = "many"
    customer = rng.choice([f"c{number}" for number in range(40)] + ["", "x" * 300], rows)
    kind = rng.choice(["purchase", "view", "look"], rows)
    sku = rng.choice([f"s{number}" for number in range(30)], rows)
    return pd.DataFrame({"customer": customer, "sku": sku, "at": at, "quantity": quantity, "kind": kind})


def sifted(table):
    """Rows that stay, as texts, and all that was left out."""
    dropped = DroppedRows()
    events = Events(table, COLUMNS, dropped)
    events.find_items(pd.Series([f"s{number}" for number in range(25)]))
    assert events.read_times()
    events.weigh({"purchase": 1.0, "view": 0.5})
    events.drop_repeats()
    events.drop_light(1.0)
    events.keep_core(3)
    rows = events.rows.astype(dict.fromkeys(("user_id", "item_id", "event"), object))
    return rows, dropped.summary(), events.kinds(), events.user_ids().tolist()


@pytest.mark.parametrize("rows", [37, 501])
def test_pieces_of_any_length_give_what_the_whole_table_gives(monkeypatch, tmp_path, rows):
    """Also where one cell decides for all: a 13th of a month far down tells how all dates are written."""
    orders(800).to_csv(tmp_path / "a.csv", index=False)
    whole = sifted(read_table(tmp_path / "a.csv", "interactions"))
    assert len(whole[0]) > 100 and len(whole[1]) >= 6
    in_pieces(monkeypatch, rows)
    streamed = stream_table(tmp_path / "a.csv", "interactions")
    assert isinstance(streamed, StreamedTable) and max(map(len, streamed.pieces())) <= rows + 2
    found = sifted(streamed)
    pd.testing.assert_frame_equal(found[0], whole[0])
    assert found[1:] == whole[1:]


def test_a_messy_shop_in_pieces_is_the_same_catalogue(monkeypatch, messy, tmp_path):
    settings = {"event_weights": WEIGHTS, "min_weight": 0.3}
    whole = load(messy, tmp_path / "whole", **settings)
    in_pieces(monkeypatch, 7)
    streamed = load(messy, tmp_path / "streamed", **settings)
    assert streamed.info == whole.info and whole.info["dropped"]
    for name in ("items", "users", "interactions"):
        pd.testing.assert_frame_equal(getattr(streamed, name), getattr(whole, name))
    assert (streamed.root / "dropped.csv").read_bytes() == (whole.root / "dropped.csv").read_bytes()


@pytest.mark.parametrize("last", ["Total,,,,99", "c1,s1,2024-01-01,1,view"])
@pytest.mark.parametrize("rows", [1, 4, 1000])
def test_totals_and_repeated_headers_are_told_wherever_pieces_end(monkeypatch, tmp_path, rows, last):
    lines = ["customer,sku,at,quantity,kind", *["c1,s1,2024-01-01,1,view"] * 6, "customer,sku,at,quantity,kind", last]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    in_pieces(monkeypatch, rows)
    table = read_table(tmp_path / "a.csv", "interactions")
    assert len(table.frame) == 6 + (last[0] == "c") and table.frame.index[5] == 7
    assert [note.split()[1] for note in table.notes] == ["8"] + ["9"] * (last[0] == "T")


def test_lines_of_an_order_are_completed_across_pieces(monkeypatch, tmp_path):
    """The buyer stands in the first line of an order alone, and another piece may have it."""
    (tmp_path / "a.csv").write_text("order,customer,sku\n1,c1,s1\n2,c2,s1\n3,c3,s1\n1,,s2\n3,,s2\n")
    in_pieces(monkeypatch, 2)
    columns = {"order": "order", "user": "customer", "item": "sku"}
    rows, completed = event_rows(stream_table(tmp_path / "a.csv", "interactions"), columns, "")
    assert rows["user_id"].tolist() == ["c1", "c2", "c3", "c1", "c3"] and completed == 2


def test_no_two_pieces_are_held_and_of_a_row_a_few_numbers_stay(monkeypatch, tmp_path):
    in_pieces(monkeypatch, 1_000)
    orders(8_000).to_parquet(tmp_path / "a.parquet")
    table, alive = stream_table(tmp_path / "a.parquet", "interactions"), []
    read = table.read

    def watched(given):
        for frame in read(given):
            alive.append(weakref.ref(frame))
            assert sum(piece() is not None for piece in alive) <= 2
            yield frame

    table.read = watched
    rows, _ = event_rows(table, COLUMNS, "")
    assert len(rows) == 8_000 and len(alive) == 8
    assert rows.memory_usage(index=True, deep=False).drop("time").sum() / len(rows) < 24
    assert all(rows[name].dtype == "category" for name in ("user_id", "item_id", "event", "written_weight"))


def test_the_made_shop_is_the_same_from_either_format_and_for_one_seed(tmp_path):
    size = Size(users=60, items=20, purchases=900, seed=3)
    found = {}
    for name, text in (("a", False), ("b", False), ("c", True)):
        make(tmp_path / name, size, text=text)
        files = ShopFiles(
            items=tmp_path / name / "items.csv",
            users=tmp_path / name / "users.csv",
            interactions=next((tmp_path / name).glob("purchases.*")),
        )
        settings = ShopSettings(image_size=32, hold_out=2)
        found[name] = import_folder(files, tmp_path / name / "photos.zip", tmp_path / f"{name}-out", settings=settings)
    assert found["a"].info["dated"] and found["a"].items["has_image"].all() and not found["a"].info["dropped"]
    for other in "bc":
        pd.testing.assert_frame_equal(found["a"].interactions, found[other].interactions)
    assert int(found["a"].interactions["count"].sum()) == 900
