"""Further folders of photos beside the H&M download: what is held out stays held out, and nothing is taken twice."""

from __future__ import annotations

import pandas as pd
import pytest
from PIL import Image

from gigs.data.importers.hm import HmSettings, import_hm
from gigs.errors import DataError


@pytest.fixture
def further(tmp_path, tiny_catalogue):
    """Two new colours of the first two products, and an article that the first folder has too."""
    items = tiny_catalogue.items
    codes = [items["product_code"][~items["held_out"]].iloc[0], items["product_code"][items["held_out"]].iloc[0]]
    rows = [(f"{code}999", code, "Dress", "Black") for code in codes]
    rows.append((items["item_id"].iloc[5], items["product_code"].iloc[5], "Dress", "Black"))
    folder = tmp_path / "further"
    for identifier, *_ in rows:
        path = folder / "images" / identifier[:3] / f"{identifier}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 96), "black").save(path)
    columns = ["article_id", "product_code", "product_type_name", "colour_group_name"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "articles.csv", index=False)
    return folder


@pytest.fixture
def both(tiny_source, further, tmp_path):
    return import_hm([tiny_source, further], tmp_path / "out", HmSettings(image_size=32, hold_out=5))


def test_items_follow_those_of_the_first_folder_each_once(both, tiny_catalogue):
    first = tiny_catalogue.items
    assert len(both.items) == len(first) + 2
    assert both.items["item_id"][: len(first)].tolist() == first["item_id"].tolist()
    assert both.items["item_id"].is_unique and both.items["has_image"].all()
    assert (both.info["items_of_more"], both.info["repeated_items_of_more"]) == (2, 1)


def test_a_product_held_out_in_the_first_folder_does_not_come_back(both, tiny_catalogue):
    first = tiny_catalogue.items
    assert both.items["held_out"][: len(first)].tolist() == first["held_out"].tolist()
    assert both.items["held_out"][len(first) :].tolist() == [False, True]
    trained = set(both.items["product_code"].iloc[both.train_items()])
    assert not trained & set(both.items["product_code"].iloc[both.held_out_items()])


def test_photos_come_from_the_items_own_folder(both, tiny_catalogue):
    pictures = both.images(32)
    assert pictures[-1].max() < 40  # the further folder's black square
    assert pictures[5].max() > 200  # the repeated article keeps its first photo


def test_columns_that_a_further_table_lacks_are_blank_or_follow_from_its_type(both, tiny_catalogue):
    item = both.items.iloc[-1]
    groups = tiny_catalogue.items.groupby("type")["group"].unique()["Dress"]
    assert item["group"] == (groups[0] if len(groups) == 1 else item["group"])
    assert pd.isna(item["appearance"]) and item["colour"] == "Black"


def test_interactions_are_those_of_the_first_folder(both, tiny_catalogue):
    pd.testing.assert_frame_equal(both.interactions, tiny_catalogue.interactions)


def test_a_further_table_needs_its_columns(tiny_source, further, tmp_path):
    table = pd.read_csv(further / "articles.csv", dtype=str).drop(columns="colour_group_name")
    table.to_csv(further / "articles.csv", index=False)
    with pytest.raises(DataError, match="colour_group_name"):
        import_hm([tiny_source, further], tmp_path / "out", HmSettings(image_size=32, hold_out=5))
