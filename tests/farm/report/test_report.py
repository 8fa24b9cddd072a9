from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gigs.errors import InputError
from gigs.farm.report import write as module
from gigs.farm.report.summary import BEST, changes_in, summarised
from gigs.farm.report.thumbnails import name_of, thumbnail
from gigs.farm.rows import CHANGES, ROWS
from gigs.farm.store import Store
from tests.farm.report.made_up import ABOUT, made_up


def test_a_category_is_summed_up_by_hand() -> None:
    rows = pd.DataFrame({name: [None] * 3 for name in BEST})
    rows["item_id"], rows["name"], rows["words"] = ["a", "b", "c"], "Shirt", "Darker."
    rows["audience"], rows["category"], rows["rank"] = "women", ["Shirt", "Shirt", ""], 1
    rows["share"], rows["verdict"] = [60.0, 70.0, 55.0], ["likely", "unclear", "likely"]
    for name in CHANGES:
        rows[f"changes_{name}"] = [name == "colour", name in ("colour", "length"), False]
    summary = summarised(rows)
    assert summary.unit == "share" and list(summary.best["item_id"]) == ["b", "a", "c"]
    shirts = summary.categories.set_index("category").loc["Shirt"]
    assert (shirts["products"], shirts["likely"], shirts["mean_share"]) == (2, 1, 65.0)
    assert (shirts["most_often"], shirts["changes_length"], shirts["gains_most"]) == ("colour", 1, "b")
    assert shirts["low"] == 60 and shirts["high"] == 70
    nothing = summary.categories.set_index("category").loc["no category"]
    assert nothing["most_often"] == "" and summary.categories["category"].iloc[0] == "all"
    assert changes_in(summary.best.iloc[0]) == ["colour", "length"]


def test_without_shares_products_are_ordered_by_gain() -> None:
    rows = made_up(50).assign(share=None, share_low=None, share_high=None)
    summary = summarised(rows)
    assert summary.unit == "gain" and summary.best["gain"].is_monotonic_decreasing
    assert summarised(rows.assign(gain=None)).unit == "gain_vs_photo"


def test_page_data_and_tables_of_made_up_products(tmp_path: Path) -> None:
    store, summary = Store.open(str(tmp_path)), summarised(made_up(300))
    module.write_page(store, summary, ABOUT, failed=3)
    module._write_tables(store, summary)
    data = json.loads(store.read("report/data.js").decode().removeprefix("window.FARM=").rstrip(";\n"))
    assert len(data["items"]) == 300 and len(data["rows"]) == 600 and data["unit"] == "share"
    page = store.read("report/index.html").decode()
    assert "3 times a product could not be redesigned" in page and "<img" not in page
    table = pd.read_csv(tmp_path / "report" / "products.csv", dtype={"item_id": str})
    assert len(table) == 600 and table["share"].is_monotonic_decreasing
    assert table["name"].iloc[0].startswith("'="), "a name that a spreadsheet would run is made text"
    assert {"category", "audience", "mean_share", "most_often"} <= set(pd.read_csv(tmp_path / "report/categories.csv"))


def test_ten_thousand_products_stay_small() -> None:
    data = module.data_of(summarised(made_up(10_000)), ABOUT)
    assert len(json.dumps(data, separators=(",", ":"))) < 4_000_000


def test_thumbnails_are_small_files_in_a_hundred_folders() -> None:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.zeros((300, 200, 3), np.uint8)).save(buffer, format="PNG")
    with Image.open(io.BytesIO(thumbnail(buffer.getvalue()))) as made:
        assert made.format == "WEBP" and max(made.size) == 128
    assert name_of(1234, None) == "thumbnails/34/1234-photo.webp" and name_of(5, 1) == "thumbnails/05/5-1.webp"


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a folder of `gigs farm`"):
        module.write_report(str(tmp_path))
    Store.open(str(tmp_path)).write("farm.json", json.dumps(ABOUT).encode())
    with pytest.raises(InputError, match="not finished; resume"):
        module.write_report(str(tmp_path))


def test_made_up_rows_have_the_tables_columns() -> None:
    assert set(BEST) <= set(ROWS.names) and list(made_up(2).columns) == BEST
