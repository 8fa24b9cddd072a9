"""Variants take title, type and photo from their product's first row or parent; orders' further lines their buyer."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.shop import ShopSettings
from gigs.data.importers.variants import complete_variants
from gigs.errors import InputError
from tests.data.importers.exports import BUYERS, PRODUCTS, SIZES, write_shopify, write_woocommerce
from tests.data.importers.shops import dropped
from tests.helpers.command_line import gigs
from tests.helpers.tiny import KINDS


def imported(folder: Path, **settings) -> Catalogue:
    files = ShopFiles(items=folder / "items.csv", interactions=folder / "orders.csv")
    chosen = ShopSettings(**{"image_size": 32, "hold_out": 0, **settings})
    return import_folder(files, folder / "photos", folder / "out", settings=chosen)


@pytest.mark.parametrize("preset", ["shopify", ""])
def test_rows_of_a_handle_share_what_its_first_row_says(tmp_path: Path, preset: str) -> None:
    named = {} if preset else {"user": {"": "Email"}, "type": {"": "Type"}}
    if not preset:  # another system's: without a column of variants' own photos, and every order line whole
        rows = pd.read_csv(write_shopify(tmp_path) / "items.csv", dtype=str).drop(columns="Variant Image")
        rows.rename(columns={"Variant SKU": "SKU"}).to_csv(tmp_path / "items.csv", index=False)
        orders = pd.read_csv(tmp_path / "orders.csv", dtype=str).rename(columns={"Name": "Order number"})
        orders.to_csv(tmp_path / "orders.csv", index=False)
    else:
        write_shopify(tmp_path)
    shop = imported(tmp_path, preset=preset, columns=named)
    items, pictures = shop.items.set_index("item_id"), shop.images(32)
    assert len(items) == PRODUCTS * len(SIZES) and items["has_image"].all()
    assert items["product_code"].nunique() == PRODUCTS
    for number in range(PRODUCTS):
        mine = items.loc[[f"thing-{number}/{size}" for size in SIZES]]
        assert set(mine["name"]) == {f"Thing {number}"}
        if preset or number % 2 == 0:
            assert set(mine["type"]) == {KINDS[number % 3]}
        own = {pictures[row].tobytes() for row in shop.items.index[shop.items["item_id"].isin(mine.index)]}
        assert len(own) == (2 if preset and number == 3 else 1)  # one variant has a photo of its own
    assert len(shop.interactions) == BUYERS * 6 and shop.info["dated"]
    assert shop.info["dropped_interactions"] == 0
    left_out = {reason: len(rows) for (table, reason), rows in dropped(shop).items() if table == "items"}
    assert list(left_out.values()) == [PRODUCTS] and "without an item id" in next(iter(left_out))


def test_shopifys_options_tell_colours(tmp_path: Path) -> None:
    items = imported(write_shopify(tmp_path), preset="shopify").items.set_index("item_id")
    assert items.loc["thing-4/M", "colour"] == "Red" and items.loc["thing-5/L", "colour"] == "Blue"
    assert items.loc["thing-5/L", "group"] == "Clothing"


@pytest.mark.parametrize("preset", ["woocommerce", ""])
def test_variations_take_over_from_the_parent_they_name(tmp_path: Path, preset: str) -> None:
    named = {} if preset else {"user": {"": "Email (Billing)"}, "type": {"": "Categories"}, "time": {"": "Order Date"}}
    shop = imported(write_woocommerce(tmp_path), preset=preset, columns=named)
    items = shop.items.set_index("item_id")
    variants = items[items.index.str.contains("-")]
    assert len(variants) == PRODUCTS * len(SIZES) and variants["has_image"].all()
    assert len(items) == len(variants) + PRODUCTS // 2  # parents with a code are items too
    assert items["product_code"].nunique() == PRODUCTS and items.loc["P4-M", "product_code"] == "P4"
    assert len(shop.interactions) == BUYERS * 6
    assert items.loc["P4-M", "name"] == "Thing 4 - M"  # what a row says itself stands
    if preset:
        assert items.loc["P4-M", "type"] == KINDS[1] and items.loc["P5-S", "type"] == KINDS[2]
        assert items.loc["P5-S", "colour"] == "Blue" and items.loc["P5-S", "group"] == "Clothing"
    assert len({shop.images(32)[row].tobytes() for row in np.flatnonzero(items.index.str.startswith("P5-"))}) == 1


def test_what_a_row_says_itself_is_kept_and_its_own_photo_comes_first(tmp_path: Path) -> None:
    folder = write_woocommerce(tmp_path)
    (folder / "photos" / "P4-M.jpg").write_bytes((folder / "photos" / "thing-9.jpg").read_bytes())
    shop = imported(folder, preset="woocommerce")
    rows = {identifier: row for row, identifier in enumerate(shop.items["item_id"])}
    pictures = shop.images(32)
    assert (pictures[rows["P4-M"]] == pictures[rows["P9-S"]]).all()
    assert not (pictures[rows["P4-M"]] == pictures[rows["P4-S"]]).all()


def test_photos_named_by_the_product_serve_all_its_variants(tmp_path: Path) -> None:
    folder = write_shopify(tmp_path)
    table = pd.read_csv(folder / "items.csv", dtype=str).drop(columns=["Image Src", "Variant Image"])
    table.to_csv(folder / "items.csv", index=False)
    assert imported(folder, preset="shopify").items["has_image"].all()


def test_items_that_only_share_a_style_take_nothing_over() -> None:
    frame = pd.DataFrame(
        {"sku": ["a", "b"], "title": ["Shirt, red", "Shirt, blue"], "style": ["s1", "s1"], "photo": ["a.jpg", None]},
        index=[2, 3], dtype=object,
    )  # fmt: skip
    done = complete_variants(frame, {"item": "sku", "name": "title", "product": "style", "image": "photo"})
    assert done.filled == 0 and done.photos.isna().all() and done.own.tolist() == ["a.jpg", None]


def test_parents_in_a_ring_and_of_themselves_end() -> None:
    frame = pd.DataFrame(
        {"sku": ["a", "b", "c", "d"], "title": ["A", None, None, None], "parent": ["b", "a", "c", "nobody"]},
        index=[2, 3, 4, 5], dtype=object,
    )  # fmt: skip
    done = complete_variants(frame, {"item": "sku", "name": "title", "product": "parent"})
    assert done.frame["title"].tolist() == ["A", "A", None, None] and done.without_id == []


def test_the_command_knows_presets_and_says_what_was_taken_over(tmp_path: Path) -> None:
    folder = write_shopify(tmp_path)
    options = ("--images", folder / "photos", "--items", folder / "items.csv", "--interactions", folder / "orders.csv")
    done = gigs("data", "import", "folder", *options, "--preset", "shopify", "--hold-out", 0, "--size", 32, "--out",
                tmp_path / "shop")  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert f"{PRODUCTS * 2} variants took over" in said
    assert f"{BUYERS * 3} lines took over buyer or time" in said and "\n0 items without a picture" in done.stdout
    refused = gigs("data", "import", "folder", *options, "--preset", "etsy", "--out", tmp_path / "other")
    assert refused.returncode == 2 and "choose one of shopify, woocommerce, or name the columns" in refused.stderr
    with pytest.raises(InputError, match="choose one of shopify"):
        ShopSettings(preset="etsy")


def test_a_preset_stands_back_where_a_column_is_named(tmp_path: Path) -> None:
    folder = write_shopify(tmp_path)
    with (folder / "orders.csv").open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    with (folder / "orders.csv").open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([[*header, "Paid"], *([*row, "2024-03-01"] for row in rows)])
    shop = imported(folder, preset="shopify", columns={"time": {"": "Paid"}})
    assert shop.interactions["first"].dt.strftime("%Y-%m-%d").eq("2024-03-01").all()
